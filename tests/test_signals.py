from __future__ import annotations

import os
import signal
import threading

from reactor_actors.signals import Moment, Signals


def send(number: int) -> None:
    """Send a signal as another process would."""
    os.kill(os.getpid(), number)


def test_handlers_that_a_library_puts_in_place_are_off_once_the_cluster_is_joined() -> None:
    taken: list[int] = []
    with Signals() as signals:
        signal.signal(signal.SIGTERM, lambda number, frame: taken.append(number))
        signals.tell(Moment.JOINED)
        signals.tell(Moment.OVER)
        assert signals.next() is None
        send(signal.SIGTERM)
        assert signals.next(10) == signal.SIGTERM
    assert taken == []


def test_an_end_that_takes_too_long_is_not_waited_for() -> None:
    with Signals() as signals:
        assert signals.next(0.01) == signal.SIGKILL


def test_a_signal_is_heard_whichever_thread_takes_it() -> None:
    with Signals() as signals:

        def take() -> None:
            for _ in range(200):
                signal.pthread_kill(threading.get_ident(), signal.SIGTERM)

        other = threading.Thread(target=take)
        other.start()
        for _ in range(5):
            assert signals.next(10) == signal.SIGTERM
        other.join()


def test_signals_that_are_others_are_passed_over() -> None:
    before = signal.signal(signal.SIGUSR1, lambda number, frame: None)
    try:
        with Signals() as signals:
            send(signal.SIGUSR1)
            signals.tell(Moment.OVER)
            assert signals.next(10) is None
    finally:
        signal.signal(signal.SIGUSR1, before)
