"""Clients without a network: what they hear, see, say and send, and how they end."""

from __future__ import annotations

import asyncio
import logging
from typing import Any, Self

import numpy as np
import pytest

from reactor_actors.core.current import current_replica, current_session
from reactor_actors.core.errors import BusyError, ClientError, PeerGone
from reactor_actors.core.messages import Said
from reactor_actors.core.mode import Mode
from reactor_actors.core.pixels import to_i420
from reactor_actors.core.ports import Feed
from reactor_actors.core.session import State
from reactor_actors.core.wire.inbound import Publish
from reactor_actors.interface import (
    Audio,
    BufferClosed,
    Input,
    ModelMessage,
    Output,
    ReactorModel,
    UploadedFile,
    Video,
    event,
    file_uploaded,
)
from reactor_actors.transports.guests import Guests
from reactor_actors.transports.settings import ServerSettings, VenueSettings
from reactor_actors.transports.webrtc.settings import ConnectionLimits
from tests.hosted import hosting
from tests.local import eventually


class Screen(Output):
    main_video: Video
    voice: Audio


class Camera(Input):
    webcam: Video


class Level(ModelMessage):
    level: int


class Got(ModelMessage):
    name: str
    size: int


class Echo(ReactorModel):
    """Shows one grey picture per command, and whatever comes from the camera."""

    camera: Camera
    fps = 60
    buffer_size = 8

    async def run(self) -> None:
        while True:
            try:
                [frame] = await self.camera.webcam.read()
            except BufferClosed:
                await self.connected.wait()
                await asyncio.sleep(0.001)
                continue
            await self.emit(Screen(main_video=np.asarray(frame), voice=None))

    @event(name="show")
    async def show(self, level: int) -> Level:
        sound = np.full((1, 160), level, np.int16)
        await self.emit(Screen(main_video=picture(level), voice=sound))
        return Level(level=level)

    @event(name="tell")
    async def tell(self, level: int) -> None:
        await self.send(Level(level=level))

    @event(name="keep")
    async def keep(self, file: UploadedFile) -> Got:
        return Got(name=file.name, size=len(file.data))

    @file_uploaded
    async def noticed(self, uploaded_file: UploadedFile) -> None:
        await self.send(Got(name=f"noticed {uploaded_file.name}", size=uploaded_file.size))


def picture(level: int) -> np.ndarray[Any, Any]:
    return np.full((32, 48, 3), level, np.uint8)


def limited(**limits: Any) -> ServerSettings:
    return ServerSettings(venue=VenueSettings(connections=ConnectionLimits(**limits)))


async def test_a_guest_takes_part_like_any_client() -> None:
    async with hosting(Echo) as hosted:
        async with await hosted.connect() as anna:
            assert (anna.session, anna.replica) == ("local", "0")
            assert set(anna.tracks) == {"webcam", "main_video", "voice"}
            assert set(anna.commands) == {"show", "tell", "keep"}
            assert hosted.venue.status().viewers == 1
            assert hosted.venue.host.state is State.STREAMING
        assert hosted.venue.status().viewers == 0
        assert hosted.venue.host.state is State.ORPHANED


async def test_a_command_is_answered_and_its_picture_is_seen() -> None:
    async with hosting(Echo) as hosted, await hosted.connect() as anna:
        reply = await anna.ask("show", level=90)
        assert reply is not None
        assert (reply.type, reply.data) == ("level", {"level": 90})
        seen = await anna.frame()
        assert seen.shape == (32, 48, 3)
        assert abs(seen.astype(int) - 90).max() <= 3
        assert await anna.ask("tell", level=3) is None
        message = await anna.message(timeout=5)
        assert (message.type, message.data) == ("level", {"level": 3})


async def test_a_picture_is_returned_once_and_the_next_one_is_waited_for() -> None:
    async with hosting(Echo) as hosted, await hosted.connect() as anna:
        await anna.ask("show", level=90)
        await anna.frame()
        with pytest.raises(TimeoutError, match="no new picture on 'main_video'"):
            await anna.frame(timeout=0.05)
        waiting = asyncio.ensure_future(anna.frame())
        await anna.ask("show", level=200)
        assert abs(int((await waiting)[0, 0, 0]) - 200) <= 3


async def test_who_comes_later_sees_the_picture_that_stands() -> None:
    async with hosting(Echo) as hosted, await hosted.connect() as anna:
        await anna.ask("show", level=120)
        await anna.frame()
        async with await hosted.connect() as ben:
            assert abs(int((await ben.frame())[0, 0, 0]) - 120) <= 3


async def test_what_is_wrong_with_a_command_has_a_code() -> None:
    async with hosting(Echo) as hosted, await hosted.connect() as anna:
        with pytest.raises(ClientError, match="level: expected integer") as refused:
            await anna.ask("show", level="much")
        assert refused.value.code == "invalid_command"
        await anna.send("fly")
        told = await anna.message(timeout=5)
        assert (told.type, told.data["command"]) == ("commandError", "fly")


async def test_commands_keep_their_order_however_fast_they_come() -> None:
    async with hosting(Echo) as hosted, await hosted.connect() as anna:
        await asyncio.gather(*(anna.send("tell", level=level) for level in range(200)))
        told = [(await anna.message(timeout=5)).data["level"] for _ in range(200)]
        assert told == list(range(200))


async def test_every_picture_is_seen_by_who_keeps_up_and_the_newest_by_who_does_not() -> None:
    async with hosting(Echo) as hosted, await hosted.connect() as anna:
        async with anna.frames(bound=64) as all_of_them, anna.frames(bound=4) as few:
            first = [asyncio.ensure_future(anext(frames)) for frames in (all_of_them, few)]
            await eventually(lambda: hosted.venue.relay.taps == 2)
            for level in range(20):
                await anna.ask("show", level=10 * level)
            await asyncio.gather(*first)
            seen = [first[0].result(), *[await anext(all_of_them) for _ in range(19)]]
            assert [round(int(one[0, 0, 0]) / 10) for one in seen] == list(range(20))
            assert all_of_them.dropped == 0
            late = [await anext(few) for _ in range(4)]
            assert [round(int(one[0, 0, 0]) / 10) for one in late] == [16, 17, 18, 19]
            assert few.dropped == 15
        assert not hosted.venue.relay.taps


async def test_sound_arrives_piece_by_piece() -> None:
    async with hosting(Echo) as hosted, await hosted.connect() as anna, anna.sound() as sound:
        first = asyncio.ensure_future(anext(sound))
        await eventually(lambda: hosted.venue.relay.taps)
        for level in (5, 6):
            await anna.ask("show", level=level)
        pieces = [await first, await anext(sound)]
        assert [(piece.shape, int(piece[0, 0])) for piece in pieces] == [
            ((1, 160), 5),
            ((1, 160), 6),
        ]


async def test_what_is_fed_reaches_the_model() -> None:
    async with hosting(Echo) as hosted, await hosted.connect() as anna:
        await anna.ask("tell", level=0)  # the model knows of its client
        await anna.feed("webcam", picture(140))
        assert abs((await anna.frame()).astype(int) - 140).max() <= 3
        with pytest.raises(ClientError, match="no input track 'nowhere'; known are: webcam"):
            await anna.feed("nowhere", picture(1))
        with pytest.raises(TypeError, match="expects"):
            await anna.feed("webcam", [1, 2, 3])


async def test_an_input_track_belongs_to_one_client_until_it_is_released() -> None:
    async with (
        hosting(Echo) as hosted,
        await hosted.connect() as anna,
        await hosted.connect() as ben,
    ):
        await anna.feed("webcam", picture(1))
        with pytest.raises(ClientError, match="another client publishes") as refused:
            await ben.feed("webcam", picture(2))
        assert refused.value.code == "publish_refused"
        await anna.release("webcam")
        await ben.feed("webcam", picture(2))
        await ben.close()
        await anna.feed("webcam", picture(3))
        await anna.close()


async def test_a_file_is_uploaded_and_named_in_a_command() -> None:
    async with hosting(Echo) as hosted, await hosted.connect() as anna:
        file = await anna.upload("a.txt", b"twelve bytes", "text/plain")
        noticed = await anna.message(timeout=5)
        assert noticed.data == {"name": "noticed a.txt", "size": 12}
        reply = await anna.ask("keep", file=file)
        assert reply is not None
        assert reply.data == {"name": "a.txt", "size": 12}
        with pytest.raises(ClientError, match="size above 0"):
            await anna.upload("b.txt", b"", "text/plain")


async def test_the_end_of_the_session_ends_everything_that_waits() -> None:
    async with hosting(Echo) as hosted, await hosted.connect() as anna:
        frames, messages = anna.frames(), anna.messages()
        waiting = [
            asyncio.ensure_future(anext(frames)),
            asyncio.ensure_future(anna.frame(timeout=30)),
        ]
        await eventually(lambda: hosted.venue.relay.taps)
        await hosted.server.lobby.stop("somebody", None, "stopped")
        assert [(m.type, m.data) async for m in messages] == [
            ("sessionEnded", {"reason": "stopped"})
        ]
        ends = await asyncio.gather(*waiting, return_exceptions=True)
        assert [type(end) for end in ends] == [StopAsyncIteration, PeerGone]
        assert anna.closed
        for asked in (anna.ask("show", level=1), anna.send("show", level=1), anna.message()):
            with pytest.raises(PeerGone, match="the session has ended"):
                await asked


async def test_a_restart_of_the_model_is_told_and_the_session_goes_on() -> None:
    async with hosting(Echo) as hosted, await hosted.connect() as anna:
        hosted.lose_the_model()
        assert (await anna.message(timeout=5)).type == "modelRestarting"
        with pytest.raises(ClientError) as refused:
            await anna.ask("show", level=1)
        assert refused.value.code == "model_restarting"
        await hosted.attach(Echo, hosted.venue, None)
        assert (await anna.message(timeout=5)).type == "modelRestarted"
        assert await anna.ask("show", level=1) is not None


async def test_guests_count_as_connections() -> None:
    async with hosting(Echo, settings=limited(connections=2)) as hosted:
        async with await hosted.connect(), await hosted.connect():
            with pytest.raises(ClientError, match="2 connections are open already") as refused:
                await hosted.connect()
            assert refused.value.code == "overloaded"
            with pytest.raises(ClientError, match="2 connections"):
                await hosted.venue.room.open("local")
        await (await hosted.connect()).close()


async def test_in_exclusive_mode_each_has_a_session_and_the_third_a_place_in_the_queue() -> None:
    async with hosting(Echo, replicas=2, mode=Mode.EXCLUSIVE) as hosted:
        anna, ben = await hosted.connect(), await hosted.connect()
        assert {anna.replica, ben.replica} == {"0", "1"}
        await anna.ask("show", level=30)
        with pytest.raises(TimeoutError):
            await ben.frame(timeout=0.05)
        with pytest.raises(BusyError, match="busy: place 1 of 1 in the queue") as busy:
            await hosted.connect()
        assert (busy.value.code, busy.value.position, busy.value.size) == ("full", 1, 1)
        waiting = asyncio.ensure_future(hosted.connect(ticket=busy.value.ticket or "", timeout=10))
        await eventually(lambda: hosted.server.lobby.waiting == 1)
        await ben.close()
        cleo = await waiting
        assert cleo.replica == ben.replica
        assert cleo.session != ben.session
        await asyncio.gather(anna.close(), cleo.close())


async def test_who_waits_too_long_keeps_the_place_for_a_moment() -> None:
    async with hosting(Echo, mode=Mode.EXCLUSIVE) as hosted, await hosted.connect():
        with pytest.raises(BusyError) as busy:
            await hosted.connect(timeout=0.05)
        assert busy.value.position == 1
        assert hosted.server.lobby.waiting == 1


async def test_a_guest_waits_for_a_model_that_loads() -> None:
    async with hosting(Echo, load=False) as hosted:
        with pytest.raises(BusyError, match="the model is loading"):
            await hosted.connect()
        waiting = asyncio.ensure_future(hosted.connect(timeout=10))
        await hosted.attach(Echo, hosted.venue, None)
        await (await waiting).close()


async def test_nobody_waits_at_the_door_for_who_does_not_ask_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("reactor_actors.transports.guests.JOIN_SECONDS", 0.05)
    async with hosting(Echo, mode=Mode.EXCLUSIVE) as hosted, await hosted.connect():
        with pytest.raises(BusyError) as busy:
            await asyncio.wait_for(hosted.guests.join("", 600.0), 5.0)
        assert busy.value.ticket


async def test_a_guest_that_asks_nothing_has_left_and_one_that_waits_for_news_has_not() -> None:
    async with hosting(Echo, settings=limited(silence=0.05, poll=0.01)) as hosted:
        quiet, patient = [await hosted.guests.join("", 0.0) for _ in range(2)]
        asking = asyncio.ensure_future(hosted.guests.news(patient.guest, 10.0))
        await eventually(lambda: hosted.venue.host.clients == 1)
        for asked in (hosted.guests.news(quiet.guest, 0.0), hosted.guests.say(quiet.guest, [])):
            with pytest.raises(PeerGone, match="silent for too long"):
                await asked
        await hosted.guests.leave(quiet.guest)
        await hosted.guests.leave(patient.guest)
        assert (await asking).over


async def test_a_guest_of_an_earlier_session_has_no_say_in_the_next() -> None:
    async with hosting(Echo) as hosted:
        late = (await hosted.guests.join("", 0.0)).guest
        await hosted.server.lobby.stop("somebody", None, "stopped")
        await eventually(lambda: hosted.venue.host.state is State.READY)
        async with await hosted.connect() as anna:
            fed = Feed("webcam", to_i420(picture(1)), None, 32, 48)
            for asked in (
                hosted.guests.say(late, [Publish("1", "webcam")]),
                hosted.guests.feed(late, [fed]),
                hosted.guests.watch(late, ["main_video"], 4),
                hosted.guests.upload(late, "a.txt", b"bytes", "text/plain"),
            ):
                with pytest.raises(PeerGone, match="the session has ended"):
                    await asked
            assert not hosted.venue.relay.taps
            await anna.feed("webcam", picture(1))
            assert (await hosted.guests.news(late, 0.0)).over


class Ear(logging.Handler):
    """Hears whose the records of a logger are."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.heard: set[tuple[str | None, str | None]] = set()
        self._logger = logging.getLogger(name)
        self._level = self._logger.level

    def emit(self, record: logging.LogRecord) -> None:
        self.heard.add((current_replica(), current_session()))

    def __enter__(self) -> Self:
        self._logger.addHandler(self)
        self._logger.setLevel(logging.INFO)
        return self

    def __exit__(self, *failure: object) -> None:
        self._logger.removeHandler(self)
        self._logger.setLevel(self._level)


async def test_what_is_logged_of_a_session_names_its_replica() -> None:
    async with hosting(Echo, replicas=2, mode=Mode.EXCLUSIVE) as hosted:
        with Ear("reactor_actors.session") as ear:
            anna, ben = await hosted.connect(), await hosted.connect()
        assert ear.heard == {(anna.replica, anna.session), (ben.replica, ben.session)}
        assert {anna.replica, ben.replica} == {"0", "1"}
        await anna.close()
        await ben.close()


async def test_who_cannot_be_parted_with_does_not_keep_the_others(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with hosting(Echo, settings=limited(silence=0.05, poll=0.01)) as hosted:
        inputs, fails = hosted.venue.inputs, ["guest-1"]
        release = inputs.release

        def failing(client: str) -> None:
            if client in fails:
                fails.remove(client)
                raise RuntimeError("no")
            release(client)

        monkeypatch.setattr(inputs, "release", failing)
        for _ in range(2):
            await hosted.guests.join("", 0.0)
        with Ear("reactor_actors.peer") as ear:
            await eventually(lambda: hosted.venue.host.clients == 0)
        assert not fails
        assert ear.heard == {("0", "local")}
        assert "guest-1 could not be parted with in order" in caplog.text


async def test_where_rooms_are_elsewhere_a_guest_is_refused_before_a_session_begins() -> None:
    async with hosting(Echo) as hosted:
        guests = Guests(hosted.server.lobby, {}, ConnectionLimits())
        with pytest.raises(ClientError, match="only for deployments of one transport"):
            await guests.join("", 0.0)
        assert hosted.venue.host.state is State.READY


async def test_a_guest_that_reads_nothing_is_let_go() -> None:
    async with hosting(Echo, settings=limited(poll=0.01)) as hosted:
        welcome = await hosted.guests.join("", 0.0)
        for number in range(5000):
            hosted.venue.host.receive(Said("level", {"level": number}))
        await eventually(lambda: hosted.venue.host.clients == 0)
        with pytest.raises(PeerGone):
            await hosted.guests.news(welcome.guest, 0.0)
