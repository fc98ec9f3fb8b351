"""The life of a deployment, from signal to exit, with a deployment that takes no time."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from reactor_actors.actors.console import Line
from reactor_actors.core.contract import Contract
from reactor_actors.core.errors import ModelError
from reactor_actors.core.media import Direction, Kind, Track
from reactor_actors.loader import ModelSource
from reactor_actors.manifest import Manifest
from reactor_actors.serving import Orders, serve
from reactor_actors.transports.http.settings import HttpSettings
from reactor_actors.transports.settings import ServerSettings
from reactor_actors.transports.status import Status

SOURCE = ModelSource(Manifest(folder=Path("/m"), import_string="a:B", name="a"), {})


def orders(drain: float = 30.0) -> Orders:
    return Orders(source=SOURCE, version="0", drain=drain)


def send(number: int) -> None:
    """Send a signal as another process would."""
    os.kill(os.getpid(), number)


class Deployment:
    """A deployment that does what a test has written down for each call of `ended` and `drain`."""

    url = "http://127.0.0.1:1"

    def __init__(self) -> None:
        self.told: list[str] = []
        self.lives: list[Callable[[], bool | None]] = []
        self.drains: list[Callable[[], bool]] = []
        self.given_up = False
        self.tracks: tuple[Track, ...] = ()

    def ended(self, seconds: float) -> bool | None:
        return self.lives.pop(0)() if self.lives else None

    def contract(self) -> Contract | None:
        return Contract(name="a", tracks=self.tracks)

    def status(self) -> Status:
        return Status("a", self.url, "available")

    def drain(self, seconds: float) -> bool:
        self.told.append("drain")
        return self.drains.pop(0)() if self.drains else True

    def stop(self) -> None:
        self.told.append("stop")

    @contextmanager
    def cluster(
        self, orders: Orders, line: Callable[[Line], None]
    ) -> Iterator[Callable[[], Deployment]]:
        """Be the cluster that it runs on, too."""
        self.told.append("join")
        try:
            yield self._deploy
        finally:
            self.told.append("leave")

    def _deploy(self) -> Deployment:
        self.told.append("deploy")
        return self


class Told:
    """What a person was told, in order and without repetition."""

    def __init__(self) -> None:
        self.words: list[str] = []

    def _say(self, word: str) -> None:
        if word not in self.words:
            self.words.append(word)

    def line(self, line: Line) -> None:
        self._say(line.text)

    def listening(self, url: str) -> None:
        self._say("listening")

    def loaded(self, contract: Contract, status: Status, seconds: float) -> None:
        self._say(f"loaded {contract.name}")

    def stands(self, status: Status) -> None:
        self._say(status.state)

    def draining(self, seconds: float) -> None:
        self._say(f"draining {seconds:g}")

    def ending(self) -> None:
        self._say("ending")

    def close(self) -> None:
        self._say("closed")


def interrupt(number: int) -> Callable[[], None]:
    return lambda: send(number)


@pytest.fixture
def deployment() -> Deployment:
    return Deployment()


@pytest.fixture(autouse=True)
def handlers_are_given_back() -> Iterator[None]:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    yield
    assert [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)] == before


def test_ctrl_c_ends_in_order_and_at_once(deployment: Deployment) -> None:
    deployment.lives = [lambda: None, interrupt(signal.SIGINT)]
    told = Told()
    assert serve(orders(), told, deployment.cluster)
    assert deployment.told == ["join", "deploy", "stop", "leave"]
    assert told.words == ["listening", "loaded a", "available", "ending"]


@pytest.mark.parametrize(("direction", "warned"), [(Direction.IN, True), (Direction.OUT, False)])
def test_who_serves_to_other_machines_is_told_what_a_browser_will_refuse(
    deployment: Deployment, caplog: pytest.LogCaptureFixture, direction: Direction, warned: bool
) -> None:
    deployment.tracks = (Track("webcam", Kind.VIDEO, direction),)
    deployment.lives = [lambda: None, interrupt(signal.SIGINT)]
    served = replace(orders(), settings=ServerSettings(http=HttpSettings(host="0.0.0.0")))
    assert serve(served, Told(), deployment.cluster)
    assert any("webcam or microphone" in line for line in caplog.messages) == warned


def test_sigterm_lets_the_session_end_by_itself(deployment: Deployment) -> None:
    deployment.lives = [interrupt(signal.SIGTERM)]
    deployment.drains = [lambda: False, lambda: False, lambda: True]
    told = Told()
    assert serve(orders(), told, deployment.cluster)
    assert deployment.told == ["join", "deploy", "drain", "drain", "drain", "stop", "leave"]
    assert told.words[-2:] == ["draining 30", "ending"]


def test_sigterm_without_a_session_waits_for_nothing(deployment: Deployment) -> None:
    deployment.lives = [interrupt(signal.SIGTERM)]
    told = Told()
    assert serve(orders(), told, deployment.cluster)
    assert deployment.told == ["join", "deploy", "drain", "stop", "leave"]
    assert "draining 30" not in told.words


def test_the_time_for_a_drain_ends(deployment: Deployment) -> None:
    deployment.lives = [interrupt(signal.SIGTERM)]
    deployment.drains = [lambda: False] * 100_000
    assert serve(orders(drain=0.05), Told(), deployment.cluster)
    assert deployment.told[-2:] == ["stop", "leave"]
    assert len(deployment.drains) < 100_000


def test_without_time_for_a_drain_the_session_is_stopped(deployment: Deployment) -> None:
    deployment.lives = [interrupt(signal.SIGTERM)]
    deployment.drains = [lambda: False]
    assert serve(orders(drain=0.0), Told(), deployment.cluster)
    assert deployment.told == ["join", "deploy", "stop", "leave"]


@pytest.mark.parametrize("second", [signal.SIGINT, signal.SIGTERM])
def test_a_second_signal_skips_the_drain_and_the_end_is_still_a_clean_one(
    deployment: Deployment, second: int
) -> None:
    def impatient() -> bool:
        send(second)
        return False

    deployment.lives = [interrupt(signal.SIGTERM)]
    deployment.drains = [impatient, *[lambda: False] * 1_000_000]
    assert serve(orders(drain=1e6), Told(), deployment.cluster)
    assert deployment.told[-2:] == ["stop", "leave"]
    assert deployment.drains, "the drain was waited for"


def test_a_signal_while_the_cluster_is_joined_deploys_nothing(deployment: Deployment) -> None:
    @contextmanager
    def slow(orders: Orders, line: Callable[[Line], None]) -> Iterator[Callable[[], Deployment]]:
        with deployment.cluster(orders, line) as deploy:
            send(signal.SIGINT)
            assert heard.wait(10)
            yield deploy

    class Listening(Told):
        def ending(self) -> None:
            super().ending()
            heard.set()

    heard = threading.Event()
    told = Listening()
    assert serve(orders(), told, slow)
    assert deployment.told == ["join", "leave"]
    assert told.words == ["ending"]


def test_a_model_given_up_is_served_on_until_a_signal_and_the_end_is_not_clean(
    deployment: Deployment,
) -> None:
    asked: list[int] = []

    class Terminated(Told):
        def stands(self, status: Status) -> None:
            asked.append(1)
            if len(asked) == 2:
                send(signal.SIGINT)

    deployment.lives = [lambda: False]
    assert not serve(orders(), Terminated(), deployment.cluster)
    assert len(asked) >= 2
    assert deployment.told[-2:] == ["stop", "leave"]


def test_a_declaration_that_no_restart_mends_is_raised_after_the_end(
    deployment: Deployment,
) -> None:
    def broken() -> bool | None:
        raise ModelError("the model is wrong", "its traceback")

    deployment.lives = [broken]
    with pytest.raises(ModelError, match="the model is wrong"):
        serve(orders(), Told(), deployment.cluster)
    assert deployment.told == ["join", "deploy", "stop", "leave"]
