// The drawing of a Flow: layers from left to right, each number in its place once its line has been
// reached, the errors on their way back below.
import { svg } from "./dom.js";

const [WIDTH, HEIGHT] = [364, 262];
const [ROOM, TALL] = [50, 26]; // of a number
const COLUMNS = { x: 28, z_tilde: 138, z: 248, e: 336 }; // the middle of each layer
const HEADS = { x: "x", z_tilde: "z̃", z: "z", e: "e" };
const rows = (n, gap, middle = 144) =>
  Array.from({ length: n }, (_, i) => middle + gap * (i - (n - 1) / 2));
const PLACES = { x: rows(4, 52), z_tilde: rows(3, 74), z: rows(2, 74), e: rows(2, 74) };
// What each of the lines 1 to 7 takes, and what it gives.
const LIT = [
  ["x", "B", "z_tilde"],
  ["z_tilde", "A", "z"],
  ["z", "e"],
  ["e"],
  ["e", "z", "A", "e_tilde"],
  ["e", "z", "z_tilde", "A"],
  ["e_tilde", "z_tilde", "x", "B"],
];
const REACHED = { x: 0, z_tilde: 1, z: 2, e: 3, e_tilde: 5 }; // from which line on there are numbers
const WORDS = ["x", "z tilde", "z", "e"];

// draw(values, line, chosen): values by name, lists of rows; the chosen weight is [name, i, j].
export function network({ write }) {
  const edges = svg("g");
  const nodes = svg("g");
  const element = svg(
    "svg",
    { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: "network", role: "img" },
    edges,
    nodes,
  );

  // A number in its box; of a batch, one cell for each galaxy, the fuller the larger the number.
  function node(name, x, y, row, state) {
    const colour = name === "e_tilde" ? "e" : name;
    const box = { x: x - ROOM / 2, y: y - TALL / 2, width: ROOM, height: TALL, rx: 4 };
    const group = svg("g", {
      class: `node ${name} ${state}`,
      style: `--colour: var(--gl-${colour})`,
    });
    group.append(svg("rect", box));
    if (state.includes("empty")) return group;
    if (row.length === 1) {
      group.append(svg("text", { x, y: y + 4.5, "text-anchor": "middle" }, write(row[0])));
      return group;
    }
    const width = (ROOM - 6) / row.length;
    for (const [s, v] of row.entries()) {
      const height = (TALL - 6) * Math.min(1, Math.abs(v));
      const bar = {
        x: box.x + 3 + s * width + 1,
        y: y + TALL / 2 - 3 - height,
        width: width - 2,
        height,
      };
      group.append(svg("rect", { ...bar, class: v < 0 ? "bar negative" : "bar" }));
    }
    return group;
  }

  function edge(from, to, look) {
    const [x1, x2] = [COLUMNS[from[0]] + ROOM / 2, COLUMNS[to[0]] - ROOM / 2];
    const d = `M${x1} ${PLACES[from[0]][from[1]]}L${x2} ${PLACES[to[0]][to[1]]}`;
    return svg("path", { d, ...look });
  }

  return {
    element,
    draw(values, line, [chosenName, chosenRow, chosenColumn]) {
      const lit = new Set(LIT[line - 1]);
      const isLit = (name) => (lit.has(name) ? "lit" : "");
      edges.replaceChildren();
      for (const [name, from, to] of [
        ["B", "x", "z_tilde"],
        ["A", "z_tilde", "z"],
      ]) {
        for (const [i, row] of values[name].entries()) {
          for (const [j, w] of row.entries()) {
            const chosen = name === chosenName && i === chosenRow && j === chosenColumn;
            const look = {
              class: `edge ${isLit(name)} ${chosen ? "chosen" : ""}`,
              style: `--colour: var(--gl-${name}); --size: ${0.8 + Math.abs(w)}`,
              "stroke-dasharray": w < 0 ? "5 4" : null,
            };
            edges.append(edge([from, j], [to, i], look));
          }
        }
      }
      for (const i of PLACES.e.keys()) {
        const look = { class: `edge ${isLit("e")}`, style: "--colour: var(--gl-e); --size: 1" };
        edges.append(edge(["z", i], ["e", i], look));
      }
      nodes.replaceChildren();
      for (const [name, letter] of Object.entries(HEADS)) {
        const place = { x: COLUMNS[name], y: 18, "text-anchor": "middle" };
        nodes.append(
          svg("text", { ...place, class: "head", style: `--colour: var(--gl-${name})` }, letter),
        );
        const state = `${isLit(name)} ${line < REACHED[name] ? "empty" : ""}`;
        for (const [i, y] of PLACES[name].entries()) {
          nodes.append(node(name, COLUMNS[name], y, values[name][i], state));
        }
      }
      if (line >= REACHED.e_tilde) {
        for (const [i, y] of PLACES.z_tilde.entries()) {
          const below = y + TALL + 2;
          nodes.append(
            node("e_tilde", COLUMNS.z_tilde, below, values.e_tilde[i], isLit("e_tilde")),
          );
        }
        const place = { x: COLUMNS.z_tilde + ROOM / 2 + 8, y: PLACES.z_tilde[2] + TALL + 6 };
        nodes.append(svg("text", { ...place, class: "head", style: "--colour: var(--gl-e)" }, "ẽ"));
        const arrow =
          line === 5
            ? [COLUMNS.e, COLUMNS.z_tilde]
            : line === 7
              ? [COLUMNS.z_tilde, COLUMNS.x]
              : null;
        if (arrow) {
          const d = `M${arrow[0]} 34H${arrow[1] + 8}m8 -5l-8 5l8 5`;
          nodes.append(svg("path", { class: "back", d }));
        }
      }
      const reached = Object.keys(HEADS).filter((name) => line >= REACHED[name]);
      const numbers = reached.map((name) => {
        const of = values[name].map((row) => row.map(write).join(", ")).join("; ");
        return `${WORDS[Object.keys(HEADS).indexOf(name)]}: ${of}`;
      });
      element.setAttribute(
        "aria-label",
        `A network of 4 inputs, 3 hidden units and 2 outputs at line ${line}. ${numbers.join(". ")}.`,
      );
    },
  };
}
