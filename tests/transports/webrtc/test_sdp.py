import asyncio
from contextlib import suppress
from functools import cache

import pytest
from aiortc import RTCPeerConnection
from hypothesis import example, given
from hypothesis import strategies as st

from reactor_actors.core.errors import ClientError
from reactor_actors.core.ports import Candidate
from reactor_actors.transports.webrtc import sdp

HOST = "candidate:1 1 udp 2130706431 {} {} typ host"


@cache
def an_offer() -> str:
    async def made() -> str:
        pc = RTCPeerConnection()
        pc.addTransceiver("video", "recvonly")
        pc.addTransceiver("audio", "sendonly")
        pc.createDataChannel("data")
        offer = await pc.createOffer()
        await asyncio.sleep(0)  # what the channel began has its turn
        await pc.close()
        return offer.sdp

    return asyncio.run(made())


def refusal(text: str) -> str:
    with pytest.raises(ClientError) as error:
        sdp.check(text)
    assert error.value.code == "malformed"
    return error.value.message


def test_a_real_offer_passes() -> None:
    sdp.check(an_offer())


@given(st.text() | st.text(alphabet="vamo=:/ \r\n0123456789abcdefIP"))
@example("")
@example("m=video 9 X 1")
@example("v=0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=rtpmap:96")
def test_any_text_is_refused_or_read_and_raises_nothing_else(text: str) -> None:
    with suppress(ClientError):
        sdp.check(text)
    sdp.facts_of(text)
    sdp.without_unusable_candidates(text)


@given(st.data())
def test_a_damaged_offer_is_refused_or_read_and_raises_nothing_else(data: st.DataObject) -> None:
    lines = an_offer().split("\r\n")
    kept = data.draw(st.lists(st.sampled_from(range(len(lines))), max_size=len(lines)))
    text = "\r\n".join(lines[n] for n in kept)[: data.draw(st.integers(0, 9000))]
    with suppress(ClientError):
        sdp.check(text)


def test_sdp_without_media_or_credentials_is_malformed() -> None:
    assert "media section" in refusal("v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n")
    for name in ("ice-ufrag", "ice-pwd", "fingerprint", "setup"):
        lines = [x for x in an_offer().split("\r\n") if not x.startswith(f"a={name}")]
        assert "ICE or DTLS" in refusal("\r\n".join(lines))


def test_more_than_64_media_sections_are_malformed() -> None:
    section = "\r\nm=" + an_offer().split("\r\nm=")[1]
    assert "64" in refusal(an_offer() + section * 64)


def test_a_section_of_unknown_kind_is_malformed() -> None:
    assert "unknown kind" in refusal(an_offer().replace("m=video", "m=text"))


def test_repeated_mids_and_bundles_of_absent_media_are_malformed() -> None:
    assert "mids" in refusal(an_offer().replace("a=mid:1", "a=mid:0"))
    assert "mids" in refusal(an_offer().replace("a=group:BUNDLE 0", "a=group:BUNDLE 9"))


@pytest.mark.parametrize(
    ("lines", "chunk", "frame"),
    [
        ("", None, 262_144),
        ("a=max-message-size:1000", None, 1000),
        ("a=max-message-size:0", None, 262_144),
        ("a=max-message-size:99999999", None, 262_144),
        ("a=x-reactor-dc-chunking:1 max-message-size=67108864", 67_108_864, 262_144),
        ("a=x-reactor-dc-chunking:1", 262_144, 262_144),
        ("a=x-reactor-dc-chunking:2 max-message-size=5", None, 262_144),
        ("a=x-reactor-dc-chunking:1 max-message-size=" + "9" * 5000, None, 262_144),
        ("b=x-reactor-dc-chunking:1", None, 262_144),
    ],
)
def test_limits_are_read_from_an_offer(lines: str, chunk: int | None, frame: int) -> None:
    facts = sdp.facts_of(f"v=0\r\na=ice-ufrag:abcd\r\n{lines}\r\na=ice-ufrag:efgh\r\n")
    assert facts == sdp.OfferFacts("abcd", frame, chunk)


@pytest.mark.parametrize(
    ("address", "port", "usable"),
    [
        ("192.168.1.7", 5000, True),
        ("fe80::1", 65535, True),
        ("0b7c.local", 5000, False),
        ("example.org", 5000, False),
        ("10.0.0.1", 0, False),
        ("10.0.0.1", 65536, False),
        ("10.0.0.1", -1, False),
        ("10.0.0.1", "²", False),
    ],
)
def test_a_candidate_is_usable_at_an_address_and_a_port(address, port, usable) -> None:
    assert sdp.usable(HOST.format(address, port)) is usable


@pytest.mark.parametrize("text", ["", "candidate:", "a b c", HOST.format("1.2.3.4", 9) + " raddr"])
def test_short_candidates_are_unusable_and_odd_endings_are_not_looked_at(text: str) -> None:
    assert sdp.usable(text) is text.endswith("raddr")


def test_tcp_and_second_components_are_unusable() -> None:
    good = HOST.format("1.2.3.4", 9)
    assert not sdp.usable(good.replace("udp", "tcp"))
    assert not sdp.usable(good.replace(" 1 udp", " 2 udp"))
    assert not sdp.usable(good.replace("2130706431", "often"))


@given(st.text())
def test_any_text_is_a_usable_candidate_or_not(text: str) -> None:
    assert sdp.usable(text) in (True, False)
    sdp.ufrag_in(Candidate(text))


def test_unusable_candidates_are_dropped_and_everything_else_stays() -> None:
    lines = [f"a={HOST.format(a, 9)}\r\n" for a in ("10.0.0.1", "x.local", "10.0.0.2")]
    text = "v=0\r\n" + "".join(lines) + "a=mid:0\r\n"
    assert sdp.without_unusable_candidates(text) == text.replace(lines[1], "")


def test_a_section_keeps_64_candidates() -> None:
    line = f"a={HOST.format('10.0.0.1', 9)}\r\n"
    section = "m=video 9 X 96\r\n" + line * 100
    kept = sdp.without_unusable_candidates(section * 2)
    assert kept == ("m=video 9 X 96\r\n" + line * 64) * 2


def test_the_fragment_of_a_candidate_is_found() -> None:
    assert sdp.ufrag_in(Candidate(f"{HOST.format('::1', 9)} ufrag abcd network-id 1")) == "abcd"
    assert sdp.ufrag_in(Candidate(HOST.format("::1", 9))) is None


def test_the_chunking_line_stands_before_the_bundle_group() -> None:
    answer = "v=0\r\na=group:BUNDLE 0\r\nm=x\r\n"
    line = "a=x-reactor-dc-chunking:1 max-message-size=7\r\n"
    assert sdp.finished_answer(answer) == answer
    assert sdp.finished_answer(answer, chunk_limit=7) == f"v=0\r\n{line}a=group:BUNDLE 0\r\nm=x\r\n"


def test_a_public_address_takes_the_place_of_every_host_address_once_per_port() -> None:
    hosts = "".join(
        f"a={HOST.format(*at)}\r\n" for at in (("10.0.0.1", 5), ("10.0.0.2", 5), ("10.0.0.1", 6))
    )
    relay = f"a={HOST.format('9.9.9.9', 5).replace('host', 'relay')}\r\n"
    told = sdp.finished_answer(hosts + relay, public_address="1.2.3.4")
    assert told == "".join(f"a={HOST.format('1.2.3.4', port)}\r\n" for port in (5, 6)) + relay
