"""The documented import paths: what is there, what is not, and what importing does not load."""

from __future__ import annotations

import importlib
import subprocess
import sys

import pytest

import reactor_actors
from reactor_actors import interface

# As documented for generation 2, kept by hand: an export that goes missing fails here.
AUTHORING = {
    *("Output", "Input", "Video", "Audio"),
    *("InputBuffer", "InputFrame", "ReadMode", "BufferClosed"),
    *("OutputBuffer",),
    *("ReactorModel", "ReactorPipeline"),
    *("InputState", "InputField", "FieldInfo", "Idle"),
    *("event", "connected", "disconnected", "session_started", "session_ended", "file_uploaded"),
    *("ClientInfo", "CommandError", "UploadedFile"),
    *("ModelMessage", "MessageField"),
    *("PipelineExecutor", "StepResult"),
}
# As documented for generation 1.
CLASSIC = {
    "reactor_actors": ("VideoModel", "model", "command", "get_ctx", "ReactorContext"),
    "reactor_actors.tracks": ("VideoOut", "AudioOut", "VideoIn", "AudioIn"),
    "reactor_actors.transports.media": ("MediaBundle", "TrackData", "TrackInfo"),
}
LATER = ("get_profiler", "profile_fn", "DistributedRunner", "ApplicationError")
HEAVY = ("ray", "aiortc", "torch", "cv2")
MODULES = ("reactor_actors", "reactor_actors.interface", *list(CLASSIC)[1:])


def test_the_interface_exports_what_is_documented_and_nothing_else() -> None:
    assert set(interface.__all__) == AUTHORING
    assert all(hasattr(interface, name) for name in AUTHORING)


@pytest.mark.parametrize("name", sorted(AUTHORING))
def test_a_name_is_the_same_object_on_both_paths(name: str) -> None:
    assert name in reactor_actors.__all__
    assert getattr(reactor_actors, name) is getattr(interface, name)


@pytest.mark.parametrize("module", CLASSIC)
def test_generation_1_has_its_documented_names_the_same_on_every_path(module: str) -> None:
    documented = importlib.import_module(module)
    if module != "reactor_actors":
        assert set(documented.__all__) == set(CLASSIC[module])
    for name in CLASSIC[module]:
        assert name in reactor_actors.__all__
        assert getattr(documented, name) is getattr(reactor_actors, name)


def test_the_package_exports_all_of_both_generations_and_a_little_more() -> None:
    more = {"Deployment", "FrameBatch", "__version__", "get_weights_path", "launch"}
    classic = {name for names in CLASSIC.values() for name in names}
    assert set(reactor_actors.__all__) == AUTHORING | classic | more
    assert all(hasattr(reactor_actors, name) for name in reactor_actors.__all__)
    assert set(reactor_actors.__all__) <= set(dir(reactor_actors))
    assert reactor_actors.__version__[0].isdigit()


def test_what_serves_is_loaded_when_it_is_asked_for() -> None:
    asking = "from reactor_actors import Deployment, FrameBatch, launch"
    code = f"import sys, reactor_actors\n{asking}\nprint(launch.__name__, 'ray' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "launch True"
    assert {"Deployment", "FrameBatch", "launch"} <= set(reactor_actors.__all__)


@pytest.mark.parametrize("module", MODULES)
def test_importing_loads_nothing_heavy(module: str) -> None:
    code = f"import sys, {module}; print(*(m for m in {HEAVY} if m in sys.modules))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == ""


def test_the_commands_help_and_completion_load_no_model_api_either() -> None:
    heavy = (*HEAVY, "numpy", "pydantic", "aiohttp", "jsonschema", "reactor_actors.interface")
    code = f"import sys, reactor_actors.cli.app; print(*(m for m in {heavy} if m in sys.modules))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == ""


def test_an_order_to_serve_is_made_without_what_serves() -> None:
    serving = ("aiortc", "av", "aiohttp", "cv2")
    code = (
        "import sys\nfrom reactor_actors.cli.ordering import Orders, ServerSettings\n"
        f"ServerSettings()\nprint(*(m for m in {serving} if m in sys.modules))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == ""


@pytest.mark.parametrize("module", ["reactor_actors", "reactor_actors.interface"])
@pytest.mark.parametrize(
    "name",
    [
        *("EVENT_REGISTRY", "MESSAGE_REGISTRY", "all_output_tracks", "all_input_tracks"),
        *("Event", "Connected", "Disconnected"),
    ],
)
def test_there_are_no_registries(module: str, name: str) -> None:
    with pytest.raises(ImportError, match="cannot import name"):
        exec(f"from {module} import {name}")
    assert not hasattr(importlib.import_module(module), name)


@pytest.mark.parametrize("module", ["reactor_actors", "reactor_actors.interface"])
@pytest.mark.parametrize("name", LATER)
def test_a_later_name_says_that_it_is_one(module: str, name: str) -> None:
    with pytest.raises(ImportError, match=f"{name} belongs to a later version") as caught:
        exec(f"from {module} import {name}")
    assert "docs/migrating.md" in str(caught.value)
    assert caught.value.name == module
