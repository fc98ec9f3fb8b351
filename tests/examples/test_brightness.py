"""The brightness example, driven end to end and headless."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from reactor_actors.core.wire.outbound import Ack, Failure
from reactor_actors.loader import find_model, load_class
from tests.local import serving

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "examples" / "brightness"


async def test_every_dial_changes_the_picture_of_the_running_model() -> None:
    source = find_model(FOLDER, environ={})
    config = {**source.config, "width": 64, "height": 48}
    async with serving(load_class(source.manifest), config) as local:
        anna = local.join("anna")
        bright = (await local.shown(4))[-1].mean()
        assert isinstance(await anna.ask("set_brightness", brightness=0.0), Ack)
        await local.until(lambda: True if local.screen.newest().mean() < 2 else None)
        assert isinstance(await anna.ask("set_brightness", brightness=1.0), Ack)
        assert isinstance(await anna.ask("set_colour", colour="ember"), Ack)
        await local.until(lambda: True if redness(local.screen.newest()) > 1.5 else None)
        assert bright > 10
        refused = await anna.ask("set_colour", colour="mauve")
    assert isinstance(refused, Failure)
    assert "aurora" in refused.message


def redness(picture: np.ndarray) -> float:
    red, green, _ = picture.reshape(-1, 3).mean(axis=0)
    return float(red / max(green, 1.0))


@pytest.mark.timeout(120)
def test_the_demo_writes_a_strip_whose_rows_differ(tmp_path: Path) -> None:
    target = tmp_path / "strip.png"
    command = [sys.executable, "-m", "examples.strip", str(FOLDER), str(target), "--turns", "1"]
    told = subprocess.run(
        [*command, "--set", "brightness=0.3", "--set", "colour=ember"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "3 x 6 pictures" in told.stdout
    strip = cv2.imread(str(target))
    first, dimmed, _ = np.array_split(strip, 3)
    assert dimmed.mean() < 0.5 * first.mean()
