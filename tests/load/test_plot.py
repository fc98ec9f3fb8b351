from __future__ import annotations

from pathlib import Path

import cv2
import pytest

from reactor_actors.load.figures import Ledger
from tests.load.test_figures import PLAN, told

pytest.importorskip("matplotlib", reason="an extra: reactor-actors[bench]")


@pytest.mark.parametrize("ledger", [told(), Ledger(3)], ids=["some", "none"])
def test_a_plot_is_a_png_also_of_nothing(tmp_path: Path, ledger: Ledger) -> None:
    from reactor_actors.load.plot import available, plot

    available()
    plot(ledger.document("paint", PLAN), tmp_path / "plot.png")
    assert (tmp_path / "plot.png").read_bytes().startswith(b"\x89PNG\r\n")
    picture = cv2.imread(str(tmp_path / "plot.png"))
    assert picture.shape == (960, 1080, 3)
    coloured = (picture.max(axis=2).astype(int) - picture.min(axis=2)) > 60
    assert bool(coloured.any()) is bool(ledger.watching)
