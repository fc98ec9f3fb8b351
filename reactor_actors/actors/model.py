"""`ModelActor`: the Ray face of a `ModelHost`. It decides nothing."""

from __future__ import annotations

from concurrent.futures import FIRST_COMPLETED, Future, wait
from typing import Any

from reactor_actors.actors.logs import LogSettings, configure
from reactor_actors.core.contract import Contract
from reactor_actors.core.errors import PeerGone
from reactor_actors.engine.host import ModelHost
from reactor_actors.links.local import ModelEnd
from reactor_actors.links.meeting import Address, reach
from reactor_actors.loader import ModelSource, load_program


class ModelActor:
    """One model in a process of its own. `load()`, then one long `run()` that ends when it ends.

    A threaded actor: `stop` is answered while `run` goes on.
    """

    def __init__(self, source: ModelSource, logs: LogSettings) -> None:
        self._host = ModelHost(lambda: load_program(source))
        configure(logs, source, lambda: self._host.session)
        self._contract: Contract | None = None

    def load(self) -> Contract:
        """Construct and load the model. Raises `SetupError` or `ModelError`."""
        try:
            self._contract = self._host.load().result()
        except BaseException:
            self._host.close()
            raise
        return self._contract

    def run(self, address: Address) -> None:
        """Serve the clients' side that listens at `address` until the model ends or is stopped.

        Raises `ModelError` when author code has failed, `PeerGone` when the other side is gone.
        """
        if self._contract is None:
            raise RuntimeError("load() comes before run()")
        link = ModelEnd(reach(address), self._contract, self._host)
        try:
            ended = self._host.serve(link)
            either: list[Future[Any]] = [ended, link.closed]
            wait(either, return_when=FIRST_COMPLETED)
            if not ended.done():
                self._host.stop()
                raise PeerGone(f"the clients' side is gone: {link.closed.result()}")
            ended.result()
        finally:
            link.close()  # first: the model's thread may be waiting to say something
            self._host.close()

    def stop(self) -> None:
        """Ask the model to end."""
        self._host.stop()
