import copy
import dataclasses
import pickle
import typing
from dataclasses import dataclass, field
from typing import ClassVar

import pytest

from reactor_actors.interface import (
    InputField,
    InputState,
    MessageField,
    ModelMessage,
    Output,
    Video,
)
from reactor_actors.interface.messages import message_data
from reactor_actors.interface.records import fields_of, own_fields, resolved
from reactor_actors.interface.state import parameters
from reactor_actors.interface.tracks import tracks_of

DECORATORS = [
    lambda cls: cls,
    dataclass,
    dataclass(kw_only=True),
    dataclass(slots=True),
    dataclass(eq=True, order=True),
]


class Kept(ModelMessage):
    step: int


@pytest.mark.parametrize("decorate", DECORATORS)
def test_a_state_behaves_alike_with_and_without_dataclass(decorate: typing.Any) -> None:
    @decorate
    class State(InputState):
        strength: float = InputField(default=0.5, ge=0)
        names: list[str] = ("a", "b")
        _history: list[int] = field(default_factory=list)

    @decorate
    class Child(State):
        seed: int = 1

    first, second = Child(), Child(strength=1.0)
    first._history.append(1)
    first.names.append("c")
    assert (second.strength, second.names, second.seed) == (1.0, ["a", "b"], 1)
    assert second._history == []
    assert [item.name for item in parameters(Child).items] == ["strength", "names", "seed"]
    with pytest.raises(TypeError, match="positional"):
        Child(1.0)


@pytest.mark.parametrize("decorate", DECORATORS)
def test_a_message_behaves_alike_with_and_without_dataclass(decorate: typing.Any) -> None:
    @decorate
    class Progress(ModelMessage):
        note: str = MessageField(default="", description="what is done")
        step: int
        total: int = 10

    assert message_data(Progress(step=3)) == {"note": "", "step": 3, "total": 10}
    assert message_data(Progress("x", 3)) == {"note": "x", "step": 3, "total": 10}
    with pytest.raises(TypeError, match="'step'"):
        Progress(note="x")


@pytest.mark.parametrize("decorate", DECORATORS)
def test_an_output_behaves_alike_with_and_without_dataclass(decorate: typing.Any) -> None:
    @decorate
    class Wide(Output):
        main_video: Video
        depth: Video

    assert [track.name for track in tracks_of(Wide)] == ["main_video", "depth"]
    assert Wide(depth=2, main_video=1).main_video == 1
    with pytest.raises(TypeError, match="'depth'"):
        Wide(main_video=1)


def test_an_own_constructor_is_kept() -> None:
    class Text(ModelMessage):
        text: str

        def __init__(self, *words: str) -> None:
            self.text = " ".join(words)

    class Sized(InputState):
        size: int = 2

        def __post_init__(self) -> None:
            self.area = self.size**2

    assert Sized(size=3).area == 9
    assert message_data(Text("one")) == {"text": "one"}


def test_records_are_dataclasses_that_copy_and_pickle() -> None:
    kept = Kept(step=3)
    assert dataclasses.is_dataclass(Kept)
    assert copy.deepcopy(kept) == pickle.loads(pickle.dumps(kept)) == kept
    assert dataclasses.replace(kept, step=4) == Kept(step=4)


def test_class_variables_are_no_fields() -> None:
    class Themed(InputState):
        themes: ClassVar[list[str]] = ["dark", "light"]
        theme: str = "dark"

    class Named(ModelMessage):
        name: typing.ClassVar[str] = "called"
        known: "ClassVar[dict[str, int]]" = {}  # noqa: RUF012 - it is one, as a string
        step: int = 0

    class Sized(Output):
        size: "typing.ClassVar" = (2, 2)
        main_video: Video

    assert list(own_fields(Themed)) == ["theme"]
    assert [item.name for item in parameters(Themed).items] == ["theme"]
    assert message_data(Named()) == {"step": 0}
    assert [track.name for track in tracks_of(Sized)] == ["main_video"]


def test_a_field_that_was_given_no_type_is_refused() -> None:
    with pytest.raises(TypeError, match=r"State\.strength has no annotation"):

        class State(InputState):
            strength = InputField(default=0.5)

    with pytest.raises(TypeError, match=r"Progress\.step has no annotation"):

        class Progress(ModelMessage):
            step = MessageField(default=0)


def test_a_field_that_is_declared_again_keeps_its_place() -> None:
    class Parent(InputState):
        a: int = 1
        b: int = 2

    class Child(Parent):
        c: int = 3
        a: float = 4.0

    assert fields_of(Child, InputState) == {
        "a": (Child, float),
        "b": (Parent, int),
        "c": (Child, int),
    }


def test_an_annotation_is_resolved_where_it_was_written() -> None:
    assert resolved(Kept, "step", "Kept | None") == Kept | None
    assert resolved(Kept, "step", int) is int
    with pytest.raises(TypeError, match=r"Kept\.step: .*'Nowhere'"):
        resolved(Kept, "step", "Nowhere")
