// What a Trainer can be set to: its controls, and the chapters' lessons.
import * as ui from "./ui.js";

const RATES = [0.001, 0.003, 0.01, 0.03, 0.1, 0.2, 0.3, 0.5, 1, 2, 3, 5, 10, 30, 100];
const HIDDEN = [1, 2, 5, 10, 20, 40, 80, 160];
const BATCHES = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512];
const BETAS = [0, 0.5, 0.8, 0.9, 0.95, 0.99];

// "Our network", which the lessons start from.
export const OURS = {
  hidden_layer_size: 40,
  learning_rate: 1,
  beta_momentum: 0.9,
  batch_size: 64,
  loss: "squared",
  view: "whole",
  turned: false,
};
export const SETTINGS = [...Object.keys(OURS), "seed"];
// Those that take effect while it trains; another value of the others needs new weights.
export const AT_ONCE = new Set(["learning_rate", "beta_momentum", "batch_size", "turned"]);

// A lesson: what to set, beside the settings of our network, and what to look at.
export const LESSONS = [
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

// A control for each of OURS; change(name, value) hears what the reader chooses.
export function controlsOf(settings, change) {
  const slider = (name, label, values) => {
    const oninput = (value) => change(name, value);
    return [name, ui.slider({ label, values, value: settings[name], oninput })];
  };
  const choice = (name, label, options) => {
    const onchange = (value) => change(name, value);
    return [name, ui.choice({ label, options, value: settings[name], onchange })];
  };
  const turned = {
    label: "turn pictures at random",
    value: settings.turned,
    onchange: (value) => change("turned", value),
  };
  return Object.fromEntries([
    slider("hidden_layer_size", "hidden units", HIDDEN),
    slider("learning_rate", "learning rate η", RATES),
    slider("beta_momentum", "momentum β", BETAS),
    slider("batch_size", "batch size S", BATCHES),
    choice("loss", "loss", [
      ["squared", "squared error"],
      ["cross-entropy", "cross-entropy"],
    ]),
    choice("view", "picture", [
      ["whole", "all of it"],
      ["middle", "its middle"],
    ]),
    ["turned", ui.tick(turned)],
  ]);
}

export function describe(settings) {
  const { hidden_layer_size, learning_rate, beta_momentum, batch_size, seed } = settings;
  const how = `${hidden_layer_size} hidden, η ${learning_rate}, β ${beta_momentum}, S ${batch_size}`;
  const loss = settings.loss === "squared" ? "squared error" : "cross-entropy";
  const pictures = settings.view === "whole" ? "whole pictures" : "their middle";
  return `${how}, ${loss}, ${pictures}${settings.turned ? ", turned" : ""}, seed ${seed}`;
}
