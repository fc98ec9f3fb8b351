// How the connection stands, in words: a pill in the bar, and a veil over the stage.

import { byId } from "./elements.js";

const NOTICE_SECONDS = 4;
const ENDS = {
  stopped: "It was stopped.",
  timed_out: "Its time was over.",
  error: "The model has failed.",
};

/** What a state is called, and what stands on the veil: title and text. */
const WORDS = {
  starting: () => ["Starting", "Starting", ""],
  connecting: () => ["Connecting", "Connecting", ""],
  loading: ({ detail }) => ["Loading", "The model is loading", detail],
  waiting: (place) => ["In line", "You are in line", placed(place)],
  locked: ({ wrong }) => [
    "Locked",
    "This model wants a token",
    wrong ? "That one was not right." : "Ask whoever runs it.",
  ],
  live: () => ["Live", "", ""],
  restarting: () => ["Restarting", "", ""],
  reconnecting: ({ detail }) => ["Reconnecting", "Reconnecting", detail],
  ended: ({ reason }) => ["Ended", "The session has ended", ENDS[reason] ?? reason],
  failed: ({ detail }) => ["Unavailable", "There is nothing to see", detail],
};

export class Veil {
  #timer = null;
  #shown = false;

  /** @param {() => void} again begins a new session */
  constructor(again) {
    byId("again").addEventListener("click", again);
    byId("key").addEventListener("submit", (event) => {
      event.preventDefault();
      const input = byId("token");
      this.#open?.(input.value);
      input.value = "";
    });
  }

  #open = null;

  /** Show a state. */
  show(state, facts) {
    const [name, title, text] = WORDS[state](facts);
    document.body.dataset.state = state;
    byId("state").textContent = name;
    byId("veil-title").textContent = title;
    byId("veil-text").textContent = text ?? "";
    byId("key").hidden = state !== "locked";
    byId("again").hidden = state !== "ended" && state !== "failed";
    this.#open = facts.open ?? null;
    if (state === "locked") byId("token").focus();
    if (state === "live" && facts.restarted) this.#say("The model is back, with its defaults.", true);
    else if (state === "restarting") this.#say(restarting(facts), false);
    else if (state !== "live") this.#say("", true);
    this.#lift();
  }

  /** A first picture is there: nothing has to hide it any more. */
  seen() {
    this.#shown = true;
    this.#lift();
  }

  /** A new connection has no picture yet. */
  blank() {
    this.#shown = false;
    this.#lift();
  }

  #lift() {
    const { state } = document.body.dataset;
    byId("veil").hidden = state === "restarting" || (state === "live" && this.#shown);
    if (state === "live" && !this.#shown) byId("veil-title").textContent = "Waiting for a picture";
  }

  #say(text, passing) {
    clearTimeout(this.#timer);
    const notice = byId("notice");
    notice.textContent = text;
    notice.hidden = !text;
    if (text && passing) this.#timer = setTimeout(() => this.#say("", false), NOTICE_SECONDS * 1000);
  }
}

function placed({ position, size, estimated_seconds: seconds }) {
  const place = position === 1 ? "You are next." : `Number ${position} of ${size}.`;
  if (seconds === undefined) return place;
  const minutes = Math.round(seconds / 60);
  const wait = seconds < 90 ? `${Math.max(1, Math.round(seconds))} s` : `${minutes} min`;
  return `${place} About ${wait}.`;
}

function restarting({ attempt, max_attempts: most }) {
  return `The model has stopped and is restarted, ${attempt} of ${most}.`;
}
