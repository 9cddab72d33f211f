"""What a notebook keeps, the book shows: which pages are rendered, and the figures on them."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import SimpleNamespace

import ipywidgets as widgets
import nbformat
import numpy as np
import pytest
from ipywidgets.embed import dependency_state

from galaxy_lib import DataManager, course
from galaxy_lib.living import (
    Batch,
    Confusion,
    Flow,
    Trainer,
    Valley,
    Volunteer,
    Window,
    frames,
    live,
)
from galaxy_lib.living.stored import MIME, restored

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "chapters" / "_ext"))

import stored_outputs


@pytest.fixture(scope="module")
def ours():
    with DataManager(**course.OUR_DATA) as manager:
        yield manager


def made(name, ours):
    """One of the figures, as a chapter makes it."""
    rng = np.random.default_rng(1)
    said = rng.integers(10, size=ours.n_test)
    return {
        "Batch": lambda: Batch(rng.normal(size=(2, 30)), ["a", "b"], S=8),
        "Confusion": lambda: Confusion(ours, said),
        "Flow": lambda: Flow(A=rng.normal(size=(2, 3)), four=True, step=6),
        "Frames": lambda: frames(
            lambda i, j: np.full((4, 4, 3), 10 * i + j, np.uint8),
            [[1, 2], [3, 4, 5]],
            name=["i", "j"],
            alt="{} and {}.",
            start=-1,
        ),
        "LiveOnly": lambda: live(
            lambda n: np.full((4, 4), n, np.uint8), alt="{n}", n=widgets.IntSlider(3)
        ),
        "Trainer": lambda: Trainer(seed=3, view="middle", turned=True),
        "Valley": lambda: Valley(beta=0.5, noise=True),
        "Volunteer": lambda: Volunteer(ours, said),
        "Window": lambda: Window(rng.uniform(size=(2, 8, 8)), ["x", "y"], {"w": np.eye(5)}),
    }[name]()


LIVING = ["Batch", "Confusion", "Flow", "Trainer", "Valley", "Volunteer", "Window"]


def kept(figure) -> dict:
    """What a notebook keeps of it, through JSON and back."""
    found = figure._repr_mimebundle_()
    data = found[0] if isinstance(found, tuple) else found
    assert stored_outputs.VIEW in data, "JupyterLab shows the figure itself"
    return json.loads(json.dumps(data[MIME]))


@pytest.mark.parametrize("name", LIVING)
def test_a_living_figure_comes_back_whole(name, ours):
    figure = made(name, ours)
    told = kept(figure)
    assert len(json.dumps(told)) < 30_000
    again = restored(told)
    wanted, found = figure.get_state(), again.get_state()
    for state in (wanted, found):
        state.pop("layout")
    assert wanted.keys() == found.keys()
    assert {key for key in wanted if wanted[key] != found[key]} == set()


def tree(figure) -> str:
    """Its widgets and links with their values, under names that follow from their order."""
    state = dependency_state([figure], drop_defaults=False)
    text = json.dumps([each for _, each in state.items()])
    for number, name in enumerate(state):
        text = text.replace(name, f"m{number}")
    return text


def test_frames_come_back_whole(ours):
    figure = made("Frames", ours)
    assert tree(restored(kept(figure))) == tree(figure)
    assert '"LinkModel"' in tree(figure)


def test_what_needs_a_kernel_comes_back_as_its_sentence(ours):
    again = restored(kept(made("LiveOnly", ours)))
    assert "galaxy-live" in again._dom_classes
    assert again.children == ()


def without(name):
    return lambda values: {key: value for key, value in values.items() if key != name}


@pytest.mark.parametrize(
    ("name", "change", "says"),
    [
        ("Valley", without("eta"), "'eta' is missing in the notebook"),
        ("Valley", lambda values: values | {"zeta": 1}, "'zeta' is missing in the code"),
        ("Valley", lambda values: values | {"eta": "steep"}, "does not fit Valley: "),
        ("Valley", lambda values: values | {"eta": None}, "does not fit Valley: "),
        ("Volunteer", lambda values: values | {"labels": [0] * 20}, "other galaxies in the file"),
        ("Volunteer", lambda values: values | {"rows": [10**6] * 20}, "does not fit Volunteer: "),
        ("Confusion", lambda values: values | {"rows": values["rows"][::-1]}, "other galaxies"),
        ("Trainer", lambda values: values | {"labels": "AAAA"}, "other galaxies in the file"),
        ("Frames", without("start"), "does not fit Frames: .*'start'"),
        ("Frames", lambda values: values | {"pictures": []}, "does not fit Frames: "),
    ],
)
def test_what_no_longer_fits_is_named(name, change, says, ours):
    told = kept(made(name, ours))
    restored(told)
    with pytest.raises(ValueError, match=says):
        restored(told | {"values": change(told["values"])})


def notebook_of(*outputs, source="Valley()") -> nbformat.NotebookNode:
    cell = nbformat.v4.new_code_cell(source, outputs=list(outputs))
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# A"), cell])
    notebook.metadata[stored_outputs.DIGEST] = stored_outputs.code_digest(notebook)
    return notebook


def output_of(figure) -> nbformat.NotebookNode:
    data = {"text/plain": repr(figure), MIME: kept(figure)}
    return nbformat.v4.new_output("display_data", data=data)


def test_the_digest_is_of_the_code_and_of_nothing_else():
    notebook = notebook_of(source="a = 1\nb = 2")
    digest = stored_outputs.code_digest(notebook)
    notebook.cells[0].source = "# Another title"
    notebook.cells[1].outputs = [nbformat.v4.new_output("stream", text="3")]
    notebook.cells[1].metadata.tags = ["hide-input"]
    notebook.cells[1].source = "a = 1\r\nb = 2"
    assert stored_outputs.code_digest(notebook) == digest
    for source in ("a = 1\nb = 3", "a = 1\nb = 2 "):
        notebook.cells[1].source = source
        assert stored_outputs.code_digest(notebook) != digest
    notebook.cells[1].source = "a = 1"
    notebook.cells.append(nbformat.v4.new_code_cell("b = 2"))
    assert stored_outputs.code_digest(notebook) != digest


@pytest.fixture
def read(tmp_path, monkeypatch):
    """Return a function: reads a notebook as Sphinx does; what myst-nb gets, and the warnings."""

    def as_sphinx(notebook, **environment):
        for name in ("GALAXY10_FILE", "BOOK_EXECUTE"):
            monkeypatch.delenv(name, raising=False)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        warnings, config = [], SimpleNamespace()
        monkeypatch.setattr(
            stored_outputs.logger,
            "warning",
            lambda text, *parts, **_: warnings.append(text % parts),
        )
        env = SimpleNamespace(
            doc2path=lambda name: str(tmp_path / f"{name}.ipynb"), reread_always=set()
        )
        app = SimpleNamespace(env=env, srcdir=tmp_path, config=config)
        stored_outputs.choose(app, config)
        source = [nbformat.writes(notebook)]
        stored_outputs.render_what_is_stored(app, "page", source)
        return nbformat.reads(source[0], as_version=4), warnings

    return as_sphinx


def is_executed(notebook) -> bool:
    return "mystnb" not in notebook.metadata


def test_what_is_newer_than_its_outputs_is_executed(read):
    notebook = notebook_of(source="1 + 1")
    assert not is_executed(read(notebook)[0])
    notebook.cells[1].source = "1 + 2"
    assert is_executed(read(notebook)[0])
    del notebook.metadata[stored_outputs.DIGEST]
    assert is_executed(read(notebook)[0])


def test_on_another_file_or_when_asked_all_is_executed(read, tmp_path):
    notebook = notebook_of(source="1 + 1")
    assert is_executed(read(notebook, BOOK_EXECUTE="all")[0])
    assert is_executed(read(notebook, GALAXY10_FILE="real.h5")[0])
    for name in ("Galaxy10_DECals.h5", "Galaxy10_DECals_small.h5"):
        (tmp_path / name).touch()
        assert is_executed(read(notebook)[0])
        (tmp_path / name).unlink()
    assert not is_executed(read(notebook)[0])
    with pytest.raises(stored_outputs.ConfigError, match="EXECUTE is 'yes': give EXECUTE=all"):
        read(notebook, BOOK_EXECUTE="yes")


def test_a_page_gets_its_figures_again(read, ours):
    figures = made("Valley", ours), made("Frames", ours)
    shown, warnings = read(notebook_of(*map(output_of, figures)))
    assert warnings == []
    state = shown.metadata.widgets[stored_outputs.STATE].state
    models = [state[output.data[stored_outputs.VIEW].model_id] for output in shown.cells[1].outputs]
    assert [model.model_module for model in models] == ["anywidget", "@jupyter-widgets/controls"]
    assert "_esm" in models[0].state
    assert all(name.startswith("stored-") for name in state)
    assert MIME not in json.dumps(shown)


def test_a_figure_that_does_not_fit_fails_the_build(read, ours):
    """With one sentence that says what to do: under -W a warning is an error."""
    output = output_of(made("Valley", ours))
    output.data[MIME]["figure"] = "Dale"
    shown, (warning,) = read(notebook_of(output))
    assert warning == (
        "the stored figure Dale cannot be shown: there is no figure Dale; execute the page: "
        "python tools/execute_notebooks.py page.ipynb"
    )
    assert shown.cells[1].outputs[0].data.keys() == {"text/plain"}
