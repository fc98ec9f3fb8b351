"""Turn an inference loop into a real-time, interactive video stream.

Write a class with `load()` and `inference()` (`ReactorPipeline`) or `run()` (`ReactorModel`),
declare tracks and typed live parameters, and serve it. Importing this package loads neither ray,
aiortc, torch nor cv2.
"""

from importlib.metadata import PackageNotFoundError, version
from typing import NoReturn

from reactor_actors.interface import *  # noqa: F403 - re-exported as documented, checked by a test
from reactor_actors.interface import __all__ as _interface
from reactor_actors.interface.later import refuse
from reactor_actors.manifest import get_weights_path

try:
    __version__ = version("reactor-actors")
except PackageNotFoundError:
    __version__ = "0.0.0.dev"

__all__ = [*_interface, "__version__", "get_weights_path"]


def __getattr__(name: str) -> NoReturn:
    refuse(name, __name__)
