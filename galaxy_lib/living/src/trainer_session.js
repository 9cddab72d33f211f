// The page's side of a Trainer's Worker.
import workerText from "worker:./trainer_worker.js";
import { bytesOf } from "./model.js";

// order(type, rest) is done after those before it; the first one loads the galaxies of view(), as
// load() does without an order. heard: what to do with each kind of message.
export function trainingSession({ model, view, heard, failed }) {
  let worker = null;
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
    const sprite = await bytesOf(model, `sprite_${view}`);
    const labels = await bytesOf(model, "labels");
    const sizes = ["side", "n_training", "n_validation", "n_test"];
    const given = Object.fromEntries(sizes.map((name) => [name, model.get(name)]));
    worker.postMessage({ type: "sample", view, sprite, labels, ...given });
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
    close: () => worker?.terminate(),
  };
}
