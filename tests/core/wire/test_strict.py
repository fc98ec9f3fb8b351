from __future__ import annotations

import json
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reactor_actors.core.wire.strict import MAX_DEPTH, clean, plain, record, size_of

from .strategies import values


def nested(depth: int) -> object:
    value: object = []
    for _ in range(depth - 1):
        value = [value]
    return value


@given(values)
def test_plain_json_stays_as_it_is(value: object) -> None:
    assert plain(value) == value


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf"), 10**400, -(10**400)])
def test_a_number_no_client_can_see_becomes_null(number: float) -> None:
    assert plain({"x": [number]}) == {"x": [None]}


def test_integers_beyond_64_bits_become_doubles() -> None:
    assert plain([2**64 - 1, -(2**63)]) == [2**64 - 1, -(2**63)]
    huge = plain(2**64)
    assert isinstance(huge, float)
    assert huge == 2.0**64


@pytest.mark.parametrize("value", [b"x", {1, 2}, object(), {"x": b"y"}, {1: "x"}, [{None: 1}]])
def test_what_json_cannot_say_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r"JSON|key"):
        plain(value)


def test_tuples_and_read_only_mappings_are_lists_and_objects() -> None:
    assert plain(MappingProxyType({"x": (1, 2)})) == {"x": [1, 2]}


def test_a_record_is_an_object() -> None:
    assert record({"x": None}) == {"x": None}
    others: list[object] = [None, [], "x", 1, True]
    for other in others:
        with pytest.raises(ValueError, match="an object was expected"):
            record(other)


def test_depth_is_bounded() -> None:
    assert plain(nested(MAX_DEPTH)) == nested(MAX_DEPTH)
    with pytest.raises(ValueError, match="nested too deeply"):
        plain(nested(MAX_DEPTH + 1))


def test_what_contains_itself_is_refused() -> None:
    endless: dict[str, object] = {}
    endless["again"] = endless
    with pytest.raises(ValueError, match="nested too deeply"):
        plain(endless)


@given(st.text(st.characters()))
def test_cleaned_text_is_utf8(text: str) -> None:
    cleaned = clean(text + "\ud800" + text + "\udfff")
    assert json.loads(json.dumps(cleaned)) == cleaned
    assert cleaned.encode().decode() == cleaned
    assert clean(cleaned) == cleaned


def test_half_a_surrogate_pair_becomes_a_replacement_character_also_in_keys() -> None:
    assert plain({"a\ud83d": "\ude00b"}) == {"a\ufffd": "\ufffdb"}
    assert clean("\N{GRINNING FACE}") == "\N{GRINNING FACE}"


@pytest.mark.parametrize(
    ("payload", "size"), [("", 0), ("ab", 2), ("é", 2), (b"\xff\xff", 2), ("\ud800", 3)]
)
def test_sizes_are_in_bytes(payload: str | bytes, size: int) -> None:
    assert size_of(payload) == size
