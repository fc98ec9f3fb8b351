"""The drawing without a server: run `pytest` in this folder."""

import numpy as np

from pipeline import draw


def test_a_picture_has_the_size_that_was_asked_for():
    picture = draw(0.0, 0.5, width=64, height=36)
    assert picture.shape == (36, 64, 3)
    assert picture.dtype == np.uint8


def test_heat_makes_it_red_and_cold_makes_it_blue():
    hot, cold = (draw(1.0, heat, 64, 36).reshape(-1, 3).mean(axis=0) for heat in (1.0, 0.0))
    assert hot[0] > 2 * hot[2]
    assert cold[2] > 2 * cold[0]


def test_the_wax_moves():
    assert np.abs(draw(0.0, 0.5, 64, 36).astype(int) - draw(1.0, 0.5, 64, 36)).max() > 50
