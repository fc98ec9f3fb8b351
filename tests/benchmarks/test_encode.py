from __future__ import annotations

import pytest

from benchmarks.encode.__main__ import chosen
from benchmarks.encode.candidates import AIORTC, CANDIDATES, OURS
from benchmarks.encode.measure import compared, measured
from benchmarks.encode.scenes import SCENES

RATE = 500_000


@pytest.mark.parametrize("codec", CANDIDATES)
def test_what_is_encoded_can_be_looked_at_and_resembles_the_scene(codec: str) -> None:
    scenes = {"gradient": list(SCENES["gradient"](128, 96, 8))}
    ours = CANDIDATES[codec]()[OURS]
    took, packets = measured(ours, scenes, RATE)
    assert took.keys() == {"CPU, ms", "wall, ms", "slowest, ms"}
    assert took["slowest, ms"] > 0
    known = compared(ours, scenes, packets, RATE)
    assert known["PSNR, dB"] > 25
    assert known["skipped"] == 8 - len(packets["gradient"])
    assert known["most of the rate asked"] > 0
    assert sum(packet.is_keyframe for packet in packets["gradient"]) == 2


@pytest.mark.parametrize("codec", CANDIDATES)
def test_a_comparison_always_has_its_baseline(codec: str) -> None:
    assert list(chosen(codec, None, full=False)) == [AIORTC, OURS]
    assert chosen(codec, None, full=True).keys() == CANDIDATES[codec]().keys()
    threads = chosen(codec, ["threads"], full=False)
    assert list(threads) == [AIORTC, "threads 2"]
    assert threads["threads 2"].options["threads"] == "2"
