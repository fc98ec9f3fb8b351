"""What pictures and sound are encoded with."""

from __future__ import annotations

from collections.abc import Sequence

from reactor_actors.cli.checks.finding import Finding, Mark
from reactor_actors.core.contract import Contract
from reactor_actors.core.media import Direction, Kind
from reactor_actors.transports.webrtc.codecs import codec_for
from reactor_actors.transports.webrtc.sound import opus_works

HARDWARE = "h264_nvenc"
_REMEDY = "install the wheel of PyAV (`pip install --force-reinstall av`), which brings libvpx, "


def video() -> Finding:
    """Encode a picture with every codec."""
    return video_told({name: [way.library for way in codec_for(name)] for name in ("VP8", "H264")})


def video_told(libraries: dict[str, Sequence[str]]) -> Finding:
    """Judge the libraries that encode each codec, best first."""
    works = {name: found[0] for name, found in libraries.items() if found}
    missing = [name for name in libraries if name not in works]
    told = ", ".join(f"{name} by {library}" for name, library in works.items())
    if not works:
        return Finding("video codecs", "none works", Mark.BAD, f"{_REMEDY}libx264 and libopus")
    if missing:
        told += f"; {missing[0]} does not work, and viewers who take nothing else see nothing"
        return Finding("video codecs", told, Mark.WARNING, f"{_REMEDY}libx264 and libopus")
    if HARDWARE not in works.values():
        told += "; without NVENC the CPU encodes"
    return Finding("video codecs", told)


def sound(contract: Contract | None) -> Finding:
    """Encode a moment of silence."""
    return sound_told(opus_works(), contract)


def sound_told(works: bool, contract: Contract | None) -> Finding:
    """Judge whether sound can be encoded, for a model that may have some."""
    if works:
        return Finding("sound codec", "opus by libopus")
    outgoing = contract.tracks_towards(Direction.OUT).values() if contract else ()
    heard = any(track.kind is Kind.AUDIO for track in outgoing)
    mark = Mark.BAD if heard else Mark.WARNING
    return Finding("sound codec", "opus does not work", mark, f"{_REMEDY}libx264 and libopus")
