"""The playground in a real Chromium, on a server in this process."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.clients.chromium import Chromium
from tests.clients.playroom import Playroom
from tests.clients.sight import until
from tests.clients.theatre import Visit, opened, visiting
from tests.hosted import Hosted


@pytest.fixture
async def hosted() -> AsyncIterator[Hosted]:
    async with opened(Playroom) as hosted:
        yield hosted


@pytest.fixture
async def visit(hosted: Hosted, chromium: Chromium) -> AsyncIterator[Visit]:
    """A person who has just opened the page, and sees pictures."""
    async with visiting(chromium, f"{hosted.server.url}/") as visit:
        await visit.plays()
        yield visit
        grave = ("error:", "uncaught:")
        assert [line for line in visit.page.console if line.startswith(grave)] == []


async def described(visit: Visit) -> str:
    """Ask the model for its values."""
    newest = "document.querySelector('#messages li')"
    await visit.page.run(f"{newest}?.setAttribute('data-old', '')")
    await visit.page.click("[data-command=describe]")
    await until(lambda: visit.page.run(f"{newest}?.matches(':not([data-old])')"), "an answer")
    return (await visit.log())[0]


async def becomes(visit: Visit, text: str) -> None:
    """Ask the model again and again until its values contain something."""

    async def attempt() -> bool:
        return text in await described(visit)

    await until(attempt, f"{text} in the model")


async def choose(visit: Visit, selector: str, file: Path) -> None:
    """Choose a file, as a person does in the dialog."""
    document = await visit.page.call("DOM.getDocument")
    found = await visit.page.call(
        "DOM.querySelector", nodeId=document["root"]["nodeId"], selector=selector
    )
    await visit.page.call("DOM.setFileInputFiles", nodeId=found["nodeId"], files=[str(file)])


async def test_opening_the_page_is_enough_to_see_moving_pictures(
    visit: Visit, hosted: Hosted
) -> None:
    await visit.sees((64, 64, 64))
    await visit.sees((40, 60, 120), "other_video")
    frames = "document.querySelector('video[data-track=main_video]').getVideoPlaybackQuality()"
    before = await visit.page.run(f"{frames}.totalVideoFrames")
    await until(
        lambda: visit.page.run(f"{frames}.totalVideoFrames > {before + 20}"), "moving pictures"
    )
    assert await visit.text("#model") == "Playroom"
    assert visit.strangers(hosted.server.url) == []


async def test_a_slider_changes_the_picture_and_goes_back_to_its_default(visit: Visit) -> None:
    row = "[data-name=level]"
    await visit.set(f"{row} input[type=range]", 0.8)
    await visit.sees((204, 204, 204))
    await visit.page.click(f"{row} .back")
    await visit.sees((64, 64, 64))
    assert await visit.page.run(f"document.querySelector('{row} input').value") == "0.25"


async def test_a_slider_that_is_dragged_sends_few_values_and_the_last_one(
    visit: Visit, hosted: Hosted
) -> None:
    await visit.page.run(
        "(async () => { const slider = document.querySelector('[data-name=level] input');"
        " for (let i = 0; i <= 300; i++) { slider.value = i / 300;"
        " slider.dispatchEvent(new Event('input', { bubbles: true }));"
        " if (i % 10 === 0) await new Promise((next) => setTimeout(next, 10)); } })()"
    )
    await visit.sees((255, 255, 255))
    sent = next(
        float(line.rsplit(" ", 1)[1])
        for line in (await metrics(visit)).splitlines()
        if line.startswith('runtime_commands_total{command="set_level"')
    )
    assert 1 < sent < 25


async def metrics(visit: Visit) -> str:
    return str(await visit.page.run("fetch('metrics').then((answer) => answer.text())"))


async def test_every_kind_of_parameter_reaches_the_model(visit: Visit, tmp_path: Path) -> None:
    await visit.set("[data-name=steps] .exact", 9)
    await visit.set("[data-name=seed] input", -12)
    await visit.set("[data-name=prompt] textarea", "two\nlines")
    await visit.set("[data-name=palette] select", 1)
    await visit.set("[data-name=mirrored] input", True)
    await visit.set("[data-name=weights] textarea", "[1, 2.5]")
    mask = tmp_path / "mask.bin"
    mask.write_bytes(bytes(1234))
    await choose(visit, "[data-name=mask] input", mask)
    values = repr((9, -12, "two\nlines", "cold", True, [1.0, 2.5], 1234))
    await becomes(visit, json.dumps(values)[2:-2])


async def test_a_refused_value_is_told_at_its_field_until_a_good_one_comes(visit: Visit) -> None:
    await visit.set("[data-name=steps] .exact", 40)
    await visit.reads("[data-name=steps] .error", "at most 12")
    assert await visit.text("[data-name=level] .error") == ""
    await visit.set("[data-name=steps] .exact", 5)
    await until(lambda: _silent(visit, "[data-name=steps] .error"), "no complaint")
    await becomes(visit, "(5, 7,")


async def _silent(visit: Visit, selector: str) -> bool:
    return await visit.text(selector) == ""


async def test_what_is_no_json_is_told_before_it_is_sent(visit: Visit) -> None:
    await visit.set("[data-name=weights] textarea", "[1,")
    await visit.reads("[data-name=weights] .error", "not JSON")
    await visit.set("[data-name=weights] textarea", '["a"]')
    await visit.reads("[data-name=weights] .error", "number")


async def test_commands_are_buttons_and_forms_and_their_answers_are_listed(
    visit: Visit, tmp_path: Path
) -> None:
    await visit.page.click("button[data-command=rest]")
    await visit.heard("rested")
    await visit.set("form[data-command=shout] [data-name=text] textarea", "hear, hear")
    await visit.page.click("form[data-command=shout] button[type=submit]")
    await visit.heard("hear, hear")
    file = tmp_path / "film.bin"
    file.write_bytes(bytes(50))
    await choose(visit, "form[data-command=measure] input[type=file]", file)
    await visit.set("form[data-command=measure] select", 1)
    await visit.page.click("form[data-command=measure] button[type=submit]")
    await visit.heard("film.bin 400 bits")
    await visit.page.click("form[data-command=measure] button[type=submit]")


async def test_a_refused_argument_is_told_at_its_own_field(visit: Visit) -> None:
    await visit.set("form[data-command=shout] [data-name=times] input", 1.5)
    await visit.page.click("form[data-command=shout] button[type=submit]")
    await visit.reads("form[data-command=shout] [data-name=times] .error", "1.5")
    assert await visit.text("form[data-command=shout] [data-name=text] .error") == ""


async def test_the_models_own_refusal_is_told_at_its_form_as_plain_text(visit: Visit) -> None:
    await visit.set("form[data-command=shock] input", 12)
    await visit.page.click("form[data-command=shock] button[type=submit]")
    await visit.reads("form[data-command=shock]", "12 V are too much <img")
    assert "<img" in await visit.text("[data-name=seed] .hint")
    assert await visit.page.run("document.querySelectorAll('img').length") == 0
    assert await visit.page.run("document.title") == "Playroom"


async def test_the_log_of_messages_is_bounded(visit: Visit) -> None:
    await visit.set("form[data-command=shout] [data-name=times] input", 260)
    await visit.page.click("form[data-command=shout] button[type=submit]")
    await visit.heard("hello")
    await becomes(visit, "a quiet sea")  # said after all the others
    assert len(await visit.log()) == 100
    await visit.page.click("#clear")
    assert await visit.log() == []


async def test_sound_plays_once_it_is_asked_for(visit: Visit) -> None:
    await visit.reads("#sound", "Unmute")
    await visit.page.click("#sound")
    await visit.reads("#sound", "Mute")
    assert await visit.page.run("document.querySelector('#sound').ariaPressed") == "true"


async def test_the_webcam_is_off_until_it_is_started_and_then_seen_by_the_model(
    visit: Visit,
) -> None:
    await visit.sees((0, 0, 0), left=0.5)
    await visit.publish("webcam", "device")
    await visit.sees_itself()
    await visit.page.click(".input[data-name=webcam] .act button")
    await visit.reads(".input[data-name=webcam] .act button", "Start")


async def test_a_test_pattern_and_a_tone_take_the_place_of_devices(visit: Visit) -> None:
    await visit.publish("webcam", "pattern")
    await visit.sees_itself()
    await visit.publish("mic", "tone")
    await becomes(visit, "1.0)")


async def test_a_file_takes_the_place_of_a_webcam(visit: Visit, tmp_path: Path) -> None:
    recorded = await visit.page.run(
        "(async () => { const canvas = document.createElement('canvas');"
        " const pen = canvas.getContext('2d');"
        " const paint = setInterval(() => { pen.fillStyle = 'rgb(40 160 220)';"
        " pen.fillRect(0, 0, 300, 150); }, 30);"
        " const recorder = new MediaRecorder(canvas.captureStream(30));"
        " const parts = []; recorder.ondataavailable = ({ data }) => parts.push(data);"
        " const stopped = new Promise((done) => (recorder.onstop = done));"
        " recorder.start(); setTimeout(() => recorder.stop(), 1500); await stopped;"
        " clearInterval(paint);"
        " const bytes = new Uint8Array(await new Blob(parts).arrayBuffer());"
        " return btoa(String.fromCharCode(...bytes)); })()"
    )
    film = tmp_path / "film.webm"
    film.write_bytes(base64.b64decode(recorded))
    await visit.set(".input[data-name=webcam] select", "file")
    await choose(visit, ".input[data-name=webcam] input[type=file]", film)
    await visit.sees((215, 95, 35), left=0.5)


async def test_an_input_that_another_viewer_has_is_refused_in_words(
    visit: Visit, hosted: Hosted, chromium: Chromium
) -> None:
    await visit.publish("webcam", "pattern")
    await visit.sees_itself()
    async with visiting(chromium, f"{hosted.server.url}/") as other:
        await other.plays()
        await other.publish("webcam", "pattern")
        await other.reads(".input[data-name=webcam] .error", "It was not taken:")
        await other.reads(".input[data-name=webcam] .act button", "Start")


async def test_the_theme_is_the_systems_until_it_is_changed(visit: Visit) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    seen: dict[str, Any] = {}
    for scheme in ("dark", "light"):
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        await visit.page.call("Emulation.setEmulatedMedia", features=features)
        seen[scheme] = await visit.page.run(ground)
    assert seen["dark"] != seen["light"]
    await visit.page.click("#theme")
    assert await visit.page.run(ground) == seen["dark"]
    await visit.page.reload()
    await until(lambda: visit.page.run(f"{ground} === '{seen['dark']}'"), "the theme is kept")


async def test_on_a_phone_nothing_is_wider_than_the_screen(visit: Visit) -> None:
    await visit.page.call(
        "Emulation.setDeviceMetricsOverride",
        **{"width": 360, "height": 740, "deviceScaleFactor": 1, "mobile": True},
    )
    assert await visit.page.run("document.documentElement.scrollWidth") <= 360
    await visit.sees((64, 64, 64))


async def test_everything_that_can_be_changed_has_a_name_for_those_who_cannot_see(
    visit: Visit,
) -> None:
    await visit.page.call("Accessibility.enable")
    tree = (await visit.page.call("Accessibility.getFullAXTree"))["nodes"]
    wanted = {"button", "slider", "spinbutton", "textbox", "combobox", "switch", "checkbox"}
    found = [node for node in tree if node.get("role", {}).get("value") in wanted]
    assert len(found) > 20
    nameless = [node for node in found if not node.get("name", {}).get("value")]
    assert [node["role"]["value"] for node in nameless] == [], nameless[0]
