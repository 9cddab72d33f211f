// The Worker in which a Trainer trains. It is told what to do and tells how it stands; the page's
// own thread draws.
import { columns, N_out, Network, orientations } from "./network.js";
import { randomNumbers } from "./random.js";
import { rgbaOf, scalePixels } from "./sprite.js";

const REPORT_MS = 125; // a reader sees no more
const SLICE_MS = 30; // between two looks at what the page wants

const views = {}; // by name: { pixels, x }
let sample = null; // { side, labels, training, test, N_in }
let settings = null;
let network = null;
let own = null; // the reader's own picture, x by view
let random = null;
let queue = []; // batches of the epoch under way, as arrays of rows
let places = null;
let running = false;
let told = 0;
let run = null; // { updates, epochs, milliseconds, points, window }

const range = (from, n) => Int32Array.from({ length: n }, (_, i) => from + i);
const answersOf = (rows) => Uint8Array.from(rows, (row) => sample.labels[row]);

function setSample({ side, labels, n_training, n_validation, n_test }) {
  sample = {
    side,
    labels,
    N_in: side * side * 3,
    training: range(0, n_training),
    test: range(n_training + n_validation, n_test),
  };
  sample.answers = answersOf(sample.test);
  places = orientations(side);
}

function startAnew() {
  random = randomNumbers(settings.seed);
  const { N_in } = sample;
  network = new Network({
    N_in,
    N_hidden: settings.hidden_layer_size,
    loss: settings.loss,
    random,
  });
  queue = [];
  run = { updates: 0, epochs: 0, milliseconds: 0, points: [], window: [] };
  addPoint();
}

const x = () => views[settings.view].x;

function test() {
  const { N_in } = sample;
  const S = sample.test.length;
  const from = sample.test[0] * N_in;
  return network.forward(x().subarray(from, from + S * N_in), S).z;
}

function addPoint() {
  const z = test();
  const score = network.score(z, sample.answers);
  const seen = run.window.reduce((sum, each) => sum + each.S, 0);
  const mean = (name) => run.window.reduce((sum, each) => sum + each[name], 0) / seen;
  run.points.push({
    updates: run.updates,
    epochs: run.epochs,
    training_loss: mean("loss"),
    training_right: mean("right"),
    test_loss: score.loss / sample.test.length,
    test_right: score.right / sample.test.length,
  });
  return z;
}

// One batch. An epoch deals the training set in a fresh order, as DataManager does (chapter 3).
function step() {
  const S = settings.batch_size;
  if (queue.length === 0) {
    const rows = random.shuffle(sample.training.slice());
    for (let i = 0; i < rows.length; i += S) queue.push(rows.subarray(i, i + S));
  }
  const rows = queue.shift();
  const start = performance.now();
  const batch = settings.turned
    ? columns(x(), rows, sample.N_in, places, random)
    : columns(x(), rows, sample.N_in);
  const { learning_rate, beta_momentum } = settings;
  const score = network.step(batch, answersOf(rows), learning_rate, beta_momentum);
  run.milliseconds += performance.now() - start;
  run.updates += 1;
  // Training figures run over the last epoch's batches, each judged before its own step.
  run.window.push({ ...score, S: rows.length });
  if (run.window.length > Math.ceil(sample.training.length / S)) run.window.shift();
  if (queue.length === 0) run.epochs += 1;
  return Number.isFinite(score.loss);
}

// The rows of B as pictures in their colours: grey is 0, each unit on its own scale.
function hiddenUnits() {
  const { N_in } = sample;
  const pictures = new Uint8Array(network.B.length);
  for (let h = 0; h < network.N_hidden; h++) {
    const row = network.B.subarray(h * N_in, (h + 1) * N_in);
    const largest = row.reduce((most, w) => Math.max(most, Math.abs(w)), 1e-12);
    for (let i = 0; i < N_in; i++) pictures[h * N_in + i] = 128 + (127 * row[i]) / largest;
  }
  return pictures;
}

function report(weights = false) {
  told = performance.now();
  const z = run.points.length && run.points.at(-1).updates === run.updates ? test() : addPoint();
  const confusion = new Uint16Array(N_out * N_out);
  let mistake = null;
  for (let s = 0; s < sample.test.length; s++) {
    const column = z.subarray(s * N_out, (s + 1) * N_out);
    const said = column.indexOf(Math.max(...column));
    confusion[sample.answers[s] * N_out + said] += 1;
    if (said !== sample.answers[s] && !(mistake && mistake.z >= column[said])) {
      mistake = { place: sample.test[s], said, z: column[said] };
    }
  }
  if (mistake) mistake.picture = rgbaOf(views[settings.view].pixels, mistake.place, sample.side);
  postMessage({
    type: "report",
    running,
    updates: run.updates,
    epochs: run.epochs,
    milliseconds: run.milliseconds,
    points: run.points.splice(0),
    z,
    confusion,
    mistake,
    hidden: hiddenUnits(),
    outputs: ownOutputs(),
    weights: weights
      ? { A: network.A.slice(), B: network.B.slice(), a: network.a.slice(), b: network.b.slice() }
      : null,
  });
}

// What the network says of the reader's own picture; null where there is none, or no network yet.
function ownOutputs() {
  return own && network ? network.forward(own[settings.view], 1).z : null;
}

function stop(why) {
  running = false;
  report(true);
  if (why) postMessage({ type: "stopped", why });
}

function* slices() {
  let asked = performance.now();
  while (running) {
    const finite = step();
    if (!finite) {
      stop("not finite");
      return;
    }
    if (queue.length === 0) addPoint();
    if (performance.now() - told > REPORT_MS) report();
    if (performance.now() - asked > SLICE_MS) {
      yield;
      asked = performance.now();
    }
  }
}

// A message to ourselves lets those of the page in between, sooner than a timer would.
const turn = new MessageChannel();
let slice = null;
turn.port1.onmessage = () => {
  if (slice && !slice.next().done) turn.port2.postMessage(null);
};

const orders = {
  sample({ view, pixels, ...rest }) {
    if (!sample) setSample(rest);
    views[view] = { pixels, x: scalePixels(pixels) };
  },
  // A picture of the reader's own, by view.
  own({ pixels }) {
    own = Object.fromEntries(
      Object.entries(pixels).map(([view, each]) => [view, scalePixels(each)]),
    );
    postMessage({ type: "own", outputs: ownOutputs() });
  },
  anew({ settings: wanted }) {
    settings = wanted;
    startAnew();
    postMessage({ type: "anew" });
    report(true);
  },
  // What may change while it trains; S from the next epoch on.
  set({ settings: wanted }) {
    if (settings) Object.assign(settings, wanted);
  },
  run() {
    if (running) return;
    running = true;
    slice = slices();
    turn.port2.postMessage(null);
  },
  pause() {
    if (running) stop();
  },
  batch() {
    running = false;
    const finite = step();
    addPoint();
    stop(finite ? null : "not finite");
  },
  epoch() {
    running = false;
    let finite = step();
    while (queue.length && finite) finite = step();
    stop(finite ? null : "not finite");
  },
  // Another network's weights, from Python.
  weights({ settings: wanted, weights, updates }) {
    running = false;
    settings = wanted;
    startAnew();
    for (const name of ["A", "B", "a", "b"]) network[name].set(weights[name]);
    run.points = [];
    run.updates = updates;
    postMessage({ type: "anew" });
    report(true);
  },
};

// One order after the other: a sample is there before it is trained on.
let previous = Promise.resolve();
self.onmessage = ({ data }) => {
  previous = previous
    .then(() => orders[data.type](data))
    .catch((error) => postMessage({ type: "stopped", why: String(error) }));
};
