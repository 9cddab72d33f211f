// What a Trainer shows of its run. A panel: its element; draw(), which is called after a report; how
// often, `every` so many reports while it trains; and anew(), where the galaxies are others.
//
// The run that they are given: names, side, sizes, statement, counts (of the file), settings, labels,
// pixels (by view), points and last (what the Worker reported), kept (runs to compare), compact.
import { chart } from "./chart.js";
import { h } from "./dom.js";
import { matrixTable } from "./matrix.js";
import { rgbaOf } from "./sprite.js";
import * as ui from "./ui.js";

const TWELVE = 12;
const MOST_POINTS = 250; // of a curve: a screen has no more

const count = (n) => Math.round(n).toLocaleString("en");
export const many = (n, what) => `${count(n)} ${what}${n === 1 ? "" : "s"}`;
export const fraction = ui.fixed(3);

function panel(title, ...children) {
  return h("div", { class: "panel" }, h("p", { class: "title" }, ...[title].flat()), ...children);
}

export function scorePanel(run) {
  const { n_test, n_training } = run.sizes;
  const right = h("strong", {}, "0.000");
  const error = h("span");
  const of = ` of the ${count(n_test)} test galaxies right`;
  const line = h("p", { class: "score", hidden: true }, right, of, error);
  const sample = `${run.statement}, ${count(n_training)} to train on`;
  const note = h("p", { class: "note" }, `${sample}. Nothing leaves your browser.`);
  return {
    element: h("div", { class: "head" }, line, note),
    every: 1,
    draw() {
      const { last } = run;
      const p = run.points.at(-1);
      line.hidden = !p;
      if (!p) return;
      right.textContent = fraction(p.test_right);
      error.textContent = ` (± ${fraction(Math.sqrt((p.test_right * (1 - p.test_right)) / n_test))})`;
      const pace = last.epochs ? `, ${(last.milliseconds / last.epochs).toFixed(0)} ms each` : "";
      const far = `${many(last.updates, "update")} in ${many(last.epochs, "epoch")}${pace}`;
      note.textContent = `${far}. ${sample}.`;
    },
  };
}

// What the same outputs for every galaxy reach: the largest class, and the mean of y.
function baseline({ counts: { training, test }, sizes, settings }) {
  const shares = training.map((n) => n / sizes.n_training);
  const squared = shares.reduce((sum, p) => sum + 0.98 ** 2 * p * (1 - p), 0);
  const entropy = shares.reduce((sum, p) => sum - (p > 0 ? p * Math.log(p) : 0), 0);
  return {
    right: test[training.indexOf(Math.max(...training))] / sizes.n_test,
    loss: settings.loss === "squared" ? squared : entropy,
  };
}

function thinned(points, name) {
  const stride = Math.max(1, Math.ceil(points.length / MOST_POINTS));
  return points
    .filter((_, i) => i % stride === 0 || i === points.length - 1)
    .map((p) => [p.updates, p[name]]);
}

// The curves of one quantity, `name`, up to top(runs, level).
function curves(run, { name, title, yLabel, top, rule, every }) {
  const figure = chart({
    xLabel: "updates of the weights",
    yLabel,
    height: run.compact ? 200 : 230,
  });
  function draw() {
    const level = baseline(run)[name];
    const { points, kept } = run;
    const runs = [points, ...kept.map((each) => each.points)];
    const lines = kept.map(({ points, colour, letter }) => ({
      points: thinned(points, `test_${name}`),
      colour,
      label: letter,
      width: 1.5,
    }));
    const training = { colour: 5, label: "training", dash: "3 3", width: 1.5 };
    lines.push(
      { points: thinned(points, `training_${name}`), ...training },
      { points: thinned(points, `test_${name}`), colour: 0, label: "test" },
    );
    const p = points.at(-1);
    const now = p
      ? `training ${fraction(p[`training_${name}`])}, test ${fraction(p[`test_${name}`])} ` +
        `after ${many(p.updates, "update")}`
      : "nothing yet";
    figure.draw({
      x: [0, Math.max(100, ...runs.map((each) => each.at(-1)?.updates ?? 0))],
      y: [0, top(runs, level)],
      lines,
      rule: { y: level, label: rule },
      alt: `${yLabel} against updates: ${now}; ${rule} ${fraction(level)}.`,
    });
  }
  draw();
  return { element: panel(title, figure.element), every, draw };
}

export const rightPanel = (run) =>
  curves(run, {
    name: "right",
    title: "How many are right",
    yLabel: "fraction right",
    top: () => 1,
    rule: "largest class",
    every: 1,
  });

export const lossPanel = (run) =>
  curves(run, {
    name: "loss",
    title: "The loss",
    yLabel: "loss",
    top(runs, level) {
      const losses = runs
        .flatMap((points) => points.map((p) => p.test_loss))
        .filter(Number.isFinite);
      const highest = losses.slice(1).reduce((most, v) => Math.max(most, v), level);
      return 1.15 * Math.min(highest, 3 * level);
    },
    rule: "constant",
    every: 2,
  });

// Twelve test galaxies, each class once and then once more, as the network sees them.
export function galaxiesPanel(run) {
  const { side, names, sizes } = run;
  const list = h("ul", { class: "galaxies" });
  const title = ["Twelve test galaxies, what it says, and its ", ui.symbol("z")];
  const element = panel(title, list);
  element.classList.add("wide");
  element.hidden = true;
  const from = sizes.n_training + sizes.n_validation;
  let items = [];
  return {
    element,
    every: 2,
    anew() {
      const { labels, pixels, settings } = run;
      const test = Array.from({ length: sizes.n_test }, (_, i) => from + i);
      const seen = new Array(names.length).fill(0);
      const turn = new Map(test.map((n) => [n, seen[labels[n]]++]));
      const places = test.sort((m, n) => turn.get(m) - turn.get(n) || labels[m] - labels[n]);
      items = places.slice(0, TWELVE).map((n) => {
        const shown = ui.picture(side);
        const answer = names[labels[n]];
        shown.draw(rgbaOf(pixels[settings.view], n, side), `A galaxy of class ${answer}`);
        const said = h("span", { class: "answer" });
        return { n, said, item: h("li", {}, shown.element, h("span", {}, answer), said) };
      });
      list.replaceChildren(...items.map(({ item }) => item));
      element.hidden = false;
    },
    draw() {
      if (!run.last) return;
      for (const { n, said, item } of items) {
        const z = run.last.z.subarray(10 * (n - from), 10 * (n - from + 1));
        const k = z.indexOf(Math.max(...z));
        const right = k === run.labels[n];
        const text = `${right ? "✓ right" : `✗ ${names[k]}`}, ${z[k].toFixed(2)}`;
        if (said.textContent === text) continue;
        said.textContent = text;
        item.className = right ? "right" : "wrong";
      }
    },
  };
}

export function mistakePanel(run) {
  const { side, names } = run;
  const shown = ui.picture(side);
  const text = h("p");
  const both = h("div", { class: "mistake" }, shown.element, text);
  const element = panel("Its most confident mistake", both);
  element.hidden = true;
  return {
    element,
    every: 3,
    draw() {
      const mistake = run.last?.mistake;
      element.hidden = !mistake;
      if (!mistake) return;
      const said = names[mistake.said];
      const answer = names[run.labels[mistake.place]];
      shown.draw(mistake.picture, `A galaxy of class ${answer}, taken for ${said}`);
      const z = ` = ${mistake.z.toFixed(2)}. The label says ${answer}.`;
      text.replaceChildren(`It says ${said}, with `, ui.symbol("z"), z);
    },
  };
}

// The rows of B in their colours, one picture a hidden unit, on one canvas.
export function unitsPanel(run) {
  const { side } = run;
  const canvas = h("canvas", { role: "img" });
  const title = ["The hidden units: rows of ", ui.symbol("B"), " as pictures"];
  const note = h("p", { class: "note" }, "Grey is weight 0; each unit has its own scale.");
  const element = panel(title, canvas, note);
  element.hidden = true;
  const step = side + 2;
  return {
    element,
    every: 4,
    draw() {
      if (!run.last) return;
      element.hidden = false;
      const { hidden } = run.last;
      const n = hidden.length / (3 * side * side);
      const size = n > 40 ? 27 : 45; // of a unit on the page
      const width = element.clientWidth || 320;
      const across = Math.max(1, Math.min(n, Math.floor(width / size)));
      const down = Math.ceil(n / across);
      if (canvas.width !== across * step || canvas.height !== down * step) {
        canvas.width = across * step;
        canvas.height = down * step;
        canvas.style.width = `${Math.min(width, across * size)}px`;
      }
      const context = canvas.getContext("2d");
      for (let unit = 0; unit < n; unit++) {
        const picture = new ImageData(rgbaOf(hidden, unit, side), side, side);
        context.putImageData(picture, (unit % across) * step, Math.floor(unit / across) * step);
      }
      canvas.setAttribute("aria-label", `The weights of ${n} hidden units, each as a picture.`);
    },
  };
}

export function confusionPanel(run) {
  const { element: table, draw } = matrixTable({
    names: run.names,
    counts: run.names.map(() => run.names.map(() => 0)),
    caption: "Test galaxies: each number counts those of a class that got one answer.",
    said: "what the network says",
  });
  const element = panel("The confusion matrix", table);
  element.hidden = true;
  return {
    element,
    every: 3,
    draw() {
      if (!run.last) return;
      element.hidden = false;
      const { confusion } = run.last;
      draw(run.names.map((_, i) => Array.from(confusion.subarray(10 * i, 10 * i + 10))));
    },
  };
}
