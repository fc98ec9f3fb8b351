"""What a subscription makes of a transport that answers late, or not at all."""

from __future__ import annotations

from typing import Any

import pytest
from ray.exceptions import ActorDiedError, GetTimeoutError

from reactor_actors.actors.subscription import Subscription
from reactor_actors.core.batches import Delivery
from reactor_actors.core.errors import PeerGone


class Transport:
    """A transport whose next answers a test chooses. It notes what it was asked."""

    def __init__(self, *answers: Delivery | Exception) -> None:
        self._answers = list(answers)
        self.asked: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return Method(self, name)

    def get(self, _: None, timeout: float) -> Delivery:
        """Stand in for `ray.get`."""
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


class Method:
    """One method of it, to be called as Ray's are."""

    def __init__(self, transport: Transport, name: str) -> None:
        self._transport = transport
        self._name = name

    def remote(self, _: int) -> None:
        self._transport.asked.append(self._name)


def subscribed(monkeypatch: pytest.MonkeyPatch, transport: Transport) -> Subscription:
    monkeypatch.setattr("reactor_actors.actors.subscription.ray", transport)
    return Subscription(transport, 1)


def test_an_answer_that_is_late_once_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    transport = Transport(GetTimeoutError("late"), Delivery(delivered=3), Delivery(delivered=4))
    subscription = subscribed(monkeypatch, transport)
    with pytest.raises(PeerGone, match="did not answer within"):
        subscription.delivery()
    assert subscription.delivered == 3
    subscription.close()
    assert transport.asked == ["delivery", "delivery", "unsubscribe"]
    assert subscription.delivered == 4


def test_an_end_that_is_not_confirmed_can_be_asked_for_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    transport = Transport(GetTimeoutError("late"), Delivery(delivered=4))
    subscription = subscribed(monkeypatch, transport)
    for _ in range(3):
        subscription.close()
    assert transport.asked == ["unsubscribe", "unsubscribe"]
    assert subscription.delivered == 4


def test_the_end_of_the_transport_is_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    transport = Transport(ActorDiedError())
    subscription = subscribed(monkeypatch, transport)
    assert subscription.delivery().over == "the deployment has ended"
    subscription.close()
    assert transport.asked == ["delivery"]
