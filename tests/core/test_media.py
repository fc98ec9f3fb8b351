from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reactor_actors.core.media import Batch, Direction, Kind, Tick, Track, assemble

TRACKS = {
    "main": Track("main", Kind.VIDEO, Direction.OUT),
    "depth": Track("depth", Kind.VIDEO, Direction.OUT),
    "voice": Track("voice", Kind.AUDIO, Direction.OUT, 48_000),
}


def pictures(*shape: int) -> np.ndarray:
    return np.arange(int(np.prod(shape)), dtype=np.uint8).reshape(shape)


def sound(*shape: int) -> np.ndarray:
    return np.arange(int(np.prod(shape)), dtype=np.int16).reshape(shape)


@given(samples=st.integers(0, 3000), parts=st.integers(1, 40), channels=st.integers(1, 2))
def test_sound_is_cut_in_order_into_shares_that_differ_by_one_longer_ones_first(
    samples: int, parts: int, channels: int
) -> None:
    whole = sound(channels, samples)
    batch = assemble(TRACKS, {"main": pictures(parts, 2, 2, 3), "voice": whole})
    shares = [batch.sound_of(i).get("voice", whole[:, :0]) for i in range(parts)]
    lengths = [share.shape[1] for share in shares]
    assert sum(lengths) == samples
    assert lengths == sorted(lengths, reverse=True)
    assert max(lengths) - min(lengths) <= 1
    assert np.array_equal(np.concatenate(shares, axis=1), whole)


@given(count=st.integers(2, 12))
def test_a_still_beside_a_batch_is_repeated_for_every_tick(count: int) -> None:
    batch, still = pictures(count, 2, 4, 3), pictures(6, 2, 3)
    made = assemble(TRACKS, {"main": batch, "depth": still})
    assert made.count == count
    for index in range(count):
        tick = made.pictures_of(index)
        assert np.array_equal(tick["main"], batch[index])
        assert np.array_equal(tick["depth"], still)


def test_a_thousand_and_three_samples_over_four_ticks() -> None:
    batch = assemble(TRACKS, {"main": pictures(4, 2, 2, 3), "voice": sound(1003)})
    assert [batch.sound_of(i)["voice"].shape for i in range(4)] == [
        (1, 251), (1, 251), (1, 251), (1, 250),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("values", "count"),
    [
        ({"main": pictures(4, 4, 3)}, 1),
        ({"main": pictures(1, 4, 4, 3)}, 1),
        ({"main": pictures(5, 4, 4, 3)}, 5),
        ({"main": pictures(5, 4, 4, 3), "depth": pictures(1, 4, 4, 3)}, 5),
        ({"main": pictures(4, 4, 3), "voice": sound(2, 30)}, 1),
        ({"voice": sound(30)}, 1),
        ({"voice": sound(1, 30)}, 1),
        ({"voice": sound(0)}, 1),
        ({"main": None, "voice": None}, 0),
        ({}, 0),
        ({"main": pictures(0, 4, 4, 3)}, 0),
        ({"main": pictures(0, 4, 4, 3), "depth": pictures(4, 4, 3), "voice": sound(9)}, 0),
    ],
)
def test_a_batch_counts_its_ticks(values: dict[str, object], count: int) -> None:
    assert assemble(TRACKS, values).count == count


def test_none_carries_nothing_for_its_track() -> None:
    batch = assemble(TRACKS, {"main": pictures(2, 2, 3), "depth": None, "voice": None})
    assert set(batch.pictures_of(0)) == {"main"}
    assert batch.sound_of(0) == {}


@pytest.mark.parametrize("shape", [(7,), (1, 7)])
def test_flat_sound_is_mono(shape: tuple[int, ...]) -> None:
    batch = assemble(TRACKS, {"voice": sound(*shape)})
    assert np.array_equal(batch.sound_of(0)["voice"], sound(1, 7))


def test_stereo_stays_two_rows() -> None:
    batch = assemble(TRACKS, {"voice": sound(2, 7)})
    assert np.array_equal(batch.sound_of(0)["voice"], sound(2, 7))


def test_shares_of_sound_do_not_refer_to_the_authors_memory() -> None:
    samples = sound(2, 10)
    share = assemble(TRACKS, {"voice": samples}).sound_of(0)["voice"]
    samples[:] = -1
    assert np.array_equal(share, sound(2, 10))


@pytest.mark.parametrize(
    ("track", "value", "hints"),
    [
        ("main", [[1, 2, 3]], ["'main'", "list", "numpy.asarray"]),
        ("main", "no picture", ["'main'", "str"]),
        ("main", np.zeros((4, 4, 3)), ["'main'", "float64", "(4, 4, 3)", "clip(0, 1)"]),
        ("main", np.zeros((4, 4, 3), np.int32), ["'main'", "int32", "uint8"]),
        ("voice", 3.0, ["'voice'", "float"]),
        ("voice", np.zeros(4, np.float32), ["'voice'", "float32", "32767"]),
        ("voice", np.zeros(4, np.uint8), ["'voice'", "uint8", "int16"]),
    ],
)
def test_a_wrong_kind_of_value_is_a_type_error_that_names_the_track(
    track: str, value: object, hints: list[str]
) -> None:
    with pytest.raises(TypeError) as refused:
        assemble(TRACKS, {track: value})
    assert all(hint in str(refused.value) for hint in hints), refused.value


@pytest.mark.parametrize(
    ("track", "value", "hints"),
    [
        ("main", pictures(4, 4), ["'main'", "(4, 4)", "Repeat"]),
        ("main", pictures(4, 4, 1), ["(4, 4, 1)", "Repeat"]),
        ("main", pictures(4, 4, 4), ["(4, 4, 4)", "alpha"]),
        ("main", pictures(3, 4, 5), ["(3, 4, 5)", "transpose(1, 2, 0)"]),
        ("main", pictures(2, 3, 4, 5), ["(2, 3, 4, 5)", "transpose(0, 2, 3, 1)"]),
        ("main", pictures(1, 1, 2, 2, 3), ["(1, 1, 2, 2, 3)"]),
        ("main", pictures(3), ["(3,)"]),
        ("main", np.zeros((), np.uint8), ["()"]),
        ("main", pictures(0, 4, 3), ["without pixels", "(0, 4, 3)"]),
        ("main", pictures(2, 4, 0, 3), ["without pixels"]),
        ("voice", sound(30, 2), ["'voice'", "(30, 2)", "array.T"]),
        ("voice", sound(3, 30), ["(3, 30)", "mono or stereo"]),
        ("voice", sound(1, 1, 30), ["(1, 1, 30)"]),
    ],
)
def test_a_wrong_shape_is_a_value_error_that_names_the_track(
    track: str, value: object, hints: list[str]
) -> None:
    with pytest.raises(ValueError) as refused:  # noqa: PT011 - the text is checked below
        assemble(TRACKS, {track: value})
    assert all(hint in str(refused.value) for hint in hints), refused.value


@pytest.mark.parametrize(("first", "second"), [(4, 3), (4, 0)])
def test_batches_that_disagree_are_a_value_error_that_names_both(first: int, second: int) -> None:
    values = {"main": pictures(first, 2, 2, 3), "depth": pictures(second, 2, 2, 3)}
    with pytest.raises(ValueError, match=f"'main' has {first}, 'depth' has {second}"):
        assemble(TRACKS, values)


def test_a_tick_carries_nothing_unless_told_to() -> None:
    assert Tick(3) == Tick(epoch=3, pictures={}, sound={}, turn=0.0)
    assert Batch(1).pictures_of(0) == {}
    assert Batch(1).sound_of(0) == {}


def test_tensors_are_taken_as_arrays_are() -> None:
    torch = pytest.importorskip("torch")
    picture, samples = pictures(4, 6, 3), sound(2, 8)
    values = {"main": torch.from_numpy(picture), "voice": torch.from_numpy(samples)}
    batch = assemble(TRACKS, values)
    assert np.array_equal(batch.pictures_of(0)["main"], picture)
    assert np.array_equal(batch.sound_of(0)["voice"], samples)
    with pytest.raises(TypeError, match=r"float32.*clamp"):
        assemble(TRACKS, {"main": torch.zeros(4, 4, 3)})
    with pytest.raises(TypeError, match="bfloat16"):
        assemble(TRACKS, {"voice": torch.zeros(4, dtype=torch.bfloat16)})
    with pytest.raises(ValueError, match=r"\(3, 4, 4\)"):
        assemble(TRACKS, {"main": torch.zeros(3, 4, 4, dtype=torch.uint8)})
