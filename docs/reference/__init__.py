"""Makes `docs/reference.md` from signatures and docstrings: `python -m docs.reference`.

`chapters` says what is in it, `docstrings` and `signatures` read, `entries` writes. A public member
whose docstring says "Belongs to the runtime." is left out.
"""
