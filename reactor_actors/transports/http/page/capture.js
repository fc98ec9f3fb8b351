// Playing with keyboard and mouse: what is held and moved becomes commands, at most 60 a second.

import { byId } from "./elements.js";
import { nameOf, within } from "./keys.js";

const PAUSE = 1000 / 60;
const TYPED = "textarea, select, input:not([type=range], [type=checkbox], [type=file])";

export class Capture {
  #send;
  #played = [];
  #held = new Set();
  #turns = [];
  #told = new Set();
  #moved = { dx: 0, dy: 0 };
  #timer = null;
  #sent = 0;
  #said = "";
  #playing = null;
  #offer = "";

  /** @param {(name: string, data: object) => void} send never throws */
  constructor(send) {
    this.#send = send;
    byId("play").addEventListener("click", () => this.#begin());
  }

  /** Offer to play with these commands, if there are any. */
  draw(played) {
    this.stop();
    this.#told.clear();
    this.#played = played;
    const keys = played.some((role) => role.flags.length || role.list || role.pair);
    const walk = played.some((role) => role.flags.includes("w")) ? "WASD" : "keys";
    const mouse = played.some((role) => role.motion);
    const means = [keys ? walk : "", mouse ? "mouse" : ""].filter(Boolean).join(" + ");
    byId("play").hidden = !played.length;
    this.#offer = `Click to play: ${means}`;
    byId("play").textContent = this.#offer;
  }

  /** Say again which keys are held: the model may have missed that they were let go. */
  restate() {
    if (!this.#told.size) return;
    for (const role of this.#played) {
      const keys = role.pair ? [...this.#told] : [];
      const turns = keys.map((key) => ({ key, pressed: this.#held.has(key) }));
      if (!turns.length && (role.list || role.flags.length)) turns.push({});
      for (const turn of turns) this.#send(role.name, { ...this.#state(role), ...turn });
    }
    this.#told = new Set(this.#held);
  }

  /** Let everything go. */
  stop() {
    if (!this.#playing) return;
    this.#playing.abort();
    this.#playing = null;
    byId("stage").classList.remove("playing");
    byId("play").textContent = this.#offer;
    if (document.pointerLockElement) document.exitPointerLock();
    this.#turns.push(...[...this.#held].map((key) => ({ key, pressed: false })));
    this.#held.clear();
    this.#moved = { dx: 0, dy: 0 };
    clearTimeout(this.#timer);
    this.#timer = null;
    while (this.#flush());
  }

  async #begin() {
    if (this.#playing) return;
    this.#playing = new AbortController();
    const { signal } = this.#playing;
    const stage = byId("stage");
    stage.classList.add("playing");
    byId("play").textContent = "Esc to stop";
    addEventListener("keydown", (event) => this.#key(event, true), { signal, capture: true });
    addEventListener("keyup", (event) => this.#key(event, false), { signal, capture: true });
    addEventListener("blur", () => this.stop(), { signal });
    byId("play").blur();
    if (!this.#played.some((role) => role.motion)) return;
    addEventListener("mousemove", (event) => this.#move(event), { signal });
    try {
      // Without it the browser's acceleration would turn the head twice.
      await stage.requestPointerLock({ unadjustedMovement: true });
    } catch {
      try {
        if (!signal.aborted) await stage.requestPointerLock();
      } catch {
        // Keys alone are better than nothing.
      }
    }
    if (signal.aborted) {
      if (!this.#playing && document.pointerLockElement) document.exitPointerLock();
      return;
    }
    const freed = () => !document.pointerLockElement && this.stop();
    document.addEventListener("pointerlockchange", freed, { signal });
  }

  #key(event, pressed) {
    if (event.code === "Escape") {
      this.stop();
      return;
    }
    const key = nameOf(event.code);
    const freed = !pressed && this.#held.has(key);
    // What is typed into a field is its own; a key that was held before is let go all the same.
    if (!freed && isTyped(event.target)) return;
    if (!key || event.metaKey || !this.#takes(key)) return;
    event.preventDefault();
    event.stopPropagation();
    if (event.repeat || this.#held.has(key) === pressed) return;
    if (pressed) {
      this.#held.add(key);
      this.#told.add(key);
    } else {
      this.#held.delete(key);
    }
    this.#turns.push({ key, pressed });
    this.#soon();
  }

  /** Keys that no command takes are the browser's, as they always are. */
  #takes(key) {
    return this.#played.some((role) => role.list || role.pair || role.flags.includes(key));
  }

  #move({ movementX, movementY }) {
    if (!document.pointerLockElement) return;
    this.#moved.dx += movementX;
    this.#moved.dy += movementY;
    this.#soon();
  }

  #soon() {
    if (this.#timer !== null) return;
    const wait = Math.max(0, this.#sent + PAUSE - performance.now());
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#sent = performance.now();
      if (this.#flush()) this.#soon();
    }, wait);
  }

  /** Send what there is, each command at most once; says whether something is left. */
  #flush() {
    const state = [...this.#held].sort().join();
    const turn = this.#turns.shift();
    const changed = state !== this.#said;
    this.#said = state;
    const motion = this.#motion();
    const moves = motion.dx !== 0 || motion.dy !== 0;
    for (const role of this.#played) {
      const data = changed ? this.#state(role) : {};
      if (turn && role.pair) Object.assign(data, turn);
      if (moves && role.motion) Object.assign(data, motion);
      if (!Object.keys(data).length) continue;
      // What a command says of the keys holds for every one of them.
      this.#send(role.name, { ...data, ...this.#state(role) });
    }
    return this.#turns.length > 0 || (moves && (this.#moved.dx !== 0 || this.#moved.dy !== 0));
  }

  /** What a command says of all keys at once. */
  #state(role) {
    const state = Object.fromEntries(role.flags.map((key) => [key, this.#held.has(key)]));
    return role.list ? { keys: [...this.#held].sort(), ...state } : state;
  }

  /** Take as much of the movement as one command may carry. */
  #motion() {
    const taken = { dx: 0, dy: 0 };
    const role = this.#played.find(({ motion }) => motion);
    if (!role) return taken;
    for (const axis of ["dx", "dy"]) {
      taken[axis] = within(role.motion[axis], this.#moved[axis]);
      this.#moved[axis] -= taken[axis];
    }
    return taken;
  }
}

/** Say whether an element takes what is typed. */
function isTyped(target) {
  return Boolean(target?.isContentEditable || target?.matches?.(TYPED));
}
