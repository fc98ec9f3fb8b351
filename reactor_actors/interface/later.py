"""Names of later capabilities: free, and answered politely."""

from __future__ import annotations

from typing import NoReturn

COVERED = "docs/migrating.md in the repository of reactor_actors lists what is covered"
"""Where to look for what a model of the original uses."""

LATER = frozenset({"ApplicationError", "DistributedRunner", "get_profiler", "profile_fn"})
"""What can be imported from the original, and from here in a later version."""


def refuse(name: str, module: str) -> NoReturn:
    """Tell a name of a later version from one that never existed.

    The first is an `ImportError` whoever asks, so that it reaches the author; the second is the
    `AttributeError` that `hasattr` and `from ... import` turn into an answer of their own.
    """
    if name in LATER:
        raise ImportError(
            f"{name} belongs to a later version of reactor_actors; it is not here yet: {COVERED}",
            name=module,
        )
    raise AttributeError(f"module {module!r} has no attribute {name!r}")
