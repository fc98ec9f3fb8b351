from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from reactor_actors.cli.app import app
from reactor_actors.core.errors import SetupError
from reactor_actors.transports.webrtc.ice import bound_addresses

MODEL = str(Path(__file__).parents[2] / "examples" / "brightness")


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        (["--public-ip", "banana"], "--public-ip"),
        (["--public-ip", ""], "--public-ip"),
        (["--ice-transport-policy", "some"], "--ice-transport-policy"),
        (["--ice-transport-policy", "relay"], "--turn-server"),
        (["--stun-server", "http://a"], "--stun-server"),
        (["--turn-server", "u;p;turn:a:b"], "--turn-server"),
        (["--webrtc-port-range", "9:5"], "--webrtc-port-range"),
        (["--video-codec", "AV1"], "--video-codec"),
        (["--bitrate", "1"], "--bitrate"),
        (["--allow-origin", "app.example"], "--allow-origin"),
        (["--bogus"], "--bogus"),
    ],
)
def test_what_cannot_work_is_refused_in_one_line_that_names_it(
    wrong: list[str], named: str
) -> None:
    error = CliRunner().invoke(app, ["serve", MODEL, *wrong]).exception
    assert isinstance(error, SetupError)
    assert named in error.message
    assert "\n" not in error.message


def test_a_log_level_that_there_is_not_is_refused_by_name() -> None:
    environment = {"REACTOR_LOG_LEVEL": "silly"}
    error = CliRunner().invoke(app, ["serve", MODEL], env=environment).exception
    assert isinstance(error, SetupError)
    assert "REACTOR_LOG_LEVEL" in error.message


@pytest.mark.parametrize(
    ("host", "public", "bound"),
    [
        ("localhost", None, ("127.0.0.1",)),
        ("127.0.0.1", None, ("127.0.0.1",)),
        ("127.0.0.1", "203.0.113.7", ("127.0.0.1",)),
        ("0.0.0.0", "127.0.0.1", ("127.0.0.1",)),
        ("0.0.0.0", None, ()),
        ("example.org", None, ()),
    ],
)
def test_media_of_a_server_for_this_machine_stays_on_it(
    host: str, public: str | None, bound: tuple[str, ...]
) -> None:
    assert bound_addresses(host, public) == bound
