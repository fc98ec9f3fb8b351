from __future__ import annotations

from collections.abc import Sequence

import pytest

from reactor_actors.cli.checks.codecs import sound, sound_told, video, video_told
from reactor_actors.cli.checks.finding import Mark
from reactor_actors.core.contract import Contract
from reactor_actors.core.media import Direction, Kind, Track

HEARD = Contract("heard", tracks=(Track("voice", Kind.AUDIO, Direction.OUT),))
HEARING = Contract("hearing", tracks=(Track("voice", Kind.AUDIO, Direction.IN),))


def test_the_codecs_of_this_machine_work() -> None:
    assert video().mark is Mark.GOOD
    assert "VP8 by libvpx" in video().found
    assert sound(None).mark is Mark.GOOD


@pytest.mark.parametrize(
    ("libraries", "mark", "words"),
    [
        ({"VP8": ["libvpx"], "H264": ["h264_nvenc", "libx264"]}, Mark.GOOD, "H264 by h264_nvenc"),
        ({"VP8": ["libvpx"], "H264": ["libx264"]}, Mark.GOOD, "without NVENC the CPU encodes"),
        ({"VP8": ["libvpx"], "H264": []}, Mark.WARNING, "H264 does not work"),
        ({"VP8": [], "H264": ["libx264"]}, Mark.WARNING, "VP8 does not work"),
        ({"VP8": [], "H264": []}, Mark.BAD, "none works"),
    ],
)
def test_one_codec_is_enough(libraries: dict[str, Sequence[str]], mark: Mark, words: str) -> None:
    found = video_told(libraries)
    assert found.mark is mark
    assert words in found.found
    assert bool(found.remedy) is (mark is not Mark.GOOD)


@pytest.mark.parametrize(
    ("contract", "mark"), [(None, Mark.WARNING), (HEARING, Mark.WARNING), (HEARD, Mark.BAD)]
)
def test_opus_is_needed_by_models_with_sound(contract: Contract | None, mark: Mark) -> None:
    assert sound_told(False, contract).mark is mark
    assert sound_told(True, contract).mark is Mark.GOOD
