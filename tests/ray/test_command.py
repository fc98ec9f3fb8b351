"""The command as a person meets it: on a terminal, in a log, and at its end."""

from __future__ import annotations

import json
import os
import re
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from tests.ray.command import Command, alive

pytestmark = [pytest.mark.ray, pytest.mark.timeout(180)]

MODEL = """
import logging
import os
import subprocess
import sys
from reactor_actors.interface import Output, ReactorModel, Video, event, session_started

log = logging.getLogger(__name__)

class Picture(Output):
    main_video: Video

class Talker(ReactorModel):
    output = (Picture,)

    def load(self, config):
        print("printed by load")
        print("10%", end="\\r"); print("100%")
        log.info("logged by load", extra={"step": 3})
        os.write(2, b"native words\\n")
        subprocess.Popen(["sleep", "1000"])

    async def run(self):
        import asyncio
        await asyncio.sleep(3600)

    @session_started
    def begin(self):
        log.warning("a session has begun", extra={"answer": 42})

    @event(name="crash")
    def crash(self):
        os.abort()
"""
Serve: TypeAlias = Callable[..., Command]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    (tmp_path / "talker.py").write_text(MODEL)
    (tmp_path / "reactor.yaml").write_text("model: talker:Talker")
    begun: list[Command] = []

    def start(*options: str, **more: Any) -> Command:
        begun.append(Command(tmp_path, *options, **more))
        return begun[-1]

    yield start
    for command in begun:
        command.close()


def records(command: Command) -> list[dict[str, Any]]:
    return [json.loads(line) for line in command.raw.splitlines()]


def test_on_a_terminal_a_spinner_then_a_summary_then_a_line_that_lives(serve: Serve) -> None:
    command = serve(terminal=True)
    command.says("starting")
    command.says("model │ printed by load")
    command.says("● available · 0 viewers")
    told = command.text.splitlines()
    assert any("loading talker" in line for line in told)
    for words in ("model │ 100%", "model │ native words"):
        assert words in map(str.rstrip, told)
    assert any(line.startswith("tracks    main_video (video out)") for line in told)
    assert any(line.startswith("commands  crash") for line in told)
    [model] = [pid for pid in command.family() if "ModelActor" in title(pid)]
    os.kill(model, signal.SIGKILL)
    command.says("restart 1 of 3")
    shm, family, folder = set(os.listdir("/dev/shm")), command.family(), folder_of(command)
    assert folder.is_dir()
    command.type(b"\x03")
    assert command.wait() == 0
    assert "ending" in command.text
    for rays in ("pid=", "(raylet)", "uthentication"):
        assert rays not in command.text
    assert command.raw.count("\x1b[?25l") == command.raw.count("\x1b[?25h")
    command.until(lambda: not any(map(alive, family)))
    assert set(os.listdir("/dev/shm")) <= shm
    assert not folder.exists()


def title(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def folder_of(command: Command) -> Path:
    """Return where its cluster keeps its files."""
    words = [word for pid in command.family() for word in re.split(r"[\0= ]", title(pid))]
    [folder] = {m[0] for word in words if (m := re.match(r"/.*/session_[^/]+_\d+(?=/)", word))}
    return Path(folder)


def test_sigterm_lets_the_session_end_and_the_log_says_whose_records_are_whose(
    serve: Serve,
) -> None:
    command = serve("--log-format=json", "--dashboard", REACTOR_LOG_FORMAT="text")
    command.says('"message": "ready: talker"')
    session = command.ask("/start_session", {})["session_id"]
    command.says("a session has begun")
    family = command.family()
    command.process.send_signal(signal.SIGTERM)
    command.says('"message": "draining"')
    assert command.process.poll() is None
    command.ask("/stop_session", {})
    assert command.wait() == 0
    told = {record["message"]: record for record in records(command)}
    assert told["logged by load"]["origin"] == "model"
    assert told["logged by load"]["step"] == 3
    assert "session" not in told["logged by load"]
    assert told["a session has begun"]["session"] == session
    assert told["a session has begun"]["answer"] == 42
    assert told["printed by load"]["logger"] == "model stdout"
    assert told["native words"]["origin"] == "model"
    for message in ("logged by load", "a session has begun", "printed by load", "native words"):
        assert told[message]["replica"] == "0", message
    [host, port] = told["ready: talker"]["dashboard"].removeprefix("http://").split(":")
    assert host == "127.0.0.1"
    assert int(port) > 0
    ends = [r for r in records(command) if r["message"].startswith("session_ended")]
    whose = [(r["origin"], r["replica"], r["session"]) for r in ends]
    assert whose == [("runtime", "0", session)]
    command.until(lambda: not any(map(alive, family)))


def test_a_second_signal_skips_the_drain_and_evicts(serve: Serve) -> None:
    command = serve()
    command.says("ready: talker")
    command.ask("/start_session", {})
    command.process.send_signal(signal.SIGTERM)
    command.says("draining: the session has 30 s")
    assert command.end(signal.SIGTERM) == 0
    assert "evicted" in command.text
    assert "\x1b" not in command.raw


def test_a_third_signal_ends_it_at_once_and_still_nothing_is_left(serve: Serve) -> None:
    command = serve()
    command.says("ready: talker")
    family = command.family()
    command.process.send_signal(signal.SIGINT)
    command.says("ending")
    assert command.end(signal.SIGINT) in (-signal.SIGINT, 0)
    command.until(lambda: not any(map(alive, family)))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_during_the_start_is_a_clean_end_too(serve: Serve, number: int) -> None:
    command = serve()
    command.until(lambda: any("gcs_server" in title(pid) for pid in command.family()))
    family = command.family()
    assert command.end(number) == 0
    assert "Traceback" not in command.text
    assert "SIGTERM received" not in command.text
    command.until(lambda: not any(map(alive, family)))


def test_what_a_killed_command_has_begun_ends_with_it(serve: Serve) -> None:
    command = serve("--dashboard")
    command.says("ready: talker")
    family = command.family()
    assert any("sleep" in title(pid) for pid in family)
    assert command.end(signal.SIGKILL) == -signal.SIGKILL
    command.until(lambda: not any(map(alive, family)))
