"""Every error of the library. The type says whose fault it was.

    ReactorError
    ├── SetupError      whoever wrote the manifest, the config or the command line
    │   └── ModelClassError  the model's author: what the class is, not what it does
    ├── ModelError      the model's author
    ├── ClientError     the remote side; `CommandError` is the one an author raises on purpose
    │   └── BusyError   nobody: there is no session to be had now
    ├── BufferClosed    nobody: no more frames will come
    └── PeerGone        nobody: the other end left

Misuse of the authoring API in the author's own frame is a plain `TypeError` or `ValueError`, as in
any Python library. Every error hands all its arguments to `Exception.__init__`: all of them cross
processes, and that is what pickling rebuilds them from.
"""

from __future__ import annotations


class ReactorError(Exception):
    """The root of the tree."""


class SetupError(ReactorError):
    """The manifest, the config, an override or an import string is wrong.

    The text is one line a person can act on: which file, which key, what was expected, what came.
    `detail` holds the author's own traceback when an import of theirs failed, else it is empty.
    """

    def __init__(self, message: str, detail: str = "") -> None:
        super().__init__(message, detail)
        self.message = message
        self.detail = detail

    def __str__(self) -> str:
        return self.message


class ModelClassError(SetupError, TypeError):
    """A class cannot be run, or declares what cannot be: no restart mends that."""


class ModelError(ReactorError):
    """The author's code failed. `detail` is their traceback, without frames of this library."""

    def __init__(self, message: str, detail: str = "") -> None:
        super().__init__(message, detail)
        self.message = message
        self.detail = detail

    def __str__(self) -> str:
        return self.message


class ClientError(ReactorError):
    """A client asked for something that cannot be done. It is told `code` and `message`."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message

    def __str__(self) -> str:
        return self.message


class CommandError(ClientError):
    """Raise it in a handler to refuse a command: the caller gets `code` and `message`."""


class BusyError(ClientError):
    """There is no session to be had now: `loading`, `closing`, `full` or `gone` says why.

    Where a place in the queue is offered, `ticket` holds it for some seconds; `position` counts
    from 1, and `size` is how many wait, this one included.
    """

    def __init__(
        self,
        code: str,
        message: str,
        ticket: str | None = None,
        position: int | None = None,
        size: int | None = None,
    ) -> None:
        super().__init__(code, message)
        self.args = (code, message, ticket, position, size)
        self.ticket = ticket
        self.position = position
        self.size = size

    def __str__(self) -> str:
        if self.position is None:
            return self.message
        return f"{self.message}: place {self.position} of {self.size} in the queue"


class BufferClosed(ReactorError):  # noqa: N818 - the documented name; it is no fault
    """The input buffer is closed: no more frames will come."""


class PeerGone(ReactorError):  # noqa: N818 - it is no fault
    """The other end of a link or connection has left."""
