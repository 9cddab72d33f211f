// The page's side of a Trainer's Worker.
import workerText from "worker:./trainer_worker.js";
import { bytesOf } from "./model.js";
import { decodeSprite } from "./sprite.js";

const REFUSED =
  "This browser, or the page around this figure, allows no training in the background: open the " +
  "book's page in a tab of its own, or in another browser.";

const refused = () => Object.assign(new Error(REFUSED), { advice: REFUSED });

// order(type, rest) is done after those before it; the first one loads the galaxies of view(), as
// load() does without an order, and shows them to loaded({ view, pixels, labels }). heard: what to do
// with each kind of message. failed(error): `error.advice`, if there, says what the reader can do.
export function trainingSession({ model, view, heard, loaded, failed }) {
  let worker = null;
  const there = new Set(); // views whose galaxies the Worker has
  let orders = Promise.resolve();

  function end() {
    worker?.terminate();
    worker = null;
    there.clear();
  }

  // A page's security policy may forbid it at once, or let it come and fail.
  function begin() {
    try {
      const url = URL.createObjectURL(new Blob([workerText], { type: "text/javascript" }));
      worker = new Worker(url);
    } catch {
      throw refused();
    }
    let answered = false;
    worker.onmessage = ({ data }) => {
      answered = true;
      heard[data.type](data);
    };
    worker.onerror = (event) => {
      end();
      failed(answered ? new Error(event.message) : refused());
    };
  }

  async function need(view) {
    if (!worker) begin();
    if (there.has(view)) return;
    const sizes = ["side", "n_training", "n_validation", "n_test"];
    const given = Object.fromEntries(sizes.map((name) => [name, model.get(name)]));
    const labels = await bytesOf(model, "labels");
    const sprite = await bytesOf(model, `sprite_${view}`);
    const pixels = await decodeSprite(sprite, given.side, labels.length);
    if (!worker) throw refused(); // it has failed meanwhile
    loaded({ view, pixels, labels });
    worker.postMessage({ type: "sample", view, pixels, labels, ...given });
    there.add(view);
  }

  function next(act) {
    orders = orders
      .then(() => need(view()))
      .then(act)
      .catch(failed);
  }

  return {
    load: () => next(() => {}),
    order: (type, rest = {}) => next(() => worker.postMessage({ type, ...rest })),
    close: end,
  };
}
