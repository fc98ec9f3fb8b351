"""Protobuf written by hand, so that no test checks the schema against itself."""

from __future__ import annotations

import struct


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes((*out, value))


def number(field: int, value: int) -> bytes:
    """An int64, an enum or a bool; negative ones take their two's complement."""
    return varint(field << 3) + varint(value & (2**64 - 1))


def double(field: int, value: float) -> bytes:
    return varint(field << 3 | 1) + struct.pack("<d", value)


def block(field: int, content: bytes | str = b"") -> bytes:
    """Text, or a message inside a message."""
    content = content.encode() if isinstance(content, str) else content
    return varint(field << 3 | 2) + varint(len(content)) + content


def entry(key: str, value: bytes) -> bytes:
    """One entry of the map in field 1, as in a Struct."""
    return block(1, block(1, key) + block(2, value))


def request(request_id: str, payload: bytes = b"") -> bytes:
    return block(1, request_id) + number(2, 1) + payload


def response(request_id: str, payload: bytes = b"") -> bytes:
    return block(1, request_id) + number(2, 2) + payload


def notification(payload: bytes = b"") -> bytes:
    return number(2, 3) + payload


def command(name: str, data: bytes = b"", uploads: bytes = b"") -> bytes:
    return block(10, block(1, name) + (block(2, data) if data else b"") + uploads)
