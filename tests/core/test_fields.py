from __future__ import annotations

import pydantic
import pytest

from reactor_actors.core.fields import (
    REQUIRED,
    FieldInfo,
    InputField,
    MessageField,
    MessageFieldInfo,
    UploadedFile,
    from_pydantic,
)


def test_an_input_field_is_required_and_unbounded_unless_told_otherwise() -> None:
    assert InputField() == FieldInfo(REQUIRED, "", None, None, None, None, None, False)
    assert repr(InputField().default) == "<required>"


def test_an_input_field_keeps_what_it_is_given() -> None:
    field = InputField(
        0.5, description="how much", ge=0, le=1, min_length=2, max_length=3,
        choices=[0.5, 1.0], moderate=True,
    )  # fmt: skip
    assert field == FieldInfo(0.5, "how much", 0, 1, 2, 3, (0.5, 1.0), True)


@pytest.mark.parametrize("field", [InputField, MessageField])
def test_a_factory_is_a_type_error_that_says_what_to_write(field: type) -> None:
    with pytest.raises(TypeError, match=r"no default_factory.*tuple"):
        field(default_factory=list)


@pytest.mark.parametrize("field", [InputField, MessageField])
def test_an_unknown_option_is_a_type_error_naming_it(field: type) -> None:
    with pytest.raises(TypeError, match="unexpected argument 'lt'"):
        field(lt=3)


def test_a_message_field_has_a_default_and_a_description() -> None:
    assert MessageField(3, description="steps") == MessageFieldInfo(3, "steps")
    assert MessageField().default is REQUIRED


def test_uploaded_files_are_values() -> None:
    one = UploadedFile("a.txt", "text/plain", 2, b"hi")
    assert one == UploadedFile("a.txt", "text/plain", 2, b"hi")
    with pytest.raises(AttributeError):
        one.size = 3  # type: ignore[misc]


def test_a_field_of_pydantics_says_the_same_in_other_words() -> None:
    field = pydantic.Field(0.5, description="how much", ge=0, le=1)
    assert from_pydantic(field, "here") == InputField(0.5, description="how much", ge=0, le=1)
    assert from_pydantic(pydantic.Field(), "here") == FieldInfo()
    assert from_pydantic(pydantic.Field(None), "here").default is None


def test_pydantics_other_rules_are_kept_as_they_are() -> None:
    field = from_pydantic(pydantic.Field("a", min_length=1, max_length=3, pattern="^a"), "here")
    assert (field.min_length, field.max_length) == (1, 3)
    assert [rule.pattern for rule in field.rules] == ["^a"]


def test_a_factory_of_pydantics_is_refused_naming_where() -> None:
    with pytest.raises(TypeError, match=r"here\(\) takes no default_factory"):
        from_pydantic(pydantic.Field(default_factory=list), "here")
