"""Every template is written, passes its own test, streams, and does what its commands say."""

from __future__ import annotations

import ast
import importlib.util
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from reactor_actors.core.errors import SetupError
from reactor_actors.core.media import Pixels
from reactor_actors.core.wire import outbound
from reactor_actors.loader import find_model, load_class
from reactor_actors.manifest import read_manifest
from reactor_actors.scaffold import FILES, TEMPLATES, write
from tests.local import Local, serving

ROOT = Path(__file__).parents[2]
TORCHLESS = pytest.mark.skipif(
    importlib.util.find_spec("torch") is None, reason="torch is not installed"
)
RUNNING = [pytest.param(name, marks=TORCHLESS if name == "torch" else ()) for name in TEMPLATES]
SMALL = {"width": 64, "height": 48, "chunk_size": 4, "rain": 0, "patience": 0.05}


def serve(folder: Path) -> Any:
    source = find_model(folder, environ={})
    return serving(load_class(source.manifest), config={**source.config, **SMALL})


async def until(local: Local, fits: Callable[[Pixels], bool]) -> Pixels:
    """Wait for a picture that fits, among those that come from now on."""
    begun = len(await local.shown(1))

    def fitting() -> int | None:
        return len(local.screen.ticks) if len(local.screen.ticks) > begun else None

    while True:
        begun = await local.until(fitting)
        picture = (await local.shown(begun))[-1]
        if fits(picture):
            return picture


@pytest.mark.parametrize("template", TEMPLATES)
def test_it_writes_the_documented_files_and_the_folders_name(tmp_path: Path, template: str) -> None:
    folder = write(tmp_path / "dream-1", template)
    assert sorted(path.name for path in folder.iterdir()) == sorted(FILES)
    manifest = yaml.safe_load((folder / "reactor.yaml").read_text())
    assert manifest == {"model": "pipeline:MyModel", "name": "dream-1", "config": "config.yml"}
    assert (folder / "README.md").read_text().startswith("# dream-1\n")
    assert isinstance(yaml.safe_load((folder / "config.yml").read_text()), dict)


@pytest.mark.parametrize("name", ["on", "yes", "no", "off", "true", "null", "1.5", "2026-01-01"])
@pytest.mark.parametrize("template", TEMPLATES)
def test_a_name_that_yaml_reads_as_something_else_stays_a_name(
    tmp_path: Path, template: str, name: str
) -> None:
    manifest = read_manifest(write(tmp_path / name, template) / "reactor.yaml")
    assert manifest.name == name


def test_the_default_is_the_gradient(tmp_path: Path) -> None:
    config = yaml.safe_load((write(tmp_path / "dream") / "config.yml").read_text())
    assert config == {"width": 640, "height": 480, "chunk_size": 4}


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_template_imports_what_its_requirements_say(tmp_path: Path, template: str) -> None:
    folder = write(tmp_path / "dream", template)
    tree = ast.parse((folder / "pipeline.py").read_text())
    nodes = list(ast.walk(tree))
    named = {str(node.module) for node in nodes if isinstance(node, ast.ImportFrom)}
    for node in nodes:
        if isinstance(node, ast.Import):
            named |= {alias.name for alias in node.names}
    needed = {name.split(".")[0] for name in named} - sys.stdlib_module_names
    assert needed == {
        line.replace("-", "_") for line in (folder / "requirements.txt").read_text().split()
    }
    doors = {"reactor_actors", "reactor_actors.interface"}
    assert {name for name in named if name.startswith("reactor_actors")} <= doors


@pytest.mark.parametrize("template", RUNNING)
def test_its_own_test_passes(tmp_path: Path, template: str) -> None:
    folder = write(tmp_path / "dream", template)
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout
    assert " passed" in ran.stdout


async def test_the_gradient_moves_and_gets_dark(tmp_path: Path) -> None:
    async with serve(write(tmp_path / "dream", "pipeline")) as local:
        viewer = local.join("anna")
        first, *_, later = await local.shown(8)
        assert first.shape == (48, 64, 3)
        assert np.abs(first.astype(int) - later).max() > 0
        assert (local.contract.buffer_size, local.contract.fps) == (8, 30)
        await viewer.ask("set_brightness", brightness=0.0)
        assert (await until(local, lambda picture: picture.max() < 10)).max() < 10
        assert isinstance(await viewer.ask("set_brightness", brightness=3.0), outbound.Failure)


async def test_a_drop_makes_waves_on_the_pond_and_everybody_is_counted(tmp_path: Path) -> None:
    async with serve(write(tmp_path / "dream", "model")) as local:
        anna = local.join("anna")
        still = (await local.shown(1))[0]
        assert np.array_equal((await local.shown(4))[-1], still)
        local.join("bert")
        await anna.until(lambda: True if ("viewers", {"count": 2}) in anna.messages else None)
        assert await anna.ask("drop", x=0.25, y=0.5)
        assert ("dropped", {"drops": 1}) in anna.messages
        await until(local, lambda picture: np.abs(picture.astype(int) - still).max() > 30)


async def test_the_webcam_comes_back_as_lines_or_as_it_is(tmp_path: Path) -> None:
    async with serve(write(tmp_path / "dream", "webcam")) as local:
        viewer = local.join("anna")
        bars = await until(local, lambda picture: picture.shape == (360, 640, 3))
        assert len(np.unique(bars.reshape(-1, 3) > 100, axis=0)) == 6
        frame = np.full((48, 64, 3), 120, np.uint8)

        def shown(light: range) -> Callable[[Pixels], bool]:
            def fits(picture: Pixels) -> bool:
                viewer.show("webcam", frame)
                return picture.shape == frame.shape and picture[24, 32, 0] in light

            return fits

        await viewer.ask("set_neon", neon=1.0)
        await until(local, shown(range(5)))
        await viewer.ask("set_neon", neon=0.0)
        await until(local, shown(range(115, 125)))
        viewer.leave()
        local.join("bert")
        await until(local, lambda picture: picture.shape == (360, 640, 3))


async def test_the_lamp_of_generation_1_is_heated(tmp_path: Path) -> None:
    def redness(picture: Pixels) -> float:
        return float(picture[..., 0].mean() / picture[..., 2].mean())

    async with serve(write(tmp_path / "dream", "classic")) as local:
        viewer = local.join("anna")
        await viewer.ask("set_heat", heat=0.0)
        await until(local, lambda picture: redness(picture) < 0.7)
        await viewer.ask("set_heat", heat=1.0)
        await until(local, lambda picture: redness(picture) > 2)
        assert await viewer.heard("heat") == {"heat": 1.0}


@TORCHLESS
async def test_the_network_dreams_another_dream_for_every_seed(tmp_path: Path) -> None:
    async with serve(write(tmp_path / "dream", "torch")) as local:
        viewer = local.join("anna")
        await viewer.ask("set_speed", speed=0.0)
        [*_, first] = await local.shown(local.contract.buffer_size * 2 + 2)
        assert first.std() > 5
        await viewer.ask("set_seed", seed=5)
        await until(local, lambda picture: np.abs(picture.astype(int) - first).mean() > 10)


def test_a_folder_that_exists_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    with pytest.raises(SetupError, match="exists already"):
        write(tmp_path / "mine")
    assert list((tmp_path / "mine").iterdir()) == []


@pytest.mark.parametrize("name", ["..", "-p", "a b", "a:b"])
def test_a_name_that_no_model_can_have_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(SetupError):
        write(tmp_path / "new" / name)
    assert not (tmp_path / "new" / name / "pipeline.py").exists()


def test_an_unknown_template_is_refused_with_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(SetupError) as refused:
        write(tmp_path / "mine", "webcams")
    assert refused.value.message == (
        "--template expects one of pipeline, model, webcam, classic, torch; got 'webcams'"
    )
    assert not (tmp_path / "mine").exists()
