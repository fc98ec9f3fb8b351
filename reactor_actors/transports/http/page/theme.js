// Dark and light: what the system prefers, until a person says otherwise.

import { byId } from "./elements.js";

const KEPT = "playground theme";
const dark = matchMedia("(prefers-color-scheme: dark)");

/** Have the button change between dark and light, and remember it. */
export function keepTheme() {
  const kept = localStorage.getItem(KEPT);
  if (kept) document.documentElement.dataset.theme = kept;
  byId("theme").addEventListener("click", () => {
    const shown = document.documentElement.dataset.theme ?? (dark.matches ? "dark" : "light");
    const next = shown === "dark" ? "light" : "dark";
    document.documentElement.dataset.theme = next;
    localStorage.setItem(KEPT, next);
  });
}
