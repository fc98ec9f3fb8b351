import functools
from typing import Any

import pytest

from reactor_actors.interface import (
    ClientInfo,
    ModelMessage,
    ReactorModel,
    connected,
    disconnected,
    event,
    file_uploaded,
    session_ended,
    session_started,
)
from reactor_actors.interface.events import EventSpec, Hook, event_of, hook_of


@pytest.mark.parametrize("name", ["x_y", "set_3d", "setPrompt2", "A.b-c", "0"])
def test_a_name_is_kept_letter_for_letter(name: str) -> None:
    @event(name=name, description="Do it", dedupe=True)
    def handler(self: Any) -> None: ...

    assert event_of(handler) == EventSpec(name, "Do it", True)


@pytest.mark.parametrize("name", ["", " ", "a b", "ä", "a/b", "x\n", None, 3])
def test_a_name_that_cannot_be_one_is_refused(name: Any) -> None:
    with pytest.raises(ValueError, match="an event name is made of"):
        event(name=name)


@pytest.mark.parametrize("name", ["connected", "disconnected"])
def test_the_names_of_the_hooks_are_reserved(name: str) -> None:
    with pytest.raises(ValueError, match=f"'{name}' is reserved: use the @{name} hook"):
        event(name=name)


def test_the_name_is_a_keyword_and_required() -> None:
    with pytest.raises(TypeError):
        event("set_style")  # type: ignore[misc]
    with pytest.raises(TypeError):
        event()  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        event(lambda self: None)  # type: ignore[call-arg,misc]


@pytest.mark.parametrize(
    ("decorator", "hook"),
    [
        (session_started, Hook.SESSION_STARTED),
        (connected, Hook.CONNECTED),
        (disconnected, Hook.DISCONNECTED),
        (session_ended, Hook.SESSION_ENDED),
        (file_uploaded, Hook.FILE_UPLOADED),
    ],
)
def test_a_hook_is_marked_and_takes_no_arguments(decorator: Any, hook: Hook) -> None:
    @decorator
    def method(self: Any) -> None: ...

    assert hook_of(method) is hook
    assert event_of(method) is None
    with pytest.raises(TypeError, match="goes on a method"):
        decorator("x")


def test_a_method_is_marked_once_so_that_no_mark_is_lost() -> None:
    with pytest.raises(TypeError, match="'both' is already marked"):

        @connected
        @session_started
        def both(self: Any) -> None: ...

    with pytest.raises(TypeError, match="'twice' is already marked"):

        @event(name="a")
        @event(name="b")
        def twice(self: Any) -> None: ...


def test_a_method_may_be_an_event_and_a_hook() -> None:
    @connected
    @event(name="reset")
    def reset(self: Any) -> None: ...

    assert event_of(reset) == EventSpec("reset", "", False)
    assert hook_of(reset) is Hook.CONNECTED


def function(self: Any, level: int = 1) -> None: ...


@pytest.mark.parametrize(
    "odd",
    [
        staticmethod(function),
        classmethod(function),
        property(function),
        functools.partial(function, level=2),
        functools.partialmethod(function, level=2),
    ],
    ids=lambda odd: type(odd).__name__,
)
def test_what_is_not_bound_like_a_method_is_refused(odd: Any) -> None:
    with pytest.raises(TypeError, match=f"goes on a method.*{type(odd).__name__}"):
        event(name="x")(odd)
    with pytest.raises(TypeError, match=f"goes on a method.*{type(odd).__name__}"):
        connected(odd)


@pytest.mark.parametrize("above", [staticmethod, classmethod])
def test_a_static_or_class_method_around_a_marked_one_is_refused(above: Any) -> None:
    with pytest.raises(TypeError, match=rf"M\.f: .*remove @{above.__name__}"):
        type("M", (ReactorModel,), {"f": above(event(name="x")(lambda self: None))})
    with pytest.raises(TypeError, match=rf"M\.f: .*remove @{above.__name__}"):
        type("M", (ReactorModel,), {"f": above(connected(lambda self: None))})


def test_a_decorator_that_says_whom_it_wraps_keeps_the_mark() -> None:
    def logged(method: Any) -> Any:
        @functools.wraps(method)
        def wrapper(self: Any, **values: Any) -> Any:
            return method(self, **values)

        return wrapper

    @logged
    @event(name="x")
    def handler(self: Any, level: int) -> None: ...

    assert event_of(handler) == EventSpec("x", "", False)


class Hello(ModelMessage):
    text: str


async def test_a_client_has_an_id_a_time_and_a_way_to_reach_it() -> None:
    sent: list[ModelMessage] = []

    async def send(message: ModelMessage) -> None:
        sent.append(message)

    anna = ClientInfo("anna", 12.5, send)
    await anna.send(Hello("you"))
    assert (anna.id, anna.joined_at, sent) == ("anna", 12.5, [Hello("you")])
    assert repr(anna) == "ClientInfo(id='anna', joined_at=12.5)"
