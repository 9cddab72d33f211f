"""Every page, wide and narrow, light and dark: sound, light to load, and nobody is left out."""

from __future__ import annotations

import io
import os
import re
import urllib.parse
from pathlib import Path

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from built_book import HTML, MODES, on_the_wire, pages, patient
from PIL import Image

MAX_BYTES = 800_000  # compressed, before a figure is touched
SLOW_4G = {"latency": 150, "downloadThroughput": 200_000, "uploadThroughput": 93_750}
FIRST_PAINT = {"chapters/index.html": 0.8}  # seconds of that line; any chapter: 1.5
SHOTS = os.environ.get("SHOTS")  # a folder: keep a picture of every page in every mode

# What the theme says on the console without our doing: (part of the message, why it is there).
KNOWN_MESSAGES: list[tuple[str, str]] = []

# The theme's findings: (rule, part of the element, why we leave it).
KNOWN_FINDINGS: list[tuple[str, str, str]] = []

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

WITHOUT_ALT = """() => [
  ...[...document.querySelectorAll("article img")].filter(image => !image.alt.trim()),
  ...[...document.querySelectorAll(".drawing")].filter(each => !each.getAttribute("aria-label")),
].map(each => each.outerHTML.slice(0, 80))"""

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

# Code and output fit a wide page; where a box has to scroll, its edge says so.
CUT = """wide => [...document.querySelectorAll(
    "article pre, article div.math, article .pst-scrollable-table-container, article .text_html")]
  .filter(box => box.offsetParent && box.scrollWidth > box.clientWidth + 1)
  .filter(box => wide && box.matches("pre") || !box.classList.contains("scrolls"))
  .map(box => box.scrollWidth + " in " + box.clientWidth + ": "
    + (box.textContent.split("\\n").sort((a, b) => b.length - a.length)[0]).slice(0, 90))"""

SMALL_TEXT = """() => [...document.querySelectorAll("article svg text, article svg tspan")]
  .filter(text => text.textContent.trim() && text.getClientRects().length)
  .map(text => {
    const matrix = text.getScreenCTM();
    const scale = Math.hypot(matrix.a, matrix.b);
    return [parseFloat(getComputedStyle(text).fontSize) * scale, text.textContent];
  })
  .filter(([size]) => size < 9)
  .map(([size, text]) => size.toFixed(1) + " px: " + text.slice(0, 60))"""

FIGURES = """() => [...document.querySelectorAll(
    "article .drawing, article figure img, article .cell_output img, article canvas")]
  .filter(each => each.offsetParent && each.offsetWidth > 40)
  .map(each => {
    const box = each.getBoundingClientRect();
    const place = [box.left + scrollX, box.top + scrollY, box.width, box.height];
    return [...place, each.outerHTML.slice(0, 90)];
  })"""

# What the first paint waits for: (1, or 2 where a style sheet asks for it; bytes; address).
WAITED_FOR = """() => performance.getEntriesByType("resource")
  .filter(each => each.renderBlockingStatus === "blocking" && !each.name.startsWith("data:"))
  .map(each => [each.initiatorType === "css" ? 2 : 1, each.encodedBodySize, each.name])"""

# Contrast is judged once for each look that text has on a page (its colour and size, and all that
# lies behind it), on the first and the last element of that look; other rules on every element.
MARK_LOOKS = """() => {
  const grounds = new WeakMap();
  const ground = element => {
    if (!element) return "";
    if (!grounds.has(element)) {
      const {backgroundColor, backgroundImage, opacity, filter} = getComputedStyle(element);
      const own = [backgroundColor, backgroundImage, opacity, filter].join();
      const clear = own === "rgba(0, 0, 0, 0),none,1,none";
      grounds.set(element, ground(element.parentElement) + (clear ? "" : "/" + own));
    }
    return grounds.get(element);
  };
  const looks = new Map();
  const see = element => {
    if (!element.checkVisibility({visibilityProperty: true})) return;
    const {color, fontSize, fontWeight, textShadow} = getComputedStyle(element);
    const look = [color, fontSize, fontWeight, textShadow, ground(element)].join();
    looks.set(look, [looks.get(look)?.[0] ?? element, element]);
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    if (walker.currentNode.textContent.trim()) see(walker.currentNode.parentElement);
  }
  document.querySelectorAll("input, select, textarea").forEach(see);
  document.querySelectorAll("[data-look]").forEach(each => each.removeAttribute("data-look"));
  for (const each of [...looks.values()].flat()) each.setAttribute("data-look", "");
  axe.configure({rules: [{id: "color-contrast", selector: "[data-look]"}]});
}"""

# What follows from another width or theme is there.
TWO_FRAMES = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"

AXE = """async rules => (await axe.run({
    resultTypes: ["violations"], preload: false, ...(rules ? {runOnly: rules} : {}),
  })).violations.flatMap(found => found.nodes.map(
    node => [found.id, node.html, node.failureSummary]))"""


def is_known(text: str, known: list[tuple]) -> bool:
    return any(all(part in text for part in entry[:-1]) for entry in known)


def white_boxes(page) -> list[str]:
    """Return figures of which three corners are bright, though the page is dark."""
    figures = page.evaluate(FIGURES)
    if not figures:
        return []
    shot = page.screenshot(full_page=True, type="jpeg")
    picture = Image.open(io.BytesIO(shot)).convert("L")
    found = []
    for x, y, width, height, name in figures:
        corners = [(x + dx, y + dy) for dx in (3, width - 4) for dy in (3, height - 4)]
        inside = [(a, b) for a, b in corners if a < picture.width and b < picture.height]
        if sum(picture.getpixel((int(a), int(b))) > 128 for a, b in inside) >= 3:
            found.append(name)
    return found


def axe_problems(page, rules=None) -> list[str]:
    page.evaluate(MARK_LOOKS)
    return [
        f"axe {rule}: {element[:200]}\n    {summary}"
        for rule, element, summary in page.evaluate(AXE, rules)
        if not is_known(f"{rule} {element}", KNOWN_FINDINGS)
    ]


def test_there_is_a_book():
    assert "chapters/index.html" in pages(), "run `make book`"


def test_few_exceptions():
    assert len(KNOWN_FINDINGS) <= 1
    assert KNOWN_MESSAGES == []


def test_the_one_style_sheet_holds_what_the_others_import(address, contexts):
    assert "@import" not in (HTML / "_static" / "book.css").read_text(encoding="utf-8")
    page = contexts("desktop-light").new_page()
    page.goto(address + "chapters/index.html")
    seen = "getComputedStyle(document.querySelector('article h1 a.headerlink')).visibility"
    page.mouse.move(5, 500)
    assert page.evaluate(seen) == "hidden"  # Sphinx's own basic.css says so
    page.hover("article h1")
    assert page.evaluate(seen) == "visible"
    page.close()


@pytest.mark.parametrize("name", pages())
def test_page(name, address, contexts):
    """On a phone, then as wide as a desk's screen; each in light and dark.

    All of axe's rules run once on either width and once in either theme. What may differ in the
    other two of the four is what is read on what, as each width shows elements of its own.
    """
    page = contexts("phone-light").new_page()
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
        page.evaluate("document.fonts.ready")
        files = [HTML / path for path in set(requested) if (HTML / path).is_file()]
        if (size := sum(len(on_the_wire(file)) for file in files)) > MAX_BYTES:
            problems.append(f"weighs {size:,} bytes")
        page.wait_for_function(
            """() => [...document.querySelectorAll(".widget-subarea")].length ===
            document.querySelectorAll('script[type="application/vnd.jupyter.widget-view+json"]').length
            && [...document.images].every(image => image.complete || image.loading === "lazy")""",
        )
        page.evaluate("document.querySelectorAll('button.reveal').forEach(each => each.click())")
        problems += page.evaluate(MATH_PROBLEMS)
        problems += [f"no alt text: {each}" for each in page.evaluate(WITHOUT_ALT)]
        page.evaluate(AXE_SCRIPT)
        # A colour half-way between two themes is read by nobody.
        page.add_style_tag(content="*, *::before, *::after { transition: none !important }")
        for width in ("phone", "desktop"):
            here = looked_at(page, name, width)
            problems += [f"{width}, {each}" for each in here]
    finally:
        page.close()
    assert not problems, "\n".join(problems)


def looked_at(page, name: str, width: str) -> list[str]:
    """Return what is wrong with a page at one of the two widths, in light and then in dark."""
    wide = width == "desktop"
    across, down, _ = MODES[f"{width}-light"]
    page.set_viewport_size({"width": across, "height": down})
    problems = []
    for theme in ("light", "dark"):
        page.evaluate(
            "theme => Object.assign(document.documentElement.dataset, {theme, mode: theme})", theme
        )
        page.evaluate(TWO_FRAMES)
        if theme == "light":
            problems += [f"wider than the page: {each}" for each in page.evaluate(WIDER_THAN_PAGE)]
            problems += [f"cut: {each}" for each in page.evaluate(CUT, wide)]
            problems += [f"too small: {each}" for each in page.evaluate(SMALL_TEXT)]
        else:
            problems += [f"white box: {each}" for each in white_boxes(page)]
        everything = wide == (theme == "light")
        found = axe_problems(page, None if everything else ["color-contrast"])
        problems += [f"{theme}: {each}" for each in found]
        if SHOTS:
            Path(SHOTS).mkdir(exist_ok=True)
            shot = re.sub(r"\W+", "_", name.removesuffix(".html"))
            page.screenshot(path=f"{SHOTS}/{shot}-{width}-{theme}.png", full_page=True)
    return problems


CHAPTERS = [n for n in pages() if re.fullmatch(r"chapters/(index|\d\d_\w+)\.html", n)]


@pytest.mark.parametrize("name", CHAPTERS)
def test_first_paint_on_a_slow_line(name, address, browser):
    """What the first paint waits for takes that line so long; the machine's own time is not in it.

    The page comes first, then at once what it says must be there before anything is painted.
    """
    context = patient(browser.new_context(viewport={"width": 390, "height": 844}))
    page = context.new_page()
    line = context.new_cdp_session(page)
    line.send("Network.enable")
    line.send("Network.emulateNetworkConditions", {"offline": False, **SLOW_4G})
    page.goto(address + name, wait_until="commit")  # the rest of that line's time is not asked for
    paint = page.wait_for_function(
        "performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
    ).json_value()
    waited_for = page.evaluate(WAITED_FOR)
    context.close()
    assert waited_for, "the style sheet at least"
    rounds = 1 + max(deep for deep, _, _ in waited_for)
    size = len(on_the_wire(HTML / name)) + sum(size for _, size, _ in waited_for)
    seconds = rounds * SLOW_4G["latency"] / 1000 + size / SLOW_4G["downloadThroughput"]
    print(f"{name}: {rounds} rounds, {size:,} bytes, {seconds:.2f} s; seen {paint / 1000:.2f} s")
    assert seconds <= FIRST_PAINT.get(name, 1.5), waited_for
