"""`run --headless`: what the words mean, and what a person or a program reads."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from reactor_actors.cli.app import app
from reactor_actors.cli.recording import JsonTeller, Teller, summary
from reactor_actors.core.contract import Contract
from reactor_actors.core.errors import SetupError
from reactor_actors.core.wire.outbound import Ack, Failure, Message, Reply
from reactor_actors.headless.orders import Outcome
from reactor_actors.headless.script import Entry
from tests.headless.recorded import film, halves

ROOT = Path(__file__).parents[2]
MODEL = str(ROOT / "examples" / "brightness")
SMALL = ("--model.width=64", "--model.height=48")


def refused(*words: str) -> str:
    result = CliRunner().invoke(app, ["run", *words])
    assert isinstance(result.exception, SetupError), result.output
    assert "\n" not in result.exception.message
    return result.exception.message


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([MODEL], "run writes files: say run --headless; for viewers there is serve"),
        (["--headless", MODEL], "--headless needs --out: a .mp4, a .gif, or a folder for PNGs"),
        (["--headless", MODEL, "--out=a.webm"], "--out expects a file ending in .mp4 or .gif"),
        (["--headless", MODEL, "--out=a.gif", "--frames=0"], "--frames expects a whole number"),
        (["--headless", MODEL, "--out=a.gif", "--seconds=0"], "--seconds expects a number above 0"),
        (
            ["--headless", MODEL, "--out=a.gif", "--fps=0"],
            "--fps expects a number a second above 0; got '0'",
        ),
        (["--headless", MODEL, "--out=a.gif", "--fps=fast"], "--fps expects a number a second"),
        (["--headless", MODEL, "--out=a.gif", "--fps=9", "--realtime"], "--fps is for a run that"),
        (["--headless", MODEL, "--out=a.gif", "--script=no.yml"], "--script no.yml cannot be read"),
        (["--headless", MODEL, "--out=a.gif", "--secnds=2"], "did you mean --seconds?"),
        (["--headless", MODEL + "s", "--out=a.gif"], "no such folder or manifest"),
    ],
)
def test_what_cannot_work_is_refused_in_one_line(words: list[str], told: str) -> None:
    assert told in refused(*words)


def test_the_command_makes_a_film_and_says_where(tmp_path: Path) -> None:
    script = tmp_path / "s.jsonl"
    script.write_text('{"frame": 5, "command": "set_brightness", "args": {"brightness": 0.0}}\n')
    film_path = tmp_path / "a.mp4"
    ended = run_as_a_person(
        *(MODEL, *SMALL, f"--out={film_path}", "--frames=10", f"--script={script}"),
        *("--set", "colour=ember"),
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stderr == ""
    first, second, last = ended.stdout.splitlines()
    assert first == "   0.00 s  > set_colour colour='ember'"
    assert second == "   0.17 s  > set_brightness brightness=0.0"
    assert last.startswith("10 pictures, 0.3 s in ")
    assert last.endswith(f": {film_path}")
    pictures = [picture for _, picture in film(film_path)]
    # Its pictures come in pairs: what is said before the sixth shows in the seventh.
    assert [halves(p)[0] > 5 for p in pictures] == [True] * 6 + [False] * 4
    assert pictures[0][..., 0].mean() > 1.5 * pictures[0][..., 2].mean()


def test_a_program_reads_a_line_of_json_for_everything(tmp_path: Path) -> None:
    out = tmp_path / "out"
    ended = run_as_a_person(
        MODEL, *SMALL, f"--out={out}", "--frames=3", "--json", "--set", "speed=2"
    )
    events = [json.loads(line) for line in ended.stdout.splitlines()]
    assert [event["event"] for event in events] == ["loading", "started", "command", "ended"]
    assert events[1]["frames"] == 3
    assert events[2] == {
        **{"event": "command", "frame": 0, "at": 0.0},
        **{"command": "set_speed", "args": {"speed": 2}},
    }
    assert events[3]["frames"] == 3
    assert "error" not in events[3]
    assert events[3]["paths"] == [str(out)]
    assert len(list(out.iterdir())) == 3


def test_a_model_that_fails_ends_the_command_with_its_traceback(tmp_path: Path) -> None:
    (tmp_path / "pipeline.py").write_text(
        "import numpy as np\n"
        "from reactor_actors.interface import Output, ReactorPipeline, Video\n\n\n"
        "class Picture(Output):\n    main_video: Video\n\n\n"
        "class Falling(ReactorPipeline):\n    fps = 30\n\n"
        "    def inference(self):\n"
        "        yield Picture(main_video=np.zeros((16, 16, 3), np.uint8))\n"
        "        raise ValueError('the paint is out')\n"
    )
    (tmp_path / "reactor.yaml").write_text("model: pipeline:Falling\n")
    ended = run_as_a_person(str(tmp_path), f"--out={tmp_path / 'a.mp4'}")
    assert ended.returncode == 1
    assert 'pipeline.py", line 14, in inference' in ended.stderr
    assert ended.stderr.splitlines()[-1] == (
        "error: the model has stopped: ValueError: the paint is out"
    )
    assert ended.stdout.startswith("1 pictures, 0.0 s in ")
    assert len(film(tmp_path / "a.mp4")) == 1


def test_what_a_model_prints_is_not_among_the_lines_of_json(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pipeline.py").write_text(
        "import ctypes\nimport os\nimport numpy as np\n"
        "from reactor_actors.interface import Output, ReactorPipeline, Video\n\n"
        "print('printed by the import')\n\n\n"
        "class Picture(Output):\n    main_video: Video\n\n\n"
        "class Chatty(ReactorPipeline):\n    fps = 30\n\n"
        "    def inference(self):\n"
        "        print('printed by a turn', end='')\n"
        "        ctypes.CDLL(None).puts(b'written by native code')\n"
        "        os.system('echo printed by a child')\n"
        "        yield Picture(main_video=np.zeros((16, 16, 3), np.uint8))\n"
        "        raise ValueError('the paint is out')\n"
    )
    (tmp_path / "reactor.yaml").write_text("model: pipeline:Chatty\n")
    # Unbuffered, native code would have nothing to write late.
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)
    ended = run_as_a_person(str(tmp_path), f"--out={tmp_path / 'a.mp4'}", "--json")
    events = [json.loads(line) for line in ended.stdout.splitlines()]
    assert [event["event"] for event in events] == ["loading", "started", "ended"]
    assert (events[-1]["end"], events[-1]["frames"]) == ("failed", 1)
    assert events[-1]["error"] == "the model has stopped: ValueError: the paint is out"
    for words in (
        *("printed by the import", "printed by a turn"),
        *("written by native code", "printed by a child"),
    ):
        assert words in ended.stderr
    assert ended.returncode == 1


def test_ctrl_c_ends_the_command_in_order(tmp_path: Path) -> None:
    words = [MODEL, *SMALL, f"--out={tmp_path / 'a.gif'}", "--seconds=3600", "--json"]
    process = subprocess.Popen(
        [sys.executable, "-m", "reactor_actors", "run", "--headless", *words],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    while json.loads(process.stdout.readline())["event"] != "started":
        pass
    process.send_signal(signal.SIGINT)
    last = json.loads(process.communicate(timeout=30)[0].splitlines()[-1])
    assert (process.returncode, last["end"]) == (0, "interrupted")
    if last["frames"]:
        assert len(film(tmp_path / "a.gif")) == last["frames"]


def run_as_a_person(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "reactor_actors", "run", "--headless", *words]
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=50, check=False
    )


def told(terminal: bool) -> str:
    """Return what a person reads of a run."""
    screen = StringIO()
    console = Console(file=screen, force_terminal=terminal, width=100, highlight=False)
    teller = Teller(terminal=terminal, console=console)
    teller.loading("paint")
    teller.started(Contract("paint"), 90.0, in_frames=True)
    teller.asked(Entry("set_level", {"level": 1}), 0, 0.0)
    teller.told(Ack("1"), 0, 0.0)
    teller.told(Reply("2", "echo", "echoed", {"text": "[bold]ho"}), 30, 1.0)
    teller.told(Failure("3", "dance", "tired", "not now"), 31, 1.033)
    teller.told(Message("mood", {"mood": "calm"}), 32, 1.066)
    teller.progress(45, 1.5)
    teller.finishing()
    teller.close()
    return screen.getvalue()


def test_a_person_reads_commands_answers_and_messages() -> None:
    assert told(terminal=False).splitlines() == [
        "   0.00 s  > set_level level=1",
        "   1.00 s  < echo: echoed text='[bold]ho'",
        "   1.03 s  < dance was refused: not now (tired)",
        "   1.07 s  * mood mood='calm'",
    ]


def test_on_a_terminal_a_bar_shows_how_far_it_is() -> None:
    shown = told(terminal=True)
    assert "45 pictures, 1.5 s" in shown
    assert "writing" in shown
    assert "echoed text='[bold]ho'" in shown


def test_a_program_reads_answers_and_messages() -> None:
    written = StringIO()
    teller = JsonTeller(written)
    teller.told(Ack("1"), 0, 0.0)
    teller.told(Reply("2", "echo", "echoed", {"text": "ho"}), 30, 1.0)
    teller.told(Failure("3", "dance", "tired", "not now"), 31, 31 / 30)
    teller.told(Message("mood", {"mood": "calm"}), 32, 32 / 30)
    teller.note("a note")
    lines = [json.loads(line) for line in written.getvalue().splitlines()]
    assert [line["event"] for line in lines] == ["reply", "refused", "message", "note"]
    assert lines[1] == {
        **{"event": "refused", "frame": 31, "at": 1.033},
        **{"command": "dance", "code": "tired", "message": "not now"},
    }


def test_the_summary_is_a_line_and_one_more_for_what_was_never_said() -> None:
    outcome = Outcome(
        60, 2.0, (Path("a.mp4"),), "interrupted", (Entry("wave", {}, 9.5, None, "s.yml, line 4"),)
    )
    assert summary(outcome, 1.26) == [
        "60 pictures, 2.0 s in 1.3 s (interrupted): a.mp4",
        "s.yml, line 4: wave, due at 9.5 s, was never said",
    ]
    assert summary(Outcome(0, 0.0, (), "interrupted"), 1.0) == [
        "0 pictures, 0.0 s in 1.0 s (interrupted): nothing was written"
    ]
