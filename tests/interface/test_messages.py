import dataclasses
import math
from collections import UserDict
from enum import Enum
from typing import Any

import numpy as np
import pytest

from reactor_actors.core.naming import snake_case
from reactor_actors.interface import MessageField, ModelMessage
from reactor_actors.interface.messages import message_data, message_name, message_type


class Colour(Enum):
    RED = "red"


@dataclasses.dataclass
class Point:
    x: int
    y: float = 0.5


class Holder(ModelMessage):
    value: Any = None


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Progress", "progress"),
        ("PromptSet", "prompt_set"),
        ("HTTPServer", "http_server"),
        ("MyHTTP", "my_http"),
        ("Step2Done", "step2_done"),
        ("A", "a"),
        ("Already_Snake", "already_snake"),
    ],
)
def test_a_class_name_becomes_snake_case(name: str, expected: str) -> None:
    assert snake_case(name) == expected


def test_a_message_is_called_like_its_class_or_as_it_says() -> None:
    class HTTPServer(ModelMessage):
        port: int = 80

    class Given(ModelMessage):
        name = "promptSet"
        port: int = 80

    class Heir(Given):
        pass

    class WithField(ModelMessage):
        name: str = "this is a value"

    assert message_name(HTTPServer) == message_type(HTTPServer).name == "http_server"
    assert message_name(Given) == message_type(Given).name == "promptSet"
    assert message_name(Heir) == "promptSet"
    assert message_name(WithField) == "with_field"
    assert message_data(WithField(name="x")) == {"name": "x"}


@pytest.mark.parametrize("reserved", ["modelRestarting", "modelRestarted"])
def test_names_of_the_runtime_are_refused(reserved: str) -> None:
    kind = type("Odd", (ModelMessage,), {"name": reserved})
    with pytest.raises(ValueError, match=f"Odd: the message name '{reserved}'"):
        message_type(kind)


def test_fields_are_literals_message_fields_or_bare_ones_even_after_a_default() -> None:
    class Progress(ModelMessage):
        """How far it is.

        More of it here.
        """

        total: int = 10
        note: str = MessageField(default="-", description="in words")
        step: int
        given: float = MessageField(description="no default")

    assert Progress(step=1, given=2.0).note == "-"
    assert message_type(Progress).summary == "How far it is."
    schema = message_type(Progress).schema
    assert schema["required"] == ["step", "given"]
    assert schema["properties"]["total"] == {"type": "integer", "default": 10}
    assert schema["properties"]["note"] == {
        "type": "string",
        "description": "in words",
        "default": "-",
    }
    assert schema["properties"]["given"]["description"] == "no default"


def test_fields_may_be_given_by_position_but_not_twice_and_not_too_many() -> None:
    class Progress(ModelMessage):
        step: int
        total: int = 10

    assert Progress(3) == Progress(step=3) == Progress(3, 10)
    with pytest.raises(TypeError, match="two values for 'step'"):
        Progress(3, step=4)
    with pytest.raises(TypeError, match="Progress has 2 fields; got 3 values"):
        Progress(1, 2, 3)
    with pytest.raises(TypeError, match="'sep'"):
        Progress(1, sep=2)


@pytest.mark.parametrize("default", [[], {}, set(), bytearray(b"x")], ids=repr)
def test_a_mutable_default_is_refused_naming_class_and_field(default: Any) -> None:
    with pytest.raises(TypeError, match=r"Odd\.items: a default of type"):
        type("Odd", (ModelMessage,), {"__annotations__": {"items": Any}, "items": default})
    with pytest.raises(TypeError, match=r"Odd\.items: a default of type"):
        type(
            "Odd",
            (ModelMessage,),
            {"__annotations__": {"items": Any}, "items": MessageField(default=default)},
        )


def test_a_factory_is_refused() -> None:
    with pytest.raises(TypeError, match="default_factory"):
        MessageField(default_factory=list)
    with pytest.raises(TypeError, match=r"Odd\.items: use MessageField"):

        class Odd(ModelMessage):
            items: list[int] = dataclasses.field(default_factory=list)


def test_a_message_without_docstring_has_no_summary() -> None:
    class Silent(ModelMessage):
        step: int = 0

    assert message_type(Silent).summary == ""


def test_plain_values_are_sent_as_json_holds_them() -> None:
    sent = message_data(
        Holder(
            {
                1: "int",
                None: "none",
                2.5: "float",
                "enum": Colour.RED,
                "point": Point(1),
                "tuple": (1, "a", None, False),
                "numpy": [np.float32(0.5), np.int64(3), np.bool_(True)],
            }
        )
    )
    assert sent == {
        "value": {
            "1": "int",
            "null": "none",
            "2.5": "float",
            "enum": "red",
            "point": {"x": 1, "y": 0.5},
            "tuple": [1, "a", None, False],
            "numpy": [0.5, 3, True],
        }
    }
    assert message_data(Holder({True: 0})) == {"value": {"true": 0}}


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (b"raw", "bytes"),
        (np.zeros(3), "ndarray"),
        (object(), "object"),
        ({1, 2}, "set"),
        ({(1, 2): 3}, "key of type tuple"),
        ({b"k": 3}, "key of type bytes"),
        ([{"deep": b"raw"}], r"Holder\.value\[0\]\['deep'\] is a bytes"),
        (Point, "type"),
    ],
)
def test_what_json_cannot_hold_is_refused_naming_the_field(value: Any, said: str) -> None:
    with pytest.raises(TypeError, match=rf"Holder\.value.*{said}|{said}"):
        message_data(Holder(value))


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, [1.0, math.nan], 2**70])
def test_numbers_that_json_does_not_have_are_refused_naming_the_field(value: Any) -> None:
    with pytest.raises(ValueError, match=r"Holder\.value"):
        message_data(Holder(value))


def test_a_value_that_contains_itself_is_refused() -> None:
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(ValueError, match=r"Holder\.value.*nested deeper"):
        message_data(Holder(endless))


def test_any_mapping_is_an_object() -> None:
    assert message_data(Holder(UserDict(a=1))) == {"value": {"a": 1}}


def test_a_field_of_an_unknown_type_is_described_as_anything() -> None:
    class Odd(ModelMessage):
        handle: np.ndarray | None = None

    assert message_type(Odd).schema["properties"]["handle"] == {"default": None}
