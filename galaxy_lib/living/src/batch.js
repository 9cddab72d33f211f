// Chapter 3: the slopes that batches of S galaxies report, and their noise.

import STYLE from "style:./batch.css";
import { h, svg } from "./dom.js";
import { bytesOf } from "./model.js";
import { onFrame, plane, style, ticks } from "./plane.js";
import { randomNumbers } from "./random.js";
import { announcer, button, figureBox, slider } from "./ui.js";

const N_BATCHES = 300;
const LARGEST = 256;
const SIZES = [...new Set(Array.from({ length: 65 }, (_, k) => Math.round(2 ** (k / 8))))];

// The mean slopes (2, N_BATCHES) of batches of S galaxies, drawn with repetition.
// single: Float32Array (2, N), the slopes that each galaxy alone reports.
export function reportedSlopes(single, S, seed) {
  const N = single.length / 2;
  const random = randomNumbers(seed);
  const means = [new Float64Array(N_BATCHES), new Float64Array(N_BATCHES)];
  for (let batch = 0; batch < N_BATCHES; batch++) {
    let [sum0, sum1] = [0, 0];
    for (let s = 0; s < S; s++) {
      const galaxy = random.integer(N);
      sum0 += single[galaxy];
      sum1 += single[N + galaxy];
    }
    means[0][batch] = sum0 / S;
    means[1][batch] = sum1 / S;
  }
  return means;
}

// Noise: the root of the mean squared distance from the mean of all galaxies, over both slopes.
export function noise(slopes, middle) {
  let sum = 0;
  for (const [i, values] of slopes.entries()) {
    for (const v of values) sum += (v - middle[i]) ** 2;
  }
  return Math.sqrt(sum / slopes[0].length);
}

async function render({ model, el }) {
  const box = figureBox(el, "The slopes that batches report", "batch");
  const say = announcer(box, 1);
  const names = model.get("names");
  const raw = await bytesOf(model, "slopes");
  const single = new Float32Array(raw.slice().buffer);
  const N = single.length / 2;
  const both = [single.subarray(0, N), single.subarray(N)];
  const middle = both.map((values) => values.reduce((a, b) => a + b, 0) / N);
  const ofOne = noise(both, middle);
  let seed = 1;

  const size = slider({
    label: "batch size S",
    values: SIZES,
    value: model.get("S"),
    oninput: (S) => model.set("S", S),
  });
  size.input.addEventListener("change", () => model.save_changes());
  const again = button("Draw other batches", () => {
    seed += 1;
    redraw();
  });

  // The plane reaches as far as 98 of 100 galaxies do.
  const reach = both.map((values, i) => {
    const far = values.map((v) => Math.abs(v - middle[i])).sort();
    return far[Math.floor(0.98 * N)];
  });
  const range = (i) => [middle[i] - reach[i], middle[i] + reach[i]];
  const cloud = plane({
    width: 360,
    height: 320,
    left: 62,
    x: { range: range(0), ticks: ticks(range(0), 4), label: names[0] },
    y: { range: range(1), ticks: ticks(range(1), 4), label: names[1] },
    label: "A cloud of points, one for each batch, around the mean of all training galaxies.",
  });
  const dots = svg("path", { class: "dots slopes" });
  const cross = `M${cloud.px(middle[0]) - 9} ${cloud.py(middle[1])}h18m-9 -9v18`;
  cloud.inside.append(dots, svg("path", { class: "cross", d: cross }));

  const bottom = 0.03 * ofOne;
  const chart = plane({
    width: 360,
    height: 320,
    left: 62,
    x: {
      range: [0.8, 320],
      ticks: [1, 4, 16, 64, 256],
      log: true,
      label: "batch size S (galaxies)",
    },
    y: {
      range: [bottom, 2 * ofOne],
      ticks: [1, 0.3, 0.1, 0.03].map((t) => t * ofOne),
      log: true,
      label: "noise, in that of one galaxy",
      write: (v) => String(+(v / ofOne).toPrecision(1)),
    },
    label: "Noise of a batch against its size: the points lie on the line of one over root S.",
  });
  const trail = svg("path", { class: "dots trail slopes" });
  const now = svg("circle", { class: "now", r: 7 });
  const root = `M${chart.px(1)} ${chart.py(ofOne)}L${chart.px(LARGEST)} ${chart.py(ofOne / Math.sqrt(LARGEST))}`;
  chart.inside.append(svg("path", { class: "line c0", d: root }), trail, now);
  chart.inside.append(
    svg("text", { x: chart.px(20), y: chart.py(ofOne / Math.sqrt(13)), class: "named" }, "1/√S"),
  );

  const result = h("p");
  box.append(
    style(STYLE),
    h("div", { class: "controls" }, size.element, again),
    h("div", { class: "panels" }, cloud.element, chart.element),
    result,
  );

  const seen = new Map();
  function draw() {
    const S = model.get("S");
    const slopes = reportedSlopes(single, S, seed);
    let d = "";
    for (let i = 0; i < N_BATCHES; i++) {
      d += `M${cloud.px(slopes[0][i]).toFixed(1)} ${cloud.py(slopes[1][i]).toFixed(1)}h0`;
    }
    dots.setAttribute("d", d);
    const measured = noise(slopes, middle);
    seen.set(S, measured);
    trail.setAttribute("d", [...seen].map(([s, v]) => `M${chart.px(s)} ${chart.py(v)}h0`).join(""));
    now.setAttribute("cx", chart.px(S));
    now.setAttribute("cy", chart.py(measured));
    result.textContent =
      `${N_BATCHES} batches of ${S} galax${S === 1 ? "y" : "ies"}: their noise is ` +
      `${(measured / ofOne).toFixed(3)} of a single galaxy's; 1/√S is ${(1 / Math.sqrt(S)).toFixed(3)}. ` +
      `The cross is the mean of all ${N.toLocaleString("en")} training galaxies.`;
    say(result.textContent);
  }
  const redraw = onFrame("Batch", draw);
  model.on("change:S", () => {
    size.set(model.get("S"));
    redraw();
  });
  draw();
}

export default { render };
