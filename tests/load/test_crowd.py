"""Viewers in processes of their own, in front of a whole server in this one."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from reactor_actors.cli.benched import call_of, remarks, table
from reactor_actors.cli.staged import TITLE
from reactor_actors.core.admission import Mode
from reactor_actors.core.errors import SetupError
from reactor_actors.load.crowd import Crowd, processes_for
from reactor_actors.load.figures import Ledger
from reactor_actors.load.plan import Answer, Call, Plan, Report, Trouble
from reactor_actors.load.scrape import stages_of
from reactor_actors.load.stages import STAGES
from reactor_actors.load.viewer import Viewer
from reactor_actors.transports.http.settings import HttpSettings
from reactor_actors.transports.settings import ServerSettings, VenueSettings
from reactor_actors.transports.webrtc.settings import ConnectionLimits, PeerSettings
from tests.hosted import Hosted, hosting
from tests.load.lamp import Lamp
from tests.local import eventually
from tests.webrtc.models.everything import Everything
from tests.webrtc.rig import LOOPBACK

ROOT = Path(__file__).parents[2]


def test_a_core_is_left_to_the_server_and_eight_viewers_share_a_process() -> None:
    assert processes_for(1, 16) == 1
    assert processes_for(8, 16) == 1
    assert processes_for(9, 16) == 2
    assert processes_for(500, 16) == 15
    assert processes_for(500, 1) == 1


@asynccontextmanager
async def listening(
    model: type, *, connections: int = 64, token: str | None = None, **more: Any
) -> AsyncIterator[Hosted]:
    """Serve a model to viewers on this machine."""
    settings = ServerSettings(
        http=HttpSettings(host="127.0.0.1", port=0, token=token),
        venue=VenueSettings(
            peers=PeerSettings(ice=LOOPBACK),
            connections=ConnectionLimits(connections=connections),
        ),
    )
    async with hosting(model, settings=settings, **more) as hosted:
        await hosted.server.start()
        yield hosted


async def watched(hosted: Hosted, viewers: int, seconds: float, **more: Any) -> dict[str, Any]:
    """Let viewers watch, and return the figures."""
    ledger = Ledger(viewers)
    plan = Plan(hosted.server.url, viewers, **more)
    crowd = Crowd(plan, seconds, ledger.take)
    await crowd.watch()
    return ledger.document("hosted", crowd.plan)


@pytest.mark.webrtc
async def test_viewers_of_one_session_are_measured_and_leave_in_order() -> None:
    async with listening(Lamp) as hosted:
        calls = (Call("set_brightness", {"brightness": 0.5}),)
        document = await watched(hosted, 3, 3.0, calls=calls, pause=0.2)
        await eventually(lambda: hosted.venue.host.clients == 0)
        assert hosted.venue.host.session is not None
    total = document["total"]
    assert (total["watching"], total["sessions"], total["errors"]) == (3, 1, {})
    assert 5 < total["fps"]["min"] <= total["fps"]["max"] < 40
    assert total["longest_gap_ms"] < 3000
    assert total["kbps"] > 1
    assert total["loss"] == 0.0
    assert 0 <= total["jitter_ms"] < 1000
    assert 0 < total["connect_ms"]["p50"] <= total["first_picture_ms"]["p50"] < 10_000
    assert total["round_trip_ms"]["count"] >= 6
    assert total["round_trip_ms"]["p95"] < 3000
    for one in document["each"]:
        assert len(one["timeline"]) >= 2
        assert one["queued_ms"] == 0.0


@pytest.mark.webrtc
async def test_a_viewer_that_fails_says_what_has_failed() -> None:
    reports: list[Report] = []

    def report(one: Report) -> None:
        if isinstance(one, Answer):
            raise ValueError("the answer cannot be noted")
        reports.append(one)

    async with listening(Lamp) as hosted:
        now = time.monotonic()
        plan = Plan(hosted.server.url, 1, pause=0.1, start=now, end=now + 30.0)
        await Viewer(0, plan, report).visit()
    (trouble,) = (one for one in reports if isinstance(one, Trouble))
    assert trouble.reason == "ValueError: the answer cannot be noted"


@pytest.mark.webrtc
async def test_a_viewer_ends_the_session_that_was_begun_for_it_alone() -> None:
    async with listening(Everything, mode=Mode.EXCLUSIVE) as hosted:
        for _ in range(2):  # long before an orphan of the first one would have ended
            (one,) = (await watched(hosted, 1, 1.5))["each"]
            assert (one["errors"], one["queued_ms"]) == ([], 0.0)
            assert one["first_picture_ms"] is not None
            await eventually(lambda: hosted.venue.host.session is None)


@pytest.mark.webrtc
async def test_a_viewer_that_never_has_its_turn_is_told_of() -> None:
    async with listening(Lamp, mode=Mode.EXCLUSIVE) as hosted:
        document = await watched(hosted, 2, 1.0, ramp=2.0)
    first, second = document["each"]
    assert first["first_picture_ms"] is not None
    assert first["errors"] == []
    assert (second["first_picture_ms"], second["session"]) == (None, None)
    assert second["errors"] == ["waited for its turn until the end"]


@pytest.mark.webrtc
async def test_a_server_that_takes_no_more_connections_is_told_of_by_name() -> None:
    async with listening(Lamp, connections=1) as hosted:
        total = (await watched(hosted, 2, 1.5))["total"]
    assert total["watching"] == 1
    (error,) = total["errors"]
    assert "connections" in error


@pytest.mark.webrtc
async def test_a_session_that_ends_is_told_of_and_refusals_are_counted() -> None:
    ledger = Ledger(1)
    async with listening(Lamp) as hosted:
        calls = (Call("set_brightness", {"brightness": 99}),)
        plan = Plan(hosted.server.url, 1, calls=calls, pause=0.1)
        watching = asyncio.create_task(Crowd(plan, 30.0, ledger.take).watch())
        await eventually(lambda: len(ledger.accounts[0].answers) > 2)
        hosted.venue.host.stop("evicted")
        await asyncio.wait_for(watching, 15.0)
    account = ledger.accounts[0]
    assert [trouble.reason for trouble in account.troubles] == [
        "cut off: the session has ended (evicted)"
    ]
    assert account.answers[0].error is not None
    assert "brightness: expected at most" in account.answers[0].error


@pytest.mark.webrtc
async def test_viewers_that_are_called_back_report_what_they_have() -> None:
    ledger = Ledger(2)
    async with listening(Lamp) as hosted:
        crowd = Crowd(Plan(hosted.server.url, 2), 3600.0, ledger.take)
        watching = asyncio.create_task(crowd.watch())
        await eventually(lambda: ledger.watching == 2)
        watching.cancel()
        await asyncio.wait({watching})
        await eventually(lambda: hosted.venue.host.clients == 0)
    assert all(account.samples for account in ledger.accounts)
    assert not any(account.troubles for account in ledger.accounts)


@pytest.mark.webrtc
async def test_viewers_whose_process_dies_are_told_of() -> None:
    reports: list[Any] = []
    async with listening(Lamp) as hosted:
        crowd = Crowd(Plan(hosted.server.url, 1), 3600.0, reports.append)
        watching = asyncio.create_task(crowd.watch())
        await eventually(lambda: bool(reports))
        (pid,) = children_of(os.getpid(), "reactor_actors.load.worker")
        os.kill(pid, signal.SIGKILL)
        await asyncio.wait_for(watching, 10.0)
    assert isinstance(reports[-1], Trouble)
    assert reports[-1].reason == "the viewers' process has died with status -9"


def children_of(pid: int, module: str) -> list[int]:
    """Return the processes that a process has begun to run a module."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                parent = (folder / "stat").read_text().rpartition(")")[2].split()[1]
                words = (folder / "cmdline").read_bytes()
            except OSError:  # it has just ended
                continue
            if int(parent) == pid and module.encode() in words:
                found.append(int(folder.name))
    return found


async def command(*words: str, interrupted: bool = False) -> tuple[int, str]:
    """Run the command as a person does; Ctrl-C comes when its viewers are there."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "reactor_actors", "bench", *words),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    if interrupted:
        await eventually(lambda: children_of(process.pid, "reactor_actors.load.worker"))
        process.send_signal(signal.SIGINT)
    async with asyncio.timeout(50):
        told, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, told.decode()


@pytest.mark.webrtc
async def test_the_command_tells_a_person_and_a_program(tmp_path: Path) -> None:
    figures = tmp_path / "figures.json"
    async with listening(Lamp, token="secret") as hosted:
        words = [hosted.server.url, "-n2", "--seconds=2", f"--json={figures}"]
        status, told = await command(*words, "--token=secret", "--command=brightness=0.5")
        assert await command(*words) == (
            *(1, f"error: {hosted.server.url} wants a token: see --token\n"),
        )
    assert status == 0, told
    lines = told.splitlines()
    assert lines[0].startswith("lamp: 2 of 2 viewers, one session")
    assert [line.split()[0] for line in lines[1:5]] == ["viewer", "0", "1", "all"]
    assert all(len(line) <= 80 for line in lines)
    document = json.loads(figures.read_text())
    check_timeline(document, lines)
    assert document["total"]["watching"] == 2
    assert document["total"]["round_trip_ms"]["count"] >= 1


def check_timeline(document: dict[str, Any], lines: list[str]) -> None:
    timeline = document["timeline"]
    assert [stage["stage"] for stage in timeline] == list(STAGES)
    assert document["timeline_missing"] is None
    counts = {stage["stage"]: stage["count"] for stage in timeline}
    assert 20 < counts["encode"] < 90
    assert counts["encode"] == pytest.approx(counts["turn"], abs=10)
    assert counts["way out"] == pytest.approx(2 * counts["encode"], abs=20)
    for stage in timeline:
        assert 0 <= stage["mean_ms"] < 1000
        assert 0 <= stage["p50_ms"] <= stage["p95_ms"]
    assert sum(stage["share"] for stage in timeline) == pytest.approx(1.0, abs=0.001)
    told = lines[lines.index(TITLE) + 2 :]
    assert [line.split("  ")[0].strip() for line in told] == [*STAGES, "sum"]


@pytest.mark.webrtc
async def test_the_time_line_leaves_out_what_was_before_the_last_viewer_set_out() -> None:
    async with listening(Lamp) as hosted:
        crowd = Crowd(Plan(hosted.server.url, 1, ramp=1.0), 1.5, lambda report: None)
        watching = asyncio.ensure_future(crowd.watch())
        stages, missing = await stages_of(crowd, watching)
        await watching
        shown = sum(hosted.venue.figures().turns.counts)
    assert missing == ""
    turns = next(stage for stage in stages if stage.name == "turn")
    assert 30 <= turns.count <= 60 <= shown


@pytest.mark.webrtc
async def test_a_server_that_goes_before_it_is_looked_at_again_has_no_time_line() -> None:
    async with listening(Lamp) as hosted:
        crowd = Crowd(Plan(hosted.server.url, 1), 3.0, lambda report: None)
        watching = asyncio.ensure_future(crowd.watch())
        looking = asyncio.ensure_future(stages_of(crowd, watching))
        await eventually(lambda: hosted.venue.host.clients == 1)
    await watching
    assert await looking == ([], "no server answers any more")


@pytest.mark.webrtc
async def test_ctrl_c_ends_the_command_with_what_there_is() -> None:
    async with listening(Lamp) as hosted:
        status, told = await command(hosted.server.url, "--seconds=3600", interrupted=True)
        await eventually(lambda: hosted.venue.host.clients == 0)
    assert "of 4 viewers" in told
    assert TITLE in told or "no time line of the pictures: " in told
    assert "Traceback" not in told
    assert status in (0, 1)


SCHEMA = {
    "paths": {
        "/set_level": {"post": {"operationId": "set_level"}},
        "/reset": {"post": {"operationId": "reset"}},
    }
}


def test_a_command_is_a_setting_or_a_name_with_arguments() -> None:
    assert call_of("level=0.5", SCHEMA) == Call("set_level", {"level": 0.5})
    assert call_of("reset seed=3 name=a", SCHEMA) == Call("reset", {"seed": 3, "name": "a"})


@pytest.mark.parametrize(
    ("word", "told"),
    [
        ("lvl=1", "--command lvl=1: the model has no command 'set_lvl'; did you mean set_level?"),
        ("dance", "--command dance: the model has no command 'dance'; known are: set_level, reset"),
        ("level=[", "--command level=[: bad YAML:"),
    ],
)
def test_a_command_that_is_none_is_one_line(word: str, told: str) -> None:
    with pytest.raises(SetupError) as refused:
        call_of(word, SCHEMA)
    assert told in refused.value.message


def test_many_viewers_share_one_row() -> None:
    plan = Plan("http://a", 17, start=0.0, end=5.0)
    document = Ledger(17).document("paint", plan)
    assert table(document).row_count == 1
    assert remarks(document)[0] == (
        "times in ms; p50 and p95: from a question for the schema to its answer"
    )
