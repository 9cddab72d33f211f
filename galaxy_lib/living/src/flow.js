// Chapter 3: what flows forward through a small network, and what flows back, line by line.

import STYLE from "style:./flow.css";
import { dials } from "./dials.js";
import { h, svg } from "./dom.js";
import { network } from "./flow_network.js";
import { onFrame, plane, style, ticks } from "./plane.js";
import { announcer, button, figureBox, fixed, symbol, tick } from "./ui.js";

const FAR = 3; // a weight goes from −3 to 3
const H = 1e-5; // of the finite difference, as in the chapter
const WEIGHTS = ["B", "A"];

// --- The maths of the chapter. A matrix is a list of rows. ---

const product = (P, Q) => P.map((row) => Q[0].map((_, j) => sum(row.map((p, k) => p * Q[k][j]))));
const transposed = (P) => P[0].map((_, j) => P.map((row) => row[j]));
const sum = (values) => values.reduce((a, b) => a + b, 0);
const entrywise = (f, first, ...others) =>
  first.map((row, i) => row.map((v, j) => f(v, ...others.map((P) => P[i][j]))));
const sigmoid = (u) => 1 / (1 + Math.exp(-u));
const sloped = (error, value) => error * value * (1 - value);

// Everything that lines 1 to 7 give, under the names of the chapter; S is the number of columns.
export function flow({ A, B, x, y }) {
  const S = x[0].length;
  const z_tilde = entrywise(sigmoid, product(B, x));
  const z = entrywise(sigmoid, product(A, z_tilde));
  const e = entrywise((a, b) => a - b, z, y);
  const L = sum(e.flat().map((v) => v * v)) / S;
  const d = entrywise(sloped, e, z);
  const e_tilde = product(transposed(A), d);
  const d_tilde = entrywise(sloped, e_tilde, z_tilde);
  const slope = (v) => (2 / S) * v;
  const grad_A = entrywise(slope, product(d, transposed(z_tilde)));
  const grad_B = entrywise(slope, product(d_tilde, transposed(x)));
  return { S, z_tilde, z, e, L, d, e_tilde, d_tilde, grad_A, grad_B };
}

const changed = (W, i, j, value) =>
  W.map((row, k) => (k === i ? row.map((w, l) => (l === j ? value : w)) : row));

// The loss where one weight has another value.
const lossAt = (given, [name, i, j], value) =>
  flow({ ...given, [name]: changed(given[name], i, j, value) }).L;

// --- The lines: what is written, and what enters. A text beside a name stands as it is. ---

const D = ["[", "e", " ∘ ", "z", " ∘ (1 − ", "z", ")]"];
const D_TILDE = ["[", "e_tilde", " ∘ ", "z_tilde", " ∘ (1 − ", "z_tilde", ")]"];
const LINES = [
  { gives: "z_tilde", from: ["g(", "B", " ", "x", ")"], enter: ["g (", "B", "x", ")"] },
  { gives: "z", from: ["g(", "A", " ", "z_tilde", ")"], enter: ["g (", "A", "z_tilde", ")"] },
  { gives: "e", from: ["z", " − ", "y"], enter: ["z", "−", "y"] },
  { gives: "L", from: ["sum of ", "e", "² / ", "S"], enter: ["the squares of", "e"] },
  { gives: "e_tilde", from: ["A", "ᵀ ", ...D], enter: ["A.T", "d"] },
  { gives: "grad_A", from: ["2/", "S", " ", ...D, " ", "z_tilde", "ᵀ"], enter: ["d", "z_tilde.T"] },
  { gives: "grad_B", from: ["2/", "S", " ", ...D_TILDE, " ", "x", "ᵀ"], enter: ["d_tilde", "x.T"] },
];
const LETTERS = new Set(["x", "y", "B", "A", "z_tilde", "z", "e", "e_tilde", "L", "S"]);
const PLAIN = new Set(["y", "L", "S"]); // these have no colour of their own
const written = (parts) =>
  parts.map((part) => {
    if (!LETTERS.has(part)) return part;
    return PLAIN.has(part) ? h("i", {}, part) : symbol(part);
  });
const TITLES = {
  "A.T": ["A", "ᵀ"],
  d: D,
  "z_tilde.T": ["z_tilde", "ᵀ"],
  d_tilde: D_TILDE,
  "x.T": ["x", "ᵀ"],
  grad_A: ["∂", "L", "/∂", "A"],
  grad_B: ["∂", "L", "/∂", "B"],
};
const COLOURS = { "A.T": "A", d: "e", "z_tilde.T": "z_tilde", d_tilde: "e", "x.T": "x" };
Object.assign(COLOURS, { grad_A: "A", grad_B: "B", e_tilde: "e" });
const SPOKEN = {
  z_tilde: "z tilde",
  e_tilde: "e tilde",
  grad_A: "the slope of L by A",
  grad_B: "the slope of L by B",
  ᵀ: " transposed",
  "ᵀ ": " transposed times ",
  "g(": "g of ",
  ")": "",
  " ": " times ",
  " ∘ ": " times ",
  " ∘ (1 − ": " times 1 minus ",
  ")]": " ",
  "[": "",
  " − ": " minus ",
  "² / ": " squared, over ",
  "2/": "2 over ",
};
const spoken = (parts) => parts.map((part) => SPOKEN[part] ?? part).join("");
const sentences = LINES.map(({ gives, from }) => `${SPOKEN[gives] ?? gives} is ${spoken(from)}`);

const two = fixed(2);
const four = fixed(4);
const six = fixed(6);
const GIVEN = new Set(["x", "y", "A", "B", "A.T", "x.T"]); // numbers with two decimals
const shape = (P) => `${P.length} × ${P[0].length}`;
const low = (i) => "₀₁₂₃"[i];
const nameOf = ([name, i, j]) => `${name}${low(i)}${low(j)}`;

// A matrix with its numbers, its name and its shape below them. met(i, j): those that stand out.
function matrix(name, P, met = () => false) {
  const write = GIVEN.has(name) ? two : four;
  const numbers = P.flatMap((row, i) =>
    row.map((v, j) => h("span", { class: met(i, j) ? "met" : null }, write(v))),
  );
  const colour = COLOURS[name] ?? name;
  const look = `--columns: ${P[0].length}; --colour: var(--gl-${colour}, var(--gl-text))`;
  return h(
    "div",
    { class: "matrix-of", style: look },
    h("div", { class: "numbers" }, ...numbers),
    h("p", {}, ...written(TITLES[name] ?? [name]), h("span", { class: "note" }, ` ${shape(P)}`)),
  );
}

function render({ model, el }) {
  const box = figureBox(el, "What flows forward and back through a small network", "flow");
  const initial = Object.fromEntries(WEIGHTS.map((name) => [name, model.get(name)]));
  const places = WEIGHTS.flatMap((name) =>
    initial[name].flatMap((row, i) => row.map((_, j) => [name, i, j])),
  );
  let chosen = places[0];
  let from = null; // where the chosen weight was taken: { value, L, slope }

  function given() {
    const columns = (P) => (model.get("four") ? P : P.map((row) => row.slice(0, 1)));
    const [A, B, x, y] = ["A", "B", "x", "y"].map((name) => model.get(name));
    return { A, B, x: columns(x), y: columns(y) };
  }
  const set = (name, value) => {
    model.set(name, value);
    model.save_changes();
  };
  const weightAt = ([name, i, j]) => model.get(name)[i][j];
  function take() {
    const { L, ...found } = flow(given());
    const [name, i, j] = chosen;
    from = { value: weightAt(chosen), L, slope: found[`grad_${name}`][i][j] };
  }

  // --- The lines. ---
  const go = (step) => {
    if (step < 1 || step > LINES.length) return;
    set("step", step);
    const { gives } = LINES[step - 1];
    const numbers = [flow(given())[gives]].flat().map((row) => [row].flat().map(four).join(", "));
    const said = numbers.join("; ").replace(/−/g, "minus ");
    say(`Line ${step} of ${LINES.length}: ${sentences[step - 1]}. ${said}.`);
  };
  const lines = LINES.map(({ gives, from }, k) => {
    const line = button("", () => go(k + 1), { class: "line", "aria-label": sentences[k] });
    line.append(...written(TITLES[gives] ?? [gives]), " = ", ...written(from));
    return line;
  });
  const list = h("ol", { class: "lines" }, ...lines.map((each) => h("li", {}, each)));
  list.addEventListener("keydown", (event) => {
    const now = model.get("step");
    const keys = { ArrowUp: now - 1, ArrowLeft: now - 1, ArrowDown: now + 1, ArrowRight: now + 1 };
    const to = { ...keys, Home: 1, End: LINES.length }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    go(to);
    lines[model.get("step") - 1].focus();
  });
  const back = button("← Back", () => go(model.get("step") - 1));
  const forward = button("Forward →", () => go(model.get("step") + 1), { class: "main" });
  const batch = tick({
    label: "four galaxies at once",
    value: model.get("four"),
    onchange: (on) => set("four", on),
  });

  // --- The weights, and the loss against the chosen one. ---
  const numbers = places.map(() => h("span"));
  const hands = dials(numbers, {
    label: (k) => {
      const [name, i, j] = places[k];
      const ends =
        name === "B" ? `input ${j} to hidden unit ${i}` : `hidden unit ${j} to output ${i}`;
      return `weight ${name} ${i} ${j}, from ${ends}`;
    },
    most: FAR,
    get: (k) => weightAt(places[k]),
    set(k, value) {
      const [name, i, j] = places[k];
      model.set(name, changed(model.get(name), i, j, value));
    },
    grabbed(k) {
      chosen = places[k];
      take();
      redraw();
    },
    done: () => model.save_changes(),
  });
  const gridOf = (name) => {
    const own = numbers.filter((_, k) => places[k][0] === name);
    const look = `--columns: ${initial[name][0].length}; --colour: var(--gl-${name})`;
    const title = h(
      "p",
      {},
      symbol(name),
      h("span", { class: "note" }, ` ${shape(initial[name])}`),
    );
    return h(
      "div",
      { class: "matrix-of", style: look },
      h("div", { class: "numbers" }, ...own),
      title,
    );
  };
  const reset = button("Initial weights", () => {
    for (const name of WEIGHTS) model.set(name, initial[name]);
    model.save_changes();
    take();
    redraw();
  });
  const curve = h("div", { class: "curve" });
  const moved = h("p", { class: "moved" });

  function drawCurve(all) {
    const at = given();
    const weights = Array.from({ length: 61 }, (_, k) => -FAR + (2 * FAR * k) / 60);
    const losses = weights.map((w) => lossAt(at, chosen, w));
    const [least, most] = [Math.min(...losses), Math.max(...losses)];
    const room = 0.15 * Math.max(most - least, 0.01);
    const range = [least - room, most + room];
    const name = nameOf(chosen);
    const p = plane({
      width: 340,
      height: 210,
      left: 56,
      x: { range: [-FAR, FAR], ticks: [-2, 0, 2], label: name },
      y: { range, ticks: ticks(range, 4), label: "loss L" },
      label: `The loss against ${name}, with its slope where the weight was taken.`,
    });
    const points = weights.map((w, k) => `${p.px(w).toFixed(1)} ${p.py(losses[k]).toFixed(1)}`);
    const line = (w) => from.L + from.slope * (w - from.value);
    const tangent = [-FAR, FAR].map((w) => `${p.px(w)} ${p.py(line(w))}`);
    p.inside.append(
      svg("path", { class: "line", d: `M${points.join("L")}` }),
      svg("path", { class: "line tangent", d: `M${tangent.join("L")}` }),
      svg("circle", { class: "taken", r: 5, cx: p.px(from.value), cy: p.py(from.L) }),
      svg("circle", { class: "now", r: 6, cx: p.px(weightAt(chosen)), cy: p.py(all.L) }),
    );
    curve.style.setProperty("--colour", `var(--gl-${chosen[0]})`);
    curve.replaceChildren(p.element);
  }

  function tellMove(all) {
    const [name, i, j] = chosen;
    const value = weightAt(chosen);
    const [above, below] = [H, -H].map((step) => lossAt(given(), chosen, value + step));
    const formula = six(all[`grad_${name}`][i][j]);
    const slopes = `Here the slope is ${formula} by the formula, ${six((above - below) / (2 * H))} by finite difference.`;
    const move = value - from.value;
    const weight = nameOf(chosen);
    const text =
      Math.abs(move) < 1e-9
        ? `${weight} = ${two(value)}, L = ${four(all.L)}. ${slopes} Drag the weight up or down, or press ↑ or ↓.`
        : `${weight} moved by ${two(move)} to ${two(value)}. Slope × move = ${four(from.slope)} × ${two(move)} = ` +
          `${four(from.slope * move)}; L moved by ${four(all.L - from.L)}, to ${four(all.L)}. ${slopes}`;
    if (moved.textContent === text) return;
    const first = moved.textContent === "";
    moved.textContent = text;
    if (!first) say(text);
  }

  // --- What enters a line. In a gradient, how the chosen slope is added up. ---
  const inside = h("div", { class: "inside" });
  const terms = h("p", { class: "terms" });
  function drawLine(all) {
    const { gives, enter } = LINES[model.get("step") - 1];
    const values = { ...given(), ...all };
    for (const name of ["A", "x", "z_tilde"]) values[`${name}.T`] = transposed(values[name]);
    // The entry whose sum is written out: that of the chosen weight, or the first.
    const summed = gives.startsWith("grad");
    const [i, j] = gives === `grad_${chosen[0]}` ? chosen.slice(1) : [0, 0];
    const meets = summed ? [(k) => k === i, (_, l) => l === j, (k, l) => k === i && l === j] : [];
    const scale = all.S > 1 ? `2/${all.S}` : "2";
    let factor = 0;
    const parts = enter.map((part) =>
      values[part]
        ? matrix(part, values[part], meets[factor++])
        : h("span", { class: "sign" }, part),
    );
    if (summed) parts.unshift(h("span", { class: "sign" }, scale));
    const result =
      gives === "L"
        ? h("strong", { class: "sign" }, `L = ${four(all.L)}`)
        : matrix(gives, values[gives], meets[2]);
    const sign = h("span", { class: "sign" }, gives === "L" ? "from" : "=");
    inside.replaceChildren(result, sign, ...parts);
    terms.hidden = !summed;
    if (!summed) return;
    const [first, second] = enter;
    const write = GIVEN.has(second) ? two : four;
    const each = values[second].map(
      (row, s) => `${signed(values[first][i][s])} · ${write(row[j])}`,
    );
    const added = each.length > 1 ? `(${each.join(" + ")})` : each[0];
    const of = nameOf([gives.at(-1), i, j]);
    terms.textContent =
      `∂L/∂${of} = ${scale} · ${added} = ${four(values[gives][i][j])}` +
      (all.S > 1 ? `: a term for each of the ${all.S} galaxies.` : ".");
  }
  const signed = (v) => (v < 0 ? `(${four(v)})` : four(v));

  // --- The figure. ---
  const picture = network({ write: two });
  const say = announcer(box, 1);
  const step = h("span", { class: "note" });
  box.append(
    style(STYLE),
    h("div", { class: "buttons" }, back, forward, step, batch.element),
    h("div", { class: "panels" }, list, picture.element),
    inside,
    terms,
    h("p", { class: "title" }, "Drag a weight"),
    h(
      "div",
      { class: "panels" },
      h("div", {}, h("div", { class: "grids" }, ...WEIGHTS.map(gridOf)), reset),
      curve,
    ),
    moved,
  );

  function draw() {
    const all = flow(given());
    const now = model.get("step");
    step.textContent = `line ${now} of ${LINES.length}`;
    for (const [k, each] of lines.entries()) {
      each.tabIndex = k === now - 1 ? 0 : -1;
      if (k === now - 1) each.setAttribute("aria-current", "step");
      else each.removeAttribute("aria-current");
    }
    back.setAttribute("aria-disabled", now === 1);
    forward.setAttribute("aria-disabled", now === LINES.length);
    for (const [k, element] of numbers.entries()) {
      element.textContent = two(weightAt(places[k]));
      element.classList.toggle("met", places[k] === chosen);
    }
    hands.show();
    picture.draw({ ...given(), ...all }, now, chosen);
    drawLine(all);
    drawCurve(all);
    tellMove(all);
  }

  const redraw = onFrame("Flow", draw);
  model.on("change:step", redraw);
  for (const name of WEIGHTS) model.on(`change:${name}`, redraw);
  for (const name of ["four", "x", "y"]) {
    model.on(`change:${name}`, () => {
      batch.set(model.get("four"));
      take();
      redraw();
    });
  }
  take();
  draw();
}

export default { render };
