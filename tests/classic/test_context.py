from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from typing import Any

import pytest

from reactor_actors.classic import context as contexts
from reactor_actors.classic.context import ReactorContext, get_ctx
from reactor_actors.classic.tracks import MediaTrack, VideoOut


class FakeOwner:
    """What a context reaches; records what it is asked."""

    def __init__(self, default: bool = True) -> None:
        self.tracks: Mapping[str, MediaTrack] = {
            name: VideoOut().joined(name, None) for name in ("main", "side")
        }
        self.default = self.tracks["main"] if default else None
        self.crowded = False
        self.asked: list[Any] = []

    def say(self, message: Any) -> None:
        self.asked.append(message)

    def measure(self, on: bool) -> None:
        self.asked.append(on)


@pytest.fixture
def process() -> Iterator[None]:
    """A process in which no session has begun."""
    try:
        before: ReactorContext | None = get_ctx()
    except RuntimeError:
        before = None
    contexts.enter(None)
    yield
    contexts.enter(before)


@pytest.mark.usefixtures("process")
def test_before_the_first_session_there_is_no_context() -> None:
    with pytest.raises(RuntimeError, match=r"get_ctx\(\) works once a session has begun: use it"):
        get_ctx()


@pytest.mark.usefixtures("process")
def test_any_thread_finds_the_context_that_was_entered_last() -> None:
    first, second = ReactorContext(FakeOwner()), ReactorContext(FakeOwner())
    contexts.enter(first)
    assert get_ctx() is first
    contexts.enter(second)
    found: Future[ReactorContext] = Future()
    thread = threading.Thread(target=lambda: found.set_result(get_ctx()))
    thread.start()
    thread.join()
    assert found.result() is second


def test_a_context_that_is_stopped_stays_so_and_has_nobody_connected() -> None:
    owner = FakeOwner()
    context = ReactorContext(owner)
    assert (context.should_stop(), context.is_media_configured) == (False, False)
    owner.crowded = True
    assert context.is_media_configured
    context.stop()
    assert (context.should_stop(), context.is_media_configured) == (True, False)
    assert repr(context) == "<ReactorContext should_stop=True>"


def test_tracks_are_found_by_name_or_by_being_the_default() -> None:
    owner = FakeOwner()
    context = ReactorContext(owner)
    assert context.get_track() is context.get_track("main") is owner.tracks["main"]
    assert context.get_track("side") is owner.tracks["side"]


def test_a_track_that_is_not_there_is_told_which_ones_are() -> None:
    with pytest.raises(RuntimeError, match="has no track 'mian'; it has: 'main', 'side'"):
        ReactorContext(FakeOwner()).get_track("mian")
    with pytest.raises(RuntimeError, match="has no default track; it has: 'main', 'side'"):
        ReactorContext(FakeOwner(default=False)).get_track()


def test_what_is_said_and_measured_goes_to_the_owner() -> None:
    owner = FakeOwner()
    context = ReactorContext(owner)
    context.send({"type": "hi"})
    context.disable_monitoring()
    context.enable_monitoring()
    assert owner.asked == [{"type": "hi"}, False, True]


def test_what_an_old_session_still_sends_reaches_nobody() -> None:
    owner = FakeOwner()
    context = ReactorContext(owner)
    context.send({"type": "here"})
    context.stop()
    context.send({"type": "late"})
    assert owner.asked == [{"type": "here"}]


def test_an_old_session_has_no_say_in_the_rate_of_the_next() -> None:
    owner = FakeOwner()
    context = ReactorContext(owner)
    context.stop()
    context.disable_monitoring()
    context.enable_monitoring()
    assert owner.asked == []


def test_what_a_context_has_not_says_where_to_look() -> None:
    context = ReactorContext(FakeOwner())
    with pytest.raises(AttributeError, match=r"no 'emit_block'; emit on a track: get_ctx\(\)"):
        _ = context.emit_block
    with pytest.raises(AttributeError, match=r"no 'profiler'; docs/migrating\.md"):
        _ = context.profiler
    assert not hasattr(context, "anything")
