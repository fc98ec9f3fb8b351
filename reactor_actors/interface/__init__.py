"""The authoring API of generation 2: everything a model file imports."""

from typing import NoReturn

from reactor_actors.core.errors import BufferClosed, CommandError
from reactor_actors.core.fields import FieldInfo, InputField, MessageField, UploadedFile
from reactor_actors.flow.buffer import InputBuffer, InputFrame, ReadMode
from reactor_actors.interface.events import (
    ClientInfo,
    connected,
    disconnected,
    event,
    file_uploaded,
    session_ended,
    session_started,
)
from reactor_actors.interface.executor import PipelineExecutor, StepResult
from reactor_actors.interface.later import refuse
from reactor_actors.interface.messages import ModelMessage
from reactor_actors.interface.model import ReactorModel
from reactor_actors.interface.output import OutputBuffer
from reactor_actors.interface.pipeline import Idle, ReactorPipeline
from reactor_actors.interface.state import InputState
from reactor_actors.interface.tracks import Audio, Input, Output, Video

__all__ = [
    "Audio",
    "BufferClosed",
    "ClientInfo",
    "CommandError",
    "FieldInfo",
    "Idle",
    "Input",
    "InputBuffer",
    "InputField",
    "InputFrame",
    "InputState",
    "MessageField",
    "ModelMessage",
    "Output",
    "OutputBuffer",
    "PipelineExecutor",
    "ReactorModel",
    "ReactorPipeline",
    "ReadMode",
    "StepResult",
    "UploadedFile",
    "Video",
    "connected",
    "disconnected",
    "event",
    "file_uploaded",
    "session_ended",
    "session_started",
]


def __getattr__(name: str) -> NoReturn:
    refuse(name, __name__)
