import numpy as np

from reactor_actors.core.wire.outbound import Ack, Failure
from reactor_actors.interface import PipelineExecutor
from tests.authoring.simplest import Painter, grey_of
from tests.local import serving

CONFIG = {"easel": (8, 12)}


async def test_a_client_sees_what_it_wished_for() -> None:
    async with serving(Painter, CONFIG, name="painter") as local:
        assert local.contract.name == "painter"
        assert [command.name for command in local.contract.commands] == ["set_prompt"]
        anna = local.join()
        first = (await local.shown(3))[0]
        assert first.shape == (8, 12, 3)
        assert abs(int(first.mean()) - grey_of("fog")) <= 2
        assert await anna.ask("set_prompt", prompt="a storm") == Ack("anna-1")
        wanted = grey_of("a storm")
        await local.until(lambda: abs(int(luma_of(local)) - wanted) <= 2 or None)


def luma_of(local) -> float:
    """The grey of the picture shown last, out of its luma plane."""
    picture = local.screen.ticks[-1].pictures["main_video"]
    return (float(np.mean(picture[:8])) - 16) * 255 / 219


async def test_a_wish_that_is_too_long_is_refused() -> None:
    async with serving(Painter, CONFIG) as local:
        answer = await local.join().ask("set_prompt", prompt="x" * 41)
        assert isinstance(answer, Failure)
        assert answer.code == "invalid_command"
        assert "prompt" in answer.message


def test_it_runs_without_any_client() -> None:
    with PipelineExecutor(Painter, CONFIG) as painter:
        painter.connect()
        painter.send_event("set_prompt", prompt="rain")
        assert next(painter).output.main_video[0, 0, 0] == grey_of("rain")
