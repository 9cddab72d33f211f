// Numbers that a reader drags up and down, or changes by the arrow keys.

const BY = { ArrowUp: 0.05, ArrowDown: -0.05, PageUp: 0.25, PageDown: -0.25 };

// `elements` show the numbers get(0), get(1), …, and become sliders with one stop for Tab: ← and →
// choose among them, ↑ and ↓ change one, to ±most and hundredths. set(k, value) is called as it
// moves, grabbed(k) when another one is chosen or the same one is taken again, done() after a move.
export function dials(elements, { label, first = 0, most, get, set, grabbed = () => {}, done }) {
  function focus(k) {
    for (const each of elements) each.tabIndex = -1;
    elements[k].tabIndex = 0;
    elements[k].focus();
  }
  const move = (k, value) => set(k, Math.min(most, Math.max(-most, Math.round(100 * value) / 100)));
  for (const [k, element] of elements.entries()) {
    element.classList.add("dial");
    element.setAttribute("role", "slider");
    element.setAttribute("aria-label", label(k));
    element.tabIndex = k === first ? 0 : -1;
    let from = null;
    element.addEventListener("focus", () => grabbed(k));
    element.addEventListener("pointerdown", (event) => {
      element.setPointerCapture(event.pointerId);
      focus(k);
      grabbed(k);
      from = [event.clientY, get(k)];
      event.preventDefault();
    });
    element.addEventListener("pointermove", (event) => {
      if (element.hasPointerCapture(event.pointerId)) {
        move(k, from[1] + (from[0] - event.clientY) / 100);
      }
    });
    element.addEventListener("pointerup", done);
    element.addEventListener("keydown", (event) => {
      const by = BY[event.key];
      const end = elements.length - 1;
      const to = { ArrowLeft: k - 1, ArrowRight: k + 1, Home: 0, End: end }[event.key];
      if (by === undefined && to === undefined) return;
      event.preventDefault();
      if (by === undefined) focus(Math.min(end, Math.max(0, to)));
      else {
        move(k, get(k) + by);
        done();
      }
    });
  }
  return {
    // How far each number stands; what was not set by hand may be further out.
    show() {
      const far = Math.max(most, ...elements.map((_, k) => Math.abs(get(k))));
      for (const [k, element] of elements.entries()) {
        for (const [name, v] of [
          ["min", -far],
          ["max", far],
          ["now", get(k)],
        ]) {
          element.setAttribute(`aria-value${name}`, v.toFixed(2));
        }
      }
    },
  };
}
