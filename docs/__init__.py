"""The pages, and the program that makes one of them: `reference.md`, from the docstrings."""
