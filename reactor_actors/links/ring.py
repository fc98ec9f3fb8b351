"""Rings: slots in memory that two processes share. The writer fills one, the reader lends it out.

The memory is a memfd: it has no name anywhere and is gone with the last process that maps it,
however that one ends. A slot belongs to the writer until it is announced, then to the reader until
it is given back. Nothing in the memory says so, and nothing is read while it is written.

The reader lends a slot as arrays, and the slot comes back when the last of them is gone. Whoever
shows a picture, encodes it or keeps it for a late viewer just holds the array.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import weakref
from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import DTypeLike, NDArray

Shape: TypeAlias = tuple[int, ...]

SMALLEST = 2**20
MOST_SLOTS = 2**16
MOST_BYTES = 2**32
"""Of one slot. Pages that nobody has written to cost nothing."""

_ALIGNMENT = 64
_SEALS = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL


def space_for(sizes: Iterable[int]) -> int:
    """Return the bytes that arrays of these sizes in bytes take in a slot."""
    return sum(_aligned(size) for size in sizes)


class Slot:
    """A slot of a ring: two numbers, and memory in which arrays are placed one after the other.

    Writer and reader place the same shapes in the same order, so no offsets need to be told.
    """

    __slots__ = ("_next", "memory", "number", "ring")

    def __init__(self, ring: int, number: int, memory: NDArray[np.uint8]) -> None:
        self.ring = ring
        self.number = number
        self.memory = memory
        self._next = 0

    def place(self, shape: Shape, dtype: DTypeLike = np.uint8) -> NDArray[Any]:
        """Return the next array. Raises `ValueError` when it does not fit or has no such shape."""
        try:
            array: NDArray[Any] = np.ndarray(shape, dtype, self.memory, self._next)
        except (TypeError, OverflowError) as error:
            raise ValueError(f"no array of shape {shape} in a slot: {error}") from error
        self._next += _aligned(array.nbytes)
        return array


class Ring:
    """The writer's end: makes the memory and knows which slots are free.

    The slot given back last is taken first: its pages are there already, and warm. `give_back` may
    come from another thread than `take`.
    """

    def __init__(self, number: int, slots: int, size: int) -> None:
        self.number = number
        self.slots = slots
        self.size = size
        self._free = list(reversed(range(slots)))
        self._fd = os.memfd_create("reactor-ring", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        try:
            os.ftruncate(self._fd, slots * size)
            # A reader of memory that shrinks under it would be killed by SIGBUS.
            fcntl.fcntl(self._fd, fcntl.F_ADD_SEALS, _SEALS)
            self._memory = mmap.mmap(self._fd, slots * size)
        except BaseException:
            os.close(self._fd)
            raise

    def detach(self) -> int:
        """Return the descriptor; the caller closes it. The memory stays. Once."""
        fd, self._fd = self._fd, -1
        return fd

    @property
    def free(self) -> int:
        """How many slots can be taken."""
        return len(self._free)

    def take(self) -> Slot | None:
        """Take a free slot, or None."""
        try:
            number = self._free.pop()
        except IndexError:
            return None
        return Slot(self.number, number, _bytes_of(self._memory, number, self.size))

    def give_back(self, number: int) -> None:
        """Make a slot free again. Raises `ValueError` for one that is free, or does not exist."""
        if not 0 <= number < self.slots or number in self._free:
            raise ValueError(f"slot {number} was not taken")
        self._free.append(number)


class Slots:
    """A ring that is made when it is needed, and made anew when a slot has to be larger.

    `announce` is called with every new ring before a slot of it is taken; the ring before is left
    to those who still read it. Rings are numbered from 0.
    """

    def __init__(self, count: int, announce: Callable[[Ring], None]) -> None:
        self._count = count
        self._announce = announce
        self._made = 0
        self._ring: Ring | None = None

    def take(self, size: int) -> Slot | None:
        """Take a slot of at least `size` bytes, or None. Raises `OSError` without memory."""
        return self._grown(size).take()

    def ready(self, size: int) -> bool:
        """Whether `take` would give a slot."""
        ring = self._ring
        return ring is None or size > ring.size or ring.free > 0

    def give_back(self, ring: int, numbers: Iterable[int]) -> None:
        """Take slots back; those of an older ring are nobody's. Raises `ValueError`."""
        present = self._ring
        if present is not None and ring == present.number:
            for number in numbers:
                present.give_back(number)

    def close(self) -> None:
        """Let go of the memory."""
        self._ring = None

    def _grown(self, size: int) -> Ring:
        ring = self._ring
        if ring is None or size > ring.size:
            # The next power of two: what is not written to costs nothing, and growth is rare.
            room = max(SMALLEST, 1 << (size - 1).bit_length())
            ring = self._ring = Ring(self._made, self._count, room)
            self._made += 1
            self._announce(ring)
        return ring


class Window:
    """The reader's end: the ring's memory, mapped read-only. Closes the descriptor in any case.

    Raises `ValueError` for a descriptor that is no such ring. The mapping lives as long as an array
    of it does, also when this object and the writer are gone.
    """

    def __init__(self, fd: int, number: int, slots: int, size: int) -> None:
        self.number = number
        self.slots = slots
        self.size = size
        try:
            if not (0 < slots <= MOST_SLOTS and 0 < size <= MOST_BYTES):
                raise ValueError(f"a ring of {slots} slots with {size} bytes each")
            if fcntl.fcntl(fd, fcntl.F_GET_SEALS) & _SEALS != _SEALS:
                raise ValueError("a ring that could shrink while it is read")
            self._memory = mmap.mmap(fd, slots * size, prot=mmap.PROT_READ)
        except OSError as error:
            raise ValueError(f"no memory of a ring: {error}") from error
        finally:
            os.close(fd)

    def slot(self, number: int) -> Slot:
        """Return a slot to be read at once. Raises `ValueError` for one that does not exist."""
        if not 0 <= number < self.slots:
            raise ValueError(f"there is no slot {number}")
        return Slot(self.number, number, _bytes_of(self._memory, number, self.size))

    def lend(self, number: int, returned: Callable[[int, int], None]) -> Slot:
        """Return a slot to be read for as long as anybody likes.

        `returned(ring, slot)` is called, in whatever thread that is, once neither this slot nor any
        array placed in it is referred to. Raises `ValueError` for a slot that does not exist.
        """
        slot = self.slot(number)
        # Views refer to the array they were taken from, views of views and exported buffers too.
        weakref.finalize(slot.memory, returned, self.number, number).atexit = False
        return slot


def _bytes_of(memory: mmap.mmap, number: int, size: int) -> NDArray[np.uint8]:
    return np.frombuffer(memory, np.uint8, size, number * size)


def _aligned(size: int) -> int:
    return -(-size // _ALIGNMENT) * _ALIGNMENT
