"""The guard of a deployment, with processes that have nothing to do with Ray."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys

import pytest

from reactor_actors.actors.guard import MARK, guarded
from tests.ray.command import alive

pytestmark = pytest.mark.timeout(30)

COMMAND = """
import os, subprocess, sys, time
from reactor_actors.actors.guard import guarded
with guarded() as begun:
    begun()
    child = subprocess.Popen(["sh", "-c", "sleep 1000 & echo $!; wait"], start_new_session=True)
    sys.stdin.read()
    if sys.argv[1] == "fail":
        raise SystemExit(3)
"""


def begun(how: str) -> tuple[subprocess.Popen[str], int]:
    """Start a command that has a grandchild in a session of its own; return both."""
    process = subprocess.Popen(
        [sys.executable, "-c", COMMAND, how],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    return process, int(process.stdout.readline())


@pytest.mark.parametrize(("how", "status"), [("end", 0), ("fail", 3)])
def test_what_was_begun_is_ended_before_the_command_goes_on(how: str, status: int) -> None:
    process, grandchild = begun(how)
    with process:
        assert alive(grandchild)
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(20) == status
        assert not alive(grandchild)


def test_ctrl_c_for_the_whole_terminal_does_not_end_the_guard() -> None:
    process, grandchild = begun("end")
    with process:
        watched = os.pidfd_open(grandchild)
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(20) != 0
    assert select.select([watched], [], [], 20)[0]
    os.close(watched)


def test_what_was_begun_ends_soon_after_a_command_that_was_killed() -> None:
    process, grandchild = begun("end")
    with process:
        watched = os.pidfd_open(grandchild)
        process.send_signal(signal.SIGKILL)
        assert process.wait(20) == -signal.SIGKILL
    assert select.select([watched], [], [], 20)[0]
    os.close(watched)


def test_the_mark_is_taken_back_and_others_are_left_alone() -> None:
    with subprocess.Popen(["sleep", "1000"]) as other:
        with guarded() as tell:
            tell()
            assert MARK in os.environ
        assert MARK not in os.environ
        assert other.poll() is None
        other.kill()
