"""`Observatory`: what is counted where it passes, as families for Prometheus.

Nothing is counted twice: when somebody looks, the replicas and the processes that serve them are
asked. Labels are names of replicas, tracks and codecs, and numbers of processes: few values,
whatever clients send.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from reactor_actors.core.session import State
from reactor_actors.core.tally import Spread
from reactor_actors.transports.figures import Figures
from reactor_actors.transports.status import ReplicaStatus


@dataclass(frozen=True, slots=True)
class Observed:
    """How all replicas stand and what they have done, and the lag of every transport's loop."""

    replicas: Sequence[tuple[ReplicaStatus, Figures]]
    lags: Sequence[Spread]


class Observatory(Collector):
    """Asks `read` whenever somebody looks."""

    def __init__(self, read: Callable[[], Observed]) -> None:
        self._read = read

    def collect(self) -> Iterator[Metric]:
        """Yield every family."""
        observed = self._read()
        figures = sum((figures for _, figures in observed.replicas), Figures())
        yield from _media(figures)
        yield from _times(figures)
        yield from _standings([status for status, _ in observed.replicas])
        lag = HistogramMetricFamily(
            "runtime_event_loop_lag_seconds",
            "How late the timers of a transport's event loop are.",
            labels=["transport"],
        )
        for number, spread in enumerate(observed.lags):
            _add(lag, spread, str(number))
        yield lag


def _media(figures: Figures) -> Iterator[Metric]:
    frames = CounterMetricFamily(
        "runtime_media_frames", "Frames by track and fate.", labels=["track", "fate"]
    )
    coded = CounterMetricFamily(
        "runtime_media_bytes",
        "Bytes that a track was encoded in, which is what each of its viewers is sent.",
        labels=["track", "codec"],
    )
    waits = HistogramMetricFamily(
        "runtime_encoder_wait_seconds",
        "How long a picture waited for its encoder.",
        labels=["track", "codec"],
    )
    seconds = HistogramMetricFamily(
        "runtime_encode_seconds",
        "How long it took to encode a picture.",
        labels=["track", "codec"],
    )
    ways_out = HistogramMetricFamily(
        "runtime_way_out_seconds",
        "Time from an encoded picture to its last RTP packet, for each viewer.",
        labels=["track"],
    )
    for track, made in figures.tracks.items():
        for fate, count in made.fates.items():
            frames.add_metric([track, fate], count)
        for codec, work in made.encoders.items():
            coded.add_metric([track, codec], work.bytes)
            if any(work.seconds.counts):
                _add(waits, work.waits, track, codec)
                _add(seconds, work.seconds, track, codec)
        if any(made.ways_out.counts):
            _add(ways_out, made.ways_out, track)
    yield from (frames, coded, waits, seconds, ways_out)


def _times(figures: Figures) -> Iterator[Metric]:
    for name, told, spread in (
        ("emit_interval", "Time between two emits of the model.", figures.emits),
        ("turn", "How long the model worked for an emit.", figures.turns),
        (
            "hold",
            "Time from an emit to the admission of each of its ticks, where both ends are on one "
            "machine.",
            figures.holds,
        ),
        (
            "hand_off",
            "Time from the admission of a tick at the model's end to its arrival at its transport, "
            "where both are on one machine.",
            figures.hand_offs,
        ),
        ("playout_latency", "Time from a tick's arrival to its playout.", figures.latencies),
    ):
        family = HistogramMetricFamily(f"runtime_{name}_seconds", told, labels=[])
        _add(family, spread)
        yield family


def _standings(replicas: Sequence[ReplicaStatus]) -> Iterator[Metric]:
    def gauge(name: str, told: str, *labels: str) -> GaugeMetricFamily:
        return GaugeMetricFamily(f"runtime_{name}", told, labels=["replica", *labels])

    state = gauge("replica_state", "1 for the state that a replica is in.", "state")
    viewers = gauge("replica_viewers", "Clients in a replica's session.")
    fps = gauge("replica_fps", "Ticks that were played in the last second.")
    waiting = gauge("replica_ticks_waiting", "Ticks that wait for their playout.")
    lead = gauge(
        "replica_lead_seconds",
        "How long before a tick is due the model begins to work on it.",
    )
    target = gauge("media_target_bits_per_second", "What an encoder aims at.", "track", "codec")
    for replica in replicas:
        for known in State:
            state.add_metric([replica.name, known.value], known is replica.state)
        viewers.add_metric([replica.name], replica.viewers)
        fps.add_metric([replica.name], replica.fps)
        waiting.add_metric([replica.name], replica.waiting)
        if replica.lead is not None:
            lead.add_metric([replica.name], replica.lead)
        for encoder in replica.encoders:
            target.add_metric([replica.name, encoder.track, encoder.codec], encoder.bitrate)
    yield from (state, viewers, fps, waiting, lead, target)


def _add(family: HistogramMetricFamily, spread: Spread, *labels: str) -> None:
    bounds = [*map(floatToGoString, spread.bounds), "+Inf"]
    within = itertools.accumulate(spread.counts)
    family.add_metric(labels, list(zip(bounds, within, strict=True)), spread.total)
