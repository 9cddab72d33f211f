// Trainer: the network of the chapters, trained inside the page. A Worker trains
// (trainer_worker.js); here the page, Python and the Worker meet.
import css from "style:./trainer.css";
import { h } from "./dom.js";
import { MATRIX, short } from "./matrix.js";
import { bytesOf } from "./model.js";
import { ownPicture } from "./own_picture.js";
import { style } from "./plane.js";
import * as show from "./trainer_panels.js";
import { fraction, many } from "./trainer_panels.js";
import { trainingSession } from "./trainer_session.js";
import { AT_ONCE, controlsOf, describe, LESSONS, OURS, SETTINGS } from "./trainer_settings.js";
import * as ui from "./ui.js";

const MOST_KEPT = 4;
const WEIGHTS = ["A", "B", "a", "b"];
const HERE = "#train-it-now"; // a link to the figure's place on the page starts it too

function render({ model, el }) {
  const values = (names) => Object.fromEntries(names.map((name) => [name, model.get(name)]));
  const compact = model.get("compact");
  const settings = values(SETTINGS);
  // What the panels show.
  const run = {
    ...values(["side", "statement", "counts", "compact"]),
    names: model.get("names").map(short),
    sizes: values(["n_training", "n_validation", "n_test"]),
    settings,
    labels: null,
    pixels: {}, // by view, (N, side, side, 3)
    points: [],
    last: null, // what the Worker reported last
    outputs: null, // the ten for the reader's own picture
    kept: [], // runs to compare: { letter, colour, points }
  };
  let started = false; // there are weights
  let fresh = true; // and they were not trained yet
  let running = false;

  const box = ui.figureBox(
    el,
    "Train the network in the page",
    compact ? "trainer compact" : "trainer",
  );
  box.append(style(MATRIX + css));
  const main = ui.button("Train it now", toggle, { class: "main" });
  const lesson = h("p", { class: "lesson" });
  const control = controlsOf(settings, change);
  const kinds = compact
    ? [show.scorePanel, show.rightPanel, show.galaxiesPanel]
    : [
        show.scorePanel,
        show.rightPanel,
        show.lossPanel,
        show.galaxiesPanel,
        show.unitsPanel,
        show.mistakePanel,
        show.confusionPanel,
      ];
  const own = ownPicture(run, box, {
    judge: (pixels) => session.order("own", { pixels }),
    tell: (text) => tell(text),
  });
  const panels = [...kinds.map((make) => make(run)), own];
  const draw = drawing(panels, () => running, heardByEars);
  const failed = (error) => {
    started = false;
    fresh = true;
    setRunning(false);
    tell(error.advice ?? "The galaxies could not be loaded. Try the page again.");
    if (!error.advice) console.error(error);
  };
  const session = trainingSession({
    model,
    view: () => settings.view,
    failed,
    loaded({ view, pixels, labels }) {
      run.pixels[view] = pixels;
      run.labels = labels;
    },
    heard: {
      own({ outputs }) {
        run.outputs = outputs;
        draw();
        say(own.sentence(), { now: true });
      },
      anew() {
        run.points = [];
        for (const panel of panels) panel.anew?.();
      },
      report(report) {
        run.last = report;
        run.outputs = report.outputs;
        run.points.push(...report.points);
        draw();
        if (report.weights) handOver(report);
      },
      stopped({ why }) {
        setRunning(false);
        if (why === "not finite") {
          tell("The loss is no longer a number: start over with a smaller η.");
        } else failed(why);
      },
    },
  });

  // In JupyterLab, Trainer.network() takes the weights from here.
  function handOver({ weights, updates }) {
    for (const name of WEIGHTS) model.set(name, new DataView(weights[name].buffer));
    model.set("n_updates", updates);
    model.set("trained", { ...settings });
    model.save_changes();
  }

  // --- What the reader does. ---

  function set(name, value) {
    settings[name] = value;
    model.set(name, value);
    model.save_changes();
  }

  function change(name, value) {
    if (settings[name] === value) return;
    set(name, value);
    follow(name);
  }

  // Another value of a setting takes effect.
  function follow(name) {
    if (!started)
      draw(); // another loss has another constant
    else if (AT_ONCE.has(name)) session.order("set", { settings: { [name]: settings[name] } });
    else restart();
  }

  function restart() {
    session.order("anew", { settings: { ...settings } });
    started = fresh = true;
    if (running) session.order("run");
    setRunning(running);
  }

  function setRunning(now) {
    running = now;
    if (now) fresh = false;
    main.textContent = now ? "Pause" : fresh ? "Train it now" : "Go on";
  }

  function toggle() {
    if (running) {
      setRunning(false);
      session.order("pause");
      return;
    }
    if (!started) restart();
    setRunning(true);
    session.order("run");
    say("Training.", { now: true });
  }

  function once(what) {
    if (!started) restart();
    fresh = false;
    setRunning(false);
    session.order(what);
  }

  function anotherSeed() {
    set("seed", settings.seed + 1);
    restart();
    say(`Seed ${settings.seed}.`, { now: true });
  }

  function setUp(name, wanted, text) {
    for (const [key, value] of Object.entries({ ...OURS, ...wanted })) {
      control[key].set(value);
      set(key, value);
    }
    for (const each of lessons) each.setAttribute("aria-pressed", each.textContent === name);
    running = true;
    restart();
    tell(text);
  }

  const anew = ui.button("Start over", restart);
  const lessons = LESSONS.map(([name, ...rest]) => ui.button(name, () => setUp(name, ...rest)));
  const kept = keptRuns(run, draw, (text) => say(text, { now: true }));

  // --- The figure. ---

  const row = (...children) => h("div", { class: "buttons" }, ...children);
  const chosen = compact ? ["hidden_layer_size", "learning_rate", "turned"] : Object.keys(control);
  const controls = h("div", { class: "controls" }, ...chosen.map((name) => control[name].element));
  const [score, ...others] = panels.slice(0, -1).map(({ element }) => element);
  if (compact) box.append(row(main, anew), lesson, score, controls);
  else {
    const batch = ui.button("One batch", () => once("batch"));
    const epoch = ui.button("One epoch", () => once("epoch"));
    const seed = ui.button("Another seed", anotherSeed);
    const group = { class: "buttons", role: "group", "aria-label": "Set up a lesson" };
    box.append(
      row(main, batch, epoch, anew, seed, kept.button),
      h("div", group, "Try:", ...lessons),
      lesson,
      controls,
      score,
    );
  }
  box.append(h("div", { class: "panels" }, ...others));
  if (!compact) box.append(kept.list);
  box.append(own.element);

  // --- Its voice. ---

  const say = ui.announcer(box, 4);
  function tell(text) {
    lesson.textContent = text;
    say(text, { now: true });
  }
  function heardByEars() {
    const p = run.points.at(-1);
    if (!running || !p) return;
    say(
      `${many(run.last.updates, "update")}: ${fraction(p.test_right)} of the test galaxies right, ` +
        `${fraction(p.training_right)} of the training galaxies.`,
    );
  }

  // --- Python's side. ---

  for (const name of SETTINGS) {
    model.on(`change:${name}`, () => {
      const value = model.get(name);
      if (settings[name] === value) return;
      settings[name] = value;
      control[name]?.set(value);
      follow(name);
    });
  }

  async function takeOver() {
    Object.assign(settings, values(SETTINGS));
    for (const name of Object.keys(control)) control[name].set(settings[name]);
    const weights = {};
    for (const name of WEIGHTS) {
      weights[name] = new Float32Array((await bytesOf(model, name)).slice().buffer);
    }
    started = true;
    fresh = false;
    setRunning(false);
    const updates = model.get("n_updates");
    session.order("weights", { settings: { ...settings }, weights, updates });
  }
  model.on("change:shown", takeOver);
  if (model.get("shown")) takeOver();

  // --- The page around it. ---

  // Whoever comes near a button is about to press it.
  for (const event of ["pointerenter", "focusin"]) {
    box.addEventListener(event, session.load, { once: true });
  }
  const start = ({ target }) => {
    if (!running && target.closest?.(`a[href="${HERE}"]`)) toggle();
  };
  if (compact) {
    document.addEventListener("click", start);
    if (location.hash === HERE) toggle();
  }
  // Nobody looks: a phone's battery is better spent elsewhere.
  const rest = () => {
    if (running) session.order(document.hidden ? "pause" : "run");
  };
  document.addEventListener("visibilitychange", rest);
  return () => {
    document.removeEventListener("visibilitychange", rest);
    document.removeEventListener("click", start);
    session.close();
  };
}

// While it trains, what costs more is drawn less often, and never two of them in one frame.
function drawing(panels, isRunning, done) {
  let frame = 0;
  let drawn = 0;
  let lastFrame = -Infinity;
  return function draw() {
    if (frame) return;
    const slowly = isRunning() && ui.reducedMotion();
    frame = setTimeout(
      () => {
        requestAnimationFrame(() => {
          frame = 0;
          lastFrame = performance.now();
          drawn += 1;
          for (const [i, panel] of panels.entries()) {
            if (!isRunning() || (drawn + i) % panel.every === 0) panel.draw();
          }
          done();
        });
      },
      slowly ? Math.max(0, lastFrame + 1000 - performance.now()) : 0,
    );
  };
}

// A button that keeps a run, to be compared with later ones, and the list of those kept.
function keptRuns(run, draw, say) {
  const list = h("ol", { class: "kept" });
  const button = ui.button("Keep this run", () => {
    const p = run.points.at(-1);
    if (!p) return;
    const colour = [1, 2, 3, 4].find((each) => !run.kept.some((other) => other.colour === each));
    const letter = "ABCD"[colour - 1];
    const one = { letter, colour, points: run.points.slice() };
    run.kept.push(one);
    const remove = () => {
      run.kept.splice(run.kept.indexOf(one), 1);
      item.remove();
      button.disabled = false;
      draw();
      button.focus();
    };
    const item = h(
      "li",
      {},
      h("b", { style: `color: var(--gl-c${colour})` }, letter),
      ` ${fraction(p.test_right)} right after ${many(p.updates, "update")}: ${describe(run.settings)} `,
      ui.button("Remove", remove, { "aria-label": `Remove run ${letter}` }),
    );
    list.append(item);
    button.disabled = run.kept.length === MOST_KEPT;
    draw();
    say(`Kept as run ${letter}.`);
  });
  return { button, list };
}

export default { render };
