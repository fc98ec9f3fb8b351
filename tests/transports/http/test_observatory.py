from __future__ import annotations

import pytest

from reactor_actors.core.session import State
from reactor_actors.core.tally import Spread, Tally
from reactor_actors.flow.lag import LAG_SECONDS
from reactor_actors.transports.figures import (
    STAGE_SECONDS,
    EncoderFigures,
    Figures,
    TrackFigures,
)
from reactor_actors.transports.http.metrics import Metrics
from reactor_actors.transports.http.observatory import Observed
from reactor_actors.transports.status import Encoding, ReplicaStatus
from tests.transports.http.test_metrics import samples


def spread(bounds: tuple[float, ...], *values: float) -> Spread:
    tally = Tally(bounds)
    for value in values:
        tally.count(value)
    return tally.read()


def seen(*replicas: tuple[ReplicaStatus, Figures], lags: tuple[Spread, ...] = ()) -> Metrics:
    metrics = Metrics()
    metrics.watch(lambda: Observed(replicas, lags))
    return metrics


def painted(shown: int, size: int, *seconds: float) -> Figures:
    work = EncoderFigures(spread(STAGE_SECONDS, *seconds), size, spread(STAGE_SECONDS, 0.0001))
    ways_out = spread(STAGE_SECONDS, *(2 * each for each in seconds))
    track = TrackFigures({"shown": shown, "dropped": 1}, {"VP8": work}, ways_out)
    return Figures({"main_video": track}, turns=spread(STAGE_SECONDS, *seconds))


def test_what_all_replicas_have_done_adds_up() -> None:
    one = ReplicaStatus("0", State.STREAMING)
    other = ReplicaStatus("1", State.READY)
    found = samples(seen((one, painted(3, 100, 0.004)), (other, painted(5, 10, 0.03, 9.0))))

    assert found["runtime_media_frames_total", "shown", "main_video"] == 8
    assert found["runtime_media_frames_total", "dropped", "main_video"] == 2
    assert found["runtime_media_bytes_total", "VP8", "main_video"] == 110
    assert found["runtime_turn_seconds_bucket", "0.005"] == 1
    assert found["runtime_turn_seconds_bucket", "0.033"] == 2
    assert found["runtime_turn_seconds_bucket", "+Inf"] == 3
    assert found["runtime_turn_seconds_count",] == 3
    assert found["runtime_turn_seconds_sum",] == pytest.approx(9.034)
    assert found["runtime_encode_seconds_bucket", "VP8", "0.033", "main_video"] == 2
    assert found["runtime_encode_seconds_count", "VP8", "main_video"] == 3
    assert found["runtime_encoder_wait_seconds_bucket", "VP8", "0.0001", "main_video"] == 2
    assert found["runtime_encoder_wait_seconds_count", "VP8", "main_video"] == 2
    assert found["runtime_way_out_seconds_bucket", "0.008", "main_video"] == 1
    assert found["runtime_way_out_seconds_count", "main_video"] == 3
    assert found["runtime_way_out_seconds_sum", "main_video"] == pytest.approx(18.068)


def test_how_each_replica_stands_is_told_by_its_name() -> None:
    one = ReplicaStatus(
        "0",
        State.STREAMING,
        viewers=2,
        fps=29.5,
        waiting=3,
        lead=0.008,
        encoders=(Encoding("main_video", "VP8", 4_000_000),),
    )
    other = ReplicaStatus("1", State.CREATED)
    found = samples(seen((one, Figures()), (other, Figures())))

    assert found["runtime_replica_viewers", "0"] == 2
    assert found["runtime_replica_viewers", "1"] == 0
    assert found["runtime_replica_fps", "0"] == 29.5
    assert found["runtime_replica_ticks_waiting", "0"] == 3
    assert found["runtime_replica_lead_seconds", "0"] == 0.008
    assert ("runtime_replica_lead_seconds", "1") not in found
    target = "runtime_media_target_bits_per_second"
    assert found[target, "VP8", "0", "main_video"] == 4_000_000
    states = {key[1:]: value for key, value in found.items() if key[0] == "runtime_replica_state"}
    assert len(states) == 2 * len(State)
    assert [key for key, value in states.items() if value == 1] == [
        ("0", "STREAMING"),
        ("1", "CREATED"),
    ]


def test_the_lag_of_every_transport_has_its_number() -> None:
    lags = spread(LAG_SECONDS, 0.0005), spread(LAG_SECONDS, 0.3, 7.0)
    found = samples(seen(lags=lags))

    assert found["runtime_event_loop_lag_seconds_bucket", "0.001", "0"] == 1
    assert found["runtime_event_loop_lag_seconds_bucket", "0.2", "1"] == 0
    assert found["runtime_event_loop_lag_seconds_bucket", "0.5", "1"] == 1
    assert found["runtime_event_loop_lag_seconds_count", "1"] == 2
    assert found["runtime_event_loop_lag_seconds_sum", "1"] == pytest.approx(7.3)


def test_before_anything_is_loaded_times_are_counted_as_none() -> None:
    found = samples(seen((ReplicaStatus("0", State.CREATED), Figures())))

    for name in ("emit_interval", "turn", "hold", "hand_off", "playout_latency"):
        assert found[f"runtime_{name}_seconds_count",] == 0
        assert found[f"runtime_{name}_seconds_bucket", "+Inf"] == 0
    assert not [key for key in found if key[0].startswith("runtime_media")]


def test_what_is_seen_is_what_there_is_when_somebody_looks() -> None:
    replicas: list[tuple[ReplicaStatus, Figures]] = []
    metrics = Metrics()
    metrics.watch(lambda: Observed(replicas, ()))
    assert ("runtime_replica_viewers", "0") not in samples(metrics)
    replicas.append((ReplicaStatus("0", State.READY), Figures()))
    assert samples(metrics)["runtime_replica_viewers", "0"] == 0


def test_sound_has_bytes_and_no_encoder_of_its_own_thread() -> None:
    voice = TrackFigures({"shown": 4}, {"opus": EncoderFigures(bytes=960)})
    figures = Figures({"voice": voice})
    found = samples(seen((ReplicaStatus("0", State.STREAMING), figures)))

    assert found["runtime_media_bytes_total", "opus", "voice"] == 960
    assert not [key for key in found if key[0].startswith(("runtime_encode", "runtime_way"))]
