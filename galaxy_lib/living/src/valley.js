// Chapter 4: the path down a narrow valley, with momentum and, beside it, with the plain step.

import STYLE from "style:./valley.css";
import { h, svg } from "./dom.js";
import { handle, onFrame, plane, style, sub } from "./plane.js";
import { randomNumbers } from "./random.js";
import { announcer, figureBox, fixed, slider, tick } from "./ui.js";

// w0 ∈ [−11, 4], w1 ∈ [−2.2, 2.2], as in the chapter's figure of the same valley.
const RANGE = { w0: [-11, 4], w1: [-2.2, 2.2] };
const LEVELS = [1, 5, 15, 35, 65, 110];
const ETA = { min: Math.log10(0.002), max: Math.log10(4) };
const NOISE = 5; // σ of each component of the gradient

// The places after 0 … n_steps steps of v ← βv + (1 − β)∂L/∂w, w ← w − ηv, from v = 0.
export function descend({ curvature, start, eta, beta, n_steps, noise }) {
  const random = randomNumbers(1);
  let [w0, w1] = start;
  let [v0, v1] = [0, 0];
  const path = [[w0, w1]];
  for (let step = 0; step < n_steps; step++) {
    const [n0, n1] = noise ? [random.normal(), random.normal()] : [0, 0];
    v0 = beta * v0 + (1 - beta) * (curvature[0] * w0 + NOISE * n0);
    v1 = beta * v1 + (1 - beta) * (curvature[1] * w1 + NOISE * n1);
    w0 -= eta * v0;
    w1 -= eta * v1;
    path.push([w0, w1]);
  }
  return path; // n_steps + 1 pairs
}

export const largestEta = (beta, curvature) => ((2 / curvature) * (1 + beta)) / (1 - beta);

const loss = ([w0, w1], [c0, c1]) => 0.5 * (c0 * w0 ** 2 + c1 * w1 ** 2);
const digits = (v) => (v >= 1000 || v < 1e-3 ? v.toExponential(0) : String(+v.toPrecision(2)));
const signed = (v) => v.toFixed(1).replace("-", "−");

function render({ model, el }) {
  const box = figureBox(el, "Momentum and the plain step in a narrow valley", "valley");
  const say = announcer(box, 1);
  const curvature = model.get("curvature");
  const steepest = Math.max(...curvature);
  const nSteps = model.get("n_steps");
  const keep = () => model.save_changes();

  const beta = slider({
    label: "β",
    min: 0,
    max: 0.98,
    step: 0.01,
    value: model.get("beta"),
    format: fixed(2),
    oninput: (v) => model.set("beta", v),
  });
  const eta = slider({
    label: "η",
    ...ETA,
    step: 0.005,
    value: Math.log10(model.get("eta")),
    format: (v) => digits(10 ** v),
    oninput: (v) => model.set("eta", 10 ** v),
  });
  for (const { input } of [beta, eta]) input.addEventListener("change", keep);
  const marks = ["limit with momentum", "limit of the plain step"].map((text, i) =>
    h("span", { class: `limit limit-${i}` }, text),
  );
  const track = h("span", { class: "limited" });
  eta.input.replaceWith(track);
  track.append(eta.input, ...marks);
  const noise = tick({
    label: "noisy gradients",
    value: model.get("noise"),
    onchange: (on) => {
      model.set("noise", on);
      keep();
    },
  });

  const limit = ([low, high], v) => Math.min(high, Math.max(low, v));
  const move = (w0, w1) => {
    model.set("start", [limit(RANGE.w0, w0), limit(RANGE.w1, w1)]);
    keep();
  };
  const panels = ["with momentum", "with the plain step"].map((name, i) => {
    const p = plane({
      width: 360,
      height: 240,
      x: { range: RANGE.w0, ticks: [-10, -5, 0], label: sub("w", "0") },
      y: { range: RANGE.w1, ticks: [-2, -1, 0, 1, 2], label: sub("w", "1") },
      label: `Path down a narrow valley ${name}, from the round handle to the cross at the bottom.`,
    });
    for (const level of LEVELS) {
      const rx = p.px(Math.sqrt((2 * level) / curvature[0])) - p.px(0);
      const ry = p.py(0) - p.py(Math.sqrt((2 * level) / curvature[1]));
      p.inside.append(svg("ellipse", { cx: p.px(0), cy: p.py(0), rx, ry, class: "contour" }));
    }
    const bottom = `M${p.px(0) - 7} ${p.py(0)}h14m-7 -7v14`;
    const line = svg("path", { class: `line c${i}` });
    const dots = svg("path", { class: `dots c${i}` });
    p.inside.append(svg("path", { class: "cross", d: bottom }), line, dots);
    const knob = handle(p, {
      label: "starting point",
      write: (a, b) => `w0 ${signed(a)}, w1 ${signed(b)}`,
      step: [0.5, 0.1],
      onMove: move,
    });
    const title = h("p", { class: "title" });
    return { p, line, dots, knob, title, element: h("div", {}, title, p.element) };
  });

  const curves = plane({
    width: 360,
    height: 210,
    x: { range: [0, nSteps], ticks: [0, 20, 40, 60].filter((t) => t <= nSteps), label: "step" },
    y: { range: [1e-3, 1e3], ticks: [0.001, 0.1, 10, 1000], log: true, label: "loss L" },
    label: "Loss against step for both paths.",
  });
  const lines = [0, 1].map((i) => {
    const line = svg("path", { class: `line c${i}` });
    curves.inside.append(line);
    return line;
  });
  const result = h("p");
  box.append(
    style(STYLE),
    h("div", { class: "controls" }, beta.element, eta.element, noise.element),
    h(
      "div",
      { class: "panels" },
      ...panels.map((each) => each.element),
      h("div", { class: "loss" }, curves.element),
      result,
    ),
  );

  function draw() {
    const state = { curvature, n_steps: nSteps };
    for (const name of ["start", "eta", "beta", "noise"]) state[name] = model.get(name);
    const limits = [largestEta(state.beta, steepest), largestEta(0, steepest)];
    limits.forEach((each, i) => {
      const share = (Math.log10(each) - ETA.min) / (ETA.max - ETA.min);
      marks[i].style.setProperty("--share", share);
      marks[i].classList.toggle("before", share > 0.6);
      marks[i].hidden = share > 1;
    });
    const words = panels.map((panel, i) => {
      const path = descend({ ...state, beta: i ? 0 : state.beta });
      const far = path.findIndex(([w0, w1]) => !(Math.abs(w0) < 100 && Math.abs(w1) < 100));
      const seen = far < 0 ? path : path.slice(0, far + 1);
      const places = seen.map(
        ([a, b]) => `${panel.p.px(a).toFixed(1)} ${panel.p.py(b).toFixed(1)}`,
      );
      panel.line.setAttribute("d", `M${places.join("L")}`);
      panel.dots.setAttribute("d", `M${places.join("h0M")}h0`);
      panel.knob.place(...state.start);
      const losses = seen.map((w) => Math.min(1e9, Math.max(1e-9, loss(w, curvature))));
      const points = losses.map((L, t) => `${curves.px(t).toFixed(1)} ${curves.py(L).toFixed(1)}`);
      lines[i].setAttribute("d", `M${points.join("L")}`);
      const name = i ? "plain step, β = 0" : `momentum, β = ${state.beta.toFixed(2)}`;
      panel.title.textContent = `${name}${state.eta > limits[i] ? ": runs away" : ""}`;
      const who = i ? "the plain step" : "momentum";
      return far < 0 ? `${who} has come to L = ${digits(losses.at(-1))}` : `${who} has flown off`;
    });
    const [a, b] = limits.map(digits);
    result.replaceChildren(
      `With η = ${digits(state.eta)}, after ${nSteps} steps ${words.join(" and ")}. The limit η`,
      h("sub", {}, "max"),
      ` is ${a} for β = ${state.beta.toFixed(2)} and ${b} for the plain step.`,
    );
    say(result.textContent);
  }

  const redraw = onFrame("Valley", draw);
  model.on("change:beta", () => beta.set(model.get("beta")));
  model.on("change:eta", () => eta.set(Math.log10(model.get("eta"))));
  model.on("change:noise", () => noise.set(model.get("noise")));
  for (const name of ["beta", "eta", "start", "noise"]) model.on(`change:${name}`, redraw);
  draw();
}

export default { render };
