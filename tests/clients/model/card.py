"""A test card: its picture and its tone tell everything that clients do to it.

Four rows of 60 pixels, each cut into cells of one colour:

    eight colour bars, always the same
    sixteen squares: the number of the picture, in binary
    the chosen colour       | the mean colour of the webcam
    the mic's loudness, bar | the first three bytes of the last file, as a colour
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from reactor_actors.interface import (
    Audio,
    ClientInfo,
    CommandError,
    Input,
    InputField,
    InputState,
    MessageField,
    ModelMessage,
    Output,
    ReactorPipeline,
    UploadedFile,
    Video,
    event,
    file_uploaded,
)

WIDTH, HEIGHT, ROW = 320, 240, 60
HALF = WIDTH // 2
FPS, SAMPLE_RATE = 20, 48_000
BITS = 16
BARS = (
    (235, 235, 235),
    (235, 235, 16),
    (16, 235, 235),
    (16, 235, 16),
    (235, 16, 235),
    (235, 16, 16),
    (16, 16, 235),
    (16, 16, 16),
)
COLOURS = {"red": (220, 30, 30), "green": (30, 180, 30), "blue": (30, 30, 220)}
DARK, LIGHT = (16, 16, 16), (235, 235, 235)
MISTAKE = "a secret of the author's"
SILENT_AFTER = FPS  # turns without a frame, until an input counts as gone


class Card(Output):
    main_video: Video
    main_audio: Audio


class Studio(Input):
    webcam: Video
    mic: Audio


class Dials(InputState):
    colour: Literal["red", "green", "blue"] = InputField(
        default="red", description="The colour of the block"
    )
    pitch: float = InputField(default=440.0, ge=100.0, le=4000.0, description="The tone, in hertz")
    title: str = InputField(default="", max_length=100, description="What it is called")
    muted: bool = InputField(default=False, description="Whether the tone is off")


class Described(ModelMessage):
    """What the model knows of itself and of what it hears."""

    colour: str
    pitch: float
    title: str
    muted: bool
    number: int
    hertz: float = MessageField(default=0.0, description="The mic's strongest frequency")
    caller: str = ""


class Announced(ModelMessage):
    """Said to everybody."""

    text: str


class Echoed(ModelMessage):
    """What was said, to the one who said it."""

    text: str


class Inspected(ModelMessage):
    """What arrived of some files."""

    names: list[str]
    sizes: list[int]
    mime_types: list[str]
    heads: list[str]


class Arrived(ModelMessage):
    """A file was uploaded."""

    name: str
    size: int


class TestCard(ReactorPipeline):
    """Shows what its clients do."""

    __test__ = False  # not a test, whatever its name begins with

    state: Dials
    studio: Studio
    fps = FPS
    buffer_size = 4

    def load(self, config: dict[str, Any]) -> None:
        self.number = 0
        self.phase = 0.0
        self.crashing = False
        self.file_colour = DARK
        self.forget()

    def forget(self) -> None:
        """Forget what was seen and heard."""
        self.seen, self.seen_ago = DARK, 0
        self.heard, self.heard_ago = np.zeros(0, np.int16), 0

    def inference(self) -> Iterator[Card]:
        self.file_colour = DARK
        self.forget()
        while True:
            if self.crashing:
                raise RuntimeError("asked to crash")
            self.look()
            self.listen()
            self.number += 1
            yield Card(main_video=self.paint(), main_audio=self.hum())

    def look(self) -> None:
        """Take the webcam's newest picture, if there is one."""
        self.seen_ago += 1
        if frames := self.studio.webcam.try_read(1):
            self.seen, self.seen_ago = tuple(frames[0].data.mean(axis=(0, 1)).astype(int)), 0
        elif self.seen_ago > SILENT_AFTER:
            self.seen = DARK

    def listen(self) -> None:
        """Keep the last half second of the mic."""
        self.heard_ago += 1
        waiting = min(self.studio.mic.available, 128)
        if waiting and (frames := self.studio.mic.try_read(waiting)):
            samples = np.concatenate([self.heard, *(frame.data[0] for frame in frames)])
            self.heard, self.heard_ago = samples[-SAMPLE_RATE // 2 :], 0
        elif self.heard_ago > SILENT_AFTER:
            self.heard = self.heard[:0]

    @property
    def loudness(self) -> float:
        """The mic's loudness: 0 for silence, 1 for a sine of half the full scale or more."""
        if not self.heard.size:
            return 0.0
        return min(1.0, float(np.sqrt(np.mean(self.heard.astype(float) ** 2))) / (0.354 * 32767))

    @property
    def hertz(self) -> float:
        """The mic's strongest frequency, or 0."""
        if self.heard.size < SAMPLE_RATE // 4:
            return 0.0
        spectrum = np.abs(np.fft.rfft(self.heard * np.hanning(self.heard.size)))
        return float(np.argmax(spectrum) * SAMPLE_RATE / self.heard.size)

    def paint(self) -> NDArray[np.uint8]:
        picture = np.empty((HEIGHT, WIDTH, 3), np.uint8)
        picture[:ROW] = np.repeat(np.array(BARS, np.uint8), WIDTH // len(BARS), axis=0)
        bits = [LIGHT if self.number >> bit & 1 else DARK for bit in reversed(range(BITS))]
        picture[ROW : 2 * ROW] = np.repeat(np.array(bits, np.uint8), WIDTH // BITS, axis=0)
        picture[2 * ROW : 3 * ROW, :HALF] = COLOURS[self.state.colour]
        picture[2 * ROW : 3 * ROW, HALF:] = self.seen
        bar = round(self.loudness * HALF)
        picture[3 * ROW :, :bar] = LIGHT
        picture[3 * ROW :, bar:HALF] = DARK
        picture[3 * ROW :, HALF:] = self.file_colour
        return picture

    def hum(self) -> NDArray[np.int16]:
        """One picture's share of the tone; its phase goes on where the last one ended."""
        count = SAMPLE_RATE // FPS
        steps = self.phase + 2 * np.pi * self.state.pitch / SAMPLE_RATE * np.arange(1, count + 1)
        self.phase = float(steps[-1] % (2 * np.pi))
        level = 0 if self.state.muted else 12_000
        return (level * np.sin(steps)).astype(np.int16)

    @event(name="describe", description="Say what the model knows")
    def describe(self, client: ClientInfo) -> Described:
        state = self.state
        return Described(
            colour=state.colour,
            pitch=state.pitch,
            title=state.title,
            muted=state.muted,
            number=self.number,
            hertz=self.hertz,
            caller=client.id,
        )

    @event(name="announce", description="Say something to everybody")
    async def announce(self, text: str) -> None:
        await self.send(Announced(text=text))

    @event(name="echo", description="Say something back")
    def echo(self, text: str) -> Echoed:
        return Echoed(text=text)

    @event(name="repeat", description="Say something back several times over")
    def repeat(self, text: str, times: int = InputField(default=2, ge=1, le=100)) -> Echoed:
        return Echoed(text=text * times)

    @event(name="refuse", description="Refuse")
    def refuse(self, reason: str = "there is no paint left") -> None:
        raise CommandError("out_of_paint", reason)

    @event(name="stumble", description="Fail by a mistake in the model")
    def stumble(self) -> None:
        raise RuntimeError(MISTAKE)

    @event(name="crash", description="Fail between two pictures")
    def crash(self) -> None:
        self.crashing = True

    @event(name="inspect", description="Look at a file")
    def inspect(self, file: UploadedFile) -> Inspected:
        return self.inspected([file])

    @event(name="inspect_all", description="Look at several files")
    def inspect_all(self, files: list[UploadedFile]) -> Inspected:
        return self.inspected(files)

    def inspected(self, files: list[UploadedFile]) -> Inspected:
        self.file_colour = tuple((files[-1].data[:3] + bytes(3))[:3])
        return Inspected(
            names=[file.name for file in files],
            sizes=[file.size for file in files],
            mime_types=[file.mime_type for file in files],
            heads=[file.data[:8].hex() for file in files],
        )

    @file_uploaded
    async def arrived(self, uploaded_file: UploadedFile) -> None:
        await self.send(Arrived(name=uploaded_file.name, size=uploaded_file.size))
