// A reader's own picture in a Trainer, and what the network says of it. The file is read here and
// goes nowhere.
import { h } from "./dom.js";
import { coarsened, middleSquare, SIDE } from "./picture_file.js";
import { rgbaOf } from "./sprite.js";
import * as ui from "./ui.js";

// The panel. run: as for the others (see trainer_panels.js), with what the network says in
// `outputs`; judge(pixels) hands the network the pixels of both views, tell(text) says what is wrong.
export function ownPicture(run, box, { judge, tell }) {
  const { side, names } = run;
  let own = null; // pixels by view
  const input = h("input", { type: "file", accept: "image/*", hidden: true });
  input.addEventListener("change", () => {
    take(input.files[0]);
    input.value = ""; // the same file may be chosen once more
  });
  const choose = ui.button("Choose a picture…", () => input.click());
  const note = h(
    "p",
    { class: "note" },
    "Or drop one on this figure: a screenshot of a galaxy with some sky around it. ",
    "Its middle square is scaled as the network’s own pictures are. It does not leave your browser.",
  );
  const whole = ui.picture(SIDE);
  const seen = ui.picture(side);
  const state = h("p");
  const rows = names.map((name) => {
    const bar = h("span", { class: "bar", "aria-hidden": "true" });
    const number = h("span", { class: "number" });
    return { name, bar, number, item: h("li", {}, h("span", {}, name), bar, number) };
  });
  const list = h("ul", { class: "outputs" }, ...rows.map(({ item }) => item));
  const result = h(
    "div",
    { class: "own-result", hidden: true },
    h("div", { class: "own-pictures" }, whole.element, seen.element),
    h("div", {}, state, list),
  );
  const element = h(
    "div",
    { class: "own" },
    h("p", { class: "title" }, "A galaxy of your own"),
    h("div", { class: "buttons" }, choose, input),
    note,
    result,
  );

  async function take(file) {
    if (!file) return;
    try {
      const rgba = await middleSquare(file);
      own = Object.fromEntries(
        ["whole", "middle"].map((view) => [view, coarsened(rgba, side, view)]),
      );
      whole.draw(rgba, "The middle square of your picture");
      result.hidden = false;
      run.outputs = null;
      judge(own);
      draw();
    } catch (error) {
      if (!error.advice) throw error;
      tell(error.advice);
    }
  }

  // What the network said last, in one sentence; the two largest outputs.
  function sentence() {
    const { outputs } = run;
    if (!outputs)
      return "Your picture is here. Train the network: then it says what it takes it for.";
    const order = [...outputs.keys()].sort((a, b) => outputs[b] - outputs[a]);
    const [first, second] = order.map((k) => `${names[k]}, ${outputs[k].toFixed(2)}`);
    return `The network takes your picture for ${first}; next comes ${second}.`;
  }

  function draw() {
    if (!own) return;
    const { view } = run.settings;
    seen.draw(rgbaOf(own[view], 0, side), `What the network sees of it: ${side} × ${side} pixels`);
    const { outputs } = run;
    state.textContent = sentence();
    list.hidden = !outputs;
    if (!outputs) return;
    const most = outputs.indexOf(Math.max(...outputs));
    for (const [k, { bar, number, item }] of rows.entries()) {
      bar.style.setProperty("--share", outputs[k].toFixed(3));
      number.textContent = outputs[k].toFixed(2);
      item.classList.toggle("most", k === most);
    }
  }

  // A file may fall anywhere on the figure.
  const carries = ({ dataTransfer }) => dataTransfer?.types.includes("Files");
  box.addEventListener("dragover", (event) => {
    if (!carries(event)) return;
    event.preventDefault();
    box.classList.add("dropping");
  });
  box.addEventListener("dragleave", ({ relatedTarget }) => {
    if (!box.contains(relatedTarget)) box.classList.remove("dropping");
  });
  box.addEventListener("drop", (event) => {
    box.classList.remove("dropping");
    if (!carries(event)) return;
    event.preventDefault();
    const [file] = event.dataTransfer.files;
    if (file) take(file);
    else tell("No file came with it: save the picture first, then drop or choose its file.");
  });

  return { element, every: 1, draw, sentence };
}
