"""`init`: what it writes runs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import yaml

from reactor_actors.cli.init import FILES, scaffold
from reactor_actors.core.errors import SetupError
from reactor_actors.core.wire import outbound
from reactor_actors.loader import find_model, load_class
from tests.local import serving


def test_it_writes_the_documented_files_and_the_folders_name(tmp_path: Path) -> None:
    folder = scaffold(tmp_path / "dream-1")
    assert sorted(path.name for path in folder.iterdir()) == sorted(FILES)
    manifest = yaml.safe_load((folder / "reactor.yaml").read_text())
    assert manifest == {"model": "pipeline:MyModel", "name": "dream-1", "config": "config.yml"}
    config = yaml.safe_load((folder / "config.yml").read_text())
    assert config == {"width": 640, "height": 480, "chunk_size": 4}
    assert (folder / "README.md").read_text().startswith("# dream-1\n")


async def test_the_model_runs_as_it_is_written(tmp_path: Path) -> None:
    source = find_model(scaffold(tmp_path / "dream"), environ={})
    model = load_class(source.manifest)
    async with serving(model, config={**source.config, "width": 64, "height": 48}) as local:
        viewer = local.join("anna")
        first, *_, later = await local.shown(8)
        assert first.shape == (48, 64, 3)
        assert np.abs(first.astype(int) - later).max() > 0
        assert (local.contract.buffer_size, local.contract.fps) == (8, 30)
        await viewer.ask("set_brightness", brightness=0.0)
        dark = len(local.screen.ticks) + local.contract.buffer_size + 8
        assert (await local.shown(dark))[-1].max() < 10
        assert isinstance(await viewer.ask("set_brightness", brightness=3.0), outbound.Failure)


def test_a_folder_that_exists_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    with pytest.raises(SetupError, match="exists already"):
        scaffold(tmp_path / "mine")
    assert list((tmp_path / "mine").iterdir()) == []


@pytest.mark.parametrize("name", ["..", "-p", "a b", "a:b"])
def test_a_name_that_no_model_can_have_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(SetupError):
        scaffold(tmp_path / "new" / name)
    assert not (tmp_path / "new" / name / "pipeline.py").exists()
