// A confusion matrix as a table: a row for each true class, a column for each answer.
import { h } from "./ui.js";
import MATRIX from "style:./matrix.css";

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
  answers.forEach((answer, i) => (counts[answer][predictions[i]] += 1));
  return counts;
}

// cell(i, j, look): the content of a cell; `look` has the class and style of its colour, the count
// as a share of its row.
export function matrixTable({ names, counts, caption, said, cell }) {
  const corner = h("th", { scope: "col" }, "true class");
  const heads = names.map((name) => h("th", { scope: "col" }, h("span", {}, short(name))));
  const rows = counts.map((row, i) => {
    const total = row.reduce((a, b) => a + b, 0);
    const cells = row.map((n, j) => {
      const share = total ? n / total : 0;
      const shade = n ? (share > 0.45 ? " full" : "") : " none";
      const look = { class: `cell${i === j ? " known" : ""}${shade}`, style: `--share: ${share}` };
      return h("td", {}, cell(i, j, look, n ? String(n) : "·"));
    });
    return h("tr", {}, h("th", { scope: "row" }, short(names[i])), ...cells);
  });
  return h(
    "table",
    { class: "matrix" },
    h("caption", {}, caption),
    h(
      "thead",
      {},
      h("tr", {}, h("td"), h("th", { colspan: names.length, scope: "colgroup" }, said)),
      h("tr", {}, corner, ...heads),
    ),
    h("tbody", {}, ...rows),
  );
}
