"""What the playground's modules do when something is missing, late or lost, in Node.js."""

from __future__ import annotations

import pytest

from tests.clients.scripts import run

BLOCKED = """
      for (const name of ["localStorage", "sessionStorage"]) {
        const get = () => { throw new DOMException("not here", "SecurityError"); };
        Object.defineProperty(globalThis, name, { configurable: true, get });
      }
"""


def test_where_storage_is_blocked_the_page_itself_remembers() -> None:
    script = """
      const before = module.recall("localStorage", "colour");
      module.remember("localStorage", "colour", "dark");
      tell([before, module.recall("localStorage", "colour")]);
    """
    assert run("memory.js", BLOCKED + script) == [None, "dark"]


def test_what_is_remembered_is_the_browsers_to_keep() -> None:
    script = """
      const kept = new Map([["old", "light"]]);
      const getItem = (key) => kept.get(key) ?? null;
      const store = { getItem, setItem: (key, text) => kept.set(key, text) };
      Object.defineProperty(globalThis, "sessionStorage", { configurable: true, value: store });
      module.remember("sessionStorage", "new", "dark");
      tell([module.recall("sessionStorage", "old"), kept.get("new")]);
    """
    assert run("memory.js", script) == ["light", "dark"]


def test_a_token_in_the_address_counts_until_another_is_typed_for_it() -> None:
    script = """
      const shown = [];
      globalThis.fetch = async (_url, { headers }) => {
        shown.push(headers.Authorization ?? null);
        return new Response("{}");
      };
      const at = (query) => (globalThis.location = { href: `http://127.0.0.1/${query}` });
      const steps = ["", "!typed", "?token=new", "!better", "", "?token=newer"];
      at("");
      for (const step of steps) {
        if (step.startsWith("!")) module.keepToken(step.slice(1));
        else at(step);
        await module.ask("GET", "schema");
      }
      tell(shown);
    """
    shown = run("server.js", BLOCKED + script)
    assert shown == [
        None,
        "Bearer typed",
        "Bearer new",
        "Bearer better",
        "Bearer better",
        "Bearer newer",
    ]


def test_only_the_networks_failures_say_that_the_server_is_out_of_reach() -> None:
    script = """
      globalThis.location = { href: "http://127.0.0.1/" };
      const broken = () => { throw new TypeError("terminated"); };
      const failures = [
        async () => { throw new TypeError("fetch failed"); },
        async () => ({ ok: true, text: async () => broken() }),
        async () => new Response("{"),
        async () => { throw new DOMException("left", "AbortError"); },
      ];
      const told = [];
      for (const failure of failures) {
        globalThis.fetch = failure;
        const error = await module.ask("GET", "schema").catch((error) => error);
        told.push([error instanceof module.Unreachable, error.name]);
      }
      tell(told);
    """
    assert run("server.js", BLOCKED + script) == [
        [True, "Error"],
        [True, "Error"],
        [False, "SyntaxError"],
        [False, "AbortError"],
    ]


@pytest.mark.parametrize(
    ("given", "name"), [("now", "left"), ("later", "left"), ("never", "TimeoutError")]
)
def test_a_limited_signal_ends_with_its_parent_or_its_time(given: str, name: str) -> None:
    script = """
      const parent = new AbortController();
      const leave = () => parent.abort({ name: "left" });
      if (given[0] === "now") leave();
      if (given[0] === "later") setTimeout(leave, 1);
      const awake = setTimeout(() => {}, 5000);
      const signal = module.limited(parent.signal, 0.2);
      await module.aborting(new Promise(() => {}), signal).catch(({ name }) => tell(name));
      clearTimeout(awake);
    """
    assert run("waiting.js", script, given) == name


def test_a_late_answer_is_not_taken_for_the_next_ones() -> None:
    script = """
      const clock = new module.Clock(() => {});
      const passed = (seconds) => { performance.now = () => seconds * 1000; };
      const answer = (ahead) => clock.heard({ time: module.now() + ahead, tracks: {} });
      passed(0);
      clock.ping();
      passed(4);
      clock.ping();
      passed(4.5);
      answer(70);
      const late = clock.offset;
      passed(5);
      answer(5.5);
      tell([late, clock.offset, clock.roundTrip]);
    """
    late, offset, trip = run("clock.js", script)
    assert late is None
    assert offset == pytest.approx(6, abs=0.01)
    assert trip == pytest.approx(1, abs=0.01)


STAGE = """
      const page = new EventTarget();
      globalThis.addEventListener = page.addEventListener.bind(page);
      const found = Object.assign(new EventTarget(), {
        classList: new Set(),
        blur() {},
        requestPointerLock: () => new Promise((done) => (found.lock = done)),
      });
      found.classList.remove = found.classList.delete;
      globalThis.document = Object.assign(new EventTarget(), {
        getElementById: () => found,
        exitPointerLock() { document.pointerLockElement = null; },
      });
      const sent = [];
      const capture = new module.Capture((name, data) => sent.push([name, data]));
      const role = { list: false, pair: false, motion: null };
      const play = (...roles) => {
        capture.draw(roles.map((more) => ({ ...role, flags: [], ...more })));
        found.dispatchEvent(new Event("click"));
      };
      const key = (type, code, target = page) => {
        const event = Object.assign(new Event(type, { cancelable: true }), { code });
        Object.defineProperty(event, "target", { value: target });
        page.dispatchEvent(event);
        return event.defaultPrevented;
      };
"""


def test_keys_are_the_fields_own_while_a_person_types() -> None:
    script = """
      play({ name: "go", list: true });
      const field = { matches: (selector) => selector.includes("textarea") };
      const editable = { isContentEditable: true, matches: () => false };
      const slider = { matches: () => false };
      const down = [page, field, editable].map((target) => key("keydown", "KeyW", target));
      const up = [key("keyup", "KeyW", field), key("keyup", "KeyW", field)];
      const slid = key("keydown", "KeyA", slider);
      capture.stop();
      tell([down, up, slid]);
    """
    assert run("capture.js", STAGE + script) == [[True, False, False], [True, False], True]


def test_after_a_break_the_model_is_told_once_which_keys_are_held() -> None:
    script = """
      play({ name: "go", flags: ["w", "a"] }, { name: "list", list: true },
           { name: "pair", pair: true }, { name: "look", motion: { dx: {}, dy: {} } });
      capture.restate();
      const first = sent.splice(0);
      key("keydown", "KeyW");
      key("keydown", "KeyA");
      key("keyup", "KeyW");
      await new Promise((next) => setTimeout(next, 100));
      sent.splice(0);
      capture.restate();
      const playing = sent.splice(0);
      capture.stop();
      sent.splice(0);
      capture.restate();
      const over = sent.splice(0);
      capture.restate();
      tell([first, playing, over, sent]);
    """
    first, playing, over, again = run("capture.js", STAGE + script)
    assert playing == [
        ["go", {"w": False, "a": True}],
        ["list", {"keys": ["a"]}],
        ["pair", {"key": "w", "pressed": False}],
        ["pair", {"key": "a", "pressed": True}],
    ]
    assert over == [
        ["go", {"w": False, "a": False}],
        ["list", {"keys": []}],
        ["pair", {"key": "a", "pressed": False}],
    ]
    assert first == again == []


def test_a_mouse_that_is_caught_too_late_is_let_go() -> None:
    script = """
      play({ name: "look", motion: { dx: {}, dy: {} } });
      capture.stop();
      document.pointerLockElement = found;
      found.lock();
      await new Promise((next) => setTimeout(next, 0));
      tell(document.pointerLockElement);
    """
    assert run("capture.js", STAGE + script) is None


QUEUE = """
      globalThis.location = { href: "http://127.0.0.1/" };
      const queued = { detail: "full", queue: { ticket: "t1", position: 2, size: 2 } };
      const stream = (begin) => new Response(new ReadableStream({ start: begin }));
      const said = (place) => new TextEncoder().encode(`data: ${JSON.stringify(place)}\\n\\n`);
      const told = [];
      const asked = [];
      const answers = {
        queued: () => Response.json(queued, { status: 503 }),
        in: () => Response.json({ session_id: "s" }),
        unreachable: () => { throw new TypeError("fetch failed"); },
        lost: () => Response.json({ detail: "no such ticket" }, { status: 404 }),
        ended: () => stream((it) => it.close()),
        broken: () => stream((it) => it.error(new TypeError("network error"))),
        silent: () => stream((it) => it.enqueue(said({ state: "waiting", position: 1 }))),
        ready: () => stream((it) => it.enqueue(said({ state: "ready" }))),
      };
      globalThis.fetch = async (url, { body }) => {
        asked.push(url.pathname.endsWith("start_session") ? JSON.parse(body) : "queue");
        return answers[given[0].shift()]();
      };
      const { timeout } = AbortSignal;
      AbortSignal.timeout = (ms) => timeout.call(AbortSignal, ms / 100);
      const later = globalThis.setTimeout;
      globalThis.setTimeout = (call, ms) => later(call, ms / 100);
      const report = (state, { position }) => told.push(position);
      const keep = setInterval(() => {}, 1000);
      const { signal } = new AbortController();
"""


@pytest.mark.parametrize("trouble", ["ended", "broken", "unreachable", "silent"])
def test_a_place_in_line_outlives_its_stream(trouble: str) -> None:
    script = """
      const session = await module.enter(report, signal);
      clearInterval(keep);
      tell([session.session_id, asked, told]);
    """
    answers = ["queued", trouble, trouble, "ready", "in"]
    session, asked, told = run("entrance.js", BLOCKED + QUEUE + script, answers)
    assert session == "s"
    assert asked == [{}, "queue", "queue", "queue", {"ticket": "t1"}]
    assert told == ([2, 1, 1] if trouble == "silent" else [2])


def test_a_ticket_that_is_lost_is_given_up() -> None:
    script = """
      const session = await module.enter(report, signal);
      clearInterval(keep);
      tell([session.session_id, asked]);
    """
    answers = ["queued", "broken", "lost", "in"]
    session, asked = run("entrance.js", BLOCKED + QUEUE + script, answers)
    assert session == "s"
    assert asked == [{}, "queue", "queue", {}]


def test_a_server_that_stays_out_of_reach_is_told_after_a_while() -> None:
    script = """
      let second = 0;
      performance.now = () => second++ * 1000;
      given[0].push(...Array(40).fill("unreachable"));
      const error = await module.enter(report, signal).catch((error) => error);
      clearInterval(keep);
      tell([error.message, asked.length]);
    """
    message, asked = run("entrance.js", BLOCKED + QUEUE + script, ["queued"])
    assert message == "The server is out of reach."
    assert 5 < asked < 25
