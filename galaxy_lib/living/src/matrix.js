// A confusion matrix as a table: a row for each true class, a column for each answer.

import MATRIX from "style:./matrix.css";
import { h } from "./dom.js";

export { MATRIX };

// A class in the words that a narrow table has room for.
export const short = (name) =>
  name
    .replace(" galaxies", "")
    .replace(/( shaped)? smooth$/, "")
    .replace("unbarred ", "")
    .replace(" without", ", no")
    .replace(" with", ",");

export function count(answers, predictions, n = 10) {
  const counts = Array.from({ length: n }, () => new Array(n).fill(0));
  for (const [i, answer] of answers.entries()) counts[answer][predictions[i]] += 1;
  return counts;
}

// The table of counts[answer][prediction]; draw(counts) shows others. cell(i, j): the element that
// holds a count, and takes the colour of its share of the row.
export function matrixTable({ names, counts, caption, said, cell = () => h("span") }) {
  const cells = names.map((_, i) => names.map((_, j) => cell(i, j)));
  const heads = names.map((name) => h("th", { scope: "col" }, h("span", {}, short(name))));
  const rows = names.map((name, i) =>
    h(
      "tr",
      {},
      h("th", { scope: "row" }, short(name)),
      ...cells[i].map((each) => h("td", {}, each)),
    ),
  );
  const element = h(
    "table",
    { class: "matrix" },
    h("caption", {}, caption),
    h(
      "thead",
      {},
      h("tr", {}, h("td"), h("th", { colspan: names.length, scope: "colgroup" }, said)),
      h("tr", {}, h("th", { scope: "col" }, "true class"), ...heads),
    ),
    h("tbody", {}, ...rows),
  );
  function draw(now) {
    for (const [i, row] of now.entries()) {
      const total = row.reduce((a, b) => a + b, 0);
      for (const [j, n] of row.entries()) {
        const share = total ? n / total : 0;
        const shade = n ? (share > 0.45 ? " full" : "") : " none";
        cells[i][j].className = `cell${i === j ? " known" : ""}${shade}`;
        cells[i][j].style.setProperty("--share", share);
        cells[i][j].textContent = n ? String(n) : "·";
      }
    }
  }
  draw(counts);
  return { element, cells, draw };
}
