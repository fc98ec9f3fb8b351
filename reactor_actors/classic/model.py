"""`VideoModel` and `@model`: a model that owns its thread, as in generation 1."""

from __future__ import annotations

import sys
import weakref
from abc import abstractmethod
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from reactor_actors.classic.config import Config
from reactor_actors.classic.declaration import Spec, declare, spec_of
from reactor_actors.classic.tracks import MediaTrack
from reactor_actors.core.bundles import MediaBundle
from reactor_actors.core.schema import capabilities
from reactor_actors.manifest import get_weights_path

M = TypeVar("M", bound="type[VideoModel]")

_decorated: weakref.WeakValueDictionary[str, type[VideoModel]] = weakref.WeakValueDictionary()


class VideoModel:
    """Subclass it, decorate it with `@model`, and write `start_session()`.

    One instance lives as long as the model's process. `__init__` and every `start_session` share
    one thread; commands and `on_media` run beside it, on others.

    Attributes:
        emission_fps: Of the class: pictures shown in a second; None is the rate that is measured.
        latency: Of the class: with `"fixed"` a model of fixed rate may run ahead by as much as the
            queue holds.
    """

    emission_fps: ClassVar[float | None] = None
    latency: ClassVar[str] = "adaptive"

    def __init__(self, config: Config | None = None) -> None:
        """Load weights and prepare. Called once, before any client can connect."""

    @abstractmethod
    def start_session(self) -> None:
        """Emit until `get_ctx().should_stop()`; called once a session, when a client is there."""

    def on_media(self, bundle: MediaBundle) -> None:
        """See what arrives on the input tracks, every frame of it. What it raises is logged."""

    @classmethod
    def weights(cls, name: str) -> Path:
        """Return where the weights are that `@model(weights=...)` lists under this name.

        Nothing is downloaded. Raises `ValueError` for a name that is not listed, `RuntimeError`
        when no model is decorated.
        """
        own = spec_of(cls)
        specs = [own] if own is not None else [s for m in _decorated.values() if (s := spec_of(m))]
        if not specs:
            raise RuntimeError(
                'no model is decorated: @model(name=..., weights=["..."]) lists what there is'
            )
        listed = [weight for spec in specs for weight in spec.weights]
        if name not in listed:
            known = ", ".join(map(repr, listed)) or "none"
            raise ValueError(f"the weights {name!r} are not listed in @model; listed are: {known}")
        return get_weights_path() / name

    @classmethod
    def commands(cls) -> list[dict[str, Any]]:
        """Return the commands as clients see them: `name`, `description` and `schema` of each."""
        commands: list[dict[str, Any]] = cls.capabilities()["commands"]
        return commands

    @classmethod
    def get_tracks(cls) -> list[MediaTrack]:
        """Return the declared tracks, in order of declaration."""
        return list(declare(cls).tracks.values())  # type: ignore[arg-type]  # a class is hashable

    @classmethod
    def capabilities(cls) -> dict[str, Any]:
        """Return what clients are told of this model. Directions are the client's."""
        declaration = declare(cls)  # type: ignore[arg-type]  # a class is hashable
        return capabilities(declaration.contract(declaration.fps or 0.0))


def model(
    name: str,
    config: str | None = None,
    weights: str | Iterable[str] | None = None,
    **metadata: Any,
) -> Callable[[M], M]:
    """Say what a `VideoModel` is called, and where its config and its weights are.

    `config` is a path relative to the model's folder; a manifest or `--config` goes before it.
    Other keywords are kept as metadata. Raises `TypeError` for a class that is no `VideoModel`, and
    `ValueError` for a name that another class of this process has.
    """
    if not isinstance(name, str) or not name.strip():
        raise TypeError(f'@model takes a name: `@model(name="my-model")`; got {name!r}')
    listed = (weights,) if isinstance(weights, str) else tuple(weights or ())
    spec = Spec(name, None if config is None else str(config), listed, metadata)

    def mark(cls: M) -> M:
        if not (isinstance(cls, type) and issubclass(cls, VideoModel)):
            raise TypeError(
                f"@model(name={name!r}) goes on a class that derives from VideoModel; got {cls!r}"
            )
        other = _decorated.get(name)
        if other is not None and _is_another(other, cls):
            raise ValueError(
                f"@model(name={name!r}): {other.__module__}.{other.__qualname__} has this name "
                "already. Give one of them another."
            )
        cls.__reactor_model__ = spec  # type: ignore[attr-defined]
        _decorated[name] = cls
        return cls

    return mark


def is_decorated(cls: type) -> bool:
    """Whether `@model` stands on this very class."""
    return "__reactor_model__" in vars(cls)


def _is_another(known: type, cls: type) -> bool:
    """Whether a class is still in use and is not an earlier edition of this one."""
    if (known.__module__, known.__qualname__) == (cls.__module__, cls.__qualname__):
        return False
    if "<locals>" in known.__qualname__:
        return True
    # A class whose module was let go, or is being imported anew, is nobody's any more.
    module = sys.modules.get(known.__module__)
    return getattr(module, known.__qualname__.partition(".")[0], None) is not None
