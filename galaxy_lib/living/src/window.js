// Chapter 8: a 5×5 window slides over a galaxy; what it sees, times its weights, added up, is a map.
import { onFrame, style } from "./plane.js";
import { announcer, bytesOf, choice, figureBox, fixed, h, tick } from "./ui.js";
import STYLE from "style:./window.css";

const WINDOW = 5;
const FRAME = 2; // zeros around the picture, so that the map is as large as it

const cells = (f) =>
  Array.from({ length: WINDOW ** 2 }, (_, k) => f(Math.floor(k / WINDOW) - FRAME, (k % WINDOW) - FRAME));
const normalised = (weights) => {
  const size = weights.reduce((sum, w) => sum + Math.abs(w), 0);
  return weights.map((w) => w / size);
};
const gauss = (sigma) => normalised(cells((p, q) => Math.exp(-(p ** 2 + q ** 2) / (2 * sigma ** 2))));

export const PRESETS = {
  "edge: left dark, right bright": normalised(cells((p, q) => q * Math.exp(-(p ** 2 + q ** 2) / 3))),
  "edge: top dark, bottom bright": normalised(cells((p, q) => p * Math.exp(-(p ** 2 + q ** 2) / 3))),
  blur: gauss(1.2),
  "centre–surround": normalised(gauss(0.8).map((w, k) => w - gauss(2)[k])),
  "one pixel": cells((p, q) => (p === 0 && q === 0 ? 1 : 0)),
};

// One value of the map: the sum of weight times pixel over the window whose middle is (i, j).
// x: Float32Array (side, side); weights (25), p to the bottom, q to the right: nothing is flipped.
export function look(x, side, weights, i, j) {
  const patch = cells((p, q) => {
    const [row, column] = [i + p, j + q];
    const inside = row >= 0 && row < side && column >= 0 && column < side;
    return inside ? x[row * side + column] : 0;
  });
  const products = patch.map((value, k) => value * weights[k]);
  return { patch, products, sum: products.reduce((a, b) => a + b, 0) };
}

// The whole map (side, side): `look` at each place.
export function convolve(x, side, weights) {
  const map = new Float32Array(side * side);
  for (let p = 0; p < WINDOW; p++) {
    for (let q = 0; q < WINDOW; q++) {
      const w = weights[p * WINDOW + q];
      if (w === 0) continue;
      for (let i = Math.max(0, FRAME - p); i < Math.min(side, side + FRAME - p); i++) {
        const from = (i + p - FRAME) * side - FRAME + q;
        const end = Math.min(side, side + FRAME - q);
        for (let j = Math.max(0, FRAME - q); j < end; j++) map[i * side + j] += w * x[from + j];
      }
    }
  }
  return map;
}

async function render({ model, el }) {
  const box = figureBox(el, "A window slides over a galaxy", "window");
  const say = announcer(box, 1);
  const [side, names, learned] = ["side", "names", "learned"].map((name) => model.get(name));
  const raw = await bytesOf(model, "pictures");
  const pictures = names.map((_, n) =>
    Float32Array.from(raw.subarray(n * side ** 2, (n + 1) * side ** 2), (v) => (v / 255) * 0.99 + 0.01),
  );
  const presets = { ...PRESETS, ...learned };
  const write = fixed(2);
  let at = [Math.round(side / 2), Math.round(side / 2)];
  let map = null;

  const galaxy = choice({
    label: "galaxy",
    options: names.map((name, n) => [n, name]),
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
  const cut = tick({ label: "max(0, ·)", value: model.get("cut"), onchange: (on) => set("cut", on) });
  const set = (name, value) => {
    model.set(name, value);
    model.save_changes();
  };

  // --- the galaxy and the map, each with the place of the window ---
  const frameOf = (label, move) => {
    const canvas = h("canvas", { width: side, height: side, role: "img", "aria-label": label });
    const square = move
      ? h("span", { class: "square", tabindex: 0, role: "slider", "aria-label": "place of the window" })
      : h("span", { class: "square one" });
    const element = h("div", { class: "picture" }, canvas, square);
    if (move) {
      const point = (event) => {
        const seen = canvas.getBoundingClientRect();
        const share = [(event.clientY - seen.top) / seen.height, (event.clientX - seen.left) / seen.width];
        go(...share.map((s) => Math.floor(s * side)));
      };
      square.addEventListener("pointerdown", (event) => {
        square.setPointerCapture(event.pointerId);
        square.focus();
        event.preventDefault();
      });
      square.addEventListener("pointermove", (e) => square.hasPointerCapture(e.pointerId) && point(e));
      canvas.addEventListener("click", point);
      square.addEventListener("keydown", (event) => {
        const step = STEPS[event.key];
        if (!step) return;
        event.preventDefault();
        const far = event.shiftKey ? WINDOW : 1;
        go(at[0] + far * step[0], at[1] + far * step[1]);
      });
    }
    return { canvas, square, element };
  };
  const input = frameOf("The galaxy, in grey", true);
  const output = frameOf("The map: white where the sum is positive, blue where it is negative", false);

  function go(i, j) {
    at = [i, j].map((k) => Math.min(side - 1, Math.max(0, k)));
    redraw();
  }

  // --- patch, weights, products: 5 × 5 numbers each ---
  const gridOf = (title, cell) => {
    const numbers = cells(() => h("span", cell));
    return { numbers, element: h("div", {}, h("p", { class: "title" }, title), h("div", { class: "grid" }, ...numbers)) };
  };
  const patch = gridOf("what it sees", {});
  const weights = gridOf("its weights", {
    class: "weight", role: "slider", tabindex: -1, "aria-valuemin": -1, "aria-valuemax": 1,
  });
  const products = gridOf("the products", {});
  weights.numbers[12].tabIndex = 0;
  weights.numbers.forEach((element, k) => {
    element.setAttribute("aria-label", `weight in row ${Math.floor(k / 5) + 1}, column ${(k % 5) + 1}`);
    let from = null;
    const change = (value) => {
      const next = [...model.get("weights")];
      next[k] = Math.min(1, Math.max(-1, Math.round(100 * value) / 100));
      model.set("weights", next);
    };
    element.addEventListener("pointerdown", (event) => {
      element.setPointerCapture(event.pointerId);
      focus(k);
      from = [event.clientY, model.get("weights")[k]];
      event.preventDefault();
    });
    element.addEventListener("pointermove", (event) => {
      if (element.hasPointerCapture(event.pointerId)) change(from[1] + (from[0] - event.clientY) / 100);
    });
    element.addEventListener("pointerup", () => model.save_changes());
    element.addEventListener("keydown", (event) => {
      const by = { ArrowUp: 0.05, ArrowDown: -0.05, PageUp: 0.25, PageDown: -0.25 }[event.key];
      const to = { ArrowLeft: k - 1, ArrowRight: k + 1, Home: 0, End: 24 }[event.key];
      if (by === undefined && to === undefined) return;
      event.preventDefault();
      if (by !== undefined) {
        change(model.get("weights")[k] + by);
        model.save_changes();
      } else focus(Math.min(24, Math.max(0, to)));
    });
  });

  function focus(k) {
    for (const each of weights.numbers) each.tabIndex = -1;
    weights.numbers[k].tabIndex = 0;
    weights.numbers[k].focus();
  }

  const result = h("p");
  box.append(
    style(STYLE),
    h("div", { class: "controls" }, galaxy.element, preset.element, cut.element),
    h(
      "div",
      { class: "pair" },
      h("div", {}, h("p", { class: "title" }, "the galaxy: drag the square"), input.element),
      h("div", {}, h("p", { class: "title" }, "the map"), output.element),
    ),
    h("div", { class: "triple" }, patch.element, weights.element, products.element),
    result,
    h("p", { class: "note" }, "Drag a weight up or down; or choose it with ← and →, and change it with ↑ and ↓."),
  );

  function paint(canvas, values, scale) {
    const rgba = new Uint8ClampedArray(4 * side * side);
    values.forEach((v, k) => {
      const level = 255 * Math.min(1, Math.abs(v) / scale);
      const colour = v >= 0 ? [level, level, level] : [0.3 * level, 0.6 * level, level];
      rgba.set([...colour, 255], 4 * k);
    });
    canvas.getContext("2d").putImageData(new ImageData(rgba, side, side), 0, 0);
  }

  function fill({ numbers }, values, scale, signed) {
    numbers.forEach((element, k) => {
      const v = Math.abs(values[k]) < 0.005 ? 0 : values[k];
      element.textContent = write(v);
      element.style.setProperty("--share", Math.min(1, Math.abs(v) / scale));
      element.classList.toggle("negative", v < 0);
      if (signed) element.setAttribute("aria-valuenow", v.toFixed(2));
    });
  }

  function draw() {
    const x = pictures[model.get("galaxy")];
    const w = model.get("weights");
    const rectify = model.get("cut") ? (v) => Math.max(0, v) : (v) => v;
    map = convolve(x, side, w).map(rectify);
    paint(input.canvas, x, 1);
    // The frame of zeros is an edge of its own, which would outshine the galaxy's.
    const border = (k) => Math.min(k, side - 1 - k) < FRAME;
    const inner = map.filter((_, k) => !border(k % side) && !border(Math.floor(k / side)));
    paint(output.canvas, map, inner.reduce((m, v) => Math.max(m, Math.abs(v)), 1e-6));
    const [i, j] = at;
    for (const { square } of [input, output]) {
      square.style.setProperty("--i", i / side);
      square.style.setProperty("--j", j / side);
      square.style.setProperty("--pixel", 1 / side);
    }
    const here = look(x, side, w, i, j);
    fill(patch, here.patch, 1);
    fill(weights, w, Math.max(...w.map(Math.abs), 1e-6), true);
    fill(products, here.products, Math.max(...here.products.map(Math.abs), 1e-6));
    input.square.setAttribute("aria-valuenow", i * side + j);
    input.square.setAttribute("aria-valuemax", side * side - 1);
    input.square.setAttribute("aria-valuetext", `row ${i}, column ${j}`);
    const sum = `At row ${i}, column ${j} the 25 products add up to ${write(here.sum)}`;
    const shown = write(rectify(here.sum));
    result.textContent = `${sum}${model.get("cut") ? `, so the map has ${shown} there` : ": that is the map's value there"}.`;
    say(result.textContent);
    const named = Object.keys(presets).find((name) => presets[name].every((v, k) => Math.abs(v - w[k]) < 1e-6));
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
