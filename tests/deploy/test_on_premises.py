"""`ray up` with the local provider, over a real sshd, to a picture in a real client."""

from __future__ import annotations

import pytest

from tests.deploy.alone import alone

pytestmark = [pytest.mark.ray, pytest.mark.clients, pytest.mark.timeout(300)]


def test_bare_machines_become_a_cluster_that_serves_a_picture_and_are_left_clean() -> None:
    seen = alone("tests.deploy.on_premises")
    assert seen["bright"] > 30
    assert seen["dark"] < 10
    assert seen["status"] == 0, "serving ended badly"
    assert seen["nodes"] == seen["machines"]
    assert seen["stranger"] != 0, "Ray speaks to everybody"
    assert seen["left"] == []
