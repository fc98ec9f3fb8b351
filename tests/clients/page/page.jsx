// The page that the tests drive: one client, what it was told, and eyes and ears for its tracks.
import {
  Reactor,
  ReactorController,
  ReactorProvider,
  ReactorView,
  useReactor,
} from "@reactor-team/js-sdk";
import { useEffect } from "react";
import { createRoot } from "react-dom/client";

// The peer connections that the package makes, for their statistics.
const peers = [];
const Original = window.RTCPeerConnection;
window.RTCPeerConnection = class extends Original {
  constructor(...given) {
    super(...given);
    peers.push(this);
  }
};

const events = { statuses: [], messages: [], notices: [], errors: [], capabilities: [] };
const screens = {};
const ears = {};
const sources = {};
const files = [];
let client = null;

function listen(reactor) {
  reactor.on("statusChanged", (status) => events.statuses.push(status));
  reactor.on("message", (message) => events.messages.push(message));
  reactor.on("runtimeMessage", (notice) => events.notices.push(notice));
  reactor.on("error", ({ code, message }) => events.errors.push([code, message]));
  reactor.on("capabilitiesReceived", (told) => events.capabilities.push(told));
  reactor.on("trackReceived", receive);
}

function receive(name, track) {
  const media = document.createElement(track.kind);
  media.srcObject = new MediaStream([track]);
  media.muted = true;
  media.autoplay = true;
  media.controls = false;
  media.id = name;
  document.getElementById(name)?.remove();
  document.getElementById("stage").append(media);
  if (track.kind === "video") {
    screens[name] = media;
  } else {
    const context = new AudioContext();
    const analyser = context.createAnalyser();
    analyser.fftSize = 16384;
    context.createMediaStreamSource(media.srcObject).connect(analyser);
    ears[name] = { context, analyser };
  }
}

function shot(video) {
  if (!video || video.readyState < 2 || !video.videoWidth) return null;
  const canvas = document.createElement("canvas");
  canvas.width = video.videoWidth;
  canvas.height = video.videoHeight;
  canvas.getContext("2d").drawImage(video, 0, 0);
  return canvas;
}

function inBase64(bytes) {
  const parts = [];
  for (let i = 0; i < bytes.length; i += 32768) {
    parts.push(String.fromCharCode(...bytes.subarray(i, i + 32768)));
  }
  return btoa(parts.join(""));
}

window.viewer = {
  // Return what was told since the last call.
  events() {
    return Object.fromEntries(
      Object.entries(events).map(([kind, told]) => [kind, told.splice(0)]),
    );
  },

  async connect(apiUrl) {
    client = new Reactor({ apiUrl, modelName: "test-card", local: true });
    listen(client);
    await client.connect();
  },

  async drop() {
    await client.disconnect(true);
  },

  async reconnect() {
    await client.reconnect();
  },

  async leave() {
    await client.disconnect();
  },

  status: () => client?.getStatus() ?? "disconnected",
  capabilities: () => client.getCapabilities(),
  stats: () => client.getStats() ?? null,

  async send(command, data, scope) {
    const filed = Object.entries(data).map(([key, value]) => [key, files[value?.file] ?? value]);
    await client.sendCommand(command, Object.fromEntries(filed), scope);
  },

  async upload(name, base64, type) {
    const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
    files.push(await client.uploadFile(new Blob([bytes], { type }), { name }));
    return files.length - 1;
  },

  // A webcam that sees one colour.
  async film(colour, name = "webcam") {
    const canvas = document.createElement("canvas");
    canvas.width = 160;
    canvas.height = 120;
    const pen = canvas.getContext("2d");
    const paint = () => {
      pen.fillStyle = `rgb(${colour.join()})`;
      pen.fillRect(0, 0, 160, 120);
    };
    paint();
    const timer = setInterval(paint, 1000 / 15);
    const [track] = canvas.captureStream(15).getVideoTracks();
    sources[name] = { track, stop: () => clearInterval(timer) };
    await client.publishTrack(name, track);
  },

  // A mic that hears one tone.
  async sing(hertz) {
    const context = new AudioContext();
    const oscillator = new OscillatorNode(context, { frequency: hertz });
    const level = new GainNode(context, { gain: 0.37 });
    const output = context.createMediaStreamDestination();
    oscillator.connect(level).connect(output);
    oscillator.start();
    const [track] = output.stream.getAudioTracks();
    sources.mic = { track, stop: () => context.close() };
    await client.publishTrack("mic", track);
  },

  // The machine's own webcam and mic.
  async capture() {
    const video = { width: 320, height: 240, frameRate: 15 };
    const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video });
    const own = document.createElement("video");
    own.srcObject = stream;
    own.muted = own.autoplay = true;
    own.id = "own";
    document.getElementById("stage").append(own);
    screens.own = own;
    for (const track of stream.getTracks()) {
      const name = track.kind === "video" ? "webcam" : "mic";
      sources[name] = { track, stop() {} };
      await client.publishTrack(name, track);
    }
  },

  async unpublish(name) {
    await client.unpublishTrack(name);
    sources[name]?.stop();
    sources[name]?.track.stop();
    delete sources[name];
  },

  // The picture of a track, as a PNG in base64.
  picture(name) {
    return shot(screens[name])?.toDataURL("image/png").split(",")[1] ?? null;
  },

  // The codec of the newest peer's picture.
  async codec() {
    const report = [...(await peers.at(-1).getStats()).values()];
    const inbound = report.find((entry) => entry.type === "inbound-rtp" && entry.kind === "video");
    return report.find((entry) => entry.id === inbound?.codecId)?.mimeType ?? null;
  },

  // The last third of a second of a track, as 32-bit floats in base64.
  sound(name) {
    if (!ears[name]) return null;
    const { context, analyser } = ears[name];
    const samples = new Float32Array(analyser.fftSize);
    analyser.getFloatTimeDomainData(samples);
    return { rate: context.sampleRate, samples: inBase64(new Uint8Array(samples.buffer)) };
  },

  // The package's own React components, as an application uses them.
  widget(apiUrl) {
    function Watch() {
      const reactor = useReactor((state) => state.internal.reactor);
      const connect = useReactor((state) => state.connect);
      const status = useReactor((state) => state.status);
      useEffect(() => {
        client = reactor;
        listen(reactor);
        connect();
      }, [reactor]);
      return <output id="status">{status}</output>;
    }
    createRoot(document.getElementById("widget")).render(
      <ReactorProvider apiUrl={apiUrl} modelName="test-card" local>
        <Watch />
        <ReactorView width={320} height={240} audioTrack="main_audio" />
        <ReactorController />
      </ReactorProvider>,
    );
  },
};
