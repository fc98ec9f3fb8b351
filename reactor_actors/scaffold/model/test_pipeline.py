"""The model without a server: run `pytest` in this folder."""

import numpy as np

from pipeline import MyModel


def pond():
    model = MyModel()
    model.load({"width": 64, "height": 36})
    return model


def test_still_water_is_a_picture():
    picture = pond().picture()
    assert picture.shape == (36, 64, 3)
    assert picture.dtype == np.uint8


def test_a_drop_makes_waves_and_is_counted():
    model = pond()
    still = model.picture()
    assert model.drop(x=0.25, y=0.5).drops == 1
    model.advance()
    changed = np.abs(model.picture().astype(int) - still).sum(axis=2)
    assert changed[:, :32].max() > 20
    assert changed[:, 48:].max() == 0
    assert model.drop(x=0.5, y=0.5).drops == 2
