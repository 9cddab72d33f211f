"""Pages with living figures, made as the book makes them, without Sphinx."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

from bs4 import BeautifulSoup
from ipywidgets.embed import embed_data

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "chapters" / "_ext"))

import living_figures  # noqa: E402

# What speed is measured by, on the machine at hand and in the page itself: a bare product of typed
# arrays, of the sizes and as often as in an epoch of 17 batches of 64 galaxies of 768 numbers, with
# 40 hidden units. Milliseconds, from the quickest of many: what else runs only adds to them.
BARE = """async () => {
  const [k, n, S] = [768, 40, 64];
  const numbers = (n) => Float32Array.from({ length: n }, () => Math.random());
  const [W, x, out] = [numbers(n * k), numbers(k * S), new Float32Array(n * S)];
  const product = () => {
    for (let s = 0; s < S; s++) {
      for (let h = 0; h < n; h++) {
        let sum = 0;
        for (let i = 0; i < k; i++) sum += W[h * k + i] * x[s * k + i];
        out[s * n + h] = sum;
      }
    }
  };
  let least = Infinity;
  for (let i = 0; i < 200; i++) {
    const start = performance.now();
    product();
    least = Math.min(least, performance.now() - start);
    if (i % 20 === 19) await new Promise((go) => setTimeout(go, 20));
  }
  return 17 * least;
}"""


def write_page(folder: Path, *figures) -> Path:
    """Write ``chapters/page.html`` with some figures into a folder, and all that it loads."""
    shutil.copytree(ROOT / "chapters" / "_static", folder / "_static", dirs_exist_ok=True)
    data = embed_data(views=list(figures), drop_defaults=False)
    state = script_of(living_figures.STATE, data["manager_state"])
    views = [script_of(living_figures.VIEW, view) for view in data["view_specs"]]
    text = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Living</title>'
        '<link rel="icon" href="data:,">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<script defer="defer" src="../_static/vendor/widgets.js"></script>'
        "</head><body><main><h1>Living figures</h1>"
        + "".join(f"<h2>Figure {i}</h2>{view}" for i, view in enumerate(views, 1))
        + state
        + "</main></body></html>"
    )
    page = folder / "chapters" / "page.html"
    page.parent.mkdir()
    soup = BeautifulSoup(text, "html.parser")
    living_figures.show(soup, soup.find_all("script"), folder, "../")
    page.write_text(str(soup), encoding="utf-8")
    return page


def script_of(kind: str, content: dict) -> str:
    return f'<script type="{kind}">{living_figures.as_json(content)}</script>'


def loaded_by(page: Path) -> dict[str, Path]:
    """Return the files that a page's living figures load, by what each is."""
    text = page.read_text("utf-8")
    found = {}
    for place in text.split('<div class="galaxy-living-place">')[1:]:
        about = json.loads(place.partition(">")[2].partition("</script>")[0])
        found |= {name: page.parent / path for name, path in about["files"].items()}
        found["module"] = page.parent / about["module"]
    return found
