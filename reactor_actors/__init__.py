"""Turn an inference loop into a real-time, interactive video stream.

Write a class with `load()` and `inference()` (`ReactorPipeline`) or `run()` (`ReactorModel`),
declare tracks and typed live parameters, and serve it. Importing this package loads neither ray,
aiortc, torch nor cv2.
"""

from importlib.metadata import PackageNotFoundError, version
from typing import NoReturn

from reactor_actors.interface import *  # noqa: F403 - re-exported as documented, checked by a test
from reactor_actors.interface import __all__ as _interface
from reactor_actors.manifest import get_weights_path

try:
    __version__ = version("reactor-actors")
except PackageNotFoundError:
    __version__ = "0.0.0.dev"

__all__ = [*_interface, "__version__", "get_weights_path"]

_LATER = ("ApplicationError", "DistributedRunner", "get_profiler")


def __getattr__(name: str) -> NoReturn:
    """Tell a name of a later version from one that never existed."""
    if name in _LATER:
        raise ImportError(
            f"{name} belongs to a later version of reactor_actors; it is not here yet"
        )
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
