"""What is read from `/metrics`: of a text, and of a real HTTP server."""

from __future__ import annotations

import asyncio
import re
import socket

import pytest

from reactor_actors.core.session import State
from reactor_actors.core.tally import Spread
from reactor_actors.load.scrape import look, spreads_in
from reactor_actors.load.signalling import RefusedError
from reactor_actors.load.stages import STAGES
from reactor_actors.transports.figures import STAGE_SECONDS, EncoderFigures, Figures, TrackFigures
from reactor_actors.transports.http.metrics import Metrics
from reactor_actors.transports.http.observatory import Observed
from reactor_actors.transports.status import ReplicaStatus
from tests.transports.http.site import serving

TEXT = """\
# HELP runtime_encode_seconds How long it took to encode a picture.
# TYPE runtime_encode_seconds histogram
runtime_encode_seconds_bucket{codec="VP8",le="0.01",track="a"} 2.0
runtime_encode_seconds_bucket{codec="VP8",le="0.02",track="a"} 5.0
runtime_encode_seconds_bucket{codec="VP8",le="+Inf",track="a"} 6.0
runtime_encode_seconds_count{codec="VP8",track="a"} 6.0
runtime_encode_seconds_sum{codec="VP8",track="a"} 0.5
runtime_encode_seconds_bucket{codec="VP8",le="0.01",track="b"} 1.0
runtime_encode_seconds_bucket{codec="VP8",le="0.02",track="b"} 1.0
runtime_encode_seconds_bucket{codec="VP8",le="+Inf",track="b"} 1.0
runtime_encode_seconds_count{codec="VP8",track="b"} 1.0
runtime_encode_seconds_sum{codec="VP8",track="b"} 0.25
# TYPE runtime_way_out_seconds histogram
# TYPE runtime_queue_size gauge
runtime_queue_size 3.0
"""


def test_a_histogram_is_summed_over_its_labels_and_others_are_not_looked_at() -> None:
    names = {"runtime_encode_seconds", "runtime_way_out_seconds"}
    assert spreads_in(TEXT, names) == {
        "runtime_encode_seconds": Spread((0.01, 0.02), (3, 3, 1), 0.75)
    }


@pytest.mark.parametrize(
    "text",
    [
        "<html>404</html>",
        "runtime_encode_seconds 3",
        '# TYPE runtime_encode_seconds histogram\nruntime_encode_seconds_bucket{a="b"} 3\n',
        '# TYPE runtime_encode_seconds histogram\nruntime_encode_seconds_bucket{le="+Inf"} +Inf\n',
        '# TYPE runtime_encode_seconds histogram\nruntime_encode_seconds_bucket{le="1"} 1\n',
    ],
)
def test_what_is_no_histogram_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        spreads_in(text, {"runtime_encode_seconds"})


def test_every_stage_is_read_as_the_server_writes_it() -> None:
    seen = [
        Spread(STAGE_SECONDS, (0,) * n + (n + 1,) + (0,) * (len(STAGE_SECONDS) - n), n / 8)
        for n in range(len(STAGES))
    ]
    turn, hold, hand_off, latency, wait, encode, way_out = seen
    track = TrackFigures({}, {"VP8": EncoderFigures(encode, 1, wait)}, way_out)
    figures = Figures(
        {"main": track}, turns=turn, holds=hold, hand_offs=hand_off, latencies=latency
    )
    metrics = Metrics()
    metrics.watch(lambda: Observed([(ReplicaStatus("0", State.READY), figures)], []))
    found = spreads_in(metrics.render().decode(), STAGES.values())
    assert found == dict(zip(STAGES.values(), seen, strict=True))


async def test_a_server_is_looked_at_with_its_token_and_says_why_not() -> None:
    async with serving(token="secret") as site:
        url = str(site.url("/")).rstrip("/")
        assert await look(url, "secret") == {}
        with pytest.raises(RefusedError, match=r"^/metrics: .*token"):
            await look(url)


async def test_a_server_without_metrics_or_with_others_is_told_in_one_line() -> None:
    answers = [(b"404 Not Found", b""), (b"200 OK", b"<html>")]

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        status, body = answers.pop(0)
        writer.write(b"HTTP/1.1 %b\r\nContent-Length: %d\r\n\r\n%b" % (status, len(body), body))
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        for told in ("/metrics: status 404", "/metrics: no such text as Prometheus reads"):
            with pytest.raises(RefusedError, match=f"^{re.escape(told)}$"):
                await look(url)


async def test_a_server_that_is_not_there_is_told_in_one_line() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        with pytest.raises(RefusedError, match="no server answers any more"):
            await look(f"http://127.0.0.1:{free.getsockname()[1]}")
