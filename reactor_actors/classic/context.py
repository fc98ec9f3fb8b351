"""`get_ctx()`: the way to the running session, from any module and any thread of the process."""

from __future__ import annotations

from collections.abc import Mapping
from threading import Event
from typing import Any, NoReturn, Protocol

from reactor_actors.classic.tracks import MediaTrack

_current: ReactorContext | None = None


class Owner(Protocol):
    """What a context reaches of the program that serves the session."""

    @property
    def tracks(self) -> Mapping[str, MediaTrack]:
        """The model's tracks."""

    @property
    def default(self) -> MediaTrack | None:
        """The track of `get_track()`."""

    @property
    def crowded(self) -> bool:
        """Whether a client is connected."""

    def say(self, message: Any) -> None:
        """Broadcast a message."""

    def measure(self, on: bool) -> None:
        """Switch the measuring of the rate on or off."""


class ReactorContext:
    """One session, as author code sees it. Any thread may use it."""

    def __init__(self, owner: Owner) -> None:
        self._owner = owner
        self._stopped = Event()

    def __getattr__(self, name: str) -> NoReturn:
        meant = "; emit on a track: get_ctx().get_track().emit(frame)" if "emit" in name else ""
        raise AttributeError(
            f"the context has no {name!r}{meant}; docs/migrating.md in the repository of "
            "reactor_actors lists what is covered"
        )

    def __repr__(self) -> str:
        return f"<ReactorContext should_stop={self.should_stop()}>"

    @property
    def is_media_configured(self) -> bool:
        """Whether a client is connected."""
        return self._owner.crowded and not self.should_stop()

    def should_stop(self) -> bool:
        """Whether the session is over, so that `start_session` is to return."""
        return self._stopped.is_set()

    def send(self, message: Mapping[str, Any]) -> None:
        """Send a dict to every client: what is there of `type` and `data` as it is.

        After the session it does nothing: whoever is there next has nothing to do with it. Raises
        `TypeError` or `ValueError` for what JSON cannot say.
        """
        if not self.should_stop():
            self._owner.say(message)

    def get_track(self, name: str | None = None) -> Any:
        """Return a track: by name, else the default one. Raises `RuntimeError` if there is none."""
        track = self._owner.default if name is None else self._owner.tracks.get(name)
        if track is None:
            known = ", ".join(map(repr, self._owner.tracks))
            what = "default track" if name is None else f"track {name!r}"
            raise RuntimeError(f"this model has no {what}; it has: {known}")
        return track

    def enable_monitoring(self) -> None:
        """Measure the rate, beginning with the next emit. Nothing at a fixed rate."""
        self._measure(True)

    def disable_monitoring(self) -> None:
        """Keep the rate as it is. Nothing at a fixed rate."""
        self._measure(False)

    def stop(self) -> None:
        """Make `should_stop()` true. Belongs to the runtime."""
        self._stopped.set()

    def _measure(self, on: bool) -> None:
        if not self.should_stop():
            self._owner.measure(on)


def get_ctx() -> ReactorContext:
    """Return the session of this process: the running one, else the one before.

    Raises `RuntimeError` before the first session.
    """
    if _current is None:
        raise RuntimeError(
            "get_ctx() works once a session has begun: use it in start_session(), in commands or "
            "in on_media(), not at import or in __init__()"
        )
    return _current


def enter(context: ReactorContext | None) -> None:
    """Make a context that of the process. Belongs to the runtime."""
    global _current
    _current = context
