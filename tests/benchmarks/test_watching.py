"""What is said of several viewers, and which packets are media."""

from __future__ import annotations

import pytest

from benchmarks.loopback.audience import Seen
from benchmarks.loopback.viewers import is_rtp
from benchmarks.loopback.watching import glass


def test_two_processes_of_viewers_are_told_as_one() -> None:
    both = Seen([30.0], [40.0], [50.0], [60.0], 0.5) + Seen(
        [29.0, 28.0], [99.0, 41.0], cpu_seconds=1
    )
    assert both == Seen([30.0, 29.0, 28.0], [40.0, 99.0, 41.0], [50.0], [60.0], 1.5)


def test_glass_is_told_by_its_middle_and_its_tail() -> None:
    assert glass([*range(100), 1000]) == {"glass p50, ms": 50, "glass p95, ms": 95}


def test_nothing_is_told_of_pictures_that_nobody_decoded() -> None:
    assert glass([]) == {}


@pytest.mark.parametrize(
    ("head", "media"),
    [
        (bytes([0x80, 96]), True),  # RTP
        (bytes([0x80, 0x80 | 96]), True),  # RTP, the last packet of a picture
        (bytes([0x90, 111]), True),  # RTP with header extensions
        (bytes([0x80, 200]), False),  # RTCP, a sender report
        (bytes([0x81, 206]), False),  # RTCP, feedback
        (bytes([22, 254]), False),  # DTLS, a handshake
        (bytes([23, 254]), False),  # DTLS, data
    ],
)
def test_media_is_told_from_the_rest_by_two_bytes(head: bytes, media: bool) -> None:
    assert is_rtp(head) is media
