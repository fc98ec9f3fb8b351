"""A model class that no other process could import: one of a script that runs, or of a notebook.

Its code travels as a pickle by value. What it declares are also names of its module: outputs,
messages, and whatever its annotations call by name. So these travel with it, and where it arrives
they are put into a module that stands for the one they come from.
"""

from __future__ import annotations

import ast
import copyreg
import dataclasses
import importlib.util
import pickle
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import FunctionType, ModuleType
from typing import Any

from reactor_actors.interface import Input, InputState, ModelMessage, Output

STAND_IN = "__mp_main__"
"""What Python calls a main module that is made again in another process."""

_DECLARED = (Input, Output, InputState, ModelMessage)


@dataclass(frozen=True, slots=True)
class _Luggage:
    module: str
    name: str
    names: dict[str, Any]


def importable(cls: type) -> bool:
    """Whether another process can import a class by its name, given the folder of its module."""
    if cls.__module__ in ("__main__", STAND_IN) or "." in cls.__qualname__:
        return False
    try:
        spec = importlib.util.find_spec(cls.__module__)
    except (ImportError, ValueError):
        return False
    return spec is not None and spec.has_location


def packed(cls: type, dumps: Callable[[Any], bytes]) -> bytes:
    """Return a class as bytes. `dumps` pickles by value what cannot be imported.

    Raises whatever `dumps` does for what cannot be pickled.
    """
    # A field without a default is told by this very object, of which a pickle makes another one.
    copyreg.pickle(type(dataclasses.MISSING), _by_name)
    return dumps(_Luggage(cls.__module__, cls.__name__, _names(cls)))


def unpacked(data: bytes) -> type:
    """Return the class, in the process where it is to live. Raises whatever its imports raise."""
    luggage: _Luggage = pickle.loads(data)
    module = sys.modules[STAND_IN] = ModuleType(STAND_IN)
    vars(module).update(luggage.names)
    for value in luggage.names.values():
        if isinstance(value, type) and value.__module__ == luggage.module:
            value.__module__ = STAND_IN
            for function in _functions(value):
                for name, other in luggage.names.items():
                    function.__globals__.setdefault(name, other)
    found: type = luggage.names[luggage.name]
    return found


def _by_name(missing: Any) -> str:
    return "MISSING"


def _names(cls: type) -> dict[str, Any]:
    """Return what belongs to a class among the names of its module, and the class itself."""
    module = sys.modules.get(cls.__module__)
    known = dict(vars(module)) if module is not None else {}
    names = {name: value for name, value in known.items() if _declares(value)}
    names[cls.__name__] = cls
    waiting = [value for value in names.values() if value.__module__ == cls.__module__]
    while waiting:
        for name in _called(waiting.pop()):
            if name in known and name not in names:
                names[name] = known[name]
                if isinstance(known[name], type) and known[name].__module__ == cls.__module__:
                    waiting.append(known[name])
    return names


def _declares(value: Any) -> bool:
    # By type(): a lazy proxy among a module's globals minds being asked for its class.
    return issubclass(type(value), type) and issubclass(value, _DECLARED)


def _called(cls: type) -> Iterator[str]:
    """Yield the names that the annotations of a class and of its functions are written with."""
    for holder in (cls, *_functions(cls)):
        for annotation in vars(holder).get("__annotations__", holder.__annotations__).values():
            if isinstance(annotation, str):
                tree = ast.parse(annotation.strip(), mode="eval")
                yield from (node.id for node in ast.walk(tree) if isinstance(node, ast.Name))


def _functions(cls: type) -> Iterator[FunctionType]:
    for member in vars(cls).values():
        function = getattr(member, "__func__", getattr(member, "fget", member))
        if isinstance(function, FunctionType):
            yield function
