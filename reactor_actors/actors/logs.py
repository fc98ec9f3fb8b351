"""The log of every process: what a record carries, and how it is written.

Beside time and level a record says where it was made, in the model's own code or in the runtime,
and which replica and session it is about. Libraries are heard from WARNING on.
"""

from __future__ import annotations

import json
import logging
import sys
import sysconfig
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from reactor_actors.actors.logformat import LogFormat
from reactor_actors.core.current import current_replica, current_session
from reactor_actors.loader import ModelSource

TEXT = "%(asctime)s %(levelname)-7s %(origin)-7s %(name)s: %(message)s"
QUIET = ("aiortc", "aioice", "aiohttp", "libav", "asyncio")
"""They log every packet at DEBUG: their records are not even made."""

_OURS = str(Path(__file__).parents[1])
_INSTALLED = tuple({sysconfig.get_path(kind) for kind in ("stdlib", "platstdlib")})
_SITES = {"site-packages", "dist-packages"}
_STANDARD = {
    *vars(logging.makeLogRecord({})), "message", "asctime", "origin", "replica", "session",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class LogSettings:
    """What is logged, and how. Lines for people name the replica only where there are `several`."""

    level: int = logging.INFO
    format: LogFormat = LogFormat.TEXT
    several: bool = False


def configure(
    settings: LogSettings,
    source: ModelSource | None = None,
    session: Callable[[], str | None] = current_session,
    replica: Callable[[], str | None] = current_replica,
) -> None:
    """Log to standard error.

    `session` and `replica` say what a record is about that does not say it. `source` tells the
    author's records from others.
    """
    handler = logging.StreamHandler(sys.stderr)
    json_lines = settings.format is LogFormat.JSON
    handler.setFormatter(JsonLines() if json_lines else TextLines(several=settings.several))
    handler.addFilter(Provenance(source, session, replica))
    logging.basicConfig(level=settings.level, handlers=[handler], force=True)
    for library in QUIET:
        logging.getLogger(library).setLevel(logging.WARNING)
    # Its warnings in the driver are about its own defaults, whatever `ray.init` is told.
    logging.getLogger("ray").setLevel(logging.ERROR)


class Provenance:
    """A filter that notes a record's origin, replica and session, and keeps libraries quiet."""

    def __init__(
        self,
        source: ModelSource | None,
        session: Callable[[], str | None],
        replica: Callable[[], str | None],
    ) -> None:
        manifest = source.manifest if source else None
        self._folder = f"{manifest.folder}/" if manifest else None
        # An import string may name an installed package, which is the author's all the same.
        module = manifest.import_string.partition(":")[0] if manifest else ""
        self._package = module.partition(".")[0]
        self._session = session
        self._replica = replica

    def filter(self, record: logging.LogRecord) -> bool:
        """Note where the record comes from; False for what nobody wants to read."""
        authored = self._authored(record)
        record.origin = "model" if authored else "runtime"
        if getattr(record, "session", None) is None:
            record.session = self._session()
        if getattr(record, "replica", None) is None:
            record.replica = self._replica()
        return authored or record.levelno >= logging.WARNING or not _installed(record.pathname)

    def _authored(self, record: logging.LogRecord) -> bool:
        if _ours(record.pathname) or self._folder is None:
            return False
        if record.name.partition(".")[0] == self._package:
            return True
        path = record.pathname
        return path.startswith(self._folder) and not _SITES & set(path.split("/"))


class TextLines(logging.Formatter):
    """A line for people, with replica and session at its end; a traceback follows.

    Where there is but one replica, it is not named.
    """

    def __init__(self, *, several: bool = False) -> None:
        super().__init__(TEXT)
        self._marks = ("replica", "session") if several else ("session",)

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's own name
        """Write the line that comes before a traceback."""
        known = [(mark, getattr(record, mark, None)) for mark in self._marks]
        told = " ".join(f"{mark} {value}" for mark, value in known if value is not None)
        line = super().formatMessage(record)
        return f"{line} [{told}]" if told else line


class JsonLines(logging.Formatter):
    """One JSON object per record and line. What was given as `extra` is in it."""

    def format(self, record: logging.LogRecord) -> str:
        """Write a record."""
        told = {
            "time": timestamp(record.created),
            "level": record.levelname,
            "origin": getattr(record, "origin", "runtime"),
            "logger": record.name,
            "message": record.getMessage(),
            "replica": getattr(record, "replica", None),
            "session": getattr(record, "session", None),
        }
        if record.exc_info:
            told["exception"] = self.formatException(record.exc_info)
        return json_line({**told, **{k: v for k, v in _extra(record).items() if k not in told}})


def _extra(record: logging.LogRecord) -> dict[str, object]:
    # Ray marks every record with attributes that begin with an underscore.
    return {
        key: value
        for key, value in vars(record).items()
        if key not in _STANDARD and not key.startswith("_")
    }


def json_line(fields: Mapping[str, object]) -> str:
    """Return one line of JSON without what is None. What JSON has no word for is told in text."""
    known = {key: value for key, value in fields.items() if value is not None}
    try:
        return json.dumps(known, ensure_ascii=False, default=_plain, allow_nan=False)
    except (TypeError, ValueError):  # keys that are no text, circles, or numbers like infinity
        told = {str(key): _told(value) for key, value in known.items()}
        return json.dumps(told, ensure_ascii=False, default=_plain)


def _told(value: object) -> object:
    try:
        json.dumps(value, default=_plain, allow_nan=False)
    except (TypeError, ValueError):
        return repr(value)
    return value


def timestamp(moment: float) -> str:
    """Return a moment in UTC, to the millisecond."""
    whole = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(moment))
    return f"{whole}.{int(moment % 1 * 1000):03}Z"


def _plain(value: object) -> object:
    """Return a number of another library as Python's own, and anything else in words."""
    item = getattr(value, "item", None)
    try:
        return item() if callable(item) else str(value)
    except Exception:
        return repr(type(value))


def _ours(path: str) -> bool:
    return path.startswith(f"{_OURS}/")


def _installed(path: str) -> bool:
    """Whether a file belongs to Python or to an installed library other than this one."""
    if _ours(path):
        return False
    return path.startswith(_INSTALLED) or bool(_SITES & set(path.split("/")))
