from __future__ import annotations

import pytest

from reactor_actors.actors.scale import Scale
from reactor_actors.cli.summary import elapsed, facts, standing
from reactor_actors.core.contract import Contract
from reactor_actors.core.session import State
from reactor_actors.transports.status import ReplicaStatus, Status
from tests.cli.told import BRIGHTNESS

URL = "http://127.0.0.1:8080"


def replica(name: str = "a", state: State = State.STREAMING, **more: object) -> ReplicaStatus:
    return ReplicaStatus(name, state, **more)  # type: ignore[arg-type]


def status(*replicas: ReplicaStatus, state: str = "serving", **more: object) -> Status:
    return Status("m", URL, state, replicas=replicas, **more)  # type: ignore[arg-type]


def test_the_summary_says_address_tracks_commands_link_and_gpu() -> None:
    known = status(replica(link="ring", gpus=("H200",)))
    assert facts(BRIGHTNESS, known, Scale(), 3.21) == [
        ("open", f"{URL}/"),
        ("tracks", "webcam (video in), main_video (video out)"),
        ("commands", "set_brightness, reset"),
        ("link", "ring"),
        ("gpu", "H200"),
        ("ready in", "3.2 s"),
    ]


def test_the_clusters_dashboard_is_in_the_summary_where_there_is_one() -> None:
    known = status(replica(), dashboard="http://127.0.0.1:8265")
    assert dict(facts(BRIGHTNESS, known, Scale(), 1.0))["dashboard"] == "http://127.0.0.1:8265"


def test_of_what_there_is_nothing_it_says_none() -> None:
    told = dict(facts(Contract(name="empty"), status(replica()), Scale(), 1.0))
    assert [told[key] for key in ("tracks", "commands", "link", "gpu")] == ["none"] * 4


def test_several_replicas_are_counted_and_what_differs_is_listed() -> None:
    known = status(
        replica("a", link="ring", gpus=("0",)),
        replica("b", link="ring", gpus=("1",)),
        replica("c", link="refs"),
    )
    told = dict(facts(BRIGHTNESS, known, Scale(replicas=3, transports=2), 1.0))
    assert told["link"] == "2 x ring, refs"
    assert told["gpu"] == "0, 1"
    assert told["sessions"] == "exclusive, 3 replicas"
    assert told["transports"] == "2"


@pytest.mark.parametrize(
    ("known", "told"),
    [
        (status(), ["serving", "0 viewers"]),
        (status(replica(viewers=1)), ["serving", "1 viewer"]),
        (
            status(replica(viewers=2, fps=29.97, latency=0.0281)),
            ["serving", "2 viewers", "30.0 fps", "latency 28 ms"],
        ),
        (status(replica(fps=30.0)), ["serving", "0 viewers", "30.0 fps"]),
        (status(replica(latency=0.5)), ["serving", "0 viewers"]),
        (
            status(replica(), state="loading", detail="restarting 1/3"),
            ["restarting 1/3", "0 viewers"],
        ),
        (status(replica(viewers=1), draining=True), ["draining", "1 viewer"]),
        (
            status(
                replica(viewers=1, fps=20.0, latency=0.1),
                replica(viewers=1, fps=30.0, latency=0.2),
                replica(state=State.CREATED),
                waiting=4,
            ),
            [
                *("serving", "2 of 3 replicas", "2 viewers"),
                *("25.0 fps", "latency 200 ms", "4 in queue"),
            ],
        ),
    ],
)
def test_the_live_line_says_how_it_stands_and_nothing_it_does_not_know(
    known: Status, told: list[str]
) -> None:
    assert standing(known) == told


@pytest.mark.parametrize(
    ("seconds", "told"), [(0.9, "0 s"), (59.9, "59 s"), (67, "1:07"), (3723, "1:02:03")]
)
def test_a_wait_is_told_in_seconds_minutes_or_hours(seconds: float, told: str) -> None:
    assert elapsed(seconds) == told
