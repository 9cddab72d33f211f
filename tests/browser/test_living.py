"""The living figures: the maths is galaxy_lib's, the page stays fluid, everybody can use them.

They need no built book but for the last tests: `living_pages` makes pages as the book makes them.
"""

from __future__ import annotations

import base64
import functools
import gzip
import http.server
import itertools
import json
import math
import os
import re
import subprocess
import sys
import threading
import time

import nbformat
import numpy as np
import pytest
from axe_playwright_python.base import AXE_SCRIPT
from built_book import HTML, MODES, PATIENCE, patient, until
from living_pages import BARE, ROOT, loaded_by, write_page

from conftest import QuietHandler
from galaxy_lib import NeuralNetwork
from galaxy_lib.galaxy import one_hot, scale_pixels
from galaxy_lib.living import Trainer

LANDING = {"view": "middle", "loss": "cross-entropy", "turned": True}
# What trains for ten seconds at 60 ms an epoch takes so many updates of batches of 64.
UPDATES_IN_TEN_SECONDS = 10_000 // 60 * math.ceil(1080 / 64)
# Speed is measured by a bare product in the same page (see `living_pages`), which is 35 to 50 ms
# an epoch where these were: an epoch 60 ms, the first batch 0.5 to 0.9 s, the longest task 10 ms.
EPOCH, FIRST_BATCH_DRAWN, LONGEST_TASK = 2.5, 40, 1


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A folder that is served: the page of two Trainers, and the modules' sources."""
    folder = tmp_path_factory.mktemp("living")
    write_page(folder, Trainer(), Trainer(compact=True, **LANDING))
    (folder / "src").symlink_to(ROOT / "galaxy_lib" / "living" / "src")
    handler = functools.partial(QuietHandler, directory=folder)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield folder, f"http://127.0.0.1:{server.server_address[1]}/"
        server.shutdown()


@pytest.fixture
def open_page(site, contexts):
    """Return a function: opens the page of two Trainers and sees that nothing goes wrong there."""
    opened, problems = [], []

    def opener(mode="desktop-light", address=None):
        page = contexts(mode).new_page()
        opened.append(page)
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda m: m.type == "error" and problems.append(m.text))
        page.goto(address or site[1] + "chapters/page.html")
        page.wait_for_function("document.querySelectorAll('[data-shown]').length === 2")
        return page

    yield opener
    for page in opened:
        page.close()
    assert problems == []


def updates_of(figure) -> int:
    """Read how far a Trainer is."""
    found = re.search(r"([\d,]+) updates?", figure.locator(".head .note").inner_text())
    return int(found[1].replace(",", "")) if found else 0


def fraction_of(figure) -> float:
    return float(figure.locator(".score strong").inner_text())


def wait_for_updates(page, figure, n, seen=lambda updates: None):
    """Wait as long as it goes on, and show each count of updates to ``seen``."""
    updates, still = updates_of(figure), 0
    while updates < n:
        assert still < 10 * PATIENCE, f"it stands at {updates} updates"
        page.wait_for_timeout(100)
        before, updates = updates, updates_of(figure)
        still = still + 1 if updates == before else 0
        seen(updates)


def wait_until_it_rests(page, figure):
    """Wait until what a Trainer says of itself stays the same for a second of looks."""
    texts = []

    def rests():
        texts.append(figure.locator(".head").inner_text())
        return len(texts) > 10 and len(set(texts[-10:])) == 1

    until(page, rests, "a Trainer that rests")


# ---------------------------------------------------------------------------------- the maths

LOAD = """async ({sprite, n}) => {
  const { decodeSprite } = await import("/src/sprite.js");
  const bytes = Uint8Array.from(atob(sprite), (c) => c.charCodeAt(0));
  const pixels = await decodeSprite(bytes, 16, n);
  let text = "";
  for (let i = 0; i < pixels.length; i += 32768) {
    text += String.fromCharCode(...pixels.subarray(i, i + 32768));
  }
  window.pixels = pixels;
  return btoa(text);
}"""

TRAIN = """async ({A, B, a, b, N_hidden, loss, answers, batches, turns, eta, beta}) => {
  const { Network, columns, orientations } = await import("/src/network.js");
  const { scalePixels } = await import("/src/sprite.js");
  const floats = (text) =>
    new Float32Array(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer);
  const network = new Network({ N_in: 768, N_hidden, loss });
  network.A.set(floats(A)); network.B.set(floats(B));
  network.a.set(floats(a)); network.b.set(floats(b));
  const x = scalePixels(window.pixels);
  const places = turns ? orientations(16) : null;
  for (const [i, rows] of batches.entries()) {
    const dealt = turns?.[i].slice();
    const random = { integer: () => dealt.shift() };
    const batch = columns(x, rows, 768, places, random);
    network.step(batch, Uint8Array.from(rows, (row) => answers[row]), eta, beta);
  }
  const test = Array.from({ length: 300 }, (_, i) => 1200 + i);
  const { z } = network.forward(columns(x, test, 768), 300);
  const { right } = network.score(z, Uint8Array.from(test, (row) => answers[row]));
  return { A: [...network.A], B: [...network.B], a: [...network.a], b: [...network.b], right };
}"""


class Pixels:
    """A DataManager's stand-in: the galaxies as the browser decoded them."""

    input_size, coarsen = 768, 16

    def __init__(self, pixels, labels):
        self.pixels, self.ans = pixels, labels
        self.training_indices, self.test_indices = np.arange(1080), np.arange(1200, 1500)

    def batch(self, rows, turns=None):
        pictures = self.pixels[rows]
        if turns is not None:
            mirrored = [p[:, ::-1] if t >= 4 else p for p, t in zip(pictures, turns, strict=True)]
            pictures = np.stack([np.rot90(p, t % 4) for p, t in zip(mirrored, turns, strict=True)])
        x = scale_pixels(pictures.astype(np.float32)).reshape(len(rows), -1).T
        return np.asfortranarray(x), np.asfortranarray(one_hot(self.ans[rows]))

    def test_batches(self, size=512):
        return [self.batch(self.test_indices)]

    def validation_batches(self, size=512):
        return []

    def training_batches(self, size):
        rows = np.random.default_rng(len(self.training_indices)).permutation(1080)
        return [self.batch(rows[i : i + size]) for i in range(0, 1080, size)]


@pytest.fixture
def decoded(site, contexts):
    """The sprite of the middles as the browser decodes it, and the page that holds it."""
    trainer = Trainer()
    page = contexts("desktop-light").new_page()
    page.goto(site[1] + "chapters/page.html")
    sprite = base64.b64encode(trainer.sprite_middle).decode()
    text = page.evaluate(LOAD, {"sprite": sprite, "n": 1500})
    pixels = np.frombuffer(base64.b64decode(text), np.uint8).reshape(1500, 16, 16, 3)
    yield page, Pixels(pixels, np.frombuffer(trainer.labels, np.uint8))
    page.close()


def packed(array) -> str:
    return base64.b64encode(np.ascontiguousarray(array, "<f4").tobytes()).decode()


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("loss", ["squared", "cross-entropy"])
def test_fifty_updates_agree_with_galaxy_lib(loss, turned, decoded):
    page, data = decoded
    eta, beta = 1.0, 0.9
    network = NeuralNetwork(data, hidden_layer_size=37, seed=5, loss=loss)
    zero = {"a": np.zeros(10), "b": np.zeros(37)}
    start = {
        w: packed(zero[w] if getattr(network, w) is None else getattr(network, w)) for w in "ABab"
    }
    rng = np.random.default_rng(0)
    # Odd sizes too: the inner loops take rows and columns by twos and fours.
    batches = [rng.permutation(1080)[: 64 if i % 5 else 61] for i in range(50)]
    turns = [rng.integers(8, size=len(rows)) for rows in batches] if turned else None
    found = page.evaluate(
        TRAIN,
        start
        | {"N_hidden": 37, "loss": loss, "answers": data.ans.tolist(), "eta": eta, "beta": beta}
        | {"batches": [rows.tolist() for rows in batches]}
        | {"turns": [each.tolist() for each in turns] if turned else None},
    )
    v = [np.zeros(w.shape, np.float32, order="F") for w in network._weights()]
    for i, rows in enumerate(batches):
        network._step(v, *data.batch(rows, turns[i] if turned else None), eta, beta)
    for name in network.weight_names:
        weights = getattr(network, name)
        moved = np.abs(
            weights - np.frombuffer(base64.b64decode(start[name]), "<f4").reshape(weights.shape)
        )
        assert moved.max() > 1e-3, "nothing was learned: the comparison says nothing"
        there = np.reshape(found[name], weights.shape)
        assert np.abs(there - weights).max() < 1e-5, name
    assert found["right"] / 300 == pytest.approx(network.assess(), abs=1e-9)


def test_decoded_pixels_are_the_galaxies(decoded):
    """Compression blurs them a little; no galaxy is another one's."""
    _, data = decoded
    manager = Trainer()._data_manager("middle", False)
    exact = np.stack([manager.galaxy(row).data for row in manager.indices])
    there = scale_pixels(data.pixels.astype(np.float32))
    own = np.abs(exact - there).mean(axis=(1, 2, 3))
    other = np.abs(exact - np.roll(there, 1, axis=0)).mean(axis=(1, 2, 3))
    assert own.mean() < 0.02
    assert np.mean(own < other) > 0.99


# ---------------------------------------------------------------------- what must be reached


TOUCH = """async () => {
  const figure = document.querySelector(".galaxy-living");
  const button = [...figure.querySelectorAll("button")].find((b) => b.textContent === "One batch");
  const trained = new Promise((resolve) => {
    const note = figure.querySelector(".head .note");
    new MutationObserver(() => /^1 update/.test(note.textContent) && resolve())
      .observe(note, { childList: true, characterData: true, subtree: true });
  });
  const start = performance.now();
  button.click();
  await trained;
  return performance.now() - start;
}"""


def test_first_batch_soon_after_the_first_touch(open_page):
    """The sprite, the Worker, one batch, and its drawing; the best of five, on a busy machine."""
    took, bare = [], []
    for _ in range(5):
        page = open_page()
        took.append(page.evaluate(TOUCH))
        bare.append(page.evaluate(BARE))
        page.close()
    print(f"first batch after {min(took):.0f} ms, {min(took) / min(bare):.1f} bare epochs")
    assert min(took) <= FIRST_BATCH_DRAWN * min(bare)


PACE = """async () => {
  const { Network, columns } = await import("/src/network.js");
  const { randomNumbers } = await import("/src/random.js");
  const random = randomNumbers(1);
  const x = Float32Array.from({ length: 768 * 1080 }, () => random.uniform());
  const network = new Network({ N_in: 768, N_hidden: 40, random });
  const answers = Uint8Array.from({ length: 64 }, () => random.integer(10));
  let least = Infinity;
  for (let batch = 0; batch < 200; batch++) {
    const rows = Int32Array.from({ length: 64 }, () => random.integer(1080));
    const start = performance.now();
    network.step(columns(x, rows, 768), answers, 1, 0.9);
    least = Math.min(least, performance.now() - start);
    if (batch % 20 === 19) await new Promise((go) => setTimeout(go, 20));
  }
  return 17 * least;
}"""


def test_an_epoch_is_quick(site, contexts):
    """Two products as large as the bare one, and all the rest; both in turns, the quickest of each.

    What else runs on the machine only adds to either.
    """
    page = contexts("desktop-light").new_page()
    page.goto(site[1] + "chapters/page.html")
    epochs, bare = zip(*[(page.evaluate(PACE), page.evaluate(BARE)) for _ in range(4)], strict=True)
    page.close()
    print(f"an epoch {min(epochs):.0f} ms, bare {min(bare):.0f}: {min(epochs) / min(bare):.2f}")
    assert min(epochs) <= EPOCH * min(bare)


@pytest.mark.parametrize(
    ("settings", "wanted"),
    [({"view": "middle"}, 0.40), (LANDING, 0.58)],
    ids=["squared error", "cross-entropy, turned"],
)
def test_ten_seconds_teach_it(settings, wanted, contexts, tmp_path):
    """As many updates as ten seconds hold at 60 ms an epoch: a slow machine only waits longer.

    Measured 0.425 and 0.609, at the ends of epochs; with the next two seeds 0.01 more or less.
    """
    page = contexts("desktop-light").new_page()
    trainer = Trainer(compact=True, **settings, seed=1)  # draws less
    page.goto(write_page(tmp_path / "page", trainer).as_uri())
    figure = page.locator(".galaxy-living")
    figure.get_by_role("button", name="Train it now").click()
    lately = []

    def seen(updates):
        if updates > 0.9 * UPDATES_IN_TEN_SECONDS:
            lately.append(fraction_of(figure))

    wait_for_updates(page, figure, UPDATES_IN_TEN_SECONDS, seen)
    page.close()
    right = np.mean(lately)  # over the last tenth: it flickers from epoch to epoch
    print(f"{settings}: {right:.3f} right")
    assert right >= wanted


def test_it_learns_as_much_as_galaxy_lib(decoded):
    """On the same pixels, for the same number of updates, within the error of 300 galaxies."""
    page, data = decoded
    reached = {}
    for where in ("browser", "Python"):
        network = NeuralNetwork(data, hidden_layer_size=40, seed=2)
        batches = [
            rows
            for e in range(60)
            for rows in np.array_split(np.random.default_rng(e).permutation(1080), 17)
        ]
        if where == "browser":
            zero = {"a": np.zeros(10), "b": np.zeros(40)}
            start = {
                w: packed(zero[w] if getattr(network, w) is None else getattr(network, w))
                for w in "ABab"
            }
            found = page.evaluate(
                TRAIN,
                start
                | {"N_hidden": 40, "loss": "squared", "answers": data.ans.tolist()}
                | {"batches": [rows.tolist() for rows in batches], "turns": None}
                | {"eta": 1.0, "beta": 0.9},
            )
            reached[where] = found["right"] / 300
        else:
            v = [np.zeros(w.shape, np.float32, order="F") for w in network._weights()]
            for rows in batches:
                network._step(v, *data.batch(rows), 1.0, 0.9)
            reached[where] = network.assess()
    print(reached)
    assert abs(reached["browser"] - reached["Python"]) <= 0.03
    assert reached["browser"] > 0.25


def longest_task(open_page, browser) -> float:
    """Return the processor's time of the longest task on the page's own thread, in bare epochs."""
    page = open_page()
    bare = page.evaluate(BARE)
    figure = page.locator(".galaxy-living").nth(0)
    browser.start_tracing(page=page, categories=["toplevel", "__metadata"])
    figure.get_by_role("button", name="Train it now").click()
    wait_for_updates(page, figure, 1000)
    events = json.loads(browser.stop_tracing())["traceEvents"]
    threads = {
        (event["pid"], event["tid"])
        for event in events
        if event["name"] == "thread_name" and event["args"]["name"] == "CrRendererMain"
    }
    tasks = [
        event.get("tdur", event["dur"]) / 1000
        for event in events
        if event["name"].endswith("RunTask") and event.get("ph") == "X"
        if (event["pid"], event["tid"]) in threads
    ]
    print(f"{len(tasks)} tasks, the longest {max(tasks):.0f} ms; a bare epoch {bare:.0f} ms")
    assert len(tasks) > 100
    return max(tasks) / bare


def test_the_page_stays_fluid_while_it_trains(open_page, browser):
    """No task takes the page's own thread longer than a bare epoch would, once in three visits.

    What other programs push out of the processor's cache makes every task longer.
    """
    assert any(longest_task(open_page, browser) <= LONGEST_TASK for _ in range(3))


def test_weight(site):
    folder, _ = site
    page = folder / "chapters" / "page.html"
    files = loaded_by(page)
    code = [files["module"], folder / "_static" / "vendor" / "living.js"]
    weight = sum(len(gzip.compress(path.read_bytes())) for path in code)
    assert weight <= 60_000
    sprites = [path.stat().st_size for name, path in files.items() if "sprite" in name]
    assert len(sprites) == 2
    assert max(sprites) + files["labels"].stat().st_size <= 150_000
    assert "vendor/widgets.js" not in page.read_text("utf-8"), "nothing here needs ipywidgets"


def test_the_galaxies_come_with_the_first_touch(open_page):
    page = open_page()
    sprites = "performance.getEntriesByType('resource').filter(e => /sprite/.test(e.name)).length"
    assert page.evaluate(sprites) == 0
    page.get_by_role("button", name="One batch").click()
    page.locator(".head .note", has_text="1 update").first.wait_for()
    assert page.evaluate(sprites) == 1


# ------------------------------------------------------------------------------ for everybody


def test_keyboard(open_page):
    page = open_page()
    figure = page.locator(".galaxy-living").nth(0)
    figure.get_by_role("button", name="One epoch").focus()
    page.keyboard.press("Enter")
    figure.locator(".head .note", has_text="17 updates in 1 epoch").wait_for()
    hidden = figure.get_by_role("slider", name="hidden units")
    hidden.focus()
    page.keyboard.press("ArrowLeft")
    assert hidden.get_attribute("aria-valuetext") == "20"
    figure.locator(".head .note", has_text="0 updates").wait_for()
    # From the first button, Tab reaches every control.
    figure.get_by_role("button", name="Train it now").focus()
    reached = set()
    for _ in range(30):
        reached.add(page.evaluate("document.activeElement.textContent + document.activeElement.id"))
        page.keyboard.press("Tab")
    assert len(reached) >= 13 + 7


def test_presets_and_runs_that_are_kept(open_page):
    page = open_page()
    figure = page.locator(".galaxy-living").nth(0)
    figure.get_by_role("button", name="η too small").click()
    figure.locator(".lesson", has_text="creeps").wait_for()
    assert (
        figure.get_by_role("slider", name="learning rate").get_attribute("aria-valuetext") == "0.01"
    )
    wait_for_updates(page, figure, 1)
    figure.get_by_role("button", name="Keep this run").click()
    assert "η 0.01" in figure.locator(".kept li").inner_text()
    # In each of two charts: the kept run, and training and test of the one under way.
    lines = figure.locator(".chart path.line")
    lines.nth(5).wait_for(state="attached")
    figure.get_by_role("button", name="Another seed").click()
    wait_for_updates(page, figure, 50)
    lines.nth(5).wait_for(state="attached")
    assert lines.count() == 6
    assert "seed 1" in figure.locator(".kept li").inner_text()
    figure.get_by_role("button", name="Pause").click()
    figure.get_by_role("button", name="Remove run A").click()
    figure.locator(".kept li").wait_for(state="detached")


def test_the_same_seed_gives_the_same_network(open_page):
    page = open_page()
    figure = page.locator(".galaxy-living").nth(0)
    seen = []
    for start in ("One epoch", "Start over", "Another seed"):
        if start != "One epoch":
            figure.get_by_role("button", name=start).click()
            figure.locator(".head .note", has_text="0 updates").wait_for()
        figure.get_by_role("button", name="One epoch").click()
        figure.locator(".head .note", has_text="17 updates").wait_for()  # drawn with the matrix
        seen.append(figure.locator("table.matrix").inner_text())
    assert seen[0] == seen[1] != seen[2]


def test_a_screen_reader_hears_how_it_stands(open_page):
    page = open_page()
    figure = page.locator(".galaxy-living").nth(1)
    page.evaluate(
        """() => {
          window.said = [];
          const region = document.querySelectorAll(".galaxy-living [role=status]")[1];
          new MutationObserver(() => window.said.push([performance.now(), region.textContent]))
            .observe(region, { childList: true, characterData: true, subtree: true });
        }"""
    )
    figure.get_by_role("button", name="Train it now").click()
    page.wait_for_function("window.said.length >= 3")  # "Training." at once, then how it stands
    said = page.evaluate("window.said")
    assert any(re.search(r"0\.\d{3} of the test galaxies right", text) for _, text in said)
    times = [moment for moment, _ in said]
    gaps = [later - earlier for earlier, later in itertools.pairwise(times[1:])]
    assert np.median(gaps) > 3500, "not more often than one can listen to"


def test_reduced_motion_draws_once_a_second(site, browser):
    context = patient(browser.new_context(reduced_motion="reduce"))
    page = context.new_page()
    page.goto(site[1] + "chapters/page.html")
    figure = page.locator(".galaxy-living").nth(0)
    figure.get_by_role("button", name="Train it now").click()
    wait_for_updates(page, figure, 1)
    drawn, seconds = page.evaluate(
        """async () => {
          let drawn = 0;
          const line = document.querySelector(".galaxy-living .score strong");
          new MutationObserver(() => (drawn += 1)).observe(line.closest(".head"),
            { childList: true, characterData: true, subtree: true });
          const start = performance.now();
          await new Promise((done) => setTimeout(done, 3000));
          return [drawn, (performance.now() - start) / 1000];
        }"""
    )
    # A drawing changes up to four texts.
    assert drawn <= 4 * (1 + seconds)
    context.close()


AXE = """async () => (await axe.run({resultTypes: ["violations"], preload: false})).violations
  .filter(found => ["serious", "critical"].includes(found.impact))
  .flatMap(found => found.nodes.map(node => [found.id, node.html, node.failureSummary]))"""


@pytest.mark.parametrize("mode", MODES)
def test_every_width_and_theme(mode, open_page):
    page = open_page(mode)
    scheme = mode.partition("-")[2]
    page.evaluate("scheme => (document.documentElement.dataset.theme = scheme)", scheme)
    if scheme == "dark":  # the theme's colours, where the book's pages have them
        page.add_style_tag(
            content=":root { --pst-color-text-base: #ced6dd; --pst-color-text-muted: #9ca4af;"
            "--pst-color-surface: #29313d; --pst-color-background: #14181e;"
            "--pst-color-border: #48566b; --pst-color-primary: #3fb1c5 }"
            "body { background: #14181e; color: #ced6dd }"
        )
    for figure in page.locator(".galaxy-living").all():
        button = figure.get_by_role("button", name="Train it now")
        button.tap() if "phone" in mode else button.click()
        wait_for_updates(page, figure, 20)
        figure.get_by_role("button", name="Pause").click()
        figure.locator("li canvas").nth(11).wait_for(state="attached")
        assert figure.locator("li canvas").count() == 12
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= MODES[mode][0]
    small = page.evaluate(
        """() => [...document.querySelectorAll(".galaxy-living :is(button, select)")]
          .filter((each) => each.getBoundingClientRect().height < 36)
          .map((each) => each.textContent)"""
    )
    assert small == []
    page.evaluate(AXE_SCRIPT)
    assert page.evaluate(AXE) == []


def test_it_works_from_a_folder(site, open_page):
    page = open_page(address=(site[0] / "chapters" / "page.html").as_uri())
    figure = page.locator(".galaxy-living").nth(1)
    figure.get_by_role("button", name="Train it now").click()
    wait_for_updates(page, figure, 17)


# --------------------------------------------------------------------------------- JupyterLab


@pytest.fixture
def jupyterlab(tmp_path):
    """A server with one notebook; returns its address."""
    cells = [
        "from galaxy_lib import DataManager, NeuralNetwork\n"
        "from galaxy_lib.living import Trainer\ntrainer = Trainer()\ntrainer",
        "network = trainer.network()\nprint('got', network.n_updates, f'{network.assess():.3f}')",
        "data = DataManager(crop=128, coarsen=8, seed=1, validation=0.1)\n"
        "other = NeuralNetwork(data, hidden_layer_size=10, loss='cross-entropy', seed=3)\n"
        "list(other.epochs(20, learning_rate=1.0))\ntrainer.show(other)\n"
        "print('shown', other.n_updates, f'{other.assess():.3f}')",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(each) for each in cells])
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3"}
    folder = tmp_path / "notebooks"
    folder.mkdir()
    nbformat.write(notebook, folder / "living.ipynb")
    command = [sys.executable, "-m", "jupyter", "lab", "--no-browser", "--allow-root", "--port=0"]
    command += ["--ServerApp.ip=127.0.0.1", "--IdentityProvider.token=", "--ServerApp.password="]
    command += [f"--ServerApp.root_dir={folder}", "--LabApp.news_url=None"]
    homes = {
        "JUPYTER_CONFIG_DIR": "config",
        "JUPYTER_DATA_DIR": "data",
        "JUPYTER_RUNTIME_DIR": "run",
    }
    environment = os.environ | {name: str(tmp_path / each) for name, each in homes.items()}
    environment |= {"PYTHONPATH": str(ROOT), "JUPYTERLAB_SETTINGS_DIR": str(tmp_path / "settings")}
    log = tmp_path / "log"
    with (
        log.open("w") as file,
        subprocess.Popen(command, stderr=file, stdout=file, env=environment) as server,
    ):
        try:
            for _ in range(PATIENCE):
                if found := re.search(r"http://127\.0\.0\.1:\d+/", log.read_text()):
                    break
                assert server.poll() is None, log.read_text()[-2000:]
                time.sleep(1)
            assert found, log.read_text()[-2000:]
            yield found[0]
        finally:
            server.terminate()


def test_it_works_in_jupyterlab(jupyterlab, browser):
    """The same module, with a kernel: Python takes its weights, and gives it others."""
    page = patient(browser.new_page(viewport={"width": 1280, "height": 1000}))
    page.goto(jupyterlab + "lab/tree/living.ipynb")
    page.get_by_text("| Idle").first.wait_for()

    def run(cell):
        # Before JupyterLab is all there, it hears no keys: then the cell's number stays away.
        place = page.locator(".jp-Notebook .jp-CodeCell").nth(cell)
        for _ in range(5):
            place.locator(".cm-content").click()
            page.keyboard.press("Shift+Enter")
            page.wait_for_timeout(1000)
            if place.locator(".jp-InputPrompt").inner_text() != "[ ]:":
                return

    run(0)
    figure = page.locator(".jp-OutputArea .galaxy-living")
    figure.get_by_role("button", name="Train it now").click()
    wait_for_updates(page, figure, 17)
    figure.get_by_role("button", name="Pause").click()
    figure.get_by_role("button", name="Go on").wait_for()
    wait_until_it_rests(page, figure)
    updates, right = updates_of(figure), fraction_of(figure)
    run(1)
    said = page.locator(".jp-OutputArea-output", has_text="got ").last
    said.wait_for()
    _, n, there = said.inner_text().split()
    assert int(n) == updates
    assert float(there) == pytest.approx(right, abs=0.03), "the page's pictures are compressed"
    run(2)
    said = page.locator(".jp-OutputArea-output", has_text="shown ").last
    said.wait_for()
    hidden = figure.get_by_role("slider", name="hidden units")
    until(page, lambda: hidden.get_attribute("aria-valuetext") == "10", "the other network")
    _, n, there = said.inner_text().split()
    until(page, lambda: updates_of(figure) == int(n), "its updates")
    assert fraction_of(figure) == pytest.approx(float(there), abs=0.05)
    page.close()


# ----------------------------------------------------------------------------- the built book


def test_the_landing_page_trains(address, contexts):
    page = contexts("phone-light").new_page()
    page.goto(address + "chapters/index.html")
    page.get_by_role("link", name="Train it now").click()
    figure = page.locator(".galaxy-living")
    figure.wait_for()
    wait_for_updates(page, figure, 17)
    assert figure.locator("input:not([type=file])").count() == 3
    page.close()


def test_pages_without_living_figures_carry_nothing_of_them():
    assert (HTML / "chapters").is_dir(), "run `make book`"
    for path in HTML.rglob("*.html"):
        text = path.read_text("utf-8")
        assert ("vendor/living.js" in text) == ("galaxy-living-place" in text), path.name
        assert '"anywidget"' not in text, path.name
