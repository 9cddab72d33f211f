"""Answers wait for one click, for the switch that shows all, or for the browser's own search."""

from __future__ import annotations

import pytest
from built_book import HTML, pages, patient, without_formulas

PAGE = "chapters/03_batching.html"
NEXT = "chapters/04_momentum.html"
LIVING = [name for name in pages() if "galaxy-living-place" in (HTML / name).read_text("utf-8")]
WAITING = "document.querySelectorAll('.answer[hidden]').length"
REFUSED = """Object.defineProperty(window, "localStorage",
  {get() { throw new DOMException("refused", "SecurityError"); }})"""
QUESTION = """<blockquote class="card-quote question"><p><strong>Question.</strong> Which?</p>
<ul><li>A. This.</li><li>B. That.</li></ul></blockquote>
<p class="question-answer"><strong>Answer.</strong> B: for a reason.</p>"""


@pytest.fixture
def fresh(browser):
    """A page of a reader who has never been here."""
    context = patient(browser.new_context(viewport={"width": 1280, "height": 900}))
    yield without_formulas(context).new_page()
    context.close()


def with_question(page, address) -> None:
    """Open a page whose first section has a question to vote on."""
    head, article, text = (HTML / PAGE).read_text("utf-8").partition("<article")
    text = head + article + text.replace("</h1>", f"</h1>{QUESTION}", 1)
    page.route("**/" + PAGE, lambda route: route.fulfill(body=text, content_type="text/html"))
    page.goto(address + PAGE)


def test_the_switch_shows_all_and_the_next_page_knows(fresh, address):
    fresh.goto(address + PAGE)
    switch = fresh.get_by_role("switch", name="Answers")
    assert switch.get_attribute("aria-checked") == "false"
    assert fresh.evaluate(WAITING) > 5
    switch.click()
    assert switch.get_attribute("aria-checked") == "true"
    assert fresh.evaluate(WAITING) == 0
    fresh.goto(address + NEXT)
    assert fresh.evaluate(WAITING) == 0
    assert fresh.locator("button.reveal[aria-expanded=false]").count() == 0
    switch.press("Space")
    fresh.reload()
    assert fresh.evaluate(WAITING) > 5


def test_the_switch_works_where_nothing_may_be_kept(fresh, address):
    problems = []
    fresh.on("pageerror", lambda error: problems.append(error.stack or str(error)))
    fresh.add_init_script(REFUSED)
    fresh.goto(address + PAGE)
    fresh.get_by_role("switch", name="Answers").click()
    assert fresh.evaluate(WAITING) == 0
    assert not [each for each in problems if "book.js" in each or "projector.js" in each]


def test_the_browsers_search_finds_what_waits(fresh, address):
    """It looks where `until-found` hides and `display: none` does not, and says so to the page."""
    fresh.goto(address + PAGE)
    answer = fresh.locator("p.came-out").first
    assert answer.get_attribute("hidden") == "until-found"
    style = answer.evaluate("each => getComputedStyle(each).display")
    assert (style, answer.bounding_box()["height"]) == ("block", 0)
    answer.evaluate("each => each.dispatchEvent(new Event('beforematch', {bubbles: true}))")
    assert answer.get_attribute("hidden") is None
    assert fresh.locator("button.reveal").first.get_attribute("aria-expanded") == "true"


@pytest.mark.parametrize("name", LIVING)
def test_a_figure_that_computes_is_never_hidden(name, fresh, address):
    fresh.goto(address + name)
    places = fresh.locator(".galaxy-living-place")
    assert places.count() >= 1
    hidden = "places => places.filter(each => each.closest('[hidden], .answer')).length"
    assert places.evaluate_all(hidden) == 0
    assert places.evaluate_all("places => places.every(each => each.checkVisibility())")


def test_paper_has_every_answer(fresh, address):
    fresh.goto(address + PAGE)
    answer = fresh.locator("p.came-out").first
    fresh.emulate_media(media="print")
    assert answer.bounding_box()["height"] > 10
    assert fresh.locator("button.reveal:visible").count() == 0


def test_a_question_keeps_its_answer_back(fresh, address):
    with_question(fresh, address)
    answer = fresh.locator(".question-answer")
    assert answer.bounding_box()["height"] == 0
    fresh.get_by_role("button", name="Show the answer").click()
    assert answer.bounding_box()["height"] > 10
    assert fresh.get_by_role("button", name="Hide the answer").count() == 1
