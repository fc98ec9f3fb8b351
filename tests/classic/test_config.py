from __future__ import annotations

import copy
import json
import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reactor_actors.classic.config import Config


def made() -> Config:
    return Config({"model": {"width": 64, "layers": [{"size": 3}]}, "name": "x"})


def test_every_level_is_reached_by_attribute_and_by_key() -> None:
    config = made()
    assert config.model.width == config["model"]["width"] == 64
    assert config.model.layers[0].size == config["model"]["layers"][0]["size"] == 3


def test_a_missing_attribute_names_what_there_is() -> None:
    with pytest.raises(AttributeError, match=r"no 'hight' here; it has: width, layers"):
        made().model.hight  # noqa: B018 - asking is what is tested
    with pytest.raises(AttributeError, match="it has: nothing"):
        Config({}).a  # noqa: B018
    assert getattr(made(), "hight", 5) == 5
    assert not hasattr(made(), "hight")


def test_a_missing_key_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        made()["hight"]


def test_it_is_a_dict_in_every_respect() -> None:
    config = made()
    assert config == {"model": {"width": 64, "layers": [{"size": 3}]}, "name": "x"}
    assert isinstance(config.model, dict)
    assert {**config.model}["width"] == 64
    assert json.loads(json.dumps(config)) == config
    assert config.get("hight", 7) == 7


def test_what_is_set_is_there_both_ways_and_at_every_level() -> None:
    config = made()
    config.deep = {"a": {"b": 1}}
    config["deeper"] = {"a": [{"b": 2}]}
    assert config["deep"]["a"]["b"] == config.deep.a.b == 1
    assert config.deeper.a[0].b == 2
    del config.deep
    assert "deep" not in config
    with pytest.raises(AttributeError, match="no 'deep' here"):
        del config.deep


def test_a_key_with_the_name_of_a_method_is_reached_by_key() -> None:
    config = Config({"items": 3})
    assert config["items"] == 3
    assert list(config.items()) == [("items", 3)]


def test_it_can_be_had_as_plain_dicts_for_libraries_that_take_no_others() -> None:
    config = made()
    plain = config.to_dict()
    assert plain == config
    kinds = [type(plain), type(plain["model"]), type(plain["model"]["layers"][0])]
    assert kinds == [dict, dict, dict]
    plain["model"]["layers"].append({"size": 9})
    plain["model"]["width"] = 1
    assert config == made()


def test_it_does_not_change_what_it_was_made_from() -> None:
    values: dict[str, Any] = {"model": {"width": 64}}
    Config(values).model.width = 1
    assert values == {"model": {"width": 64}}


@pytest.mark.parametrize(
    "copied",
    [copy.copy, copy.deepcopy, Config.copy, lambda config: pickle.loads(pickle.dumps(config))],
)
def test_a_copy_has_attributes_and_a_life_of_its_own(copied: Any) -> None:
    config = made()
    other = copied(config)
    assert type(other) is Config
    other.model.width = 1
    assert config.model.width == 64


leaves = st.none() | st.integers() | st.text(max_size=5)
configs = st.recursive(
    st.dictionaries(st.text(max_size=5), leaves, max_size=3),
    lambda inner: st.dictionaries(st.text(max_size=5), inner | st.lists(inner), max_size=3),
    max_leaves=8,
)


@given(configs)
def test_whatever_yaml_holds_is_the_same_as_config(values: dict[str, Any]) -> None:
    config = Config(values)
    assert config == values
    assert pickle.loads(pickle.dumps(config)) == values
    assert config.to_dict() == values
    for key, value in values.items():
        assert config[key] == value
        assert isinstance(config[key], Config) == isinstance(value, dict)
