"""Every page, wide and narrow, light and dark: no errors, nothing from outside, nobody left out."""

from __future__ import annotations

import os
import re
import urllib.parse
from pathlib import Path

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from built_book import HTML, MODES, pages

MAX_BYTES = 3_000_000
AXE_MODES = ("desktop-light", "phone-dark")  # each width and each colour scheme once
SHOTS = os.environ.get("SHOTS")  # a folder: keep a picture of every page in every mode

# What the theme says on the console without our doing: (part of the message, why it is there).
KNOWN_MESSAGES: list[tuple[str, str]] = []

# The theme's findings: (rule, part of the element, why we leave it).
KNOWN_FINDINGS: list[tuple[str, str, str]] = [
    (
        "aria-required-children",
        'class="citation-list"',
        "docutils puts the targets of links into the list of references, beside its entries",
    ),
]

# Runs in the page. Formulas that stayed text, went wrong, or were not typeset.
MATH_PROBLEMS = r"""() => {
  const problems = [];
  const article = document.querySelector("article") ?? document.body;
  for (const error of article.querySelectorAll("mjx-merror, merror")) {
    problems.push("formula with an error: " + error.textContent.slice(0, 60));
  }
  for (const math of article.querySelectorAll("span.math, div.math")) {
    if (math.querySelector("mjx-container")) continue;
    problems.push("not typeset: " + math.textContent.slice(0, 60));
  }
  const walker = document.createTreeWalker(article, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const text = walker.currentNode;
    const raw = text.textContent.match(/\$[^$\n]*[\\_^={}][^$\n]*\$|\\(frac|partial|sum|tilde)\b/);
    if (!raw || text.parentElement.closest("pre, code, script, style, mjx-container")) continue;
    problems.push("raw formula: " + raw[0].slice(0, 60));
  }
  return problems;
}"""

WITHOUT_ALT = """() => [...document.querySelectorAll("article img")]
  .filter(image => !image.alt.trim()).map(image => image.src.slice(0, 80))"""

WIDER_THAN_PAGE = """() => {
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= width) return [];
  const scrolls = each => getComputedStyle(each).overflowX !== "visible";
  const inBox = each => each.parentElement && (scrolls(each) || inBox(each.parentElement));
  return [...document.querySelectorAll("article *")]
    .filter(each => each.getBoundingClientRect().right > width + 1 && !inBox(each.parentElement))
    .slice(0, 5)
    .map(each => each.outerHTML.slice(0, 100));
}"""

AXE = """async () => (await axe.run({resultTypes: ["violations"], preload: false})).violations
  .filter(found => ["serious", "critical"].includes(found.impact))
  .flatMap(found => found.nodes.map(node => [found.id, node.html, node.failureSummary]))"""


def is_known(text: str, known: list[tuple]) -> bool:
    return any(all(part in text for part in entry[:-1]) for entry in known)


def test_there_is_a_book():
    assert "chapters/index.html" in pages(), "run `make book`"


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", pages())
def test_page(name, mode, address, contexts):
    page = contexts(mode).new_page()
    problems, requested = [], []

    def on_console(message):
        if message.type == "error" and not is_known(message.text, KNOWN_MESSAGES):
            problems.append(f"console: {message.text}")

    def on_request(request):
        url = request.url.partition("#")[0]
        if url.startswith(address):
            requested.append(urllib.parse.unquote(url[len(address) :].partition("?")[0]))
        elif not url.startswith(("data:", "blob:")):
            problems.append(f"asks another host: {url}")

    page.on("console", on_console)
    page.on(
        "pageerror", lambda error: on_console(type("", (), {"type": "error", "text": str(error)}))
    )
    page.on("request", on_request)
    page.on("response", lambda r: r.status >= 400 and problems.append(f"{r.status}: {r.url}"))
    try:
        page.goto(address + name, wait_until="load")
        page.evaluate("window.MathJax?.startup?.promise")
        page.wait_for_function(
            """() => [...document.querySelectorAll(".widget-subarea")].length ===
            document.querySelectorAll('script[type="application/vnd.jupyter.widget-view+json"]').length
            && [...document.images].every(image => image.complete || image.loading === "lazy")""",
        )
        page.evaluate("document.fonts.ready")
        problems += page.evaluate(MATH_PROBLEMS)
        problems += [f"no alt text: {source}" for source in page.evaluate(WITHOUT_ALT)]
        problems += [f"wider than the page: {each}" for each in page.evaluate(WIDER_THAN_PAGE)]
        size = sum(
            (HTML / path).stat().st_size for path in set(requested) if (HTML / path).is_file()
        )
        if size > MAX_BYTES:
            problems.append(f"weighs {size:,} bytes")
        if SHOTS:
            Path(SHOTS).mkdir(exist_ok=True)
            shot = re.sub(r"\W+", "_", name.removesuffix(".html"))
            page.screenshot(path=f"{SHOTS}/{shot}-{mode}.png", full_page=True)
        if mode in AXE_MODES:
            page.evaluate(AXE_SCRIPT)
        for rule, element, summary in page.evaluate(AXE) if mode in AXE_MODES else []:
            if not is_known(f"{rule} {element}", KNOWN_FINDINGS):
                problems.append(f"axe {rule}: {element[:200]}\n    {summary}")
    finally:
        page.close()
    assert not problems, "\n".join(problems)
