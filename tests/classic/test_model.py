from __future__ import annotations

import subprocess
import sys
import types
from collections.abc import Iterator
from pathlib import Path

import pytest

from reactor_actors.classic import AudioIn, VideoModel, VideoOut, command, model
from reactor_actors.classic.config import Config
from reactor_actors.classic.declaration import spec_of
from reactor_actors.classic.model import is_decorated
from reactor_actors.manifest import declare_weights_path


@pytest.fixture
def weights_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.delenv("REACTOR_WEIGHTS_PATH", raising=False)
    declare_weights_path(tmp_path)
    yield tmp_path
    declare_weights_path(None)


def test_the_decorator_keeps_what_it_is_given() -> None:
    @model("kept", config="c.yml", weights=["a", "b"], author="me", gpus=1)
    class Kept(VideoModel):
        pass

    spec = spec_of(Kept)
    assert spec is not None
    assert (spec.name, spec.config, spec.weights) == ("kept", "c.yml", ("a", "b"))
    assert spec.metadata == {"author": "me", "gpus": 1}
    assert is_decorated(Kept)


def test_one_weight_may_be_written_without_a_list_and_a_config_as_a_path() -> None:
    @model(name="single", weights="only", config=Path("c.yml"))  # type: ignore[arg-type]
    class Single(VideoModel):
        pass

    spec = spec_of(Single)
    assert spec is not None
    assert (spec.weights, spec.config) == (("only",), "c.yml")


def test_a_child_is_not_decorated_itself() -> None:
    @model(name="parent-of-one")
    class Parent(VideoModel):
        pass

    class Child(Parent):
        pass

    assert not is_decorated(Child)
    assert spec_of(Child) is spec_of(Parent)


@pytest.mark.parametrize("thing", [int, len, VideoModel.weights])
def test_only_a_video_model_can_be_decorated(thing: type) -> None:
    with pytest.raises(TypeError, match=r"goes on a class that derives from VideoModel; got"):
        model(name="wrong")(thing)


@pytest.mark.parametrize("name", ["", "  ", None, VideoModel])
def test_a_decorator_without_a_name_is_told_how_to_write_it(name: str) -> None:
    with pytest.raises(TypeError, match=r"@model takes a name: `@model\(name="):
        model(name)


def test_a_name_belongs_to_one_class() -> None:
    @model(name="twice")
    class First(VideoModel):
        pass

    with pytest.raises(ValueError, match=r"First has this name already. Give one of them another"):

        @model(name="twice")
        class Second(VideoModel):
            pass

    assert is_decorated(First)


def test_a_class_that_is_defined_again_keeps_its_name() -> None:
    def define() -> type[VideoModel]:
        @model(name="again")
        class Again(VideoModel):
            pass

        return Again

    first = define()
    assert define() is not first


def test_a_class_whose_module_is_gone_leaves_its_name() -> None:
    module = types.ModuleType("passing_module")
    sys.modules["passing_module"] = module
    body = {"__module__": "passing_module", "__qualname__": "Old"}
    module.__dict__["Old"] = old = model(name="passing")(type("Old", (VideoModel,), dict(body)))
    new = type("New", (VideoModel,), {})
    with pytest.raises(ValueError, match=r"passing_module\.Old has this name"):
        model(name="passing")(new)
    del sys.modules["passing_module"]
    assert model(name="passing")(new) is new
    assert is_decorated(old)


def test_weights_are_in_the_models_folder_for_weights(weights_path: Path) -> None:
    @model(name="weighty", weights=["unet", "vae"])
    class Weighty(VideoModel):
        pass

    class Heir(Weighty):
        pass

    assert Weighty.weights("unet") == weights_path / "unet"
    assert Heir.weights("vae") == weights_path / "vae"
    assert VideoModel.weights("vae") == weights_path / "vae"
    with pytest.raises(ValueError, match=r"'unit' are not listed in @model; listed.*'unet', 'vae'"):
        Weighty.weights("unit")


def test_a_model_that_lists_no_weights_has_none() -> None:
    @model(name="weightless")
    class Weightless(VideoModel):
        pass

    with pytest.raises(ValueError, match="listed are: none"):
        Weightless.weights("x")


def test_without_any_decorated_model_nothing_is_listed() -> None:
    code = "from reactor_actors import VideoModel; VideoModel.weights('x')"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "RuntimeError: no model is decorated: @model(name=..., weights=" in ran.stderr


class Told(VideoModel):
    """What a model tells of itself."""

    ear = AudioIn()
    main = VideoOut(rate=24)

    def start_session(self) -> None: ...

    @command("set_level", description="How bright")
    def set_level(self, level: int = 3) -> None: ...


def test_a_model_tells_its_commands_its_tracks_and_its_capabilities() -> None:
    level = {"type": "integer", "required": False}
    commands = [{"name": "set_level", "description": "How bright", "schema": {"level": level}}]
    assert Told.commands() == commands
    assert [(track.name, track.rate) for track in Told.get_tracks()] == [("ear", 0.0), ("main", 24)]
    assert Told.capabilities() == {
        "protocol_version": "1.0",
        "tracks": [
            {"name": "ear", "kind": "audio", "direction": "sendonly"},
            {"name": "main", "kind": "video", "direction": "recvonly"},
        ],
        "commands": commands,
        "emission_fps": 24.0,
    }
    assert Told({}).commands() == commands  # type: ignore[arg-type]


def test_a_constructor_may_hand_the_config_on_or_keep_it() -> None:
    class Keeping(Told):
        def __init__(self, config: Config) -> None:
            super().__init__()
            self.config = config

    class HandingOn(Told):
        def __init__(self, config: Config) -> None:
            super().__init__(config=config)
            self.config = config

    for cls in (Keeping, HandingOn):
        assert cls(Config({"width": 64})).config.width == 64
    with pytest.raises(TypeError, match="confg"):
        Told(confg={})  # type: ignore[call-arg]


def test_a_rate_that_adapts_is_told_as_none() -> None:
    class Adaptive(VideoModel):
        def start_session(self) -> None: ...

    assert Adaptive.capabilities()["emission_fps"] is None
    assert [t["name"] for t in Adaptive.capabilities()["tracks"]] == ["main_video"]
