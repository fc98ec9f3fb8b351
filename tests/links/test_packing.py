from __future__ import annotations

import numpy as np
import pytest

from reactor_actors.core.media import Batch
from reactor_actors.core.pixels import to_i420
from reactor_actors.links.frames import PlacedPicture, TickSound
from reactor_actors.links.framing import FrameError
from reactor_actors.links.items import Admitted, AdmittedTick
from reactor_actors.links.packing import Pack, unpack


def test_ticks_of_several_tracks_lie_in_one_array_and_come_out_as_views_of_it() -> None:
    rng = np.random.default_rng(1)
    main, depth = (rng.integers(0, 256, (5, *size, 3), np.uint8) for size in ((7, 5), (4, 6)))
    still = rng.integers(0, 256, (2, 2, 3), np.uint8)
    sound = np.arange(10, dtype=np.int16).reshape(2, 5)
    pictures = {"main": main, "depth": depth, "still": still}
    pack = Pack(Batch(5, pictures, {"voice": sound}, 3, 0.5), 1, 3)
    pack.fill()
    memory = pack.memory
    assert memory is not None
    ticks = unpack(pack.admitted, iter([memory]))
    assert len(ticks) == 3
    for index, tick in enumerate(ticks, 1):
        assert (tick.epoch, tick.turn) == (3, 0.0)
        assert np.array_equal(tick.pictures["main"], to_i420(main[index]))
        assert np.array_equal(tick.pictures["depth"], to_i420(depth[index]))
        assert np.array_equal(tick.pictures["still"], to_i420(still))
        assert tick.sound["voice"].tolist() == sound[:, index : index + 1].tolist()
        for picture in tick.pictures.values():
            assert np.shares_memory(picture, memory)
            assert picture.ctypes.data % 64 == memory.ctypes.data % 64
            assert not picture.flags.writeable


def test_a_conversion_that_fails_leaves_an_empty_tick_for_every_credit() -> None:
    pack = Pack(Batch(3, {"main": np.zeros((3, 4, 4, 3), np.float64)}, {}, 2), 0, 3)
    with pytest.raises(Exception, match=r".+"):
        pack.fill()
    assert pack.memory is None
    ticks = unpack(pack.admitted, iter([]))
    assert [(tick.epoch, tick.pictures) for tick in ticks] == [(2, {})] * 3


@pytest.mark.parametrize(
    ("pictures", "sound", "arrays"),
    [
        ([PlacedPicture("main", 6, 4)], [], []),
        ([PlacedPicture("main", 6, 4)], [], [np.zeros(8, np.uint8)]),
        ([], [TickSound("voice", 2, b"abc")], []),
        ([], [TickSound("voice", 0, b"ab")], []),
    ],
)
def test_what_cannot_be_is_a_frame_error(
    pictures: list[PlacedPicture], sound: list[TickSound], arrays: list[np.ndarray]
) -> None:
    with pytest.raises(FrameError, match=r"an impossible tick: .+"):
        unpack(Admitted(0, [AdmittedTick(0.0, pictures, sound)]), iter(arrays))
