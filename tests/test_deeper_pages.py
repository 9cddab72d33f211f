"""The functions that stand on three deeper pages, and the tables that these pages quote."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import numpy as np
import pybtex.database
import pytest

from galaxy_lib.network import cross_entropy_gradients, gradients

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "benchmarks"))

import deeper_pages  # noqa: E402


@pytest.fixture(scope="module")
def heart():
    return deeper_pages.definitions("against_learning_by_heart")


@pytest.fixture(scope="module")
def layers():
    return deeper_pages.definitions("one_more_layer")


@pytest.fixture(scope="module")
def voted():
    return deeper_pages.definitions("votes_not_words")


def weights(rng, n_in=6, n_hidden=4):
    return [rng.normal(0, 1, n) for n in ((10, n_hidden), (n_hidden, n_in), (10, 1), (n_hidden, 1))]


def batch(rng, n_in=6, S=9):
    return rng.random((n_in, S)), np.eye(10)[:, rng.integers(0, 10, S)]


# ----------------------------------------------------------------------------- learning by heart


def test_without_remedies_the_slopes_are_the_librarys(heart):
    rng = np.random.default_rng(0)
    W, (x, y) = weights(rng), batch(rng)
    A, B, a, b = W
    right = cross_entropy_gradients(A, B, x, y, a, b)
    for found, known in zip(heart["slopes"](W, x, y), right, strict=True):
        assert found == pytest.approx(known, rel=1e-12)


def test_a_dropped_unit_has_no_slope_and_biases_do_not_decay(heart):
    rng = np.random.default_rng(0)
    W, (x, y) = weights(rng), batch(rng)
    m = np.ones((4, 9))
    m[2] = 0
    of_A, of_B, _, of_b = heart["slopes"](W, x, y, m)
    assert np.all(of_A[:, 2] == 0)
    assert np.all(of_B[2] == 0)
    assert of_b[2] == 0
    plain, decayed = heart["slopes"](W, x, y), heart["slopes"](W, x, y, 1.0, 0.1)
    pull = [after - before for before, after in zip(plain, decayed, strict=True)]
    assert pull[0] == pytest.approx(0.1 * W[0])
    assert pull[1] == pytest.approx(0.1 * W[1])
    assert not np.any(pull[2])
    assert not np.any(pull[3])


def test_eight_views_of_a_turned_picture_say_the_same(heart):
    rng = np.random.default_rng(0)
    picture = rng.random((1, 16, 16, 3))
    W = weights(rng, 768)

    def network(x):
        return np.exp(heart["outputs"](W, x))

    def column(p):
        return p.reshape(1, -1).T

    seen = heart["eight_views"](network, column(picture))
    turned = np.rot90(picture, 1, axes=(1, 2))[:, ::-1]
    assert heart["eight_views"](network, column(turned)) == pytest.approx(seen)
    assert np.abs(network(column(turned)) - network(column(picture))).max() > 1e-3


# -------------------------------------------------------------------------------- one more layer


def test_the_list_of_operations_knows_both_gradients(layers):
    Node, g = layers["Node"], layers["g"]
    rng = np.random.default_rng(1)
    A, B, _, _ = weights(rng)
    x, y = batch(rng)
    A_node, B_node = Node(A), Node(B)
    e = g(A_node @ g(B_node @ Node(x))) + Node(-y)
    layers["walk_back"]((e * e).sum() * Node(1 / 9))
    for node, known in zip((A_node, B_node), gradients(A, B, x, y), strict=True):
        assert node.slope == pytest.approx(known, rel=1e-12)


@pytest.mark.parametrize("unit", ["g", "rectified"])
@pytest.mark.parametrize("hidden", [0, 1, 3])
def test_slopes_of_any_depth_are_those_of_finite_differences(layers, unit, hidden):
    rng = np.random.default_rng(hidden)
    x, y = batch(rng)
    net = layers["initial"]([6, *[5] * hidden, 10], layers[unit], rng)
    for W, w in net:  # in float64, and no bias at its kink
        W.value, w.value = W.value.astype(float), rng.normal(0, 1, w.value.shape)

    def loss():
        return layers["surprise"](layers["sums"](net, x, layers[unit]), y)

    layers["walk_back"](loss())
    for node in [node for layer in net for node in layer]:
        found = np.zeros(node.value.shape)
        for place in np.ndindex(found.shape):
            for h in (1e-6, -1e-6):
                node.value[place] += h
                found[place] += loss().value / (2 * h)
                node.value[place] -= h
        assert node.slope == pytest.approx(found, abs=1e-7)


def test_walking_back_twice_adds_nothing_up(layers):
    Node = layers["Node"]
    p, q = Node(np.ones((2, 3))), Node(np.full((2, 1), 2.0))
    L = (p * q + p).sum()
    for _ in range(2):
        layers["walk_back"](L)
        assert p.slope.tolist() == [[3.0] * 3] * 2
        assert q.slope.tolist() == [[3.0]] * 2


# ------------------------------------------------------------------------------ votes, not words


def test_where_all_agree_a_vote_is_a_label(voted):
    rng = np.random.default_rng(2)
    W, (x, t) = weights(rng), batch(rng)
    A, B, a, b = W
    right = cross_entropy_gradients(A, B, x, t, a, b)
    for found, known in zip(voted["slopes"](*W, x, t), right, strict=True):
        assert found == pytest.approx(known, rel=1e-12)


def test_targets_are_distributions_of_the_samples_rows(voted):
    for targets in voted["TARGETS"].values():
        assert targets.shape == (1500, 10)
        assert targets.sum(axis=1) == pytest.approx(np.ones(1500))


# ----------------------------------------------------------------------------- what pages quote

STORED = json.loads(deeper_pages.STORED.read_text("utf-8"))


@pytest.mark.parametrize("page", STORED)
def test_tables_are_what_the_benchmark_stored(page):
    """Each row quotes ``mean ± error``, and a difference that is paired by seeds."""
    text = prose(page)
    runs = STORED[page]["runs"]
    assert f"`{STORED[page]['command']}`" in text
    assert {len(values) for values in runs.values()} == {5}
    wanted = deeper_pages.table(page, runs)
    assert len(wanted.splitlines()) >= 4
    assert wanted in text


def test_a_number_that_is_not_stored_would_be_seen():
    runs = {name: list(values) for name, values in STORED["one_more_layer"]["runs"].items()}
    first = next(iter(runs))
    runs[first][0] += 0.02
    assert deeper_pages.table("one_more_layer", runs) != deeper_pages.table(
        "one_more_layer", STORED["one_more_layer"]["runs"]
    )


def prose(page: str) -> str:
    path = ROOT / "chapters" / "deeper" / f"{page}.ipynb"
    cells = json.loads(path.read_text("utf-8"))["cells"]
    return "\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")


def test_who_is_quoted_stands_in_the_bibliography():
    """It can be read, which else the build alone would find out."""
    entries = pybtex.database.parse_file(str(ROOT / "chapters" / "references.bib")).entries
    known = {(e.persons["author"][0].last_names[-1], e.fields["year"]) for e in entries.values()}
    quoted = set()
    for page in STORED:
        for inside in re.findall(r"\(([^()]*\d{4}[^()]*)\)", prose(page)):
            name = re.match(r"\w+", inside)[0]
            quoted |= {(name, year) for year in re.findall(r"\b(?:19|20)\d\d\b", inside)}
    assert len(quoted) >= 6
    assert quoted <= known


def test_pages_take_one_reading():
    for page in STORED:
        text = prose(page)
        assert len(re.sub(r"\$\$.*?\$\$", " ", text, flags=re.S).split()) < 1600
        assert "## Exercise" in text
