import pytest

from reactor_actors.interface import Idle, ReactorModel, ReactorPipeline
from reactor_actors.interface.compile import program_of
from reactor_actors.interface.program import ModelProgram
from reactor_actors.interface.turns import PipelineProgram


class OwnLoop(ReactorModel):
    """Runs by itself."""


class ByTurns(ReactorPipeline):
    def inference(self):
        yield Idle


def test_the_base_class_decides_what_a_model_compiles_to() -> None:
    assert type(program_of(OwnLoop)) is ModelProgram
    assert type(program_of(ByTurns)) is PipelineProgram


def test_the_authors_class_is_constructed_once() -> None:
    program = program_of(ByTurns)
    assert type(program.model) is ByTurns
    assert program.model is program.model


async def test_the_manifest_knows_the_name_and_version_better() -> None:
    contract = await program_of(OwnLoop, facts={"name": "clouds", "version": "2.1"}).load()
    assert (contract.name, contract.version) == ("clouds", "2.1")
    assert contract.description == "Runs by itself."
    assert (await program_of(OwnLoop).load()).name == "own_loop"


@pytest.mark.parametrize("config", [None, {}, {"width": 8, "nested": {"a": [1]}}])
async def test_load_gets_a_plain_dict(config: dict | None) -> None:
    class Loading(ReactorModel):
        async def load(self, config):
            self.config = config

    program = program_of(Loading, config)
    await program.load()
    assert program.model.config == (config or {})
    assert type(program.model.config) is dict
