"""The words of a command line that are no options of its own: the model's place, and overrides."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from reactor_actors.core.errors import SetupError

HERE = "."


def target_and_overrides(
    words: Sequence[str], path: str | None, known: Sequence[str]
) -> tuple[str, list[str]]:
    """Part the words that are no options into the model's place and the overrides of its config.

    Raises `SetupError` for what is neither; `known` are the options there are.
    """
    overrides = [word for word in words if word.startswith("--model.")]
    places = [word for word in words if not word.startswith("-")]
    for word in words:
        if word.startswith("-") and not word.startswith("--model."):
            raise SetupError(f"unknown argument {word!r}{_nearest(word, known)}")
    return one_place(*places, path), overrides


def one_place(*named: str | None) -> str:
    """Return the one place that was named, the current folder if none was. Raises `SetupError`."""
    places = [place for place in named if place is not None]
    if len(set(places)) > 1:
        raise SetupError(f"one model is expected, and {' and '.join(map(repr, places))} were named")
    return places[0] if places else HERE


@contextmanager
def named_as_options(known: Sequence[str]) -> Iterator[None]:
    """Have the settings below complain about options, where they know fields of that name."""
    try:
        yield
    except SetupError as error:
        field, separator, rest = error.message.partition(":")
        flag = "--" + field.replace("_", "-")
        if separator and flag in known:
            text = re.sub(r"\b([a-z]+(?:_[a-z]+)+)\b", lambda m: _flag(m[1], known), rest.strip())
            raise SetupError(f"{flag}: {text}", error.detail) from None
        raise


def _flag(field: str, known: Sequence[str]) -> str:
    flag = "--" + field.replace("_", "-")
    return flag if flag in known else field


def _nearest(word: str, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(word.partition("=")[0], [*known, "--model.key=value"], n=1)
    return f"; did you mean {close[0]}?" if close else "; --help lists what there is"
