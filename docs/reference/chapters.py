"""What is in the reference, and in which order: as an author would look for it."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

DOORS = (
    "reactor_actors",
    "reactor_actors.interface",
    "reactor_actors.tracks",
    "reactor_actors.transports.media",
    "reactor_actors.launching",
)
"""Every name that these export has to be in a chapter."""


@dataclass(frozen=True, slots=True)
class Chapter:
    """Names of one module, and of others as `module:Name`.

    Of classes that are `made` for their users no constructor is shown; of those in a `bare` chapter
    nothing but their fields is.
    """

    title: str
    intro: str
    module: str
    names: str
    made: str = ""
    bare: bool = False

    def entries(self) -> Iterator[tuple[str, Any]]:
        """Yield the name and the object of everything in this chapter."""
        for word in self.names.split():
            module, _, name = word.rpartition(":")
            yield name, getattr(importlib.import_module(module or self.module), name)

    def is_made(self, name: str) -> bool:
        """Whether a class is constructed by the library alone."""
        return name in self.made.split()


CHAPTERS = (
    Chapter(
        "A pipeline",
        "A generator that yields outputs. This and all of the next five chapters is in "
        "`reactor_actors.interface`, and in `reactor_actors`.",
        "reactor_actors.interface",
        "ReactorPipeline Idle InputState InputField FieldInfo",
    ),
    Chapter(
        "A loop of its own",
        "What `ReactorModel` has, a pipeline has too.",
        "reactor_actors.interface",
        "ReactorModel OutputBuffer",
        made="OutputBuffer",
    ),
    Chapter(
        "Tracks",
        "Declared as fields, used as arrays and buffers.",
        "reactor_actors.interface",
        "Output Input Video Audio InputBuffer InputFrame ReadMode",
        made="InputBuffer",
    ),
    Chapter(
        "Commands, hooks and files",
        "Decorators of methods, and what those methods get.",
        "reactor_actors.interface",
        "event CommandError session_started connected disconnected session_ended file_uploaded "
        "ClientInfo UploadedFile",
        made="ClientInfo",
    ),
    Chapter(
        "Messages",
        "What a model says to its clients.",
        "reactor_actors.interface",
        "ModelMessage MessageField",
    ),
    Chapter(
        "Testing a pipeline",
        "Without a server.",
        "reactor_actors.interface",
        "PipelineExecutor StepResult",
    ),
    Chapter(
        "Generation 1",
        "In `reactor_actors`; tracks also in `reactor_actors.tracks`, bundles also in "
        "`reactor_actors.transports.media`.",
        "reactor_actors",
        "VideoModel model command get_ctx ReactorContext VideoOut AudioOut VideoIn AudioIn "
        "reactor_actors.classic.tracks:MediaTrack MediaBundle TrackData TrackInfo",
        made="ReactorContext MediaBundle MediaTrack",
    ),
    Chapter(
        "Weights and second names",
        "What models of both generations use, and what tests of older ones do.",
        "reactor_actors",
        "get_weights_path reactor_actors.compat:install reactor_actors.compat:Alias",
    ),
    Chapter(
        "Serving from a program",
        "`launch`, `Deployment` and `FrameBatch` are in `reactor_actors`; the others come from "
        "them.",
        "reactor_actors",
        "launch Deployment FrameBatch reactor_actors.actors.subscription:Subscription "
        "reactor_actors.core.batches:Delivery reactor_actors.transports.status:Status "
        "reactor_actors.transports.status:ReplicaStatus reactor_actors.transports.status:Encoding "
        "reactor_actors.core.session:State",
        made="Deployment Subscription",
    ),
    Chapter(
        "Clients without a network",
        "`Deployment.connect` makes a `Connection`, `Deployment.aconnect` an `AsyncConnection`; "
        "the others come from them.",
        "reactor_actors.client.blocking",
        "Connection Pieces reactor_actors.client.connection:AsyncConnection "
        "reactor_actors.client.watching:Watching reactor_actors.client.connection:Message "
        "reactor_actors.core.media:Track reactor_actors.core.wire.uploads:UploadRef",
        made="Connection Pieces AsyncConnection Watching",
    ),
    Chapter(
        "Errors",
        "In `reactor_actors.core.errors`. The type says whose fault it was. Misuse in an author's "
        "own frame is a plain `TypeError` or `ValueError`. All errors can be pickled.",
        "reactor_actors.core.errors",
        "ReactorError SetupError ModelError ClientError BusyError BufferClosed PeerGone",
        made="SetupError ModelError BusyError",
    ),
    Chapter(
        "Settings of a server",
        "What `launch(settings=...)` takes: a `ServerSettings` of the others, each to be imported "
        "from the module that is named.",
        "reactor_actors.transports.settings",
        "ServerSettings reactor_actors.transports.http.settings:HttpSettings "
        "reactor_actors.transports.settings:VenueSettings "
        "reactor_actors.transports.webrtc.settings:PeerSettings "
        "reactor_actors.transports.webrtc.settings:IceSettings "
        "reactor_actors.transports.webrtc.settings:IceServer "
        "reactor_actors.transports.webrtc.settings:ConnectionLimits "
        "reactor_actors.core.session:Limits reactor_actors.transports.webrtc.rate:BitrateRange",
        bare=True,
    ),
)

KNOWN = {name for chapter in CHAPTERS for name, _ in chapter.entries()}
"""Every name that has an entry."""
