// One control for each kind of field. A control reads and writes one value; it knows no command.

import { element, icon, words } from "./elements.js";

/**
 * @typedef {object} Control
 * @property {HTMLElement} row
 * @property {HTMLElement} input what gets the focus
 * @property {() => any} read returns the value; throws what is wrong with it
 * @property {(value: any) => void} write shows a value without telling anybody
 * @property {(text: string) => void} refuse shows what is wrong; an empty text is good news
 */

let made = 0;

/**
 * Make the control of a field. `changed(settled)` is called when a person has changed it: not yet
 * `settled` while they drag or type. @returns {Control}
 */
export function controlOf(field, changed) {
  const id = `field-${++made}`;
  const parts = MAKERS[field.kind](field, id, changed);
  const hint = element("p", { id: `${id}-hint`, className: "hint", textContent: field.hint });
  const error = element("p", { id: `${id}-error`, className: "error", role: "alert", hidden: true });
  const back = element(
    "button",
    { type: "button", className: "plain small back", "aria-label": `Reset ${words(field.name)}` },
    icon("reset"),
  );
  back.title = "Back to the default";
  const label = element("label", { for: id, textContent: words(field.name) });
  const head = element("div", { className: "head" }, label, ...(parts.side ?? []), back);
  const row = element("div", { className: `field ${field.kind}` }, head, ...parts.body, hint, error);
  row.dataset.name = field.name;
  hint.hidden = !field.hint;
  parts.input.id = id;
  parts.input.setAttribute("aria-describedby", `${hint.id} ${error.id}`);
  const fallback = initial(field);
  const mark = () => {
    back.classList.toggle("unused", same(attempt(parts.read), fallback));
  };
  const write = (value) => {
    parts.write(value);
    mark();
  };
  for (const kind of ["input", "change"]) row.addEventListener(kind, mark);
  back.addEventListener("click", () => {
    write(fallback);
    changed(true);
  });
  write(fallback);
  return {
    row,
    input: parts.input,
    read: parts.read,
    write,
    reset: () => write(fallback),
    refuse(text) {
      error.textContent = text;
      error.hidden = !text;
      parts.input.setAttribute("aria-invalid", String(Boolean(text)));
    },
  };
}

/** Return what a field shows before anybody has touched it. */
function initial({ kind, fallback, minimum, options, nullable }) {
  if (fallback !== undefined) return fallback;
  if (nullable) return null;
  if (kind === "slider" || kind === "number") return minimum ?? 0;
  if (kind === "choice") return options[0];
  return { switch: false, text: "", file: null, json: null }[kind];
}

const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);

function attempt(read) {
  try {
    return read();
  } catch {
    return undefined;
  }
}

function number(text, { nullable }) {
  if (text.trim() === "" && nullable) return null;
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value)) throw new Error("A number is expected.");
  return value;
}

const MAKERS = {
  slider(field, id, changed) {
    const { minimum, maximum, step } = field;
    const slider = element("input", { type: "range", step: step ?? "any" });
    // The bounds first: a slider cuts its value down to those it has.
    slider.min = minimum;
    slider.max = maximum;
    const exact = element("input", { type: "number", step: "any", className: "exact" });
    exact.setAttribute("aria-label", `${words(field.name)}, exactly`);
    const fill = () => {
      const part = (slider.value - minimum) / (maximum - minimum);
      slider.style.setProperty("--part", String(Math.min(1, Math.max(0, part))));
    };
    slider.addEventListener("input", () => {
      exact.value = slider.value;
      fill();
      changed(false);
    });
    slider.addEventListener("change", () => changed(true));
    exact.addEventListener("input", () => {
      slider.value = exact.value;
      fill();
      changed(false);
    });
    return {
      input: slider,
      side: [exact],
      body: [slider],
      read: () => number(exact.value, field),
      write(value) {
        slider.value = exact.value = value;
        fill();
      },
    };
  },

  number(field, id, changed) {
    const input = element("input", { type: "number", step: field.step ?? "any" });
    if (field.minimum !== undefined) input.min = field.minimum;
    if (field.maximum !== undefined) input.max = field.maximum;
    if (field.nullable) input.placeholder = "none";
    input.addEventListener("input", () => changed(false));
    return {
      input,
      body: [input],
      read: () => number(input.value, field),
      write: (value) => (input.value = value ?? ""),
    };
  },

  choice(field, id, changed) {
    const options = field.nullable && !field.options.includes(null) ? [null] : [];
    options.push(...field.options);
    const input = element("select");
    for (const [place, option] of options.entries()) {
      input.append(element("option", { value: place, textContent: option ?? "none" }));
    }
    input.addEventListener("change", () => changed(true));
    return {
      input,
      body: [input],
      read: () => options[input.value],
      write: (value) => (input.value = options.findIndex((option) => same(option, value))),
    };
  },

  switch(field, id, changed) {
    if (field.nullable) return MAKERS.choice({ ...field, options: [true, false] }, id, changed);
    const input = element("input", { type: "checkbox", role: "switch" });
    input.addEventListener("change", () => changed(true));
    return {
      input,
      side: [input],
      body: [],
      read: () => input.checked,
      write: (value) => (input.checked = Boolean(value)),
    };
  },

  text(field, id, changed) {
    const input = element("textarea", { rows: 2, spellcheck: false });
    if (field.nullable) input.placeholder = "none";
    input.addEventListener("input", () => changed(false));
    input.addEventListener("change", () => changed(true));
    return {
      input,
      body: [input],
      read: () => (input.value === "" && field.nullable ? null : input.value),
      write: (value) => (input.value = value ?? ""),
    };
  },

  file(field, id, changed) {
    const input = element("input", { type: "file" });
    input.addEventListener("change", () => changed(true));
    return {
      input,
      body: [input],
      read: () => input.files[0] ?? null,
      write: () => (input.value = ""),
    };
  },

  json(field, id, changed) {
    const input = element("textarea", { rows: 2, spellcheck: false, className: "code" });
    input.addEventListener("input", () => changed(false));
    input.addEventListener("change", () => changed(true));
    return {
      input,
      body: [input],
      read() {
        try {
          return input.value.trim() === "" ? null : JSON.parse(input.value);
        } catch {
          throw new Error("This is not JSON yet.");
        }
      },
      write: (value) => (input.value = JSON.stringify(value ?? null)),
    };
  },
};
