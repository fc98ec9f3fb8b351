from __future__ import annotations

import weakref

import pytest

from reactor_actors.links.frames import Released
from reactor_actors.links.loans import Loans
from reactor_actors.links.ring import Ring, Window


def window(number: int = 0, slots: int = 2) -> Window:
    ring = Ring(number, slots, 4096)
    return Window(ring.detach(), number, slots, 4096)


def lending(slots: int = 2) -> tuple[Loans, list[None]]:
    urged: list[None] = []
    loans = Loans(lambda: urged.append(None))
    loans.open(window(slots=slots))
    return loans, urged


def test_a_slot_is_told_once_after_nobody_looks_at_it() -> None:
    loans, _ = lending()
    picture = loans.lend(0, 1).place((2, 2))
    assert loans.released() == []
    del picture
    assert loans.released() == [Released(0, [1])]
    assert loans.released() == []


def test_a_slot_without_pictures_comes_back_at_once() -> None:
    loans, _ = lending()
    loans.lend(0, 0)
    assert loans.released() == [Released(0, [0])]


def test_only_a_writer_that_may_be_waiting_is_told_at_once() -> None:
    loans, urged = lending(slots=2)
    one = loans.lend(0, 0).place((2, 2))
    del one
    assert (loans.exhausted, urged) == (False, [])
    # As far as the writer knows, slot 0 is out still.
    two = loans.lend(0, 1).place((2, 2))
    assert loans.exhausted
    del two
    assert urged == [None]
    assert loans.released() == [Released(0, [0, 1])]
    assert not loans.exhausted


def test_slots_of_an_older_ring_are_not_told() -> None:
    loans, urged = lending(slots=1)
    old = loans.lend(0, 0).place((2, 2))
    loans.open(window(1, slots=1))
    new = loans.lend(1, 0).place((2, 2))
    del old
    assert loans.released() == []
    del new
    assert loans.released() == [Released(1, [0])]
    assert len(urged) >= 1


def test_after_the_end_pictures_go_quietly() -> None:
    loans, urged = lending(slots=1)
    picture = loans.lend(0, 0).place((2, 2))
    loans.close()
    del picture
    assert (loans.released(), urged, loans.exhausted) == ([], [], False)


def test_pictures_that_outlive_the_link_do_not_keep_alive_what_keeps_them() -> None:
    class Clients:
        def urge(self) -> None:
            pass

    clients = Clients()
    loans = Loans(clients.urge)
    loans.open(window())
    clients.picture = loans.lend(0, 0).place((2, 2))  # type: ignore[attr-defined]
    loans.close()
    gone = weakref.ref(clients)
    del clients
    assert gone() is None


@pytest.mark.parametrize(("ring", "slot"), [(1, 0), (0, 2), (0, -1)])
def test_what_is_not_there_cannot_be_lent(ring: int, slot: int) -> None:
    loans, _ = lending()
    with pytest.raises(ValueError, match=r"nothing|no slot"):
        loans.lend(ring, slot)


def test_no_more_slots_are_lent_than_there_are() -> None:
    loans, _ = lending(slots=1)
    picture = loans.lend(0, 0).place((2, 2))
    with pytest.raises(ValueError, match="more slots are lent"):
        loans.lend(0, 0)
    del picture
