// What every living figure shares: elements, controls, axes, pictures, and a voice for those who
// do not see them. Nothing here knows of networks.
import { axisBottom, axisLeft } from "d3-axis";
import { scaleLinear, scaleLog } from "d3-scale";
import { select } from "d3-selection";
import { line as curve } from "d3-shape";
import css from "style:./ui.css";

export { bytesOf } from "./model.js";

// h("p", { class: "note" }, "text", element): an element. A property that begins with "on" is a
// listener, one whose value is false or null is left out.
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) {
      element.setAttribute(name, value);
    }
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

// The figure's own box inside anywidget's element: a named group, with the style that all share.
export function figureBox(el, label, className = "") {
  if (!document.getElementById("galaxy-living-style")) {
    document.head.append(h("style", { id: "galaxy-living-style" }, css));
  }
  const box = h("div", { class: `galaxy-living ${className}`, role: "group", "aria-label": label });
  el.append(box);
  return box;
}

// A letter of the formulas in its colour, "x", "B" or "z": one colour for one thing.
export const symbol = (name) =>
  h("span", { class: "symbol", style: `--symbol: var(--gl-${name})` }, name);

export const reducedMotion = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

let count = 0;
export const newId = (name) => `gl-${name}-${(count += 1)}`;

// --- Controls: native elements, each with its label. `set` does not call `oninput`. ---

export function button(label, onclick, properties = {}) {
  return h("button", { type: "button", onclick, ...properties }, label);
}

// A slider over `values`, or from min to max by step. format(value) is what is shown and said.
export function slider({ label, values, min, max, step, value, format = String, oninput }) {
  const id = newId("slider");
  const at = values ? (index) => values[index] : (number) => number;
  const place = (v) => (values ? nearest(values, v) : v);
  const input = h("input", {
    type: "range",
    id,
    min: values ? 0 : min,
    max: values ? values.length - 1 : max,
    step: values ? 1 : step,
  });
  const output = h("output", { for: id });
  const write = () => {
    const text = format(at(Number(input.value)));
    output.textContent = text;
    input.setAttribute("aria-valuetext", text);
  };
  input.addEventListener("input", () => {
    write();
    oninput?.(at(Number(input.value)));
  });
  const control = {
    element: h("div", { class: "control" }, h("label", { for: id }, label), output, input),
    input,
    get value() {
      return at(Number(input.value));
    },
    set(v) {
      input.value = place(v);
      write();
    },
  };
  control.set(value);
  return control;
}

function nearest(values, v) {
  let best = 0;
  for (let i = 1; i < values.length; i++) {
    if (Math.abs(values[i] - v) < Math.abs(values[best] - v)) best = i;
  }
  return best;
}

// A list to choose from: options are [value, text].
export function choice({ label, options, value, onchange }) {
  const id = newId("choice");
  const list = h("select", { id }, ...options.map(([, text], i) => h("option", { value: i }, text)));
  list.addEventListener("change", () => onchange?.(options[list.value][0]));
  const control = {
    element: h("div", { class: "control" }, h("label", { for: id }, label), list),
    input: list,
    get value() {
      return options[list.value][0];
    },
    set(v) {
      list.value = options.findIndex(([each]) => each === v);
    },
  };
  control.set(value);
  return control;
}

export function tick({ label, value, onchange }) {
  const input = h("input", { type: "checkbox" });
  input.checked = value;
  input.addEventListener("change", () => onchange?.(input.checked));
  return {
    element: h("label", { class: "control tick" }, input, label),
    input,
    get value() {
      return input.checked;
    },
    set(v) {
      input.checked = v;
    },
  };
}

// --- The voice: a live region that speaks at most each few seconds, the last thing it was told. ---

export function announcer(box, { seconds = 4, seen = true } = {}) {
  const region = h("p", { class: seen ? "said" : "said unseen", role: "status", "aria-live": "polite" });
  box.append(region);
  let waiting = null;
  let timer = null;
  let last = -Infinity;
  const speak = () => {
    timer = null;
    last = performance.now();
    region.textContent = waiting;
  };
  return function say(text, { now = false } = {}) {
    waiting = text;
    const wait = now ? 0 : last + 1000 * seconds - performance.now();
    if (wait <= 0) {
      clearTimeout(timer);
      speak();
    } else timer ??= setTimeout(speak, wait);
  };
}

// --- Pictures. ---

// A canvas with one galaxy, its pixels visible. rgba: Uint8ClampedArray (side·side·4).
export function picture(side, label = "") {
  const canvas = h("canvas", { width: side, height: side, role: "img", "aria-label": label });
  const context = canvas.getContext("2d");
  return {
    element: canvas,
    draw(rgba, text) {
      context.putImageData(new ImageData(rgba, side, side), 0, 0);
      if (text !== undefined) canvas.setAttribute("aria-label", text);
    },
  };
}

// --- A chart: axes by d3, lines with their labels at the end, as wide as its place. ---

// draw({ x: [from, to], y: [from, to], lines: [{ points: [[x, y], ...], colour: 0 | "css colour",
//   label, dash, width, dots: "markers too" }], rules: [{ x or y, label, dash }], alt })
// colours 0 to 5 are those of the theme. xScale and yScale: "linear" or "log".
export function chart({
  xLabel,
  yLabel,
  height = 220,
  xScale = "linear",
  yScale = "linear",
  xFormat,
  yFormat,
  margin = {},
}) {
  const space = { top: 12, right: 92, bottom: 42, left: 52, ...margin };
  const element = h("div", { class: "chart", role: "img" });
  const svg = select(element).append("svg").attr("height", height).attr("aria-hidden", "true");
  const plot = svg.append("g").attr("transform", `translate(${space.left},${space.top})`);
  const xAxis = plot.append("g").attr("class", "axis");
  const yAxis = plot.append("g").attr("class", "axis");
  const marks = plot.append("g");
  const xText = svg.append("text").attr("class", "label").attr("text-anchor", "middle").text(xLabel);
  const yText = svg.append("text").attr("class", "label").attr("text-anchor", "middle").text(yLabel);
  const scales = { linear: scaleLinear, log: scaleLog };
  const x = scales[xScale]();
  const y = scales[yScale]();
  let content = null;
  let width = 0;

  function render() {
    if (!content || width < 80) return;
    const w = width - space.left - space.right;
    const hgt = height - space.top - space.bottom;
    svg.attr("width", width).attr("viewBox", `0 0 ${width} ${height}`);
    x.domain(content.x).range([0, w]);
    y.domain(content.y).range([hgt, 0]);
    xAxis.attr("transform", `translate(0,${hgt})`);
    xAxis.call(axisBottom(x).ticks(Math.max(2, Math.min(8, w / 70)), xFormat).tickSizeOuter(0));
    yAxis.call(axisLeft(y).ticks(Math.max(3, hgt / 40), yFormat).tickSizeOuter(0));
    xText.attr("x", space.left + w / 2).attr("y", height - 6);
    yText.attr("transform", `translate(14,${space.top + hgt / 2}) rotate(-90)`);
    marks.selectAll("*").remove();
    const labels = [];
    for (const rule of content.rules ?? []) {
      const [x1, x2] = rule.x === undefined ? [0, w] : [x(rule.x), x(rule.x)];
      const [y1, y2] = rule.y === undefined ? [0, hgt] : [y(rule.y), y(rule.y)];
      marks.append("line").attr("class", "rule").attr("x1", x1).attr("x2", x2).attr("y1", y1)
        .attr("y2", y2).attr("stroke-dasharray", rule.dash ?? "5 4");
      if (rule.label) labels.push({ text: rule.label, x: w + 6, y: y1, colour: "var(--gl-muted)" });
    }
    const path = curve().x((p) => x(p[0])).y((p) => y(p[1]))
      .defined((p) => Number.isFinite(x(p[0])) && Number.isFinite(y(p[1])));
    for (const line of content.lines ?? []) {
      const colour = typeof line.colour === "number" ? `var(--gl-c${line.colour})` : line.colour;
      marks.append("path").attr("class", "line").attr("d", path(line.points)).attr("stroke", colour)
        .attr("stroke-width", line.width ?? 2).attr("stroke-dasharray", line.dash ?? null);
      const seen = line.points.filter((p) => p.every(Number.isFinite));
      const last = seen.at(-1);
      if (!last) continue;
      for (const p of line.dots ? seen : seen.length === 1 ? [last] : []) {
        marks.append("circle").attr("cx", x(p[0])).attr("cy", y(p[1])).attr("r", 3).attr("fill", colour);
      }
      if (line.label) labels.push({ text: line.label, x: w + 6, y: y(last[1]), colour });
    }
    // Labels keep a line's height between them.
    labels.sort((a, b) => a.y - b.y);
    let below = -Infinity;
    for (const label of labels) below = label.y = Math.max(label.y, below + 14);
    const over = Math.max(0, below - hgt - 8);
    for (const label of labels) {
      marks.append("text").attr("class", "line-label").attr("x", label.x).attr("y", label.y - over)
        .attr("dy", "0.32em").attr("fill", label.colour).text(label.text);
    }
  }

  new ResizeObserver(([entry]) => {
    const now = Math.floor(entry.contentRect.width);
    if (now !== width) {
      width = now;
      render();
    }
  }).observe(element);

  return {
    element,
    svg,
    plot, // a g whose origin is the corner of the plot: for marks of one's own
    x,
    y,
    draw(what) {
      content = what;
      if (what.alt) element.setAttribute("aria-label", what.alt);
      render();
    },
  };
}

export const percent = (fraction) => `${(100 * fraction).toFixed(0)} %`;
export const fixed = (digits) => (value) => value.toFixed(digits).replace("-", "−");
