"""Turn an inference loop into a real-time, interactive video stream.

Write a class with `load()` and `inference()` (`ReactorPipeline`) or `run()` (`ReactorModel`),
declare tracks and typed live parameters, and serve it. Models of generation 1 (`VideoModel`) are
served as they are. Importing this package loads neither ray,
aiortc, torch nor cv2.
"""

from typing import TYPE_CHECKING, Any

from reactor_actors.classic import *  # noqa: F403 - re-exported as documented, checked by a test
from reactor_actors.classic import __all__ as _classic
from reactor_actors.interface import *  # noqa: F403 - re-exported as documented, checked by a test
from reactor_actors.interface import __all__ as _interface
from reactor_actors.interface.later import refuse
from reactor_actors.manifest import get_weights_path
from reactor_actors.version import __version__

if TYPE_CHECKING:
    from reactor_actors.launching import Deployment, FrameBatch, launch

__all__ = [
    *_classic,
    *_interface,
    "Deployment",
    "FrameBatch",
    "__version__",
    "get_weights_path",
    "launch",
]


def __getattr__(name: str) -> Any:
    if name not in ("Deployment", "FrameBatch", "launch"):
        refuse(name, __name__)
    # When it is asked for: whoever writes a model needs neither ray nor aiortc.
    from reactor_actors.launching import Deployment, FrameBatch, launch

    return {"Deployment": Deployment, "FrameBatch": FrameBatch, "launch": launch}[name]
