from __future__ import annotations

import weakref
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from reactor_actors.classic.buckets import PATIENCE, REMEMBERED, WAITING, Buckets, Contents

TRACKS = ("left", "right", "voice")


class Picture:
    """Something that a weak reference can follow."""

    def __init__(self, index: int) -> None:
        self.index = index


def emitted(buckets: Buckets, *emits: tuple[Any, ...]) -> list[Contents]:
    """Add one after the other; return everything that left, in order."""
    gone: list[Contents] = []
    for emit in emits:
        gone += buckets.add(*emit, now=0.0) or []
    return gone


def test_one_track_leaves_with_every_emit() -> None:
    buckets = Buckets(["main"])
    assert emitted(buckets, *[("main", n) for n in range(3)]) == [{"main": n} for n in range(3)]


def test_a_bucket_leaves_when_every_track_has_contributed() -> None:
    buckets = Buckets(["left", "right"])
    assert buckets.add("left", 1, now=0.0) == []
    assert buckets.add("right", 2, now=0.0) == [{"left": 1, "right": 2}]


def test_tracks_are_paired_by_how_often_each_has_emitted() -> None:
    buckets = Buckets(["left", "right"])
    assert emitted(buckets, ("left", 1), ("left", 2), ("left", 3)) == []
    assert emitted(buckets, ("right", 4)) == [{"left": 1, "right": 4}]
    assert emitted(buckets, ("right", 5)) == [{"left": 2, "right": 5}]


def test_named_buckets_leave_as_they_complete_and_are_not_sorted() -> None:
    buckets = Buckets(["left", "right"])
    gone = emitted(
        buckets, ("left", 1, 10), ("left", 2, 20), ("right", 3, 20), ("right", 4, 10),
    )  # fmt: skip
    assert gone == [{"left": 2, "right": 3}, {"left": 1, "right": 4}]


def test_a_second_emit_into_a_bucket_that_waits_replaces_the_first() -> None:
    buckets = Buckets(["left", "right"])
    gone = emitted(buckets, ("left", 1, 0), ("left", 2, 0), ("right", 3, 0))
    assert gone == [{"left": 2, "right": 3}]


def test_an_emit_into_a_bucket_that_has_left_is_ignored() -> None:
    buckets = Buckets(["left", "right"])
    emitted(buckets, ("left", 1, 0), ("right", 2, 0))
    assert buckets.add("left", 3, 0, now=0.0) is None
    assert emitted(buckets, ("left", 4), ("right", 5)) == [{"left": 4, "right": 5}]


def test_a_named_bucket_moves_the_tracks_own_count_on() -> None:
    buckets = Buckets(["left", "right"])
    gone = emitted(buckets, ("left", 1, 5), ("left", 2), ("right", 3, 6), ("right", 4, 5))
    assert gone == [{"left": 2, "right": 3}, {"left": 1, "right": 4}]


def test_eight_buckets_wait_and_the_ninth_shows_who_is_quiet() -> None:
    buckets = Buckets(["left", "right"])
    assert emitted(buckets, *[("left", n) for n in range(WAITING)]) == []
    assert buckets.add("left", WAITING, now=0.0) == [{"left": n} for n in range(WAITING + 1)]
    assert buckets.add("left", 9, now=0.0) == [{"left": 9}]


def test_a_track_that_contributes_now_and_then_is_not_quiet_and_only_the_oldest_gives_way() -> None:
    buckets = Buckets(["left", "right"])
    emitted(buckets, *[("left", n) for n in range(WAITING)])
    buckets.add("right", "r", 3, now=0.0)
    assert emitted(buckets, ("left", 8)) == []
    assert emitted(buckets, ("left", 9)) == [{"left": 0}]
    assert emitted(buckets, ("right", "s", 1)) == [{"left": 1, "right": "s"}]


def test_a_late_emit_goes_to_the_oldest_bucket_that_still_waits() -> None:
    buckets = Buckets(["left", "right"])
    emitted(buckets, *[("left", n) for n in range(WAITING)], ("right", "r", 3))
    emitted(buckets, ("left", 8), ("left", 9))  # 3 has left complete, then 0 as it was
    assert buckets.add("right", "s", 0, now=0.0) is None
    assert buckets.add("right", "t", now=0.0) == [{"left": 4, "right": "t"}]


def test_a_quiet_track_that_returns_is_paired_with_the_newest_bucket_and_waited_for_again() -> None:
    buckets = Buckets(["left", "right", "voice"])
    for n in range(WAITING + 1):
        emitted(buckets, ("left", n), ("voice", n))
    assert emitted(buckets, ("left", 20), ("left", 21), ("right", "back")) == []
    assert buckets.add("voice", 20, now=0.0) == [
        {"left": 20, "voice": 20}
    ]  # from before the return
    assert buckets.add("voice", 21, now=0.0) == [{"left": 21, "right": "back", "voice": 21}]
    assert emitted(buckets, ("left", 22), ("voice", 22)) == []
    assert buckets.add("right", "on", now=0.0) == [{"left": 22, "voice": 22, "right": "on"}]


def test_a_quiet_track_that_finds_no_bucket_opens_the_next_one() -> None:
    buckets = Buckets(["left", "right"])
    emitted(buckets, *[("left", n) for n in range(WAITING + 1)])
    assert buckets.add("right", "back", now=0.0) == []
    assert buckets.add("left", "next", now=0.0) == [{"left": "next", "right": "back"}]


def test_who_opens_the_ninth_bucket_is_not_quiet() -> None:
    buckets = Buckets(["left", "right"])
    emitted(buckets, *[("left", n) for n in range(WAITING)])
    assert buckets.add("right", "r", 99, now=0.0) == [{"left": 0}]
    assert buckets.add("left", 8, 99, now=0.0) == [{"left": 8, "right": "r"}]


def test_what_has_left_is_let_go() -> None:
    buckets = Buckets(["main"])
    picture = Picture(0)
    gone = weakref.ref(picture)
    buckets.add("main", picture, now=0.0)
    del picture
    assert gone() is None


emits = st.lists(
    st.tuples(st.sampled_from(TRACKS), st.none() | st.integers(0, 25)), min_size=1, max_size=120
)


@given(emits)
def test_every_value_leaves_at_most_once_and_only_as_its_own_track(
    script: list[tuple[str, int | None]],
) -> None:
    buckets = Buckets(TRACKS)
    left = []
    for number, (track, index) in enumerate(script):
        for contents in buckets.add(track, (track, number), index, now=0.0) or []:
            assert all(value[0] == name for name, value in contents.items())
            left += list(contents.values())
    assert len(left) == len(set(left))


@given(st.lists(st.tuples(st.sampled_from(TRACKS), st.integers(0, 40)), max_size=120))
def test_no_more_than_eight_buckets_are_ever_kept(script: list[tuple[str, int]]) -> None:
    buckets = Buckets(TRACKS)
    kept: weakref.WeakSet[Picture] = weakref.WeakSet()
    for track, index in script:
        picture = Picture(index)
        kept.add(picture)
        buckets.add(track, picture, index, now=0.0)
        del picture
        assert len({waiting.index for waiting in kept}) <= WAITING


@given(emits, st.integers(0, 2))
def test_whoever_goes_on_emitting_gets_everything_out_within_eighteen_emits(
    script: list[tuple[str, int | None]], who: int
) -> None:
    buckets = Buckets(TRACKS)
    for number, (track, index) in enumerate(script):
        buckets.add(track, number, index, now=0.0)
    out = [
        value
        for number in range(2 * WAITING + 2)
        for contents in buckets.add(TRACKS[who], f"new {number}", now=0.0) or []
        for value in contents.values()
    ]
    assert "new 0" in out
    assert buckets.add(TRACKS[who], "last", now=0.0) == [{TRACKS[who]: "last"}]


def test_a_session_of_days_keeps_no_more_than_the_newest_indices() -> None:
    buckets = Buckets(["main"])
    for number in range(3 * REMEMBERED):
        buckets.add("main", number, now=0.0)
    assert buckets.add("main", "again", 3 * REMEMBERED - REMEMBERED, now=0.0) is None
    assert buckets.add("main", "again", 0, now=0.0) == [{"main": "again"}]


def test_a_track_that_says_nothing_for_a_second_holds_up_no_picture_of_a_slow_model() -> None:
    buckets = Buckets(["main", "voice"])
    assert buckets.add("main", 0, now=0.0) == []
    assert buckets.add("main", 1, now=PATIENCE / 2) == []
    gone = buckets.add("main", 2, now=PATIENCE)
    assert gone == [{"main": 0}, {"main": 1}, {"main": 2}]
    assert buckets.add("main", 3, now=PATIENCE) == [{"main": 3}]
    assert buckets.add("voice", "v", now=2.0) == []
    assert buckets.add("main", 4, now=2.0) == [{"main": 4, "voice": "v"}]


def test_a_track_that_is_only_late_is_waited_for() -> None:
    buckets = Buckets(["main", "voice"])
    buckets.add("main", 0, now=0.0)
    assert buckets.add("voice", "v", now=5 * PATIENCE) == [{"main": 0, "voice": "v"}]
    buckets.add("main", 1, now=5 * PATIENCE)
    buckets.add("main", 2, now=5.5 * PATIENCE)
    assert buckets.add("voice", "w", now=5.9 * PATIENCE) == [{"main": 1, "voice": "w"}]
    assert buckets.add("main", 3, now=6.4 * PATIENCE) == []


def test_who_would_be_left_behind_is_told_before_it_happens() -> None:
    buckets = Buckets(["main", "voice"])
    for number in range(WAITING):
        assert buckets.holds_up("main") == set()
        buckets.add("main", number, now=0.0)
    assert buckets.holds_up("main") == {"voice"}
    assert buckets.holds_up("main", 3) == set()
    assert buckets.holds_up("voice") == set()
    assert buckets.add("voice", "v", now=0.0) == [{"main": 0, "voice": "v"}]
    assert buckets.holds_up("main") == set()
