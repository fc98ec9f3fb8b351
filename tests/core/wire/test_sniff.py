from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reactor_actors.core.wire.sniff import Version, sniff

from . import handmade as pb
from .strategies import objects


@pytest.mark.parametrize(
    "payload", ["", "{}", "anything", b"{}", b" [1]", b"[", b"\t\r\n {", b"\n{}"]
)
def test_text_and_binary_json_are_version_0(payload: str | bytes) -> None:
    assert sniff(payload) is Version.V0


@pytest.mark.parametrize("payload", [b"", b"   ", b"\x00", b"x", b'"{"', pb.notification(b"")])
def test_any_other_binary_is_version_1(payload: bytes) -> None:
    assert sniff(payload) is Version.V1


@pytest.mark.parametrize("length", [91, 123, 9, 10, 13, 32])
def test_an_id_whose_length_looks_like_json_is_still_version_1(length: int) -> None:
    assert sniff(pb.request("{" * length, pb.block(10))) is Version.V1


@given(st.text(min_size=1, max_size=200))
def test_every_request_is_version_1(request_id: str) -> None:
    assert sniff(pb.request(request_id, pb.command("go"))) is Version.V1


@given(objects, st.text(" \t\r\n", max_size=3))
def test_every_json_object_is_version_0(document: dict[str, object], space: str) -> None:
    text = space + json.dumps(document, ensure_ascii=False)
    assert sniff(text) is Version.V0
    assert sniff(text.encode()) is Version.V0
