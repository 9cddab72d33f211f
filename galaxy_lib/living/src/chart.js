// A chart that is drawn anew as its numbers come: as wide as its place, its lines' names at their
// ends.
import { h, svg } from "./dom.js";
import { plane, ticks } from "./plane.js";

const ROOM = 94; // for the names, beside the plane
const LINE = 14; // pixels between two of them
const compact = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 3 });

// draw({ x: [from, to], y: [from, to], lines: [{ points: [[x, y], …], colour: 0 to 5, label, dash,
//   width }], rule: { y, label }, alt })
export function chart({ xLabel, yLabel, height }) {
  const element = h("div", { class: "chart", role: "img" });
  let content = null;
  let width = 0;

  function render() {
    if (!content || width < ROOM + 100) return;
    const { x, y, lines, rule } = content;
    const p = plane({
      width,
      height,
      right: ROOM,
      x: {
        range: x,
        ticks: ticks(x, Math.min(8, width / 80)),
        label: xLabel,
        write: compact.format,
      },
      y: { range: y, ticks: ticks(y, height / 40), label: yLabel },
    });
    const level = p.py(rule.y);
    const edge = width - ROOM;
    p.inside.append(svg("path", { class: "rule", d: `M${p.px(x[0])} ${level}H${edge}` }));
    const names = [{ text: rule.label, y: level, fill: "var(--gl-muted)" }];
    for (const { points, colour, label, dash, width: thickness = 2 } of lines) {
      const seen = points.filter((point) => point.every(Number.isFinite));
      if (!seen.length) continue;
      const stroke = `var(--gl-c${colour})`;
      const [first, ...rest] = seen.map(([a, b]) => `${p.px(a).toFixed(1)} ${p.py(b).toFixed(1)}`);
      // A run of a single point is a dot, as its end is round.
      const d = `M${first}${rest.length ? `L${rest.join("L")}` : "h0"}`;
      const style = `stroke: ${stroke}; stroke-width: ${rest.length ? thickness : 6}`;
      p.inside.append(svg("path", { class: "line", d, style, "stroke-dasharray": dash }));
      names.push({ text: label, y: p.py(seen.at(-1)[1]), fill: stroke });
    }
    // Names keep a line's height between them, and stay within the plane.
    names.sort((a, b) => a.y - b.y);
    let below = -Infinity;
    for (const name of names) below = name.y = Math.max(name.y, below + LINE);
    const over = Math.max(0, below - p.py(y[0]));
    for (const { text, y: at, fill } of names) {
      const place = { class: "line-label", x: edge + 6, y: at - over + 4, style: `fill: ${fill}` };
      p.element.append(svg("text", place, text));
    }
    p.element.setAttribute("aria-hidden", "true"); // the chart has its words
    element.replaceChildren(p.element);
  }

  new ResizeObserver(([entry]) => {
    const now = Math.floor(entry.contentRect.width);
    if (now !== width) {
      width = now;
      render();
    }
  }).observe(element);

  return {
    element,
    draw(what) {
      content = what;
      element.setAttribute("aria-label", what.alt);
      render();
    },
  };
}
