"""What hypothesis draws for the tests of this folder."""

from __future__ import annotations

from hypothesis import strategies as st

from reactor_actors.core.wire.frames import Channel

texts = st.text(max_size=20)
channels = st.sampled_from(Channel)

# Numbers that both framings carry exactly; a Struct returns the integers as floats.
numbers = st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
values = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)
objects = st.dictionaries(texts, values, max_size=4)
payloads = st.binary(max_size=400) | st.text(max_size=400)
