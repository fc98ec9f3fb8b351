"""Names of later capabilities: free, and answered politely."""

from __future__ import annotations

from typing import NoReturn

_LATER = ("ApplicationError", "DistributedRunner", "get_profiler")


def refuse(name: str, module: str) -> NoReturn:
    """Tell a name of a later version from one that never existed."""
    if name in _LATER:
        raise ImportError(
            f"{name} belongs to a later version of reactor_actors; it is not here yet"
        )
    raise AttributeError(f"module {module!r} has no attribute {name!r}")
