from __future__ import annotations

import dataclasses
import enum
import math
from typing import Any, Dict, List, Literal, Optional, Union  # noqa: UP035 - authors write these, too

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reactor_actors.core.arguments import Arguments, argument, describe, signature
from reactor_actors.core.contract import Command, Contract, Gate, InvalidCommandError
from reactor_actors.core.errors import ClientError
from reactor_actors.core.fields import REQUIRED, FieldInfo, InputField, UploadedFile

OLD_INT = Optional[int]  # noqa: UP045
OLD_STR = Union[None, str]  # noqa: UP007


class Mode(enum.Enum):
    FAST = "fast"
    SLOW = "slow"


class Step(enum.Enum):
    ONE = 1
    HALF = 0.5


@dataclasses.dataclass
class Point:
    x: int
    y: float = 1.0


@dataclasses.dataclass
class Path:
    """A way to go."""

    points: list[Point]
    label: Optional[str] = None  # noqa: UP045
    style: Mode = Mode.FAST


def one(annotation: Any, default: Any = REQUIRED) -> Arguments:
    return Arguments((argument("value", annotation, default, "here"),))


def gate_of(arguments: Arguments) -> Gate:
    return Gate(Contract("model", commands=(Command("go", "", arguments.schema),)))


def sent(arguments: Arguments, value: Any) -> Any:
    """Send a value through the gate and the parser, as a client's payload travels."""
    payload = {"value": value}
    gate_of(arguments).admit("go", payload)
    return arguments.parse(payload)["value"]


DECLARED: list[tuple[Any, Any]] = [
    (int, REQUIRED),
    (int, InputField(ge=-3, le=9)),
    (int, InputField(5, choices=(1, 5, 7))),
    (float, InputField(0.0)),
    (float, InputField(ge=0.5, le=2)),
    (str, InputField(min_length=1, max_length=3)),
    (str, InputField(choices=("a", "b"))),
    (bool, REQUIRED),
    (Mode, Mode.FAST),
    (Step, REQUIRED),
    (Literal["a", 1, 2.5], REQUIRED),
    (Literal[True, "on"], REQUIRED),
    (OLD_INT, REQUIRED),
    (OLD_STR, None),
    (int, None),
    (float | None, InputField(None, ge=0)),
    (list[int], (1, 2)),
    (list[float], InputField(min_length=1, max_length=3)),
    (list[list[int]], REQUIRED),
    (list, REQUIRED),
    (dict, REQUIRED),
    (dict[str, float], REQUIRED),
    (dict[str, list[int | None]], REQUIRED),
    (Point, REQUIRED),
    (Path, REQUIRED),
    (list[Point], REQUIRED),
    (Path | None, None),
    (Any, REQUIRED),
    (Any, 3),
]

numbers = (
    st.integers(-5, 12)
    | st.integers()
    | st.integers(-5, 12).map(float)
    | st.floats()
    | st.sampled_from([2.0**63, -(2.0**63), 2**64, 10**400, 1e300, -0.0, 0.5, 2.5])
)
leaves = st.none() | st.booleans() | numbers | st.sampled_from(["a", "on", "fast"]) | st.text()
keys = st.sampled_from(["x", "y", "points", "label", "style", "title", "$ref"]) | st.text()
jsons = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=12,
)


EVERY_TYPE = [(arguments, gate_of(arguments)) for arguments in (one(*d) for d in DECLARED)]


@given(jsons)
@settings(max_examples=200)
def test_any_value_for_any_type_is_refused_at_the_gate_or_parses(value: Any) -> None:
    for arguments, gate in EVERY_TYPE:
        check(arguments, gate, value)


def check(arguments: Arguments, gate: Gate, value: Any) -> None:
    refused = refusal(gate, {"value": value})
    if refused is None:
        assert set(arguments.parse({"value": value})) == {"value"}
    else:
        assert refused.code == "invalid_command"
        assert len(refused.message) < 500


def refusal(gate: Gate, payload: Any) -> InvalidCommandError | None:
    try:
        gate.admit("go", payload)
    except InvalidCommandError as refused:
        return refused
    return None


@given(jsons)
def test_any_payload_at_all_is_refused_or_parses(payload: Any) -> None:
    arguments = Arguments(
        (argument("x", int, 1, "here"), argument("y", Point | None, None, "here"))
    )
    refused = refusal(gate_of(arguments), payload)
    if refused is None:
        assert set(arguments.parse(payload)) == {"x", "y"}
    else:
        assert refused.code == "invalid_command"


@pytest.mark.parametrize(
    ("annotation", "value", "arrives"),
    [
        (int, 3, 3),
        (int, 3.0, 3),
        (int, -0.0, 0),
        (int, 2**64 - 1, 2**64 - 1),
        (float, 3, 3.0),
        (float, 2.5, 2.5),
        (str, "", ""),
        (bool, False, False),
        (Literal["a", 2], "a", "a"),
        (Literal["a", 2], 2.0, 2),
        (Mode, "slow", Mode.SLOW),
        (Step, 1.0, Step.ONE),
        (Step, 0.5, Step.HALF),
        (OLD_INT, None, None),
        (OLD_INT, 4.0, 4),
        (int | None, None, None),
        (list[float], [1, 2.5], [1.0, 2.5]),
        (list, [1, "a"], [1, "a"]),
        (List, [1, "a"], [1, "a"]),  # noqa: UP006
        (dict, {"a": [1]}, {"a": [1]}),
        (Dict, {"a": [1]}, {"a": [1]}),  # noqa: UP006
        (dict[str, int], {"a": 1.0}, {"a": 1}),
        (Point, {"x": 1.0}, Point(1, 1.0)),
        (Path, {"points": [{"x": 2, "y": 3}]}, Path([Point(2, 3.0)])),
        (Path, {"points": [], "style": "slow"}, Path([], None, Mode.SLOW)),
        (Any, {"a": [None]}, {"a": [None]}),
        (object, "x", "x"),
    ],
    ids=str,
)
def test_a_value_arrives_as_its_annotation(annotation: Any, value: Any, arrives: Any) -> None:
    got = sent(one(annotation), value)
    assert got == arrives
    assert type(got) is type(arrives)


@pytest.mark.parametrize(
    ("annotation", "value"),
    [
        (int, True),
        (int, 3.5),
        (int, "3"),
        (int, None),
        (int, 1e300),
        (int, 2**64),
        (float, True),
        (float, "1.0"),
        (float, math.nan),
        (float, math.inf),
        (float, 10**400),
        (str, 3),
        (str, None),
        (bool, 1),
        (bool, "true"),
        (Literal["a", 2], "b"),
        (Literal[1], True),
        (Mode, "FAST"),
        (Mode, 1),
        (Step, True),
        (OLD_INT, "x"),
        (list[int], [1, True]),
        (list[int], {"0": 1}),
        (list[int], (1, 2)),
        (dict[str, float], {"a": math.nan}),
        (dict[str, float], [["a", 1]]),
        (Point, {}),
        (Point, {"x": 1, "z": 2}),
        (Point, [1, 2]),
        (Path, {"points": [{"x": True}]}),
        (Any, [math.inf]),
    ],
    ids=str,
)
def test_a_wrong_value_is_refused_at_the_gate(annotation: Any, value: Any) -> None:
    with pytest.raises(InvalidCommandError) as refused:
        sent(one(annotation), value)
    assert refused.value.code == "invalid_command"


@pytest.mark.parametrize("annotation", [int, float, Step, Literal[0, 1], OLD_INT, list[int]])
def test_a_bool_never_passes_as_a_number(annotation: Any) -> None:
    for value in (True, False):
        wrapped = [value] if annotation == list[int] else value
        with pytest.raises(InvalidCommandError):
            sent(one(annotation), wrapped)


@pytest.mark.parametrize(
    ("default", "good", "bad"),
    [
        (InputField(ge=1, le=3), [1, 3, 2.0], [0, 4]),
        (InputField(2, choices=(2, 4)), [2, 4.0], [3]),
    ],
)
def test_bounds_are_inclusive(default: Any, good: list[Any], bad: list[Any]) -> None:
    for value in good:
        assert sent(one(int, default), value) == value
    for value in bad:
        with pytest.raises(InvalidCommandError):
            sent(one(int, default), value)


@pytest.mark.parametrize(
    ("annotation", "short", "long"), [(str, "a", "abcd"), (list[int], [1], [1, 2, 3, 4])]
)
def test_lengths_apply_to_text_and_lists(annotation: Any, short: Any, long: Any) -> None:
    arguments = one(annotation, InputField(min_length=2, max_length=3))
    for value in (short, long):
        with pytest.raises(InvalidCommandError, match="length"):
            sent(arguments, value)


def test_a_missing_argument_takes_its_default() -> None:
    arguments = Arguments(
        (
            argument("mode", Mode, Mode.SLOW, "here"),
            argument("point", Point, Point(3), "here"),
            argument("scale", int, None, "here"),
            argument("weights", list[float], (1, 2), "here"),
        )
    )
    gate_of(arguments).admit("go", {})
    assert arguments.parse({}) == {
        "mode": Mode.SLOW, "point": Point(3, 1.0), "scale": None, "weights": [1.0, 2.0],
    }  # fmt: skip
    assert "required" not in arguments.schema


@pytest.mark.parametrize("annotation", [list[int], list, Any])
def test_a_default_list_is_made_anew_for_every_call(annotation: Any) -> None:
    arguments = one(annotation, (1, 2))
    arguments.parse({})["value"].append(3)
    assert arguments.parse({}) == {"value": [1, 2]}
    assert arguments.schema["properties"]["value"]["default"] == [1, 2]


def test_a_missing_argument_without_default_is_refused_twice() -> None:
    arguments = one(int)
    with pytest.raises(InvalidCommandError, match="value: is required"):
        gate_of(arguments).admit("go", {})
    with pytest.raises(ClientError, match="value: is required"):
        arguments.parse({})


@pytest.mark.parametrize(
    ("annotation", "default", "text"),
    [
        (list[int], [1], "type list.*tuple"),
        (dict, {}, "type dict"),
        (Any, set(), "type set"),
        (int, "a", "default is refused"),
        (int, True, "default is refused"),
        (int, 2.5, "default is refused"),
        (float, math.nan, "nan"),
        (str, None.__class__, "type"),
        (int, InputField(11, ge=0, le=10), "default is refused"),
        (str, InputField("c", choices=("a", "b")), "default is refused"),
        (list[int], ("a",), "default is refused"),
        (bytes, REQUIRED, "bytes is not a type"),
        (int | str, REQUIRED, "not a type"),
        (dict[int, str], REQUIRED, "not a type"),
        (tuple[int, int], REQUIRED, "not a type"),
        (list[bytes], REQUIRED, "not a type"),
        (int, InputField(ge=3, le=2), "above"),
        (str, InputField(ge=1), "ge=1 does not apply to str"),
        (int, InputField(max_length=1), "max_length=1 does not apply to int"),
        (int, InputField(ge="a"), "expects a number"),
    ],
    ids=str,
)
def test_a_bad_declaration_is_a_type_error_saying_where(
    annotation: Any, default: Any, text: str
) -> None:
    with pytest.raises(TypeError, match=text) as refused:
        one(annotation, default)
    assert "here" in str(refused.value)


def test_none_is_allowed_as_the_default_of_any_type() -> None:
    for annotation in (int, Mode, Point, list[int], Literal["a"], str | None, UploadedFile, Any):
        arguments = one(annotation, None)
        gate_of(arguments).admit("go", {"value": None})
        assert arguments.parse({}) == arguments.parse({"value": None}) == {"value": None}


def test_the_schema_says_what_a_field_says() -> None:
    number = one(float, InputField(0.5, description="How much", ge=0, le=1, moderate=True))
    text = one(str, InputField(min_length=1, max_length=9))
    items = one(list[int], InputField((1,), min_length=1, max_length=3))
    choice = one(str, InputField(choices=("a", "b")))
    assert number.schema["properties"]["value"] == {
        "type": "number", "default": 0.5, "description": "How much", "minimum": 0, "maximum": 1,
        "x-reactor-moderate": True,
    }  # fmt: skip
    assert text.schema["properties"]["value"] == {"type": "string", "minLength": 1, "maxLength": 9}
    assert items.schema["properties"]["value"] == {
        "type": "array", "items": {"type": "integer"}, "default": [1], "minItems": 1, "maxItems": 3,
    }  # fmt: skip
    assert choice.schema["properties"]["value"] == {"type": "string", "enum": ["a", "b"]}
    assert text.schema["required"] == ["value"]
    assert "x-reactor-moderate" not in text.schema["properties"]["value"]


def test_nested_schemas_are_inlined_and_closed() -> None:
    schema = one(Path).schema["properties"]["value"]
    assert schema["additionalProperties"] is False
    point = schema["properties"]["points"]["items"]
    assert point["additionalProperties"] is False
    assert point["properties"] == {
        "x": {"type": "integer"},
        "y": {"type": "number", "default": 1.0},
    }
    assert "$ref" not in repr(schema)
    assert "$defs" not in repr(schema)


def test_a_dataclass_that_contains_itself_is_refused() -> None:
    node = dataclasses.make_dataclass("Node", [("next", Any)])
    node.__annotations__["next"] = node | None
    with pytest.raises(TypeError, match="Node contains itself"):
        one(node)


FILE = UploadedFile("cat.png", "image/png", 3, b"cat")
REFERENCE = {"upload_id": "u1", "name": "x", "mime_type": "y", "size": 99}


def test_a_reference_arrives_as_the_file_it_refers_to() -> None:
    arguments = one(UploadedFile)
    assert gate_of(arguments).admit("go", {"value": REFERENCE}) == ["u1"]
    assert arguments.parse({"value": REFERENCE}, {"u1": FILE}) == {"value": FILE}


def test_a_reference_without_its_file_is_refused() -> None:
    with pytest.raises(ClientError, match="no uploaded file"):
        one(UploadedFile).parse({"value": REFERENCE})


def test_references_are_found_wherever_they_are() -> None:
    holder = dataclasses.make_dataclass("Holder", [("file", UploadedFile | None, None)])
    arguments = Arguments(
        (
            argument("many", list[UploadedFile], (), "here"),
            argument("named", dict[str, UploadedFile], REQUIRED, "here"),
            argument("held", holder, REQUIRED, "here"),
            argument("free", Any, None, "here"),
        )
    )
    payload = {
        "many": [{**REFERENCE, "upload_id": name} for name in ("a", "b", "a")],
        "named": {"one": {**REFERENCE, "upload_id": "c"}},
        "held": {"file": {**REFERENCE, "upload_id": "d", "extra": 1}},
        "free": {**REFERENCE, "upload_id": "not looked for"},
    }
    assert gate_of(arguments).admit("go", payload) == ["a", "b", "c", "d"]
    files = dict.fromkeys("abcd", FILE)
    parsed = arguments.parse(payload, files)
    assert parsed["many"] == [FILE] * 3
    assert parsed["held"] == holder(FILE)


class Model:
    def handler(
        self, prompt: str, strength: float = 0.5, *, steps: int = InputField(4, ge=1), free=None
    ) -> None: ...

    def with_client(self, client, count: int = 1): ...

    def stars(self, *numbers: int): ...

    def keywords(self, **options: Any): ...

    def positional(self, number: int, /): ...

    def nothing(self): ...

    def unresolved(self, thing: NoSuchType): ...  # noqa: F821


def test_a_signature_becomes_a_payload() -> None:
    arguments, client = signature(Model.handler, "Model.handler")
    assert not client
    assert [a.name for a in arguments.items] == ["prompt", "strength", "steps", "free"]
    assert [a.required for a in arguments.items] == [True, False, False, False]
    assert arguments.schema["required"] == ["prompt"]
    assert arguments.parse({"prompt": "rain"}) == {
        "prompt": "rain", "strength": 0.5, "steps": 4, "free": None,
    }  # fmt: skip


def test_the_client_is_never_part_of_the_payload() -> None:
    arguments, client = signature(Model.with_client, "Model.with_client")
    assert client
    assert [a.name for a in arguments.items] == ["count"]


def test_a_handler_without_arguments_takes_an_empty_payload() -> None:
    arguments, _ = signature(Model.nothing, "Model.nothing")
    assert arguments.schema == {"type": "object", "properties": {}, "additionalProperties": False}
    with pytest.raises(InvalidCommandError, match="unknown argument 'x'; known are: none"):
        gate_of(arguments).admit("go", {"x": 1})


@pytest.mark.parametrize(
    ("handler", "text"),
    [
        (Model.stars, r"\*numbers cannot be published"),
        (Model.keywords, r"\*\*options cannot be published"),
        (Model.positional, "'number' is positional-only"),
        (Model.unresolved, "NoSuchType"),
    ],
)
def test_a_signature_that_no_client_could_fill_is_a_type_error(handler: Any, text: str) -> None:
    with pytest.raises(TypeError, match=text):
        signature(handler, "Model.handler")


def test_messages_are_described_as_far_as_there_is_telling() -> None:
    assert describe(int) == {"type": "integer"}
    assert describe(list[Point])["items"]["required"] == ["x"]
    assert describe(Any) == {}
    assert describe(Model) == {}


def test_a_plain_field_info_is_a_default() -> None:
    assert one(int, FieldInfo(3)).schema["properties"]["value"]["default"] == 3
