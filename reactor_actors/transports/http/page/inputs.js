// Sending something into the model's inputs: one card per track, off until somebody asks.

import { byId, element, words } from "./elements.js";
import { Denied } from "./peer.js";
import { device, devices, film, hasDevices, pattern, record, tone } from "./sources.js";
import { pause } from "./waiting.js";

// So long a server may take a connection that was lost for one that still sends.
const CLAIMED_SECONDS = 30;
const AGAIN_SECONDS = 2;

const MADE = {
  video: { device: "Camera", own: ["pattern", "Test pattern", pattern], file: film, accept: "video/*" },
  audio: { device: "Microphone", own: ["tone", "Test tone", tone], file: record, accept: "audio/*" },
};

export class Inputs {
  #cards = new Map();
  #peer = null;

  /** Take a new connection: draw a card per input, and send again what was being sent. */
  attach(peer) {
    this.#peer = peer;
    const wanted = peer.tracks.filter((track) => track.direction === "sendonly");
    for (const [name, card] of this.#cards) {
      if (wanted.some((track) => track.name === name && track.kind === card.kind)) continue;
      card.stop();
      this.#cards.delete(name);
    }
    for (const { name, kind } of wanted) {
      if (!this.#cards.has(name)) this.#cards.set(name, new Card(name, kind, () => this.#peer));
    }
    const rows = wanted.map(({ name }) => this.#cards.get(name).row);
    byId("inputs").querySelector(".cards").replaceChildren(...rows);
    byId("inputs").hidden = !rows.length;
    for (const card of this.#cards.values()) card.resume();
  }

  /** The connection is gone; sources stay open for the next one. */
  detach() {
    this.#peer = null;
  }

  /** End everything. */
  close() {
    for (const card of this.#cards.values()) card.stop();
  }
}

/** One input: what to send, a button, and a small picture of what is sent. */
class Card {
  #peer;
  #source = null;
  #turn = 0;

  constructor(name, kind, peer) {
    this.name = name;
    this.kind = kind;
    this.#peer = peer;
    const id = `input-${name}`;
    this.choice = element("select", { id });
    this.file = element("input", { type: "file", accept: MADE[kind].accept, hidden: true });
    this.file.setAttribute("aria-label", `File for ${words(name)}`);
    this.button = element("button", { type: "button" });
    this.error = element("p", { className: "error", role: "alert", hidden: true });
    this.preview = element("video", { muted: true, autoplay: true, playsInline: true, hidden: true });
    this.preview.setAttribute("aria-label", `What is sent into ${words(name)}`);
    const head = element("div", { className: "head" }, element("label", { for: id, textContent: words(name) }));
    const act = element("div", { className: "act" }, this.choice, this.button);
    this.row = element("div", { className: "input" }, head, act, this.file, this.preview, this.error);
    this.row.dataset.name = name;
    this.button.addEventListener("click", () => (this.#source ? this.#end() : this.#begin()));
    this.choice.addEventListener("change", () => this.#chosen());
    this.file.addEventListener("change", () => this.file.files[0] && this.#begin());
    this.#offer([]);
    this.#list();
    this.#shown();
  }

  /** Send again over a new connection what was being sent over the last one. */
  async resume() {
    if (!this.#source) return;
    this.#say("");
    await this.#publish(this.#source, CLAIMED_SECONDS);
  }

  /** Stop, without telling anybody. */
  stop() {
    this.#turn++;
    this.#source?.stop();
    this.#source = null;
    this.#shown();
  }

  async #list() {
    const general = MADE[this.kind].device;
    const found = await devices(this.kind);
    this.#offer(found.map(({ deviceId, label }) => [`device ${deviceId}`, label || general]));
  }

  #offer(found) {
    const { device: general, own } = MADE[this.kind];
    if (!found.length && hasDevices()) found = [["device ", general]];
    const options = [...found, [own[0], own[1]], ["file", "File…"]];
    const before = this.choice.value;
    this.choice.replaceChildren(
      ...options.map(([value, textContent]) => element("option", { value, textContent })),
    );
    if (options.some(([value]) => value === before)) this.choice.value = before;
  }

  #chosen() {
    this.#say("");
    this.file.hidden = this.choice.value !== "file";
    if (this.#source && this.choice.value !== "file") this.#begin();
  }

  async #begin() {
    const turn = ++this.#turn;
    this.#say("");
    this.button.disabled = true;
    try {
      const source = await this.#open();
      if (turn !== this.#turn) return source.stop();
      this.#source?.stop();
      this.#source = source;
      source.track.addEventListener("ended", () => source === this.#source && this.#end());
      if (this.kind === "video") this.preview.srcObject = new MediaStream([source.track]);
      await this.#publish(source);
      await this.#list();
    } catch (error) {
      this.#say(error.message);
    } finally {
      this.button.disabled = false;
      this.#shown();
    }
  }

  #open() {
    const { own, file } = MADE[this.kind];
    if (this.choice.value === own[0]) return own[2]();
    if (this.choice.value.startsWith("device ")) return device(this.kind, this.choice.value.slice(7));
    if (!this.file.files[0]) {
      this.file.hidden = false;
      this.file.click();
      throw new Error("Choose a file.");
    }
    return file(this.file.files[0]);
  }

  /** Send a source, and ask again for some seconds while the server denies it. */
  async #publish(source, patience = 0) {
    const peer = this.#peer();
    const end = performance.now() + patience * 1000;
    while (source === this.#source && peer === this.#peer()) {
      try {
        if (!peer) throw new Error("There is no connection.");
        await peer.publish(this.name, source.track);
        return this.#say("");
      } catch (error) {
        if (source !== this.#source) return;
        // The next connection resumes what this one could not finish.
        if (peer?.closed) return;
        this.#say(`It was not taken: ${error.message}`);
        if (!(error instanceof Denied) || performance.now() >= end) return this.stop();
      }
      await pause(AGAIN_SECONDS * 1000);
    }
  }

  async #end() {
    this.stop();
    await this.#peer()?.unpublish(this.name);
  }

  #say(text) {
    this.error.textContent = text;
    this.error.hidden = !text;
  }

  #shown() {
    const on = Boolean(this.#source);
    this.button.textContent = on ? "Stop" : "Start";
    this.button.setAttribute("aria-label", `${on ? "Stop" : "Start"} ${words(this.name)}`);
    this.row.classList.toggle("on", on);
    this.preview.hidden = !on || this.kind !== "video";
    if (!on) this.preview.srcObject = null;
  }
}
