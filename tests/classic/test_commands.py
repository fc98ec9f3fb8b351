from __future__ import annotations

import dataclasses
import enum
from collections.abc import Callable
from types import MappingProxyType
from typing import Annotated, Any, Literal

import numpy as np
import pydantic
import pytest

from reactor_actors.classic.commands import Words, answered, command, handlers_of, worded
from reactor_actors.core.arguments import Arguments
from reactor_actors.core.errors import ClientError
from reactor_actors.interface import InputField

MADE: Any = pydantic.Field(default_factory=list)
ABOVE: Any = pydantic.Field(5, le=1)


class Mood(enum.Enum):
    CALM = "calm"


@dataclasses.dataclass
class Point:
    x: int


def arguments_of(method: Callable[..., Any]) -> Arguments:
    """Declare one method as a command of a class and return what it takes."""
    return handlers_of(type("Model", (), {"go": command("go")(method)}))["go"].arguments


def schema_of(method: Callable[..., Any]) -> Any:
    return arguments_of(method).schema["properties"]


def test_a_command_has_its_name_and_its_own_description_or_the_methods() -> None:
    class Model:
        @command("set_style", description="How it looks")
        def told(self) -> None:
            """Not this."""

        @command(name="Set.Other-1")
        def untold(self) -> None:
            """Say it in one line.

            And no more.
            """

    found = handlers_of(Model)
    assert [(h.name, h.description) for h in found.values()] == [
        ("set_style", "How it looks"),
        ("Set.Other-1", "Say it in one line."),
    ]
    assert found["set_style"].declared.name == "set_style"


@pytest.mark.parametrize("name", ["", "set style", "ä", None, 5])
def test_a_name_that_no_client_could_use_is_refused(name: Any) -> None:
    with pytest.raises(ValueError, match=r"a command name is made of.*Write @command\("):
        command(name)


def test_only_a_method_can_be_a_command() -> None:
    with pytest.raises(TypeError, match="goes on a method of the model; got a type"):
        command("go")(int)
    with pytest.raises(TypeError, match="got a staticmethod"):
        command("go")(staticmethod(lambda: None))  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", [staticmethod, classmethod])
def test_a_command_of_the_class_is_refused(kind: Any) -> None:
    class Model:
        @kind  # type: ignore[untyped-decorator]
        @command("go")
        def go(self) -> None: ...

    with pytest.raises(TypeError, match=rf"Model.go: .* remove @{kind.__name__}"):
        handlers_of(Model)


def test_one_name_twice_in_a_class_is_refused_naming_both() -> None:
    class Model:
        @command("go")
        def first(self) -> None: ...

        @command("go")
        def second(self) -> None: ...

    with pytest.raises(ValueError, match=r"Model: first\(\) and second\(\) both handle .* 'go'"):
        handlers_of(Model)


def test_the_most_derived_command_of_a_name_counts_and_an_undecorated_one_replaces_nothing() -> (
    None
):
    class Parent:
        @command("go")
        def go(self) -> str:
            return "parent"

        @command("stay")
        def stay(self) -> str:
            return "parent"

    class Mixin:
        @command("turn")
        def turn(self) -> str:
            return "mixin"

    class Child(Mixin, Parent):
        @command("go")
        def other(self, far: int) -> str:
            return "child"

        def stay(self) -> str:
            return "child"

    found = handlers_of(Child)
    assert list(found) == ["go", "stay", "turn"]
    assert found["go"].function(Child(), far=1) == "child"
    assert found["stay"].function(Child()) == "parent"


def test_members_that_mind_being_asked_are_not_asked() -> None:
    class Sly:
        def __getattr__(self, name: str) -> Any:
            raise OSError(name)

    class Model:
        sly = Sly()

        @command("go")
        def go(self) -> None: ...

    assert list(handlers_of(Model)) == ["go"]


def test_types_and_defaults_are_published() -> None:
    def go(
        self: Any,
        a: int,
        b: float = 0.5,
        c: Literal["x", "y"] = "x",
        d: Mood | None = None,
        e: list[int] = (1, 2),  # type: ignore[assignment]
        f: Any = None,
        g: Point | None = None,
    ) -> None: ...

    arguments = arguments_of(go)
    assert arguments.schema["required"] == ["a"]
    parsed = arguments.parse({"a": 1, "d": "calm", "g": {"x": 3}})
    assert parsed == {
        "a": 1, "b": 0.5, "c": "x", "d": Mood.CALM, "e": [1, 2], "f": None, "g": Point(3),
    }  # fmt: skip


def test_bounds_of_an_input_field_and_of_pydantics_field_are_published_alike() -> None:
    def ours(self: Any, x: float = InputField(0.5, ge=0, le=1, description="how much")) -> None: ...
    def theirs(
        self: Any, x: float = pydantic.Field(0.5, ge=0, le=1, description="how much")
    ) -> None: ...
    def annotated(
        self: Any, x: Annotated[float, pydantic.Field(ge=0, le=1, description="how much")] = 0.5
    ) -> None: ...

    assert schema_of(ours) == schema_of(theirs) == schema_of(annotated)
    assert schema_of(ours)["x"] == {
        "type": "number", "minimum": 0, "maximum": 1, "description": "how much", "default": 0.5,
    }  # fmt: skip


def test_pydantics_other_bounds_are_published_and_enforced() -> None:
    def go(
        self: Any,
        a: int = pydantic.Field(gt=0, lt=9, multiple_of=2),
        b: str = pydantic.Field("ab", pattern="^a", min_length=1),
    ) -> None: ...

    arguments = arguments_of(go)
    assert arguments.schema["required"] == ["a"]
    assert schema_of(go)["a"] == {
        "type": "integer", "exclusiveMinimum": 0, "exclusiveMaximum": 9, "multipleOf": 2,
    }  # fmt: skip
    assert schema_of(go)["b"]["pattern"] == "^a"
    assert arguments.parse({"a": 4}) == {"a": 4, "b": "ab"}
    for bad in ({"a": 9}, {"a": 3}, {"a": 2, "b": "x"}, {}):
        with pytest.raises(ClientError):
            arguments.parse(bad)


def test_bounds_may_stand_anywhere_inside_a_type() -> None:
    def go(
        self: Any,
        a: Annotated[int, pydantic.Field(ge=0)] | None = None,
        b: list[Annotated[int, pydantic.Field(le=5)]] = (1,),  # type: ignore[assignment]
        c: Annotated[int, pydantic.Field(default=7)] = pydantic.Field(3, ge=1),
        d: Annotated[int, pydantic.Field(default=7, ge=2)] = 4,
    ) -> None: ...

    assert schema_of(go)["a"]["anyOf"] == [{"type": "integer", "minimum": 0}, {"type": "null"}]
    assert schema_of(go)["b"]["items"] == {"type": "integer", "maximum": 5}
    arguments = arguments_of(go)
    assert arguments.parse({}) == {"a": None, "b": [1], "c": 3, "d": 4}
    for bad in ({"a": -1}, {"b": [6]}, {"c": 0}, {"d": 1}):
        with pytest.raises(ClientError):
            arguments.parse(bad)


def test_a_default_inside_the_annotation_counts() -> None:
    def go(self: Any, a: Annotated[int, pydantic.Field(default=7)]) -> None: ...

    assert arguments_of(go).parse({}) == {"a": 7}
    assert "required" not in arguments_of(go).schema


def test_a_parameter_called_client_is_one_like_any_other() -> None:
    def go(self: Any, client: str) -> None: ...

    assert arguments_of(go).parse({"client": "x"}) == {"client": "x"}


@pytest.mark.parametrize(
    ("method", "told"),
    [
        (lambda self, *rest: None, r"\*rest cannot be published"),
        (lambda self, **rest: None, r"\*\*rest cannot be published"),
        (lambda self, x=[]: None, "would be shared between calls"),
        (lambda self, x=MADE: None, "takes no default_factory"),
        (lambda self, x=ABOVE: None, "its own default is refused"),
    ],
)
def test_what_cannot_be_published_is_refused_at_load(method: Callable[..., Any], told: str) -> None:
    if "own default" in told:
        method.__annotations__ = {"x": int}
    with pytest.raises(TypeError, match=told) as caught:
        arguments_of(method)
    assert "Model.go" in str(caught.value)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"type": "seen", "data": {"x": 1}}, Words("seen", {"x": 1})),
        ({"type": "seen", "x": 1}, Words("seen", {"x": 1}, flat=True)),
        ({"type": "seen", "data": 3}, Words("seen", {"data": 3}, flat=True)),
        ({"type": "seen", "data": {"y": 2}, "x": 1},
         Words("seen", {"data": {"y": 2}, "x": 1}, flat=True)),
        ({"type": "seen"}, Words("seen", {})),
        ({"x": 1}, Words("otherwise", {"x": 1})),
        ({"type": 5, "x": 1}, Words("otherwise", {"type": 5, "x": 1})),
        ({}, Words("otherwise", {})),
        (MappingProxyType({"x": np.float32(0.5)}), Words("otherwise", {"x": 0.5})),
        ({"type": Mood.CALM, "n": np.int64(3), "at": Point(1), "t": (1, 2)},
         Words("calm", {"n": 3, "at": {"x": 1}, "t": [1, 2]}, flat=True)),
    ],
)  # fmt: skip
def test_a_dict_is_the_message_it_is_else_the_data_of_another(value: Any, words: Words) -> None:
    assert worded(value, "otherwise") == words


@pytest.mark.parametrize(
    ("value", "error", "told"),
    [
        ({"x": float("nan")}, ValueError, r"message\['x'\] is nan"),
        ({"x": [np.zeros(2)]}, TypeError, r"message\['x'\]\[0\] is a ndarray.*array.tolist\(\)"),
        ({"x": b"raw"}, TypeError, "base64"),
        ({("a",): 1}, TypeError, "key of type tuple"),
    ],
)
def test_what_json_cannot_say_is_refused_naming_where(
    value: Any, error: type[Exception], told: str
) -> None:
    with pytest.raises(error, match=told):
        worded(value, "x")


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, None),
        ({"type": "done", "data": {"n": 1}}, Words("done", {"n": 1})),
        ({"n": 1}, Words("go", {"n": 1})),
        (5, Words("go", {"result": 5})),
        (False, Words("go", {"result": False})),
        ([1, 2], Words("go", {"result": [1, 2]})),
        (np.float32(0.5), Words("go", {"result": 0.5})),
    ],
)
def test_what_a_handler_returns_has_one_of_three_shapes(value: Any, words: Words | None) -> None:
    assert answered("go", value) == words
