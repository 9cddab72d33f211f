// Trainer: the network of the chapters, trained inside the page.
import * as ui from "./ui.js";
import { loadSample } from "./sprite.js";

function render({ model, el }) {
  const box = ui.figureBox(el, "Train the network");
  box.append(ui.button("Load", async () => {
    const s = await loadSample(model);
    box.append(`${s.N} ${s.pixels[5]}`);
  }));
}

export default { render };
