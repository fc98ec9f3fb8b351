// Playing with keyboard and mouse: what is held and moved becomes commands, at most 60 a second.

import { byId } from "./elements.js";
import { nameOf, within } from "./keys.js";

const PAUSE = 1000 / 60;

export class Capture {
  #send;
  #played = [];
  #held = new Set();
  #turns = [];
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
    this.#played = played;
    const keys = played.some((role) => role.flags.length || role.list || role.pair);
    const walk = played.some((role) => role.flags.includes("w")) ? "WASD" : "keys";
    const mouse = played.some((role) => role.motion);
    const means = [keys ? walk : "", mouse ? "mouse" : ""].filter(Boolean).join(" + ");
    byId("play").hidden = !played.length;
    this.#offer = `Click to play: ${means}`;
    byId("play").textContent = this.#offer;
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
        await stage.requestPointerLock();
      } catch {
        // Keys alone are better than nothing.
      }
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
    if (!key || event.metaKey || !this.#takes(key)) return;
    event.preventDefault();
    event.stopPropagation();
    if (event.repeat || this.#held.has(key) === pressed) return;
    if (pressed) this.#held.add(key);
    else this.#held.delete(key);
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
    const held = [...this.#held].sort();
    const state = held.join();
    const turn = this.#turns.shift();
    const changed = state !== this.#said;
    this.#said = state;
    const motion = this.#motion();
    const moves = motion.dx !== 0 || motion.dy !== 0;
    for (const role of this.#played) {
      const data = {};
      if (changed && role.list) data.keys = held;
      if (changed) for (const key of role.flags) data[key] = this.#held.has(key);
      if (turn && role.pair) Object.assign(data, turn);
      if (moves && role.motion) Object.assign(data, motion);
      if (!Object.keys(data).length) continue;
      // What a command says of the keys holds for every one of them.
      if (role.list) data.keys = held;
      for (const key of role.flags) data[key] = this.#held.has(key);
      this.#send(role.name, data);
    }
    return this.#turns.length > 0 || (moves && (this.#moved.dx !== 0 || this.#moved.dy !== 0));
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
