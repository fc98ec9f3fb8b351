"""`Config`: a config with attribute access, as generation 1 hands it to `__init__`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class Config(dict[str, Any]):
    """A dict whose keys are attributes too, at every level: `config.model.width`.

    Where a key is also the name of a dict method, `config["items"]` is the way to it.
    """

    def __init__(self, values: Mapping[str, Any]) -> None:
        super().__init__({key: _nested(value) for key, value in values.items()})

    def __setitem__(self, key: str, value: Any) -> None:
        super().__setitem__(key, _nested(value))

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            known = ", ".join(map(str, self)) or "nothing"
            raise AttributeError(f"the config has no {name!r} here; it has: {known}") from None

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value

    def __delattr__(self, name: str) -> None:
        try:
            del self[name]
        except KeyError:
            raise AttributeError(f"the config has no {name!r} here") from None

    def copy(self) -> Config:
        """Return a config of its own, at every level."""
        return Config(self)

    def to_dict(self) -> dict[str, Any]:
        """Return plain dicts, at every level, for a library that takes no subclass of them."""
        return {key: _plain(value) for key, value in self.items()}

    def __reduce__(self) -> Any:
        return Config, (dict(self),)


def _plain(value: Any) -> Any:
    if isinstance(value, Config):
        return value.to_dict()
    return [_plain(item) for item in value] if isinstance(value, list) else value


def _nested(value: Any) -> Any:
    if isinstance(value, Mapping):
        return Config(value)
    return [_nested(item) for item in value] if isinstance(value, list) else value
