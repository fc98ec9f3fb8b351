"""The examples that serve a model and take part themselves, run as their pages say."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

pytestmark = [pytest.mark.ray, pytest.mark.timeout(180)]

ROOT = Path(__file__).parents[2]
MODEL = str(ROOT / "examples" / "brightness")


def ran(*words: str) -> str:
    command = [sys.executable, "-m", *words]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_recording_shows_every_change(tmp_path: Path) -> None:
    target = tmp_path / "recorded.png"
    changes = ("--set", "brightness=0.3", "--set", "colour=ember")
    assert "brightness: 3 x 6 pictures" in ran("examples.record", MODEL, str(target), *changes)
    recorded = cv2.imread(str(target))
    assert recorded is not None
    first, dimmed, ember = np.array_split(recorded.astype(float), 3)
    assert dimmed.mean() < 0.5 * first.mean()
    blue, _, red = ember.reshape(-1, 3).mean(axis=0)
    assert red > 2 * blue


def test_a_meter_sees_the_stream_darken() -> None:
    told = ran("examples.meter", MODEL, "--seconds", "1", "--set", "brightness=0.0")
    readings = re.findall(r"(\d+) pictures, brightness ([\d.]+), (\d+) missed", told)
    assert len(readings) == 2, told
    (count, before, _), (_, after, _) = readings
    assert int(count) > 15
    assert float(before) > 0.05
    assert float(after) < 0.01


def test_the_python_on_the_page_about_programs_runs(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "api.md").read_text()
    blocks = re.findall(r"^```python\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
    script = tmp_path / "page.py"
    script.write_text("\n".join(blocks))
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, str(script)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["(256, 256, 3)", "refused: invalid_command", "12 seen"]
