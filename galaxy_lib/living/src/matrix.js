// A confusion matrix as a table: a row for each true class, a column for each answer.
import { h } from "./ui.js";

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

export const MATRIX = `
.galaxy-living .matrix {
  --gl-part: 100%; --gl-deep: #000; --gl-ink: #fff;
  display: table; width: 100%; margin: 0; border-collapse: collapse; border: 0; table-layout: fixed;
  font-size: 0.75rem; line-height: 1.15;
}
html[data-theme="dark"] .galaxy-living .matrix, [data-jp-theme-light="false"] .galaxy-living .matrix {
  --gl-part: 65%; --gl-deep: #fff; --gl-ink: #000;
}
.matrix caption { padding: 0 0 0.4rem; text-align: left; caption-side: top; color: inherit; font-size: 0.9rem; }
.galaxy-living .matrix :is(tr, th, td) {
  padding: 1px; border: 0; background: none; color: inherit; font-weight: 400; text-align: center; vertical-align: middle;
}
.galaxy-living .matrix tr > :first-child { width: 5.2rem; padding-right: 4px; text-align: right; }
.galaxy-living .matrix thead th { vertical-align: bottom; }
.matrix thead span { display: inline-block; writing-mode: vertical-rl; transform: rotate(180deg); white-space: nowrap; }
.galaxy-living .matrix .cell {
  display: flex; align-items: center; justify-content: center; width: 100%; min-width: 0; min-height: 28px; padding: 0;
  border: 1px solid transparent; border-radius: 3px; font-size: 0.8rem; color: inherit;
  background: color-mix(in srgb, var(--gl-c0) calc(var(--gl-part) * var(--share)), transparent);
}
.galaxy-living .matrix .full {
  background: color-mix(in srgb, var(--gl-c0) calc(118% - 40% * var(--share)), var(--gl-deep)); color: var(--gl-ink);
}
.galaxy-living .matrix .known { border-color: var(--gl-muted); }
.galaxy-living .matrix .none { color: var(--gl-muted); }
`;
