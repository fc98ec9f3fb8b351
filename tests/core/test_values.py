from __future__ import annotations

import dataclasses
import enum
import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reactor_actors.core.values import MAX_DEPTH, MAX_VALUES, is_number, plain, trouble

numbers = st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False)
values = st.recursive(
    st.none() | st.booleans() | numbers | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


class Colour(enum.Enum):
    RED = "red"


class Level(enum.IntEnum):
    HIGH = 3


@dataclasses.dataclass
class Point:
    x: float
    tags: tuple[str, ...] = ()


def nested(depth: int, innermost: Any = None) -> Any:
    value = innermost
    for _ in range(depth):
        value = [value]
    return value


@given(values)
def test_plain_values_stay_what_they_are(value: Any) -> None:
    assert plain(value, "here") == value
    assert json.loads(json.dumps(plain(value, "here"), allow_nan=False)) == value


@given(values)
def test_json_of_moderate_size_is_no_trouble(value: Any) -> None:
    assert trouble(value) is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ((1, (2, 3)), [1, [2, 3]]),
        (Colour.RED, "red"),
        (Level.HIGH, 3),
        (Point(1.5, ("a",)), {"x": 1.5, "tags": ["a"]}),
        (np.float32(0.5), 0.5),
        (np.int64(7), 7),
        (np.bool_(True), True),
        (np.str_("x"), "x"),
        ({1: "a", 2.5: "b", None: "d"}, {"1": "a", "2.5": "b", "null": "d"}),
        ({True: 1}, {"true": 1}),
        ({False: 0}, {"false": 0}),
        ({Colour.RED: 1, Level.HIGH: 2}, {"red": 1, "3": 2}),
        ({np.int64(4): 1, np.float64(0.5): 2}, {"4": 1, "0.5": 2}),
    ],
    ids=repr,
)
def test_what_json_can_say_in_another_way_is_said_so(value: Any, expected: Any) -> None:
    told = plain(value, "here")
    # JSON knows True from 1, which == does not.
    assert json.dumps(told) == json.dumps(expected)


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [
        ({"a": [b"x"]}, TypeError, r"M.f\['a'\]\[0\] is a bytes.*base64"),
        (np.zeros(3), TypeError, r"M.f is a ndarray.*tolist"),
        (object(), TypeError, "M.f is a object"),
        (Point, TypeError, "M.f is a type"),
        ({1, 2}, TypeError, "M.f is a set"),
        ({(1, 2): 3}, TypeError, "M.f has a key of type tuple"),
        (np.datetime64("2020-01-01"), TypeError, "M.f is a date"),
        (Point(float("nan")), ValueError, r"M.f.x is nan"),
        ([np.float32("inf")], ValueError, r"M.f\[0\] is inf"),
        (2**64, ValueError, "beyond 64 bits"),
        (-(2**63) - 1, ValueError, "beyond 64 bits"),
        (nested(MAX_DEPTH + 1), ValueError, f"deeper than {MAX_DEPTH}"),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_what_json_cannot_say_is_refused_by_name(
    value: Any, error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=text):
        plain(value, "M.f")


def test_a_value_that_contains_itself_is_refused() -> None:
    loop: list[Any] = []
    loop.append(loop)
    with pytest.raises(ValueError, match="contains itself"):
        plain(loop, "M.f")
    assert trouble(loop) is not None


def test_the_deepest_allowed_nesting_passes_both_ways() -> None:
    assert plain(nested(MAX_DEPTH), "here") == nested(MAX_DEPTH)
    assert trouble(nested(MAX_DEPTH)) is None
    assert trouble(nested(MAX_DEPTH + 1)) == f"it is nested deeper than {MAX_DEPTH} levels"


@pytest.mark.parametrize(
    "value",
    [
        nested(500_000),
        [0] * 500_000,
        {"a": [[0] * 3000] * 400},
        {str(i): i for i in range(MAX_VALUES)},
        [[]] * MAX_VALUES,
    ],
    ids=["brackets", "a flat list", "lists in a list", "an object", "empty lists"],
)
def test_a_megabyte_of_values_is_trouble(value: Any) -> None:
    assert trouble(value) in (
        f"it holds more than {MAX_VALUES} values",
        f"it is nested deeper than {MAX_DEPTH} levels",
    )


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ({"a": [1.0, float("nan")]}, "not finite"),
        (float("-inf"), "not finite"),
        ([2**64], "64 bits"),
        ({"a": -(2**63) - 1}, "64 bits"),
        (10**5000, "64 bits"),
    ],
    ids=lambda value: repr(value)[:20] if not isinstance(value, int) else "huge",
)
def test_numbers_that_no_link_carries_are_trouble(value: Any, reason: str) -> None:
    assert reason in str(trouble(value))


def test_as_many_values_as_allowed_are_no_trouble() -> None:
    assert trouble([0] * (MAX_VALUES - 1)) is None
    assert trouble([0] * MAX_VALUES) is not None


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (1, True), (0.5, True), (np.float32(2), True), (np.int64(2), True), (math.nan, True),
        (True, False), (np.bool_(True), False), ("1", False), (None, False), (1j, False),
    ],
)  # fmt: skip
def test_a_number_is_pythons_or_numpys_and_no_bool(value: object, number: bool) -> None:
    assert is_number(value) == number
