"""Generation 1 on Ray: a process of its own, and another one when it does not come back."""

from __future__ import annotations

import dataclasses
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from reactor_actors import Deployment, launch
from reactor_actors.core.session import Limits
from reactor_actors.transports.settings import ServerSettings
from tests.ray.test_launch import until

pytestmark = [pytest.mark.ray, pytest.mark.timeout(180)]

SECONDS = 60.0
MODEL = """
import os
import threading
import time

import numpy as np

from reactor_actors import VideoModel, command, get_ctx, model


@model(name="stubborn", config="stubborn.yml")
class Stubborn(VideoModel):
    emission_fps = 30

    def __init__(self, config):
        self.level = config.levels.first
        self.deaf = False
        self.sessions = 0
        self.built_in = threading.get_ident()

    def start_session(self):
        self.sessions += 1
        context = get_ctx()
        while self.deaf or not context.should_stop():
            context.get_track().emit(np.full((32, 48, 3), self.level, np.uint8))
            if self.deaf and context.should_stop():
                self.deny()

    def deny(self):
        time.sleep(3600)

    @command("set_level")
    def set_level(self, level: int = 50):
        self.level = level

    @command("ignore")
    def ignore(self):
        self.deaf = True

    @command("describe")
    def describe(self):
        same = self.built_in != threading.get_ident()
        return {"pid": os.getpid(), "sessions": self.sessions, "beside": same}
"""


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """A folder without a manifest, whose model names its config itself."""
    folder: Path = tmp_path_factory.mktemp("stubborn")
    (folder / "stubborn.py").write_text(MODEL)
    (folder / "stubborn.yml").write_text("levels: {first: 90}")
    base = ServerSettings()
    limits = Limits(grace=0.5)
    settings = dataclasses.replace(base, venue=dataclasses.replace(base.venue, session=limits))
    with launch(folder, settings=settings) as launched:
        yield launched


def stop(deployment: Deployment) -> None:
    """End the session, as an operator would."""
    request = urllib.request.Request(f"{deployment.url}/stop_session", b"{}", method="POST")
    with urllib.request.urlopen(request, timeout=10) as answer:
        answer.read()


def described(connection: Any) -> dict[str, Any]:
    reply = connection.ask("describe")
    assert reply is not None
    return dict(reply.data)


def shows(connection: Any, level: int) -> None:
    until(lambda: abs(int(connection.frame()[0, 0, 0]) - level) <= 3)


def test_a_folder_without_a_manifest_is_served(deployment: Deployment) -> None:
    assert deployment.status().model == "stubborn"
    with deployment.connect() as connection:
        shows(connection, 90)
        assert connection.ask("set_level", level=180) is None
        shows(connection, 180)
        assert described(connection)["beside"]


def test_sessions_follow_each_other_in_one_process(deployment: Deployment) -> None:
    seen = []
    for _ in range(2):
        with deployment.connect() as connection:
            connection.frame()
            seen.append(described(connection))
            stop(deployment)
            assert [m.type for m in connection.messages(timeout=SECONDS)] == ["sessionEnded"]
    assert seen[0]["pid"] == seen[1]["pid"]
    assert seen[1]["sessions"] == seen[0]["sessions"] + 1


def test_a_session_that_does_not_come_back_costs_its_process_and_the_next_one_works(
    deployment: Deployment, capfd: pytest.CaptureFixture[str]
) -> None:
    printed: list[str] = []

    def told(words: str) -> bool:
        printed.extend(capfd.readouterr())
        return words in "".join(printed)

    with deployment.connect() as connection:
        connection.frame()
        before = described(connection)
        connection.ask("ignore")
        stop(deployment)
        assert [m.type for m in connection.messages(timeout=SECONDS)] == ["sessionEnded"]
    until(lambda: deployment.status().state == "available")
    until(lambda: told("the model did not come back to the runtime within 0.5 s"))
    until(lambda: told("in deny"))
    with deployment.connect() as connection:
        shows(connection, 90)  # a fresh instance
        after = described(connection)
        assert connection.ask("set_level", level=20) is None
        shows(connection, 20)
    assert after["pid"] != before["pid"]
    assert after["sessions"] == 1
    assert deployment.status().replicas[0].restarts == 1
