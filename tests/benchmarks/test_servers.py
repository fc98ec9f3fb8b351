import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator

import pytest

from benchmarks.servers import processes, started
from benchmarks.startup.programs import running

ORPHAN = """
import signal, subprocess, sys
subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, start_new_session=True)
print("begun", flush=True)
signal.pause()
"""


@pytest.fixture
def sigterm() -> Iterator[None]:
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


FAMILY = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "print(1, flush=True); input()"], env={})
child.wait()
"""


def test_a_process_that_has_lost_the_mark_is_found_by_its_parent() -> None:
    name, value = "REACTOR_BENCHMARK", str(uuid.uuid4())
    parent = subprocess.Popen(
        [sys.executable, "-c", FAMILY],
        env={**os.environ, name: value},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"1\n"
        found = processes(f"{name}={value}")
        assert len(found) == len(set(found)) == 2
        assert found[0].name == str(parent.pid)


def test_nobody_has_a_mark_that_was_never_given() -> None:
    assert processes(f"REACTOR_BENCHMARK={uuid.uuid4()}") == []


@pytest.mark.usefixtures("sigterm")
def test_a_program_leaves_no_process_behind_not_even_one_that_would_stay() -> None:
    with running("-c", ORPHAN) as program:
        program.wait_for_line()
        assert len(processes(program.mark)) == 2
    assert processes(program.mark) == []


@pytest.mark.usefixtures("sigterm")
def test_a_command_that_fails_is_told_by_its_own_errors(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ZeroDivisionError):
        _fail(sys.executable, "-c", "import sys; sys.exit('the reason')")
    assert "the reason" in capsys.readouterr().err


def _fail(*command: str) -> None:
    with started(command, signal.SIGINT) as run:
        run.process.wait()
        raise ZeroDivisionError
