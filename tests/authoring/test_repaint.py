from reactor_actors.core.wire.outbound import Ack
from tests.authoring.repaint import Repainter
from tests.local import serving
from tests.pictures import number_of, numbers_in, picture


async def test_every_picture_comes_back_in_the_chosen_style() -> None:
    async with serving(Repainter) as local:
        assert [track.name for track in local.contract.tracks] == ["camera", "main_video"]
        anna = local.join()
        anna.show("camera", picture(10, 8, 12), pts=0.5)
        assert number_of((await local.shown(1))[0]) == 10
        assert await anna.ask("set_style", style="negative") == Ack("anna-1")
        anna.show("camera", picture(10, 8, 12))
        assert number_of((await local.shown(2))[1]) == round((255 - 40) / 4)


async def test_one_viewer_of_two_leaving_changes_nothing() -> None:
    async with serving(Repainter) as local:
        anna, bert = local.join("anna"), local.join("bert")
        await anna.ask("set_style", style="plain")
        bert.leave()
        await anna.ask("set_style", style="plain")
        anna.show("camera", picture(10, 8, 12))
        await local.shown(1)
        assert (local.model.pauses, local.screen.blanks) == (0, 0)


async def test_the_last_viewer_wakes_the_loop_and_the_next_one_finds_it_ready() -> None:
    async with serving(Repainter) as local:
        anna = local.join("anna")
        await anna.ask("set_style", style="negative")
        anna.leave()
        await local.eventually(lambda: local.model.pauses == 1)
        await local.until(lambda: local.screen.blanks or None)
        camera = local.model.eyes.camera
        assert camera.closed
        anna.show("camera", picture(3, 8, 12))  # nobody is there: gone
        bert = local.join("bert")
        await local.eventually(lambda: not camera.closed)
        bert.show("camera", picture(5, 8, 12))
        await local.shown(1)
        assert numbers_in(local.screen.ticks) == [5]
        await local.stopped()
        assert camera.closed
        assert not local.ended.done()
