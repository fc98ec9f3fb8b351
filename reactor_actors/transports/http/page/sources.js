// What can be sent into an input: devices, files, and pictures and sounds of our own making.

const PATTERN = { width: 640, height: 360, fps: 30 };
const TONE_HERTZ = 440;

/**
 * @typedef {object} Source
 * @property {MediaStreamTrack} track
 * @property {() => void} stop ends it and frees whatever it used
 */

/** Say whether this page may ask for devices at all. */
export const hasDevices = () => Boolean(navigator.mediaDevices?.getUserMedia);

/** List the devices of a kind; their names are known once one has been allowed. */
export async function devices(kind) {
  if (!hasDevices()) return [];
  const wanted = kind === "video" ? "videoinput" : "audioinput";
  const all = await navigator.mediaDevices.enumerateDevices();
  return all.filter((device) => device.kind === wanted && device.deviceId);
}

/** Open a webcam or a microphone. @returns {Promise<Source>} */
export async function device(kind, id) {
  const chosen = id ? { deviceId: { exact: id } } : {};
  const wanted =
    kind === "video"
      ? { video: { ...chosen, width: { ideal: 1280 }, height: { ideal: 720 } } }
      : { audio: chosen };
  try {
    const stream = await navigator.mediaDevices.getUserMedia(wanted);
    const [track] = stream.getTracks();
    return { track, stop: () => track.stop() };
  } catch (error) {
    throw new Error(REASONS[error.name] ?? error.message);
  }
}

const REASONS = {
  NotAllowedError: "The browser was not allowed to use it.",
  NotFoundError: "There is no such device.",
  NotReadableError: "Another program is using it.",
  OverconstrainedError: "That device is gone.",
};

/** Paint a moving test pattern. @returns {Source} */
export function pattern() {
  const canvas = document.createElement("canvas");
  canvas.width = PATTERN.width;
  canvas.height = PATTERN.height;
  const pen = canvas.getContext("2d", { alpha: false });
  const paint = () => paintPattern(pen, performance.now() / 1000);
  paint();
  const timer = setInterval(paint, 1000 / PATTERN.fps);
  const [track] = canvas.captureStream(PATTERN.fps).getVideoTracks();
  const stop = () => {
    clearInterval(timer);
    track.stop();
  };
  return { track, stop };
}

function paintPattern(pen, seconds) {
  const { width, height } = PATTERN;
  const bars = 8;
  for (let bar = 0; bar < bars; bar++) {
    pen.fillStyle = `hsl(${(bar * 360) / bars + seconds * 20} 70% 55%)`;
    pen.fillRect((bar * width) / bars, 0, width / bars + 1, height);
  }
  const turn = seconds * 1.5;
  const radius = height * 0.28;
  const x = width / 2 + Math.cos(turn) * width * 0.25;
  const y = height / 2 + Math.sin(turn * 1.3) * height * 0.15;
  pen.fillStyle = "#fff";
  pen.beginPath();
  pen.arc(x, y, radius, 0, 2 * Math.PI);
  pen.fill();
  pen.fillStyle = "#111";
  pen.font = "600 56px ui-monospace, monospace";
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  pen.fillText(seconds.toFixed(1), x, y);
}

/** Play the pictures of a video file, again and again. @returns {Promise<Source>} */
export async function film(file) {
  const video = document.createElement("video");
  const address = URL.createObjectURL(file);
  Object.assign(video, { src: address, loop: true, muted: true, playsInline: true });
  const stop = () => {
    video.pause();
    video.removeAttribute("src");
    video.load();
    URL.revokeObjectURL(address);
  };
  try {
    await video.play();
    const capture = video.captureStream ?? video.mozCaptureStream;
    const [track] = capture.call(video).getVideoTracks();
    if (!track) throw new Error("It has no pictures.");
    return { track, stop: () => (track.stop(), stop()) };
  } catch {
    stop();
    throw new Error("The browser cannot play this file.");
  }
}

/** Sound one tone. @returns {Promise<Source>} */
export function tone() {
  return sounding((context) => new OscillatorNode(context, { frequency: TONE_HERTZ }));
}

/** Play the sound of a file, again and again. @returns {Promise<Source>} */
export function record(file) {
  return sounding(async (context) => {
    try {
      const buffer = await context.decodeAudioData(await file.arrayBuffer());
      return new AudioBufferSourceNode(context, { buffer, loop: true });
    } catch {
      throw new Error("The browser cannot play this file.");
    }
  });
}

async function sounding(make) {
  const context = new AudioContext();
  try {
    const output = context.createMediaStreamDestination();
    const node = await make(context);
    node.connect(new GainNode(context, { gain: 0.4 })).connect(output);
    node.start();
    await context.resume();
    const [track] = output.stream.getAudioTracks();
    const stop = () => {
      track.stop();
      context.close();
    };
    return { track, stop };
  } catch (error) {
    context.close();
    throw error;
  }
}
