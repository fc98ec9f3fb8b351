// Making elements. Text is only ever text: nothing a server says is read as markup.

/**
 * Make an element. Properties are set as such; those with a dash, and `role`, as attributes.
 * @param {string} name
 * @param {Record<string, unknown>} [properties]
 * @param {...(Node | string)} children
 */
export function element(name, properties = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (value === undefined) continue;
    if (key === "role" || key === "for" || key.includes("-")) made.setAttribute(key, String(value));
    else made[key] = value;
  }
  made.append(...children);
  return made;
}

/** Make one of the page's own icons. */
export function icon(name) {
  const space = "http://www.w3.org/2000/svg";
  const made = document.createElementNS(space, "svg");
  made.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(space, "use");
  use.setAttribute("href", `#icon-${name}`);
  made.append(use);
  return made;
}

/** Find an element of the page by its id. */
export const byId = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

/** Turn the name of a track, command or field into words. */
export function words(name) {
  const spaced = name.replace(/[_.-]+/g, " ").trim();
  return spaced ? spaced[0].toUpperCase() + spaced.slice(1) : name;
}
