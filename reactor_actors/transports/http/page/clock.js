// The time at the server, and when it showed a picture: the ground of every latency told here.

const PINGS = 12;
const FRESH_SECONDS = 60;
const LOST_SECONDS = 3;
const VIDEO_CLOCK = 90_000;

/** This page's time in Unix seconds, on the same clock as a video's callbacks. */
export const now = () => (performance.timeOrigin + performance.now()) / 1000;

export class Clock {
  #ask;
  #asked = 0;
  #open = 0;
  #pings = [];
  #marks = new Map();

  /** @param {() => void} ask sends one question */
  constructor(ask) {
    this.#ask = ask;
  }

  /** Ask the server; a question that still waits is not asked again. */
  ping() {
    if (this.#asked && now() - this.#asked < LOST_SECONDS) return;
    this.#asked = now();
    this.#open++;
    this.#ask();
  }

  /** Take in an answer. They come in the order of the questions, and the last one's counts. */
  heard({ time, tracks }) {
    if (!this.#open || --this.#open) return;
    const at = now();
    const trip = at - this.#asked;
    this.#pings.push({ at, trip, offset: time - (at + this.#asked) / 2 });
    this.#pings = this.#pings.filter((ping) => at - ping.at < FRESH_SECONDS).slice(-PINGS);
    this.#asked = 0;
    this.#marks = new Map(Object.entries(tracks));
  }

  /** How many seconds the server's clock is ahead, by the fastest ping; NaN before the first. */
  get offset() {
    return this.#fastest?.offset ?? NaN;
  }

  /** How long the way there and back takes, in seconds; NaN before the first ping. */
  get roundTrip() {
    return this.#fastest?.trip ?? NaN;
  }

  /** When the server showed the picture with this RTP time stamp, by this page's clock. */
  shownAt(track, stamp) {
    const mark = this.#marks.get(track);
    if (!mark) return NaN;
    // Time stamps are 32 bits that wrap around: the shorter way is meant.
    const ticks = (stamp - mark.rtp) | 0;
    return mark.time + ticks / VIDEO_CLOCK - this.offset;
  }

  get #fastest() {
    return this.#pings.reduce((best, ping) => (best && best.trip <= ping.trip ? best : ping), null);
  }
}
