from itertools import pairwise

import pytest

from reactor_actors.core.errors import SetupError
from reactor_actors.transports.webrtc.rate import (
    Bitrate,
    BitrateRange,
    Cadence,
    KeyFrames,
    Throughput,
)

RANGE = BitrateRange(500_000, 4_000_000, 10_000_000)


class Stream:
    """An encoder that sends what it is told, and viewers who report once a second."""

    def __init__(self, *viewers: str) -> None:
        self.bitrate = Bitrate(RANGE)
        self.now = 0.0
        self.targets: list[int] = []
        self.use = 1.0
        for viewer in viewers:
            self.bitrate.joined(viewer)

    def run(
        self,
        seconds: int,
        *,
        carries: dict[str, float] | None = None,
        loss: dict[str, float] | None = None,
    ) -> int:
        for _ in range(seconds):
            for _ in range(30):
                target = self.bitrate.target(self.now)
                self.bitrate.sent(int(target * self.use / 30 / 8), self.now)
                self.now += 1 / 30
            for viewer, estimate in (carries or {}).items():
                self.bitrate.estimated(viewer, estimate, self.now)
            for viewer, fraction in (loss or {}).items():
                self.bitrate.lost(viewer, fraction, self.now)
            self.targets.append(self.bitrate.target(self.now))
        return self.targets[-1]


def test_a_stream_starts_at_the_start_rate_and_stays_there_without_reports() -> None:
    assert Stream("anna").run(20) == 4_000_000


def test_without_losses_the_rate_grows_to_the_highest() -> None:
    assert Stream("anna").run(40, loss={"anna": 0.0}) == 10_000_000


def test_an_estimate_is_an_upper_bound() -> None:
    stream = Stream("anna")
    assert stream.run(5, carries={"anna": 2e6}, loss={"anna": 0.0}) == 2_000_000
    assert stream.run(60, carries={"anna": 8e6}, loss={"anna": 0.0}) == pytest.approx(8e6, rel=0.2)


def test_heavy_losses_cut_the_rate_to_the_lowest_at_worst() -> None:
    stream = Stream("anna")
    assert stream.run(4, loss={"anna": 0.3}) < 3_000_000
    assert stream.run(60, loss={"anna": 0.5}) == 500_000


def test_light_losses_change_nothing() -> None:
    assert Stream("anna").run(30, loss={"anna": 0.05}) == 4_000_000


def test_a_rate_that_is_not_used_proves_nothing() -> None:
    stream = Stream("anna")
    stream.use = 0.1
    assert stream.run(30, carries={"anna": 600_000}, loss={"anna": 0.0}) == 4_000_000


def test_an_estimate_below_what_is_sent_counts_even_when_little_is_sent() -> None:
    stream = Stream("anna")
    stream.use = 0.5
    assert stream.run(5, carries={"anna": 1_000_000}) == 1_000_000


def test_an_estimate_that_rises_again_counts_even_when_little_is_sent() -> None:
    stream = Stream("anna")
    stream.run(5, carries={"anna": 1e6})
    stream.use = 0.1
    assert stream.run(10, carries={"anna": 3.9e6}) == pytest.approx(3.9e6, rel=0.01)


def test_the_slowest_of_similar_viewers_decides() -> None:
    stream = Stream("anna", "ben", "cleo")
    assert stream.run(5, carries={"anna": 4e6, "ben": 3e6, "cleo": 1.5e6}) == 1_500_000


def test_one_bad_viewer_does_not_ruin_the_others() -> None:
    stream = Stream("anna", "ben")
    assert stream.run(10, carries={"anna": 4e6, "ben": 600_000}) == 4_000_000
    stream = Stream("anna", "ben", "cleo")
    assert stream.run(60, loss={"anna": 0.5, "ben": 0.0, "cleo": 0.0}) == 10_000_000


def test_a_viewer_alone_always_gets_what_fits() -> None:
    stream = Stream("anna", "ben")
    stream.run(10, carries={"anna": 4e6, "ben": 600_000})
    stream.bitrate.left("anna")
    assert stream.run(10, carries={"ben": 600_000}) == 600_000


def test_a_viewer_who_left_decides_nothing() -> None:
    stream = Stream("anna", "ben")
    stream.run(10, carries={"ben": 2e6})
    stream.bitrate.left("ben")
    assert stream.run(10, carries={"ben": 1e6}) == 4_000_000


def test_reports_of_strangers_are_ignored() -> None:
    stream = Stream("anna")
    assert stream.run(5, carries={"mallory": 1.0}, loss={"mallory": 1.0}) == 4_000_000


def test_small_changes_do_not_move_the_target() -> None:
    stream = Stream("anna")
    stream.run(5, carries={"anna": 3e6})
    for wobble in (2.8e6, 3.2e6, 2.7e6, 3.5e6) * 5:
        stream.run(1, carries={"anna": wobble})
    assert set(stream.targets[5:]) == {3_000_000}


def test_the_target_rises_at_most_every_five_seconds() -> None:
    stream = Stream("anna")
    stream.run(60, loss={"anna": 0.0})
    changes = [i for i in range(1, 60) if stream.targets[i] != stream.targets[i - 1]]
    assert changes
    assert all(b - a >= 5 for a, b in pairwise(changes))


def test_an_estimate_outside_the_range_is_clamped() -> None:
    stream = Stream("anna")
    assert stream.run(3, carries={"anna": 1.0}) == 500_000


@pytest.mark.parametrize(
    ("text", "bounds"),
    [
        ("0.5:4:10", BitrateRange()),
        ("1:1:1", BitrateRange(1_000_000, 1_000_000, 1_000_000)),
    ],
)
def test_a_range_reads_as_megabits(text: str, bounds: BitrateRange) -> None:
    assert BitrateRange.parse(text) == bounds


@pytest.mark.parametrize("text", ["", "4", "1:2", "a:b:c", "4:2:8", "0:1:2", "1:2:inf", "nan:1:2"])
def test_a_range_that_makes_no_sense_is_a_setup_error(text: str) -> None:
    with pytest.raises(SetupError, match="bitrate: expected"):
        BitrateRange.parse(text)


def test_throughput_settles_at_the_rate_and_decays_within_seconds() -> None:
    measured = Throughput()
    for i in range(300):
        measured.add(100, i / 30)
    assert measured.rate(10.0) == pytest.approx(3000, rel=0.05)
    assert measured.rate(15.0) < 30


def test_no_key_frame_is_made_unasked() -> None:
    assert not KeyFrames().take(0.0)


def test_the_first_request_is_honoured_at_once() -> None:
    keys = KeyFrames(0.5)
    assert keys.request(7.0)
    assert keys.take(7.0)
    assert not keys.take(7.01)


def test_an_early_request_waits_for_the_end_of_the_interval() -> None:
    keys = KeyFrames(0.5)
    keys.request(0.0)
    keys.take(0.0)
    assert not keys.request(0.1)
    assert [keys.take(i / 10) for i in range(2, 8)] == [False, False, False, True, False, False]


def test_many_requests_make_one_key_frame_per_interval() -> None:
    keys = KeyFrames(0.5)
    made = 0
    for i in range(300):
        keys.request(i / 30)
        made += keys.take(i / 30)
    assert made == 20


def at(cadence: Cadence, fps: float, seconds: float, start: float = 0.0) -> list[float]:
    return [cadence.saw(start + i / fps) for i in range(round(seconds * fps))]


def test_a_steady_cadence_changes_nothing() -> None:
    assert set(at(Cadence(30), 30, 20)) == {30.0}
    assert set(at(Cadence(30), 24, 20)) == {30.0}


def test_a_faster_cadence_is_seen_after_eight_pictures() -> None:
    seen = at(Cadence(30), 60, 1)
    assert seen[7:9] == [30.0, 60.0]
    assert set(seen[9:]) == {60.0}


def test_a_slower_cadence_is_seen_after_five_seconds() -> None:
    seen = at(Cadence(30), 10, 8)
    assert set(seen[:50]) == {30.0}
    assert set(seen[51:]) == {10.0}


def test_a_pause_and_its_repeats_are_no_cadence() -> None:
    cadence = Cadence(30)
    at(cadence, 30, 3)
    assert set(at(cadence, 1, 20, start=3.0)) == {30.0}
    assert set(at(cadence, 30, 3, start=30.0)) == {30.0}


def test_who_carries_less_than_a_third_of_the_others_is_left_behind_until_it_recovers() -> None:
    stream = Stream("anna", "ben", "weak")
    assert not any(stream.bitrate.behind(viewer) for viewer in ("anna", "ben", "weak"))
    stream.run(3, carries={"weak": 200_000})
    assert [stream.bitrate.behind(v) for v in ("anna", "ben", "weak")] == [False, False, True]
    stream.run(3, carries={"weak": 3_000_000})
    assert not stream.bitrate.behind("weak")


def test_a_viewer_alone_is_never_left_behind_nor_is_one_who_is_not_there() -> None:
    stream = Stream("anna")
    stream.run(3, carries={"anna": 1_000})
    assert not stream.bitrate.behind("anna")
    assert not stream.bitrate.behind("nobody")


def test_who_is_left_alone_by_the_others_is_no_longer_behind() -> None:
    stream = Stream("anna", "weak")
    stream.run(3, carries={"weak": 200_000})
    assert stream.bitrate.behind("weak")
    stream.bitrate.left("anna")
    assert not stream.bitrate.behind("weak")


def test_a_newcomer_waits_less_for_a_key_frame_than_a_report_does() -> None:
    keys = KeyFrames(interval=0.5, newcomer=0.1)
    assert keys.request(0.0)
    assert keys.take(0.0)
    assert not keys.request(0.2)
    assert not keys.due(0.3)
    assert keys.request(0.3, newcomer=True)
    assert keys.take(0.3)
    assert not keys.due(10.0)
