// The overlay: what the connection does, once a second, and the latency of every picture.

import { Clock, now } from "./clock.js";
import { byId, element } from "./elements.js";
import { Graph } from "./graph.js";

const TOLD = [
  ["latency", "Glass to glass", "From the moment the server shows a picture to the moment this screen does: encoding, network, waiting for jitter, decoding and the screen's own rhythm. Not the time in which the model makes it."],
  ["fps", "Pictures", "Shown in the last second"],
  ["size", "Size", "Of the picture as it arrives"],
  ["rate", "Bit rate", "Of pictures and sound together"],
  ["trip", "Round trip", "Of a message to the server and back, the fastest of the last ones"],
  ["loss", "Lost", "Packets of the last seconds"],
  ["jitter", "Jitter buffer", "How long a picture has waited to be decoded"],
];
const FIRST_PINGS = 5;
const PING_PAUSE = 60;

export class Meter {
  #peer = null;
  #videos = new Map();
  #values = new Map();
  #graph = new Graph();
  #timer = null;
  #callbacks = new Map();
  #before = new Map();
  #pings = 0;
  /** Latencies of the last second, in seconds, of the first track. */
  #latencies = [];

  constructor() {
    const list = element("dl");
    for (const [key, name, hint] of TOLD) {
      const value = element("dd", { textContent: "–" });
      this.#values.set(key, value);
      list.append(element("div", { title: hint }, element("dt", { textContent: name }), value));
    }
    byId("meter").append(list, this.#graph.canvas);
    byId("meter-button").addEventListener("click", () => this.#toggle());
  }

  /** Measure a new connection, and the videos that show it. */
  attach(peer, videos) {
    this.detach();
    this.#peer = peer;
    this.#videos = videos;
    this.clock = new Clock(() => peer.tell("requestClock"));
    if (!byId("meter").hidden) this.#begin();
  }

  /** Measure nothing any more. */
  detach() {
    this.#end();
    this.#peer = null;
  }

  #toggle() {
    const meter = byId("meter");
    meter.hidden = !meter.hidden;
    byId("meter-button").setAttribute("aria-pressed", String(!meter.hidden));
    if (meter.hidden) this.#end();
    else if (this.#peer) this.#begin();
  }

  #begin() {
    this.#pings = 0;
    this.#before.clear();
    this.#latencies = [];
    const [first] = this.#videos;
    if (first) this.#watch(...first);
    this.#tick();
  }

  #end() {
    clearTimeout(this.#timer);
    for (const [video, handle] of this.#callbacks) video.cancelVideoFrameCallback(handle);
    this.#callbacks.clear();
  }

  #watch(name, video) {
    if (!video.requestVideoFrameCallback) return;
    const seen = (_, { rtpTimestamp, expectedDisplayTime }) => {
      this.#callbacks.set(video, video.requestVideoFrameCallback(seen));
      const at = (performance.timeOrigin + expectedDisplayTime) / 1000;
      const latency = at - this.clock.shownAt(name, rtpTimestamp);
      if (Number.isFinite(latency)) this.#latencies.push({ at: now(), latency });
    };
    this.#callbacks.set(video, video.requestVideoFrameCallback(seen));
  }

  /** The first pings come quickly, so that there soon is something to tell. */
  async #tick() {
    const peer = this.#peer;
    this.clock.ping();
    const quick = ++this.#pings < FIRST_PINGS;
    if (!quick) {
      const report = await peer.connection.getStats();
      if (peer !== this.#peer || byId("meter").hidden) return;
      this.#tell(report);
    }
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#tick(), quick ? PING_PAUSE : 1000);
  }

  #tell(report) {
    const streams = [...report.values()].filter(({ type }) => type === "inbound-rtp");
    const picture = streams.find(({ kind }) => kind === "video");
    const delta = (key, of) => of.reduce((sum, stream) => sum + this.#grown(stream, key), 0);
    const seconds = picture ? this.#grown(picture, "timestamp") / 1000 : NaN;
    const lost = Math.max(0, delta("packetsLost", streams));
    const got = delta("packetsReceived", streams);
    const bits = 8 * delta("bytesReceived", streams);
    const frames = picture ? this.#grown(picture, "framesDecoded") : NaN;
    const waited = picture ? this.#grown(picture, "jitterBufferDelay") : NaN;
    const passed = picture ? this.#grown(picture, "jitterBufferEmittedCount") : NaN;
    this.#before = new Map(streams.map((stream) => [stream.id, stream]));
    this.#latencies = this.#latencies.filter(({ at }) => now() - at < 1);
    const sorted = this.#latencies.map(({ latency }) => latency).sort((a, b) => a - b);
    const middle = sorted[sorted.length >> 1];
    this.#graph.add(middle * 1000);
    this.#show("latency", middle * 1000, (value) => `${value.toFixed(0)} ms`);
    this.#show("fps", frames / seconds, (value) => value.toFixed(0));
    this.#show("size", picture?.frameWidth, (value) => `${value} × ${picture.frameHeight}`);
    this.#show("rate", bits / seconds / 1e6, (value) => `${value.toFixed(1)} Mb/s`);
    this.#show("trip", this.clock.roundTrip * 1000, (value) => `${value.toFixed(1)} ms`);
    this.#show("loss", (100 * lost) / (lost + got), (value) => `${value.toFixed(1)} %`);
    this.#show("jitter", (1000 * waited) / passed, (value) => `${value.toFixed(0)} ms`);
  }

  #grown(stream, key) {
    return (stream[key] ?? 0) - (this.#before.get(stream.id)?.[key] ?? NaN);
  }

  #show(key, value, said) {
    this.#values.get(key).textContent = Number.isFinite(value) ? said(value) : "–";
  }
}
