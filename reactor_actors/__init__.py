"""Turn an inference loop into a real-time, interactive video stream.

Write a class with `load()` and `inference()` (`ReactorPipeline`) or `run()` (`ReactorModel`),
declare tracks and typed live parameters, and serve it. Models of generation 1 (`VideoModel`) are
served as they are. Importing this package loads neither ray, aiortc, torch nor cv2; a name is
imported when it is asked for, so that the command line answers at once.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from reactor_actors.version import __version__

if TYPE_CHECKING:
    from reactor_actors.classic import *  # noqa: F403 - re-exported as documented
    from reactor_actors.interface import *  # noqa: F403 - re-exported as documented
    from reactor_actors.launching import Deployment as Deployment
    from reactor_actors.launching import FrameBatch as FrameBatch
    from reactor_actors.launching import launch as launch
    from reactor_actors.manifest import get_weights_path as get_weights_path

_HOMES = {
    "classic": (
        *("AudioIn", "AudioOut", "MediaBundle", "ReactorContext", "TrackData", "TrackInfo"),
        *("VideoIn", "VideoModel", "VideoOut", "command", "get_ctx", "model"),
    ),
    "interface": (
        *("Audio", "BufferClosed", "ClientInfo", "CommandError", "FieldInfo", "Idle", "Input"),
        *("InputBuffer", "InputField", "InputFrame", "InputState", "MessageField"),
        *("ModelMessage", "Output", "OutputBuffer", "PipelineExecutor", "ReactorModel"),
        *("ReactorPipeline", "ReadMode", "StepResult", "UploadedFile", "Video", "connected"),
        *("disconnected", "event", "file_uploaded", "session_ended", "session_started"),
    ),
    "launching": ("Deployment", "FrameBatch", "launch"),
    "manifest": ("get_weights_path",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = ["__version__", *_HOME_OF]


def __getattr__(name: str) -> Any:
    home = _HOME_OF.get(name)
    if home is None:
        from reactor_actors.interface.later import refuse

        refuse(name, __name__)
    found = globals()[name] = getattr(import_module(f"{__name__}.{home}"), name)
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
