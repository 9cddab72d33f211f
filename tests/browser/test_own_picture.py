"""A picture of the reader's own in a Trainer: scaled as the sample's, judged, and it stays here."""

from __future__ import annotations

import base64
import functools
import http.server
import io
import re
import threading

import numpy as np
import pytest
from axe_playwright_python.base import AXE_SCRIPT
from living_pages import ROOT, write_page
from PIL import Image

from conftest import QuietHandler
from galaxy_lib import DataManager, NeuralNetwork, course
from galaxy_lib.galaxy import scale_pixels
from galaxy_lib.living import Trainer

PICTURES = np.random.default_rng(1)
COARSENED = """async ({ bytes, name, view }) => {
  const { middleSquare, coarsened } = await import("/src/picture_file.js");
  const file = new File([Uint8Array.from(atob(bytes), (c) => c.charCodeAt(0))], name);
  return [...coarsened(await middleSquare(file), 16, view)];
}"""
DROP = """({ bytes, name }) => {
  const figure = document.querySelector(".galaxy-living");
  const dataTransfer = new DataTransfer();
  const content = Uint8Array.from(atob(bytes), (c) => c.charCodeAt(0));
  if (name) dataTransfer.items.add(new File([content], name, { type: "image/png" }));
  const send = (kind) => {
    const event = new DragEvent(kind, { dataTransfer, bubbles: true, cancelable: true });
    figure.dispatchEvent(event);
    return event.defaultPrevented;
  };
  return [send("dragover"), figure.classList.contains("dropping"), send("drop")];
}"""
SHARE = "each => each.style.getPropertyValue('--share')"
NUMBERS = "[...document.querySelectorAll('.own .number')].map(each => each.textContent).join()"
AXE = """async () => (await axe.run(".own", {preload: false})).violations
  .flatMap(found => found.nodes.map(node => found.id + " " + node.html.slice(0, 120)))"""


@pytest.fixture(scope="module")
def network():
    """A network that Python has trained a little, with other weights than the page would draw."""
    with DataManager(**course.OUR_DATA) as data:
        network = NeuralNetwork(data, hidden_layer_size=12, seed=3)
        list(network.epochs(5, learning_rate=1.0))
        yield network


@pytest.fixture(scope="module")
def site(tmp_path_factory, network):
    """A folder that is served: a Trainer that shows this network, and the modules' sources."""
    folder = tmp_path_factory.mktemp("own")
    trainer = Trainer()
    trainer.show(network)
    write_page(folder / "shown", trainer)
    write_page(folder / "new", Trainer(compact=True))
    (folder / "src").symlink_to(ROOT / "galaxy_lib" / "living" / "src")
    handler = functools.partial(QuietHandler, directory=folder)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/"
        server.shutdown()


@pytest.fixture
def opened(site, contexts):
    """Return a function that opens a page, "shown" or "new"; nothing goes wrong on it."""
    pages, problems = [], []

    def opener(name="new", mode="desktop-light", script=None):
        page = contexts(mode).new_page()
        pages.append(page)
        page.asked = []
        page.on("request", lambda request: page.asked.append(request.url))
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda m: m.type == "error" and problems.append(m.text))
        # Choosers are caught from here on: what is asked for at a key's press comes too late.
        page.on("filechooser", lambda chooser: None)
        if script:
            page.add_init_script(script)
        page.goto(f"{site}{name}/chapters/page.html")
        page.locator(".galaxy-living .own").wait_for()
        return page

    yield opener
    for page in pages:
        page.close()
    assert problems == []


def png(pixels: np.ndarray) -> bytes:
    Image.fromarray(pixels).save(file := io.BytesIO(), "PNG")
    return file.getvalue()


def text_of(content: bytes) -> str:
    return base64.b64encode(content).decode()


def means(pixels: np.ndarray, side: int = 16) -> np.ndarray:
    block = len(pixels) // side
    return pixels.reshape(side, block, side, block, -1).mean(axis=(1, 3))


def choose(page, content: bytes) -> None:
    file = {"name": "galaxy.png", "mimeType": "image/png", "buffer": content}
    page.locator(".own input[type=file]").set_input_files(file)


@pytest.mark.parametrize("view", ["whole", "middle"])
def test_a_picture_of_the_samples_size_is_scaled_as_the_samples_are(view, opened):
    pixels = PICTURES.integers(0, 256, (256, 256, 3), np.uint8)
    found = opened().evaluate(
        COARSENED, {"bytes": text_of(png(pixels)), "name": "a.png", "view": view}
    )
    seen = pixels if view == "whole" else pixels[64:-64, 64:-64]
    assert np.abs(np.reshape(found, (16, 16, 3)) - means(seen)).max() <= 0.51


@pytest.mark.parametrize("shape", [(512, 900), (700, 512), (1024, 1024), (128, 130)])
def test_only_the_middle_square_of_another_is_seen(shape, opened):
    """Its border is white; the middle, which is smooth, is that of the network's picture."""
    height, width = shape
    side = min(shape)
    pixels = np.full((height, width, 3), 255, np.uint8)
    ramp = np.linspace(20, 200, side)
    square = np.stack(np.broadcast_arrays(ramp[:, None], ramp, 90), -1)
    top, left = (height - side) // 2, (width - side) // 2
    pixels[top : top + side, left : left + side] = square
    found = opened().evaluate(
        COARSENED, {"bytes": text_of(png(pixels)), "name": "a.png", "view": "whole"}
    )
    centres = np.linspace(20, 200, 33)[1::2]
    expected = np.stack(np.broadcast_arrays(centres[:, None], centres[None, :], 90.0), -1)
    assert np.abs(np.reshape(found, (16, 16, 3)) - expected).max() <= 4  # white would be 255


def test_what_is_transparent_is_dark(opened):
    pixels = np.zeros((256, 256, 4), np.uint8)
    pixels[..., :3] = 255
    found = opened().evaluate(
        COARSENED, {"bytes": text_of(png(pixels)), "name": "a.png", "view": "whole"}
    )
    assert set(found) == {0}


@pytest.mark.parametrize("mode", ["desktop-light", "phone-dark"])
def test_the_network_says_its_ten_outputs(mode, opened, network):
    """The same as in Python, for a galaxy of the file; and nothing is asked of any server."""
    page = opened("shown", mode)
    page.locator(".head .note", has_text="85 updates").wait_for()
    with DataManager(read_on_demand=True, datafile=network.data_manager.path) as full:
        pixels = np.asarray(full.images[7])
    del page.asked[:]
    choose(page, png(pixels))
    items = page.locator(".own .outputs li")
    items.first.wait_for()
    x = scale_pixels(np.rint(means(pixels))).reshape(-1, 1).astype(np.float32)
    z = network.forward(x).ravel()
    shown = [float(each) for each in items.locator(".number").all_inner_texts()]
    assert np.abs(shown - z).max() < 0.006
    assert max(shown) - min(shown) > 0.05, "they say nothing"
    names = items.locator("span:first-child").all_inner_texts()
    best = names[int(z.argmax())]
    assert page.locator(".own .outputs .most").inner_text().startswith(best)
    share = items.nth(int(z.argmax())).locator(".bar").evaluate(SHARE)
    assert float(share) == pytest.approx(z.max(), abs=0.001)
    page.locator(".said", has_text=f"takes your picture for {best}, {z.max():.2f}").wait_for(
        state="attached"
    )
    assert [url for url in page.asked if not url.startswith("blob:")] == []
    page.evaluate(AXE_SCRIPT)
    assert page.evaluate(AXE) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    # What it says follows the network.
    page.get_by_role("button", name="One epoch").click()
    page.locator(".head .note", has_text="102 updates").wait_for()
    page.wait_for_function(
        "before => " + NUMBERS + " !== before",
        arg=",".join(f"{each:.2f}" for each in shown),
    )


def test_by_keyboard_before_anything_was_trained(opened):
    page = opened()
    button = page.get_by_role("button", name="Choose a picture")
    button.focus()
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Enter")
    picture = png(PICTURES.integers(0, 256, (300, 300, 3), np.uint8))
    chooser.value.set_files({"name": "g.png", "mimeType": "image/png", "buffer": picture})
    page.locator(".own-result p", has_text="Train the network: then it says").wait_for()
    assert not page.locator(".own .outputs").is_visible()
    page.get_by_role("button", name="Train it now").click()
    page.locator(".own .outputs li").first.wait_for()
    numbers = page.locator(".own .number").all_inner_texts()
    assert all(re.fullmatch(r"[01]\.\d\d", each) for each in numbers)
    page.get_by_role("button", name="Pause").click()


def test_a_picture_is_dropped(opened):
    page = opened()
    picture = png(PICTURES.integers(0, 256, (64, 64, 3), np.uint8))
    told = page.evaluate(DROP, {"bytes": text_of(picture), "name": "dropped.png"})
    assert told == [True, True, True]
    page.locator(".own-result p", has_text="Your picture is here").wait_for()
    assert not page.locator(".galaxy-living.dropping").count()
    # A text that is dragged is not ours.
    assert page.evaluate(DROP, {"bytes": "", "name": ""}) == [False, False, False]


def wide_and_empty() -> bytes:
    Image.new("1", (9000, 5000)).save(file := io.BytesIO(), "PNG")
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "name", "says"),
    [
        (b"not a picture", "notes.png", "notes.png is no picture that this browser can read"),
        (b"", "empty.jpg", "empty.jpg is no picture"),
        (b"\0" * 21_000_000, "huge.png", "huge.png has 21 MB, and at most 20 MB are read"),
        (wide_and_empty(), "wide.png", "wide.png has 9,000 × 5,000 pixels, and at most 40 million"),
    ],
)
def test_no_picture_or_a_huge_one_gets_one_sentence(content, name, says, opened, tmp_path):
    page = opened()
    (tmp_path / name).write_bytes(content)  # 21 MB from memory would go through as text
    page.locator(".own input[type=file]").set_input_files(tmp_path / name)
    lesson = page.locator(".lesson", has_text=says)
    lesson.wait_for()
    assert re.fullmatch(r".*: [a-z ]+\.|.*: choose a PNG or a JPEG\.", lesson.inner_text())
    assert not page.locator(".own-result").is_visible()
    page.locator(".said", has_text=says).wait_for(state="attached")


REFUSALS = {
    "at once": """window.Worker = class {
      constructor() { throw new DOMException("no", "SecurityError") }
    }""",
    "later": """window.Worker = class {
      constructor() { setTimeout(() => this.onerror(new Event("error")), 50) }
      postMessage() {}
      terminate() {}
    }""",
}


@pytest.mark.parametrize("when", REFUSALS)
def test_a_page_that_allows_no_worker_says_what_helps(when, opened):
    page = opened(script=REFUSALS[when])
    page.get_by_role("button", name="Train it now").click()
    page.locator(".lesson", has_text="allows no training in the background").wait_for()
    assert "in a tab of its own, or in another browser" in page.locator(".lesson").inner_text()
    page.get_by_role("button", name="Train it now").wait_for()  # not "Pause"


def test_a_security_policy_against_workers(opened, site, contexts):
    """As a real one refuses it, in this browser."""
    page = contexts("desktop-light").new_page()

    def forbid(route):
        answer = route.fetch()
        policy = '<meta http-equiv="Content-Security-Policy" content="worker-src \'none\'">'
        route.fulfill(response=answer, body=answer.text().replace("<head>", f"<head>{policy}"))

    page.route("**/page.html", forbid)
    page.goto(f"{site}new/chapters/page.html")
    page.get_by_role("button", name="Train it now").click()
    page.locator(".lesson", has_text="allows no training in the background").wait_for()
    page.close()


def test_it_needs_no_canvas_in_the_worker(opened):
    """Safari has none there before version 16.4: the page unpacks the galaxies."""
    page = opened(script="delete window.OffscreenCanvas")
    page.get_by_role("button", name="Train it now").click()
    page.locator(".head .note", has_text="updates").wait_for()
    worker = (ROOT / "galaxy_lib/living/src/trainer_worker.js").read_text("utf-8")
    assert "Canvas" not in worker
    assert "decodeSprite" not in worker
