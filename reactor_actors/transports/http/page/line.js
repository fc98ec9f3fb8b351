// The line to the model: it enters, connects, and comes back by itself after it was lost.

import { enter } from "./entrance.js";
import { Peer } from "./peer.js";
import { Refused, Unreachable, ask } from "./server.js";
import { pause } from "./waiting.js";

const SHARED = "local";
const FIRST_WAIT = 500;
const LONGEST_WAIT = 8000;

/**
 * Reports states: `starting`, `loading`, `waiting`, `locked`, `connecting`, `live`, `restarting`,
 * `reconnecting`, `ended` and `failed`. Every state comes with facts for a person.
 */
export class Line {
  #report;
  #joined;
  #heard;
  #ending = new AbortController();
  #session = null;
  #over = null;

  /**
   * @param {(state: string, facts: object) => void} report
   * @param {(peer: Peer, fresh: boolean) => void} joined a connection is up; in a fresh session?
   * @param {(scope: string, type: string, data: any) => void} heard what the server says
   */
  constructor(report, joined, heard) {
    this.#report = report;
    this.#joined = joined;
    this.#heard = heard;
    /** @type {Peer | null} The connection, while there is one. */
    this.peer = null;
  }

  /** Begin; also after the end of a session. */
  start() {
    this.#over = null;
    this.#ending.abort();
    this.#ending = new AbortController();
    const { signal } = this.#ending;
    this.#keep(signal).catch((error) => {
      if (!signal.aborted) throw error;
    });
  }

  /** Leave. A session that is nobody else's ends with it. */
  leave() {
    this.#ending.abort();
    this.peer?.close();
    const id = this.#session?.session_id;
    if (!id || id === SHARED || this.#over) return;
    const body = { session_id: id, reason: "left" };
    ask("POST", "stop_session", { body, keepalive: true }).catch(() => {});
  }

  /** Connect again and again until the session is over, or the page is left. */
  async #keep(signal) {
    let wait = FIRST_WAIT;
    let again = false;
    while (!signal.aborted) {
      let detail = "The connection was lost.";
      let gone = false;
      try {
        await this.#connected(again, signal, () => (wait = FIRST_WAIT));
        if (this.#over) return;
      } catch (error) {
        signal.throwIfAborted();
        detail = reason(error);
        gone = error instanceof Refused && error.status === 503 && !error.retryAfter;
      }
      again = true;
      this.#report(gone ? "failed" : "reconnecting", { detail });
      await pause(wait * (0.75 + Math.random() / 2), signal);
      wait = gone ? LONGEST_WAIT : Math.min(wait * 2, LONGEST_WAIT);
    }
  }

  /** Have one connection, from its beginning to its end. */
  async #connected(again, signal, up) {
    const told = (state, facts) => {
      if (!signal.aborted && !(again && state === "connecting")) this.#report(state, facts);
    };
    if (!again) told("starting", {});
    const returning = this.#session;
    let peer = returning && (await this.#returned(returning, signal));
    if (!peer) {
      this.#session = await enter(told, signal);
      told("connecting", { model: this.#session.model?.name });
      peer = await this.#peer(this.#session, signal);
    }
    try {
      up();
      this.peer = peer;
      this.#joined(peer, this.#session.state === "WAITING" && this.#session !== returning);
      told("live", {});
      await peer.ended;
    } finally {
      this.peer = null;
      peer.close();
    }
  }

  /** Return to a session of one's own that has gone on meanwhile, if it has. */
  async #returned(session, signal) {
    if (session.session_id === SHARED) return null;
    try {
      return await this.#peer(session, signal);
    } catch (error) {
      if (!(error instanceof Refused) || ![400, 401, 404].includes(error.status)) throw error;
      this.#session = null;
      return null;
    }
  }

  async #peer(session, signal) {
    let end;
    const ended = new Promise((resolve) => (end = resolve));
    const peer = new Peer(session, {
      application: (type, data) => this.#heard("application", type, data),
      runtime: (type, data) => this.#notice(type, data),
      lost: end,
    });
    peer.ended = ended;
    signal.addEventListener("abort", end, { once: true });
    try {
      await peer.connect(signal);
    } catch (error) {
      peer.close();
      throw error;
    }
    return peer;
  }

  #notice(type, data) {
    if (type === "modelRestarting") this.#report("restarting", data);
    if (type === "modelRestarted") this.#report("live", { restarted: true });
    if (type === "sessionEnded") {
      this.#session = null;
      // A server that shuts down may be back in a moment.
      if (data.reason !== "evicted") {
        this.#over = data.reason;
        this.#report("ended", { reason: data.reason });
      }
    }
    this.#heard("runtime", type, data);
  }
}

/** Say what went wrong; what is neither the server's nor the network's doing is logged as well. */
function reason(error) {
  if (error.name === "TimeoutError") return "No connection came about: UDP may be blocked.";
  if (!(error instanceof Refused || error instanceof Unreachable)) console.error(error);
  return error.message;
}
