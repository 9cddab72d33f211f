"""Valley, Batch, Flow, Confusion, Volunteer on their pages: they answer, at once, to everybody."""

from __future__ import annotations

import base64
import gzip
import json
import re
import statistics
from pathlib import Path

import numpy as np
import pytest
from axe_playwright_python.base import AXE_SCRIPT
from built_book import HTML, patient, until, without_formulas
from living_pages import BARE
from scipy.signal import correlate2d

from galaxy_lib.living import Flow
from galaxy_lib.living.volunteer import N, read_code
from galaxy_lib.network import gradients, loss

PAGES = {
    "Valley": "chapters/04_momentum.html",
    "Batch": "chapters/03_batching.html",
    "Flow": "chapters/03_batching.html",
    "Confusion": "chapters/06_evaluation.html",
    "Volunteer": "chapters/01_exploring_the_data.html",
}
ALL_SEVEN = PAGES | {
    "Trainer": "chapters/05_training.html",
    "Window": "chapters/08_convolution.html",
}
# What the sentence of a figure that says how it stands has.
RESULT = {
    "Batch": "their noise is",
    "Flow": "by finite difference",
    "Valley": "The limit",
    "Window": "add up to",
}
STATIC = Path(__file__).resolve().parents[2] / "galaxy_lib" / "living" / "static"
# Axe walks through the whole page to judge one figure: what stands outside of the figures goes.
ALONE = """name => {
  const article = document.querySelector("article");
  for (let each = article.querySelector("." + name); each !== article; each = each.parentElement) {
    if (!each.closest("figure") || each.matches("figure"))
      for (const other of [...each.parentElement.children])
        if (other !== each && !other.matches(":has(.galaxy-living-place)")) other.remove();
  }
}"""
AXE = """async name => (await axe.run("." + name, {preload: false})).violations
  .flatMap(found => found.nodes.map(node => found.id + " " + node.html.slice(0, 120)))"""
TOO_SMALL = """controls => controls.filter(each => {
  const {width, height} = each.getBoundingClientRect();
  return Math.min(width, height) < 24;
}).map(each => each.outerHTML)"""
MODES = ["desktop-light", "phone-dark"]
REVEAL = "document.querySelectorAll('button.reveal[aria-expanded=false]').forEach(b => b.click())"
REDRAWS = """name => performance.getEntriesByName("redraw " + name).map(each => each.duration)"""
RANGES = """box => [...box.querySelectorAll("[role=slider]")].map(each =>
  ["min", "now", "max"].map(part => parseFloat(each.getAttribute("aria-value" + part))))"""
# A redraw costs at most this share of a bare epoch (see `living_pages`), which is 34 ms where they
# cost 0.4 to 1.6 ms.
OF_A_BARE_EPOCH = 0.2


@pytest.fixture
def open_figure(address, browser, contexts):
    """Return a function: figure, mode -> the page and the figure's own box on it.

    A page's formulas take longer than all the rest of it, so they are typeset ``with_formulas``
    alone: `test_it_computes_on_a_page_that_was_rendered` does it for every figure.
    """
    pages = []

    def show(name, mode="desktop-light", on=None, clock=False, with_formulas=False):
        if clock:  # one of its own: a context's pages share the clock
            page = patient(browser.new_page())
            page.clock.install()
        else:
            page = contexts(mode).new_page()
        pages.append(page)
        page.problems = []
        page.on("pageerror", lambda error: page.problems.append(str(error)))
        page.on("console", lambda m: m.type == "error" and page.problems.append(m.text))
        page.on("response", lambda r: r.status >= 400 and page.problems.append(r.url))
        if not with_formulas:
            without_formulas(page)
        page.goto(address + (on or PAGES[name]))
        page.evaluate(REVEAL)
        for place in page.locator(".galaxy-living-place").all():
            place.scroll_into_view_if_needed()  # a figure is loaded when it is about to be seen
        box = page.locator(f".galaxy-living.{name.lower()}")
        box.wait_for(state="attached")
        box.scroll_into_view_if_needed()
        return page, box

    yield show
    for page in pages:
        assert page.problems == []
        page.evaluate(
            "localStorage.removeItem(Object.keys(localStorage).find(k => /^galaxy/.test(k)))"
        )
        page.close()


@pytest.fixture
def empty_page(contexts):
    """A page with nothing on it, for what a module computes."""
    page = contexts("desktop-light").new_page()
    yield page
    page.close()


def module(name):
    """A figure's module, as an address that a page can import."""
    text = base64.b64encode((STATIC / f"{name}.js").read_bytes()).decode()
    return f"data:text/javascript;base64,{text}"


def press(page, key, times):
    """Press a key so slowly that each press gets its own redraw."""
    for _ in range(times):
        page.keyboard.press(key)
        page.evaluate("new Promise(done => requestAnimationFrame(() => setTimeout(done)))")


def check_redraws(page, name, at_least=1):
    """A figure keeps up with a hand: its redraws are quick, beside a bare product here.

    The quicker quarter of them says so: what else runs on the machine only adds to all.
    """
    durations = page.evaluate(REDRAWS, name)
    assert len(durations) > at_least
    quick, bare = statistics.quantiles(durations, n=4)[0], page.evaluate(BARE)
    print(f"{name}: {len(durations)} redraws, a quarter in {quick:.1f} ms; {bare:.0f} ms")
    assert quick < OF_A_BARE_EPOCH * bare


def check_ranges(box):
    """A slider that is no native one says where it stands, and between what."""
    for low, now, high in box.evaluate(RANGES):
        assert low < high
        assert low <= now <= high


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", PAGES)
def test_everybody_can_use_it(name, mode, open_figure):
    page, box = open_figure(name, mode)
    check_ranges(box)
    assert box.locator(".said").bounding_box()["width"] <= 1, "it is for ears"
    page.evaluate(AXE_SCRIPT)
    page.evaluate(ALONE, name.lower())
    assert page.evaluate(AXE, name.lower()) == []
    assert box.get_attribute("aria-label")
    assert box.evaluate("each => each.scrollWidth <= each.clientWidth")
    assert box.locator("button, input, select, [role=slider]").evaluate_all(TOO_SMALL) == []
    figure = page.locator("figure", has=box)
    assert re.match(r"Fig\. \d+", figure.locator("figcaption").inner_text())


def touch(page, name, box):
    """Move, press or choose one thing of a figure's own."""
    if name == "Valley":
        box.get_by_label("η").focus()
        press(page, "ArrowRight", 5)
    elif name == "Batch":
        box.get_by_role("slider").focus()
        press(page, "End", 1)
    elif name == "Flow":
        box.get_by_role("slider").first.focus()
        press(page, "ArrowUp", 3)
    elif name == "Confusion":
        box.locator("button.cell:not([aria-pressed])").first.click()
    elif name == "Volunteer":
        box.locator("button.kind").first.click()
    elif name == "Trainer":
        box.get_by_role("button", name="One epoch").click()
    elif name == "Window":
        box.get_by_role("slider", name="place of the window").focus()
        press(page, "ArrowUp", 3)


@pytest.mark.parametrize("name", ["Batch", "Confusion", "Flow", "Valley", "Window"])
def test_ears_hear_it_within_a_second(name, open_figure):
    """What is done soon after the last word waits for the end of that second, and is heard then."""
    page, box = open_figure(name, on=ALL_SEVEN[name], clock=True)
    region = box.locator(".said")
    for _ in range(2):
        touch(page, name, box)
    if name == "Confusion":
        says = box.locator("button.cell[aria-pressed=true]").get_attribute("aria-label")
    else:
        says = box.locator("p:not(.said)", has_text=RESULT[name]).inner_text()
    page.clock.fast_forward(1000)
    assert region.inner_text() == says


def ids_of_figures(page):
    """The names of a built page's models: `stored_outputs` begins those that it made itself."""
    place = r'<div class="galaxy-living-place"><script type="application/json">(.*?)</script>'
    text = (HTML / page).read_text("utf-8")
    return [json.loads(told)["id"] for told in re.findall(place, text)]


@pytest.mark.parametrize("name", ALL_SEVEN)
def test_it_computes_on_a_page_that_was_rendered(name, open_figure):
    """No kernel was there when the book was made: the figure came out of the notebook."""
    names = ids_of_figures(ALL_SEVEN[name])
    assert names, "there is no figure"
    assert all(each.startswith("stored-") for each in names), (
        "this page was executed: `make book` without EXECUTE=all, on the simulated sample"
    )
    page, box = open_figure(name, on=ALL_SEVEN[name], with_formulas=True)
    page.wait_for_timeout(1000)  # what is drawn at first is there
    before = box.inner_text()
    touch(page, name, box)
    page.wait_for_function(
        "([name, before]) => document.querySelector(name).innerText !== before",
        arg=[f".galaxy-living.{name.lower()}", before],
    )


def test_the_landing_page_was_executed():
    """It keeps no outputs; its picture and its figure come out of a kernel."""
    (name,) = ids_of_figures("chapters/index.html")
    assert not name.startswith("stored-")
    assert 'class="hero"' in (HTML / "chapters/index.html").read_text("utf-8")


def test_valley_follows_sliders_and_hands(open_figure):
    page, box = open_figure("Valley")
    path = box.locator(".panels > div").nth(0).locator("path.line")
    result = box.locator(".panels > p")
    first = path.get_attribute("d")
    assert "L = 0.065" in result.inner_text()  # ½ (0.23² + 50 · 0.04²), as the chapter prints
    assert "L = 0.54" in result.inner_text()
    box.get_by_label("η").focus()
    press(page, "ArrowRight", 40)
    assert path.get_attribute("d") != first
    assert "plain step has flown off" in result.inner_text()
    box.get_by_label("β").focus()
    press(page, "Home", 1)
    assert "momentum has flown off" in result.inner_text()
    assert "0.04 for β = 0.00" in result.inner_text()
    # The starting point, by its handle.
    handle = box.get_by_role("slider", name="starting point").nth(0)
    handle.focus()
    press(page, "ArrowRight", 3)
    assert handle.get_attribute("aria-valuetext") == "w0 −8.5, w1 1.5"
    place = handle.locator(".knob").bounding_box()
    page.mouse.move(place["x"] + 8, place["y"] + 8)
    page.mouse.down()
    for step in range(40):
        page.mouse.move(place["x"] + 8 + 2 * step, place["y"] + 8 + step)
        page.wait_for_timeout(20)
    page.mouse.up()
    assert handle.get_attribute("aria-valuetext") != "w0 −8.5, w1 1.5"
    before = path.get_attribute("d")
    box.get_by_label("noisy gradients").check()
    until(page, lambda: path.get_attribute("d") != before, "the path of noisy gradients")
    box.locator(".said", has_text="η").wait_for(state="attached")
    check_redraws(page, "Valley", 50)


def test_batch_draws_the_cloud_as_one_drags(open_figure):
    page, box = open_figure("Batch")
    slider = box.get_by_role("slider")
    result = box.locator("p:not(.said)").filter(has_text="batches of")
    assert "300 batches of 16 galaxies" in result.inner_text()
    noise = {}
    slider.focus()
    press(page, "End", 1)
    for _ in range(60):
        S = int(slider.get_attribute("aria-valuetext"))
        result.filter(has_text=f"batches of {S} ").wait_for()
        said = re.search(r" is (\d\.\d+) of a single", result.inner_text())
        noise[S] = float(said[1])
        press(page, "ArrowLeft", 1)
    assert max(noise) == 256
    for S, measured in noise.items():
        assert 0.8 < measured * S**0.5 < 1.2, (S, measured)
    cloud = box.locator("path.dots").first
    before = cloud.get_attribute("d")
    box.get_by_role("button", name="Draw other batches").click()
    until(page, lambda: cloud.get_attribute("d") != before, "other batches")
    check_redraws(page, "Batch", 40)


def numbers(texts):
    """What is written, with the page's minus, as floats."""
    return [float(each.replace("−", "-")) for each in texts]


def given(S):
    """A, B, x and y of the figure on its page, x and y with S columns."""
    flow = Flow()
    A, B, x, y = (np.array(getattr(flow, name)) for name in "ABxy")
    return A, B, x[:, :S], y[:, :S]


@pytest.mark.parametrize("S", [1, 4, 5])
def test_flows_numbers_are_those_of_the_library(S, empty_page):
    """Loss and gradients of random networks, to 1e-6."""
    rng = np.random.default_rng(S)
    for _ in range(20):
        A, B = rng.normal(0, 2, (2, 3)), rng.normal(0, 2, (3, 4))
        x, y = rng.random((4, S)), rng.random((2, S))
        matrices = {"A": A, "B": B, "x": x, "y": y}
        found = empty_page.evaluate(
            "async ([text, given]) => (await import(text)).flow(given)",
            [module("flow"), {name: each.tolist() for name, each in matrices.items()}],
        )
        grad_A, grad_B = gradients(A, B, x, y)
        assert np.abs(grad_A).max() > 1e-3
        assert np.allclose(found["grad_A"], grad_A, rtol=0, atol=1e-6)
        assert np.allclose(found["grad_B"], grad_B, rtol=0, atol=1e-6)
        assert found["L"] == pytest.approx(loss(A, B, x, y), abs=1e-6)


def test_flow_goes_through_its_lines(open_figure):
    page, box = open_figure("Flow")
    assert (
        box.locator("[aria-current=step]").get_attribute("aria-label")
        == "z tilde is g of B times x"
    )
    back, forward = (box.get_by_role("button", name=name) for name in ("Back", "Forward"))
    assert back.get_attribute("aria-disabled") == "true"
    empty = box.locator(".node.empty")
    assert empty.count() == 4  # z and e are not there yet
    forward.focus()
    press(page, "Enter", 5)
    box.get_by_text("line 6 of 7", exact=True).wait_for()
    assert empty.count() == 0
    A, B, x, y = given(1)
    grad_A, grad_B = gradients(A, B, x, y)
    shown = numbers(
        box.locator(".inside .matrix-of").first.locator(".numbers span").all_inner_texts()
    )
    assert np.allclose(shown[:6], grad_A.ravel(), rtol=0, atol=5.1e-5)
    assert "2 × 1" in box.locator(".inside").inner_text()  # of what enters
    assert "1 × 3" in box.locator(".inside").inner_text()
    # By the arrow keys too, among the lines themselves, and by a click on one.
    box.locator("[aria-current=step]").focus()
    press(page, "ArrowDown", 2)
    box.get_by_text("line 7 of 7", exact=True).wait_for()
    assert forward.get_attribute("aria-disabled") == "true"
    assert box.locator(":focus").get_attribute("aria-current") == "step"
    shown = numbers(
        box.locator(".inside .matrix-of").first.locator(".numbers span").all_inner_texts()
    )
    assert np.allclose(shown[:12], grad_B.ravel(), rtol=0, atol=5.1e-5)
    said = box.locator(".said", has_text="Line 7 of 7: the slope of L by B is 2 over S times")
    said.wait_for(state="attached")
    box.locator(".lines button").nth(2).click()
    box.get_by_text("line 3 of 7", exact=True).wait_for()


def test_flow_adds_up_four_galaxies(open_figure):
    _, box = open_figure("Flow")
    box.locator(".lines button").nth(5).click()
    box.get_by_label("four galaxies at once").check()
    A, B, x, y = given(4)
    grad_A, _ = gradients(A, B, x, y)
    terms = box.locator(".terms")
    terms.filter(has_text="a term for each of the 4 galaxies").wait_for()
    scale, _, entries = terms.inner_text().partition("(")
    assert scale == "∂L/∂A₀₀ = 2/4 · "
    found = [
        float(a.strip("()").replace("−", "-")) * float(b)
        for a, b in re.findall(r"(\(?−?[\d.]+\)?) · ([\d.]+)", entries)
    ]
    assert len(found) == 4
    assert 2 / 4 * sum(found) == pytest.approx(grad_A[0, 0], abs=2e-4)
    assert "4 × 3" in box.locator(".inside").inner_text()  # the transposed z tilde
    assert box.locator(".node.x .bar").count() == 16


def check_curve(box, matrices, weight, value, taken) -> None:
    """The curve, its tangent and both dots lie where Python has them, B[weight] being varied."""
    A, B, x, y = matrices

    def with_weight(w):
        B[weight] = w
        return loss(A, B, x, y), gradients(A, B, x, y)[1][weight]

    def places(selector):
        path = box.locator(f".curve path.line{selector}").get_attribute("d")
        return np.array(re.split("[ML ]", path)[1:], float).reshape(-1, 2)

    curve, tangent = places(":not(.tangent)"), places(".tangent")
    weights = np.linspace(-3, 3, len(curve))
    across = np.polyfit(weights, curve[:, 0], 1)
    losses = [with_weight(w)[0] for w in weights]
    up = np.polyfit(losses, curve[:, 1], 1)
    assert up[0] < -1  # pixels a unit of loss: more is higher
    assert np.abs(np.polyval(up, losses) - curve[:, 1]).max() < 0.1
    L, slope = with_weight(taken)
    assert np.allclose(tangent[:, 0], np.polyval(across, [-3, 3]), rtol=0, atol=0.1)
    expected = np.polyval(up, L + slope * (np.array([-3, 3]) - taken))
    assert np.allclose(tangent[:, 1], expected, rtol=0, atol=0.5)
    for dot, w in (("taken", taken), ("now", value)):
        circle = box.locator(f".curve circle.{dot}")
        place = [float(circle.get_attribute(name)) for name in ("cx", "cy")]
        expected = [np.polyval(across, w), np.polyval(up, with_weight(w)[0])]
        assert np.allclose(place, expected, rtol=0, atol=0.2), dot


def test_flows_loss_follows_a_weight(open_figure):
    page, box = open_figure("Flow")
    A, B, x, y = given(1)
    slope = gradients(A, B, x, y)[1][1, 0]
    weight = box.get_by_role("slider", name="weight B 1 0, from input 0 to hidden unit 1")
    moved = box.locator(".moved")
    box.get_by_role("slider").first.focus()
    press(page, "ArrowRight", 4)
    assert weight.evaluate("each => each === document.activeElement")
    press(page, "ArrowUp", 2)
    B[1, 0] += 0.1
    after = loss(A, B, x, y)
    text = f"Slope × move = {slope:.4f} × 0.10 = {0.1 * slope:.4f}; "
    text += f"L moved by {after - loss(*given(1)):.4f}, to {after:.4f}."
    moved.filter(has_text=text).wait_for()
    here = gradients(A, B, x, y)[1][1, 0]
    assert f"{here:.6f} by the formula, {here:.6f} by finite difference" in moved.inner_text()
    assert weight.get_attribute("aria-valuenow") == "-0.90"
    check_curve(box, given(1), (1, 0), -0.9, -1.0)
    check_ranges(box)
    # By hand: 50 pixels up are half a unit.
    place = weight.bounding_box()
    page.mouse.move(place["x"] + 9, place["y"] + 9)
    page.mouse.down()
    for step in range(50):
        page.mouse.move(place["x"] + 9, place["y"] + 8 - step)
        page.wait_for_timeout(20)
    page.mouse.up()
    moved.filter(has_text="moved by 0.50 to −0.40").wait_for()
    assert weight.get_attribute("aria-valuenow") == "-0.40"
    check_redraws(page, "Flow", 30)
    box.get_by_role("button", name="Initial weights").click()
    moved.filter(has_text="B₁₀ = −1.00, L = 0.4191").wait_for()
    box.get_by_label("four galaxies at once").check()
    moved.filter(has_text="L = 0.4191").wait_for(state="detached")
    check_curve(box, given(4), (1, 0), -1.0, -1.0)


def test_confusion_shows_the_galaxies_of_a_cell(open_figure):
    page, box = open_figure("Confusion")
    page.wait_for_function("document.querySelectorAll('.confusion canvas').length > 0")
    cells = box.locator("button.cell")
    assert cells.count() == 100
    full = [i for i in range(100) if cells.nth(i).inner_text() not in ("·", "0")]
    for i in full[:5]:
        cells.nth(i).click()
        title, tiles = box.locator(".gallery .title").first, box.locator(".gallery .tiles").first
        assert title.inner_text().startswith(f"{cells.nth(i).inner_text()} of ")
        assert tiles.locator("canvas").count() == min(24, int(cells.nth(i).inner_text()))
        assert cells.nth(i).get_attribute("aria-pressed") == "true"
    # One stop for Tab; the arrow keys move within.
    assert box.locator("button.cell[tabindex='0']").count() == 1
    before = box.locator("button.cell[aria-pressed=true]").get_attribute("aria-label")
    page.keyboard.press("ArrowDown")
    after = box.locator("button.cell[aria-pressed=true]")
    assert after.get_attribute("aria-label") != before
    assert after.evaluate("each => each === document.activeElement")
    painted = box.locator("canvas").first.evaluate(
        "each => each.getContext('2d').getImageData(0, 0, 32, 32).data.some(v => v > 20 && v < 255)"
    )
    assert painted


def classify(page, box, answers):
    box.locator("button.kind").first.focus()
    for answer in answers:
        page.keyboard.press(str(answer))


def test_volunteer_by_keyboard_and_its_code(open_figure):
    page, box = open_figure("Volunteer")
    answers = [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9, 3, 2, 3, 8, 4]
    classify(page, box, [0, "Backspace", *answers[:-1]])
    assert "Galaxy 20 of 20" in box.locator(".title").first.inner_text()
    box.locator(".said", has_text="Galaxy 20 of 20").wait_for(state="attached")
    page.keyboard.press(str(answers[-1]))
    code = box.get_by_label("your code").input_value()
    state = json.loads(page.evaluate("JSON.stringify(Object.entries(localStorage))"))
    (key,) = [key for key, _ in state if key.startswith("galaxy-volunteer-")]
    assert read_code(code, int(key.split("-")[-1])) == answers
    assert re.search(r"on \d+ of 20 galaxies", box.inner_text())
    assert box.locator("table.matrix").count() == 2
    page.evaluate(AXE_SCRIPT)
    assert page.evaluate(AXE, "volunteer") == []
    # Chapter 6 knows the answers, and puts the network beside them.
    _, there = open_figure("Volunteer", on=PAGES["Confusion"])
    assert "You agree with the label on" in there.inner_text()
    assert "Our network agrees with the label on" in there.inner_text()
    there.get_by_role("button", name="Start over").click()
    assert "Galaxy 1 of 20" in there.inner_text()


def test_volunteer_by_touch(open_figure):
    _, box = open_figure("Volunteer", "phone-dark")
    for _ in range(N):
        box.locator("button.kind").nth(7).tap()
    assert "on 2 of 20 galaxies" in box.inner_text()  # two of each class
    assert "0.10: on very many, between 0.05 and 0.19" in box.inner_text()


def test_the_pages_codes_are_read_by_python(empty_page):
    """The encoder of the page against the decoder of the library, on many sets of answers."""
    made = empty_page.evaluate(
        """async text => {
          const { encode } = await import(text);
          const digit = () => Math.floor(10 * Math.random());
          return [[0, 0], [8191, 9]].concat(Array(500).fill(0)).map(fixed => {
            const set = fixed ? fixed[0] : Math.floor(8192 * Math.random());
            const answers = Array.from({ length: 20 }, () => fixed ? fixed[1] : digit());
            return [set, answers, encode(answers, set)];
          });
        }""",
        module("volunteer"),
    )
    assert len(made) == 502
    for set_id, answers, code in made:
        assert re.fullmatch(r"([0-9A-Z]{6}-){2}[0-9A-Z]{6}", code)
        assert read_code(code, set_id) == answers


SHOW_WINDOW = """async ([text, state, pixels]) => {
  const listeners = {};
  state.pictures = new DataView(Uint8Array.from(pixels).buffer);
  window.model = {
    get: name => state[name],
    set(name, value) {
      state[name] = value;
      (listeners["change:" + name] ?? []).forEach(tell => tell());
    },
    on: (what, tell) => (listeners[what] ??= []).push(tell),
    save_changes() {},
  };
  const place = document.createElement("div");
  document.querySelector("article").prepend(place);
  await (await import(text)).default.render({ model, el: place });
}"""


@pytest.mark.parametrize("mode", MODES)
def test_window_slides(mode, open_figure):
    """With a picture and weights whose sums are known."""
    page, _ = open_figure("Valley", mode)
    side, rng = 16, np.random.default_rng(1)
    picture = rng.integers(0, 256, (side, side))
    state = {"side": side, "names": ["a galaxy"], "learned": {"learned": [0.04] * 25}}
    state |= {"galaxy": 0, "weights": [], "cut": False}
    page.evaluate(SHOW_WINDOW, [module("window"), state, picture.ravel().tolist()])
    box = page.locator(".galaxy-living.window")
    check_ranges(box)
    page.evaluate(AXE_SCRIPT)
    assert page.evaluate(AXE, "window") == []
    box.get_by_label("weights", exact=True).select_option("learned")
    square = box.get_by_role("slider", name="place of the window")
    square.focus()
    press(page, "ArrowUp", 3)
    press(page, "ArrowRight", 2)
    assert square.get_attribute("aria-valuetext") == "row 3, column 8"
    x = picture / 255 * 0.99 + 0.01
    said = box.locator("p:not(.said)").filter(has_text="add up to").inner_text()
    expected = 0.04 * x[3:8, 8:13].sum()
    assert f"add up to {expected:.2f}" in said
    # A weight of one's own: the first, by keyboard.
    box.get_by_role("slider", name="weight in row 3, column 3").focus()
    press(page, "Home", 1)
    press(page, "PageUp", 2)
    said = f"add up to {expected + 0.5 * x[3, 8]:.2f}"
    box.locator("p:not(.said)").filter(has_text=said).wait_for()
    assert box.get_by_label("weights", exact=True).input_value() == "6"  # "your own"
    check_redraws(page, "Window")


def test_windows_map_is_a_correlation(empty_page):
    rng = np.random.default_rng(2)
    x, weights = rng.normal(size=(9, 9)), rng.normal(size=(5, 5))
    values = empty_page.evaluate(
        "async ([text, x, w]) => [...(await import(text)).slide(x, 9, w)]",
        [module("window"), x.ravel().tolist(), weights.ravel().tolist()],
    )
    expected = correlate2d(x, weights, mode="valid")
    assert np.allclose(np.reshape(values, (5, 5)), expected, atol=1e-5)


def test_every_living_figure_is_numbered_and_captioned():
    seen = 0
    for path in HTML.rglob("*.html"):
        text = path.read_text("utf-8")
        places = text.count('<div class="galaxy-living-place">')
        figures = re.findall(
            r'<figure [^>]*>\s*<div class="galaxy-living-place">.*?</div>\s*<figcaption>\s*'
            r'<p><span class="caption-number">Fig\. [\d.]+ </span><span class="caption-text">\w',
            text,
            re.DOTALL,
        )
        assert len(figures) == places, path.name
        seen += places
    assert seen >= 9


@pytest.mark.parametrize("page", sorted(set(PAGES.values())))
def test_weight_of_a_pages_living_figures(page):
    """At most 60 kB compressed, before data."""
    modules = set(re.findall(r"figure-[0-9a-f]+\.js", (HTML / page).read_text("utf-8")))
    assert modules
    files = [HTML / "_static/vendor/living.js", *(HTML / "_static/living" / m for m in modules)]
    assert sum(len(gzip.compress(file.read_bytes())) for file in files) < 60_000
