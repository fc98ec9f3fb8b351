from __future__ import annotations

from reactor_actors.headless.stillness import Stillness, Verdict


def test_a_model_that_keeps_its_own_time_flows() -> None:
    still = Stillness(0.0, interval=0.5, patience=60.0)
    seen = {still.look(at / 10, ticks=at // 10) for at in range(100)}
    assert seen == {Verdict.FLOWING}


def test_three_intervals_without_a_tick_are_a_stall() -> None:
    still = Stillness(0.0, interval=0.5, patience=60.0)
    assert still.look(1.4, 0) is Verdict.FLOWING
    assert still.look(1.5, 0) is Verdict.STALLED
    assert still.look(1.6, 1) is Verdict.FLOWING


def test_a_long_silence_is_told_after_ten_seconds_and_ever_more_seldom() -> None:
    still = Stillness(0.0, interval=0.01, patience=0.0)
    told = [at for at in range(1, 100) if still.look(at, 0) is Verdict.NEWS]
    assert told == [10, 20, 40, 80]
    assert still.look(100, 1) is Verdict.FLOWING
    assert still.look(110, 1) is Verdict.NEWS


def test_patience_has_an_end_unless_it_is_endless() -> None:
    still = Stillness(0.0, interval=0.01, patience=5.0)
    assert still.look(4.9, 0) is Verdict.STALLED
    assert still.look(5.0, 0) is Verdict.HOPELESS
    assert still.seconds == 5.0
    assert Stillness(0.0, interval=0.01, patience=0.0).look(1e6, 0) is Verdict.NEWS
