// The server's routes, below whatever path this page was loaded from, and the token they may want.

import { recall, remember } from "./memory.js";

const base = new URL("../", import.meta.url);
const kept = `playground token ${base.pathname}`;
const replaced = `${kept} replaced`;

/** What the server would not do: its status, its sentence, and whatever else it said. */
export class Refused extends Error {
  constructor(status, body, retryAfter) {
    super(typeof body.detail === "string" ? body.detail : `The server answered ${status}.`);
    this.status = status;
    this.body = body;
    this.retryAfter = retryAfter;
  }
}

/** The network has not brought a request there, or not its answer back. */
export class Unreachable extends Error {
  constructor() {
    super("The server is out of reach.");
  }
}

/** Say whether a token is known. */
export const hasToken = () => Boolean(token());

/** Remember a token for as long as this tab lives. */
export function keepToken(value) {
  remember("sessionStorage", kept, value);
  remember("sessionStorage", replaced, addressed() ?? "");
}

const addressed = () => new URL(location.href).searchParams.get("token");

/** The token of the address, unless another was typed in place of that very one. */
function token() {
  const given = addressed();
  if (given !== null && recall("sessionStorage", replaced) !== given) return given;
  return recall("sessionStorage", kept);
}

/**
 * Send a request; refusals are thrown as `Refused`, failures of the network as `Unreachable`.
 * @returns {Promise<Response>}
 */
export async function request(method, path, { body, headers = {}, ...options } = {}) {
  const shown = token();
  // A header carries nothing but ASCII; the prefix carries any token.
  const plain = shown && /^[!-~]+$/.test(shown);
  const prefix = shown && !plain ? `t/${encodeURIComponent(shown)}/` : "";
  const sent = fetch(new URL(prefix + path, base), {
    method,
    body: body === undefined || body instanceof Blob ? body : JSON.stringify(body),
    headers: plain ? { Authorization: `Bearer ${shown}`, ...headers } : headers,
    cache: "no-store",
    ...options,
  });
  const response = await carried(sent);
  if (!response.ok) {
    const told = await response.json().catch(() => ({}));
    const after = Number(response.headers.get("Retry-After"));
    throw new Refused(response.status, told, after > 0 ? after : undefined);
  }
  return response;
}

/** Send a request and return the JSON of the answer; null when there is none. */
export async function ask(method, path, options) {
  const text = await carried((await request(method, path, options)).text());
  return text ? JSON.parse(text) : null;
}

/** Name the network's failures, which are a `TypeError` like any mistake in a program. */
async function carried(promise) {
  try {
    return await promise;
  } catch (error) {
    throw error instanceof TypeError ? new Unreachable() : error;
  }
}
