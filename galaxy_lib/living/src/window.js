// Chapter 8: a 5×5 window slides over a galaxy; what it sees, times its weights, added up, is a map.

import STYLE from "style:./window.css";
import { dials } from "./dials.js";
import { h } from "./dom.js";
import { bytesOf } from "./model.js";
import { onFrame, style } from "./plane.js";
import { scalePixels } from "./sprite.js";
import { announcer, choice, figureBox, fixed, symbol, tick } from "./ui.js";

const K = 5; // weights in a row of the window

// f(p, q) for each of the 25 places of the window, row by row.
const cells = (f) => Array.from({ length: K * K }, (_, n) => f(Math.floor(n / K), n % K));
const around = (f) => cells((p, q) => f(p - 2, q - 2)); // counted from its middle
const normalised = (weights) => {
  const size = weights.reduce((sum, w) => sum + Math.abs(w), 0);
  return weights.map((w) => w / size);
};
const gauss = (sigma) =>
  normalised(around((p, q) => Math.exp(-(p ** 2 + q ** 2) / (2 * sigma ** 2))));

export const PRESETS = {
  "centre–surround": around((p, q) => (Math.max(Math.abs(p), Math.abs(q)) < 2 ? 1 / 9 : -1 / 16)),
  "edge, left to right": normalised(around((p, q) => q * Math.exp(-(p ** 2 + q ** 2) / 3))),
  "edge, top to bottom": normalised(around((p, q) => p * Math.exp(-(p ** 2 + q ** 2) / 3))),
  blur: gauss(1.2),
  "one pixel": around((p, q) => (p === 0 && q === 0 ? 1 : 0)),
};

// One number of the map, h(i, j) = Σ w(p, q) x(i + p, j + q), with the terms of its sum.
// x: Float32Array (side, side); w: 25 numbers, not mirrored.
export function look(x, side, w, i, j) {
  const patch = cells((p, q) => x[(i + p) * side + j + q]);
  const products = patch.map((value, n) => w[n] * value);
  return { patch, products, sum: products.reduce((a, b) => a + b, 0) };
}

// The whole map, Float32Array (side − 4, side − 4).
export function slide(x, side, w) {
  const n = side - K + 1;
  const h = new Float32Array(n * n);
  for (let p = 0; p < K; p++) {
    for (let q = 0; q < K; q++) {
      for (let i = 0; i < n; i++) {
        for (let j = 0; j < n; j++) h[i * n + j] += w[p * K + q] * x[(i + p) * side + j + q];
      }
    }
  }
  return h;
}

async function render({ model, el }) {
  const box = figureBox(el, "A window slides over a galaxy", "window");
  const say = announcer(box, 1);
  const [side, names, learned] = ["side", "names", "learned"].map((name) => model.get(name));
  const raw = await bytesOf(model, "pictures");
  const pictures = names.map((_, n) =>
    scalePixels(raw.subarray(n * side ** 2, (n + 1) * side ** 2)),
  );
  const presets = { ...PRESETS, ...learned };
  const write = fixed(2);
  const n = side - K + 1; // places in a row
  let at = [Math.round(n / 2), Math.round(n / 2)];

  const galaxy = choice({
    label: "galaxy",
    options: names.map((name, n) => [n, name.replace(/ galaxies\b/, "")]),
    value: model.get("galaxy"),
    onchange: (n) => set("galaxy", n),
  });
  const own = "your own";
  const preset = choice({
    label: "weights",
    options: [...Object.keys(presets), own].map((name) => [name, name]),
    value: own,
    onchange: (name) => presets[name] && set("weights", presets[name]),
  });
  const cut = tick({
    label: "max(0, ·)",
    value: model.get("cut"),
    onchange: (on) => set("cut", on),
  });
  const set = (name, value) => {
    model.set(name, value);
    model.save_changes();
  };

  // --- the galaxy and the map, each with the place of the window ---
  const frameOf = (label, size, move) => {
    const canvas = h("canvas", { width: size, height: size, role: "img", "aria-label": label });
    const square = move
      ? h("span", {
          class: "square",
          tabindex: 0,
          role: "slider",
          "aria-label": "place of the window",
          "aria-valuemin": 0,
          "aria-valuemax": n * n - 1,
        })
      : h("span", { class: "square one" });
    const element = h("div", { class: "picture" }, canvas, square);
    if (move) {
      const point = (event) => {
        const seen = canvas.getBoundingClientRect();
        const share = [
          (event.clientY - seen.top) / seen.height,
          (event.clientX - seen.left) / seen.width,
        ];
        go(...share.map((s) => Math.floor(s * side) - 2));
      };
      square.addEventListener("pointerdown", (event) => {
        square.setPointerCapture(event.pointerId);
        square.focus();
        event.preventDefault();
      });
      square.addEventListener(
        "pointermove",
        (e) => square.hasPointerCapture(e.pointerId) && point(e),
      );
      canvas.addEventListener("click", point);
      square.addEventListener("keydown", (event) => {
        const step = STEPS[event.key];
        if (!step) return;
        event.preventDefault();
        const far = event.shiftKey ? K : 1;
        go(at[0] + far * step[0], at[1] + far * step[1]);
      });
    }
    return { canvas, square, element };
  };
  const input = frameOf("The galaxy, in grey", side, true);
  const output = frameOf(
    "The map: white where the sum is positive, blue where it is negative",
    n,
    false,
  );

  function go(i, j) {
    at = [i, j].map((k) => Math.min(n - 1, Math.max(0, k)));
    redraw();
  }

  // --- patch, weights, products: 5 × 5 numbers each ---
  const gridOf = (title, cell) => {
    const numbers = cells(() => h("span", cell));
    return {
      numbers,
      element: h(
        "div",
        {},
        h("p", { class: "title" }, ...[title].flat()),
        h("div", { class: "grid" }, ...numbers),
      ),
    };
  };
  const patch = gridOf([symbol("x"), " under the window"], {});
  const weights = gridOf("its weights w", {});
  const products = gridOf("the products", {});
  const hands = dials(weights.numbers, {
    label: (k) => `weight in row ${Math.floor(k / K) + 1}, column ${(k % K) + 1}`,
    first: 12,
    most: 1,
    get: (k) => model.get("weights")[k],
    set(k, value) {
      const now = model.get("weights").map((w, n) => (n === k ? value : w));
      model.set("weights", now);
    },
    done: () => model.save_changes(),
  });

  const result = h("p");
  box.append(
    style(STYLE),
    h("div", { class: "controls" }, galaxy.element, preset.element, cut.element),
    h(
      "div",
      { class: "pair" },
      h("div", {}, h("p", { class: "title" }, symbol("x"), ", the galaxy"), input.element),
      h("div", {}, h("p", { class: "title" }, "h, the map"), output.element),
    ),
    h("div", { class: "triple" }, patch.element, weights.element, products.element),
    result,
    h(
      "p",
      { class: "note" },
      "Drag the square, and a weight up or down; or choose a weight with ← and →, and change it with ↑ and ↓.",
    ),
  );

  function paint(canvas, values, scale) {
    const rgba = new Uint8ClampedArray(4 * values.length);
    values.forEach((v, k) => {
      const level = 255 * Math.min(1, Math.abs(v) / scale);
      const colour = v >= 0 ? [level, level, level] : [0.3 * level, 0.6 * level, level];
      rgba.set([...colour, 255], 4 * k);
    });
    canvas.getContext("2d").putImageData(new ImageData(rgba, canvas.width, canvas.height), 0, 0);
  }

  function fill({ numbers }, values, scale) {
    numbers.forEach((element, k) => {
      const v = Math.abs(values[k]) < 0.005 ? 0 : values[k];
      element.textContent = write(v);
      element.style.setProperty("--share", Math.min(1, Math.abs(v) / scale));
      element.classList.toggle("negative", v < 0);
    });
  }

  function draw() {
    const x = pictures[model.get("galaxy")];
    const w = model.get("weights");
    const rectify = model.get("cut") ? (v) => Math.max(0, v) : (v) => v;
    const map = slide(x, side, w).map(rectify);
    paint(input.canvas, x, 1);
    paint(
      output.canvas,
      map,
      map.reduce((m, v) => Math.max(m, Math.abs(v)), 1e-6),
    );
    const [i, j] = at;
    for (const [{ square }, size] of [
      [input, side],
      [output, n],
    ]) {
      square.style.setProperty("--i", i / size);
      square.style.setProperty("--j", j / size);
      square.style.setProperty("--pixel", 1 / size);
    }
    const here = look(x, side, w, i, j);
    fill(patch, here.patch, 1);
    const heaviest = Math.max(...w.map(Math.abs), 1e-6);
    fill(weights, w, heaviest);
    hands.show();
    fill(products, here.products, Math.max(...here.products.map(Math.abs), 1e-6));
    input.square.setAttribute("aria-valuenow", i * n + j);
    input.square.setAttribute("aria-valuetext", `row ${i}, column ${j}`);
    const sum = `At row ${i}, column ${j} the 25 products add up to ${write(here.sum)}`;
    const shown = write(rectify(here.sum));
    result.textContent = `${sum}${model.get("cut") ? `, so the map has ${shown} there` : ": that is the map's value there"}.`;
    say(result.textContent);
    const named = Object.keys(presets).find((name) =>
      presets[name].every((v, k) => Math.abs(v - w[k]) < 1e-6),
    );
    preset.set(named ?? own);
  }

  const redraw = onFrame("Window", draw);
  for (const name of ["galaxy", "weights", "cut"]) model.on(`change:${name}`, redraw);
  model.on("change:galaxy", () => galaxy.set(model.get("galaxy")));
  if (!model.get("weights").length) model.set("weights", presets[Object.keys(presets)[0]]);
  draw();
}

const STEPS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };

export default { render };
