"""A time and a flag are read as they were drawn, after what an encoder does to them."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from benchmarks.loopback.clock import BITS, Scenery, flagged, mark, read, stamp, width_of


@pytest.mark.parametrize("height", [360, 720])
@pytest.mark.parametrize("milliseconds", [0, (1 << BITS) - 1, 0b1010_0101_1100_0011_1001_0110])
def test_the_time_survives_blur_and_noise(height: int, milliseconds: int) -> None:
    picture = np.full((height, width_of(height), 3), 120, np.uint8)
    stamp(picture, milliseconds)
    noise = np.random.default_rng(1).normal(0, 25, picture.shape)
    seen = cv2.GaussianBlur((picture + noise).clip(0, 255).astype(np.uint8), (9, 9), 3)
    assert read(seen[..., 1]) == milliseconds


@pytest.mark.parametrize("flag", [True, False])
def test_the_flag_and_the_time_do_not_cover_each_other(flag: bool) -> None:
    picture = np.zeros((360, width_of(360), 3), np.uint8)
    stamp(picture, 0xABCDEF)
    mark(picture, flag)
    assert flagged(picture[..., 0]) is flag
    assert read(picture[..., 0]) == 0xABCDEF


@pytest.mark.parametrize("height", [180, 362])
def test_the_scenery_has_the_size_it_is_asked_for_and_moves(height: int) -> None:
    scenery = Scenery(height)
    pictures = [scenery.draw(number, True) for number in range(2)]
    assert pictures[0].shape == (height, width_of(height), 3)
    assert not np.array_equal(pictures[0][170:], pictures[1][170:])
