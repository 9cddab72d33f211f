"""Projector mode: a section a screen, by keys alone, with answers that wait, from a folder too."""

from __future__ import annotations

import re

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from built_book import HTML, patient, until
from test_answers import with_question

PAGES = ["chapters/03_batching.html", "chapters/06_evaluation.html", "chapters/notation.html"]
SIZE = {"width": 1024, "height": 768}
# What is off the stage, nine tenths of a page, is taken out meanwhile: axe would walk through it.
AXE = """async () => {
  const off = [...document.querySelectorAll(".off-stage")].map(box => [box, [...box.childNodes]]);
  for (const [box] of off) box.replaceChildren();
  const {violations} = await axe.run({resultTypes: ["violations"], preload: false});
  for (const [box, children] of off) box.replaceChildren(...children);
  return violations.flatMap(found => found.nodes.map(
    node => found.id + " " + node.html.slice(0, 150)));
}"""

# What is on the stage: blocks by their number on the page, and what it needs to be judged.
STAGE = """() => {
  const root = document.documentElement;
  const shown = each => each.getClientRects().length > 0;
  const blocks = [...document.querySelectorAll("article section > :not(section)")];
  return {
    said: document.querySelector(".stage-bar [role=status]").textContent,
    blocks: blocks.flatMap((each, i) => shown(each) ? [i] : []),
    waiting: [...document.querySelectorAll(".answer[hidden]")].filter(shown).length,
    predict: [...document.querySelectorAll(".predict, .question")].some(shown),
    living: [...document.querySelectorAll(".galaxy-living-place")].some(shown),
    code: [...document.querySelectorAll(".cell_input .highlight")].some(
      each => shown(each) && each.checkVisibility()),
    others: [...document.querySelectorAll(".bd-header-article, .bd-sidebar, footer")]
      .filter(shown).map(each => each.className),
    across: root.scrollWidth - root.clientWidth,
    down: root.scrollHeight - root.clientHeight,
    top: root.scrollTop,
  };
}"""
THREE_FRAMES = """new Promise(done => requestAnimationFrame(
  () => requestAnimationFrame(() => requestAnimationFrame(done))))"""
CONTENT = """() => [...document.querySelectorAll("article section > :not(section)")]
  .flatMap((each, i) => each.getBoundingClientRect().height ? [i] : [])"""


@pytest.fixture
def open_page(browser):
    """Return a function: an address -> the page on a small projector, as at its first visit."""
    contexts = []

    def opened(url, theme="light"):
        contexts.append(patient(browser.new_context(viewport=SIZE, color_scheme=theme)))
        page = contexts[-1].new_page()
        page.problems = []
        page.on("pageerror", lambda error: page.problems.append(str(error)))
        page.goto(url)
        page.evaluate("window.MathJax?.startup?.promise")
        return page

    yield opened
    for context in contexts:
        assert [problem for page in context.pages for problem in page.problems] == []
        context.close()


def stage(page) -> dict:
    """Return what is on the stage once its figures are there."""
    page.wait_for_function(
        """() => [...document.querySelectorAll(".galaxy-living-place")]
        .every(each => !each.getClientRects().length || "shown" in each.dataset)"""
    )
    before = None
    while before != (now := page.evaluate(STAGE)):  # type that does not fit shrinks frame by frame
        before = now
        page.evaluate(THREE_FRAMES)
    return now


@pytest.mark.parametrize(("name", "theme"), [*zip(PAGES, ["light", "dark", "light"], strict=True)])
def test_a_page_on_the_projector(name, theme, open_page):
    """From the first screen to the last with one key: all is shown, and fits."""
    page = open_page((HTML / name).as_uri(), theme)
    page.evaluate("document.querySelectorAll('button.reveal').forEach(each => each.click())")
    content = page.evaluate(CONTENT)
    page.evaluate("document.querySelectorAll('button.reveal').forEach(each => each.click())")
    page.evaluate(AXE_SCRIPT)
    page.keyboard.press("p")
    stops = [stage(page)]
    while len(stops) < 300:
        now = stops[-1]
        assert now["others"] == []
        assert not now["code"]
        assert now["across"] <= 0, now
        # A figure that lives, or a table, may need a screen that scrolls; text may not.
        assert now["down"] <= 0 or now["living"] or name == "chapters/notation.html", now
        if len(stops) % 8 == 1 or now["living"]:
            assert page.evaluate(AXE) == [], now
        page.keyboard.press("PageDown")
        stops.append(stage(page))
        if stops[-1] == now:
            break
    numbers = [re.match(r"Section (\d+) of (\d+): \S", stop["said"]).groups() for stop in stops]
    sections = [int(number) for number, _ in numbers]
    assert sections == sorted(sections)
    assert sections[-1] == int(numbers[0][1])
    assert sorted({block for stop in stops for block in stop["blocks"]}) == content
    asked = [i for i, stop in enumerate(stops) if stop["predict"] and stop["waiting"]]
    assert bool(asked) == (name != "chapters/notation.html")
    for i in asked:  # the key shows the answer, and stays
        assert stops[i + 1]["waiting"] == 0
        assert stops[i + 1]["said"] == stops[i]["said"]
    assert any(stop["living"] for stop in stops) == (name != "chapters/notation.html")


def test_keys(open_page):
    page = open_page((HTML / PAGES[0]).as_uri())
    said = page.locator(".stage-bar [role=status]")
    button = page.get_by_role("button", name="Projector mode")
    page.keyboard.press("p")
    first = said.text_content()
    assert first.startswith("Section 1 of ")
    assert page.evaluate("document.activeElement.tagName") == "ARTICLE"
    for forth, back in (("ArrowRight", "ArrowLeft"), ("PageDown", "PageUp"), (" ", "Shift+ ")):
        page.keyboard.press(forth)
        assert said.text_content() != first
        page.keyboard.press(back)
        assert said.text_content() == first
    page.keyboard.press("ArrowLeft")
    assert said.text_content() == first
    page.keyboard.press("End")
    _, last, total = re.match(r"(Section (\d+) of (\d+))", said.text_content()).groups()
    assert last == total
    page.keyboard.press("Home")
    assert said.text_content() == first
    page.get_by_role("button", name="Next").click()
    assert said.text_content() != first
    assert page.evaluate("document.activeElement.textContent") == "Next"
    page.keyboard.press("ArrowLeft")
    assert said.text_content() == first
    page.keyboard.press(" ")  # which presses the button
    assert said.text_content() != first
    page.keyboard.press("Escape")
    assert page.locator(".stage-bar").count() == 0
    assert page.locator(".off-stage, details.fold").count() == 0
    assert button.evaluate("each => each === document.activeElement")
    button.press("Enter")
    page.get_by_role("button", name="Leave").click()
    assert page.locator(".stage-bar").count() == 0


def test_it_begins_where_the_reader_is_and_ends_there(open_page):
    page = open_page((HTML / PAGES[0]).as_uri() + "#trust-no-formula-check-it")
    heading = page.get_by_role("heading", name="Trust no formula: check it")
    page.keyboard.press("p")
    assert "Trust no formula" in page.locator(".stage-bar [role=status]").text_content()
    page.set_viewport_size({"width": 1920, "height": 1080})
    until(page, heading.is_visible, "the same section on a larger screen")
    page.evaluate("location.hash = 'summary'")
    summary = page.get_by_role("heading", name="Summary")
    until(page, summary.is_visible, "the screen that a link leads to")
    page.keyboard.press("p")
    assert 0 <= summary.bounding_box()["y"] < 1080


def test_what_was_open_is_open_afterwards(open_page):
    page = open_page((HTML / PAGES[0]).as_uri())
    page.locator("button.reveal").nth(1).click()
    page.keyboard.press("p")
    assert page.locator("button.reveal[aria-expanded=true]").count() == 0
    page.keyboard.press("Escape")
    opened = page.locator("button.reveal").evaluate_all(
        "all => all.map(each => each.getAttribute('aria-expanded'))"
    )
    assert [i for i, each in enumerate(opened) if each == "true"] == [1]


def test_a_figure_keeps_its_keys(open_page):
    """Arrows move a slider that has the focus; a presenter's remote turns the screen still."""
    page = open_page((HTML / PAGES[0]).as_uri())
    page.keyboard.press("p")
    while not stage(page)["living"]:
        page.keyboard.press("ArrowRight")
    said = page.locator(".stage-bar [role=status]")
    slider = page.locator(".galaxy-living-place [role=slider], .galaxy-living-place input").first
    slider.focus()
    before = said.text_content()
    page.keyboard.press("ArrowRight")
    assert said.text_content() == before
    while stage(page)["down"] > stage(page)["top"] + 4:  # what is below the edge comes first
        page.keyboard.press("PageDown")
    page.keyboard.press("PageDown")
    assert said.text_content() != before


def test_p_is_a_letter_where_one_writes(open_page):
    page = open_page((HTML / PAGES[0]).as_uri())
    page.keyboard.press("Control+k")
    page.keyboard.type("pp")
    assert page.locator(".stage-bar").count() == 0


def test_a_question_has_a_screen_of_its_own(open_page, address):
    page = open_page("about:blank")
    with_question(page, address)
    page.keyboard.press("p")
    while not stage(page)["predict"]:
        page.keyboard.press("ArrowRight")
    answer = page.locator(".question-answer")
    assert answer.bounding_box()["height"] == 0
    page.keyboard.press("ArrowRight")
    assert answer.bounding_box()["height"] > 10
    page.keyboard.press("ArrowRight")
    assert not page.locator("blockquote.question").is_visible()
