"""What only the request clients can do: `reactor-sdk` 1.13.0."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from reactor_sdk import (
    NotFoundError,
    ReactorError,
    RecorderDisabledError,
)
from reactor_sdk.client import FileRef

from tests.clients.conftest import PYTHON, PYTHON_08, Join
from tests.clients.python_sdk import PythonViewer
from tests.clients.servers import Server
from tests.clients.sight import distance, until
from tests.clients.viewer import RefusedError


@pytest.fixture
async def viewer(server: Server, join: Join) -> PythonViewer:
    made = await join(PYTHON, server)
    await made.connect()
    return made


async def test_a_command_resolves_to_its_message_or_to_nothing(viewer: PythonViewer) -> None:
    assert await viewer.send("echo", text="here") == {"type": "echoed", "data": {"text": "here"}}
    assert await viewer.send("set_title", title="x") is None
    assert await viewer.send("announce", text="y") is None


async def test_pipelined_commands_each_get_their_own_answer(viewer: PythonViewer) -> None:
    words = [f"word {i}" for i in range(50)]
    replies = await asyncio.gather(*(viewer.ask("echo", text=word) for word in words))
    assert [reply["text"] for reply in replies] == words


async def test_an_adopter_joins_and_leaves_without_ending_the_session(
    viewer: PythonViewer, server: Server, join: Join
) -> None:
    await viewer.send("set_colour", colour="green")
    adopter = await join(PYTHON, server)
    await adopter.connect(session_id=viewer.client.session_id)
    await adopter.sees(lambda s: s.block == "green", "the running session")
    await adopter.leave()
    await viewer.sees_moving()
    assert viewer.ready
    assert (await viewer.ask("describe"))["colour"] == "green"


async def test_another_session_cannot_be_adopted(
    viewer: PythonViewer, server: Server, join: Join
) -> None:
    stranger = await join(PYTHON, server)
    with pytest.raises(ReactorError):
        await stranger.connect(session_id="another")
    assert viewer.ready


async def test_adopting_without_a_session_is_not_found(server: Server, join: Join) -> None:
    stranger = await join(PYTHON, server)
    with pytest.raises(NotFoundError):
        await stranger.connect(session_id="local")


async def test_large_messages_pass_both_ways(viewer: PythonViewer) -> None:
    text = "0123456789abcdef" * 196_608  # 3 MiB, in chunks
    assert (await viewer.ask("echo", text=text))["text"] == text
    assert (await viewer.ask("echo", text="small again"))["text"] == "small again"


async def test_a_message_beyond_the_limit_is_refused_and_harms_nothing(
    viewer: PythonViewer,
) -> None:
    with pytest.raises(RefusedError) as caught:
        await viewer.send("echo", text="x" * (9 * 1024 * 1024))
    assert caught.value.code == "MESSAGE_TOO_LARGE"
    assert (await viewer.ask("echo", text="still here"))["text"] == "still here"


async def test_the_end_of_a_session_is_told_with_its_reason(
    viewer: PythonViewer, server: Server
) -> None:
    await viewer.sees_moving()
    server.post("/stop_session", {"reason": "closing time"})
    await until(lambda: viewer.errors, "an error event")
    assert viewer.errors[0].code == "session_ended"
    assert "closing time" in viewer.errors[0].message


async def test_outputs_stay_silent_until_they_are_resumed(server: Server, join: Join) -> None:
    witness = await join(PYTHON, server)
    await witness.connect()
    viewer = await join(PYTHON, server, auto_resume_tracks=False)
    await viewer.connect()
    first = await witness.sees_moving()
    await witness.sees(lambda s: s.number > first.number + 20, "a second of pictures")
    assert (viewer.pictures, viewer.blocks) == (0, 0)
    await viewer.resume("main_video")
    await viewer.sees_moving()
    assert viewer.blocks == 0
    await viewer.resume("main_audio")
    await viewer.hears(440)


async def test_an_input_belongs_to_the_first_who_publishes_it(server: Server, join: Join) -> None:
    first, second = await join(PYTHON, server), await join(PYTHON, server)
    await first.connect()
    await second.connect()
    await first.film((220, 120, 40))
    with pytest.raises(RefusedError) as caught:
        await second.film((40, 120, 220))
    assert caught.value.code == "publish_refused"
    await second.sees_webcam((220, 120, 40))
    await first.unpublish("webcam")
    await until(lambda: published(second), "the free track")
    await second.sees_webcam((40, 120, 220))


async def published(viewer: PythonViewer) -> bool:
    """Try to publish, until the notice of the one before has arrived."""
    try:
        await viewer.film((40, 120, 220))
    except RefusedError as refused:
        if refused.code != "publish_refused":
            raise
        return False
    return True


async def test_the_older_package_is_refused_a_taken_track_too(server: Server, join: Join) -> None:
    first, second = await join(PYTHON, server), await join(PYTHON_08, server)
    await first.connect()
    await second.connect()
    await first.film((220, 120, 40))
    await second.film((40, 120, 220))
    assert [code for code, _ in second.errors] == ["TRACK_PUBLISH_FAILED"]
    await second.sees_webcam((220, 120, 40))


async def test_a_publisher_that_vanishes_frees_its_track(server: Server, join: Join) -> None:
    first, second = await join(PYTHON, server), await join(PYTHON, server)
    await first.connect()
    await second.connect()
    await first.film((220, 120, 40))
    await second.sees_webcam((220, 120, 40))
    await first.reconnect()  # which publishes nothing
    await until(lambda: published(second), "the free track")
    await second.sees_webcam((40, 120, 220))


async def test_the_schema_is_the_one_at_its_address(viewer: PythonViewer, server: Server) -> None:
    schema = await viewer.client.request_schema()
    assert schema == server.get("/schema")
    assert schema["info"]["title"] == "test-card"
    assert set(schema["paths"]) >= {"/events/set_colour", "/events/inspect"}
    assert "announced" in schema["webhooks"]


async def test_files_nested_in_a_list_arrive(viewer: PythonViewer) -> None:
    refs = [await viewer.upload(f"{n}.txt", b"x" * n, "text/plain") for n in (1, 20, 300)]
    told = await viewer.ask("inspect_all", files=refs)
    assert told["names"] == ["1.txt", "20.txt", "300.txt"]
    assert told["sizes"] == [1, 20, 300]


async def test_a_file_from_a_path_serves_many_commands(
    viewer: PythonViewer, tmp_path: Path
) -> None:
    path = tmp_path / "colour.txt"
    path.write_bytes(bytes([200, 40, 120]) * 400_000)
    ref = await viewer.client.upload_file(path)
    for _ in range(3):
        told = await viewer.ask("inspect", file=ref)
        assert (told["names"], told["sizes"]) == (["colour.txt"], [1_200_000])
    await viewer.sees(lambda s: distance(s.file, (200, 40, 120)) < 25, "the file's colour")


async def test_a_file_that_never_comes_is_said_to_be_missing(viewer: PythonViewer) -> None:
    ref = FileRef("11111111-2222-4333-8444-555555555555", "ghost.txt", "text/plain", 5)
    assert (await viewer.refused("inspect", file=ref)).code == "unresolved_upload"


async def test_clips_are_refused_at_once(viewer: PythonViewer) -> None:
    async with asyncio.timeout(2):
        with pytest.raises(RecorderDisabledError):
            await viewer.client.request_clip(5)
        with pytest.raises(RecorderDisabledError):
            await viewer.client.request_recording()


async def test_reconnecting_from_ready_replaces_the_connection_in_place(
    viewer: PythonViewer, server: Server
) -> None:
    caller = (await viewer.ask("describe"))["caller"]
    for _ in range(3):
        await viewer.reconnect()
        await viewer.sees_moving()
    assert (await viewer.ask("describe"))["caller"] == caller
    assert not viewer.errors
