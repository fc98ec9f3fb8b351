"""The dream of a network, looked at: what a person would see of every dial, and of bad weights."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from reactor_actors.core.errors import ModelError
from reactor_actors.core.wire.outbound import Ack, Failure
from reactor_actors.interface import PipelineExecutor
from reactor_actors.loader import ModelSource, find_model, load_class
from tests.local import Local, LocalClient, serving

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "examples" / "torch_dream"
SMALL = {"width": 96, "height": 64}

Picture = NDArray[np.uint8]


def test_without_torch_one_line_says_what_is_missing() -> None:
    program = """
        import sys
        sys.modules["torch"] = None
        from reactor_actors.loader import find_model, load_class
        from reactor_actors.core.errors import SetupError
        try:
            load_class(find_model(sys.argv[1], environ={}).manifest)
        except SetupError as error:
            print(error)
    """
    lines = [line.removeprefix(8 * " ") for line in program.strip("\n").splitlines()]
    told = subprocess.run(
        [sys.executable, "-c", "\n".join(lines), str(FOLDER)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert re.search(r"pipeline\.py.*torch.*install it", told.stdout), told.stdout
    assert told.stdout.count("\n") == 1


@pytest.fixture
def source() -> ModelSource:
    pytest.importorskip("torch", reason="torch is not installed: pip install torch")
    return find_model(FOLDER, environ={})


@asynccontextmanager
async def dreaming(source: ModelSource, **dials: Any) -> AsyncIterator[tuple[Local, LocalClient]]:
    async with serving(load_class(source.manifest), SMALL) as local:
        anna = local.join("anna")
        for name, value in dials.items():
            assert isinstance(await anna.ask(f"set_{name}", **{name: value}), Ack)
        yield local, anna


async def settled(local: Local) -> Picture:
    """Return the picture that a dream at rest comes to, once it has melted into it."""

    def still() -> Picture | None:
        pictures = local.screen.ticks[-8:]
        if len(pictures) < 8:
            return None
        first, last = pictures[0].pictures["main_video"], pictures[-1].pictures["main_video"]
        return local.screen.newest() if np.array_equal(first, last) else None

    return await local.until(still)


def apart(one: Picture, other: Picture) -> float:
    return float(np.abs(one.astype(float) - other).mean())


async def test_a_seed_is_one_dream_and_another_seed_another(source: ModelSource) -> None:
    async with dreaming(source, speed=0.0) as (local, anna):
        seen = []
        for seed in (0, 5, 0):
            await anna.ask("set_seed", seed=seed)
            await local.shown(len(local.screen.ticks) + 12)
            seen.append(await settled(local))
        refused = await anna.ask("set_seed", seed=-1)
    assert apart(seen[0], seen[1]) > 15
    assert apart(seen[0], seen[2]) < 1
    assert isinstance(refused, Failure)


async def test_colours_are_those_of_their_names(source: ModelSource) -> None:
    async with dreaming(source, speed=0.0, colour="ember") as (local, anna):
        await local.shown(1)
        await local.until(lambda: warmth(local.screen.newest()) > 1.5 or None)
        await anna.ask("set_colour", colour="ocean")
        await local.until(lambda: warmth(local.screen.newest()) < 0.7 or None)
        refused = await anna.ask("set_colour", colour="mauve")
    assert isinstance(refused, Failure)
    assert "pearl" in refused.message


def warmth(picture: Picture) -> float:
    red, _, blue = picture.reshape(-1, 3).mean(axis=0)
    return float(red / max(blue, 1.0))


def dreamt(source: ModelSource, turns: int = 30, **dials: Any) -> list[Picture]:
    """Return the pictures of some turns, made without pacing: the same ones every time."""
    with PipelineExecutor(load_class(source.manifest), SMALL) as pipeline:
        pipeline.connect()
        for name, value in dials.items():
            pipeline.send_event(f"set_{name}", **{name: value})
        batches = [next(pipeline).output.main_video for _ in range(turns)]
    assert all(tuple(batch.shape) == (2, 64, 96, 3) for batch in batches)
    return [picture.numpy() for batch in batches for picture in batch]


def test_the_next_run_dreams_the_same(source: ModelSource) -> None:
    assert np.array_equal(dreamt(source, seed=3), dreamt(source, seed=3))
    assert apart(dreamt(source, seed=3)[-1], dreamt(source, seed=4)[-1]) > 15


def busyness(picture: Picture) -> float:
    return float(np.abs(np.diff(picture.astype(float), axis=1)).mean())


def test_detail_folds_it_and_zoom_unfolds_it(source: ModelSource) -> None:
    usual = busyness(dreamt(source)[-1])
    assert busyness(dreamt(source, detail=1.0)[-1]) > 1.2 * usual
    assert busyness(dreamt(source, zoom=4.0)[-1]) < 0.7 * usual


def test_it_flows_without_a_jump_and_as_fast_as_it_is_told(source: ModelSource) -> None:
    slow, fast = dreamt(source), dreamt(source, speed=4.0)
    steps = [apart(one, other) for one, other in pairwise(slow)]
    assert min(steps) > 0.2
    assert max(steps) < 10
    assert apart(fast[0], fast[1]) > 2 * apart(slow[0], slow[1])


def test_a_dream_melts_into_the_next(source: ModelSource) -> None:
    with PipelineExecutor(load_class(source.manifest), SMALL) as pipeline:
        pipeline.connect()
        pipeline.send_event("set_speed", speed=0.0)
        before = next(pipeline).output.main_video[-1].numpy()
        pipeline.send_event("set_seed", seed=7)
        pictures = [p.numpy() for _ in range(40) for p in next(pipeline).output.main_video]
    assert apart(before, pictures[-1]) > 15
    steps = [apart(a, b) for a, b in pairwise([before, *pictures])]
    assert max(steps) < 0.35 * apart(before, pictures[-1])


def test_it_looks_alive(source: ModelSource) -> None:
    for colour in ("aurora", "ember", "ocean", "pearl"):
        picture = dreamt(source, turns=20, colour=colour)[-1]
        light = picture.mean(axis=2)
        assert np.percentile(light, 95) - np.percentile(light, 5) > 60, colour
        assert 25 < light.mean() < 200, colour


async def test_its_rate_is_what_the_machine_can_do(source: ModelSource) -> None:
    async with dreaming(source) as (local, _anna):
        assert not local.contract.pinned
        await local.shown(20)
        await local.eventually(lambda: local.model.output.fps != local.contract.fps)


async def test_weights_of_ones_own_are_dreamt_with(
    source: ModelSource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = (FOLDER / "README.md").read_text()
    [saving] = re.findall(r'^ +(mkdir .*\n +python -c "import torch.*)$', page, re.MULTILINE)
    folder = shutil.copytree(FOLDER, tmp_path / "dream", ignore=shutil.ignore_patterns("weights"))
    python = saving.replace("python -c", f"{sys.executable} -c")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    run = partial(subprocess.run, shell=True, cwd=folder, env=environment, check=True)
    await asyncio.to_thread(run, python)
    monkeypatch.setenv("REACTOR_WEIGHTS_PATH", str(folder / "weights"))
    dream = load_class(source.manifest)
    seen = []
    for config in (SMALL, {**SMALL, "weights": "five.pt"}):
        async with serving(dream, config) as local:
            await local.join("anna").ask("set_speed", speed=0.0)
            seen.append(await settled(local))
    assert apart(*seen) > 15


@pytest.mark.parametrize("content", [None, b"", b"no weights at all"])
async def test_weights_that_cannot_be_read_are_named(
    source: ModelSource, content: bytes | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REACTOR_WEIGHTS_PATH", str(tmp_path))
    path = tmp_path / "mine.pt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ModelError, match=re.escape(f"the weights {path} cannot be read: ")) as seen:
        async with serving(load_class(source.manifest), {**SMALL, "weights": "mine.pt"}):
            pass
    assert "\n" not in str(seen.value)


async def test_weights_of_another_network_are_refused(
    source: ModelSource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch = pytest.importorskip("torch")
    monkeypatch.setenv("REACTOR_WEIGHTS_PATH", str(tmp_path))
    torch.save({"place.weight": torch.zeros(3, 3)}, tmp_path / "mine.pt")
    with pytest.raises(ModelError, match=r"mine\.pt cannot be read: .*Field"):
        async with serving(load_class(source.manifest), {**SMALL, "weights": "mine.pt"}):
            pass
