from __future__ import annotations

import asyncio
import logging
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from functools import partial

import pytest

from reactor_actors.classic.worker import LoopWorker, Worker

SECONDS = 5.0


@pytest.fixture
def worker() -> Iterator[Worker]:
    made = Worker("model-session")
    yield made
    made.stop()
    made.ended.result(SECONDS)


@pytest.fixture
def loop_worker() -> Iterator[LoopWorker]:
    made = LoopWorker("model-commands")
    yield made
    made.stop()
    made.ended.result(SECONDS)


def test_jobs_run_one_after_the_other_on_one_thread(worker: Worker) -> None:
    seen: list[int] = []

    def job(number: int) -> int:
        seen.append(number)
        return threading.get_ident()

    threads = {worker.submit(partial(job, n)).result(SECONDS) for n in range(50)}
    assert len(threads) == 1
    assert threads != {threading.get_ident()}
    assert seen == list(range(50))


def _stopped() -> None:
    raise StopIteration


def _cancelled() -> None:
    raise asyncio.CancelledError


@pytest.mark.parametrize("job", [_stopped, _cancelled])
def test_what_a_loop_would_misread_arrives_as_a_failure(
    worker: Worker, job: Callable[[], None]
) -> None:
    with pytest.raises(RuntimeError, match="came out of author code") as caught:
        worker.submit(job).result(SECONDS)
    assert isinstance(caught.value.__cause__, StopIteration | asyncio.CancelledError)


def test_whatever_a_job_raises_the_thread_goes_on(worker: Worker) -> None:
    with pytest.raises(SystemExit):
        worker.submit(lambda: sys.exit(3)).result(SECONDS)
    with pytest.raises(ZeroDivisionError):
        worker.submit(lambda: 1 / 0).result(SECONDS)
    assert worker.submit(lambda: "here").result(SECONDS) == "here"


def test_a_job_that_is_cancelled_before_its_turn_does_not_run(worker: Worker) -> None:
    gate, ran = threading.Event(), []
    first = worker.submit(lambda: gate.wait(SECONDS))
    second = worker.submit(lambda: ran.append(1))
    assert second.cancel()
    gate.set()
    assert first.result(SECONDS)
    assert worker.submit(lambda: "next").result(SECONDS) == "next"
    assert ran == []


def test_a_stop_lets_the_jobs_before_it_end() -> None:
    worker = Worker("model-session")
    gate = threading.Event()
    last = worker.submit(lambda: gate.wait(SECONDS))
    worker.stop()
    assert not worker.ended.done()
    gate.set()
    worker.ended.result(SECONDS)
    assert last.result(0.0)


def test_a_thread_that_never_comes_back_does_not_keep_python_alive() -> None:
    code = (
        "import threading\n"
        "from reactor_actors.classic.worker import Worker\n"
        "worker = Worker('model-session')\n"
        "worker.submit(threading.Event().wait)\n"
        "worker.stop()\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], timeout=30, capture_output=True, check=True)
    assert ran.stderr == b""


async def _ident() -> int:
    return threading.get_ident()


def test_coroutines_share_one_loop_on_one_thread(loop_worker: LoopWorker) -> None:
    threads = {loop_worker.submit(_ident()).result(SECONDS) for _ in range(5)}
    assert len(threads) == 1
    assert threads != {threading.get_ident()}


def test_what_a_coroutine_leaves_behind_goes_on(loop_worker: LoopWorker) -> None:
    done = threading.Event()
    kept: list[asyncio.Task[None]] = []

    async def later() -> None:
        await asyncio.sleep(0)
        done.set()

    async def begin() -> None:
        kept.append(asyncio.create_task(later()))

    loop_worker.submit(begin()).result(SECONDS)
    assert done.wait(SECONDS)


def test_a_task_that_calls_exit_does_not_end_the_thread(
    loop_worker: LoopWorker, caplog: pytest.LogCaptureFixture
) -> None:
    async def leave() -> None:
        sys.exit("enough")

    async def begin() -> asyncio.Task[None]:
        return asyncio.create_task(leave())

    caplog.set_level(logging.ERROR)
    task = loop_worker.submit(begin()).result(SECONDS)
    assert loop_worker.submit(_ident()).result(SECONDS)
    assert "a task of a handler's failed" in caplog.text
    assert "SystemExit: enough" in caplog.text
    with pytest.raises(SystemExit):
        task.result()


def test_a_stop_cancels_what_runs_and_lets_it_clean_up() -> None:
    worker = LoopWorker("model-commands")
    seen: list[str] = []

    async def wait() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            seen.append("cleaned")

    waiting = worker.submit(wait())
    worker.submit(_ident()).result(SECONDS)
    worker.stop()
    worker.ended.result(SECONDS)
    assert seen == ["cleaned"]
    with pytest.raises(CancelledError):
        waiting.result(0.0)


def test_a_stop_before_anything_ran_and_a_second_one_do_no_harm() -> None:
    worker = LoopWorker("model-commands")
    worker.stop()
    worker.ended.result(SECONDS)
    worker.stop()
