// The panel made from the schema: live parameters, forms and buttons, and what was refused.

import { byId, element, words } from "./elements.js";
import { controlOf } from "./fields.js";
import { Latest } from "./latest.js";
import { isSetter } from "./schema.js";

const PAUSE = 60;
const TYPING = 350;
const FORGIVEN = 400;

/**
 * @typedef {object} Sender
 * @property {(name: string, data: object, uploads?: object) => Promise<void>} command
 * @property {(file: File) => Promise<object>} upload
 */

export class Controls {
  #sender;
  #commands = new Map();

  /** @param {Sender} sender throws when nothing can be sent now */
  constructor(sender) {
    this.#sender = sender;
  }

  /** Draw the controls of these commands; `played` ones are driven by keys and mouse, too. */
  draw(commands, played) {
    this.#commands.clear();
    const setters = commands.filter(isSetter);
    const others = commands.filter((command) => !isSetter(command));
    byId("live").hidden = !setters.length;
    byId("commands").hidden = !others.length;
    byId("live").querySelector(".fields").replaceChildren(...setters.map((c) => this.#setter(c)));
    const forms = others.filter((command) => command.fields.length && !played.has(command.name));
    const buttons = others.filter((command) => !command.fields.length);
    const keys = others.filter((command) => command.fields.length && played.has(command.name));
    const place = (part, drawn) => {
      byId("commands").querySelector(`.${part}`).replaceChildren(...drawn);
    };
    place("forms", forms.map((command) => this.#form(command)));
    place("buttons", buttons.map((command) => this.#button(command)));
    const head = element("summary", { textContent: "Driven by keyboard and mouse" });
    const folded = element("details", {}, head, ...keys.map((command) => this.#form(command)));
    place("played", keys.length ? [folded] : []);
  }

  /** Show every default again: a session has begun, or the model anew. */
  reset() {
    for (const { controls, latest } of this.#commands.values()) {
      latest?.clear();
      for (const control of controls.values()) {
        control.reset();
        control.refuse("");
      }
    }
  }

  /** Show that the server has refused a command, at the field that is to blame. */
  refused({ command, message }) {
    const known = this.#commands.get(command);
    if (!known) return;
    clearTimeout(known.forgiving);
    const named = [...known.controls].find(([name]) => message.startsWith(`${name}:`));
    const control = named?.[1] ?? (known.controls.size === 1 && [...known.controls.values()][0]);
    if (control) control.refuse(named ? message.slice(named[0].length + 1).trim() : message);
    else known.refuse(message);
  }

  #setter(command) {
    const [field] = command.fields;
    const latest = new Latest((value) => this.#send(command.name, { [field.name]: value }));
    const slow = field.kind === "text" || field.kind === "json";
    const control = controlOf(field, (settled) => {
      const value = this.#read(control);
      if (value === undefined) return;
      if (slow && !settled) latest.settle(value, TYPING);
      else latest.offer(value, PAUSE);
    });
    this.#know(command, new Map([[field.name, control]]), { latest });
    return control.row;
  }

  #form(command) {
    const controls = new Map(
      command.fields.map((field) => [field.name, controlOf(field, () => {})]),
    );
    const error = element("p", { className: "error", role: "alert", hidden: true });
    const send = element("button", { type: "submit", textContent: words(command.name) });
    const rows = [...controls.values()].map((control) => control.row);
    const form = element("form", { noValidate: true }, ...this.#summary(command), ...rows, send, error);
    form.dataset.command = command.name;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const data = {};
      for (const [name, control] of controls) {
        const value = this.#read(control);
        if (value === undefined) return;
        data[name] = value;
      }
      this.#send(command.name, data);
    });
    this.#know(command, controls, { refuse: (text) => shown(error, text) });
    return form;
  }

  #button(command) {
    const button = element("button", {
      type: "button",
      textContent: words(command.name),
      title: command.summary,
    });
    button.dataset.command = command.name;
    button.addEventListener("click", () => this.#send(command.name, {}));
    const error = byId("commands").querySelector(":scope > .error");
    this.#know(command, new Map(), {
      refuse: (text) => shown(error, text && `${words(command.name)}: ${text}`),
    });
    return button;
  }

  #summary({ name, summary }) {
    const plain = !summary || words(summary).replace(/\.$/, "") === words(name);
    return plain ? [] : [element("p", { className: "hint", textContent: summary })];
  }

  #know({ name, fields }, controls, { latest = null, refuse = () => {} }) {
    this.#commands.set(name, { fields, controls, latest, refuse, forgiving: undefined });
  }

  #read(control) {
    try {
      return control.read();
    } catch (error) {
      control.refuse(error.message);
      return undefined;
    }
  }

  /** Send a command, its files first. What was refused before is forgiven, unless it comes again. */
  async #send(name, data) {
    const known = this.#commands.get(name);
    clearTimeout(known.forgiving);
    known.forgiving = setTimeout(() => this.#forgive(known), FORGIVEN);
    try {
      const uploads = {};
      const plain = { ...data };
      for (const [key, value] of Object.entries(data)) {
        if (!(value instanceof File)) continue;
        uploads[key] = await this.#sender.upload(value);
        delete plain[key];
      }
      await this.#sender.command(name, plain, uploads);
    } catch (error) {
      this.refused({ command: name, message: error.message });
    }
  }

  #forgive(known) {
    known.refuse("");
    for (const control of known.controls.values()) control.refuse("");
  }
}

function shown(element, text) {
  element.textContent = text;
  element.hidden = !text;
}
