import copy
import pickle

from reactor_actors.interface import Idle, ReactorModel, ReactorPipeline


def test_idle_is_falsy_and_the_only_one_of_its_kind() -> None:
    assert not Idle
    assert type(Idle)() is Idle
    assert copy.deepcopy(Idle) is Idle
    assert pickle.loads(pickle.dumps(Idle)) is Idle
    assert repr(Idle) == "Idle"


def test_a_pipeline_is_a_model_without_state_until_a_session_begins() -> None:
    assert issubclass(ReactorPipeline, ReactorModel)
    assert ReactorPipeline().state is None
