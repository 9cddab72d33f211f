"""Grading by nbgrader: the verdict is reached where the student's notebook cannot reach it.

A notebook's kernel is the student's: what runs there can be changed there. So in the
place of each check's cell the kernel is asked for the answer alone, as bytes; `Execute`, which a
course's ``nbgrader_config.py`` names, has them run by a worker that is new for each exercise, and
judges what comes back in nbgrader's own process.
"""

from __future__ import annotations

import nbformat
from nbclient.exceptions import DeadKernelError
from nbgrader.preprocessors import Execute as ExecuteNotebook
from traitlets import Float

from galaxy_lib.checks.process import Handed
from galaxy_lib.checks.runner import Result, exercises, judge

ASK = """\
from galaxy_lib.checks.process import hand_over
print("handed over:", hand_over({name}, {name!r}).to_text())
"""
TELL = """\
from galaxy_lib.checks.runner import note
note({name!r}, {message!r})
"""


class Execute(ExecuteNotebook):
    """Execute a submission as nbgrader does, but for the checks' cells, which are judged apart."""

    limit = Float(10, help="Seconds that an answer may compute.").tag(config=True)

    def preprocess(self, nb, resources=None, km=None):
        """Execute a notebook, to the end also where its kernel has ended."""
        self.ended = False
        return super().preprocess(nb, resources, km)

    def preprocess_cell(self, cell, resources, index):
        """Execute a cell; in the place of a check's, judge the answer that the notebook holds."""
        checks = {f"check_{name}": name for names in exercises().values() for name in names}
        nbgrader = cell.metadata.get("nbgrader", {})
        name = checks.get(nbgrader.get("grade_id")) if nbgrader.get("grade") else None
        self._check_assign_resources(resources)
        result = Result("The notebook's kernel has ended.")
        try:
            if not self.ended and name:
                result = self._judged(name, index)
                self._run(TELL.format(name=name, message=result.message), index)
            elif not self.ended:
                cell = self.execute_cell(cell, index, store_history=True)
        except DeadKernelError:
            self.ended = True
        if name:
            cell.outputs = [_shown(name, result)]
            self.nb.cells[index] = cell  # in the place of what asked for the answer
        return cell, resources

    def _judged(self, name: str, index: int) -> Result:
        asking = self._run(ASK.format(name=name), index)
        said = "".join(out.text for out in asking.outputs if out.output_type == "stream")
        try:
            handed = Handed.from_text(said.rpartition("handed over: ")[2])
        except ValueError:
            told = [out.evalue for out in asking.outputs if out.output_type == "error"]
            return Result("It was not handed over" + "".join(f": {text}" for text in told[:1]))
        return judge(name, handed, limit=self.limit, fresh=True)

    def _run(self, source: str, index: int) -> nbformat.NotebookNode:
        cell = nbformat.v4.new_code_cell(source)
        return self.execute_cell(cell, index, store_history=False)


def _shown(name: str, result: Result) -> nbformat.NotebookNode:
    """Return the output that nbgrader marks: an error earns nothing."""
    if result.passed:
        return nbformat.v4.new_output("execute_result", {"text/plain": "correct"})
    told = result.told(name)
    trace = [f"CheckFailed: {told}"]
    return nbformat.v4.new_output("error", ename="CheckFailed", evalue=told, traceback=trace)
