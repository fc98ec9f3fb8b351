"""`OutputBuffer`: the handle behind `self.output_buffer` and `self.output`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reactor_actors.core.media import Kind
from reactor_actors.engine.stage import Stage
from reactor_actors.interface.declaration import Declaration
from reactor_actors.interface.tracks import Output, tracks_of


class OutputBuffer:
    """What a model emits through. Any thread may use it, except for `emit`."""

    def __init__(self, stage: Stage, declaration: Declaration) -> None:
        self._stage = stage
        self._declaration = declaration

    def __repr__(self) -> str:
        return f"<OutputBuffer fps={self.fps:g}>"

    async def emit(
        self, output: Output, *, compute_time: float | None = None, drop: bool = False
    ) -> None:
        """Send an output to every client; waits until its last picture is admitted.

        Raises `TypeError` or `ValueError` naming the track whose array is wrong. With `drop` it
        never waits, and pictures that do not fit now are gone. With a `compute_time` above zero
        the rate becomes admitted pictures / `compute_time`.
        """
        batch = self._stage.prepare(self.values(output))
        await self._stage.emit(batch, compute_time=compute_time, drop=drop)

    @property
    def fps(self) -> float:
        """The rate of playout; assigning it is `set_fps`."""
        return self._stage.fps

    @fps.setter
    def fps(self, fps: float) -> None:
        self._stage.pin(fps)

    def set_fps(self, fps: float) -> None:
        """Change the rate at once, until it is changed again. `ValueError` unless above zero."""
        self._stage.pin(fps)

    def flush(self) -> None:
        """Drop everything queued and show one black picture on every video track.

        Nothing emitted before plays after it, on any client.
        """
        self._stage.cut(black=True)

    def clear(self) -> None:
        """Drop everything queued, and show nothing new."""
        self._stage.cut(black=False)

    def values(self, output: Any) -> Mapping[str, object]:
        """Return an output's value for each of its tracks. Belongs to the runtime.

        Raises `TypeError` for anything that is not an output of this model.
        """
        if not isinstance(output, Output):
            raise TypeError(
                f"emit() takes an Output; got {type(output).__name__}. "
                "Wrap arrays: `emit(MyOutput(main_video=frame))`."
            )
        if type(output) not in self._declaration.outputs:
            name = type(output).__name__
            raise TypeError(
                f"{name} does not belong to this model: it is neither defined nor imported in its "
                f"module. Declare it on the class: `output = ({name},)`."
            )
        return {t.name: getattr(output, t.name) for t in tracks_of(type(output))}

    def wrap(self, array: object) -> Output:
        """Return a bare array as the output of a model that has exactly one track.

        Belongs to the runtime.
        """
        outputs = self._declaration.outputs
        if len(outputs) == 1 and len(tracks := tracks_of(outputs[0])) == 1:
            return outputs[0](**{tracks[0].name: array})
        told = ", ".join(f"{o.__name__}({', '.join(_kinds(o))})" for o in outputs) or "none"
        raise TypeError(
            "a bare array can be yielded only by a model with one Output of one track; this one "
            f"has: {told}. Yield an Output that says which track it is."
        )


def _kinds(output: type[Output]) -> list[str]:
    return [f"{t.name}: {'Video' if t.kind is Kind.VIDEO else 'Audio'}" for t in tracks_of(output)]
