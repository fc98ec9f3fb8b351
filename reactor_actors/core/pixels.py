"""RGB to I420 and back: the one file that knows colour arithmetic, and the only one with cv2.

A picture becomes I420 (BT.601, limited range) the moment it leaves the author: half the bytes of
RGB, and what every encoder eats. The conversion writes straight into its destination, so it is also
the only copy. Sizes are even in I420: an odd picture is continued by one row or column.

I420 is one (H * 3 / 2, W) array: H rows of luma, then the two chroma planes, each H * W / 4 bytes.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from reactor_actors.core.media import Batch, Pixels, Tick


def i420_shape(height: int, width: int) -> tuple[int, int]:
    """Return the shape of the I420 array that holds a picture of this size."""
    rows, columns = height + height % 2, width + width % 2
    return rows * 3 // 2, columns


def size_of(i420: Pixels) -> tuple[int, int]:
    """Return (height, width) of an I420 picture."""
    return i420.shape[0] * 2 // 3, i420.shape[1]


def black(height: int, width: int) -> Pixels:
    """Return a black I420 picture."""
    rows, columns = i420_shape(height, width)
    picture = np.full((rows, columns), 128, np.uint8)
    picture[: rows * 2 // 3] = 16
    return picture


def to_i420(rgb: Any, out: Pixels | None = None) -> Pixels:
    """Convert one (H, W, 3) uint8 picture of any strides, into `out` if given.

    A tensor on a GPU is converted there and copied down once. `out` is C-contiguous and has
    the shape `i420_shape(H, W)`.
    """
    height, width = int(rgb.shape[0]), int(rgb.shape[1])
    if out is None:
        out = np.empty(i420_shape(height, width), np.uint8)
    if not isinstance(rgb, np.ndarray):
        _tensor_to_i420(rgb, out)
        return out
    if height % 2 or width % 2:
        rgb = np.pad(rgb, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    cv2 = _cv2()
    if cv2 is not None:
        # At the pace of video, waking cv2's threads costs twice the CPU and saves no time. The
        # author's own calls keep theirs: `emit` converts on one thread, so nobody else is here.
        threads = cv2.getNumThreads()
        cv2.setNumThreads(1)
        try:
            cv2.cvtColor(rgb, cv2.COLOR_RGB2YUV_I420, dst=out)
        finally:
            cv2.setNumThreads(threads)
    else:
        luma, blue, red = _planes(rgb.astype(np.int32))
        _store(luma.astype(np.uint8), blue.astype(np.uint8), red.astype(np.uint8), out)
    return out


def tick_of(
    batch: Batch,
    index: int,
    place: Callable[[tuple[int, int]], Pixels] | None = None,
    admitted_at: float = 0.0,
    held: float = 0.0,
) -> Tick:
    """Convert one tick of a batch; `place` gives the memory for an I420 picture of a shape."""
    pictures = {}
    for name, rgb in batch.pictures_of(index).items():
        out = place(i420_shape(int(rgb.shape[0]), int(rgb.shape[1]))) if place else None
        pictures[name] = to_i420(rgb, out)
    turn = batch.turn if index == 0 else 0.0
    return Tick(batch.epoch, pictures, batch.sound_of(index), turn, admitted_at, held)


def to_rgb(i420: Pixels, height: int | None = None, width: int | None = None) -> Pixels:
    """Convert an I420 picture to a fresh, writable (H, W, 3) array, cropped to a size if given."""
    cv2 = _cv2()
    rgb: Pixels = _rgb(i420) if cv2 is None else cv2.cvtColor(i420, cv2.COLOR_YUV2RGB_I420)
    if (height or rgb.shape[0], width or rgb.shape[1]) != rgb.shape[:2]:
        return rgb[:height, :width].copy()
    return rgb


def _tensor_to_i420(rgb: Any, out: Pixels) -> None:
    """Convert on the tensor's own device; only its methods are used, so torch is not imported."""
    height, width = rgb.shape[0], rgb.shape[1]
    if height % 2:
        rgb = rgb[[*range(height), height - 1]]
    if width % 2:
        rgb = rgb[:, [*range(width), width - 1]]
    luma, blue, red = _planes(rgb.int())
    flat = out.reshape(-1)
    # One transfer: the three planes are joined on the device.
    joined = luma.new_empty(flat.shape[0])
    split = luma.numel()
    joined[:split] = luma.reshape(-1)
    joined[split : split + blue.numel()] = blue.reshape(-1)
    joined[split + blue.numel() :] = red.reshape(-1)
    np.copyto(flat, joined.byte().cpu().numpy())


def _planes(rgb: Any) -> tuple[Any, Any, Any]:
    """Integer BT.601 on arrays and tensors alike; `rgb` is 32 bits wide and even in size.

    Chroma is the mean of its four pixels; cv2 takes the first of them, which costs less.
    """
    red, green, blue = rgb[..., 0], rgb[..., 1], rgb[..., 2]
    luma = ((66 * red + 129 * green + 25 * blue + 128) >> 8) + 16
    red, green, blue = (
        c[0::2, 0::2] + c[0::2, 1::2] + c[1::2, 0::2] + c[1::2, 1::2] for c in (red, green, blue)
    )
    chroma_blue = ((-38 * red - 74 * green + 112 * blue + 512) >> 10) + 128
    chroma_red = ((112 * red - 94 * green - 18 * blue + 512) >> 10) + 128
    return luma, chroma_blue, chroma_red


def _store(luma: Pixels, blue: Pixels, red: Pixels, out: Pixels) -> None:
    flat, start = out.reshape(-1), 0
    for plane in (luma, blue, red):
        flat[start : start + plane.size] = plane.reshape(-1)
        start += plane.size


def _rgb(i420: Pixels) -> Pixels:
    height, width = size_of(i420)
    flat = i420.reshape(-1).astype(np.int32)
    quarter = height * width // 4
    luma = 298 * (flat[: 4 * quarter].reshape(height, width) - 16) + 128
    blue, red = (
        (flat[start : start + quarter] - 128)
        .reshape(height // 2, width // 2)
        .repeat(2, axis=0)
        .repeat(2, axis=1)
        for start in (4 * quarter, 5 * quarter)
    )
    planes = (luma + 409 * red, luma - 100 * blue - 208 * red, luma + 516 * blue)
    return np.stack([np.clip(plane >> 8, 0, 255) for plane in planes], axis=-1).astype(np.uint8)


@cache
def _cv2() -> Any:
    """Import cv2 at the first conversion, so that importing this library stays light."""
    try:
        import cv2
    except ImportError:
        return None
    return cv2
