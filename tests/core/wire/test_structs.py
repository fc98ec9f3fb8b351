from __future__ import annotations

import pytest
from hypothesis import given

from reactor_actors.core.values import MAX_VALUES
from reactor_actors.core.wire.envelopes import ClientData, parse
from reactor_actors.core.wire.strict import MAX_DEPTH
from reactor_actors.core.wire.structs import fill, read

from . import handmade as pb
from .strategies import objects


def through_bytes(data: dict[str, object]) -> dict[str, object]:
    envelope = ClientData()
    fill(envelope.command.data, data)
    return read(parse(ClientData, envelope.SerializeToString()).command.data)


def deep(levels: int) -> dict[str, object]:
    data: dict[str, object] = {}
    for _ in range(levels - 1):
        data = {"x": data}
    return data


@given(objects)
def test_a_dict_survives_the_way_through_bytes(data: dict[str, object]) -> None:
    assert through_bytes(data) == data


def test_integers_come_back_as_floats_and_booleans_as_booleans() -> None:
    back = through_bytes({"one": 1, "yes": True})
    assert type(back["one"]) is float
    assert back["yes"] is True


def test_empty_containers_and_null_survive() -> None:
    data: dict[str, object] = {
        "n": None,
        "l": [],
        "d": {},
        "s": "",
        "z": 0,
        "f": False,
        "ll": [[], {}, None],
    }
    assert through_bytes(data) == data


def test_the_deepest_struct_that_is_written_can_be_read() -> None:
    assert through_bytes(deep(MAX_DEPTH)) == deep(MAX_DEPTH)
    with pytest.raises(ValueError, match="nested too deeply"):
        through_bytes(deep(MAX_DEPTH + 1))


@pytest.mark.parametrize("wrap", [5, 6])
def test_a_struct_nested_too_deeply_is_not_read(wrap: int) -> None:
    value = b""
    for _ in range(MAX_DEPTH):
        value = pb.block(wrap, pb.entry("x", value) if wrap == 5 else pb.block(1, value))
    envelope = parse(ClientData, pb.command("go", pb.entry("x", value)))
    with pytest.raises(ValueError, match="nested too deeply"):
        read(envelope.command.data)


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_a_number_that_is_not_finite_leaves_as_null_and_is_refused_on_arrival(
    number: float,
) -> None:
    assert through_bytes({"x": number}) == {"x": None}
    envelope = parse(ClientData, pb.command("go", pb.entry("x", pb.double(2, number))))
    with pytest.raises(ValueError, match="not finite"):
        read(envelope.command.data)


def test_a_value_without_any_kind_is_null() -> None:
    envelope = parse(ClientData, pb.command("go", pb.entry("x", b"")))
    assert read(envelope.command.data) == {"x": None}


def test_the_last_of_two_equal_keys_wins() -> None:
    twice = pb.entry("x", pb.double(2, 1)) + pb.entry("x", pb.double(2, 2))
    assert read(parse(ClientData, pb.command("go", twice)).command.data) == {"x": 2.0}


def test_a_struct_of_too_many_values_is_not_read() -> None:
    most = [None] * (MAX_VALUES - 1)  # the list is a value, too
    assert through_bytes({"x": most}) == {"x": most}
    with pytest.raises(ValueError, match="more than 20000 values"):
        through_bytes({"x": [*most, None]})
    with pytest.raises(ValueError, match="more than 20000 values"):
        through_bytes({"x": [most, most]})
