// A small graph that moves: one value a second, the last two minutes.

const VALUES = 120;
const WIDTH = 220;
const HEIGHT = 44;
const LEAST = 50;

export class Graph {
  #values = [];

  constructor() {
    this.canvas = document.createElement("canvas");
    this.canvas.width = WIDTH * 2;
    this.canvas.height = HEIGHT * 2;
    this.canvas.setAttribute("role", "img");
    this.canvas.setAttribute("aria-label", "Latency of the last two minutes");
  }

  /** Add a value and draw; what is no number leaves a gap. */
  add(value) {
    this.#values = [...this.#values, value].slice(-VALUES);
    const pen = this.canvas.getContext("2d");
    const colour = getComputedStyle(this.canvas).color;
    const known = this.#values.filter(Number.isFinite);
    const top = Math.max(LEAST, ...known) * 1.15;
    const place = (index) => (WIDTH * (VALUES - this.#values.length + index)) / (VALUES - 1);
    pen.setTransform(2, 0, 0, 2, 0, 0);
    pen.clearRect(0, 0, WIDTH, HEIGHT);
    pen.strokeStyle = pen.fillStyle = colour;
    pen.lineWidth = 1.5;
    pen.lineJoin = "round";
    pen.beginPath();
    let begun = false;
    for (const [index, each] of this.#values.entries()) {
      const y = HEIGHT - 1 - (HEIGHT - 2) * (each / top);
      if (!Number.isFinite(y)) begun = false;
      else if (begun) pen.lineTo(place(index), y);
      else {
        pen.moveTo(place(index), y);
        begun = true;
      }
    }
    pen.stroke();
    pen.globalAlpha = 0.6;
    pen.font = "9px system-ui, sans-serif";
    pen.textBaseline = "top";
    pen.fillText(`${Math.round(top)} ms`, 2, 1);
    pen.globalAlpha = 1;
  }
}
