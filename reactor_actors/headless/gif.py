"""`Gif`: a picture that moves, small enough for a README: one palette, at most 480 pixels wide.

A palette can be chosen when all pictures are known, so they are kept until the end, made small,
in a file without a name.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import av
import numpy as np
from av.filter import Graph

from reactor_actors.core.media import Pixels, Samples
from reactor_actors.core.pixels import size_of

WIDTH = 480
CLOCK = Fraction(1, 100)
SHORTEST = 2
"""Hundredths of a second: browsers slow down what is shorter."""


class Gif:
    """One file. Pictures of another size than the first are scaled to it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._kept: Any = None
        self._size = (0, 0)
        self._instants: list[int] = []

    def picture(self, i420: Pixels, at: float) -> None:
        """Keep a picture, unless it comes less than 20 ms after the one before."""
        if self._kept is None:
            height, width = size_of(i420)
            scale = min(1.0, WIDTH / width)
            self._size = (max(2, round(height * scale / 2) * 2), max(2, round(width * scale)))
            self._kept = TemporaryFile(prefix="reactor-actors-")  # noqa: SIM115 - closed at the end
        instant = round(at / CLOCK)
        if self._instants and instant - self._instants[-1] < SHORTEST:
            return
        height, width = self._size
        whole = av.VideoFrame.from_ndarray(i420, format="yuv420p")
        small = whole.reformat(width=width, height=height, format="rgb24", interpolation="AREA")
        self._kept.write(np.ascontiguousarray(small.to_ndarray()))
        self._instants.append(instant)

    def sound(self, track: str, samples: Samples, at: float) -> None:
        """Leave it out."""

    def close(self, end: float) -> list[Path]:
        """Choose the palette, and write the file."""
        if self._kept is None:
            return []
        last = {"final_delay": str(max(SHORTEST, round(end / CLOCK) - self._instants[-1]))}
        with self._kept, av.open(str(self._path), "w", format="gif", options=last) as container:
            stream: Any = container.add_stream("gif")
            stream.height, stream.width, stream.pix_fmt = *self._size, "pal8"
            stream.codec_context.time_base = CLOCK
            for frame in self._coloured(self._palette()):
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
        return [self._path]

    def _frames(self) -> Iterator[av.VideoFrame]:
        height, width = self._size
        self._kept.seek(0)
        for instant in self._instants:
            rgb = np.frombuffer(self._kept.read(height * width * 3), np.uint8)
            frame = av.VideoFrame.from_ndarray(rgb.reshape(height, width, 3), format="rgb24")
            frame.pts, frame.time_base = instant, CLOCK
            yield frame

    def _source(self, graph: Graph, width: int, height: int, format: str) -> Any:
        return graph.add_buffer(
            width=width, height=height, format=av.VideoFormat(format), time_base=CLOCK
        )

    def _palette(self) -> Any:
        graph = Graph()
        source = self._source(graph, self._size[1], self._size[0], "rgb24")
        chooser = graph.add("palettegen", "stats_mode=full:reserve_transparent=0")
        sink = graph.add("buffersink")
        source.link_to(chooser)
        chooser.link_to(sink)
        graph.configure()
        for frame in self._frames():
            source.push(frame)
        source.push(None)
        return sink.pull()

    def _coloured(self, palette: Any) -> Iterator[Any]:
        graph = Graph()
        source = self._source(graph, self._size[1], self._size[0], "rgb24")
        colours = self._source(graph, palette.width, palette.height, palette.format.name)
        # Ordered dither stands still where the picture does, so that only what moves is stored.
        painter = graph.add("paletteuse", "dither=bayer:bayer_scale=5:diff_mode=rectangle")
        sink = graph.add("buffersink")
        source.link_to(painter, 0, 0)
        colours.link_to(painter, 0, 1)
        painter.link_to(sink)
        graph.configure()
        palette.pts, palette.time_base = 0, CLOCK
        colours.push(palette)
        colours.push(None)
        for frame in self._frames():
            source.push(frame)
            yield from _pulled(sink)
        source.push(None)
        yield from _pulled(sink)


def _pulled(sink: Any) -> Iterator[Any]:
    while True:
        try:
            yield sink.pull()
        except (av.BlockingIOError, av.EOFError):
            return
