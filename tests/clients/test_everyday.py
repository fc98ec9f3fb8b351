"""What every published client does all day."""

from __future__ import annotations

from functools import partial
from itertools import pairwise

import pytest

from tests.clients.conftest import ALL, BROWSER, PYTHON, PYTHON_08, Join
from tests.clients.model.card import BARS
from tests.clients.servers import Server
from tests.clients.sight import distance, until
from tests.clients.viewer import Viewer


async def test_the_picture_arrives_as_it_was_painted(viewer: Viewer) -> None:
    seen = await viewer.sees(
        lambda s: all(distance(a, b) < 25 for a, b in zip(s.bars, BARS, strict=True)),
        "the colour bars",
    )
    assert seen.block == "red"


async def test_pictures_follow_each_other_in_order(viewer: Viewer) -> None:
    await viewer.sees_moving()
    numbers = [(await viewer.sees(lambda s: True, "a picture")).number for _ in range(20)]
    assert all(a <= b for a, b in pairwise(numbers)), numbers


async def test_the_tone_is_heard_at_its_pitch(viewer: Viewer) -> None:
    await viewer.hears(440)
    await viewer.send("set_pitch", pitch=1000)
    await viewer.hears(1000)


async def test_a_muted_tone_is_silence(viewer: Viewer) -> None:
    await viewer.hears(440)
    await viewer.send("set_muted", muted=True)
    await viewer.hears(0)


async def test_a_command_shows_in_the_picture(viewer: Viewer) -> None:
    await viewer.sees(lambda s: s.block == "red", "a red block")
    await viewer.send("set_colour", colour="blue")
    await viewer.sees(lambda s: s.block == "blue", "a blue block")


async def test_a_command_is_answered_with_its_message(viewer: Viewer) -> None:
    await viewer.send("set_title", title="Grüße, 世界")
    told = await viewer.ask("describe")
    assert (told["colour"], told["pitch"], told["title"]) == ("red", 440.0, "Grüße, 世界")


async def test_a_refused_command_says_why(viewer: Viewer) -> None:
    refused = await viewer.refused("refuse", reason="the cat knocked it over")
    assert refused.code == "out_of_paint"
    assert refused.message.endswith("the cat knocked it over")  # some put words in front


async def test_a_mistake_in_the_model_is_not_told_to_clients(viewer: Viewer) -> None:
    refused = await viewer.refused("stumble")
    assert refused.code == "internal_error"
    assert "secret" not in refused.message


@pytest.mark.parametrize(
    ("command", "data"),
    [
        ("set_colour", {"colour": "mauve"}),
        ("set_pitch", {"pitch": 5}),
        ("set_pitch", {"pitch": "high"}),
        ("echo", {}),
        ("paint_the_fence", {}),
    ],
    ids=["not a choice", "out of bounds", "wrong type", "missing", "unknown"],
)
async def test_an_invalid_command_is_refused_and_changes_nothing(
    viewer: Viewer, command: str, data: dict[str, object]
) -> None:
    assert (await viewer.refused(command, **data)).code == "invalid_command"
    told = await viewer.ask("describe")
    assert (told["colour"], told["pitch"]) == ("red", 440.0)


async def test_a_broadcast_reaches_the_one_who_caused_it(viewer: Viewer) -> None:
    await viewer.send("announce", text="dinner")
    assert await viewer.heard_of("announced") == {"text": "dinner"}


async def test_the_tracks_are_told_inputs_first(viewer: Viewer) -> None:
    tracks = (await viewer.capabilities())["tracks"]
    assert [(t["name"], t["kind"], t["direction"]) for t in tracks] == [
        ("webcam", "video", "sendonly"),
        ("mic", "audio", "sendonly"),
        ("main_video", "video", "recvonly"),
        ("main_audio", "audio", "recvonly"),
    ]


async def test_a_published_webcam_is_seen_by_the_model_until_unpublished(viewer: Viewer) -> None:
    await viewer.film((40, 160, 220))
    await viewer.sees_webcam((40, 160, 220))
    await viewer.unpublish("webcam")
    await viewer.sees_webcam((16, 16, 16), "no webcam")


async def test_a_published_mic_is_heard_by_the_model(viewer: Viewer) -> None:
    await viewer.send("set_muted", muted=True)  # or a client may cancel its echo
    await viewer.sing(700)
    await viewer.sees(lambda s: s.loudness > 0.1, "a loud mic")

    async def heard() -> bool:
        return abs((await viewer.ask("describe"))["hertz"] - 700) < 15

    await until(heard, "a mic that hears 700 Hz")
    await viewer.unpublish("mic")
    await viewer.sees(lambda s: s.loudness < 0.02, "a silent mic")


async def test_an_uploaded_file_is_announced_and_used_by_a_command(viewer: Viewer) -> None:
    data = bytes([30, 140, 200]) + b"x" * 5000
    ref = await viewer.upload("paint.bin", data, "application/x-paint")
    assert await viewer.heard_of("arrived") == {"name": "paint.bin", "size": 5003}
    assert await viewer.ask("inspect", file=ref) == {
        "names": ["paint.bin"],
        "sizes": [5003],
        "mime_types": ["application/x-paint"],
        "heads": [data[:8].hex()],
    }
    await viewer.sees(lambda s: distance(s.file, (30, 140, 200)) < 25, "the file's colour")


@pytest.mark.parametrize("kind", [PYTHON, PYTHON_08])
async def test_a_paused_track_stands_still_until_it_is_resumed(
    server: Server, join: Join, kind: str
) -> None:
    viewer = await join(kind, server)
    await viewer.connect()
    await viewer.sees_moving()
    await viewer.pause("main_video")
    await standing(viewer)
    await viewer.resume("main_video")
    await viewer.sees_moving()


async def standing(viewer: Viewer) -> None:
    """Wait until the model has gone on by a second without a new picture."""

    async def attempt() -> bool:
        shown = await viewer.seen()
        began = (await viewer.ask("describe"))["number"]

        async def on() -> bool:
            return (await viewer.ask("describe"))["number"] >= began + 20

        await until(on, "a second of the model's")
        now = await viewer.seen()
        return shown is not None and now is not None and shown.number == now.number

    await until(attempt, "a picture that stands still")


async def test_a_client_that_comes_back_finds_the_session_as_it_left_it(viewer: Viewer) -> None:
    await viewer.send("set_colour", colour="green")
    before = await viewer.sees(lambda s: s.block == "green", "a green block")
    await viewer.film((200, 60, 60))
    await viewer.sees_webcam((200, 60, 60))
    await viewer.reconnect()
    after = await viewer.sees_moving()
    assert after.block == "green"
    assert after.number > before.number
    await viewer.hears(440)
    assert (await viewer.ask("describe"))["colour"] == "green"
    await viewer.film((40, 160, 220))
    await viewer.sees_webcam((40, 160, 220))


async def test_leaving_ends_the_session_cleanly(viewer: Viewer, server: Server) -> None:
    await viewer.sees_moving()
    assert server.get("/health")["state"] == "serving"
    await viewer.leave()
    await until(lambda: server.get("/health")["state"] == "available", "no session")
    await until(lambda: viewer.statuses[-1:] == ["disconnected"], "disconnected")
    assert not [e for e in viewer.errors if "session_ended" not in str(e)]


@pytest.mark.parametrize("kind", ALL)
async def test_a_client_starts_one_session_after_another(
    server: Server, join: Join, kind: str
) -> None:
    viewer = await join(kind, server)
    for colour in ("green", "blue"):
        await viewer.connect()
        await viewer.sees(lambda s: s.block == "red", "a fresh session")
        await viewer.send("set_colour", colour=colour)
        await viewer.sees(lambda s, colour=colour: s.block == colour, colour)
        await viewer.leave()


async def test_three_clients_of_both_framings_share_one_session(server: Server, join: Join) -> None:
    viewers = [await join(kind, server) for kind in ALL]
    for viewer in viewers:
        await viewer.connect()
    for viewer in viewers:
        await viewer.sees_moving()
        await viewer.hears(440)
    for viewer, colour in zip(viewers, ("green", "blue", "red"), strict=True):
        await viewer.send("set_colour", colour=colour)
        for each in viewers:
            await each.sees(lambda s, colour=colour: s.block == colour, colour)
    callers = [(await viewer.ask("describe"))["caller"] for viewer in viewers]
    assert len(set(callers)) == 3
    names = [type(viewer).__name__ for viewer in viewers]
    for viewer, name in zip(viewers, names, strict=True):
        await viewer.send("announce", text=name)

    async def announced(viewer: Viewer) -> list[str] | None:
        await viewer.listen()
        texts = [m["data"]["text"] for m in viewer.messages if m["type"] == "announced"]
        return texts if len(texts) >= len(names) else None

    # Three connections may arrive in any order; every client hears the same one.
    heard = [await until(partial(announced, viewer), "all announcements") for viewer in viewers]
    assert sorted(heard[0]) == sorted(names)
    assert heard[1:] == heard[:-1]
    for viewer in viewers:
        assert len([m for m in viewer.messages if m["type"] == "described"]) == 1
    await viewers[0].film((220, 120, 40))
    for viewer in viewers:
        await viewer.sees_webcam((220, 120, 40))


@pytest.mark.parametrize("kind", [BROWSER])
async def test_a_publisher_is_not_disturbed_by_a_second_one(
    server: Server, join: Join, kind: str
) -> None:
    first, second = await join(PYTHON, server), await join(kind, server)
    await first.connect()
    await second.connect()
    await first.film((220, 120, 40))
    await second.sees_webcam((220, 120, 40))
    await second.film((40, 120, 220))
    await second.sees_moving()
    await second.sees_webcam((220, 120, 40), "the first webcam")
    await first.unpublish("webcam")
    await second.sees_webcam((40, 120, 220), "the second webcam")
