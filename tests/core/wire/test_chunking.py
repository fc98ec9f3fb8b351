from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from reactor_actors.core.wire.chunking import CHUNK_SIZE, MESSAGE_LIMIT, Joiner, cut
from reactor_actors.core.wire.inbound import Undecodable, Violation

from .strategies import payloads


@given(payloads, st.integers(5, 70))
def test_a_message_survives_any_chunk_size(message: str | bytes, size: int) -> None:
    joiner = Joiner()
    *more, last = [joiner.feed(chunk) for chunk in cut(message, size)]
    assert more == [None] * len(more)
    assert last == message


@given(st.text(min_size=1, max_size=400), st.integers(5, 70))
def test_chunks_of_text_are_whole_characters_and_keep_to_the_size(text: str, size: int) -> None:
    chunks = cut(text, size)
    assert all(isinstance(chunk, str) and len(chunk.encode()) <= size for chunk in chunks)
    assert "".join(str(chunk)[1:] for chunk in chunks) == text


@given(st.lists(payloads, max_size=6), st.integers(5, 40))
def test_text_and_binary_messages_follow_each_other(messages: list[str | bytes], size: int) -> None:
    joiner = Joiner()
    chunks = [chunk for message in messages for chunk in cut(message, size)]
    assert [whole for chunk in chunks if (whole := joiner.feed(chunk)) is not None] == messages


def test_a_small_message_is_one_chunk_with_the_last_mark() -> None:
    assert cut(b"abc") == [b"\x00abc"]
    assert cut("abc") == ["\x00abc"]
    assert cut(b"") == [b"\x00"]


def test_a_message_that_just_fits_is_one_chunk_and_one_byte_more_makes_two() -> None:
    fits = bytes(CHUNK_SIZE - 1)
    assert [len(chunk) for chunk in cut(fits)] == [CHUNK_SIZE]
    assert [chunk[:1] for chunk in cut(fits + b"x")] == [b"\x01", b"\x00"]


def test_a_message_of_exactly_the_limit_passes() -> None:
    joiner = Joiner()
    message = bytes(MESSAGE_LIMIT)
    assert [joiner.feed(chunk) for chunk in cut(message)][-1] == message


def test_one_byte_over_the_limit_is_a_violation() -> None:
    joiner = Joiner(limit=10)
    assert joiner.feed(b"\x01123456") is None
    assert joiner.feed(b"\x0078901") == Violation("a message of more than 10 bytes")


def test_text_counts_in_bytes_against_the_limit() -> None:
    assert isinstance(Joiner(limit=3).feed("\x00éé"), Violation)
    assert Joiner(limit=4).feed("\x00éé") == "éé"


def test_each_message_has_the_whole_limit() -> None:
    joiner = Joiner(limit=4)
    assert [joiner.feed(b"\x001234") for _ in range(3)] == [b"1234"] * 3


def test_a_chunk_without_prefix_is_dropped_and_the_next_message_is_read() -> None:
    joiner = Joiner()
    joiner.feed(b"\x01begun")
    for odd in (b"", "", b"{}", "{}", b"\x02x", "é"):
        assert joiner.feed(odd) == Undecodable("a chunk without its prefix")
    assert joiner.feed(b"\x00next") == b"next"


def test_text_in_the_middle_of_a_binary_message_abandons_it() -> None:
    joiner = Joiner()
    assert joiner.feed(b"\x01begun") is None
    assert joiner.feed("\x00text") == "text"


@given(st.lists(payloads, max_size=20))
def test_anything_may_be_fed(chunks: list[str | bytes]) -> None:
    joiner = Joiner(limit=50)
    for chunk in chunks:
        assert isinstance(joiner.feed(chunk), str | bytes | Undecodable | Violation | None)


def test_half_a_surrogate_pair_does_no_harm() -> None:
    assert Joiner().feed("\x00a\ud800") == "a\ud800"
