"""Measure video encoder settings: speed, picture quality and whether the bitrate is really reached.

    python -m benchmarks.encode                     # 720p30, three scenes, ours and aiortc's
    python -m benchmarks.encode --full              # 360p and 1080p, and every setting tried
    python -m benchmarks.encode --codecs vp8 --only cpu-used ours

Every row is one candidate at one bitrate: our settings for a codec
(`reactor_actors.transports.webrtc.codecs`) or, with --only or --full, those with one thing changed.
The baseline carries the options that aiortc 1.16 sets, at the same bitrate. A figure is the mean of
all scenes, but for the slowest picture. CPU is process time, so it counts every thread of the
library; the decoding and comparing that give PSNR are not in it, and are done in the first run, as
are sizes: they are the same in every run. There is one report for each codec and size.
"""

from __future__ import annotations

import argparse
import itertools
from pathlib import Path

from benchmarks.encode.candidates import AIORTC, CANDIDATES, OURS
from benchmarks.encode.measure import FPS, Scenes, compared, measured
from benchmarks.encode.scenes import SCENES
from benchmarks.report import Report, options, tell, turns
from reactor_actors.transports.webrtc.codecs import VideoCodec

RATES = (0.5, 4.0, 10.0)
SIZES = ((1280, 720), (640, 360), (1920, 1080))


class Arguments(argparse.Namespace):
    """What the command line carries, with its types."""

    codecs: list[str]
    only: list[str] | None
    frames: int
    runs: int
    full: bool
    json: Path | None


def chosen(codec: str, only: list[str] | None, *, full: bool) -> dict[str, VideoCodec]:
    """Return the candidates of a codec whose names hold one of these parts, and the baseline."""
    parts = only or ([""] if full else [OURS])
    return {
        name: settings
        for name, settings in CANDIDATES[codec]().items()
        if name == AIORTC or any(part in name for part in parts)
    }


def compare(codec: str, size: tuple[int, int], scenes: Scenes, args: Arguments) -> Report:
    """Measure a codec's candidates with pictures of one size, in turn."""
    width, height = size
    told = (
        f"{codec.upper()}, {width}x{height} at {FPS} pictures a second, for one picture; "
        f"mean of {len(scenes)} scenes of {args.frames}."
    )
    report = Report(f"encode-{codec}-{height}p", told, AIORTC, "Mb/s")
    candidates = chosen(codec, args.only, full=args.full)
    quality: dict[tuple[str, float], float] = {}
    for run in turns(args.runs):
        for rate, (name, settings) in itertools.product(RATES, candidates.items()):
            figures, packets = measured(settings, scenes, int(rate * 1e6))
            row = report.add(name, figures, rate)
            if run == 0:
                known = compared(settings, scenes, packets, int(rate * 1e6))
                quality[name, rate] = known.pop("PSNR, dB")
                report.add(name, known, rate)
                if name != AIORTC:
                    gain = quality[name, rate] - quality[AIORTC, rate]
                    row.figures["PSNR gained, dB"] = [gain]
    return report


def main() -> None:
    """Parse, measure, print."""
    parser = options(__doc__)
    parser.add_argument("--codecs", nargs="+", default=[*CANDIDATES], choices=[*CANDIDATES])
    parser.add_argument("--only", nargs="+", help="parts of candidates' names")
    parser.add_argument("--frames", type=int, default=60, help="of every scene")
    args = parser.parse_args(namespace=Arguments())
    for size in SIZES if args.full else SIZES[:1]:
        scenes = {name: list(make(*size, args.frames)) for name, make in SCENES.items()}
        for codec in args.codecs:
            report = compare(codec, size, scenes, args)
            tell(report, args.json and args.json.with_name(f"{report.name}.json"))


if __name__ == "__main__":
    main()
