from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from reactor_actors.actors.logs import LogFormat
from reactor_actors.actors.scale import LinkKind, Scale
from reactor_actors.cli.app import app
from reactor_actors.core.errors import SetupError
from reactor_actors.core.mode import Mode
from reactor_actors.core.session import Limits
from reactor_actors.serving import Orders

MODEL = str(Path(__file__).parents[2] / "examples" / "brightness")


VARIABLES = (
    *("HOST", "PORT", "RAY_ADDRESS", "REACTOR_TOKEN", "REACTOR_LOG_LEVEL", "REACTOR_LOG_FORMAT"),
    *("ORPHAN_TIMEOUT_SECONDS", "WEBRTC_CLIENT_PING_TIMEOUT_SECONDS", "STOP_GRACE_SECONDS"),
    *("MAX_SESSION_DURATION_SECONDS", "SIGTERM_GRACE_PERIOD", "STUN_SERVERS", "TURN_SERVERS"),
    *("WEBRTC_PORT_RANGE", "ICE_TRANSPORT_POLICY"),
)


def orders(*words: str, **environment: str) -> Orders:
    """Return what `serve` would do."""
    taken: list[Orders] = []
    result = CliRunner().invoke(
        app,
        ["serve", *words],
        env={**dict.fromkeys(VARIABLES), **environment},
        obj=lambda orders: not taken.append(orders),  # type: ignore[func-returns-value]
    )
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return taken[0]


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
        (["--tls-key", "key.pem"], "--tls-key"),
        (["--token", " "], "--token"),
        (["--port", "99999"], "--port"),
        (["--port", "http"], "--port"),
        (["--max-connections", "0"], "--max-connections"),
        (["--orphan-timeout", "nan"], "--orphan-timeout"),
        (["--stop-grace", "inf"], "--stop-grace"),
        (["--watchdog", "-1"], "--watchdog"),
        (["--replicas", "0"], "--replicas"),
        (["--transports", "2"], "--transports"),
        (["--queue-limit", "-1"], "--queue-limit"),
        (["--sessions", "none"], "--sessions"),
        (["--link", "rope"], "--link"),
        (["--log-format", "xml"], "--log-format (REACTOR_LOG_FORMAT) expects text or json"),
        (["--bogus"], "--bogus"),
        (["--prot=9000"], "did you mean --port?"),
        (["--model.size"], "--model.size"),
    ],
)
def test_what_cannot_work_is_refused_in_one_line_that_names_it(
    wrong: list[str], named: str
) -> None:
    with pytest.raises(SetupError) as refused:
        orders(MODEL, *wrong)
    assert named in refused.value.message
    assert "\n" not in refused.value.message


def test_a_variable_of_the_wrong_kind_is_refused_by_name() -> None:
    with pytest.raises(SetupError, match="PORT"):
        orders(MODEL, PORT="http")
    with pytest.raises(SetupError, match="REACTOR_LOG_LEVEL"):
        orders(MODEL, REACTOR_LOG_LEVEL="silly")


SETTINGS = [
    ("--host", "HOST", lambda o: o.settings.http.host, "0.0.0.0", ("127.0.0.1", "localhost")),
    ("--port", "PORT", lambda o: o.settings.http.port, 8080, (9001, 9002)),
    (
        *("--orphan-timeout", "ORPHAN_TIMEOUT_SECONDS"),
        *(lambda o: o.settings.venue.session.orphan, 30.0, (1.5, 0.0)),
    ),
    (
        *("--ping-timeout", "WEBRTC_CLIENT_PING_TIMEOUT_SECONDS"),
        *(lambda o: o.settings.venue.connections.silence, 20.0, (-1.0, 5.0)),
    ),
    (
        *("--max-session-duration", "MAX_SESSION_DURATION_SECONDS"),
        *(lambda o: o.settings.venue.session.longest, 0.0, (60.0, 61.0)),
    ),
    (
        *("--stop-grace", "STOP_GRACE_SECONDS"),
        *(lambda o: o.settings.venue.session.grace, 30.0, (3.0, 4.0)),
    ),
    (
        *("--webrtc-port-range", "WEBRTC_PORT_RANGE"),
        *(lambda o: o.settings.venue.peers.ice.ports, None, ((50000, 50100), (1024, 2000))),
    ),
    ("--address", "RAY_ADDRESS", lambda o: o.address, None, ("10.0.0.1:1", "auto")),
    ("--token", "REACTOR_TOKEN", lambda o: o.settings.http.token, None, ("a", "b")),
    (
        *("--stun-server", "STUN_SERVERS"),
        *(lambda o: tuple(s.uri for s in o.settings.venue.peers.ice.servers), ()),
        (("stun:a:1",), ("stun:b:2",)),
    ),
]


def written(value: object) -> str:
    match value:
        case (int() as low, int() as high):
            return f"{low}:{high}"
        case (str() as only,):
            return only
    return str(value)


@pytest.mark.parametrize(("flag", "variable", "read", "default", "values"), SETTINGS)
def test_a_flag_beats_the_environment_which_beats_the_default(
    flag: str, variable: str, read: object, default: object, values: tuple[object, object]
) -> None:
    assert callable(read)
    first, second = map(written, values)
    assert read(orders(MODEL)) == default
    assert read(orders(MODEL, **{variable: first})) == values[0]
    assert read(orders(MODEL, f"{flag}={second}", **{variable: first})) == values[1]
    assert read(orders(MODEL, **{variable: ""})) == default


def test_relay_alone_may_be_asked_for_in_the_environment() -> None:
    environment = {"ICE_TRANSPORT_POLICY": "relay", "TURN_SERVERS": "u;p;turn:a:1, u;p;turn:b:2"}
    ice = orders(MODEL, **environment).settings.venue.peers.ice
    assert ice.relay_only
    assert [server.uri for server in ice.servers] == ["turn:a:1", "turn:b:2"]
    with pytest.raises(SetupError, match="--turn-server"):
        orders(MODEL, ICE_TRANSPORT_POLICY="relay")


def test_the_size_of_a_deployment_is_one_scale() -> None:
    words = ["--replicas=3", "--sessions=shared", "--queue-limit=0", "--transports=2"]
    assert orders(MODEL, *words, "--link=refs", "--watchdog=7").scale == Scale(
        replicas=3,
        sessions=Mode.SHARED,
        queue_limit=0,
        transports=2,
        link=LinkKind.REFS,
        watchdog=7.0,
    )
    assert orders(MODEL).scale == Scale()


def test_limits_and_the_time_for_a_drain_reach_the_server() -> None:
    told = orders(MODEL, "--orphan-timeout=1", "--stop-grace=3", SIGTERM_GRACE_PERIOD="4")
    assert told.settings.venue.session == Limits(orphan=1.0, longest=0.0, grace=3.0)
    assert told.drain == 4.0


def test_overrides_stand_anywhere_and_the_path_has_another_name() -> None:
    before = orders("--model.width=320", MODEL, "--model.fps=12")
    assert before.source.config["width"] == 320
    assert before.source.config["fps"] == 12
    assert orders("--path", MODEL, "--model.width=320", "--model.fps=12") == before
    assert orders("-p", MODEL) == orders(MODEL)


def test_the_first_codec_is_the_preferred_one() -> None:
    assert orders(MODEL).settings.venue.peers.codecs == ("VP8", "H264")
    assert orders(MODEL, "--video-codec=h264").settings.venue.peers.codecs == ("H264", "VP8")


def test_the_form_of_the_log_comes_from_the_flag_then_from_the_environment() -> None:
    told = "REACTOR_LOG_FORMAT"
    assert orders(MODEL).logs.format is LogFormat.TEXT
    assert orders(MODEL, **{told: ""}).logs.format is LogFormat.TEXT
    assert orders(MODEL, **{told: "JSON"}).logs.format is LogFormat.JSON
    assert orders(MODEL, "--log-format=json").logs.format is LogFormat.JSON
    assert orders(MODEL, "--log-format=text", **{told: "json"}).logs.format is LogFormat.TEXT
    with pytest.raises(SetupError, match="REACTOR_LOG_FORMAT"):
        orders(MODEL, **{told: "xml"})


def test_rays_own_dashboard_is_started_for_those_who_ask_for_it() -> None:
    assert not orders(MODEL).dashboard
    assert orders(MODEL, "--dashboard").dashboard


@pytest.mark.parametrize(("form", "first"), [("text", "starting brightness\n"), ("json", "")])
def test_the_first_line_says_what_starts_before_all_that_takes_its_time(
    form: str, first: str
) -> None:
    words = ["serve", MODEL, "--bitrate", "1", "--log-format", form]
    result = CliRunner().invoke(app, words, env=dict.fromkeys(VARIABLES))
    assert isinstance(result.exception, SetupError)  # what comes next has begun
    assert result.stdout == first


def test_a_model_that_is_not_there_is_refused_before_anything_starts() -> None:
    result = CliRunner().invoke(app, ["serve", "no/such/folder"], env=dict.fromkeys(VARIABLES))
    assert isinstance(result.exception, SetupError)
    assert result.stdout == ""
