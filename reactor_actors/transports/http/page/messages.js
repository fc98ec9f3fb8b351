// The log of what the model and the server said: bounded, newest first.

import { byId, element } from "./elements.js";

const ENTRIES = 100;
const LETTERS = 4000;

export class Messages {
  #list = byId("messages").querySelector("ol");

  constructor() {
    byId("clear").addEventListener("click", () => this.clear());
  }

  /** Add an entry; `grave` ones are what went wrong. */
  add(type, data, { grave = false } = {}) {
    byId("messages").hidden = false;
    const text = JSON.stringify(data ?? {}, null, 1).replace(/\n\s*/g, " ");
    const shown = text.length > LETTERS ? `${text.slice(0, LETTERS)}…` : text;
    const now = new Date();
    const time = element("time", { textContent: now.toLocaleTimeString() });
    time.dateTime = now.toISOString();
    const head = element("div", {}, element("b", { textContent: type }), time);
    const entry = element("li", { className: grave ? "grave" : "" }, head);
    if (shown !== "{}" && shown !== "{ }") entry.append(element("code", { textContent: shown }));
    this.#list.prepend(entry);
    while (this.#list.childElementCount > ENTRIES) this.#list.lastElementChild.remove();
  }

  /** Forget everything. */
  clear() {
    this.#list.replaceChildren();
  }
}
