import dataclasses
from enum import Enum
from typing import Any, Literal

import pytest

from reactor_actors.interface import InputField, InputState, UploadedFile
from reactor_actors.interface.state import parameters


class Mood(Enum):
    CALM = "calm"
    WILD = "wild"


class Shared(InputState):
    strength: float = InputField(default=0.5, ge=0.0, le=1.0, description="How much")
    prompt: str = "a meadow"
    _frames: list[int] = dataclasses.field(default_factory=list)


def schema_of(state: type[InputState]) -> dict[str, Any]:
    return {item.name: item.schema for item in parameters(state).items}


def test_public_fields_are_parameters_with_type_bounds_and_default() -> None:
    assert schema_of(Shared) == {
        "strength": {
            "type": "number",
            "minimum": 0.0,
            "maximum": 1.0,
            "default": 0.5,
            "description": "How much",
        },
        "prompt": {"type": "string", "default": "a meadow"},
    }


def test_private_fields_hold_what_clients_never_see() -> None:
    one, other = Shared(), Shared()
    one._frames.append(1)
    assert other._frames == []
    assert "_frames" not in schema_of(Shared)


def test_inherited_fields_are_parameters_and_a_redeclared_one_has_its_new_bounds() -> None:
    class Child(Shared):
        seed: int = 1
        strength: float = InputField(default=5.0, ge=0.0, le=10.0)

    schema = schema_of(Child)
    assert list(schema) == ["strength", "prompt", "seed"]
    assert (schema["strength"]["maximum"], schema["strength"]["default"]) == (10.0, 5.0)
    assert schema_of(Shared)["strength"]["maximum"] == 1.0
    assert (Child().strength, Child().prompt) == (5.0, "a meadow")


@pytest.mark.parametrize("default", [InputField(), InputField(ge=0), ...])
def test_a_field_without_default_is_refused_at_load_naming_class_and_field(default: Any) -> None:
    body: dict[str, Any] = {"__annotations__": {"seed": int}}
    if default is not ...:
        body["seed"] = default
    lacking = type("Lacking", (InputState,), body)
    with pytest.raises(TypeError, match=r"Lacking\.seed has no default"):
        parameters(lacking)


def test_a_file_is_none_until_somebody_uploads_it() -> None:
    class Styled(InputState):
        reference: UploadedFile
        mask: UploadedFile = InputField(description="where")

    assert Styled().reference is None
    assert Styled().mask is None
    assert [item.default for item in parameters(Styled).items] == [None, None]


def test_a_tuple_is_the_default_of_a_list_and_arrives_as_a_list_of_its_own() -> None:
    class Moving(InputState):
        camera: list[float] = (0.0, 1.0)

    first, second = Moving(), Moving()
    first.camera.append(2.0)
    assert second.camera == [0.0, 1.0]
    assert parameters(Moving).parse({})["camera"] == [0.0, 1.0]


def test_defaults_of_a_type_become_its_values() -> None:
    class Typed(InputState):
        mood: Mood = Mood.CALM
        size: Literal["s", "m"] = "m"
        scale: float = 2
        maybe: int | None = None

    assert schema_of(Typed)["mood"]["default"] == "calm"
    assert parameters(Typed).parse({}) == {
        "mood": Mood.CALM,
        "size": "m",
        "scale": 2.0,
        "maybe": None,
    }


@pytest.mark.parametrize(
    ("annotation", "default"),
    [
        (list[int], []),
        (dict[str, int], {}),
        (Any, set()),
        (list[int], InputField(default=[])),
        (int, "three"),
        (int, True),
        (int, 3.5),
        (float, InputField(default=2.0, le=1.0)),
        (str, InputField(default="d", choices=["a", "b"])),
        (str, InputField(default="abc", max_length=2)),
        (list[int], InputField(default=(1, 2, 3), max_length=2)),
        (float, float("nan")),
        (Literal["a"], "b"),
        (Mood, "calmer"),
        (bytes, b""),
        (int | str, 3),
        (tuple[int, int], (1, 2)),
    ],
)
def test_a_bad_default_is_refused_as_the_class_is_made(annotation: Any, default: Any) -> None:
    with pytest.raises(TypeError, match=r"^Odd\.field"):
        type("Odd", (InputState,), {"__annotations__": {"field": annotation}, "field": default})


def test_a_factory_for_a_public_field_is_refused() -> None:
    with pytest.raises(TypeError, match=r"Odd\.field: use InputField"):

        class Odd(InputState):
            field: list[int] = dataclasses.field(default_factory=list)

    with pytest.raises(TypeError, match="default_factory"):
        InputField(default_factory=list)


def test_bounds_are_inclusive_and_lengths_apply_to_text_and_lists() -> None:
    class Bounded(InputState):
        level: int = InputField(default=0, ge=0, le=3)
        word: str = InputField(default="ab", min_length=2, max_length=3)
        words: list[str] = InputField(default=("a",), min_length=1, max_length=2)
        mood: str = InputField(default="calm", choices=["calm", "wild"], moderate=True)

    assert schema_of(Bounded) == {
        "level": {"type": "integer", "minimum": 0, "maximum": 3, "default": 0},
        "word": {"type": "string", "minLength": 2, "maxLength": 3, "default": "ab"},
        "words": {
            "type": "array",
            "items": {"type": "string"},
            "minItems": 1,
            "maxItems": 2,
            "default": ["a"],
        },
        "mood": {
            "type": "string",
            "enum": ["calm", "wild"],
            "x-reactor-moderate": True,
            "default": "calm",
        },
    }


def test_assignments_are_not_checked() -> None:
    state = Shared()
    state.strength = "as the author likes"  # type: ignore[assignment]
    assert state.strength == "as the author likes"
