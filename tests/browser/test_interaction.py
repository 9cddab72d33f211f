"""Interactive figures move by keyboard, with no kernel and no server; notes stand in the margin."""

from __future__ import annotations

import pytest
from built_book import HTML, pages, patient, until

FIGURES = [name for name in pages() if "galaxy-frames" in (HTML / name).read_text("utf-8")]
SEEN = """figure => [...figure.querySelectorAll("img")]
  .filter(image => image.complete && image.naturalWidth > 0)
  .map(image => image.src + image.alt).join()"""


def move_every_slider(page) -> int:
    """Press one arrow key on each slider of each figure and see that its picture is another."""
    page.wait_for_function("document.querySelectorAll('.galaxy-frames img').length > 0")
    figures = page.query_selector_all(".galaxy-frames")
    for figure in figures:
        sliders = figure.query_selector_all("[role=slider]")
        assert sliders, "a figure without a slider"
        for slider in sliders:
            name = slider.get_attribute("aria-label")
            assert name, "a slider without a name"
            before = figure.evaluate(SEEN)
            said = slider.get_attribute("aria-valuetext")
            at_end = slider.get_attribute("aria-valuenow") == slider.get_attribute("aria-valuemax")
            slider.focus()
            page.keyboard.press("ArrowLeft" if at_end else "ArrowRight")
            moved = lambda figure=figure, before=before: figure.evaluate(SEEN) not in (before, "")  # noqa: E731
            until(page, moved, f"another picture when the slider «{name}» moves")
            assert slider.get_attribute("aria-valuetext") != said, name
    return len(figures)


@pytest.mark.parametrize("mode", ["desktop-light", "phone-dark"])
@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_moves(name, mode, address, contexts):
    page = contexts(mode).new_page()
    page.goto(address + name)
    assert move_every_slider(page) >= 1
    page.close()


@pytest.mark.parametrize("name", FIGURES[:1])
def test_it_works_from_a_folder(name, contexts):
    """Opened as a file: formulas, figures and sliders need no server at all."""
    page = contexts("desktop-light").new_page()
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto((HTML / name).as_uri())
    assert move_every_slider(page) >= 1
    page.evaluate("window.MathJax?.startup?.promise")
    assert page.locator("mjx-container").count() >= page.locator("article .math").count()
    assert errors == []
    page.close()


PLACES = """() => {
  const text = document.querySelector("article section > p").getBoundingClientRect();
  const list = document.querySelector(".bd-sidebar-secondary").getBoundingClientRect();
  return [...document.querySelectorAll(".term-note")].map(note => {
    const place = note.getBoundingClientRect();
    return {gap: place.left - text.right, width: place.width, room: list.left - place.right};
  });
}"""


@pytest.mark.parametrize("width", [1280, 1520, 1920])
def test_definitions_stand_in_the_margin_where_there_is_one(width, address, browser):
    page = patient(browser.new_page(viewport={"width": width, "height": 900}))
    page.goto(address + "chapters/03_batching.html")
    places = page.evaluate(PLACES)
    page.close()
    assert len(places) > 3
    for place in places:
        if width < 1520:
            assert place["width"] == 0
        else:
            assert 8 <= place["gap"] <= 60
            assert 180 <= place["width"] <= 230
            assert place["room"] >= 0
