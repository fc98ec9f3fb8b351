// One WebRTC connection to a session: signalling, tracks, and the two channels in JSON.

import { ask, request } from "./server.js";
import { aborting, limited } from "./waiting.js";

const CONNECT_SECONDS = 20;
const PING_SECONDS = 5;
const GRACE_SECONDS = 2;
const ANSWER_SECONDS = 10;
const CROWDED_BYTES = 65536;

/**
 * @typedef {object} Listener
 * @property {(type: string, data: any) => void} application a message of the model
 * @property {(type: string, data: any) => void} runtime a notice of the server
 * @property {() => void} lost the connection has ended, and not by `close`
 */

/** The server does not want a track: its sentence. */
export class Denied extends Error {}

export class Peer {
  #channels = {};
  #answers = new Map();
  #number = 0;
  #timers = [];
  #listener;
  #path;
  #closed = false;

  /**
   * @param {{session_id: string, capabilities: {tracks: object[]}}} session
   * @param {Listener} listener
   */
  constructor(session, listener) {
    this.session = session;
    this.tracks = session.capabilities.tracks;
    this.connection = null;
    /** @type {Map<string, RTCRtpTransceiver>} */
    this.transceivers = new Map();
    this.#listener = listener;
    this.#path = `sessions/${session.session_id}/transport/webrtc/`;
  }

  /** Connect; returns when media may flow and both channels are open. Otherwise throws. */
  async connect(signal) {
    signal = limited(signal, CONNECT_SECONDS);
    const [ice, slot] = await Promise.all([
      ask("GET", `${this.#path}ice_servers`, { signal }),
      ask("POST", `${this.#path}connections`, { signal }),
    ]);
    signal.throwIfAborted();
    this.connection = new RTCPeerConnection({
      bundlePolicy: "max-bundle",
      iceServers: ice.ice_servers.map(({ uris, credentials }) => ({
        urls: uris,
        username: credentials?.username,
        credential: credentials?.password,
      })),
    });
    for (const track of this.tracks) this.#add(track);
    const opened = Promise.all(["data", "control"].map((label) => this.#open(label)));
    opened.catch(() => {}); // what went wrong before is what is told
    await this.#negotiate(`${this.#path}connections/${slot.connection_id}/`, signal);
    await aborting(opened, signal);
    this.connection.addEventListener("connectionstatechange", () => this.#changed());
    this.#changed();
    this.#timers.push(setInterval(() => this.tell("ping"), PING_SECONDS * 1000));
    for (const { name, direction } of this.tracks) {
      if (direction === "recvonly") this.#notify("resume_track", name);
    }
  }

  /** Send a command; returns once the channel is not crowded any more. */
  async command(type, data = {}, uploads = {}) {
    this.say("application", type, data, uploads);
    const channel = this.#channels.data;
    if (channel.bufferedAmount <= CROWDED_BYTES) return;
    await new Promise((resolve) => {
      channel.addEventListener("bufferedamountlow", resolve, { once: true });
      channel.addEventListener("close", resolve, { once: true });
    });
  }

  /** Say something on the data channel; throws when it is not open. */
  say(scope, type, data = {}, uploads = undefined) {
    if (this.#channels.data.readyState !== "open") throw new Error("The connection is closed.");
    const files = uploads && Object.keys(uploads).length ? { uploads } : {};
    this.#channels.data.send(JSON.stringify({ scope, data: { type, data, ...files } }));
  }

  /** Tell the server something that nobody misses when the connection is just ending. */
  tell(type) {
    if (this.#channels.data.readyState === "open") this.say("runtime", type);
  }

  /** Put a file where commands can name it; returns the reference. */
  async upload(file) {
    const reference = {
      name: file.name,
      mime_type: file.type || "application/octet-stream",
      size: file.size,
    };
    const path = `sessions/${this.session.session_id}/uploads`;
    const place = await ask("POST", path, { body: reference });
    // Its absolute address is the server's own; a proxy in between has another.
    await request("PUT", `uploads/${place.presigned_id}`, { body: file });
    const upload = { upload_id: place.presigned_id, ...reference };
    this.say("runtime", "fileUploaded", upload);
    return upload;
  }

  /** Send a track of ours into an input; throws `Denied` when the server does not want it. */
  async publish(name, track) {
    const id = `page_${++this.#number}`;
    const answered = new Promise((resolve, reject) => this.#answers.set(id, { resolve, reject }));
    const asked = { type: "request", method: "publish_track", request_id: id, data: { name } };
    this.#channels.control.send(JSON.stringify(asked));
    try {
      await aborting(answered, AbortSignal.timeout(ANSWER_SECONDS * 1000));
      await this.transceivers.get(name).sender.replaceTrack(track);
    } finally {
      this.#answers.delete(id);
    }
  }

  /** Stop sending into an input, and let others have it. */
  async unpublish(name) {
    if (this.#closed) return;
    await this.transceivers.get(name).sender.replaceTrack(null);
    this.#notify("unpublish_track", name);
  }

  /** Whether the connection is over. */
  get closed() {
    return this.#closed;
  }

  /** Close the connection. The listener hears nothing any more. */
  close() {
    this.#closed = true;
    for (const timer of this.#timers.splice(0)) clearTimeout(timer);
    const closed = new Error("The connection is closed.");
    for (const { reject } of this.#answers.values()) reject(closed);
    this.connection?.close();
  }

  #add({ name, kind, direction }) {
    const made = this.connection.addTransceiver(kind, { direction });
    // Pictures are shown as they come: this is for steering, not for watching films.
    if (direction === "recvonly" && kind === "video") made.receiver.jitterBufferTarget = 0;
    this.transceivers.set(name, made);
  }

  #open(label) {
    const channel = this.connection.createDataChannel(label);
    this.#channels[label] = channel;
    channel.addEventListener("message", ({ data }) => this.#hear(label, data));
    channel.addEventListener("close", () => this.#lose());
    return new Promise((resolve, reject) => {
      channel.addEventListener("open", resolve, { once: true });
      channel.addEventListener("close", () => reject(new Error("The connection was lost.")), { once: true });
    });
  }

  async #negotiate(path, signal) {
    const connection = this.connection;
    const candidates = [];
    let offered = false;
    const post = () => {
      if (!offered || !candidates.length || this.#closed) return;
      const body = { candidates: candidates.splice(0), is_final: false };
      ask("POST", `${path}ice_candidates`, { body }).catch(() => {});
    };
    connection.addEventListener("icecandidate", ({ candidate }) => {
      if (!candidate?.candidate) return;
      candidates.push({
        candidate: candidate.candidate,
        sdp_mid: candidate.sdpMid,
        sdp_mline_index: candidate.sdpMLineIndex,
      });
      queueMicrotask(post);
    });
    await connection.setLocalDescription();
    const named = this.tracks.map((track) => {
      const { mid } = this.transceivers.get(track.name);
      return { mid, name: track.name, kind: track.kind, direction: track.direction };
    });
    const body = { sdp_offer: connection.localDescription.sdp, track_mapping: named };
    await ask("POST", `${path}sdp_params`, { body, signal });
    offered = true;
    post();
    let answer = null;
    while (answer === null) answer = await ask("GET", `${path}sdp_params`, { signal });
    await connection.setRemoteDescription({ type: "answer", sdp: answer.sdp_answer });
  }

  #notify(event, name) {
    const note = { type: "notification", event, data: { name } };
    this.#channels.control.send(JSON.stringify(note));
  }

  #hear(label, text) {
    if (this.#closed) return;
    const told = JSON.parse(text);
    if (label === "control") {
      const waiting = this.#answers.get(told.request_id);
      if (told.error) waiting?.reject(new Denied(told.error.message));
      else waiting?.resolve();
    } else if (told.scope === "application") {
      this.#listener.application(told.data.type, told.data.data);
    } else {
      this.#listener.runtime(told.data.type, told.data.data);
    }
  }

  #changed() {
    const state = this.connection.connectionState;
    if (state === "failed" || state === "closed") this.#lose();
    if (state !== "disconnected") return;
    const look = () => {
      if (this.connection.connectionState === "disconnected") this.#lose();
    };
    this.#timers.push(setTimeout(look, GRACE_SECONDS * 1000));
  }

  #lose() {
    if (this.#closed) return;
    this.close();
    this.#listener.lost();
  }
}
