"""What Python hands to the figures of the pages, Trainer aside, and what it reads from them."""

from __future__ import annotations

import io
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from galaxy_lib import DataManager
from galaxy_lib.living import Batch, Confusion, Flow, Valley, Volunteer, Window
from galaxy_lib.living.pictures import MOST_BYTES, middles, sprite
from galaxy_lib.living.volunteer import SYMBOLS
from galaxy_lib.network import gradients, sigmoid

BACKWARD = Path(__file__).resolve().parents[1] / "chapters/_static/network_backward.svg"

# As volunteer.js made them: (set, answers, code). tests/browser makes many more, in the browser.
MADE_BY_THE_PAGE = [
    (6208, "73218465901234567890", "R81ZG7-1YSWH2-6EPJMS"),
]


@pytest.fixture(scope="module")
def file(galaxy_file):
    return galaxy_file(n_per_class=60, size=32)


@pytest.fixture(scope="module")
def dm(file):
    with DataManager(datafile=file, coarsen=4, seed=1, stratify=True) as manager:
        yield manager


@pytest.fixture(scope="module")
def volunteer(dm):
    return Volunteer(dm)


def code_of(answers: list[int], set_id: int) -> str:
    """Write a code bit by bit: 13 for the set, 67 for the answers, 10 for the check."""
    digits = int("".join(map(str, answers)))
    payload = f"{set_id:013b}{digits:067b}"
    bits = payload + f"{int(payload, 2) % 1021:010b}"
    return "".join(SYMBOLS[int(bits[i : i + 5], 2)] for i in range(0, 90, 5))


answers_of_one = st.lists(st.integers(0, 9), min_size=20, max_size=20)


@given(said=st.lists(answers_of_one, max_size=4))
def test_codes_come_back_as_answers(said, volunteer):
    codes = [code_of(each, volunteer.set_id) for each in said]
    read = volunteer.read_codes(codes)
    assert read.shape == (len(said), 20)
    assert read.tolist() == said


@pytest.mark.parametrize(("set_id", "answers", "code"), MADE_BY_THE_PAGE)
def test_the_pages_codes(set_id, answers, code, volunteer):
    assert code.replace("-", "") == code_of([int(k) for k in answers], set_id)
    volunteer.set_id, ours = set_id, volunteer.set_id
    try:
        sloppy = code.lower().replace("-", " ").replace("0", "o").replace("1", "l")
        for written in (code, sloppy):
            assert "".join(map(str, volunteer.read_codes(written)[0])) == answers
    finally:
        volunteer.set_id = ours


@given(said=answers_of_one, place=st.integers(0, 17), other=st.sampled_from(SYMBOLS))
def test_one_wrong_symbol_is_noticed(said, place, other, volunteer):
    code = code_of(said, volunteer.set_id)
    wrong = code[:place] + other + code[place + 1 :]
    if wrong == code:
        return
    with pytest.raises(ValueError, match="mistyped"), pytest.warns(UserWarning, match="Line 1 "):
        volunteer.read_codes([wrong])


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda code: code[:-1], "has 17 symbols, but should have 18"),
        (lambda code: code + "0", "has 19 symbols"),
        (lambda code: "-", "has 0 symbols"),
        (lambda code: code[:-1] + "?", "holds '\\?', which no code does"),
        (lambda code: code_of([3] * 20, 1), "other galaxies than these twenty"),
    ],
)
def test_a_wrong_code_gets_a_sentence(change, says, volunteer):
    code = code_of([3] * 20, volunteer.set_id)
    with pytest.warns(UserWarning, match=rf"^Line 3 is skipped\. .*{says}"):
        read = volunteer.read_codes([code, "  ", change(code), code])
    assert read.tolist() == [[3] * 20] * 2


def test_the_twenty_are_two_of_each_class_from_the_test_set(dm, volunteer):
    assert set(volunteer.rows) <= set(dm.test_indices.tolist())
    assert len(set(volunteer.rows)) == 20
    assert np.bincount(volunteer.labels, minlength=10).tolist() == [2] * 10
    assert volunteer.labels == dm.ans[volunteer.rows].tolist()


def test_the_same_twenty_whatever_else_the_manager_does(file, volunteer):
    with DataManager(datafile=file, coarsen=8, seed=1, stratify=True, augment="d4") as other:
        other.reset_training()
        again = Volunteer(other, predictions=np.arange(other.n_test) % 10)
    assert (again.rows, again.set_id) == (volunteer.rows, volunteer.set_id)
    places = [other.test_indices.tolist().index(row) for row in again.rows]
    assert again.predictions == [place % 10 for place in places]


def test_the_matrix_of_a_class(volunteer):
    said = np.array([volunteer.labels, [4] * 20])
    matrix = volunteer.confusion_matrix(said)
    expected = 2 * np.eye(10, dtype=int)
    expected[:, 4] += 2
    assert np.array_equal(matrix, expected)


def test_too_few_galaxies_for_a_volunteer(file):
    with DataManager(0.98, datafile=file, coarsen=8, seed=1) as small:
        volunteer = Volunteer(small, np.zeros(small.n_test, int))
    assert volunteer.labels == volunteer.predictions == []
    assert "The test set has 12 real galaxies, too few" in volunteer.statement


@pytest.mark.parametrize(("asked", "side"), [(4, 4), (8, 8), (16, 16), (64, 16)])
def test_middles_are_means_over_blocks(asked, side, dm):
    rows = [5, 3, 570]
    found = middles(dm, rows, asked)
    block = 16 // side
    for place, row in enumerate(rows):
        middle = dm.images[row][8:24, 8:24].reshape(side, block, side, block, 3).mean(axis=(1, 3))
        assert np.array_equal(found[place], middle)


def test_a_sprite_holds_each_picture_in_its_place():
    pictures = np.zeros((21, 16, 16, 3))
    pictures += np.linspace(20, 240, 21).reshape(-1, 1, 1, 1)
    pixels = np.asarray(Image.open(io.BytesIO(sprite(pictures))))
    assert pixels.shape == (5 * 16, 5 * 16, 3)
    tiles = pixels.reshape(5, 16, 5, 16, 3).mean(axis=(1, 3, 4)).ravel()
    assert np.abs(tiles[:21] - np.linspace(20, 240, 21)).max() < 5


def test_a_noisy_sprite_is_compressed_more():
    noise = np.random.default_rng(1).integers(0, 256, (900, 16, 16, 3))
    assert len(sprite(noise)) < MOST_BYTES


def test_confusion_shows_the_galaxies_of_each_cell(dm):
    predictions = (dm.ans[dm.test_indices] + (np.arange(dm.n_test) % 3 == 0)) % 10
    figure = Confusion(dm, predictions)
    counts = np.array(figure.counts)
    assert counts.sum() == dm.n_test
    assert set(zip(*np.nonzero(counts), strict=True)) == {
        divmod(int(cell), 10) for cell in figure.cells
    }
    said = dict(zip(dm.test_indices.tolist(), predictions.tolist(), strict=True))
    for cell, places in figure.cells.items():
        answer, prediction = divmod(int(cell), 10)
        rows = [figure.rows[place] for place in places]
        assert len(rows) == len(set(rows)) == min(24, counts[answer, prediction])
        assert {(int(dm.ans[row]), said[row]) for row in rows} == {(answer, prediction)}


@pytest.mark.parametrize("figure", [Confusion, Volunteer])
def test_predictions_of_another_set_are_refused(figure, dm):
    with pytest.raises(ValueError, match=r"predictions is an array \(3,\) of .* the 120 galaxies"):
        figure(dm, np.array([1, 2, 3]))


def test_batch_takes_two_slopes_of_each_galaxy():
    slopes = np.arange(6).reshape(2, 3)
    sent = np.frombuffer(Batch(slopes, ["a", "b"]).slopes, "<f4")
    assert sent.tolist() == [0, 1, 2, 3, 4, 5]
    with pytest.raises(ValueError, match=r"slopes is an array \(3, 2\) of int64: give"):
        Batch(slopes.T, ["a", "b"])


def test_window_takes_pictures_and_weights():
    pictures = np.full((2, 8, 8, 3), [0.01, 0.505, 1.0])
    window = Window(pictures, ["a", "b"], {"learned": np.arange(25).reshape(5, 5)})
    assert window.pictures == bytes([128]) * 128  # the mean of 0, 127.5 and 255
    assert window.learned["learned"][7] == 7.0
    for wrong, says in (
        ((pictures[:, :7], ["a", "b"]), r"pictures is an array \(2, 7, 8, 3\)"),
        ((pictures, ["a"]), r"names is \['a'\]: give 2, one for each picture"),
        ((pictures, ["a", "b"], {"mine": np.ones(25)}), r"learned\['mine'\] is an array \(25,\)"),
    ):
        with pytest.raises(ValueError, match=says):
            Window(*wrong)


def test_valley_begins_as_the_chapters_figure():
    valley = Valley()
    assert (valley.curvature, valley.start) == ([1.0, 50.0], [-10.0, 1.5])
    assert (valley.eta, valley.beta, valley.n_steps) == (0.039, 0.9, 60)


def test_the_drawing_has_the_numbers_of_flow():
    """The picture above the figure tells the story of its first galaxy."""
    flow = Flow()
    A, B, x, y = (np.array(getattr(flow, name)) for name in "ABxy")
    x, y = x[:, :1], y[:, :1]
    z_tilde = sigmoid(B @ x)
    z = sigmoid(A @ z_tilde)
    e = z - y
    boxes = [x, z_tilde, z, e, A.T @ (e * z * (1 - z))]
    wanted = [f"{v:.2f}" for each in boxes for v in each.ravel()]
    wanted += [f"{v:.4f}" for each in gradients(A, B, x, y) for v in each.ravel()]
    drawn = re.findall(r">(−?\d\.\d+)</text>", BACKWARD.read_text("utf-8"))
    assert [each.replace("−", "-") for each in drawn] == wanted
    lines = re.findall(r"stroke-width: ([\d.]+)(; stroke-dasharray)?", BACKWARD.read_text("utf-8"))
    weights = [float(v) for v in np.concatenate([B.ravel(), A.ravel()])]
    assert [bool(dashed) for _, dashed in lines[: len(weights)]] == [w < 0 for w in weights]


def test_flow_takes_arrays_and_keeps_lists():
    A = np.arange(6, dtype=np.float32).reshape(2, 3)
    flow = Flow(A=A, four=True, step=7)
    assert flow.A == [[0, 1, 2], [3, 4, 5]]
    flow.A = -A
    assert flow.A == [[0, -1, -2], [-3, -4, -5]]
    with pytest.raises(
        ValueError, match=r"A is an array \(3, 2\) of float32: give an array \(2, 3\)"
    ):
        flow.A = A.T
    with pytest.raises(ValueError, match="step is 8: give a whole number from 1 to 7"):
        flow.step = 8
