from __future__ import annotations

import asyncio
import logging
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import CancelledError, Future
from typing import Any

import pytest

from reactor_actors.core.contract import Contract
from reactor_actors.core.errors import ModelError, SetupError
from reactor_actors.core.messages import (
    Answered,
    ClientJoined,
    ClientLeft,
    CommandRequested,
    Said,
    SessionStarted,
    SessionStopped,
    ToModel,
)
from reactor_actors.core.ports import ClientPort, Feed
from reactor_actors.engine.host import ModelHost
from tests.fakes import FakeClients

SECONDS = 5.0
CONTRACT = Contract("small")


class SmallProgram:
    """A program made of whatever a test wants it to do."""

    def __init__(
        self,
        run: Callable[[SmallProgram], Awaitable[Any]] | None = None,
        handle: Callable[[ToModel], Any] | None = None,
        dedupe: tuple[str, ...] = (),
        release: Callable[[], Awaitable[Any]] | None = None,
    ) -> None:
        self.dedupe = frozenset(dedupe)
        self.turn_lock = asyncio.Lock()
        self.threads = {threading.current_thread()}
        self.fed: list[Feed] = []
        self.handled: list[ToModel] = []
        self.arrived = threading.Semaphore(0)
        self.foreseen = asyncio.Event()
        self.port: ClientPort | None = None
        self.released: list[threading.Thread] = []
        self._run = run
        self._handle = handle
        self._release = release

    def contract(self) -> Contract:
        return CONTRACT

    async def load(self) -> Contract:
        self.threads.add(threading.current_thread())
        return CONTRACT

    def attach(self, port: ClientPort) -> None:
        self.port = port

    def foresee(self) -> None:
        self.foreseen.set()

    def feed(self, frame: Feed) -> None:
        self.fed.append(frame)

    async def handle(self, message: ToModel) -> None:
        self.threads.add(threading.current_thread())
        assert self.turn_lock.locked()
        result = self._handle(message) if self._handle else None
        if result is not None:
            await result
        self.handled.append(message)
        self.arrived.release()

    async def run(self, settled: Any) -> None:
        self.threads.add(threading.current_thread())
        if self._run is None:
            await asyncio.Event().wait()
        else:
            await self._run(self)

    async def release(self) -> None:
        self.released.append(threading.current_thread())
        if self._release is not None:
            await self._release()


Served = Callable[..., tuple[ModelHost, SmallProgram, "Future[None]"]]


@pytest.fixture
def serve() -> Iterator[Served]:
    """Serve a program; everything is stopped after the test, and its thread ended."""
    hosts: list[tuple[ModelHost, SmallProgram, Future[None]]] = []

    def start(*args: Any, **kwargs: Any) -> tuple[ModelHost, SmallProgram, Future[None]]:
        made: list[SmallProgram] = []

        def build() -> SmallProgram:
            made.append(SmallProgram(*args, **kwargs))
            return made[0]

        host = ModelHost(build)
        assert host.load().result(SECONDS) == CONTRACT
        ended = host.serve(FakeClients())
        hosts.append((host, made[0], ended))
        return host, made[0], ended

    yield start
    for host, program, ended in hosts:
        host.stop()
        if ended.exception(SECONDS) is not None:
            assert isinstance(ended.exception(), ModelError)
        assert host.close()
        assert len(program.released) == 1


def command(number: int, client: str = "anna") -> CommandRequested:
    return CommandRequested(number, client, "go", {})


def handled(program: SmallProgram, count: int) -> list[ToModel]:
    for _ in range(count):
        assert program.arrived.acquire(timeout=SECONDS)
    return program.handled


def test_everything_of_the_author_runs_on_one_thread(serve: Served) -> None:
    host, program, _ = serve()
    host.deliver(command(1))
    handled(program, 1)
    (thread,) = program.threads
    assert thread.name == "model"
    assert thread is not threading.current_thread()


def test_messages_are_handled_in_order(serve: Served) -> None:
    host, program, _ = serve()
    messages = [command(number) for number in range(50)]
    for message in messages:
        host.deliver(message)
    assert handled(program, 50) == messages


def test_the_loop_goes_on_between_two_messages_that_were_there_already(serve: Served) -> None:
    busy, free, news = threading.Event(), threading.Event(), asyncio.Event()
    seen: list[int] = []

    async def run(program: SmallProgram) -> None:
        busy.set()
        assert free.wait(SECONDS)
        while True:
            await news.wait()
            news.clear()
            seen.append(len(program.handled))

    host, program, _ = serve(run, handle=lambda message: news.set())
    assert busy.wait(SECONDS)
    for number in range(5):
        host.deliver(command(number))
    free.set()
    handled(program, 5)
    host.breathe().result(SECONDS)
    assert seen == [1, 2, 3, 4, 5]


def test_a_handler_that_waits_holds_the_next_one(serve: Served) -> None:
    running: list[int] = []

    async def handle(message: ToModel) -> None:
        running.append(1)
        assert len(running) == 1
        await asyncio.sleep(0)
        running.clear()

    host, program, _ = serve(handle=handle)
    for number in range(20):
        host.deliver(command(number))
    handled(program, 20)


def test_needless_commands_are_acknowledged_after_the_call(serve: Served) -> None:
    gate = threading.Event()
    host, program, _ = serve(handle=lambda message: gate.wait(SECONDS) and None, dedupe=("go",))
    host.deliver(command(0, "somebody else"))
    for number in (1, 2, 3):
        host.deliver(command(number))
    gate.set()
    assert [m.number for m in handled(program, 2)] == [0, 1]  # type: ignore[union-attr]
    host.deliver(command(4))
    handled(program, 1)
    assert isinstance(program.port, FakeClients)
    assert program.port.posted == [Answered(2), Answered(3)]


def test_while_the_thread_is_busy_messages_queue_and_feeds_land(serve: Served) -> None:
    busy, free = threading.Event(), threading.Event()

    async def run(program: SmallProgram) -> None:
        busy.set()
        free.wait(SECONDS)
        assert len(program.fed) == 1
        await asyncio.Event().wait()

    host, program, _ = serve(run)
    assert busy.wait(SECONDS)
    host.deliver(command(1))
    host.feed(Feed("camera", b""))  # type: ignore[arg-type]
    assert (program.handled, len(program.fed)) == ([], 1)
    free.set()
    assert handled(program, 1) == [command(1)]


def test_that_nobody_will_be_left_is_foreseen_while_the_turn_lock_is_held(serve: Served) -> None:
    async def run(program: SmallProgram) -> None:
        async with program.turn_lock:
            await program.foreseen.wait()
        await asyncio.Event().wait()

    host, program, _ = serve(run)
    host.deliver(ClientJoined("anna", 0.0))
    host.deliver(ClientLeft("anna"))
    assert handled(program, 2) == [ClientJoined("anna", 0.0), ClientLeft("anna")]


def test_before_load_messages_and_feeds_are_dropped() -> None:
    host = ModelHost(SmallProgram)
    host.deliver(command(1))
    host.feed(Feed("camera", b""))  # type: ignore[arg-type]
    assert host.load().result(SECONDS) == CONTRACT
    assert host.close()


def test_while_a_model_loads_feeds_are_dropped() -> None:
    loading, free = threading.Event(), threading.Event()

    class Slow(SmallProgram):
        async def load(self) -> Contract:
            loading.set()
            free.wait(SECONDS)
            return CONTRACT

    program = Slow()
    host = ModelHost(lambda: program)
    loaded = host.load()
    assert loading.wait(SECONDS)
    host.feed(Feed("camera", b""))  # type: ignore[arg-type]
    free.set()
    loaded.result(SECONDS)
    assert program.fed == []
    assert host.close()


def author_fails(*args: Any) -> Any:
    raise ZeroDivisionError("the author's own")


@pytest.mark.parametrize("where", ["construction", "load"])
def test_a_failing_load_tells_the_authors_frame_and_none_of_ours(where: str) -> None:
    class Failing(SmallProgram):
        async def load(self) -> Contract:
            return author_fails()

    host = ModelHost(author_fails if where == "construction" else Failing)
    error = host.load().exception(SECONDS)
    assert isinstance(error, ModelError)
    assert error.message == "the model failed to load: ZeroDivisionError: the author's own"
    assert "in author_fails" in error.detail
    assert "reactor_actors/engine" not in error.detail
    assert error.__cause__ is None
    assert host.close()


@pytest.mark.parametrize("error", [SetupError("bad import"), ModelError("given", "detail")])
def test_errors_that_say_whose_fault_it_is_pass_as_they_are(error: Exception) -> None:
    def build() -> Any:
        raise error

    host = ModelHost(build)
    assert host.load().exception(SECONDS) is error
    assert host.close()


def test_serving_before_loading_is_an_error() -> None:
    host = ModelHost(SmallProgram)
    assert isinstance(host.serve(FakeClients()).exception(SECONDS), RuntimeError)
    assert host.close()


def test_a_crash_of_run_ends_the_model(serve: Served) -> None:
    async def run(program: SmallProgram) -> None:
        author_fails()

    _, _, ended = serve(run)
    error = ended.exception(SECONDS)
    assert isinstance(error, ModelError)
    assert "ZeroDivisionError" in error.message
    assert "in author_fails" in error.detail
    assert "reactor_actors/engine" not in error.detail


def test_a_handle_that_raises_ends_the_model(serve: Served) -> None:
    host, _, ended = serve(handle=author_fails)
    host.deliver(command(1))
    assert isinstance(ended.exception(SECONDS), ModelError)


async def awaits_a_cancelled_task(*args: Any) -> None:
    task = asyncio.ensure_future(asyncio.sleep(60))
    task.cancel()
    await task


@pytest.mark.parametrize("where", ["run", "handle"])
def test_a_stray_cancellation_is_a_crash_and_no_quiet_end(serve: Served, where: str) -> None:
    host, _, ended = serve(**{where: awaits_a_cancelled_task})
    if where == "handle":
        host.deliver(command(1))
    error = ended.exception(SECONDS)
    assert isinstance(error, ModelError)
    assert "CancelledError" in error.message


def test_after_run_has_returned_handlers_are_served_on(
    serve: Served, caplog: pytest.LogCaptureFixture
) -> None:
    returned = threading.Event()

    async def run(program: SmallProgram) -> None:
        returned.set()

    host, program, ended = serve(run)
    assert returned.wait(SECONDS)
    host.deliver(command(1))
    handled(program, 1)
    assert not ended.done()
    assert [r.levelname for r in caplog.records if "returned" in r.getMessage()] == ["WARNING"]
    host.stop()
    assert ended.result(SECONDS) is None


def test_a_stop_cancels_run_and_lets_its_finally_end(serve: Served) -> None:
    steps: list[str] = []
    running = threading.Event()

    async def run(program: SmallProgram) -> None:
        running.set()
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0.01)
            steps.append("ended")

    host, _, ended = serve(run)
    assert running.wait(SECONDS)
    host.stop()
    assert ended.result(SECONDS) is None
    assert steps == ["ended"]


def test_a_finally_that_raises_is_a_crash(serve: Served) -> None:
    running = threading.Event()

    async def run(program: SmallProgram) -> None:
        running.set()
        try:
            await asyncio.Event().wait()
        finally:
            author_fails()

    host, _, ended = serve(run)
    assert running.wait(SECONDS)
    host.stop()
    assert isinstance(ended.exception(SECONDS), ModelError)


def test_a_finally_that_takes_too_long_is_cut_off(
    serve: Served, caplog: pytest.LogCaptureFixture
) -> None:
    running = threading.Event()

    async def run(program: SmallProgram) -> None:
        running.set()
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(60)

    caplog.set_level(logging.WARNING)
    host, _, ended = serve(run)
    assert running.wait(SECONDS)
    host.stop()
    assert ended.result(SECONDS) is None
    assert any("cut off" in record.getMessage() for record in caplog.records)


def test_a_stuck_author_does_not_hold_up_the_close() -> None:
    stuck, free = threading.Event(), threading.Event()

    class Stuck(SmallProgram):
        async def load(self) -> Contract:
            stuck.set()
            free.wait(SECONDS)
            return CONTRACT

    host = ModelHost(Stuck)
    loading = host.load()
    assert stuck.wait(SECONDS)
    assert host.close(timeout=0.01) is False
    free.set()
    assert host.close(timeout=SECONDS) is True
    assert loading.done()


def test_closing_while_serving_cancels_what_is_left() -> None:
    ended_well: list[int] = []
    running = threading.Event()

    async def run(program: SmallProgram) -> None:
        running.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended_well.append(1)

    host = ModelHost(lambda: SmallProgram(run))
    host.load().result(SECONDS)
    ended = host.serve(FakeClients())
    assert running.wait(SECONDS)
    assert host.close()
    assert ended.done()
    assert ended_well == [1]


def test_closing_while_serving_lets_a_finally_end_undisturbed() -> None:
    steps: list[str] = []
    running = threading.Event()

    async def run(program: SmallProgram) -> None:
        running.set()
        try:
            await asyncio.Event().wait()
        finally:
            try:
                await asyncio.sleep(0.2)  # longer than the loop has for what is asked of it late
                steps.append("ended")
            except asyncio.CancelledError:
                steps.append("cancelled again")
                raise

    async def release() -> None:
        steps.append("let go")

    host = ModelHost(lambda: SmallProgram(run, release=release))
    host.load().result(SECONDS)
    ended = host.serve(FakeClients())
    assert running.wait(SECONDS)
    assert host.close()
    assert ended.result(SECONDS) is None
    assert steps == ["ended", "let go"]


def test_a_model_lets_go_last_and_on_its_own_thread() -> None:
    steps: list[str] = []
    running = threading.Event()

    async def run(program: SmallProgram) -> None:
        running.set()
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0.01)
            steps.append("ended")

    async def release() -> None:
        await asyncio.sleep(0)
        steps.append("let go")

    program = SmallProgram(run, release=release)
    host = ModelHost(lambda: program)
    host.load().result(SECONDS)
    ended = host.serve(FakeClients())
    assert running.wait(SECONDS)
    host.stop()
    ended.result(SECONDS)
    assert program.released == []
    assert host.close()
    assert host.close()
    assert steps == ["ended", "let go"]
    assert [thread.name for thread in program.released] == ["model"]


@pytest.mark.parametrize("loading", ["is never asked", "succeeds", "fails"])
def test_a_model_that_was_never_served_lets_go_if_it_was_built(loading: str) -> None:
    class Unserved(SmallProgram):
        async def load(self) -> Contract:
            if loading == "fails":
                author_fails()
            return CONTRACT

    built: list[SmallProgram] = []

    def build() -> SmallProgram:
        built.append(Unserved())
        return built[0]

    host = ModelHost(build)
    if loading != "is never asked":
        assert (host.load().exception(SECONDS) is None) == (loading == "succeeds")
    assert host.close()
    assert [len(program.released) for program in built] == [1] * (loading != "is never asked")


async def exits() -> None:
    raise SystemExit(3)


@pytest.mark.parametrize("release", [author_fails, exits, awaits_a_cancelled_task])
def test_a_failure_to_let_go_is_logged(
    caplog: pytest.LogCaptureFixture, release: Callable[[], Awaitable[Any]]
) -> None:
    host = ModelHost(lambda: SmallProgram(release=release))
    host.load().result(SECONDS)
    assert host.close()
    (record,) = [record for record in caplog.records if "let go" in record.getMessage()]
    assert record.levelname == "ERROR"
    assert record.exc_info is not None


def test_letting_go_for_too_long_is_cut_off(caplog: pytest.LogCaptureFixture) -> None:
    cut_off = threading.Event()

    async def release() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cut_off.set()

    host = ModelHost(lambda: SmallProgram(release=release))
    host.load().result(SECONDS)
    assert host.close(SECONDS)
    assert cut_off.is_set()
    assert [r.levelname for r in caplog.records if "let go" in r.getMessage()] == ["WARNING"]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_model_whose_thread_is_ended_by_author_code_ends_and_lets_go() -> None:
    async def run(program: SmallProgram) -> None:
        asyncio.get_running_loop().call_soon(sys.exit, 3)
        await asyncio.Event().wait()

    program = SmallProgram(run)
    host = ModelHost(lambda: program)
    host.load().result(SECONDS)
    with pytest.raises(CancelledError):
        host.serve(FakeClients()).result(SECONDS)
    assert host.close(SECONDS)
    assert len(program.released) == 1


def test_after_the_close_everything_is_harmless(serve: Served) -> None:
    host, program, ended = serve()
    host.stop()
    ended.result(SECONDS)
    assert host.close()
    assert host.close()
    host.stop()
    host.deliver(command(1))
    host.feed(Feed("camera", b""))  # type: ignore[arg-type]
    assert program.handled == []


def test_the_stack_tells_where_author_code_holds_the_thread(serve: Served) -> None:
    inside, free = threading.Event(), threading.Event()

    def slow_author_step() -> None:
        inside.set()
        while not free.is_set():
            time.sleep(0.01)

    async def run(program: SmallProgram) -> None:
        slow_author_step()
        await asyncio.Event().wait()

    host, program, _ = serve(run)
    assert inside.wait(SECONDS)
    told = host.stack()
    free.set()
    first = slow_author_step.__code__.co_firstlineno
    lines = [first + 1, first + 2, first + 3]
    assert any(f'File "{__file__}", line {n}, in slow_author_step\n' in told for n in lines)
    assert 'in thread "model":' in told
    assert "in run\n" in told
    assert "reactor_actors/engine" not in told
    host.deliver(command(1))
    handled(program, 1)


def test_an_idle_model_has_no_stack(serve: Served) -> None:
    host, program, _ = serve()
    host.deliver(command(1))
    handled(program, 1)
    host.breathe().result(SECONDS)
    assert host.stack() == ""


@pytest.mark.parametrize(("name", "counts"), [("model-session", True), ("modeller", False)])
def test_the_stack_tells_of_the_models_other_threads_too(
    serve: Served, name: str, counts: bool
) -> None:
    inside, free = threading.Event(), threading.Event()

    def author_session() -> None:
        inside.set()
        free.wait(SECONDS)

    host, _, _ = serve()
    thread = threading.Thread(target=author_session, name=name)
    thread.start()
    assert inside.wait(SECONDS)
    told = host.stack()
    free.set()
    thread.join()
    assert (f'in thread "{name}":\n' in told, "in author_session\n" in told) == (counts, counts)


def test_what_a_program_posts_reaches_its_port(serve: Served) -> None:
    async def run(program: SmallProgram) -> None:
        assert program.port is not None
        program.port.post(Said("hello", {}))
        await asyncio.Event().wait()

    host, program, _ = serve(run)
    host.deliver(command(1))
    handled(program, 1)
    assert isinstance(program.port, FakeClients)
    assert program.port.posted == [Said("hello", {})]


def test_the_host_knows_the_session_while_the_model_takes_part_in_it(serve: Served) -> None:
    known: list[str | None] = []
    hosts: list[ModelHost] = []
    host, program, _ = serve(handle=lambda message: known.append(hosts[0].session))
    hosts.append(host)
    for message in (
        command(1),
        SessionStarted("one"),
        command(2),
        SessionStopped("one"),
        command(3),
    ):
        host.deliver(message)
    handled(program, 5)
    assert known == [None, "one", "one", "one", None]


def test_what_is_queued_settles_when_it_has_been_handled(serve: Served) -> None:
    gate = threading.Event()

    async def handle(message: ToModel) -> None:
        await asyncio.to_thread(gate.wait, SECONDS)

    host, program, *_ = serve(handle=handle)
    host.deliver(SessionStarted("s"))
    settled = host.settle()
    with pytest.raises(TimeoutError):
        settled.result(0.05)
    gate.set()
    settled.result(SECONDS)
    assert program.handled == [SessionStarted("s")]


def test_nothing_settles_before_a_model_is_loaded() -> None:
    host = ModelHost(SmallProgram)
    with pytest.raises(RuntimeError, match="load"):
        host.settle()
    assert host.close()
