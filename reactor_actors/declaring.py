"""What a model declares, for whoever only wants to know: nothing is loaded."""

from __future__ import annotations

from reactor_actors.classic import VideoModel
from reactor_actors.classic.declaration import declare
from reactor_actors.classic.rate import Rate
from reactor_actors.core.contract import Contract
from reactor_actors.core.errors import ModelError
from reactor_actors.core.faults import author_traceback, in_one_line
from reactor_actors.interface.compile import program_of
from reactor_actors.loader import ModelSource, check_declared, class_of, facts_of


def contract_of(source: ModelSource) -> Contract:
    """Import a model's class and return what it declares, without `load()`, weights and config.

    A class of generation 2 is constructed. One of generation 1 is not: there, it is construction
    that loads. What loading may change, such as a rate, is as it stands on the class.

    Raises:
        SetupError: As `loader.load_class`, or it cannot be declared like that.
        ModelError: It fails to be constructed; `detail` is the author's own traceback.
    """
    found, facts = class_of(source), facts_of(source.manifest)
    check_declared(found)
    try:
        if issubclass(found, VideoModel):
            declaration = declare(found)  # type: ignore[arg-type]  # a class is hashable
            return declaration.contract(Rate(declaration.fps).first, **facts)
        return program_of(found, facts=facts).contract()
    except (Exception, SystemExit) as error:
        told = f"{found.__name__} cannot be constructed: {in_one_line(error)}"
        raise ModelError(told, author_traceback(error)) from None
