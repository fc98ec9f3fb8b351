from __future__ import annotations

import pickle

import pytest

from reactor_actors.core.media import Tick
from reactor_actors.core.tally import Spread, Tally
from reactor_actors.transports.figures import (
    STAGE_SECONDS,
    EncoderFigures,
    Figures,
    TrackFigures,
    Traffic,
)


def stage(*seconds: float) -> Spread:
    tally = Tally(STAGE_SECONDS)
    for each in seconds:
        tally.count(each)
    return tally.read()


def encoder(seconds: float, size: int) -> EncoderFigures:
    return EncoderFigures(stage(seconds), size, stage(seconds / 10))


def test_the_first_tick_of_an_emit_is_counted_as_an_emit_and_a_turn() -> None:
    traffic = Traffic()
    for now, turn in ((10.5, 0.2), (10.5, 0.0), (10.75, 0.1)):
        traffic.arrived(Tick(0, turn=turn), now)
    figures = traffic.figures({})
    assert (sum(figures.emits.counts), figures.emits.total) == (1, pytest.approx(0.25))
    assert (sum(figures.turns.counts), figures.turns.total) == (2, pytest.approx(0.3))


def test_the_time_between_two_emits_that_nobody_waited_for_is_not_counted() -> None:
    traffic = Traffic()
    for now in (1.0, 2.0):
        traffic.arrived(Tick(0, turn=0.1), now)
    traffic.rest()
    for now in (100.0, 100.5):
        traffic.arrived(Tick(0, turn=0.1), now)
    figures = traffic.figures({})
    assert (sum(figures.emits.counts), figures.emits.total) == (2, pytest.approx(1.5))
    assert sum(figures.turns.counts) == 4


def test_a_hand_off_is_counted_where_both_ends_share_a_clock() -> None:
    traffic = Traffic()
    traffic.arrived(Tick(0, admitted_at=10.0, held=0.5), 10.004)
    traffic.arrived(Tick(0), 10.1)  # it came from another machine
    figures = traffic.figures({})
    hand_offs, holds = figures.hand_offs, figures.holds
    assert (sum(hand_offs.counts), hand_offs.total) == (1, pytest.approx(0.004))
    assert (sum(holds.counts), holds.total) == (1, 0.5)


def test_inputs_are_tracks_as_well() -> None:
    traffic = Traffic()
    traffic.fed["webcam"] += 3
    main = TrackFigures({"shown": 1})
    tracks = traffic.figures({"main_video": main}).tracks
    assert tracks == {"main_video": main, "webcam": TrackFigures({"received": 3})}


def test_figures_add_up_track_by_track_and_codec_by_codec() -> None:
    one = Figures(
        {
            "a": TrackFigures({"shown": 1, "dropped": 1}, {"VP8": encoder(0.01, 100)}, stage(0.5)),
            "b": TrackFigures({"shown": 5}),
        }
    )
    other = Figures(
        {
            "a": TrackFigures(
                {"shown": 2, "failed": 1},
                {"VP8": encoder(0.02, 10), "H264": encoder(0.1, 1)},
                stage(0.25, 0.25),
            ),
            "c": TrackFigures({"received": 7}),
        }
    )
    both = pickle.loads(pickle.dumps(one)) + other
    assert {name: track.fates for name, track in both.tracks.items()} == {
        "a": {"shown": 3, "dropped": 1, "failed": 1},
        "b": {"shown": 5},
        "c": {"received": 7},
    }
    made = both.tracks["a"].encoders
    assert {codec: work.bytes for codec, work in made.items()} == {"VP8": 110, "H264": 1}
    assert sum(made["VP8"].seconds.counts) == sum(made["VP8"].waits.counts) == 2
    assert made["VP8"].waits.total == pytest.approx(0.003)
    assert (sum(both.tracks["a"].ways_out.counts), both.tracks["a"].ways_out.total) == (3, 1.0)
    assert one.tracks["a"].fates == {"shown": 1, "dropped": 1}


def test_what_a_replica_counts_adds_up_with_another_ones() -> None:
    figures = []
    for seconds in (0.25, 0.5):
        traffic = Traffic()
        traffic.latencies.count(seconds)
        traffic.arrived(Tick(0, turn=0.0625), 1.0)
        traffic.arrived(Tick(0, turn=seconds, admitted_at=1.0, held=seconds), 1.0 + seconds)
        figures.append(traffic.figures({}))
    both = sum(figures, Figures())
    assert both.latencies.total == both.emits.total == 0.75
    assert both.hand_offs.total == both.holds.total == 0.75
    assert both.turns.total == 0.875
