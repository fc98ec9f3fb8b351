from __future__ import annotations

import gc
import mmap
import os
import threading

import av
import numpy as np
import pytest

from reactor_actors.links.ring import SMALLEST, Ring, Slots, Window, space_for


def rings(slots: Slots | None = None, *, count: int = 3) -> tuple[Slots, list[Window]]:
    """A writer whose every ring is opened by a reader."""
    windows: list[Window] = []

    def announce(ring: Ring) -> None:
        windows.append(Window(ring.detach(), ring.number, ring.slots, ring.size))

    return Slots(count, announce), windows


def test_what_is_written_into_a_slot_is_read_at_the_same_place() -> None:
    slots, windows = rings()
    written = slots.take(space_for([6, 1001, 8]))
    assert written is not None
    shapes = [((3, 2), np.uint8), ((7, 143), np.uint8), ((1, 4), np.int16)]
    for number, (shape, dtype) in enumerate(shapes):
        written.place(shape, dtype)[:] = number + 1
    read = windows[0].slot(written.number)
    for number, (shape, dtype) in enumerate(shapes):
        assert np.array_equal(read.place(shape, dtype), np.full(shape, number + 1, dtype))


def test_a_reader_cannot_write() -> None:
    slots, windows = rings()
    slots.take(1)
    with pytest.raises(ValueError, match="read-only"):
        windows[0].slot(0).place((2, 2))[:] = 1


def test_slots_are_taken_until_there_are_none_and_the_warmest_first() -> None:
    slots, _ = rings()
    taken = [slots.take(1) for _ in range(4)]
    assert [slot and slot.number for slot in taken] == [0, 1, 2, None]
    assert not slots.ready(1)
    slots.give_back(0, [0, 2])
    assert slots.ready(1)
    assert [slot and slot.number for slot in (slots.take(1), slots.take(1))] == [2, 0]


@pytest.mark.parametrize("number", [-1, 3, 1])
def test_a_slot_that_was_not_taken_cannot_be_given_back(number: int) -> None:
    slots, _ = rings()
    slots.take(1)
    with pytest.raises(ValueError, match="was not taken"):
        slots.give_back(0, [number])


def test_a_larger_size_makes_another_ring_and_a_smaller_one_does_not() -> None:
    slots, windows = rings()
    sizes = [1, SMALLEST, SMALLEST + 1, 5, 2 * SMALLEST, 9 * SMALLEST]
    taken = [slots.take(size) for size in sizes]
    assert [slot and slot.ring for slot in taken] == [0, 0, 1, 1, 1, 2]
    assert [window.size // SMALLEST for window in windows] == [1, 2, 16]
    slots.give_back(0, [0, 0, 17])  # of an older ring: nobody's
    assert slots.ready(1)


def test_pictures_of_an_older_ring_stay_as_they_are() -> None:
    slots, windows = rings()
    first = slots.take(4)
    assert first is not None
    first.place((2, 2))[:] = 7
    picture = windows[0].slot(0).place((2, 2))
    slots.take(2 * SMALLEST)
    slots.close()
    windows.clear()
    del first
    gc.collect()
    assert picture.tolist() == [[7, 7], [7, 7]]


def test_a_lent_slot_comes_back_with_its_last_array_and_from_any_thread() -> None:
    slots, windows = rings()
    slots.take(100)
    back: list[tuple[int, int, threading.Thread]] = []
    lent = windows[0].lend(0, lambda *which: back.append((*which, threading.current_thread())))
    one, two = lent.place((4, 4)), lent.place((2, 2))
    corner = one[1:3].reshape(-1)[:2]
    del lent, one
    assert back == []
    holder = [corner]
    del corner, two
    assert back == []
    thread = threading.Thread(target=holder.clear)
    thread.start()
    thread.join()
    assert back == [(0, 0, thread)]


def test_a_slot_stays_lent_while_an_encoders_frame_refers_to_it() -> None:
    slots, windows = rings()
    slots.take(24)
    back: list[int] = []
    picture = windows[0].lend(0, lambda ring, slot: back.append(slot)).place((6, 4))
    frame = av.VideoFrame.from_numpy_buffer(picture, format="yuv420p")
    view = memoryview(picture)
    del picture
    view.release()
    assert back == []
    del frame
    assert back == [0]


@pytest.mark.parametrize("shape", [(SMALLEST + 1,), (-1, 4), (2**40, 2**40), (2, -2)])
def test_what_does_not_fit_into_a_slot_is_refused(shape: tuple[int, ...]) -> None:
    slots, windows = rings()
    slots.take(1)
    for slot in (windows[0].slot(0), windows[0].slot(2)):
        with pytest.raises(ValueError, match=r".+"):
            slot.place(shape)


def test_a_slot_is_full_when_it_is_full() -> None:
    slots, windows = rings()
    slots.take(1)
    slot = windows[0].slot(2)
    slot.place((SMALLEST - 64,))
    slot.place((60,))
    with pytest.raises(ValueError, match="no array of shape"):
        slot.place((1,))


def open_descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


@pytest.mark.parametrize(
    ("slots", "size"), [(0, 4096), (-1, 4096), (1, 0), (2**40, 4096), (1, 2**40), (4, 4096)]
)
def test_a_ring_that_is_none_is_refused_and_closed(slots: int, size: int) -> None:
    before = open_descriptors()
    ring = Ring(0, 2, 4096)
    with pytest.raises(ValueError, match=r"ring|file size"):
        Window(ring.detach(), 0, slots, size)
    del ring
    assert open_descriptors() == before


def test_memory_that_could_shrink_under_its_reader_is_refused() -> None:
    fd = os.memfd_create("loose", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    os.ftruncate(fd, 4096)
    with pytest.raises(ValueError, match="could shrink"):
        Window(fd, 0, 1, 4096)
    pipe, other = os.pipe()
    os.close(other)
    with pytest.raises(ValueError, match="no memory"):
        Window(pipe, 0, 1, 4096)


def test_neither_end_can_resize_the_memory() -> None:
    ring = Ring(0, 1, mmap.PAGESIZE)
    fd = ring.detach()
    for size in (0, 2 * mmap.PAGESIZE):
        with pytest.raises(PermissionError):
            os.ftruncate(fd, size)
    os.close(fd)


def test_rings_leave_no_descriptor_and_no_name_behind() -> None:
    before, names = open_descriptors(), os.listdir("/dev/shm")
    for _ in range(20):
        slots, windows = rings()
        slots.take(1)
        slots.take(3 * SMALLEST)
        assert open_descriptors() == before + 3
        slots.close()
        windows.clear()
    assert (open_descriptors(), os.listdir("/dev/shm")) == (before, names)


def test_memory_nobody_has_written_to_costs_nothing() -> None:
    before = resident()
    slots, windows = rings(count=64)
    slots.take(2**24)
    assert windows[0].size * windows[0].slots == 2**30
    assert resident() - before < 2**28


def resident() -> int:
    """Return how many bytes of this process lie in memory."""
    with open("/proc/self/smaps_rollup") as smaps:
        return 1024 * next(int(line.split()[1]) for line in smaps if line.startswith("Rss"))
