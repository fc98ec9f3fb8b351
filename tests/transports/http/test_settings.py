from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from reactor_actors.core.errors import ClientError, SetupError
from reactor_actors.transports.http.settings import HttpSettings, IceServer, webcam_warning


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"port": -1}, "port"),
        ({"port": 65536}, "port"),
        ({"token": ""}, "token"),
        ({"token": "  "}, "token"),
        ({"tls_key": Path("key.pem")}, "tls_key"),
        ({"allow_origin": ""}, "allow_origin"),
        ({"allow_origin": "https://a\r\nX: y"}, "allow_origin"),
        ({"allow_origin": "https://a https://b"}, "allow_origin"),
        ({"allow_origin": "app.example"}, "allow_origin"),
        ({"allow_origin": "https://app.example/"}, "allow_origin"),
        ({"max_upload_mb": 0}, "max_upload_mb"),
    ],
)
def test_what_cannot_work_is_refused_by_name(wrong: dict[str, Any], named: str) -> None:
    with pytest.raises(SetupError) as error:
        HttpSettings(**wrong)
    assert str(error.value).startswith(f"{named}: ")
    assert "\n" not in str(error.value)


def test_secrets_are_not_shown() -> None:
    settings = HttpSettings(token="s3cret", ice_servers=(IceServer(("turn:x",), "u", "s3cret"),))

    assert "s3cret" not in repr(settings)


def test_uploads_are_as_large_as_the_settings_say() -> None:
    uploads = HttpSettings(max_upload_mb=100).uploads()
    for _ in range(4):
        uploads.open("a", "b", 100 * 2**20)
    with pytest.raises(ClientError):
        uploads.open("a", "b", 1)
    with pytest.raises(ClientError):
        HttpSettings(max_upload_mb=1).uploads().open("a", "b", 2**20 + 1)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.1.2.3", "::1"])
def test_on_this_machine_webcams_work(host: str) -> None:
    assert webcam_warning(HttpSettings(host=host)) is None


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "gpu.example"])
def test_from_other_machines_webcams_need_tls(host: str) -> None:
    warning = webcam_warning(HttpSettings(host=host))

    assert warning is not None
    assert "--tls-cert" in warning
    assert "\n" not in warning
    assert webcam_warning(HttpSettings(host=host, tls_cert=Path("cert.pem"))) is None
