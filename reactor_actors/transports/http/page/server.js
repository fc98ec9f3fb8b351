// The server's routes, below whatever path this page was loaded from, and the token they may want.

const base = new URL("../", import.meta.url);
const kept = `playground token ${base.pathname}`;

/** What the server would not do: its status, its sentence, and whatever else it said. */
export class Refused extends Error {
  constructor(status, body, retryAfter) {
    super(typeof body.detail === "string" ? body.detail : `The server answered ${status}.`);
    this.status = status;
    this.body = body;
    this.retryAfter = retryAfter;
  }
}

/** Say whether a token is known. */
export const hasToken = () => Boolean(token());

/** Remember a token for as long as this tab lives. */
export function keepToken(value) {
  sessionStorage.setItem(kept, value);
}

function token() {
  return sessionStorage.getItem(kept) ?? new URL(location.href).searchParams.get("token");
}

/**
 * Send a request; refusals are thrown as `Refused`, an unreachable server as `TypeError`.
 * @returns {Promise<Response>}
 */
export async function request(method, path, { body, headers = {}, ...options } = {}) {
  const shown = token();
  // A header carries nothing but ASCII; the prefix carries any token.
  const plain = shown && /^[!-~]+$/.test(shown);
  const prefix = shown && !plain ? `t/${encodeURIComponent(shown)}/` : "";
  const response = await fetch(new URL(prefix + path, base), {
    method,
    body: body === undefined || body instanceof Blob ? body : JSON.stringify(body),
    headers: plain ? { Authorization: `Bearer ${shown}`, ...headers } : headers,
    cache: "no-store",
    ...options,
  });
  if (!response.ok) {
    const told = await response.json().catch(() => ({}));
    const after = Number(response.headers.get("Retry-After"));
    throw new Refused(response.status, told, after > 0 ? after : undefined);
  }
  return response;
}

/** Send a request and return the JSON of the answer; null when there is none. */
export async function ask(method, path, options) {
  const text = await (await request(method, path, options)).text();
  return text ? JSON.parse(text) : null;
}

/** Wait; rejects at once when the signal is aborted. */
export function pause(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const end = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", end);
      resolve();
    }, milliseconds);
    signal?.addEventListener("abort", end, { once: true });
  });
}
