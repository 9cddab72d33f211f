// Trainer: the network of the chapters, trained inside the page. A Worker trains
// (trainer_worker.js); here are the controls and what is shown.
import * as ui from "./ui.js";
import css from "style:./trainer.css";
import workerText from "worker:./trainer_worker.js";
import { rgbaOf } from "./sprite.js";

const { h } = ui;

const RATES = [0.001, 0.003, 0.01, 0.03, 0.1, 0.2, 0.3, 0.5, 1, 2, 3, 5, 10, 30, 100];
const HIDDEN = [1, 2, 5, 10, 20, 40, 80, 160];
const BATCHES = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512];
const BETAS = [0, 0.5, 0.8, 0.9, 0.95, 0.99];
const MOST_KEPT = 4;
const TWELVE = 12;

const SETTINGS = [
  "hidden_layer_size",
  "learning_rate",
  "beta_momentum",
  "batch_size",
  "loss",
  "view",
  "turned",
  "seed",
];
// Those that take effect while it trains; another value of the others needs new weights.
const AT_ONCE = new Set(["learning_rate", "beta_momentum", "batch_size", "turned"]);

// The chapters' lessons: what to set, beside the settings of "our network", and what to look at.
const OURS = {
  hidden_layer_size: 40,
  learning_rate: 1,
  beta_momentum: 0.9,
  batch_size: 64,
  loss: "squared",
  view: "whole",
  turned: false,
};
const PRESETS = [
  ["Our network", {}, "The settings of chapters 4 and 5."],
  [
    "η too small",
    { learning_rate: 0.01 },
    "The loss creeps to the dashed line, one output for every galaxy, and stays there.",
  ],
  [
    "η too large",
    { learning_rate: 100 },
    "The first steps drive all outputs to 0, where the sigmoid is flat: nothing moves again.",
  ],
  [
    "no momentum",
    { beta_momentum: 0 },
    "Keep a run of our network first, then compare: at this η, plain steps learn as much.",
  ],
  [
    "small batches",
    { batch_size: 4 },
    "Sixteen times as many updates an epoch, each from four galaxies: compare at equal updates.",
  ],
  [
    "overfitting",
    { loss: "cross-entropy" },
    "The training curve climbs on while the test curve stays, and the test loss turns back up: " +
      "it learns its galaxies by heart.",
  ],
  [
    "turned pictures",
    { loss: "cross-entropy", view: "middle", turned: true },
    "Each epoch shows other orientations, and only the middle: the two curves stay together.",
  ],
];

const short = (name) => name.replace(/ galaxies\b/, "").replace(/^unbarred /, "");
const count = (n) => Math.round(n).toLocaleString("en");
const many = (n, what) => `${count(n)} ${what}${n === 1 ? "" : "s"}`;
const fraction = ui.fixed(3);

function render({ model, el }) {
  const compact = model.get("compact");
  const names = model.get("names").map(short);
  const side = model.get("side");
  const n_test = model.get("n_test");
  const settings = Object.fromEntries(SETTINGS.map((name) => [name, model.get(name)]));

  const box = ui.figureBox(el, "Train the network in the page", compact ? "trainer compact" : "trainer");
  box.append(h("style", {}, css));

  // --- The Worker. ---

  let worker = null;
  let labels = null;
  const pixels = {}; // by view, (N, side, side, 3)
  const asked = new Set(); // views whose sprite is loaded
  let orders = Promise.resolve();

  async function need(view) {
    if (!worker) {
      const url = URL.createObjectURL(new Blob([workerText], { type: "text/javascript" }));
      worker = new Worker(url);
      worker.onmessage = ({ data }) => heard[data.type](data);
    }
    if (asked.has(view)) return;
    asked.add(view);
    const sprite = await ui.bytesOf(model, `sprite_${view}`);
    labels = await ui.bytesOf(model, "labels");
    const sizes = ["n_training", "n_validation", "n_test"].map((name) => [name, model.get(name)]);
    const sample = { view, sprite, labels, side, ...Object.fromEntries(sizes) };
    worker.postMessage({ type: "sample", ...sample });
  }

  // What the Worker is to do, one after the other; the first one loads the galaxies.
  function order(type, rest = {}) {
    const message = { type, ...rest };
    orders = orders
      .then(() => need(settings.view))
      .then(() => worker.postMessage(message))
      .catch((error) => fail(error));
  }

  function fail(error) {
    tell("The galaxies could not be loaded. Try the page again.");
    console.error(error);
  }

  // Whoever comes near a button is about to press it.
  const comes = () => {
    orders = orders.then(() => need(settings.view)).catch((error) => fail(error));
  };
  for (const event of ["pointerenter", "focusin"]) box.addEventListener(event, comes, { once: true });

  let started = false; // there are weights
  let fresh = true; // and they were not trained yet
  let running = false;
  let last = null; // what the Worker reported last
  let points = [];
  const kept = []; // runs to compare: { letter, colour, points }

  const heard = {
    sample({ view, pixels: arrived }) {
      pixels[view] = arrived;
    },
    anew() {
      points = [];
      for (const panel of panels) panel.anew?.();
    },
    report(report) {
      last = report;
      points.push(...report.points);
      draw();
      if (report.weights) handOver(report);
    },
    stopped({ why }) {
      setRunning(false);
      if (why === "not finite") {
        tell("The loss is no longer a number: start over with a smaller η.");
      } else fail(why);
    },
  };

  // In JupyterLab, Trainer.network() takes the weights from here.
  function handOver({ weights, updates }) {
    for (const name of ["A", "B", "a", "b"]) model.set(name, new DataView(weights[name].buffer));
    model.set("n_updates", updates);
    model.set("trained", { ...settings });
    model.save_changes();
  }

  // --- What is shown. ---

  const panels = compact
    ? [scorePanel(), rightPanel(), galaxiesPanel()]
    : [
        scorePanel(),
        rightPanel(),
        lossPanel(),
        galaxiesPanel(),
        unitsPanel(),
        mistakePanel(),
        confusionPanel(),
      ];

  // While it trains, what costs more is drawn less often, and never two of them in one frame.
  let frame = 0;
  let drawn = 0;
  let lastFrame = -Infinity;
  function draw() {
    if (frame) return;
    const wait = running && ui.reducedMotion() ? Math.max(0, lastFrame + 1000 - performance.now()) : 0;
    frame = setTimeout(() => {
      requestAnimationFrame(() => {
        frame = 0;
        lastFrame = performance.now();
        drawn += 1;
        for (const [i, panel] of panels.entries()) {
          if (!running || panel.every === 1 || (drawn + i) % panel.every === 0) panel.draw();
        }
        const p = points.at(-1);
        if (running && p) {
          say(
            `Update ${count(last.updates)}: ${fraction(p.test_right)} of the test galaxies right, ` +
              `${fraction(p.training_right)} of the training galaxies.`,
          );
        }
      });
    }, wait);
  }

  function scorePanel() {
    const right = h("strong", {}, "0.000");
    const error = h("span");
    const line = h("p", { class: "score" }, right, ` of the ${count(n_test)} test galaxies right`, error);
    const note = h("p", { class: "note" });
    const element = h("div", { class: "head" }, line, note);
    const sample = `${model.get("statement")}, ${count(model.get("n_training"))} to train on`;
    line.hidden = true;
    note.textContent = `${sample}. Nothing leaves your browser.`;
    return {
      element,
      every: 1,
      draw() {
        const p = points.at(-1);
        line.hidden = !p;
        if (!p) return;
        right.textContent = fraction(p.test_right);
        error.textContent = ` (± ${fraction(Math.sqrt((p.test_right * (1 - p.test_right)) / n_test))})`;
        const pace = last.epochs ? `, ${(last.milliseconds / last.epochs).toFixed(0)} ms each` : "";
        note.textContent =
          `${many(last.updates, "update")} in ${many(last.epochs, "epoch")}${pace}. ${sample}.`;
      },
    };
  }

  // What the same outputs for every galaxy reach: the largest class, and the mean of y.
  function baseline() {
    const { training, test } = model.get("counts");
    const shares = training.map((n) => n / model.get("n_training"));
    const squared = shares.reduce((sum, p) => sum + 0.98 ** 2 * p * (1 - p), 0);
    const entropy = shares.reduce((sum, p) => sum - (p > 0 ? p * Math.log(p) : 0), 0);
    return {
      right: test[training.indexOf(Math.max(...training))] / n_test,
      loss: settings.loss === "squared" ? squared : entropy,
    };
  }

  // At most so many points of a run: a screen has no more.
  function thinned(run, name) {
    const stride = Math.max(1, Math.ceil(run.length / 250));
    return run
      .filter((_, i) => i % stride === 0 || i === run.length - 1)
      .map((p) => [p.updates, p[name]]);
  }

  function curves(name, yLabel, yTop, rule) {
    const height = compact ? 200 : 230;
    const figure = ui.chart({ xLabel: "updates of the weights", yLabel, height, xFormat: "~s" });
    const drawCurves = () => {
      const level = baseline()[name];
      const runs = [points, ...kept.map((run) => run.points)];
      const most = Math.max(100, ...runs.map((run) => run.at(-1)?.updates ?? 0));
      const lines = kept.map((run) => ({
        points: thinned(run.points, `test_${name}`),
        colour: run.colour,
        label: run.letter,
        width: 1.5,
      }));
      lines.push(
        { points: thinned(points, `training_${name}`), colour: 5, label: "training", dash: "3 3", width: 1.5 },
        { points: thinned(points, `test_${name}`), colour: 0, label: "test" },
      );
      const p = points.at(-1);
      figure.draw({
        x: [0, most],
        y: [0, yTop(runs)],
        lines,
        rules: [{ y: level, label: rule }],
        alt: p
          ? `${yLabel} against updates: training ${fraction(p[`training_${name}`])}, test ${fraction(p[`test_${name}`])} after ${many(p.updates, "update")}; ${rule} ${fraction(level)}.`
          : `${yLabel} against updates: nothing yet; ${rule} ${fraction(level)}.`,
      });
    };
    drawCurves();
    return { draw: drawCurves, chart: figure.element };
  }

  function panel(title, ...children) {
    return h("div", { class: "panel" }, h("p", { class: "title" }, ...[title].flat()), ...children);
  }

  function rightPanel() {
    const { draw: drawCurves, chart } = curves("right", "fraction right", () => 1, "largest class");
    return { element: panel("How many are right", chart), every: 1, draw: drawCurves };
  }

  function lossPanel() {
    const top = (runs) => {
      const values = runs.flatMap((run) => run.map((p) => p.test_loss)).filter(Number.isFinite);
      const { loss } = baseline();
      const highest = values.slice(1).reduce((most, v) => Math.max(most, v), loss);
      return 1.15 * Math.min(highest, 3 * loss);
    };
    const { draw: drawCurves, chart } = curves("loss", "loss", top, "constant");
    return { element: panel("The loss", chart), every: 2, draw: drawCurves };
  }

  // Twelve test galaxies, each class once and then once more, as the network sees them.
  function galaxiesPanel() {
    const list = h("ul", { class: "galaxies" });
    const title = ["Twelve test galaxies, what it says, and its ", ui.symbol("z")];
    const element = panel(title, list);
    element.classList.add("wide");
    element.hidden = true;
    let places = [];
    let items = [];
    return {
      element,
      every: 2,
      anew() {
        const from = model.get("n_training") + model.get("n_validation");
        const test = Array.from({ length: n_test }, (_, i) => from + i);
        const order = new Map(test.map((n) => [n, test.filter((m) => m < n && labels[m] === labels[n]).length]));
        places = test
          .sort((m, n) => order.get(m) - order.get(n) || labels[m] - labels[n])
          .slice(0, TWELVE);
        items = places.map((n) => {
          const shown = ui.picture(side);
          const answer = names[labels[n]];
          shown.draw(rgbaOf(pixels[settings.view], n, side), `A galaxy of class ${answer}`);
          const said = h("span", { class: "answer" });
          return { said, item: h("li", {}, shown.element, h("span", {}, answer), said) };
        });
        list.replaceChildren(...items.map(({ item }) => item));
        element.hidden = false;
      },
      draw() {
        if (!last) return;
        const from = model.get("n_training") + model.get("n_validation");
        for (const [i, n] of places.entries()) {
          const z = last.z.subarray(10 * (n - from), 10 * (n - from + 1));
          const said = z.indexOf(Math.max(...z));
          const right = said === labels[n];
          const text = right ? `✓ right, ${z[said].toFixed(2)}` : `✗ ${names[said]}, ${z[said].toFixed(2)}`;
          if (items[i].said.textContent === text) continue;
          items[i].said.textContent = text;
          items[i].item.className = right ? "right" : "wrong";
        }
      },
    };
  }

  function mistakePanel() {
    const shown = ui.picture(side);
    const text = h("p");
    const element = panel("Its most confident mistake", h("div", { class: "mistake" }, shown.element, text));
    element.hidden = true;
    return {
      element,
      every: 3,
      draw() {
        const mistake = last?.mistake;
        element.hidden = !mistake;
        if (!mistake) return;
        const answer = names[labels[mistake.place]];
        shown.draw(mistake.picture, `A galaxy of class ${answer}, taken for ${names[mistake.said]}`);
        text.replaceChildren(
          `It says ${names[mistake.said]}, with `, ui.symbol("z"),
          ` = ${mistake.z.toFixed(2)}. The label says ${answer}.`,
        );
      },
    };
  }

  // The rows of B in their colours, one picture a hidden unit, on one canvas.
  function unitsPanel() {
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
        if (!last) return;
        element.hidden = false;
        const n = last.hidden.length / (3 * side * side);
        const width = element.clientWidth || 320;
        const across = Math.max(1, Math.min(n, Math.floor(width / (n > 40 ? 27 : 45))));
        const down = Math.ceil(n / across);
        if (canvas.width !== across * step || canvas.height !== down * step) {
          canvas.width = across * step;
          canvas.height = down * step;
          canvas.style.width = `${Math.min(width, across * (n > 40 ? 27 : 45))}px`;
        }
        const context = canvas.getContext("2d");
        for (let unit = 0; unit < n; unit++) {
          const picture = new ImageData(rgbaOf(last.hidden, unit, side), side, side);
          context.putImageData(picture, (unit % across) * step, Math.floor(unit / across) * step);
        }
        canvas.setAttribute("aria-label", `The weights of ${n} hidden units, each as a picture.`);
      },
    };
  }

  function confusionPanel() {
    const cells = names.map(() => names.map(() => h("td")));
    const head = h("tr", {}, h("th", { scope: "col" }, "label"), ...names.map((name, k) =>
      h("th", { scope: "col", title: name, "aria-label": `said ${name}` }, String(k))));
    const rows = names.map((name, k) =>
      h("tr", {}, h("th", { scope: "row" }, h("b", {}, `${k} `), h("span", {}, name)), ...cells[k]));
    const table = h("table", { class: "confusion" },
      h("caption", {}, "Test galaxies: their label down, what the network says across."),
      h("thead", {}, head), h("tbody", {}, ...rows));
    const element = panel("The confusion matrix", table);
    element.hidden = true;
    return {
      element,
      every: 3,
      draw() {
        if (!last) return;
        element.hidden = false;
        for (const [i, row] of cells.entries()) {
          const counts = last.confusion.subarray(10 * i, 10 * i + 10);
          const all = counts.reduce((sum, n) => sum + n, 0);
          for (const [j, cell] of row.entries()) {
            const text = counts[j] ? String(counts[j]) : "·";
            if (cell.textContent !== text) cell.textContent = text;
            cell.style.setProperty("--share", `${Math.round((55 * counts[j]) / Math.max(1, all))}%`);
          }
        }
      },
    };
  }

  // --- Controls. ---

  function change(name, value) {
    if (settings[name] === value) return;
    settings[name] = value;
    model.set(name, value);
    model.save_changes();
    if (!started) {
      draw(); // another loss has another constant
      return;
    }
    if (AT_ONCE.has(name)) order("set", { settings: { [name]: value } });
    else restart();
  }

  function restart() {
    order("anew", { settings: { ...settings } });
    started = fresh = true;
    if (running) order("run");
    setRunning(running);
  }

  const control = {
    hidden_layer_size: ui.slider({
      label: "hidden units",
      values: HIDDEN,
      value: settings.hidden_layer_size,
      oninput: (value) => change("hidden_layer_size", value),
    }),
    learning_rate: ui.slider({
      label: "learning rate η",
      values: RATES,
      value: settings.learning_rate,
      oninput: (value) => change("learning_rate", value),
    }),
    beta_momentum: ui.slider({
      label: "momentum β",
      values: BETAS,
      value: settings.beta_momentum,
      oninput: (value) => change("beta_momentum", value),
    }),
    batch_size: ui.slider({
      label: "batch size S",
      values: BATCHES,
      value: settings.batch_size,
      oninput: (value) => change("batch_size", value),
    }),
    loss: ui.choice({
      label: "loss",
      options: [
        ["squared", "squared error"],
        ["cross-entropy", "cross-entropy"],
      ],
      value: settings.loss,
      onchange: (value) => change("loss", value),
    }),
    view: ui.choice({
      label: "picture",
      options: [
        ["whole", "all of it"],
        ["middle", "its middle"],
      ],
      value: settings.view,
      onchange: (value) => change("view", value),
    }),
    turned: ui.tick({
      label: "turn pictures at random",
      value: settings.turned,
      onchange: (value) => change("turned", value),
    }),
  };

  function setRunning(now) {
    running = now;
    if (now) fresh = false;
    main.textContent = now ? "Pause" : fresh ? "Train it now" : "Go on";
  }

  function toggle() {
    if (running) {
      setRunning(false);
      order("pause");
      return;
    }
    if (!started) restart();
    setRunning(true);
    order("run");
    say("Training.", { now: true });
  }

  function once(what) {
    if (!started) restart();
    fresh = false;
    setRunning(false);
    order(what);
  }

  const main = ui.button("Train it now", toggle, { class: "main" });
  const anew = ui.button("Start over", restart);
  const seed = ui.button("Another seed", () => {
    settings.seed += 1;
    model.set("seed", settings.seed);
    model.save_changes();
    restart();
    say(`Seed ${settings.seed}.`, { now: true });
  });

  const keptList = h("ol", { class: "kept" });
  function describe() {
    const { hidden_layer_size, learning_rate, beta_momentum, batch_size, loss, view, turned } = settings;
    const how = `${hidden_layer_size} hidden, η ${learning_rate}, β ${beta_momentum}, S ${batch_size}`;
    const what = `${loss === "squared" ? "squared error" : "cross-entropy"}, ${view === "whole" ? "whole pictures" : "their middle"}`;
    return `${how}, ${what}${turned ? ", turned" : ""}, seed ${settings.seed}`;
  }
  const keep = ui.button("Keep this run", () => {
    const p = points.at(-1);
    if (!p || kept.length === MOST_KEPT) return;
    const free = [1, 2, 3, 4].find((colour) => !kept.some((run) => run.colour === colour));
    const letter = "ABCD"[free - 1];
    const run = { letter, colour: free, points: points.slice() };
    kept.push(run);
    const text = `${fraction(p.test_right)} right after ${many(p.updates, "update")}: ${describe()}`;
    const item = h("li", {}, h("b", { style: `color: var(--gl-c${free})` }, letter), ` ${text} `,
      ui.button("Remove", () => {
        kept.splice(kept.indexOf(run), 1);
        item.remove();
        keep.disabled = false;
        draw();
        keep.focus();
      }, { "aria-label": `Remove run ${letter}` }));
    keptList.append(item);
    keep.disabled = kept.length === MOST_KEPT;
    draw();
    say(`Kept as run ${letter}.`, { now: true });
  });

  const lesson = h("p", { class: "lesson" });
  const presets = PRESETS.map(([name, wanted, text]) =>
    ui.button(name, () => {
      for (const [key, value] of Object.entries({ ...OURS, ...wanted })) {
        settings[key] = value;
        control[key].set(value);
        model.set(key, value);
      }
      model.save_changes();
      for (const each of presets) each.setAttribute("aria-pressed", each.textContent === name);
      running = true;
      restart();
      tell(text);
    }),
  );

  const row = (...children) => h("div", { class: "buttons" }, ...children);
  const chosen = compact ? ["hidden_layer_size", "learning_rate", "turned"] : Object.keys(control);
  const controls = h("div", { class: "controls" }, ...chosen.map((name) => control[name].element));
  const [score, ...others] = panels.map(({ element }) => element);
  if (compact) box.append(row(main, anew), lesson, score, controls);
  else {
    const batch = ui.button("One batch", () => once("batch"));
    const epoch = ui.button("One epoch", () => once("epoch"));
    box.append(
      row(main, batch, epoch, anew, seed, keep),
      h("div", { class: "buttons", role: "group", "aria-label": "Set up a lesson" }, "Try:", ...presets),
      lesson,
      controls,
      score,
    );
  }
  box.append(h("div", { class: "panels" }, ...others));
  if (!compact) box.append(keptList);
  const say = ui.announcer(box, { seen: false });
  function tell(text) {
    lesson.textContent = text;
    say(text, { now: true });
  }

  // --- Python's side. ---

  for (const name of SETTINGS) {
    model.on(`change:${name}`, () => {
      const value = model.get(name);
      if (settings[name] === value) return;
      settings[name] = value;
      control[name]?.set(value);
      if (!started) return;
      if (AT_ONCE.has(name)) order("set", { settings: { [name]: value } });
      else restart();
    });
  }

  async function show() {
    for (const name of SETTINGS) {
      settings[name] = model.get(name);
      control[name]?.set(settings[name]);
    }
    const weights = {};
    for (const name of ["A", "B", "a", "b"]) {
      weights[name] = new Float32Array((await ui.bytesOf(model, name)).slice().buffer);
    }
    started = true;
    fresh = false;
    setRunning(false);
    order("weights", { settings: { ...settings }, weights, updates: model.get("n_updates") });
  }
  model.on("change:shown", show);
  if (model.get("shown")) show();

  // A link to the figure's place on the page starts it too.
  const place = "#train-it-now";
  const follow = ({ target }) => {
    if (!running && target.closest?.(`a[href="${place}"]`)) toggle();
  };
  if (compact) {
    document.addEventListener("click", follow);
    if (location.hash === place) toggle();
  }

  // Nobody looks: a phone's battery is better spent elsewhere.
  const rest = () => {
    if (running) order(document.hidden ? "pause" : "run");
  };
  document.addEventListener("visibilitychange", rest);
  return () => {
    document.removeEventListener("visibilitychange", rest);
    document.removeEventListener("click", follow);
    worker?.terminate();
  };
}

export default { render };
