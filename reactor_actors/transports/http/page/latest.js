// The newest value wins: at most one sending at a time, and a pause between two.

/** Sends values one after the other; of those that come too quickly only the last one. */
export class Latest {
  #send;
  #next = null;
  #timer = null;
  #busy = false;
  #sent = -Infinity;

  /** @param {(value: any) => Promise<void>} send never rejects */
  constructor(send) {
    this.#send = send;
  }

  /** Send a value, `pause` milliseconds after the one before or later. */
  offer(value, pause) {
    this.#next = { value };
    clearTimeout(this.#timer);
    if (this.#busy) return;
    const wait = Math.max(0, this.#sent + pause - performance.now());
    this.#timer = setTimeout(() => this.#flush(pause), wait);
  }

  /** Wait for a moment of quiet before this value is sent. */
  settle(value, quiet) {
    this.#next = { value };
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#flush(quiet), quiet);
  }

  /** Forget what waits. */
  clear() {
    clearTimeout(this.#timer);
    this.#next = null;
  }

  async #flush(pause) {
    if (this.#busy || !this.#next) return;
    const { value } = this.#next;
    this.#next = null;
    this.#busy = true;
    await this.#send(value);
    this.#busy = false;
    this.#sent = performance.now();
    if (this.#next) this.offer(this.#next.value, pause);
  }
}
