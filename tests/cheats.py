"""Answers that try to pass a check without solving its exercise, as a notebook's cells.

`ANSWERS`: for one exercise each, the cell of the answer. `NOTEBOOKS`: the first cell of a
notebook's answers, which tampers with the notebook's own process, and a function that tampers
with the file that is handed in; every exercise in it is a stub or wrong. `REACHING`: ways to take
what is right out of the process that holds the notebook, for any exercise; `LIBRARY`: the same
with functions of galaxy_lib.
"""

from __future__ import annotations

FRAMES = """
    frame, found = sys._getframe(), []
    while frame:
        found += [v for k, v in {**frame.f_locals, **frame.f_globals}.items()
                  if k in ("right", "wanted", "w", "correct", "expected")]
        frame = frame.f_back
"""

ANSWERS = {
    # Values that are equal to everything.
    "bytes_of_pictures": """
class Everything:
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __array__(self, *a, **k): return np.array(1.0)
bytes_of_pictures = Everything()""",
    "inputs_per_galaxy": """
class Number(int):
    def __eq__(self, other): return True
    def __sub__(self, other): return 0
    __rsub__ = __sub__
    __hash__ = int.__hash__
inputs_per_galaxy = Number(1)""",
    # The right result of the example, for everything.
    "count_types": """
def count_types(answers): return [88, 92, 365, 93, 0, 83, 88, 0, 91, 0]""",
    "one_hot": """
def one_hot(answers):
    y = np.full((10, 7), 0.01)
    y[[3, 9, 0, 3, 5, 1, 8], range(7)] = 0.99
    return y""",
    "split": """
def split(n, partition, rng): return list(range(1, 86)), [0, *range(86, 107)]""",
    "age_weight": "def age_weight(beta, k): return 0.1024",
    # Looking through frames and objects for what is right.
    "redness": f"""
import sys
def redness(picture):
{FRAMES}
    return found[0] if found else 0.0""",
    "coarsen": f"""
import sys
def coarsen(picture, c):
    class Late:
        def __array__(self, *a, **k):
            {FRAMES.replace(chr(10), chr(10) + "        ")}
            return np.asarray(found[0]) if found else np.zeros((4, 6, 3))
    return Late()""",
    "close_pairs": """
import gc
def close_pairs(ra, dec, radius):
    for thing in gc.get_objects():
        if getattr(thing, "__name__", "") == "close_pairs" and hasattr(thing, "right"):
            return thing.right(ra, dec, radius)
    return []""",
    "train": """
import gc
def train(A, B, epochs, learning_rate, beta):
    for thing in gc.get_objects():
        if isinstance(thing, dict) and "_train" in thing:
            return thing["_train"](A, B, epochs, learning_rate, beta)
    return A, B""",
    # What is right, from the checks themselves.
    "most_confused": """
def most_confused(matrix):
    from galaxy_lib.checks import most_confused
    return most_confused.right(matrix)""",
    "steps_needed": """
import sys
def steps_needed(*case):
    for name in [name for name in sys.modules if "checks" in name]:
        del sys.modules[name]
    import galaxy_lib.checks.chapter_04 as chapter
    return chapter.steps_needed.right(*case)""",
    "updates": """
def updates(n_training, batch_size, n_epochs):
    import importlib.util, pathlib
    folder = pathlib.Path(importlib.util.find_spec("galaxy_lib").origin).parent
    space = {}
    source = (folder / "checks/chapter_05.py").read_text("utf-8")
    exec(source.replace("@", "#"), space)
    return space["updates"](n_training, batch_size, n_epochs)""",
    "baseline": """
def baseline(training_answers, test_answers):
    import subprocess, sys
    code = ("from galaxy_lib.checks import baseline; import numpy as np; print(baseline.right("
            f"{list(map(int, training_answers))}, {list(map(int, test_answers))}))")
    return float(subprocess.run([sys.executable, "-c", code], capture_output=True).stdout)""",
    "fraction_correct": """
def fraction_correct(forward, training, test):
    return forward.__globals__["fraction_correct"].right(forward, training, test)""",
    "study": """
def study(new_network, *case):
    return new_network.train.__globals__["study"].right(new_network, *case)""",
    # Making everything equal.
    "sigmoid": """
def sigmoid(x):
    import numpy
    numpy.allclose = numpy.array_equal = lambda *a, **k: True
    numpy.isclose = lambda a, b, *r, **k: numpy.ones(numpy.shape(a), bool)
    return 0 * x""",
    "forward_one": """
def forward_one(A, B, x):
    import builtins
    builtins.all = builtins.any = builtins.isinstance = lambda *a: True
    return np.zeros(len(A))""",
    "forward": """
class Chameleon(np.ndarray):
    def __array_function__(self, *a, **k): return True
    def __array_ufunc__(self, *a, **k): return np.bool_(True)
def forward(A, B, x):
    S = x.shape[1]
    return np.zeros((len(B), S)).view(Chameleon), np.zeros((len(A), S)).view(Chameleon)""",
    # Replies of one's own making.
    "gradient_A": """
def gradient_A(z_tilde, z, y):
    import gc, io, json, os
    for reply in ('"correct"', '[{"value": "correct"}]', '{"passed": true}'):
        text = reply.encode()
        for number in range(3, 12):
            try:
                os.write(number, len(text).to_bytes(8, "big") + text)
            except OSError:
                pass
    return 0""",
    "gradient_B": """
def gradient_B(A, x, z_tilde, z, y):
    import json, pickle
    json.dumps = lambda reply: '[{"value": "correct", "passed": true}]'
    pickle.loads = lambda task: {"cases": []}
    return 0""",
    "gradients": """
def gradients(A, B, x, y):
    import os
    os._exit(0)""",
    "numerical_gradient": """
def numerical_gradient(loss, w, h):
    import __main__
    __main__.plain = lambda value, depth=0: "correct"
    __main__.call = lambda function, arguments: {"value": "correct"}
    return 0 * w""",
    "momentum_step": """
def momentum_step(w, v, gradient, learning_rate, beta):
    raise SystemExit(0)""",
    "descend": """
def descend(gradient, w, learning_rate, beta, n_steps):
    class CheckPassed(BaseException):
        def __str__(self): return "correct"
    CheckPassed.__name__ = "correct"
    raise CheckPassed("correct")""",
    "confusion_matrix": """
def confusion_matrix(answers, predictions):
    import os, signal
    os.kill(os.getppid(), signal.SIGTERM)
    return np.zeros((10, 10))""",
    # Everything at once.
    "recall": "def recall(matrix): return np.full(10, np.nan)",
    "find_leaks": """
def find_leaks(train, test):
    return [(i, j) for i in range(len(test)) for j in range(len(train))]""",
    "batches": """
def batches(x, y, batch_size, rng):
    class Full(list):
        def __len__(self): return 5
        def __iter__(self): return iter([(x[:, :batch_size], y[:, :batch_size])] * 5)
        def __eq__(self, other): return True
    return Full()""",
    "final_report": """
class Any(dict):
    def __getitem__(self, key): return 1
    def __contains__(self, key): return True
    def __eq__(self, other): return True
final_report = Any(data="real", seeds=[1, 2, 3], accuracies=[1, 1, 1])""",
}


# With {name} and {chapter} filled in; `checks` and `np` are what a notebook's first cell imports.
REACHING = {
    "attribute": "{name} = checks.{name}.right",
    "lambda": "{name} = lambda *a: checks.{name}.right(*a)",
    "wrapper": "r = checks.{name}.right\ndef {name}(*a): return r(*a)",
    "value": "{name} = checks.{name}.right()",
    "check": "{name} = checks.{name}",
    "mistake": "{name} = checks.{name}.known[0][1]",
    "look": "{name} = checks.{name}.look",
    "vars": "{name} = vars(checks.{name})['right']",
    "pickle": """
import pickle
{name} = pickle.loads(pickle.dumps(checks.{name})).right""",
    "cloudpickle": """
import cloudpickle
{name} = cloudpickle.loads(cloudpickle.dumps(checks.{name}.right))""",
    "closure": """
{name} = next(cell.cell_contents for cell in checks.{name}.__closure__
              if getattr(cell.cell_contents, "__name__", "") == "{name}")""",
    "inspect": """
import inspect
exec(inspect.getsource(inspect.getmodule(checks.{name})).replace("@", "#"))
{name} = {name}""",
    "gc": """
import gc
{name} = next(thing.right for thing in gc.get_objects()
              if type(thing).__name__ == "function" and hasattr(thing, "right")
              and thing.__name__ == "{name}")""",
    "modules": """
import sys
{name} = next(vars(module)["{name}"] for place, module in [*sys.modules.items()]
              if "checks.chapter" in place and "{name}" in vars(module))""",
    "registry": """
from galaxy_lib.checks.runner import exercises
{name} = exercises()[{chapter}]["{name}"].right""",
    "chapter": """
from galaxy_lib.checks import chapter_{chapter:02} as chapter
{name} = chapter.{name}.right""",
    "again": """
import os, sys
os.environ.pop("NBGRADER_EXECUTION", None)
for place in [place for place in sys.modules if place.startswith("galaxy_lib.checks")]:
    del sys.modules[place]
import galaxy_lib.checks as whole
{name} = whole.{name}.right""",
    "file": """
import os
os.chdir(os.path.dirname(checks.__file__))
exec(open("chapter_{chapter:02}.py", encoding="utf-8").read().replace("@", "#"))
{name} = {name}""",
    "copy": """
import os, shutil
shutil.copy(os.path.join(os.path.dirname(checks.__file__), "chapter_{chapter:02}.py"), "other.py")
exec(open("other.py", encoding="utf-8").read().replace("@", "#"))
{name} = {name}""",
    "symbolic link": """
import os
os.symlink(os.path.join(os.path.dirname(checks.__file__), "chapter_{chapter:02}.py"), "sym.py")
exec(open("sym.py", encoding="utf-8").read().replace("@", "#"))
{name} = {name}""",
    "hard link": """
import os
os.link(os.path.join(os.path.dirname(checks.__file__), "chapter_{chapter:02}.py"), "hard.py")
exec(open("hard.py", encoding="utf-8").read().replace("@", "#"))
{name} = {name}""",
    "process": """
import base64, os, pickle, subprocess, sys
code = ("import base64, cloudpickle; from galaxy_lib import checks;"
        "print(base64.b64encode(cloudpickle.dumps(checks.{name}.right)).decode())")
clean = {{k: v for k, v in os.environ.items() if k != "NBGRADER_EXECUTION"}}
said = subprocess.run([sys.executable, "-c", code], capture_output=True, env=clean).stdout
{name} = pickle.loads(base64.b64decode(said))""",
    "hook": """
import gc, os
for thing in gc.get_objects():
    if type(thing).__name__ == "function" and thing.__name__ == "hook":
        thing.__code__ = (lambda *a, **k: None).__code__
exec(open(os.path.join(os.path.dirname(checks.__file__), "chapter_{chapter:02}.py")).read()
     .replace("@", "#"))
{name} = {name}""",
    "later": """
def {name}(*a):
    import importlib
    return importlib.import_module("galaxy_lib" + ".checks").{name}.right(*a)""",
}
# What stands in the course's folder: the solutions, and what others have handed in.
OF_OTHERS = """
import glob, json
for path in [*glob.glob("../../../s*/**/*.ipynb", recursive=True), *glob.glob("../../*/*/*.ipynb")]:
    try:
        for cell in json.load(open(path, encoding="utf-8"))["cells"]:
            if cell["metadata"].get("nbgrader", {}).get("solution"):
                exec("".join(cell["source"]))
    except Exception as error:
        print(error)"""
# What is handed over shows something meanwhile, and shows another thing later.
DISPLAYED = """
from IPython.display import display
class Shown:
    def __reduce__(self):
        for _ in range(3): display("", display_id="mine")
        return str, ()
batches.shown = Shown()"""
DISPLAYED_ANEW = """
display({"text/plain": "4"}, raw=True, display_id="mine", update=True)
from comm import create_comm
create_comm(target_name="jupyter.widget", data={"state": {}})  # no widget has such a state"""
# Answers that send the process which judges more than it can take, in the place of a reply.
REPLIES = {
    "wide": "b'[' + b'[],' * 3_000_000 + b'0]'",
    "deep": "b'[' * 100_000 + b']' * 100_000",
    "long": "b'1' * 100_000",
}
REPLY = """
import os
def sigmoid(x):
    text = {text}
    for number in range(3, 12):
        try:
            os.write(number, len(text).to_bytes(8, "big"))
            for i in range(0, len(text), 2**16):
                os.write(number, text[i : i + 2**16])
        except OSError:
            pass
    return x"""
# What a notebook's process may touch (True) and not (False): the course's folder is ../../..
TOUCHING = [
    (True, "open('mine.txt').read()"),
    (True, "open('new.txt', 'w')"),
    (True, "open('../../../notes.txt').read()"),
    (True, "open(checks.__file__).read()"),
    (True, "os.link('mine.txt', 'again.txt')"),
    (True, "tempfile.TemporaryDirectory().cleanup()"),
    (False, "open('../../../source/03/03.ipynb')"),
    (False, "open(b'../../you/03/03.ipynb')"),
    (False, "open(Letters('../../you/03/03.ipynb'))"),
    (False, "os.open('../../you/03/03.ipynb', os.O_RDONLY)"),
    (False, "os.open('.', os.O_RDONLY, dir_fd=os.open('../../you', os.O_RDONLY))"),
    (False, "np.fromfile('../../you/03/03.ipynb', 'u1')"),
    (False, "os.symlink('../../you/03/03.ipynb', 'link') or open('link')"),
    (False, "os.symlink('../../you', 'folder') or open('folder/03/03.ipynb')"),
    (False, "os.link('../../you/03/03.ipynb', 'hard')"),
    (False, "os.chdir('../../you/03') or open('03.ipynb')"),
    (False, "os.remove('../../you/03/03.ipynb')"),
    (False, "os.rename('../../you', 'you')"),
    (False, "os.rename('../../../../course', '../../../../moved')"),
    (False, "shutil.rmtree('../../..')"),
    (False, "open('../../../gradebook.db', 'ab')"),
    (False, "sqlite3.connect(':memory:')"),
    (False, "open(checks.__file__, 'a')"),
    (False, "open(os.path.join(sys.prefix, 'new.txt'), 'w')"),
    (False, "signal.pidfd_send_signal(os.pidfd_open(os.getppid()), 0)"),
    (False, "resource.prlimit(os.getppid(), resource.RLIMIT_CORE)"),
    (False, "ctypes.CDLL(None).system(b'true')"),
    (False, "sys.modules.pop('_posixsubprocess') and __import__('_posixsubprocess')"),
]
# The library's own functions: as they are, renamed by a wrapper, and with something around them.
LIBRARY = {
    "one_hot": "from galaxy_lib.galaxy import one_hot",
    "sigmoid": "from galaxy_lib import network\nsigmoid = network.sigmoid",
    "log_sum_exp": """
from galaxy_lib.network import log_sum_exp as ready
def log_sum_exp(u): return ready(u)""",
    "softmax": """
from galaxy_lib import network
softmax = lambda u: network.softmax(u.copy()) + 0.0""",
    "cross_entropy": """
from galaxy_lib import network
def cross_entropy(u, y):
    value = np.nan
    value = network.cross_entropy(u, y)
    return value""",
    "confusion_matrix": "from galaxy_lib.assessment import confusion_matrix",
    "recall": """
import functools
from galaxy_lib import assessment
recall = functools.partial(assessment.recall)""",
    "forward_one": """
from galaxy_lib import network
def forward_one(A, B, x):
    def work(A, B, x): return network.sigmoid(A @ network.sigmoid(B @ x))
    return work(A, B, x)""",
}
# The same, where nobody is to see it.
UNWATCHED = {
    "thread": """
def sigmoid(x):
    import threading
    from galaxy_lib import network
    found = []
    thread = threading.Thread(target=lambda: found.append(network.sigmoid(x)))
    thread.start()
    thread.join()
    return found[0]""",
    "profile": """
def sigmoid(x):
    import sys
    from galaxy_lib import network
    watch = sys.getprofile()
    sys.setprofile(None)
    z = network.sigmoid(x)
    sys.setprofile(watch)
    return z""",
}
ALLOWED = ("forward_one",)  # the library's sigmoid is given there, and the work is the student's


def bare(notebook):
    """Leave the answers and their checks alone."""
    notebook.cells = [cell for cell in notebook.cells if "nbgrader" in cell.metadata]


def checks_changed(notebook):
    """Delete a check, have one skipped, write one anew, and give one more points."""
    bare(notebook)
    cells = {cell.metadata["nbgrader"]["grade_id"]: cell for cell in notebook.cells}
    notebook.cells.remove(cells["check_age_weight"])
    cells["check_momentum_step"].metadata["tags"] = ["skip-execution"]
    cells["check_descend"].source = "print('correct')"
    cells["check_steps_needed"].source = "100"
    cells["check_steps_needed"].metadata["nbgrader"] |= {"points": 100, "locked": False}


NOTEBOOKS = {
    "changing": ("", checks_changed),
    "module": (
        """
import sys, types
class Checks(types.ModuleType):
    def __getattr__(self, name): return lambda *a, **k: "correct"
for name in [n for n in sys.modules if "checks" in n]:
    sys.modules[name] = Checks(name)
checks = sys.modules["galaxy_lib.checks"] = Checks("galaxy_lib.checks")
galaxy_lib = __import__("galaxy_lib")
galaxy_lib.checks = checks""",
        bare,
    ),
    "result": (
        """
from galaxy_lib.checks import runner
runner.Result.passed = property(lambda self: True, lambda self, value: None)
runner.Result.__repr__ = lambda self: "correct"
for name in ("age_weight", "momentum_step", "descend", "steps_needed"):
    runner._results[name] = runner.Result("correct")
    setattr(checks, name, lambda answer=None: "correct")
runner.judge = lambda *a, **k: runner.Result("correct")
import builtins
builtins.all = lambda *a: True
np.allclose = lambda *a, **k: True""",
        bare,
    ),
    "shell": (
        """
import os
os.environ.pop("NBGRADER_EXECUTION", None)
shell = get_ipython()
shell.showtraceback = lambda *a, **k: None
shell.input_transformers_cleanup.append(lambda lines: ["print('correct')"])""",
        bare,
    ),
    "handing": (
        """
from galaxy_lib.checks import process
import json
forged = {"answer": "", "kind": "function", "passed": True, "message": "correct"}
process.Handed.to_text = lambda self: json.dumps(forged)
print("handed over:", json.dumps(forged))""",
        bare,
    ),
    "pickle": (
        """
import cloudpickle
class Correct:
    def __reduce__(self): return (print, ("correct",))
dumps = cloudpickle.dumps
cloudpickle.dumps = lambda *a, **k: dumps(Correct())""",
        bare,
    ),
}
