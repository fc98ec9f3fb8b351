from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reactor_actors.core.media import Batch
from reactor_actors.core.pixels import black, i420_shape, size_of, tick_of, to_i420, to_rgb

SIZES = [(1, 1), (1, 2), (2, 1), (2, 2), (3, 5), (7, 4), (16, 9), (48, 64)]
COLOURS = [
    (0, 0, 0), (255, 255, 255), (255, 0, 0), (0, 255, 0), (0, 0, 255),
    (12, 200, 90), (130, 130, 130), (250, 180, 20),
]  # fmt: skip


def noise(height: int, width: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def flat(height: int, width: int, colour: tuple[int, int, int]) -> np.ndarray:
    return np.full((height, width, 3), colour, np.uint8)


def planes(i420: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Luma and chroma, wide enough to be subtracted."""
    rows = size_of(i420)[0]
    return i420[:rows].astype(int), i420[rows:].astype(int)


VIEWS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "plain": lambda a: a,
    "upside down": lambda a: a[::-1],
    "mirrored": lambda a: a[:, ::-1],
    "BGR turned round": lambda a: a[..., ::-1],
    "transposed": lambda a: a.transpose(1, 0, 2),
    "every second": lambda a: np.repeat(np.repeat(a, 2, 0), 3, 1)[::2, ::3],
    "channels first": lambda a: np.ascontiguousarray(a.transpose(2, 0, 1)).transpose(1, 2, 0),
    "without alpha": lambda a: np.concatenate([a, a[..., :1]], axis=-1)[..., :3],
    "column-major": np.asfortranarray,
    "one pixel for all": lambda a: np.broadcast_to(a[:1, :1], a.shape),
    "inside a batch": lambda a: np.stack([a, a, a])[1],
}


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("view", VIEWS)
def test_any_strides_convert_like_a_plain_copy(view: str, size: tuple[int, int]) -> None:
    picture = VIEWS[view](noise(*size))
    assert np.array_equal(to_i420(picture), to_i420(np.array(picture, order="C")))


def test_a_read_only_picture_is_converted() -> None:
    picture = noise(5, 7)
    expected = to_i420(picture)
    picture.flags.writeable = False
    assert np.array_equal(to_i420(picture), expected)


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_the_picture_is_written_in_place(size: tuple[int, int]) -> None:
    memory = bytearray(b"\x4d" * (4 + int(np.prod(i420_shape(*size))) + 4))
    out = np.frombuffer(memory, np.uint8)[4:-4].reshape(i420_shape(*size))
    picture = noise(*size)
    assert to_i420(picture, out) is out
    assert np.array_equal(out, to_i420(picture))
    assert memory[:4] == memory[-4:] == b"\x4d" * 4


@given(height=st.integers(1, 40), width=st.integers(1, 40))
def test_shapes_are_even_and_just_large_enough(height: int, width: int) -> None:
    picture = to_i420(noise(height, width))
    rows, columns = size_of(picture)
    assert picture.shape == i420_shape(height, width)
    assert (rows % 2, columns % 2) == (0, 0)
    assert 0 <= rows - height <= 1
    assert 0 <= columns - width <= 1
    assert picture.size == rows * columns * 3 // 2


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("colour", COLOURS, ids=str)
def test_flat_colours_come_back_within_a_few_levels(
    colour: tuple[int, int, int], size: tuple[int, int]
) -> None:
    back = to_rgb(to_i420(flat(*size, colour)), *size)
    assert back.shape == (*size, 3)
    assert np.abs(back.astype(int) - colour).max() <= 4


def test_a_picture_comes_back_unsheared() -> None:
    # 641 by 481: bars of three columns, which a wrong stride would slant.
    bars = np.zeros((481, 641, 3), np.uint8)
    bars[:, (np.arange(641) // 16) % 2 == 1] = 255
    back = to_rgb(to_i420(bars), 481, 641)
    assert back.shape == bars.shape
    assert (np.abs(back.astype(int) - bars) < 40).mean() > 0.99


def test_an_odd_picture_is_continued_by_its_own_edge() -> None:
    luma, _ = planes(to_i420(noise(3, 5)))
    assert np.array_equal(luma[3], luma[2])
    assert np.array_equal(luma[:, 5], luma[:, 4])


def test_black_is_black() -> None:
    assert black(720, 1280).shape == (1080, 1280)
    assert np.array_equal(black(5, 3), to_i420(flat(5, 3, (0, 0, 0))))
    assert to_rgb(black(4, 4)).max() == 0


def test_an_opened_picture_is_fresh_and_writable() -> None:
    source = to_i420(noise(4, 6))
    source.flags.writeable = False
    one, two = to_rgb(source), to_rgb(source)
    one[:] = 1
    assert not np.array_equal(one, two)
    assert to_rgb(source, 3, 5).flags.writeable
    assert to_rgb(source, 3, 5).flags.c_contiguous


def test_a_tick_is_converted_into_the_places_it_is_given() -> None:
    pictures = np.stack([noise(3, 4, seed) for seed in range(2)])
    sound = np.arange(10, dtype=np.int16).reshape(1, 10)
    batch = Batch(2, {"main": pictures, "still": noise(2, 2)}, {"voice": sound}, 7, 0.25)
    places: list[np.ndarray] = []

    def place(shape: tuple[int, int]) -> np.ndarray:
        places.append(np.zeros(shape, np.uint8))
        return places[-1]

    first, second = tick_of(batch, 0, place), tick_of(batch, 1)
    assert [p.shape for p in places] == [i420_shape(3, 4), i420_shape(2, 2)]
    assert first.pictures["main"] is places[0]
    assert np.array_equal(first.pictures["main"], to_i420(pictures[0]))
    assert np.array_equal(second.pictures["main"], to_i420(pictures[1]))
    assert [tick.sound["voice"].tolist() for tick in (first, second)] == [
        [[0, 1, 2, 3, 4]],
        [[5, 6, 7, 8, 9]],
    ]
    assert (first.epoch, second.epoch) == (7, 7)
    # Only the first tick of a batch says how long the model worked.
    assert (first.turn, second.turn) == (0.25, 0.0)


WITHOUT_CV2 = """
import sys
sys.modules["cv2"] = None  # importing it fails from here on
import numpy as np
from reactor_actors.core.pixels import to_i420, to_rgb
given = np.load(sys.argv[1])
made = {name: to_i420(picture) for name, picture in given.items()}
back = {f"{name} back": to_rgb(made[name], *picture.shape[:2]) for name, picture in given.items()}
np.savez(sys.argv[2], **made, **back)
"""


@pytest.fixture(scope="module")
def by_numpy(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], dict[str, Any]]:
    """Pictures, and what a process without cv2 makes of them."""
    folder: Path = tmp_path_factory.mktemp("pixels")
    given = {f"noise {h} {w}": noise(h, w) for h, w in SIZES}
    given |= {f"flat {colour}": flat(6, 9, colour) for colour in COLOURS}
    given["slanted"] = noise(9, 30).transpose(1, 0, 2)[::-1]
    np.savez(folder / "given.npz", **given)
    paths = [str(folder / "given.npz"), str(folder / "made.npz")]
    subprocess.run([sys.executable, "-c", WITHOUT_CV2, *paths], check=True, timeout=60)
    with np.load(paths[1]) as made:
        return given, dict(made)


def test_luma_is_the_same_with_and_without_cv2(by_numpy: Any) -> None:
    given, made = by_numpy
    for name, picture in given.items():
        ours, theirs = planes(made[name])[0], planes(to_i420(picture))[0]
        assert np.abs(ours - theirs).max() <= 2, name


def test_flat_colours_have_the_same_chroma_with_and_without_cv2(by_numpy: Any) -> None:
    given, made = by_numpy
    for name in (n for n in given if n.startswith("flat")):
        ours, theirs = planes(made[name])[1], planes(to_i420(given[name]))[1]
        assert np.abs(ours - theirs).max() <= 2, name


def test_opening_gives_the_same_with_and_without_cv2(by_numpy: Any) -> None:
    given, made = by_numpy
    for name, picture in given.items():
        opened = to_rgb(made[name], *picture.shape[:2]).astype(int)
        assert made[f"{name} back"].shape == picture.shape
        assert np.abs(opened - made[f"{name} back"]).max() <= 3, name


class Tensor:
    """An array that is no ndarray and has the few methods of a GPU tensor that are relied on."""

    def __init__(self, array: np.ndarray) -> None:
        self.array = array
        self.shape = array.shape

    def __getitem__(self, key: Any) -> Tensor:
        return Tensor(self.array[key])

    def __setitem__(self, key: Any, value: Tensor) -> None:
        self.array[key] = value.array

    def _with(self, other: Any, name: str) -> Tensor:
        return Tensor(getattr(self.array, name)(getattr(other, "array", other)))

    def __add__(self, other: Any) -> Tensor:
        return self._with(other, "__add__")

    def __sub__(self, other: Any) -> Tensor:
        return self._with(other, "__sub__")

    def __mul__(self, other: Any) -> Tensor:
        return self._with(other, "__mul__")

    __rmul__ = __mul__

    def __rshift__(self, other: int) -> Tensor:
        return self._with(other, "__rshift__")

    def int(self) -> Tensor:
        return Tensor(self.array.astype(np.int32))

    def byte(self) -> Tensor:
        return Tensor(self.array.astype(np.uint8))

    def reshape(self, *shape: Any) -> Tensor:
        return Tensor(self.array.reshape(*shape))

    def numel(self) -> Any:
        return self.array.size

    def new_empty(self, size: Any) -> Tensor:
        return Tensor(np.empty(size, self.array.dtype))

    def cpu(self) -> Tensor:
        return self

    def numpy(self) -> np.ndarray:
        return self.array


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_a_tensor_converts_like_an_array(size: tuple[int, int]) -> None:
    picture = noise(*size)
    out = np.zeros(i420_shape(*size), np.uint8)
    assert to_i420(Tensor(picture), out) is out
    assert np.abs(planes(out)[0] - planes(to_i420(picture))[0]).max() <= 2


@pytest.mark.parametrize("colour", COLOURS, ids=str)
def test_a_tensor_of_one_colour_has_an_arrays_chroma(colour: tuple[int, int, int]) -> None:
    picture = flat(5, 7, colour)
    difference = to_i420(Tensor(picture)).astype(int) - to_i420(picture)
    assert np.abs(difference).max() <= 2


@pytest.mark.parametrize("view", ["plain", "transposed", "channels first", "without alpha"])
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_a_torch_tensor_converts_like_an_array(view: str, size: tuple[int, int]) -> None:
    torch = pytest.importorskip("torch")
    picture = VIEWS[view](noise(*size))
    tensor = torch.from_numpy(np.array(picture, order="K"))
    ours, theirs = to_i420(tensor), to_i420(Tensor(np.array(picture)))
    assert np.array_equal(ours, theirs)


def test_a_conversion_leaves_cv2_as_many_threads_as_it_had() -> None:
    cv2 = pytest.importorskip("cv2")
    before = cv2.getNumThreads()
    try:
        cv2.setNumThreads(2)
        to_i420(np.zeros((4, 4, 3), np.uint8))
        assert cv2.getNumThreads() == 2
    finally:
        cv2.setNumThreads(before)
