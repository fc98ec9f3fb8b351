// The playground: joins the line to the model with what a person sees and does.

import { Capture } from "./capture.js";
import { Controls } from "./controls.js";
import { byId, words } from "./elements.js";
import { Inputs } from "./inputs.js";
import { playedOf } from "./keys.js";
import { Line } from "./line.js";
import { Messages } from "./messages.js";
import { Meter } from "./meter.js";
import { Outputs } from "./outputs.js";
import { commandsOf } from "./schema.js";
import { ask } from "./server.js";
import { keepTheme } from "./theme.js";
import { Veil } from "./veil.js";

const NOT_CONNECTED = "There is no connection right now.";

class Playground {
  #veil = new Veil(() => this.#line.start());
  #outputs = new Outputs();
  #inputs = new Inputs();
  #messages = new Messages();
  #meter = new Meter();
  #line = new Line(
    (state, facts) => this.#changed(state, facts),
    (peer, fresh) => this.#joined(peer, fresh),
    (scope, type, data) => this.#heard(scope, type, data),
  );
  #controls = new Controls({
    command: (name, data, uploads) => this.#peer().command(name, data, uploads),
    upload: (file) => this.#peer().upload(file),
  });
  #capture = new Capture((name, data) => {
    this.#line.peer?.command(name, data).catch(() => {});
  });
  #drawn = "";
  #fresh = false;

  constructor() {
    keepTheme();
    addEventListener("pagehide", () => this.#leave());
    addEventListener("pageshow", ({ persisted }) => persisted && this.#line.start());
    this.#line.start();
  }

  #peer() {
    if (!this.#line.peer) throw new Error(NOT_CONNECTED);
    return this.#line.peer;
  }

  #changed(state, facts) {
    this.#veil.show(state, facts);
    if (facts.restarted) {
      this.#controls.reset();
      this.#capture.restate();
    }
    // Who waits in line may look at what there will be to do.
    if (state === "connecting" || state === "waiting") this.#look();
    if (state === "live" || state === "restarting") return;
    this.#capture.stop();
    this.#meter.detach();
    this.#inputs.detach();
    this.#outputs.detach();
    if (state === "ended" || state === "failed") this.#inputs.close();
  }

  #joined(peer, fresh) {
    this.#fresh = fresh;
    this.#veil.blank();
    this.#outputs.attach(peer, () => this.#veil.seen());
    this.#inputs.attach(peer);
    this.#meter.attach(peer, this.#outputs.videos);
    this.#capture.restate();
    peer.say("runtime", "requestSchema");
  }

  #heard(scope, type, data) {
    if (scope === "application") {
      this.#messages.add(type, data);
    } else if (type === "modelSchema") {
      this.#draw(data);
    } else if (type === "clock") {
      this.#meter.clock?.heard(data);
    } else if (type === "commandError") {
      this.#controls.refused(data);
      this.#messages.add(type, data, { grave: true });
    } else {
      this.#messages.add(type, data, { grave: type === "modelRestarting" });
    }
  }

  async #look() {
    if (this.#drawn) return;
    const document = await ask("GET", "schema").catch(() => null);
    if (document && !this.#drawn) this.#draw(document);
  }

  /** Draw the controls; a document that is the same leaves what a person has set. */
  #draw(document) {
    const text = JSON.stringify(document);
    if (text === this.#drawn) {
      if (this.#fresh) this.#controls.reset();
      return;
    }
    this.#drawn = text;
    const commands = commandsOf(document);
    const played = playedOf(commands);
    this.#controls.draw(commands, new Set(played.map(({ name }) => name)));
    this.#capture.draw(played);
    const { title, description } = document.info;
    byId("model").textContent = words(title);
    globalThis.document.title = words(title);
    byId("about").textContent = description;
    byId("about").hidden = !description;
  }

  #leave() {
    this.#inputs.close();
    this.#meter.detach();
    this.#line.leave();
  }
}

new Playground();
