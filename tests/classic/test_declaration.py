from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from reactor_actors.classic import AudioIn, AudioOut, VideoIn, VideoModel, VideoOut, command, model
from reactor_actors.classic.declaration import WAITING, Declaration, declare, spec_of


def declared(cls: type) -> Declaration:
    return declare(cls)  # type: ignore[arg-type]  # a class is hashable


class Plain(VideoModel):
    """A plain one.

    With more to say.
    """

    main = VideoOut()
    voice = AudioOut(rate=24_000)
    cam = VideoIn()
    ear = AudioIn()

    def start_session(self) -> None: ...

    @command("go", description="Go on")
    def go(self, far: int = 1) -> None: ...


def test_a_contract_says_all_that_the_clients_side_has_to_know() -> None:
    contract = declared(Plain).contract(16.0, version="1.2")
    assert (contract.name, contract.description, contract.version) == (
        "plain", "A plain one.", "1.2",
    )  # fmt: skip
    assert [track.name for track in contract.tracks] == ["cam", "ear", "main", "voice"]
    assert [c.name for c in contract.commands] == ["go"]
    assert (contract.fps, contract.pinned, contract.buffer_size) == (16.0, False, WAITING)
    assert contract.messages == ()
    assert not contract.wants_files


def test_the_name_is_the_manifests_else_the_decorators_else_the_classs() -> None:
    @model(name="decorated-name")
    class Named(Plain):
        pass

    assert declared(Named).contract(1.0).name == "decorated-name"
    assert declared(Named).contract(1.0, name="written").name == "written"

    class Heir(Named):
        pass

    assert declared(Heir).contract(1.0).name == "decorated-name"
    assert spec_of(Plain) is None


@pytest.mark.parametrize(
    ("body", "fps"),
    [
        ({}, None),
        ({"emission_fps": 25}, 25.0),
        ({"emission_fps": np.float32(12.5)}, 12.5),
        ({"emission_fps": 0}, None),
        ({"main": VideoOut(rate=30)}, 30.0),
        ({"emission_fps": 25, "main": VideoOut(rate=30)}, 25.0),
        ({"emission_fps": 0, "main": VideoOut(rate=30)}, 30.0),
        ({"main": VideoOut(), "side": VideoOut(rate=30)}, None),
        ({"main": VideoOut(), "side": VideoOut(rate=30, default=True)}, 30.0),
        ({"voice": AudioOut(rate=24_000, default=True)}, None),
        ({"cam": VideoIn(rate=30, default=True)}, None),
    ],
)
def test_the_rate_is_fixed_by_the_class_else_by_the_default_output(
    body: dict[str, Any], fps: float | None
) -> None:
    found = declared(type("Rated", (VideoModel,), {"start_session": lambda self: None, **body}))
    assert found.fps == fps
    assert found.contract(fps or 16.0).pinned == (fps is not None)


@pytest.mark.parametrize("fps", [-1, float("nan"), float("inf"), "30", True])
def test_a_rate_that_is_none_is_refused(fps: Any) -> None:
    with pytest.raises(ValueError, match=r"Rated.emission_fps .*above.*got"):
        declared(type("Rated", (Plain,), {"emission_fps": fps}))


def test_a_rate_that_adapts_measures_no_waiting_of_ours() -> None:
    fixed = {"emission_fps": 25}
    bodies: list[dict[str, Any]] = [{}, fixed, {**fixed, "latency": "fixed"}]
    found = [declared(type("Timed", (Plain,), body)).fixed_latency for body in bodies]
    assert found == [True, False, True]
    with pytest.raises(ValueError, match=r'Timed\.latency is "adaptive" or "fixed"; got 3'):
        declared(type("Timed", (Plain,), {"latency": 3}))


def test_a_model_without_a_session_is_told_what_to_write() -> None:
    class Empty(VideoModel):
        pass

    with pytest.raises(TypeError, match=r"Empty has no start_session\(\): write one that emits"):
        declared(Empty)


def test_a_parents_session_will_do_and_an_abstract_one_will_not() -> None:
    class Heir(Plain):
        pass

    class Base(VideoModel, ABC):
        @abstractmethod
        def start_session(self) -> None: ...

    class Done(Base):
        def start_session(self) -> None: ...

    assert declared(Heir).title == "heir"
    assert declared(Done).title == "done"
    with pytest.raises(TypeError, match="has no start_session"):
        declared(Base)


def test_a_session_that_is_no_plain_function_is_refused() -> None:
    class Async(VideoModel):
        async def start_session(self) -> None:  # type: ignore[override]
            ...

    class Generator(VideoModel):
        def start_session(self) -> Iterator[int]:  # type: ignore[override]
            yield 1

    class AsyncGenerator(VideoModel):
        async def start_session(self) -> Any:
            yield 1

    for cls in (Async, Generator, AsyncGenerator):
        with pytest.raises(TypeError, match=rf"{cls.__name__}.start_session\(\) is a plain func"):
            declared(cls)
