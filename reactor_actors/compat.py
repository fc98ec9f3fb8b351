"""A model file written for the original, `reactor_runtime`, runs as it is.

While the alias is installed, the documented modules of `reactor_runtime` are those of this package:
the same objects under a second name. Nothing else exists below that name, so no module of this
package is ever loaded a second time. The environment is read by whoever calls, not here.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Sequence
from enum import StrEnum
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

from reactor_actors.core.errors import SetupError
from reactor_actors.interface.later import COVERED

_OURS = __name__.partition(".")[0]
_ORIGINAL = "reactor_runtime"
_MODULES = {
    f"{_ORIGINAL}{path}": f"{_OURS}{path}"
    for path in ("", ".interface", ".tracks", ".transports", ".transports.media")
}
_changing = threading.Lock()


class Alias(StrEnum):
    """Whether `reactor_runtime` means `reactor_actors`: if it is not installed, always, never."""

    AUTO = "auto"
    FORCE = "force"
    OFF = "off"


def alias_of(text: str) -> Alias:
    """Read what REACTOR_ACTORS_ALIAS says, in any case. Raises `SetupError` for another word."""
    try:
        return Alias(text.strip().lower())
    except ValueError:
        expected = "auto, force or off"
        raise SetupError(f"REACTOR_ACTORS_ALIAS: expected {expected}, came {text!r}") from None


def install(alias: Alias = Alias.AUTO) -> None:
    """Settle what `import reactor_runtime` gives in this process, from now on.

    With `AUTO` it is this package, unless the original can be found, or a module of that name on
    `sys.path`, such as one beside the model. With `FORCE` it is this package, and what has been
    imported of the original is let go of. With `OFF` it is whatever Python finds.

    Call it again after `sys.path` has changed, or with another mode: the newest call counts. What
    has been imported under either name goes on working.
    """
    alias = Alias(alias)
    with _changing:
        if alias is Alias.FORCE or (alias is Alias.AUTO and not _original_is_found()):
            _put()
        else:
            _take_away()


def installed() -> bool:
    """Whether `reactor_runtime` means this package."""
    return _finder in sys.meta_path


def foreign(cls: type) -> bool:
    """Whether a class derives from the original, which is installed beside this package."""
    # Classes of this package keep its name, whichever name they were imported by.
    return any(_is_below_original(str(base.__module__)) for base in cls.__mro__)


def stands_in(module: str) -> bool:
    """Whether this package answers for a module of that name."""
    return installed() and _is_below_original(module)


def explain(error: ImportError) -> str:
    """Return what to add to an error about a name or module that is not here, or nothing."""
    name = error.name or ""
    if name in _MODULES:
        return f"; REACTOR_ACTORS_ALIAS=force has {_OURS} stand in for {_ORIGINAL}"
    if name.partition(".")[0] == _OURS and COVERED not in str(error):
        return f"; {COVERED}"
    return ""


class _Finder(MetaPathFinder, Loader):
    """Gives the modules of this package for their names in the original, and no others."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if not _is_below_original(fullname):
            return None
        if fullname not in _MODULES:
            # Not None, although `importlib.util.find_spec` would hand that on: whoever is asked
            # next would find a file of this package, on the path it shares, and the error of an
            # import would be Python's, which names no page. Whoever asks for a name with a dot has
            # to expect this error: Python raises it, too, where the first part is missing.
            raise ModuleNotFoundError(
                f"{_OURS}, which stands in for {_ORIGINAL}, has no {fullname!r}: {COVERED}",
                name=fullname,
            )
        return ModuleSpec(fullname, self)

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        # The module itself: one that gives way to it later would be seen by other threads.
        module = import_module(_MODULES[spec.name])
        spec.loader_state = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        # Since it was created it has had the spec of its second name; it keeps that of its first.
        if module.__spec__ is not None:
            module.__spec__ = module.__spec__.loader_state


_finder = _Finder()


def _put() -> None:
    modules = {name: import_module(ours) for name, ours in _MODULES.items()}
    # The finder first: a thread that imports meanwhile gets the same modules from it.
    sys.meta_path[:] = [_finder, *(finder for finder in sys.meta_path if finder is not _finder)]
    sys.modules.update(modules)
    for name in list(sys.modules):
        if _is_below_original(name) and name not in modules:
            sys.modules.pop(name, None)


def _take_away() -> None:
    sys.meta_path[:] = [finder for finder in sys.meta_path if finder is not _finder]
    for name, module in list(sys.modules.items()):
        if _is_below_original(name) and _is_ours(module):
            sys.modules.pop(name, None)


def _original_is_found() -> bool:
    known = sys.modules.get(_ORIGINAL)
    if known is not None and not _is_ours(known):
        return True
    for finder in sys.meta_path:
        # Python passes over a finder of the oldest kind, too.
        find_spec = getattr(finder, "find_spec", None)
        spec = None if finder is _finder or find_spec is None else find_spec(_ORIGINAL, None)
        if spec is not None:
            # Without a loader it is a folder that happens to have the name.
            return spec.loader is not None
    return False


def _is_below_original(name: str) -> bool:
    return name.partition(".")[0] == _ORIGINAL


def _is_ours(module: object) -> bool:
    return str(getattr(module, "__name__", "")).partition(".")[0] == _OURS
