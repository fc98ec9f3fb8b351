// Dark and light: what the system prefers, until a person says otherwise.

import { byId } from "./elements.js";
import { recall, remember } from "./memory.js";

const KEPT = "playground theme";
const dark = matchMedia("(prefers-color-scheme: dark)");

/** Have the button change between dark and light, and remember it. */
export function keepTheme() {
  const kept = recall("localStorage", KEPT);
  if (kept) document.documentElement.dataset.theme = kept;
  byId("theme").addEventListener("click", () => {
    const shown = document.documentElement.dataset.theme ?? (dark.matches ? "dark" : "light");
    const next = shown === "dark" ? "light" : "dark";
    document.documentElement.dataset.theme = next;
    remember("localStorage", KEPT, next);
  });
}
