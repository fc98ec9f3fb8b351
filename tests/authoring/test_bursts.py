from reactor_actors.core.session import State
from tests.authoring.bursts import Bursts
from tests.local import serving
from tests.pictures import numbers_in


async def test_the_rate_follows_the_time_a_burst_takes() -> None:
    async with serving(Bursts, {"seconds": 0.02}) as local:
        assert (local.contract.fps, local.contract.pinned) == (30.0, False)
        anna = local.join()
        await local.shown(20)
        assert local.model.output.fps == 500.0
        await anna.ask("set_seconds", seconds=0.04)
        await local.eventually(lambda: local.model.output.fps == 250.0)
        shown = numbers_in(local.screen.ticks)
        assert shown == [number % 60 for number in range(len(shown))]
        assert local.transport.statistics().peak <= 20


async def test_the_loop_rests_while_nobody_is_there() -> None:
    async with serving(Bursts, {"seconds": 0.02}) as local:
        assert local.transport.state is State.WAITING
        anna = local.join("anna")
        await local.shown(3)
        anna.leave()
        await local.eventually(lambda: not local.model.connected.is_set())
        # What was made before plays out; then the loop waits for the next client.
        await local.eventually(lambda: local.transport.statistics().waiting == 0)
        await local.join("bert").ask("set_seconds", seconds=0.01)
        before = len(local.screen.ticks)
        await local.shown(before + 12)
