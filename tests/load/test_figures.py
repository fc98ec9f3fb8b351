from __future__ import annotations

import json

from reactor_actors.load.figures import Ledger, spread
from reactor_actors.load.plan import (
    Answer,
    Call,
    Connected,
    FirstPicture,
    Plan,
    Quality,
    Sample,
    Trouble,
)

PLAN = Plan("http://127.0.0.1:1", 3, ramp=2.0, calls=(Call("wave"),), start=100.0, end=112.0)


def told() -> Ledger:
    """Two viewers of one session, one of whom waited and was refused once; and one who failed."""
    ledger = Ledger(3)
    for report in (
        Connected(0, 0.25, 0.0, "a"),
        FirstPicture(0, 0.5),
        Sample(0, 101.5, 1.0, 30, 125_000, 0.04),
        Sample(0, 102.0, 0.5, 12, 62_500, 0.1),
        Answer(0, 101.0, 0.010),
        Answer(0, 101.5, 0.030),
        Quality(0, 990, 10, 0.004),
        Connected(1, 3.5, 3.0, "a"),
        FirstPicture(1, 1.0),
        Sample(1, 105.0, 2.0, 40, 250_000, 0.25),
        Answer(1, 104.0, 0.020),
        Answer(1, 104.5, 0.001, "tired: not now"),
        Quality(1, 1000, 0, 0.002),
        Trouble(2, 101.0, "All replicas are busy."),
    ):
        ledger.take(report)
    return ledger


def test_the_figures_of_all() -> None:
    total = told().document("paint", PLAN)["total"]
    assert (total["watching"], total["sessions"]) == (2, 1)
    assert total["fps"] == {"min": 20.0, "p50": 24.0, "p95": 28.0, "max": 28.0, "count": 2}
    assert (total["longest_gap_ms"], total["kbps"]) == (250.0, 2000.0)
    assert (total["loss"], total["jitter_ms"]) == (0.005, 4.0)
    assert (total["connect_ms"]["min"], total["connect_ms"]["max"]) == (250.0, 500.0)
    assert total["first_picture_ms"]["p50"] == 750.0
    assert total["queued_ms"] == {
        **{"min": 3000.0, "p50": 3000.0, "p95": 3000.0, "max": 3000.0, "count": 1}
    }
    assert total["round_trip_ms"]["p50"] == 20.0
    assert total["errors"] == {"tired: not now": 1, "All replicas are busy.": 1}


def test_the_figures_of_each() -> None:
    document = told().document("paint", PLAN)
    first, second, third = document["each"]
    assert (document["seconds"], document["round_trip"]) == (10.0, "command")
    assert (first["fps"], first["longest_gap_ms"], first["kbps"]) == (28.0, 100.0, 1000.0)
    assert (first["loss"], first["jitter_ms"], first["errors"]) == (0.01, 4.0, [])
    assert first["timeline"] == [
        {"at": 1.5, "fps": 30.0, "gap_ms": 40.0, "kbps": 1000.0},
        {"at": 2.0, "fps": 24.0, "gap_ms": 100.0, "kbps": 1000.0},
    ]
    assert first["round_trips"] == [{"at": 1.0, "ms": 10.0}, {"at": 1.5, "ms": 30.0}]
    assert (second["queued_ms"], second["connect_ms"]) == (3000.0, 500.0)
    assert second["errors"] == ["tired: not now"]
    assert (third["fps"], third["session"], third["timeline"]) == (None, None, [])
    assert json.loads(json.dumps(document)) == document


def test_nobody_who_saw_anything_is_no_figure() -> None:
    total = Ledger(2).document("paint", PLAN)["total"]
    assert (total["watching"], total["fps"], total["loss"], total["kbps"]) == (0, None, None, 0)
    assert total["longest_gap_ms"] is None


def test_a_measurement_that_ended_before_it_began_took_no_time() -> None:
    document = Ledger(2).document("paint", Plan("http://server", 2, ramp=20.0))
    assert (document["seconds"], document["ramp"]) == (0.0, 20.0)


def test_a_spread_names_the_value_that_19_of_20_keep_below() -> None:
    assert spread([float(n) for n in range(1, 101)]) == {
        **{"min": 1.0, "p50": 50.5, "p95": 95.0, "max": 100.0, "count": 100}
    }
    assert spread([7.0]) == {"min": 7.0, "p50": 7.0, "p95": 7.0, "max": 7.0, "count": 1}
    assert spread([]) is None
