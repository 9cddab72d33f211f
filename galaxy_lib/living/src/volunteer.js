// Chapters 1 and 6: the reader classifies twenty galaxies, as Galaxy Zoo's volunteers do.

import STYLE from "style:./volunteer.css";
import { h, svg } from "./dom.js";
import { count, MATRIX, matrixTable, short } from "./matrix.js";
import { plane, style } from "./plane.js";
import { drawTile, whenSeen } from "./sprite.js";
import { announcer, button, figureBox, tile } from "./ui.js";

const SYMBOLS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"; // Crockford's: no I, L, O, U to be misread

// Twenty answers as 18 symbols, a number in base 32: the set (13 bits), the answers as twenty
// decimal digits (67 bits), and the remainder modulo 1021, which gives any one wrong symbol away.
export function encode(answers, set) {
  const payload = (BigInt(set) << 67n) + BigInt(answers.join(""));
  let number = (payload << 10n) + (payload % 1021n);
  let code = "";
  for (let i = 0; i < 18; i++, number >>= 5n) {
    code = SYMBOLS[Number(number & 31n)] + (i && i % 6 === 0 ? "-" : "") + code;
  }
  return code;
}

// Wilson's interval of one standard error for n_right of n (chapter 6).
export function wilson(n_right, n) {
  const p = n_right / n;
  const middle = (p + 1 / (2 * n)) / (1 + 1 / n);
  const half = Math.sqrt((p * (1 - p)) / n + 1 / (4 * n ** 2)) / (1 + 1 / n);
  return [middle - half, middle + half];
}

// What the reader said stays in this browser, so that chapter 6 need not ask again.
const store = {
  key: (set) => `galaxy-volunteer-${set}`,
  read(set) {
    try {
      return JSON.parse(localStorage.getItem(this.key(set))) ?? [];
    } catch {
      return []; // no storage here, or something else in it
    }
  },
  write(set, answers) {
    try {
      localStorage.setItem(this.key(set), JSON.stringify(answers));
    } catch {
      // no storage here: the answers last as long as the page
    }
  },
};

function render({ model, el }) {
  const box = figureBox(el, "Classify twenty galaxies as a volunteer", "volunteer");
  const say = announcer(box, 1);
  const [names, labels, rows, network, set, side] = [
    "names",
    "labels",
    "rows",
    "predictions",
    "set_id",
    "side",
  ].map((name) => model.get(name));
  const n = labels.length;
  let answers = store
    .read(set)
    .filter((k) => Number.isInteger(k) && names[k])
    .slice(0, n);
  let picture = null;
  const place = h("div");
  box.append(style(MATRIX + STYLE), place);
  if (!n) {
    place.append(h("p", {}, model.get("statement"))); // the file has too few
    return;
  }

  // --- asking ---
  const big = h("canvas", { width: side, height: side, role: "img", class: "big tile" });
  const which = h("p", { class: "title" });
  const examples = names.map(() =>
    h("canvas", { width: side, height: side, class: "tile", "aria-hidden": "true" }),
  );
  const choices = names.map((name, k) => {
    const each = button("", () => answer(k), { class: "kind", "aria-keyshortcuts": k });
    const key = h("kbd", { "aria-hidden": "true" }, k);
    each.append(examples[k], h("span", {}, key, ` ${name.replace(" galaxies", "")}`));
    return each;
  });
  const back = button("Back to the one before", () => undo());
  const asking = h(
    "div",
    { class: "asking" },
    h("div", {}, which, big, back),
    h(
      "div",
      {},
      h(
        "p",
        {},
        "What is the galaxy in the middle? Choose, or press its number. The small pictures are examples.",
      ),
      h("p", { class: "note" }, model.get("statement")),
      h("div", { class: "kinds" }, ...choices),
    ),
  );
  box.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || answers.length === n) return;
    if (/^[0-9]$/.test(event.key)) answer(Number(event.key));
    else if (event.key === "Backspace") undo();
    else return;
    event.preventDefault();
    event.stopPropagation(); // JupyterLab has uses of its own for single keys
  });

  function answer(k) {
    answers = [...answers, k];
    keep();
    if (answers.length === n) {
      showResults(true);
      return;
    }
    showNext();
    say(`You said ${names[k]}. Galaxy ${answers.length + 1} of ${n}.`, { now: true });
  }

  function undo() {
    if (!answers.length) return;
    answers = answers.slice(0, -1);
    keep();
    showNext();
    say(`Galaxy ${answers.length + 1} of ${n} again.`, { now: true });
  }

  function keep() {
    store.write(set, answers);
    model.set("answers", answers);
    model.save_changes();
  }

  function showNext() {
    const start = performance.now();
    if (!asking.isConnected) place.replaceChildren(asking);
    const i = answers.length;
    which.textContent = `Galaxy ${i + 1} of ${n}`;
    big.setAttribute("aria-label", `Galaxy ${i + 1} of ${n}, to be classified by eye`);
    back.disabled = i === 0;
    if (picture) {
      drawTile(big, picture, side, i);
      for (const [k, canvas] of examples.entries()) drawTile(canvas, picture, side, n + k);
    }
    performance.measure("redraw Volunteer", { start, end: performance.now() });
  }

  // --- what came out ---
  function showResults(moveFocus) {
    const judges = [{ name: "you", said: answers, colour: 0 }];
    if (network.length) judges.push({ name: "our network", said: network, colour: 1 });
    for (const judge of judges) {
      judge.right = labels.filter((label, i) => judge.said[i] === label).length;
      judge.interval = wilson(judge.right, n);
    }
    const sentences = judges.map(
      ({ name, right, interval: [low, high] }) =>
        `${name === "you" ? "You agree" : "Our network agrees"} with the label on ${right} of ${n} galaxies, ` +
        `${(right / n).toFixed(2)}: on very many, between ${low.toFixed(2)} and ${high.toFixed(2)}.`,
    );
    const title = h("p", { class: "title", tabindex: -1 }, "What came out");
    const code = encode(answers, set);
    const copied = h("span", { role: "status" });
    const field = h("input", {
      readonly: true,
      value: code,
      size: 20,
      "aria-label": "your code",
      onfocus: (e) => e.target.select(),
    });
    const copy = button("Copy", async () => {
      try {
        await navigator.clipboard.writeText(code);
        copied.textContent = " Copied.";
      } catch {
        field.select();
        copied.textContent = " Selected: copy it with your keyboard.";
      }
    });
    const beside = network.length ? [] : [{ name: "the labels themselves", said: labels }];
    const matrices = [...judges, ...beside].map(
      ({ name, said }) =>
        matrixTable({
          names,
          counts: count(labels, said),
          caption: name[0].toUpperCase() + name.slice(1),
          said: "answer",
        }).element,
    );
    const each = labels.map((label, i) => {
      const lines = judges.map(({ name, said }) =>
        h(
          "span",
          { class: said[i] === label ? "right" : "wrong" },
          `${said[i] === label ? "✓" : "✗"} ${name === "you" ? "you" : "network"}: ${short(names[said[i]])}`,
        ),
      );
      const alt = `Galaxy ${i + 1}, row ${rows[i]} of the file`;
      const shown = picture ? tile(picture, side, i, alt) : h("span", { class: "tile" });
      return h("figure", {}, shown, h("figcaption", {}, h("b", {}, short(names[label])), ...lines));
    });
    place.replaceChildren(
      title,
      ...sentences.map((text) => h("p", {}, text)),
      ranges(judges, sentences.join(" ")),
      h(
        "p",
        {},
        `These are two of each class, so always giving one answer is right on 2 of ${n}. ` +
          "The interval is Wilson's, of one standard error: chapter 6 explains it.",
      ),
      h(
        "p",
        { class: "code" },
        h("label", {}, "Your code: ", field),
        copy,
        copied,
        " It holds your answers and nothing else; nothing has left this browser.",
      ),
      h("div", { class: "panels" }, ...matrices),
      h("p", { class: "title" }, "The twenty, under the label's name"),
      h("p", { class: "note" }, model.get("statement")),
      h("div", { class: "twenty" }, ...each),
      button("Start over", () => {
        answers = [];
        keep();
        showNext();
        choices[0].focus();
      }),
    );
    if (moveFocus) title.focus();
    say(sentences.join(" "), { now: true });
  }

  // Fractions with their intervals on one axis from 0 to 1.
  function ranges(judges, alt) {
    const p = plane({
      width: 420,
      height: 36 + 26 * (judges.length + 1),
      left: 100,
      x: { range: [0, 1], ticks: [0, 0.25, 0.5, 0.75, 1], label: "fraction like the label" },
      y: { range: [judges.length + 0.5, -0.5], ticks: [], label: "" },
      label: alt,
    });
    judges.forEach(({ name, right, interval: [low, high], colour }, i) => {
      p.element.append(svg("text", { x: 94, y: p.py(i) + 4, "text-anchor": "end" }, name));
      p.inside.append(
        svg("path", { class: `range c${colour}`, d: `M${p.px(low)} ${p.py(i)}H${p.px(high)}` }),
        svg("path", { class: `dots c${colour}`, d: `M${p.px(right / n)} ${p.py(i)}h0` }),
      );
    });
    p.element.append(
      svg("text", { x: 94, y: p.py(judges.length) + 4, "text-anchor": "end" }, "one answer"),
    );
    p.inside.append(
      svg("path", { class: "dots c2", d: `M${p.px(2 / n)} ${p.py(judges.length)}h0` }),
    );
    return h("div", { class: "ranges" }, p.element);
  }

  const show = () => (answers.length === n ? showResults(false) : showNext());
  show();
  whenSeen(model, box, (loaded) => {
    picture = loaded;
    show();
  });
}

export default { render };
