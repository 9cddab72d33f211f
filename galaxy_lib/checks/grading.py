"""Grading by nbgrader: the verdict is reached where the student's notebook cannot reach it.

A notebook's kernel is the student's: what runs there can be changed there. So what is right is not
in it, and in the place of each check's cell it is asked for the answer alone, as bytes. `Execute`,
which a course's ``nbgrader_config.py`` names, has them run by a worker that is new for each
exercise, and judges what comes back in nbgrader's own process.

What one student did costs that student's points, no other's: `Submissions` reads what editors
write, `Repair` gives cells their marks back, `Execute` goes on where a kernel ended or is stuck.
`Feedback` writes the pages that students get.
"""

from __future__ import annotations

import asyncio
import copy
import hashlib
import html
import itertools
import json
import math
import re
from collections import defaultdict
from pathlib import Path

import nbformat
from jupyter_core.utils import ensure_async, run_sync
from nbclient.exceptions import CellControlSignal, DeadKernelError
from nbconvert.exporters import HTMLExporter, NotebookExporter
from nbgrader.api import Gradebook
from nbgrader.preprocessors import Execute as ExecuteNotebook
from nbgrader.preprocessors import NbGraderPreprocessor
from traitlets import Bool, Float, Integer, List, Unicode

from galaxy_lib.checks import apart
from galaxy_lib.checks.process import LARGEST_ANSWER, Handed
from galaxy_lib.checks.runner import Result, draw_seed, exercises, judge

GUARD = f"""\
def _():
    from importlib.util import module_from_spec, spec_from_file_location
    spec = spec_from_file_location("apart", {apart.__file__!r})
    apart = module_from_spec(spec)
    spec.loader.exec_module(apart)
    apart.limit_memory({{memory}})
    apart.keep_apart(shut={{shut!r}}, own=".")
_()
del _
"""
ASK = """\
from galaxy_lib.checks.process import hand_over
print("handed over:", hand_over({name}, {name!r}).to_text())
"""
# What a course's folder has of solutions, of other students, of marks, and of its settings.
SHUT = (
    "source", "release", "downloaded", "submitted", "collected", "autograded", "feedback",
    "gradebook.db", "grades.csv", "nbgrader_config.py",
)  # fmt: skip
TELL = """\
from galaxy_lib.checks.runner import note
note({name!r}, {message!r})
"""


class Submissions(NotebookExporter):
    """Reads a notebook in any encoding of Unicode, with a mark at its beginning or without."""

    def from_file(self, file_stream, resources=None, **options):
        """Read a notebook. Raise ValueError, in a sentence, where the file is none."""
        path = getattr(file_stream, "name", "The file")
        try:
            with open(path, "rb") as file:
                raw = file.read()
            text = json.dumps(json.loads(raw.decode(_encoding(raw))), ensure_ascii=False)
            # Half a letter, as an editor leaves of one that it cut, is none in UTF-8.
            text = text.encode(errors="replace").decode()
            notebook = nbformat.reads(text, as_version=4)
        except Exception as error:
            raise ValueError(f"{path} is no notebook that can be read: {error}") from None
        return self.from_notebook_node(notebook, resources=resources, **options)


def _encoding(raw: bytes) -> str:
    found = json.detect_encoding(raw)
    return "utf-8-sig" if found == "utf-8" else found


class Repair(NbGraderPreprocessor):
    """Gives cells that were copied, split, moved or stripped the marks back that nbgrader needs.

    The marks of the course's own notebook are those that count. What was mended is logged under
    the student's name.
    """

    def preprocess(self, nb, resources):
        """Mend one submission; nothing in it makes this raise."""
        about = resources["nbgrader"]
        with Gradebook(about["db_url"]) as gradebook:
            known = _marks(gradebook.find_notebook(about["notebook"], about["assignment"]))
        told = mended(nb, known)
        if told:
            who = f"{about['student']}, {about['notebook']}"
            self.log.warning("Mended for grading: %s: %s.", who, "; ".join(told))
        return nb, resources


def _marks(notebook) -> dict[str, dict]:
    """Return what nbgrader knows of a notebook's cells: source, type and metadata, by their ids."""
    points = {cell.name: cell.max_score for cell in notebook.grade_cells}
    solutions = {cell.name for cell in notebook.solution_cells}
    tasks = {cell.name: cell.max_score for cell in notebook.task_cells}
    known = {}
    for cell in notebook.source_cells:
        name = cell.name
        meta = {"schema_version": 3, "grade_id": name, "locked": cell.locked}
        meta |= {"grade": name in points, "solution": name in solutions, "task": name in tasks}
        if name in points or name in tasks:
            meta["points"] = (points | tasks)[name]
        meta |= {"checksum": cell.checksum, "cell_type": cell.cell_type}
        known[name] = {
            "source": cell.source,
            "meta": {k: v for k, v in meta.items() if v is not None},
        }
    return known


def mended(nb, known: dict[str, dict]) -> list[str]:
    """Mend a notebook in place, and return what was done.

    ``known`` are the cells that nbgrader marks in the course's own notebook, by their ids: each
    its ``source`` and ``meta``, what stands under ``nbgrader`` in its metadata.
    """
    told: list[str] = []
    found = defaultdict(list)
    for cell in nb.cells:
        for key, value in (("metadata", nbformat.NotebookNode()), ("source", "")):
            cell.setdefault(key, value)
        mark = cell.metadata.pop("nbgrader", None)
        name = mark.get("grade_id") if isinstance(mark, dict) else None
        if isinstance(name, str) and name in known:
            found[name].append(cell)
    for name in known:
        if not found[name]:
            taken = {id(cell) for cells in found.values() for cell in cells}
            plain = [cell for cell in nb.cells if id(cell) not in taken]
            found[name] = _without_mark(nb, name, known[name], plain)
            if found[name]:
                told.append(f"`{name}` had lost its mark")
    for name, one in known.items():
        if not found[name]:
            continue
        if len(found[name]) > 1:
            told.append(f"`{name}` stands there {len(found[name])} times")
        _give(_the_one(found[name], one), one)
    for name, one in known.items():
        if one["meta"]["grade"] and not one["meta"]["solution"]:
            told += _placed(nb, name, one)
    lost = [name for name, one in known.items() if one["meta"]["solution"] and not found[name]]
    for name in lost:
        if known[name]["meta"]["grade"]:  # a person marks it
            cell = nbformat.v4.new_markdown_cell()
            _give(cell, known[name])
            nb.cells.append(cell)
            told.append(f"the text `{name}` was not found by its mark: look into the notebook")
    return told


def _without_mark(nb, name: str, one: dict, plain: list) -> list:
    """Return which of the ``plain`` cells are a known one: by its source, or what it defines."""
    if one["meta"]["solution"] and one["meta"]["cell_type"] == "code":
        return [cell for cell in plain if _defines(cell, name)]
    if one["meta"]["solution"]:  # a text, behind the heading that has its name
        heading = rf"^#+ .*\b{re.escape(name)}\b"
        return [
            cell
            for before, cell in itertools.pairwise(nb.cells)
            if any(cell is each for each in plain)
            and re.search(heading, before.source, re.M | re.I)
            and not cell.source.lstrip().startswith("#")
        ][:1]
    return [cell for cell in plain if cell.source.strip() == one["source"].strip()]


def _the_one(cells: list, one: dict):
    """Choose among copies: of a check the last, of an answer the last that was written."""
    if one["meta"]["solution"]:
        cells = [c for c in cells if c.source.strip() != one["source"].strip()] or cells
    else:
        cells = [c for c in cells if c.source.strip() == one["source"].strip()] or cells
    return cells[-1]


def _give(cell, one: dict) -> None:
    """Give a cell its mark and its type back, and a locked one its source."""
    cell.metadata["nbgrader"] = nbformat.from_dict(one["meta"])
    if one["meta"]["locked"]:
        cell.source = one["source"]
    if cell.cell_type != one["meta"]["cell_type"]:
        cell.cell_type = one["meta"]["cell_type"]
        cell.pop("attachments", None)
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
        else:
            cell.pop("outputs", None)
            cell.pop("execution_count", None)


def _placed(nb, name: str, one: dict) -> list[str]:
    """Put a check behind its answer, and add one that is missing."""
    asked = name.removeprefix("check_")
    ids = [cell.metadata.get("nbgrader", {}).get("grade_id") for cell in nb.cells]
    answers = [i for i, cell in enumerate(nb.cells) if _defines(cell, asked)]
    if name in ids:
        place = ids.index(name)
        if not answers or answers[0] < place:
            return []
        check, told = nb.cells.pop(place), f"`{name}` stood before its answer"
        answers = [i - 1 for i in answers]
    else:
        check, told = nbformat.v4.new_code_cell(), f"`{name}` was missing"
        _give(check, one)
        check.source = one["source"]
    nb.cells.insert(answers[-1] + 1 if answers else len(nb.cells), check)
    return [told]


def _defines(cell, name: str) -> bool:
    """Say whether a cell of code gives ``name`` a value, as a function or otherwise."""
    name = re.escape(name)
    found = rf"^(?:def|class) +{name}\b|^(?:\w+ *, *)*{name} *(?:,[\w ,]*)?(?::[^=\n]*)?=(?!=)"
    return cell.cell_type == "code" and bool(re.search(found, cell.source, re.M))


class Execute(ExecuteNotebook):
    """Execute a submission as nbgrader does, but for the checks' cells, which are judged apart."""

    limit = Float(10, help="Seconds that an answer may compute.").tag(config=True)
    memory = Float(4, help="Gigabytes that a notebook may take on, on Linux.").tag(config=True)
    most_output = Integer(1_000_000, help="Characters kept of a cell's output.").tag(config=True)
    restarts = Integer(3, help="Times that a kernel is started again.").tag(config=True)
    # A kernel's own warning, one for each that starts, would hide what the log says of students.
    # The history's database would open any other one.
    extra_arguments = List(Unicode(), ["--log-level=ERROR", "--HistoryManager.enabled=False"]).tag(
        config=True
    )
    raise_on_iopub_timeout = Bool(False).tag(config=True)
    iopub_timeout = Integer(60).tag(config=True)
    store_widget_state = Bool(False).tag(config=True)  # it has no limit

    def preprocess(self, nb, resources=None, km=None):
        """Execute a notebook, to the end also where its kernel has ended."""
        about = resources["nbgrader"]
        digest = hashlib.sha256(f"{about['student']}\n{about['assignment']}".encode()).digest()
        self.seed = draw_seed(int.from_bytes(digest[:4]))
        self.guarded = self.ended = False
        self.left_out: set[int] = set()
        root = Path(self.config.CourseDirectory.get("root", "")).resolve()
        self.shut = [str(root / name) for name in SHUT]
        self.verdicts: dict[int, list] = {}
        nb, resources = super().preprocess(nb, resources, km)
        # A notebook may send new contents for what it has displayed, also where a check's stands.
        for index, outputs in self.verdicts.items():
            nb.cells[index].outputs = outputs
        return nb, resources

    def preprocess_cell(self, cell, resources, index):
        """Execute a cell; in the place of a check's, judge the answer that the notebook holds."""
        name = _check_of(cell)
        self._check_assign_resources(resources)
        if not self.guarded:
            self._guard(index)
        if not name:
            if not self.ended:
                self._execute(cell, index)
            return cell, resources
        result = self._judged(name, index)
        cell.outputs = _shown(name, result, cell.metadata["nbgrader"]["points"])
        self.verdicts[index] = copy.deepcopy(cell.outputs)
        self.nb.cells[index] = cell  # in the place of what asked for the answer
        return cell, resources

    def _judged(self, name: str, index: int) -> Result:
        if self.ended:
            return Result("The notebook's kernel has ended.", self.seed)
        try:
            asking = self._run(ASK.format(name=name), index, LARGEST_ANSWER * 2)
        except (DeadKernelError, CellControlSignal, RuntimeError):
            self._begin_again(index)
            return Result("It ended the notebook's kernel when it was handed over.", self.seed)
        said = "".join(out.text for out in asking.outputs if out.output_type == "stream")
        try:
            handed = Handed.from_text(said.rpartition("handed over: ")[2])
        except ValueError:
            told = [out.evalue for out in asking.outputs if out.output_type == "error"]
            told = " ".join("".join(f": {text}" for text in told[:1]).split())[:300]
            self._go_on(asking, index)
            return Result("It was not handed over" + told, self.seed)
        result = judge(name, handed, limit=self.limit, fresh=True, seed=self.seed, shut=self.shut)
        try:
            self._run(TELL.format(name=name, message=result.message), index)
        except (DeadKernelError, CellControlSignal, RuntimeError):
            self._begin_again(index)
        return result

    def _execute(self, cell, index: int) -> None:
        """Execute a cell that is not judged; where it ends or blocks the kernel, go on without."""
        self.written, self.most = 0, self.most_output
        try:
            self.execute_cell(cell, index, store_history=True)
        except (DeadKernelError, CellControlSignal, RuntimeError) as error:
            cell.outputs.append(_an_error(type(error).__name__, "This cell ended the kernel."))
            self.nb.cells[index] = cell
            self._begin_again(index)
        if self.written > self.most:
            more = f"{self.written:,} characters were written here: these are the first.\n"
            cell.outputs.append(nbformat.v4.new_output("stream", name="stdout", text=more))
        self._go_on(cell, index)

    def _go_on(self, cell, index: int) -> None:
        """After a cell that took too long: start another kernel if this one does not answer."""
        if any(output.get("ename") == "CellTimeoutError" for output in cell.get("outputs", [])):
            kept = self.timeout, self.timeout_func
            self.timeout, self.timeout_func = 10, None
            try:
                asked = self._run("pass", index)
                if any(output.output_type == "error" for output in asked.outputs):
                    self._begin_again(index)
            except (DeadKernelError, CellControlSignal, RuntimeError):
                self._begin_again(index)
            finally:
                self.timeout, self.timeout_func = kept

    def _begin_again(self, index: int) -> None:
        """Start another kernel, and run what stands above in it, without the cell ``index``."""
        self.left_out.add(index)
        if len(self.left_out) > self.restarts:
            self.ended = True
            return
        try:
            self._restart()
            self._guard(index)
            for i, cell in enumerate(self.nb.cells[:index]):
                if i not in self.left_out and cell.cell_type == "code" and not _check_of(cell):
                    self._run(cell.source, index, store_history=True)
        except (DeadKernelError, CellControlSignal, RuntimeError, OSError):
            self.ended = True

    def _restart(self) -> None:
        async def restart() -> None:
            await ensure_async(self.km.restart_kernel(now=True))
            await ensure_async(self.kc.wait_for_ready(timeout=self.startup_timeout))

        run_sync(restart)()

    def _guard(self, index: int) -> None:
        """Keep the kernel from what is right, before anything of the student's runs there."""
        self.guarded = True
        self._run(GUARD.format(memory=self.memory, shut=self.shut), index)

    def _run(self, source: str, index: int, most: int = 0, store_history: bool = False):
        """Run code of ours in the notebook's kernel, and return it as a cell with its outputs."""
        own = self.nb.cells[index]
        self.written, self.most = 0, most or self.most_output
        try:
            cell = nbformat.v4.new_code_cell(source)
            return self.execute_cell(cell, index, store_history=store_history)
        finally:
            self.nb.cells[index] = own

    def process_message(self, msg, cell, cell_index):
        """Take a message of the kernel's; one that a notebook made up is left out."""
        try:
            return super().process_message(msg, cell, cell_index)
        except CellControlSignal:
            raise
        except Exception:
            return None

    def output(self, outs, msg, display_id, cell_index):
        """Keep an output up to so many characters; what writes on and on is interrupted."""
        content = msg["content"]
        before = self.written
        self.written += len(content.get("text") or str(content.get("data", "")))
        if self.written <= self.most:
            return super().output(outs, msg, display_id, cell_index)
        if before <= 10 * self.most < self.written:
            self.stopping = asyncio.ensure_future(ensure_async(self.km.interrupt_kernel()))
        if before <= self.most and "text" in content:
            msg = copy.deepcopy(msg)
            msg["content"]["text"] = content["text"][: self.most - before] + "…\n"
            return super().output(outs, msg, display_id, cell_index)
        return None


def _check_of(cell) -> str:
    """Name the exercise whose check a cell is, or return an empty text."""
    mark = cell.metadata.get("nbgrader", {})
    checks = {f"check_{name}": name for names in exercises().values() for name in names}
    return checks.get(mark.get("grade_id"), "") if mark.get("grade") else ""


def _an_error(kind: str, told: str) -> nbformat.NotebookNode:
    return nbformat.v4.new_output("error", ename=kind, evalue=told, traceback=[f"{kind}: {told}"])


def _shown(name: str, result: Result, points: float) -> list[nbformat.NotebookNode]:
    """Return the outputs that nbgrader marks: an error earns nothing, a number is what it earns.

    An answer that is right for half of the inputs or more earns that part of the exercise, in whole
    points; below that, some are right by luck.
    """
    told = result.told(name)
    if result.passed:
        text = f"correct (CHECK_SEED={result.seed})"
        return [nbformat.v4.new_output("display_data", {"text/plain": text})]
    earned = math.floor(points * result.share + 1e-9) if result.share >= 0.5 else 0
    if not earned:
        return [_an_error("CheckFailed", told)]
    text = f"{told}\n{earned} of {points:g} points, for what is right all the same.\n"
    return [
        nbformat.v4.new_output("stream", name="stdout", text=text),
        nbformat.v4.new_output("execute_result", {"text/plain": str(earned)}),
    ]


class Feedback(HTMLExporter):
    """Writes a student's page, with the exercises' own titles in the list at its beginning."""

    def from_notebook_node(self, nb, resources=None, **options):
        """Return the page as a text."""
        page, resources = super().from_notebook_node(nb, resources, **options)
        titles, title = {}, ""
        for cell in nb.cells:
            headings = re.findall(r"^#+ +(.*)", cell.source, re.M)
            if cell.cell_type == "markdown" and headings:
                title = headings[-1]
            name = cell.metadata.get("nbgrader", {}).get("grade_id", "")
            titles[name] = title or name.removeprefix("check_")
        kinds = "Test cell|Coding free-response|Written response"
        return re.sub(
            rf'(<a href="#([\w-]+)">)(?:{kinds})</a>',
            lambda found: f"{found[1]}{html.escape(titles.get(found[2], found[2]))}</a>",
            page,
        ), resources
