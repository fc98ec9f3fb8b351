// What is remembered from one visit to the next; where a browser keeps nothing, for this visit.

const here = new Map();

/**
 * Remember a text.
 * @param {"localStorage" | "sessionStorage"} store for this browser, or for this tab
 */
export function remember(store, key, text) {
  here.set(key, text);
  try {
    globalThis[store].setItem(key, text);
  } catch {
    // Storage may be blocked, or full.
  }
}

/** Return what was remembered, or null. */
export function recall(store, key) {
  try {
    return here.get(key) ?? globalThis[store].getItem(key);
  } catch {
    return null;
  }
}
