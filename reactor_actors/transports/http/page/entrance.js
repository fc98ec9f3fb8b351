// The way into a session: a model that loads, a token that is asked for, a queue that moves.

import { Refused, ask, hasToken, keepToken, request } from "./server.js";
import { aborting, pause } from "./waiting.js";

const AGAIN_SECONDS = 1;
const PATIENCE_SECONDS = 15;
const SILENCE_SECONDS = 25; // the server says something every ten

/**
 * Start a session, or join the one that is shared; returns its descriptor.
 *
 * `report(state, facts)` hears `starting`, `loading`, `waiting` with the place in the queue, and
 * `locked`, whose `open(token)` is to be called. Whatever waiting cannot cure is thrown.
 */
export async function enter(report, signal) {
  let ticket;
  for (;;) {
    try {
      return await ask("POST", "start_session", { body: ticket ? { ticket } : {}, signal });
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      ticket = undefined;
      if (error.status === 401) {
        await unlocked(report, signal);
      } else if (error.status === 503 && error.body.queue?.ticket) {
        ticket = await turn(error.body.queue, report, signal);
      } else if (error.status === 503 && error.retryAfter) {
        report("loading", { detail: error.message });
        await pause(Math.min(error.retryAfter, 5) * 1000, signal);
      } else {
        throw error;
      }
    }
  }
}

/** Wait until a token has been typed. */
function unlocked(report, signal) {
  return new Promise((resolve, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    const open = (value) => {
      keepToken(value);
      report("starting", {});
      resolve();
    };
    report("locked", { wrong: hasToken(), open });
  });
}

/** Follow a ticket until it is ready; returns it, or nothing when its place is lost. */
async function turn(queue, report, signal) {
  report("waiting", queue);
  const path = `queue/${queue.ticket}`;
  const headers = { Accept: "text/event-stream" };
  let lost = null;
  for (;;) {
    try {
      const { body } = await request("GET", path, { headers, signal });
      lost = null;
      for await (const place of events(body, signal)) {
        if (place.state === "ready") return queue.ticket;
        report("waiting", place);
      }
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof Refused) return undefined;
      lost ??= performance.now();
      if (performance.now() - lost > PATIENCE_SECONDS * 1000) throw error;
    }
    // The stream is over, but the ticket is still ours.
    await pause(AGAIN_SECONDS * 1000, signal);
  }
}

/**
 * Read the JSON of server-sent events; ends with the stream, and gives it up when left. Throws when
 * the stream breaks, or is silent for too long.
 */
async function* events(body, signal) {
  const reader = body.pipeThrough(new TextDecoderStream(), { signal }).getReader();
  let text = "";
  try {
    for (;;) {
      const { done, value } = await aborting(
        reader.read(),
        AbortSignal.timeout(SILENCE_SECONDS * 1000),
      );
      if (done) return;
      const parts = (text + value).split("\n\n");
      text = parts.pop();
      for (const part of parts) {
        const data = part.split("\n").find((line) => line.startsWith("data:"));
        if (data) yield JSON.parse(data.slice(5));
      }
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}
