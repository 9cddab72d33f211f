// A plane in SVG with its axes, and places in it that a reader drags.

import PLANE from "style:./plane.css";
import { h, newId, svg } from "./dom.js";

// A style sheet of a figure's own, in its box.
export const style = (css) => h("style", {}, css + PLANE);

// At most one redraw for each frame that the screen shows, however fast the reader moves; its time
// stands in the browser's performance timeline, under the figure's name.
export function onFrame(name, draw) {
  let waiting = 0;
  return () => {
    if (waiting) return;
    waiting = requestAnimationFrame(() => {
      waiting = 0;
      const start = performance.now();
      draw();
      performance.measure(`redraw ${name}`, { start, end: performance.now() });
    });
  };
}

// A plane of `width` × `height` units, whose axes know where a value lies.
export function plane({
  width,
  height,
  x,
  y,
  label,
  left = 46,
  bottom = 36,
  top = 10,
  right = 10,
}) {
  const to = (axis) => (axis.log ? Math.log : (v) => v);
  const [fx, fy] = [to(x), to(y)];
  const place =
    (f, [low, high], start, end) =>
    (v) =>
      start + ((f(v) - f(low)) / (f(high) - f(low))) * (end - start);
  const px = place(fx, x.range, left, width - right);
  const py = place(fy, y.range, height - bottom, top);
  const clip = newId("clip");
  const inside = svg("g", { "clip-path": `url(#${clip})` });
  const box = { x: left, y: top, width: width - left - right, height: height - top - bottom };
  const element = svg(
    "svg",
    { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label, class: "plane" },
    svg("defs", {}, svg("clipPath", { id: clip }, svg("rect", box))),
    svg("rect", { ...box, class: "edge" }),
  );
  for (const v of x.ticks) {
    element.append(
      svg("path", { class: "grid", d: `M${px(v)} ${top}V${height - bottom}` }),
      svg(
        "text",
        { x: px(v), y: height - bottom + 14, "text-anchor": "middle" },
        (x.write ?? plain)(v),
      ),
    );
  }
  for (const v of y.ticks) {
    element.append(
      svg("path", { class: "grid", d: `M${left} ${py(v)}H${width - right}` }),
      svg("text", { x: left - 6, y: py(v) + 4, "text-anchor": "end" }, (y.write ?? plain)(v)),
    );
  }
  const [mx, my] = [left + box.width / 2, top + box.height / 2];
  element.append(
    svg("text", { x: mx, y: height - 5, "text-anchor": "middle" }, ...[x.label].flat()),
    svg(
      "text",
      { x: 12, y: my, "text-anchor": "middle", transform: `rotate(-90 12 ${my})` },
      ...[y.label].flat(),
    ),
    inside,
  );
  // From a pointer's place to values, whatever size the page gives the plane.
  const values = ({ clientX, clientY }) => {
    const seen = element.getBoundingClientRect();
    const ux = ((clientX - seen.left) / seen.width) * width;
    const uy = ((clientY - seen.top) / seen.height) * height;
    const back = (axis, share) => {
      const [low, high] = axis.range.map(to(axis));
      const v = low + share * (high - low);
      return axis.log ? Math.exp(v) : v;
    };
    return [back(x, (ux - left) / box.width), back(y, 1 - (uy - top) / box.height)];
  };
  return { element, inside, px, py, values, x };
}

// About n round numbers within a range.
export function ticks([low, high], n) {
  const rough = (high - low) / n;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].find((m) => m * power >= rough) * power;
  const found = [];
  for (let k = Math.ceil(low / step); k * step <= high; k++) found.push(+(k * step).toPrecision(6));
  return found;
}

const plain = (v) => String(v).replace("-", "−");

export const sub = (name, index) => [
  svg("tspan", { "font-style": "italic" }, name),
  svg("tspan", { dy: 3, "font-size": "75%" }, index),
];

// A place in a plane that is dragged, or moved by the arrow keys (with Shift ten times as far).
export function handle(within, { label, write, step, onMove }) {
  const element = svg(
    "g",
    {
      class: "handle",
      tabindex: 0,
      role: "slider",
      "aria-label": label,
      // A slider has one value: that along x. What it says has both.
      "aria-valuemin": within.x.range[0],
      "aria-valuemax": within.x.range[1],
    },
    svg("circle", { r: 22, class: "reach" }),
    svg("circle", { r: 8, class: "knob" }),
  );
  let [a, b] = [0, 0];
  element.addEventListener("pointerdown", (event) => {
    element.setPointerCapture(event.pointerId);
    element.focus();
    event.preventDefault();
  });
  element.addEventListener("pointermove", (event) => {
    if (element.hasPointerCapture(event.pointerId)) onMove(...within.values(event));
  });
  element.addEventListener("keydown", (event) => {
    const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
    const move = moves[event.key];
    if (!move) return;
    event.preventDefault();
    const far = event.shiftKey ? 10 : 1;
    onMove(a + far * move[0] * step[0], b + far * move[1] * step[1]);
  });
  within.element.setAttribute("role", "group"); // a picture may hold no control
  within.element.append(element);
  return {
    element,
    place(x, y) {
      [a, b] = [x, y];
      element.setAttribute("transform", `translate(${within.px(x)} ${within.py(y)})`);
      element.setAttribute("aria-valuenow", x.toFixed(2));
      element.setAttribute("aria-valuetext", write(x, y));
    },
  };
}
