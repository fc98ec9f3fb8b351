// What the model shows: its pictures side by side, its sound behind one button.

import { byId, element, icon, words } from "./elements.js";

export class Outputs {
  #screens = byId("screens");
  #sounds = [];
  #loud = false;

  constructor() {
    byId("sound").addEventListener("click", () => this.#turn(!this.#loud));
  }

  /** The screens there are, by the names of their tracks. @type {Map<string, HTMLVideoElement>} */
  videos = new Map();

  /** Show what comes over a new connection. `seen` is called with the first picture. */
  attach(peer, seen) {
    this.#clear();
    const outputs = peer.tracks.filter((track) => track.direction === "recvonly");
    const pictures = outputs.filter((track) => track.kind === "video");
    for (const { name, kind } of outputs) {
      const media = new MediaStream([peer.transceivers.get(name).receiver.track]);
      if (kind === "video") this.#screen(name, media, pictures.length > 1, seen);
      else this.#sound(media);
    }
    // On the picture that is played, and back on the stage while there is none.
    this.#screens.querySelector(".frame")?.append(byId("play"));
    this.#screens.dataset.count = String(pictures.length);
    byId("sound").hidden = !this.#sounds.length;
    this.#turn(this.#loud);
    if (!pictures.length) seen();
  }

  /** Play nothing any more; the last pictures stay. */
  detach() {
    for (const sound of this.#sounds) sound.pause();
  }

  #clear() {
    for (const media of [...this.videos.values(), ...this.#sounds]) {
      media.pause();
      media.srcObject = null;
    }
    byId("stage").append(byId("play"));
    this.videos.clear();
    this.#sounds = [];
    this.#screens.replaceChildren();
  }

  #screen(name, media, labelled, seen) {
    const video = element("video", { autoplay: true, muted: true, playsInline: true });
    video.setAttribute("aria-label", words(name));
    video.dataset.track = name;
    video.srcObject = media;
    video.addEventListener("loadeddata", seen, { once: true });
    video.addEventListener("resize", () => {
      figure.style.setProperty("--ratio", String(video.videoWidth / video.videoHeight || 16 / 9));
    });
    this.videos.set(name, video);
    const full = tool("full", "Full screen");
    const tools = element("div", { className: "tools" }, full);
    const frame = element("div", { className: "frame" }, video, tools);
    const figure = element("figure", {}, frame);
    full.addEventListener("click", () => {
      if (document.fullscreenElement) document.exitFullscreen();
      else figure.requestFullscreen().catch(() => {});
    });
    if (document.pictureInPictureEnabled) {
      const float = tool("float", "Picture in picture");
      float.addEventListener("click", () => {
        if (document.pictureInPictureElement) document.exitPictureInPicture();
        else video.requestPictureInPicture().catch(() => {});
      });
      tools.prepend(float);
    }
    if (labelled) frame.append(element("figcaption", { textContent: words(name) }));
    this.#screens.append(figure);
    video.play().catch(() => {});
  }

  #sound(media) {
    const audio = new Audio();
    audio.srcObject = media;
    audio.muted = true;
    this.#sounds.push(audio);
  }

  /** Browsers play sound only after a person has asked for it. */
  #turn(loud) {
    this.#loud = loud;
    for (const sound of this.#sounds) {
      sound.muted = !loud;
      // A connection that ends interrupts the playing; that is nobody's refusal.
      if (loud) sound.play().catch(({ name }) => name !== "AbortError" && this.#turn(false));
    }
    const button = byId("sound");
    button.setAttribute("aria-pressed", String(loud));
    button.querySelector("use").setAttribute("href", loud ? "#icon-sound" : "#icon-silent");
    const does = loud ? "Mute" : "Unmute";
    button.querySelector("span").textContent = does;
    button.setAttribute("aria-label", does);
  }
}

function tool(picture, name) {
  const made = { type: "button", className: "plain", title: name, "aria-label": name };
  return element("button", made, icon(picture));
}
