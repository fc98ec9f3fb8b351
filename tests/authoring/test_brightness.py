import pytest

from reactor_actors.core.wire.outbound import Ack
from tests.authoring.brightness import Lamp
from tests.local import serving

CONFIG = {"width": 16, "height": 8, "chunk_size": 4}


async def test_batches_are_shown_one_by_one_and_in_order() -> None:
    async with serving(Lamp, CONFIG) as local:
        assert (local.contract.buffer_size, local.contract.fps) == (8, 400.0)
        local.join()
        pictures = await local.shown(12)
        numbers = [round(float(picture[:, 2:6].mean()) / 3) for picture in pictures[:12]]
        assert numbers == list(range(12))
        assert local.transport.statistics().peak <= 8


async def test_brightness_changes_between_batches_and_never_within_one() -> None:
    async with serving(Lamp, CONFIG) as local:
        anna = local.join()
        await local.shown(5)
        assert isinstance(await anna.ask("set_brightness", brightness=2), Ack)
        await local.until(lambda: bright(local.screen.ticks[-1]) > 150 or None)
        levels = [bright(tick) > 150 for tick in local.screen.ticks]
        first = levels.index(True)
        assert first % 4 == 0
        assert levels == [False] * first + [True] * (len(levels) - first)


def bright(tick) -> float:
    """The luma of the right half of a picture."""
    return float(tick.pictures["main_video"][:8, 10:14].mean())


@pytest.mark.parametrize("value", [-0.1, 2.1, "bright", None])
async def test_brightness_has_bounds(value: object) -> None:
    async with serving(Lamp, CONFIG) as local:
        answer = await local.join().ask("set_brightness", brightness=value)
        assert answer.code == "invalid_command"


async def test_the_defaults_are_those_of_the_scaffold() -> None:
    async with serving(Lamp, session=False) as local:
        model = local.model
        assert (model.width, model.height, model.chunk_size) == (640, 480, 4)
