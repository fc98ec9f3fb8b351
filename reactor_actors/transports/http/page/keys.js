// Which commands are keys and which are the mouse, by the shape of their fields. Pure.
//
// Flags: boolean fields called like keys, w a s d or up down left right among them: all that are
// held, and no others.
// A list: a field `keys`, a list of texts: the names of all keys that are held.
// A pair: fields `key` and `pressed`: one key at a time, as it goes down or up.
// Motion: numeric fields `dx` and `dy`: how far the mouse has moved since the last one.

const WALKS = ["w a s d", "up down left right"].map((keys) => keys.split(" "));
const CODES = {
  ShiftLeft: "shift",
  ShiftRight: "shift",
  ControlLeft: "ctrl",
  ControlRight: "ctrl",
  AltLeft: "alt",
  AltRight: "alt",
  Space: "space",
  Enter: "enter",
  Tab: "tab",
  ArrowUp: "up",
  ArrowDown: "down",
  ArrowLeft: "left",
  ArrowRight: "right",
};
const NAMES = new Set([...Object.values(CODES), ..."abcdefghijklmnopqrstuvwxyz"]);

/** Return the name of a key by its place on the keyboard; nothing for those that have none. */
export function nameOf(code) {
  return CODES[code] ?? /^(?:Key([A-Z])|Digit([0-9]))$/.exec(code)?.slice(1).join("").toLowerCase();
}

/**
 * @typedef {object} Played
 * @property {string} name
 * @property {string[]} flags
 * @property {boolean} list
 * @property {boolean} pair
 * @property {{dx: object, dy: object} | null} motion
 */

/** Return the commands that keys and mouse can drive. @returns {Played[]} */
export function playedOf(commands) {
  return commands.map(roleOf).filter((role) => role !== null);
}

function roleOf({ name, fields }) {
  const byName = new Map(fields.map((field) => [field.name, field]));
  const kind = (field) => byName.get(field)?.kind;
  const booleans = fields.filter((field) => field.kind === "switch").map((field) => field.name);
  const walks = WALKS.some((keys) => keys.every((key) => booleans.includes(key)));
  const flags = walks ? booleans.filter((key) => NAMES.has(key)) : [];
  const list = byName.get("keys")?.items === "string";
  const pair = ["text", "choice"].includes(kind("key")) && kind("pressed") === "switch";
  const numeric = (field) => ["slider", "number"].includes(kind(field));
  const moves = numeric("dx") && numeric("dy");
  const motion = moves ? { dx: byName.get("dx"), dy: byName.get("dy") } : null;
  const used = new Set([...flags, ...(list ? ["keys"] : []), ...(pair ? ["key", "pressed"] : [])]);
  if (moves) used.add("dx").add("dy");
  if (!used.size || fields.some((field) => field.required && !used.has(field.name))) return null;
  return { name, flags, list, pair, motion };
}

/** Keep a movement within what its field takes. */
export function within({ minimum = -Infinity, maximum = Infinity, step }, value) {
  const cut = Math.min(maximum, Math.max(minimum, value));
  return step === 1 ? Math.trunc(cut) : cut;
}
