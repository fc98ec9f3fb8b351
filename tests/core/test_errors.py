from __future__ import annotations

import pickle

import pytest

from reactor_actors.core.contract import InvalidCommandError
from reactor_actors.core.errors import (
    BufferClosed,
    ClientError,
    CommandError,
    ModelError,
    PeerGone,
    ReactorError,
    SetupError,
)

ALL = [
    (SetupError("model.yaml: no class"), {"message": "model.yaml: no class", "detail": ""}),
    (SetupError("import failed", "Traceback"), {"message": "import failed", "detail": "Traceback"}),
    (ModelError("it stopped", "Traceback"), {"message": "it stopped", "detail": "Traceback"}),
    (ClientError("too_large", "64 MiB"), {"code": "too_large", "message": "64 MiB"}),
    (CommandError("busy", "later"), {"code": "busy", "message": "later"}),
    (
        InvalidCommandError("invalid_command", "x: is required", "required"),
        {"code": "invalid_command", "message": "x: is required", "rule": "required"},
    ),
    (BufferClosed("closed"), {}),
    (PeerGone("gone"), {}),
]


@pytest.mark.parametrize(("error", "fields"), ALL, ids=lambda value: type(value).__name__)
def test_an_error_crosses_processes_with_its_fields(
    error: ReactorError, fields: dict[str, str]
) -> None:
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        arrived = pickle.loads(pickle.dumps(error, protocol))
        assert type(arrived) is type(error)
        assert str(arrived) == str(error)
        assert arrived.args == error.args
        assert {name: getattr(arrived, name) for name in fields} == fields


@pytest.mark.parametrize(("error", "fields"), ALL, ids=lambda value: type(value).__name__)
def test_an_error_reads_as_its_message(error: ReactorError, fields: dict[str, str]) -> None:
    assert str(error) == fields.get("message", str(error))
    assert isinstance(error, ReactorError)


def test_what_an_author_raises_is_the_clients_business() -> None:
    assert issubclass(CommandError, ClientError)
    assert issubclass(InvalidCommandError, ClientError)
    assert not issubclass(BufferClosed, ClientError)
