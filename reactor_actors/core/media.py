"""Tracks, and what travels on them: `Batch` on the way in, `Tick` on the way out.

An author's `emit` hands over one `Batch`: pictures and sound of any number of tracks, checked here
against the declared tracks. A batch is cut into ticks, one per pacing instant: one picture per
video track and its share of the sound. This module never converts pixels and never waits.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Pixels: TypeAlias = NDArray[np.uint8]
"""Pictures: RGB as (H, W, 3) or (N, H, W, 3), I420 as (H * 3 / 2, W)."""

Samples: TypeAlias = NDArray[np.int16]
"""Sound: (channels, samples), one channel or two."""

WHOLE_PICTURE = 3
BATCH_OF_PICTURES = 4


class Kind(StrEnum):
    """What a track carries."""

    VIDEO = "video"
    AUDIO = "audio"


class Direction(StrEnum):
    """Which way a track runs, as the model sees it."""

    IN = "in"
    OUT = "out"


@dataclass(frozen=True, slots=True)
class Track:
    """One named media channel of a model. `sample_rate` is 0 for video."""

    name: str
    kind: Kind
    direction: Direction
    sample_rate: int = 0


@dataclass(frozen=True, slots=True)
class Tick:
    """What is due at one pacing instant: I420 pictures and (channels, samples) sound by track.

    `turn` is how long the model worked for this tick, in seconds; 0 when that says nothing about
    its pace (later ticks of a batch, the first one after a pause). `admitted_at` is when the
    model's side let it through, on the monotonic clock that all processes of one machine share; 0
    where the two sides have no clock in common. `held` is how many seconds it had waited for that
    since its emit.
    """

    epoch: int
    pictures: Mapping[str, Pixels] = field(default_factory=dict)
    sound: Mapping[str, Samples] = field(default_factory=dict)
    turn: float = 0.0
    admitted_at: float = 0.0
    held: float = 0.0


@dataclass(frozen=True, slots=True)
class Batch:
    """What one emit hands over: `count` ticks of every track that carries something.

    Pictures are (H, W, 3) or (N, H, W, 3), on the CPU as arrays or on a GPU as the author's own
    tensors. A batch refers to the author's memory: it is read only until `emit` returns.
    """

    count: int
    pictures: Mapping[str, Any] = field(default_factory=dict)
    sound: Mapping[str, Samples] = field(default_factory=dict)
    epoch: int = 0
    turn: float = 0.0

    def pictures_of(self, index: int) -> dict[str, Any]:
        """Return the RGB picture of every video track for tick `index`."""
        return {
            name: value[index] if value.ndim == BATCH_OF_PICTURES else value
            for name, value in self.pictures.items()
        }

    def sound_of(self, index: int) -> dict[str, Samples]:
        """Return a copy of every audio track's share for tick `index`."""
        shares = {}
        for name, samples in self.sound.items():
            start, stop = _share(samples.shape[1], self.count, index)
            if stop > start:
                shares[name] = samples[:, start:stop].copy()
        return shares


def assemble(tracks: Mapping[str, Track], values: Mapping[str, object]) -> Batch:
    """Check the values of one emit against the output tracks and make a batch of them.

    `None` means that this emit carries nothing for that track. Raises `TypeError` for a value that
    is no array or has the wrong dtype, `ValueError` for a wrong shape or for batches that disagree;
    the text names the track, what was expected and what came.
    """
    pictures: dict[str, Any] = {}
    sound: dict[str, Samples] = {}
    for name, value in values.items():
        if value is None:
            continue
        if tracks[name].kind is Kind.VIDEO:
            pictures[name] = _checked_pictures(name, value)
        else:
            sound[name] = _checked_sound(name, value)
    return Batch(_count(pictures, sound), pictures, sound)


def _count(pictures: Mapping[str, Any], sound: Mapping[str, Samples]) -> int:
    lengths = {n: p.shape[0] for n, p in pictures.items() if p.ndim == BATCH_OF_PICTURES}
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"{name!r} has {length}" for name, length in lengths.items())
        raise ValueError(
            f"the video tracks of one emit disagree about the number of pictures: {told}. "
            "Give every batched track the same N, or a single (H, W, 3) picture to repeat."
        )
    if lengths:
        return int(next(iter(lengths.values())))
    return 1 if pictures or sound else 0


def _checked_pictures(name: str, value: object) -> Any:
    array = _as_array(value)
    expected = "(H, W, 3) or (N, H, W, 3) uint8, RGB"
    if array is None:
        raise TypeError(
            f"video track {name!r} expects an array of shape {expected}; got {_kind_of(value)}. "
            "Convert it with numpy.asarray(...)."
        )
    if _dtype_name(array) != "uint8":
        raise TypeError(
            f"video track {name!r} expects {expected}; got dtype {_dtype_name(array)}, "
            f"shape {tuple(array.shape)}. {_picture_cast(array)}"
        )
    shape = tuple(array.shape)
    if len(shape) not in (WHOLE_PICTURE, BATCH_OF_PICTURES) or shape[-1] != 3:
        raise ValueError(
            f"video track {name!r} expects {expected}; got shape {shape}. {_picture_hint(shape)}"
        )
    if 0 in shape[-3:]:
        raise ValueError(f"video track {name!r} got a picture without pixels: shape {shape}.")
    if len(shape) == BATCH_OF_PICTURES and shape[0] == 1:
        return array[0]  # a batch of one is a still: beside a longer batch it is repeated
    return array


def _checked_sound(name: str, value: object) -> Samples:
    array = _as_array(value)
    expected = "(M,), (1, M) or (2, M) int16"
    if array is None:
        raise TypeError(
            f"audio track {name!r} expects an array of shape {expected}; got {_kind_of(value)}. "
            "Convert it with numpy.asarray(..., dtype=numpy.int16)."
        )
    if _dtype_name(array) != "int16":
        raise TypeError(
            f"audio track {name!r} expects {expected}; got dtype {_dtype_name(array)}, "
            f"shape {tuple(array.shape)}. {_sound_cast(array)}"
        )
    samples: Samples = array if isinstance(array, np.ndarray) else array.cpu().numpy()
    if samples.ndim == 1:
        samples = samples[np.newaxis, :]
    if samples.ndim != 2 or samples.shape[0] not in (1, 2):
        shape = tuple(array.shape)
        hint = (
            "Samples come last: transpose it with array.T."
            if samples.ndim == 2 and samples.shape[1] in (1, 2)
            else "One row per channel, mono or stereo."
        )
        raise ValueError(f"audio track {name!r} expects {expected}; got shape {shape}. {hint}")
    return samples


def _as_array(value: object) -> Any:
    """Return an ndarray or a GPU tensor, or None. Torch is looked at only if it is loaded."""
    if isinstance(value, np.ndarray):
        return value
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(value, torch.Tensor):
        tensor: Any = value.detach()
        # bfloat16 has no numpy dtype; the dtype check refuses it as a tensor.
        if tensor.device.type == "cpu" and tensor.dtype in (torch.uint8, torch.int16):
            return tensor.numpy()
        return tensor
    return None


def _dtype_name(array: Any) -> str:
    return str(array.dtype).removeprefix("torch.")


def _kind_of(value: object) -> str:
    return f"{type(value).__module__}.{type(value).__qualname__}".removeprefix("builtins.")


def _picture_cast(array: Any) -> str:
    if "float" not in _dtype_name(array):
        return "Cast it to uint8 with values from 0 to 255."
    if isinstance(array, np.ndarray):
        return "Scale and cast it, from 0..1: (x.clip(0, 1) * 255).astype(numpy.uint8)."
    return "Scale and cast it, from 0..1: (x.clamp(0, 1) * 255).to(torch.uint8)."


def _sound_cast(array: Any) -> str:
    if "float" not in _dtype_name(array):
        return "Cast it to int16."
    if isinstance(array, np.ndarray):
        return "Scale and cast it, from -1..1: (x.clip(-1, 1) * 32767).astype(numpy.int16)."
    return "Scale and cast it, from -1..1: (x.clamp(-1, 1) * 32767).to(torch.int16)."


def _picture_hint(shape: tuple[int, ...]) -> str:
    if len(shape) == WHOLE_PICTURE and shape[0] == 3:
        return "Channels come last: use transpose(1, 2, 0), or permute(1, 2, 0) in torch."
    if len(shape) == BATCH_OF_PICTURES and shape[1] == 3:
        return "Channels come last: use transpose(0, 2, 3, 1), or permute(0, 2, 3, 1) in torch."
    if len(shape) >= WHOLE_PICTURE and shape[-1] == 4:
        return "Drop the alpha channel: x[..., :3]."
    if len(shape) == 2 or (shape and shape[-1] == 1):
        return "Repeat a grey picture three times along a last axis."
    return "The last axis holds the three colours."


def _share(total: int, parts: int, index: int) -> tuple[int, int]:
    """Cut `total` samples into parts that differ by at most one, the longer ones first."""
    size, longer = divmod(total, parts)
    start = index * size + min(index, longer)
    return start, start + size + (1 if index < longer else 0)
