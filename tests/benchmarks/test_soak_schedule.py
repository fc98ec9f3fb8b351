"""What is drawn for a soak, and what its processes hold."""

from __future__ import annotations

import mmap
import os
from pathlib import Path

from benchmarks.soak.model import Meadow, lit_in, number_in
from benchmarks.soak.schedule import Kind, schedule
from benchmarks.soak.usage import grown, rings, unheld

HOUR = 3600.0


def test_the_same_seed_draws_the_same() -> None:
    assert schedule(HOUR, 1) == schedule(HOUR, 1)
    assert schedule(HOUR, 1) != schedule(HOUR, 2)


def test_everything_happens_in_an_hour_in_order_and_within_it() -> None:
    events = schedule(HOUR, 1)
    assert {event.kind for event in events} == set(Kind)
    assert [event.at for event in events] == sorted(event.at for event in events)
    assert all(0 <= event.at < HOUR for event in events)


def test_the_model_never_fails_four_times_in_ten_minutes() -> None:
    failures = [e.at for e in schedule(HOUR, 1) if e.kind in (Kind.RAISE, Kind.KILL)]
    assert len(failures) == 15
    assert all(d - a > 600 for a, d in zip(failures, failures[3:], strict=False))


def test_a_short_soak_has_both_failures() -> None:
    failures = [e.kind for e in schedule(90.0, 1) if e.kind in (Kind.RAISE, Kind.KILL)]
    assert failures == [Kind.KILL, Kind.RAISE, Kind.KILL]


def test_growth_within_the_tolerance_is_none() -> None:
    warm = {"threads": 100.0, "memory, MB": 500.0, "connections": 0.0}
    assert grown(warm, {"threads": 104.0, "memory, MB": 480.0, "connections": 0.0}) == []
    assert grown(warm, {"threads": 105.0, "memory, MB": 480.0}) == [
        "threads 100 -> 105, more than 4 over"
    ]


def test_a_ring_is_found_while_it_is_mapped() -> None:
    fd = os.memfd_create("reactor-ring")
    os.ftruncate(fd, 1 << 20)
    memory = mmap.mmap(fd, 1 << 20)
    os.close(fd)
    own = [Path("/proc/self")]
    assert list(rings(own).values()) == [1 << 20]
    memory.close()
    assert rings(own) == {}


def test_a_picture_tells_its_number_and_its_lamp() -> None:
    model = Meadow()
    model.load({})
    for number, lit in ((0, False), (1, True), (40_000, True), (65_535, False)):
        luma = model.draw(number, lit=lit)[..., 0]
        assert (number_in(luma), lit_in(luma)) == (number, lit)


def test_a_file_that_somebody_has_open_is_not_left_behind(tmp_path: Path) -> None:
    (tmp_path / "forgotten").write_text("x")
    with (tmp_path / "held").open("w"):
        assert unheld(tmp_path) == {str(tmp_path / "forgotten")}
