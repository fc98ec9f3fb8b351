from __future__ import annotations

import pytest

from reactor_actors.core.wire.uploads import UploadRef, upload_ref

GOOD: dict[str, object] = {"upload_id": "u1", "name": "a.png", "mime_type": "image/png", "size": 3}


def test_a_reference_has_four_keys_and_may_have_others() -> None:
    assert upload_ref({**GOOD, "more": 1}) == UploadRef("u1", "a.png", "image/png", 3)


@pytest.mark.parametrize("size", [0, 3.0, 2**63 - 1])
def test_an_integral_size_will_do(size: float) -> None:
    taken = upload_ref({**GOOD, "size": size}).size
    assert taken == size
    assert type(taken) is int


@pytest.mark.parametrize(
    "wrong",
    [
        {"upload_id": ""},
        {"upload_id": 7},
        {"upload_id": None},
        {"name": []},
        {"mime_type": {}},
        {"size": -1},
        {"size": 0.5},
        {"size": True},
        {"size": "3"},
        {"size": None},
        {"size": 2**63},
        {"size": 1e300},
        {"size": float("nan")},
        {"size": float("inf")},
    ],
)
def test_a_wrong_value_is_refused_by_the_name_of_the_parameter(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"^image needs an upload_id"):
        upload_ref({**GOOD, **wrong}, "image")


@pytest.mark.parametrize("key", sorted(GOOD))
def test_a_missing_key_is_refused(key: str) -> None:
    with pytest.raises(ValueError, match="the upload needs"):
        upload_ref({name: value for name, value in GOOD.items() if name != key})


@pytest.mark.parametrize("value", [None, "u1", 1, [], [GOOD], {}])
def test_what_is_no_object_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="needs an upload_id"):
        upload_ref(value)


def test_the_refusal_does_not_repeat_an_endless_name() -> None:
    with pytest.raises(ValueError, match="needs") as refused:
        upload_ref(None, "x" * 100_000)
    assert len(str(refused.value)) < 200
