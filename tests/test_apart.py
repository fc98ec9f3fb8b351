"""A function in a process of its own: its answer comes back, and nothing else of it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from reactor_actors.apart import apart
from reactor_actors.core.errors import ModelError, SetupError

ROOT = Path(__file__).parents[1]
MARK = "REACTOR_ACTORS_TEST_MARK"


def added(one: int, other: int) -> int:
    print("adding", flush=True)
    return one + other


def refused() -> None:
    raise SetupError("it is wrong", "and here is where")


def mistaken() -> None:
    raise ZeroDivisionError("nobody expects it")


def dying() -> None:
    os.write(2, b"last words\n")
    os.kill(os.getpid(), signal.SIGSEGV)


def leaving() -> None:
    sys.exit("no GPU")


def hanging() -> None:
    threading.Event().wait()


def reading() -> str:
    return sys.stdin.read()


def shouting(size: int) -> int:
    print("x" * size, flush=True)
    return size


def lingering(place: str) -> str:
    """Leave a process that goes on, a thread that does not end, and an open copy of everything."""
    child = subprocess.Popen(["sleep", "1000"], close_fds=False)
    threading.Thread(target=hanging).start()
    Path(place).write_text(str(child.pid))
    return sys.argv[0] + str(sys.argv[1:])


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_the_answer_comes_back_and_what_is_printed_does_not(
    capfd: pytest.CaptureFixture[str],
) -> None:
    assert apart("adding", added, 2, 3, seconds=50) == 5
    assert capfd.readouterr() == ("", "")


def test_what_is_printed_goes_where_it_is_wanted(capfd: pytest.CaptureFixture[str]) -> None:
    assert apart("adding", added, 2, 3, output=2) == 5
    assert capfd.readouterr() == ("", "adding\n")


def test_our_own_errors_come_back_with_their_fields() -> None:
    with pytest.raises(SetupError) as caught:
        apart("looking", refused)
    assert (caught.value.message, caught.value.detail) == ("it is wrong", "and here is where")


@pytest.mark.parametrize(
    ("function", "message", "word"),
    [
        (dying, "looking ended its process by SIGSEGV", "last words"),
        (mistaken, "looking ended its process with status 1", "ZeroDivisionError: nobody expects"),
        (leaving, "looking ended its process with status 1", "no GPU"),
    ],
)
def test_an_end_without_an_answer_is_told_with_its_last_words(
    function: object, message: str, word: str
) -> None:
    with pytest.raises(ModelError) as caught:
        apart("looking", function)  # type: ignore[arg-type]
    assert caught.value.message == message
    assert word in caught.value.detail


def test_what_hangs_is_ended_and_says_where() -> None:
    with pytest.raises(ModelError) as caught:
        apart("looking", hanging, seconds=2.0)
    assert caught.value.message == "looking took longer than 2 s"
    assert "in hanging" in caught.value.detail


def test_standard_input_is_empty_and_much_can_be_printed() -> None:
    assert apart("reading", reading, seconds=50) == ""
    assert apart("shouting", shouting, 2**22, seconds=50) == 2**22


def test_nothing_that_was_begun_stays(tmp_path: Path) -> None:
    place = tmp_path / "pid"
    assert apart("looking", lingering, str(place), seconds=50) == "-c[]"
    child = int(place.read_text())
    deadline = time.monotonic() + 20
    while alive(child):
        assert time.monotonic() < deadline
        time.sleep(0.01)


ASKING = """
import sys
from reactor_actors.apart import apart
from tests.test_apart import telling_and_hanging
apart("looking", telling_and_hanging, sys.argv[1], seconds=0.0)
"""


def telling_and_hanging(place: str) -> None:
    """Say which processes are to be gone, and go on for ever."""
    child = subprocess.Popen(["sleep", "1000"])
    Path(f"{place}.new").write_text(f"{os.getpid()} {child.pid}")
    Path(f"{place}.new").rename(place)
    hanging()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_it_ends_with_whoever_asks(tmp_path: Path, number: signal.Signals) -> None:
    place = tmp_path / "pids"
    asking = subprocess.Popen([sys.executable, "-c", ASKING, str(place)], cwd=ROOT)
    deadline = time.monotonic() + 40
    while not place.exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    begun = [int(pid) for pid in place.read_text().split()]
    assert all(map(alive, begun))
    asking.send_signal(number)
    asking.wait(10)
    deadline = time.monotonic() + 10
    while any(map(alive, begun)):
        assert time.monotonic() < deadline
        time.sleep(0.01)
