from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families

from reactor_actors.core.events import Note
from reactor_actors.transports.http.metrics import Metrics
from reactor_actors.transports.http.record import Record
from tests.fakes import ManualClock


def samples(metrics: Metrics) -> dict[tuple[str, ...], float]:
    """Every sample by its name and the values of its labels, in the order of their names."""
    return {
        (sample.name, *(sample.labels[label] for label in sorted(sample.labels))): sample.value
        for family in text_string_to_metric_families(metrics.render().decode())
        for sample in family.samples
    }


def test_sessions_are_counted_by_reason_with_their_length() -> None:
    clock = ManualClock(100.0)
    metrics = Metrics(clock)
    for reason, seconds in (("stopped", 10.0), ("timed_out", 20.0), ("a client's own", 30.0)):
        metrics.receive(Note("session_started"))
        clock.advance(seconds)
        metrics.receive(Note("session_ended", {"reason": reason}))
    found = samples(metrics)

    assert found["runtime_sessions_total", "stopped"] == 1
    assert found["runtime_sessions_total", "timed_out"] == 1
    assert found["runtime_sessions_total", "other"] == 1
    assert found["runtime_session_duration_seconds_sum",] == 60.0
    assert found["runtime_session_duration_seconds_count",] == 3


def test_connections_are_counted_open_and_in_all() -> None:
    metrics = Metrics()
    for kind in ("connection_opened", "connection_opened", "connection_closed"):
        metrics.receive(Note(kind))
    found = samples(metrics)

    assert found["runtime_connections_active",] == 1
    assert found["runtime_connections_opened_total",] == 2


def test_commands_are_counted_by_name_and_outcome() -> None:
    metrics = Metrics()
    for name, outcome in (
        ("set_prompt", "ok"),
        ("set_prompt", "ok"),
        ("unknown", "invalid_command"),
        ("set_prompt", "a model's own 17"),
        ("set_prompt", "a model's own 18"),
    ):
        metrics.receive(Note("command", {"name": name, "outcome": outcome}))
    found = samples(metrics)

    assert found["runtime_commands_total", "set_prompt", "ok"] == 2
    assert found["runtime_commands_total", "unknown", "invalid_command"] == 1
    assert found["runtime_commands_total", "set_prompt", "refused"] == 2


def test_what_no_note_says_is_told() -> None:
    metrics = Metrics()
    metrics.serving("paint", "0.1.0")
    metrics.receive(Note("connection_opened", {"client": "1002", "seconds": 0.07}))
    metrics.receive(Note("model_loaded", {"seconds": 2.0, "outcome": "ok"}))
    metrics.receive(Note("model_loaded", {"seconds": 1.0, "outcome": "error"}))
    metrics.receive(Note("model_restarting", {"attempt": 1}))
    found = samples(metrics)

    assert found["runtime_info", "paint", "0.1.0"] == 1
    assert found["runtime_webrtc_connect_seconds_count",] == 1
    assert found["runtime_model_load_seconds_count", "ok"] == 1
    assert found["runtime_model_load_seconds_count", "error"] == 1
    assert found["runtime_model_restarts_total",] == 1
    assert found["runtime_queue_size",] == 0


def test_two_servers_of_one_process_count_for_themselves() -> None:
    one, other = Record(), Record()
    one(Note("connection_opened", {"client": "1002"}))

    assert samples(one.metrics)["runtime_connections_active",] == 1
    assert samples(other.metrics)["runtime_connections_active",] == 0
    assert (one.journal.last, other.journal.last) == (1, 0)
