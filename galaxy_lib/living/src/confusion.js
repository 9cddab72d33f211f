// Chapter 6: a confusion matrix whose cells show their galaxies.

import STYLE from "style:./confusion.css";
import { h } from "./dom.js";
import { MATRIX, matrixTable } from "./matrix.js";
import { style } from "./plane.js";
import { whenSeen } from "./sprite.js";
import { announcer, figureBox, tile } from "./ui.js";

function render({ model, el }) {
  const box = figureBox(el, "Confusion matrix with its galaxies", "confusion");
  const say = announcer(box, 1);
  const [names, counts, cells] = ["names", "counts", "cells"].map((each) => model.get(each));
  const total = counts.map((row) => row.reduce((a, b) => a + b, 0));
  const words = (i, j) =>
    `${counts[i][j]} of ${total[i]} ${names[i]} ` +
    (i === j ? "are recognised" : `are called ${names[j]}`);

  let picture = null;
  let chosen = mostFrequentMistake(counts);
  const { element: table, cells: buttons } = matrixTable({
    names,
    counts,
    caption:
      `Each number counts ${model.get("simulated") ? "simulated" : "real"} test galaxies: ` +
      "choose one, by a click or the arrow keys.",
    said: "what the network says",
    cell(i, j) {
      const onkeydown = (event) => {
        const step = STEPS[event.key];
        if (!step) return;
        event.preventDefault();
        const next = [i + step[0], j + step[1]].map((k) => Math.min(9, Math.max(0, k)));
        choose(...next);
        buttons[next[0]][next[1]].focus();
      };
      const onclick = () => choose(i, j);
      return h("button", { type: "button", "aria-label": words(i, j), onclick, onkeydown });
    },
  });
  const gallery = h("div", { class: "gallery" });
  box.append(style(MATRIX + STYLE), h("div", { class: "panels" }, h("div", {}, table), gallery));

  function choose(i, j) {
    buttons[chosen[0]][chosen[1]].removeAttribute("aria-pressed");
    for (const each of buttons.flat()) each.tabIndex = -1;
    chosen = [i, j];
    buttons[i][j].tabIndex = 0; // one stop for Tab; the arrow keys do the rest
    buttons[i][j].setAttribute("aria-pressed", "true");
    const start = performance.now();
    const groups = [show(i, j, Infinity)];
    if (i !== j) groups.push(show(i, i, 6), show(j, j, 6));
    gallery.replaceChildren(...groups.flat());
    performance.measure("redraw Confusion", { start, end: performance.now() });
    say(words(i, j));
  }

  function show(i, j, most) {
    const places = (cells[10 * i + j] ?? []).slice(0, most);
    const some = places.length < counts[i][j] ? `; ${places.length} of them` : "";
    const tiles = places.map((n) =>
      picture
        ? tile(picture, model.get("side"), n, `A galaxy, row ${model.get("rows")[n]} of the file`)
        : h("span", { class: "tile" }),
    );
    return [
      h("p", { class: "title" }, `${words(i, j)}${some}`),
      h("div", { class: "tiles" }, ...tiles),
    ];
  }

  choose(...chosen);
  whenSeen(model, box, (loaded) => {
    picture = loaded;
    choose(...chosen);
  });
}

const STEPS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };

function mostFrequentMistake(counts) {
  let best = [0, 1];
  for (const [i, row] of counts.entries()) {
    for (const [j, count] of row.entries()) {
      if (i !== j && count > counts[best[0]][best[1]]) best = [i, j];
    }
  }
  return best;
}

export default { render };
