from __future__ import annotations

import datetime
import ipaddress
import socket
import ssl
from pathlib import Path

import aiohttp
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from reactor_actors.core.errors import SetupError
from reactor_actors.transports.http.settings import HttpSettings
from tests.transports.http.site import RTC, SDP, Site, serving


def has_ipv6() -> bool:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


async def status_at(url: str, path: str = "/health", **options: object) -> int:
    async with (
        aiohttp.ClientSession() as client,
        client.get(f"{url}{path}", **options) as response,  # type: ignore[arg-type]
    ):
        return response.status


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1, signed by itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    cert = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .sign(key, hashes.SHA256())
    )
    folder = tmp_path_factory.mktemp("tls")
    cert_file, key_file = folder / "cert.pem", folder / "key.pem"
    cert_file.write_bytes(cert.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(_pem(key, serialization.NoEncryption()))
    (folder / "locked.pem").write_bytes(
        _pem(key, serialization.BestAvailableEncryption(b"password"))
    )
    return cert_file, key_file


def _pem(key: ec.EllipticCurvePrivateKey, lock: serialization.KeySerializationEncryption) -> bytes:
    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, form, lock)


async def test_port_0_takes_a_free_port_and_says_which(site: Site) -> None:
    assert site.server.port > 0
    assert site.server.url == f"http://127.0.0.1:{site.server.port}"
    assert await status_at(site.server.url) == 200


async def test_localhost_means_both_addresses_of_this_machine_on_one_port() -> None:
    site = Site(HttpSettings(host="localhost", port=0))
    await site.server.start()
    try:
        port = site.server.port
        assert site.server.url == f"http://localhost:{port}"
        assert await status_at(f"http://127.0.0.1:{port}") == 200
        if has_ipv6():
            assert await status_at(f"http://[::1]:{port}") == 200
    finally:
        await site.server.close()


@pytest.mark.parametrize("host", ["0.0.0.0", "localhost", "127.0.0.1"])
async def test_a_port_in_use_is_said_in_one_line_with_its_remedy(host: str) -> None:
    async with serving() as other:
        port = other.server.port
        site = Site(HttpSettings(host=host, port=port))
        with pytest.raises(SetupError) as error:
            await site.server.start()
        await site.server.close()

    assert f"port {port}" in str(error.value)
    assert "--port" in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("host", ["203.0.113.7", "no-such-host.invalid", "ä" * 80, "a b"])
async def test_a_host_that_is_not_this_machine_is_said_in_one_line(host: str) -> None:
    site = Site(HttpSettings(host=host, port=0))
    with pytest.raises(SetupError) as error:
        await site.server.start()

    assert "host" in str(error.value)
    assert "\n" not in str(error.value)


async def test_a_closed_server_gives_its_port_back() -> None:
    async with serving() as site:
        port = site.server.port
    again = Site(HttpSettings(host="127.0.0.1", port=port))
    await again.server.start()
    assert await status_at(again.server.url) == 200
    await again.server.close()


async def test_closing_does_not_wait_for_clients_that_listen(session: Site) -> None:
    await session.post(f"{RTC}/sdp_params", json={"sdp_offer": SDP})
    async with session.connected() as (events, one), session.connected() as (_, other):
        one.write(b"GET /events HTTP/1.0\r\nHost: x\r\n\r\n")
        other.write(f"GET {RTC}/sdp_params HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        await events.readuntil(b": hello\n\n")
        await session.server.close()
        assert await events.read() == b""


async def test_with_a_certificate_it_speaks_https(certificate: tuple[Path, Path]) -> None:
    cert, key = certificate
    async with serving(tls_cert=cert, tls_key=key) as site:
        site.host.start("local")
        context = ssl.create_default_context(cafile=str(cert))
        assert site.server.url.startswith("https://127.0.0.1:")
        assert await status_at(site.server.url, ssl=context) == 200

        body = {"name": "a", "size": 1, "mime_type": "b"}
        url = f"{site.server.url}/sessions/local/uploads"
        async with (
            aiohttp.ClientSession() as client,
            client.post(url, json=body, ssl=context) as response,
        ):
            opened = await response.json()
        assert opened["presigned_url"].startswith(f"{site.server.url}/uploads/")


async def test_a_certificate_that_cannot_be_used_is_said_in_one_line(
    certificate: tuple[Path, Path], tmp_path: Path
) -> None:
    cert, key = certificate
    (tmp_path / "junk.pem").write_text("junk")
    for tls_cert, tls_key in (
        (tmp_path / "missing.pem", key),
        (cert, tmp_path / "missing.pem"),
        (tmp_path / "junk.pem", key),
        (cert, None),
        (cert, key.with_name("locked.pem")),
    ):
        settings = HttpSettings(host="127.0.0.1", port=0, tls_cert=tls_cert, tls_key=tls_key)
        with pytest.raises(SetupError) as error:
            await Site(settings).server.start()
        assert str(tls_cert) in str(error.value)
        assert "\n" not in str(error.value)
