"""How large a deployment is, and how its replicas are dealt."""

from __future__ import annotations

import pytest

from reactor_actors.actors.scale import Scale
from reactor_actors.core.errors import SetupError


@pytest.mark.parametrize(
    ("replicas", "transports", "shares"),
    [
        (1, 1, (("0",),)),
        (3, 1, (("0", "1", "2"),)),
        (2, 2, (("0",), ("1",))),
        (5, 2, (("0", "2", "4"), ("1", "3"))),
    ],
)
def test_replicas_are_dealt_to_transports_in_turn(
    replicas: int, transports: int, shares: tuple[tuple[str, ...], ...]
) -> None:
    scale = Scale(replicas=replicas, transports=transports)
    assert scale.shares == shares
    assert sorted(name for share in scale.shares for name in share) == list(scale.names)


def test_a_transport_without_a_replica_is_refused() -> None:
    with pytest.raises(SetupError, match="at most one per replica"):
        Scale(replicas=1, transports=2)
