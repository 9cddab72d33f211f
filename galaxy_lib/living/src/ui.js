// What every living figure shares: its box, controls, pictures, and a voice for those who do not see
// them. Nothing here knows of networks.
import css from "style:./ui.css";
import { h, newId } from "./dom.js";
import { drawTile } from "./sprite.js";

// The figure's own box inside anywidget's element: a named group, with the style that all share.
export function figureBox(el, label, className = "") {
  if (!document.getElementById("galaxy-living-style")) {
    document.head.append(h("style", { id: "galaxy-living-style" }, css));
  }
  const box = h("div", { class: `galaxy-living ${className}`, role: "group", "aria-label": label });
  el.append(box);
  return box;
}

// A letter of the formulas in its colour, by its name in the code: one colour for one thing.
const LETTERS = { z_tilde: ["z̃"], e_tilde: ["ẽ", "e"] };
export function symbol(name) {
  const [letter, colour = name] = LETTERS[name] ?? [name];
  return h("span", { class: "symbol", style: `--symbol: var(--gl-${colour})` }, letter);
}

export const reducedMotion = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

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
  const list = h(
    "select",
    { id },
    ...options.map(([, text], i) => h("option", { value: i }, text)),
  );
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

// --- The voice: a live region, for ears alone, that says the last thing it was told, at most once
// in so many seconds. ---

export function announcer(box, seconds) {
  const region = h("p", { class: "said", role: "status", "aria-live": "polite" });
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
export function picture(side) {
  const canvas = h("canvas", { width: side, height: side, role: "img" });
  const context = canvas.getContext("2d");
  return {
    element: canvas,
    draw(rgba, text) {
      context.putImageData(new ImageData(rgba, side, side), 0, 0);
      canvas.setAttribute("aria-label", text);
    },
  };
}

// Galaxy n of a sprite.
export function tile(sprite, side, n, label) {
  const properties = { width: side, height: side, role: "img", "aria-label": label, class: "tile" };
  const canvas = h("canvas", properties);
  drawTile(canvas, sprite, side, n);
  return canvas;
}

export const fixed = (digits) => (value) => value.toFixed(digits).replace("-", "−");
