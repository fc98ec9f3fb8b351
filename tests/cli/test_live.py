from __future__ import annotations

import io
from collections.abc import Iterator

import pytest
from rich.console import Console

from reactor_actors.actors.console import Line
from reactor_actors.actors.scale import Scale
from reactor_actors.cli.live import LiveDisplay
from reactor_actors.core.session import State
from reactor_actors.transports.status import ReplicaStatus, Status
from tests.cli.told import BRIGHTNESS

URL = "http://127.0.0.1:8080"


class Terminal:
    """A display on a terminal of 80 columns, and a clock to set."""

    def __init__(self) -> None:
        self.screen = io.StringIO()
        self.now = 100.0
        console = Console(file=self.screen, force_terminal=True, width=80, highlight=False)
        self.display = LiveDisplay("dream", Scale(), console, lambda: self.now)

    def bottom(self) -> str:
        """Return the line that is written anew, as text."""
        plain = Console(file=io.StringIO(), width=80)
        lines = plain.render_lines(self.display.bottom())
        return "\n".join("".join(part.text for part in line) for line in lines).rstrip()


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    terminal = Terminal()
    yield terminal
    terminal.display.close()


def status(state: str = "serving", detail: str = "", viewers: int = 0) -> Status:
    replica = ReplicaStatus("a", State.STREAMING, viewers=viewers, fps=30.0, latency=0.03)
    return Status("dream", URL, state, detail, (replica,))


def test_while_a_model_loads_the_wait_and_its_last_words_are_shown(terminal: Terminal) -> None:
    assert terminal.bottom().endswith("starting  0 s")
    terminal.display.listening(URL)
    terminal.now += 67
    terminal.display.line(Line("\x1b[31mshard 3 of 9\x1b[0m", "model", error=False))
    terminal.display.line(Line("   ", "model", error=False))
    terminal.display.line(Line("nothing of the model's", "runtime", error=False))
    assert terminal.bottom()[2:] == "loading dream  1:07  shard 3 of 9"
    assert "model │ " in terminal.screen.getvalue()


def test_words_that_are_too_long_for_the_line_are_cut(terminal: Terminal) -> None:
    terminal.display.line(Line("word " * 100, "model", error=False))
    assert "\n" not in terminal.bottom()
    assert len(terminal.bottom()) <= 80


def test_once_loaded_one_line_says_how_it_stands(terminal: Terminal) -> None:
    terminal.display.listening(URL)
    terminal.display.loaded(BRIGHTNESS, status(), 2.0)
    terminal.display.stands(status(viewers=2))
    assert terminal.bottom() == "● serving · 2 viewers · 30.0 fps · latency 30 ms  Ctrl-C ends"
    shown = terminal.screen.getvalue()
    assert "set_brightness, reset" in shown
    assert "\x1b]8;" in shown  # a link


def test_a_restart_spins_and_says_which_it_is(terminal: Terminal) -> None:
    terminal.display.loaded(BRIGHTNESS, status(), 2.0)
    terminal.display.stands(status("loading", "restarting 1/3", viewers=1))
    assert terminal.bottom()[2:].startswith("restarting 1/3 · 1 viewer")
    terminal.display.stands(status())
    assert terminal.bottom().startswith("● serving")


def test_a_drain_and_the_end_are_said(terminal: Terminal) -> None:
    terminal.display.loaded(BRIGHTNESS, status(), 2.0)
    terminal.display.draining(30)
    assert "the session has 30 s" in terminal.screen.getvalue()
    terminal.display.ending()
    assert terminal.bottom()[2:].startswith("ending")


def test_a_terminal_is_left_as_it_was(terminal: Terminal) -> None:
    assert "\x1b[?25l" in terminal.screen.getvalue()
    terminal.display.close()
    terminal.display.close()
    assert terminal.screen.getvalue().count("\x1b[?25h") == 1


def test_what_a_line_says_is_no_markup(terminal: Terminal) -> None:
    terminal.display.line(Line("[bold]x[/] :smile:", "model", error=False))
    assert "[bold]x[/] :smile:" in terminal.screen.getvalue()
