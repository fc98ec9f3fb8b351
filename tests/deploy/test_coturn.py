"""`deploy/coturn`: every word of its file means something, and a picture passes through it."""

from __future__ import annotations

import ipaddress
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.deploy.alone import alone

CONFIGURATION = Path(__file__).parents[2] / "deploy" / "coturn" / "turnserver.conf"
TURNSERVER = shutil.which("turnserver")


def settings() -> list[tuple[str, str]]:
    """Return every setting of the file and its value."""
    lines = [line.strip() for line in CONFIGURATION.read_text().splitlines()]
    pairs = [line.partition("=") for line in lines if line and not line.startswith("#")]
    return [(key, value) for key, _, value in pairs]


@pytest.mark.skipif(TURNSERVER is None, reason="without turnserver")
def test_every_setting_is_one_that_the_program_documents() -> None:
    told = subprocess.run([str(TURNSERVER), "--help"], capture_output=True, text=True, check=False)
    documented = set(re.findall(r"--([a-z0-9-]+)", told.stdout + told.stderr))
    assert {key for key, _ in settings()} <= documented


def test_a_relay_leads_into_no_private_network() -> None:
    ranges = [value.split("-") for key, value in settings() if key == "denied-peer-ip"]
    ends = [(ipaddress.ip_address(a), ipaddress.ip_address(b)) for a, b in ranges]
    for inside in ("10.1.2.3", "172.20.0.1", "192.168.10.11", "169.254.169.254", "fd00::1"):
        address = ipaddress.ip_address(inside)
        assert any(
            a.version == address.version and int(a) <= int(address) <= int(b) for a, b in ends
        ), inside
    assert "allow-loopback-peers" not in dict(settings())


def test_no_secret_is_written_down() -> None:
    assert not {"user", "static-auth-secret", "cli-password"} & {key for key, _ in settings()}


@pytest.mark.ray
@pytest.mark.clients
@pytest.mark.timeout(180)
def test_a_client_that_can_only_be_relayed_sees_a_picture() -> None:
    seen = alone("tests.deploy.relayed", 150.0)
    assert seen["bright"] > 30
    assert seen["dark"] < 10
    assert seen["relayed"] > 10_000, "the picture took another way"
