"""How the value of an option is read. A mistake is one line: the option, what it wants, what came.

Each function makes the reader of one option. Words of the command line and of the environment go
through the same reader, so the line names the option's variable as well.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from enum import Enum
from typing import TypeVar

from reactor_actors.core.errors import SetupError

Kind = TypeVar("Kind", bound=Enum)


def whole(flag: str, least: int, most: int | None = None) -> Callable[[str | int], int]:
    """Read a whole number within bounds."""
    bounds = f"from {least} on" if most is None else f"from {least} to {most}"

    def read(text: str | int) -> int:
        try:
            number = int(text)
        except ValueError:
            number = least - 1
        if number < least or (most is not None and number > most):
            raise SetupError(f"{flag} expects a whole number {bounds}; got {str(text)!r}")
        return number

    return read


def seconds(flag: str, *, negative: bool = False) -> Callable[[str | float], float]:
    """Read a duration; never one without an end, which is written 0."""
    wanted = "seconds, such as 2.5" if negative else "seconds from 0 on, such as 2.5"

    def read(text: str | float) -> float:
        try:
            duration = float(text)
        except ValueError:
            duration = math.nan
        if not math.isfinite(duration) or (duration < 0 and not negative):
            raise SetupError(f"{flag} expects {wanted}; got {str(text)!r}")
        return duration

    return read


def rate(flag: str) -> Callable[[str | float], float]:
    """Read how many a second."""

    def read(text: str | float) -> float:
        try:
            number = float(text)
        except ValueError:
            number = math.nan
        if not math.isfinite(number) or number <= 0:
            raise SetupError(f"{flag} expects a number a second above 0; got {str(text)!r}")
        return number

    return read


def one_of(flag: str, kinds: type[Kind]) -> Callable[[str | Kind], Kind]:
    """Read one of a few words, in any case."""
    words = {str(kind.value).lower(): kind for kind in kinds}

    def read(text: str | Kind) -> Kind:
        if isinstance(text, kinds):
            return text
        kind = words.get(str(text).strip().lower())
        if kind is None:
            known = " or ".join(str(kind.value) for kind in kinds)
            raise SetupError(f"{flag} expects {known}; got {str(text)!r}")
        return kind

    return read
