"""What we read out of an offer and write into an answer, as text. Pure; knows no peer."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

from aiortc import sdp as aiortc_sdp

from reactor_actors.core.errors import ClientError
from reactor_actors.core.ports import Candidate
from reactor_actors.core.wire.frames import FRAME_LIMIT

SECTIONS = 64
"""Media sections of one offer: each costs a transceiver, and a model has a handful of tracks."""

CANDIDATES = 64
"""Remote candidates of one connection; every one of them is sent packets to."""

CHUNKING = "x-reactor-dc-chunking"
_CHUNKING_LINE = re.compile(
    rf"^a={CHUNKING}:1(?:[ \t]+max-message-size=(\d{{1,12}}))?[ \t]*\r?$", re.MULTILINE
)
_MAX_MESSAGE = re.compile(r"^a=max-message-size:(\d{1,12})", re.MULTILINE)
_UFRAG = re.compile(r"^a=ice-ufrag:(\S+)", re.MULTILINE)
_CANDIDATE_UFRAG = re.compile(r"\sufrag\s+(\S+)")


@dataclass(frozen=True, slots=True)
class OfferFacts:
    """What an offer says beyond media.

    `chunk_limit` is the longest message the client reassembles, None when it does not chunk;
    `frame_limit` the longest single frame it takes.
    """

    ufrag: str
    frame_limit: int
    chunk_limit: int | None


def check(sdp: str) -> None:
    """Raise `ClientError` with code `malformed` for an offer that cannot be read."""
    if sdp.count("\nm=") > SECTIONS:
        raise ClientError("malformed", f"the SDP has more than {SECTIONS} media sections")
    try:
        description = aiortc_sdp.SessionDescription.parse(sdp)
    except Exception as error:
        # Whatever a parser of foreign text may raise.
        raise ClientError("malformed", f"the SDP cannot be read: {type(error).__name__}") from None
    if not description.media:
        raise ClientError("malformed", "the SDP has no media section")
    mids = [media.rtp.muxId for media in description.media]
    bundled = {mid for g in description.group if g.semantic == "BUNDLE" for mid in g.items}
    if len(set(mids)) < len(mids) or not bundled <= set(mids):
        # aiortc gives such media no transport, and closing that connection fails.
        raise ClientError("malformed", "the SDP repeats mids, or bundles some that it lacks")
    for media in description.media:
        if media.kind not in ("audio", "video", "application"):
            raise ClientError("malformed", "the SDP has a media section of unknown kind")
        ice = media.ice
        dtls = media.dtls
        if not (ice and ice.usernameFragment and ice.password and dtls and dtls.fingerprints):
            raise ClientError("malformed", "the SDP lacks ICE or DTLS parameters")


def facts_of(sdp: str) -> OfferFacts:
    """Read what an offer says beyond media."""
    ufrag, chunking, frame = (p.search(sdp) for p in (_UFRAG, _CHUNKING_LINE, _MAX_MESSAGE))
    chunk_limit = None if chunking is None else int(chunking[1] or FRAME_LIMIT)
    frame_limit = int(frame[1]) if frame else 0
    # 0 means any size; our own bound holds all the same.
    return OfferFacts(
        ufrag[1] if ufrag else "", min(frame_limit or FRAME_LIMIT, FRAME_LIMIT), chunk_limit
    )


def without_unusable_candidates(sdp: str) -> str:
    """Drop candidates that would only cost time: mDNS names, and TCP.

    A name ending in .local is resolved over multicast and holds up the answer for a second; the
    browser's own checks make that pair anyway. Of the rest a section keeps 64.
    """
    kept, candidates = [], 0
    for line in sdp.splitlines(keepends=True):
        if line.startswith("m="):
            candidates = 0
        if line.startswith("a=candidate:"):
            candidates += usable(line[2:].strip())
            if candidates > CANDIDATES or not usable(line[2:].strip()):
                continue
        kept.append(line)
    return "".join(kept)


def usable(candidate: str) -> bool:
    """Whether a candidate line can make a pair: UDP, at an address instead of a name."""
    parts = candidate.removeprefix("candidate:").split()
    if len(parts) < 8 or parts[2].lower() != "udp":
        return False
    try:
        ipaddress.ip_address(parts[4])
        # A port that is none would close our socket when something is sent there.
        return int(parts[1]) == 1 and int(parts[3]) >= 0 and 0 < int(parts[5]) <= 65535
    except ValueError:
        return False


def ufrag_in(candidate: Candidate) -> str | None:
    """Return the ICE user fragment that a candidate names, if any."""
    found = _CANDIDATE_UFRAG.search(candidate.candidate)
    return found[1] if found else None


def finished_answer(
    sdp: str, *, chunk_limit: int | None = None, public_address: str | None = None
) -> str:
    """Complete an answer: the chunking line, if it was negotiated, and the address to advertise."""
    if public_address is not None:
        sdp = _advertising(sdp, public_address)
    if chunk_limit is not None:
        line = f"a={CHUNKING}:1 max-message-size={chunk_limit}\r\n"
        sdp = sdp.replace("a=group:BUNDLE", f"{line}a=group:BUNDLE", 1)
    return sdp


def _advertising(sdp: str, address: str) -> str:
    """Put one address into every host candidate, in place of those of the interfaces."""
    lines, seen = [], set()
    for line in sdp.splitlines(keepends=True):
        parts = line.split(" ")
        if line.startswith("a=candidate:") and "typ host" in line:
            parts[4] = address
            line = " ".join(parts)
            # Several interfaces may give the same line; ports differ, so usually they stay.
            if (parts[5], parts[1]) in seen:
                continue
            seen.add((parts[5], parts[1]))
        lines.append(line)
    return "".join(lines)
