"""The playground's modules that need no browser, run by Node.js."""

from __future__ import annotations

from typing import Any

import pytest

from reactor_actors.core.schema import openapi
from reactor_actors.loader import program_of
from tests.clients.dials import Panel
from tests.clients.scripts import run


@pytest.fixture(scope="module")
def fields() -> dict[str, dict[str, Any]]:
    """The fields of a panel's parameters, as the page reads them."""
    document = openapi(program_of(Panel, {}, {}).contract())
    commands = run("schema.js", "tell(module.commandsOf(given[0]));", document)
    return {field["name"]: field for command in commands for field in command["fields"]}


@pytest.mark.parametrize(
    ("name", "kind", "more"),
    [
        ("bounded", "slider", {"minimum": 0, "maximum": 2, "step": 0.01, "fallback": 1.0}),
        ("whole", "slider", {"minimum": 1, "maximum": 9, "step": 1}),
        ("tiny", "slider", {"minimum": 0, "maximum": 0.001, "step": 0.000005}),
        ("free", "number", {"fallback": 2.5, "nullable": False}),
        ("from_zero", "number", {"minimum": 0, "maximum": None}),
        ("member", "choice", {"options": ["warm", "cold"], "fallback": "warm"}),
        ("literal", "choice", {"options": ["x", 2]}),
        ("flag", "switch", {"fallback": False}),
        ("text", "text", {"fallback": "hello", "hint": "Some words"}),
        ("maybe_text", "text", {"nullable": True, "fallback": None}),
        ("maybe_bounded", "number", {"nullable": True, "minimum": 0, "maximum": 1}),
        ("maybe_member", "choice", {"nullable": True, "options": ["warm", "cold"]}),
        ("file", "file", {"nullable": True}),
        ("items", "json", {"items": "number", "fallback": [1.0, 2.0]}),
        ("point", "json", {"nullable": True}),
        ("anything", "json", {}),
        ("needed", "text", {"required": True}),
        ("needed_file", "file", {"required": True, "nullable": False}),
    ],
)
def test_a_field_is_of_the_kind_that_its_schema_says(
    fields: dict[str, dict[str, Any]], name: str, kind: str, more: dict[str, Any]
) -> None:
    field = fields[name]
    assert field["kind"] == kind
    assert {key: field.get(key) for key in more} == more


def field(name: str, kind: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "kind": kind, "required": False, **more}


FLAGS = [field(key, "switch") for key in ("w", "a", "s", "d")]
MOTION = [field("dx", "slider"), field("dy", "number")]


@pytest.mark.parametrize(
    ("fields", "role"),
    [
        ([*FLAGS, field("shift", "switch")], {"flags": ["w", "a", "s", "d", "shift"]}),
        ([*FLAGS, field("quiet", "switch")], {"flags": ["w", "a", "s", "d"]}),
        ([*FLAGS, *MOTION], {"flags": ["w", "a", "s", "d"], "motion": {"dx": MOTION[0]}}),
        ([field("keys", "json", items="string")], {"list": True}),
        ([field("key", "text"), field("pressed", "switch")], {"pair": True}),
        (MOTION, {"motion": {"dy": MOTION[1]}}),
        (FLAGS[:3], None),
        ([field("keys", "json", items="number")], None),
        ([field("key", "text")], None),
        (MOTION[:1], None),
        ([*FLAGS, field("who", "text") | {"required": True}], None),
        ([], None),
    ],
)
def test_keys_and_mouse_are_known_by_the_shape_of_a_command(
    fields: list[dict[str, Any]], role: dict[str, Any] | None
) -> None:
    script = "tell(module.playedOf([{ name: 'go', fields: given[0] }])[0]);"
    played = run("keys.js", script, fields)
    if role is None:
        assert played is None
        return
    for key, value in role.items():
        assert played[key] == value if key != "motion" else value.items() <= played[key].items()


def test_keys_are_named_by_their_place() -> None:
    codes = ["KeyW", "Digit4", "ShiftRight", "Space", "ArrowUp", "F5", "MetaLeft"]
    names = run("keys.js", "tell(given[0].map((code) => module.nameOf(code) ?? null));", codes)
    assert names == ["w", "4", "shift", "space", "up", None, None]


def test_a_clock_that_is_ahead_and_stamps_that_wrap_around_are_understood() -> None:
    # A clock that is 1000 s ahead, and a mark 45000 ticks before the stamps begin anew.
    script = """
      const clock = new module.Clock(() => {});
      clock.ping();
      const server = module.now() + 1000;
      clock.heard({ time: server, tracks: { a: { rtp: 2 ** 32 - 45000, time: server - 3 } } });
      const at = (stamp) => module.now() - clock.shownAt("a", stamp);
      tell([clock.offset, clock.roundTrip, at(2 ** 32 - 45000), at(45000), at(2 ** 32 - 135000)]);
    """
    offset, trip, *ages = run("clock.js", script)
    assert abs(offset - 1000) < 0.05
    assert 0 <= trip < 0.05
    assert [round(age, 1) for age in ages] == [3.0, 2.0, 4.0]


def test_the_fastest_ping_counts_and_one_without_a_question_does_not() -> None:
    script = """
      const clock = new module.Clock(() => {});
      const wait = (ms) => new Promise((next) => setTimeout(next, ms));
      for (const [ms, ahead] of [[200, 7], [1, 5], [200, 9]]) {
        clock.ping();
        await wait(ms);
        clock.heard({ time: module.now() + ahead, tracks: {} });
      }
      clock.heard({ time: module.now() + 70, tracks: {} });
      tell([clock.offset, clock.shownAt("none", 1)]);
    """
    offset, unknown = run("clock.js", script)
    assert abs(offset - 5) < 0.1
    assert unknown is None


def test_of_values_that_come_while_one_is_sent_only_the_last_goes_out() -> None:
    script = """
      const sent = [];
      let done;
      let busy = 0;
      const latest = new module.Latest(async (value) => {
        sent.push([value, ++busy]);
        await new Promise((next) => (done = next));
        busy--;
      });
      const until = async (met) => { while (!met()) await new Promise((n) => setTimeout(n, 5)); };
      latest.offer(1, 20);
      await until(() => sent.length === 1);
      for (let value = 2; value <= 50; value++) latest.offer(value, 20);
      done();
      await until(() => sent.length === 2);
      latest.settle(51, 20);
      done();
      await until(() => sent.length === 3);
      done();
      latest.offer(52, 20);
      latest.clear();
      await new Promise((next) => setTimeout(next, 60));
      tell(sent);
    """
    assert run("latest.js", script) == [[1, 1], [50, 1], [51, 1]]
