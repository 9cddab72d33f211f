"""What happens where an answer runs: it is called, and only plain data come back.

The values that come back are made of None, booleans, numbers, texts, lists and arrays of numbers,
written as JSON, whatever object the answer returned: none of its methods is ever called where
values are compared. This file knows no right answer, and as a process it imports none.
"""

from __future__ import annotations

import ast
import base64
import builtins
import collections.abc
import contextlib
import copy
import faulthandler
import io
import itertools
import json
import linecache
import os
import pickle
import re
import signal
import sys
import traceback
import types
import warnings

import numpy as np

MOST = 2_000_000  # numbers in one value
FIRST = 1000  # of what a generator hands out
MEMORY = 4.0  # gigabytes that an answer may take


def plain(value, depth: int = 0):
    """Return ``value`` as what JSON can hold; what has no plain form is told by its type's name."""
    if value is None or value is ...:
        return None
    if isinstance(value, bool | str):
        return value
    if type(value) in (int, float):
        return value if abs(value) < 1e300 or value != value else {"kind": "huge"}
    if depth > 12:
        return {"kind": type(value).__name__}
    if isinstance(value, dict):
        pairs = [[str(key), plain(item, depth + 1)] for key, item in value.items()]
        return {"dict": pairs}
    if isinstance(value, list | tuple | collections.abc.Iterator | collections.abc.Sequence):
        if isinstance(value, collections.abc.Iterator):
            value = itertools.islice(value, FIRST)
        return [plain(item, depth + 1) for item in value]
    if isinstance(value, collections.abc.Set | collections.abc.ValuesView):
        return {"set": [plain(item, depth + 1) for item in value]}
    with contextlib.suppress(Exception):
        array = np.asarray(value)
        if array.dtype.kind in "biufc" and array.size <= MOST:
            if array.dtype.itemsize > 8 and array.dtype.kind == "f":
                array = array.astype(float)
            data = base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()
            return {"array": data, "dtype": array.dtype.str, "shape": list(array.shape)}
        if array.size > MOST:
            return {"kind": "array", "large": list(array.shape)}
        if array.ndim:
            return plain(array.tolist(), depth + 1)
        return plain(float(value), depth + 1)
    return {"kind": type(value).__name__}


class Nowhere(io.TextIOBase):
    """Takes what an answer prints, and keeps none of it."""

    def write(self, text: str) -> int:
        return len(text)


def call(function, arguments, watch=None, name: str = "") -> dict:
    """Call once on copies; return the plain value and what changed, or the error and its line.

    Where an `apart.Watch` is given, what of galaxy_lib did the exercise's work is told too.
    """
    kinds = np.ndarray | list | tuple
    own = [copy.deepcopy(a) if isinstance(a, kinds) else a for a in arguments]
    nowhere = Nowhere()
    try:
        if not callable(function):
            return {"not_callable": type(function).__name__}
        with (
            warnings.catch_warnings(action="ignore"),
            contextlib.redirect_stdout(nowhere),
            contextlib.redirect_stderr(nowhere),
            watch or contextlib.nullcontext(),
        ):
            result = function(*own)
            value = plain(result)
    except BaseException as error:  # SystemExit is an exception like any other here
        text = _shapes(error, function) or " ".join(str(error).split())[:200]
        lines = traceback.walk_tb(error.__traceback__)
        return {"error": type(error).__name__, "text": text, "line": where(lines, function)}
    if watch and (library := watch.worker_for(name, own, result)):
        return {"library": library}
    names = getattr(getattr(function, "__code__", None), "co_varnames", ())
    for i, (before, after) in enumerate(zip(arguments, own, strict=True)):
        if _changed(before, after):
            return {"value": value, "changed": str(names[i] if i < len(names) else i)}
    return {"value": value}


def _changed(before, after) -> bool:
    """Say whether numbers moved by more than rounding."""
    if isinstance(before, list | tuple):
        return len(before) != len(after) or any(map(_changed, before, after))
    if not isinstance(before, np.ndarray):
        return False
    if before.shape != after.shape or before.dtype != after.dtype:
        return True
    if before.dtype.kind != "f":
        return bool((before != after).any())
    size = np.abs(before[np.isfinite(before)]).max(initial=0)
    return not np.allclose(after, before, 0, 1e-9 * size, equal_nan=True)


def _shapes(error: BaseException, function) -> str:
    """Say which shapes do not fit in a matrix product, where NumPy speaks of core dimensions."""
    if "core dimension" not in str(error):
        return ""
    step, module = error.__traceback__, getattr(function, "__module__", "__main__")
    inside = None
    while step is not None:
        if step.tb_frame.f_globals.get("__name__") == module:
            inside = step
        step = step.tb_next
    with contextlib.suppress(Exception):
        frame = inside.tb_frame
        names = frame.f_globals | frame.f_locals
        first, last, begin, end = [*frame.f_code.co_positions()][inside.tb_lasti // 2]
        name = frame.f_code.co_filename
        # Columns count bytes: a line may hold a letter such as β.
        lines = [linecache.getline(name, n).encode() for n in range(first, last + 1)]
        lines[-1] = lines[-1][:end]
        lines[0] = lines[0][begin:]
        product = ast.parse(b"(" + b" ".join(lines) + b")", mode="eval").body
        sides = [product.left, product.right]
        kinds = ast.Name | ast.Attribute | ast.Subscript | ast.BinOp | ast.UnaryOp | ast.Constant
        parts = [node for side in sides for node in ast.walk(side) if isinstance(node, ast.expr)]
        if all(isinstance(node, kinds) for node in parts):
            shown = [
                f"`{ast.unparse(side)}` is {np.shape(eval(ast.unparse(side), names))}"
                for side in sides
            ]
            return f"the shapes do not fit: {' and '.join(shown)}"
        arrays = {node.id for node in ast.walk(product) if isinstance(node, ast.Name)}
        return _told_shapes({name: names[name] for name in sorted(arrays) if name in names})
    with contextlib.suppress(Exception):
        return _told_shapes(inside.tb_frame.f_locals)
    return ""


def _told_shapes(names: dict) -> str:
    shown = [f"{name} is {v.shape}" for name, v in names.items() if isinstance(v, np.ndarray)]
    return f"the shapes do not fit: {', '.join(shown)}" if shown else ""


def where(frames, function) -> str:
    """Name the innermost line of the student's code among ``frames``, outermost first."""
    module = getattr(function, "__module__", "__main__")
    for frame, number in reversed([*frames]):
        if frame.f_globals.get("__name__") == module:
            source = linecache.getline(frame.f_code.co_filename, number).strip()
            return told_line(number, source, frame.f_code.co_name)
    return ""


def told_line(number: int, source: str, name: str) -> str:
    """Word the place: by its source, or where that is not known by its function's name."""
    return f" in line {number}" + (f", `{source}`" if source else f" of `{name}`")


# ------------------------------------------------------------------------- as a process of its own


def main() -> None:
    """Serve a parent: requests come pickled on standard input, replies go as JSON to output."""
    requests, replies = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    places = os.fdopen(os.dup(2), "w")
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):  # an answer's own prints and questions lead nowhere
        os.dup2(nowhere, number)

    def tell(reply) -> None:
        text = json.dumps(reply).encode()
        replies.write(len(text).to_bytes(8, "big") + text)
        replies.flush()

    _count_no_imports(tell)
    for_grading = "apart" in sys.argv
    apart.limit_memory(MEMORY)
    if for_grading:
        hidden = f"{apart.ANSWERS}|/proc/|{re.escape(apart.CHECKS)}"
        shut = sys.argv[sys.argv.index("apart") + 1 :]
        apart.keep_apart(hidden, "socket.connect", "os.rename", "os.remove", shut=shut)
        for module in ("threading", "_thread"):  # what a thread calls is not watched
            starts = "start_new_thread", "start_joinable_thread", "start_new"
            apart.take_away(module, *starts, "_start_new_thread", "_start_joinable_thread")
    function, wait = None, float(sys.argv[1])
    # The parent asks where the answer is just before it ends it. Windows has no such signal: there
    # the place is noted when the limit is near, which is not free of risk.
    if hasattr(faulthandler, "register"):
        faulthandler.register(signal.SIGUSR1, file=places, all_threads=False)
        wait = 0.0
    while size := requests.read(8):
        task = requests.read(int.from_bytes(size, "big"))
        places.seek(0)
        places.truncate()
        if wait:
            faulthandler.dump_traceback_later(wait, repeat=True, file=places)
        try:
            wanted = pickle.loads(task)
            if "answer" in wanted:
                name, lines = wanted["filename"], wanted["lines"]
                linecache.cache[name] = (sum(map(len, lines)), None, lines, name)
                sys.path[:] = wanted["path"]
                function = pickle.loads(wanted["answer"])
                with contextlib.suppress(AttributeError):
                    function.__code__ = _named(function.__code__, name)
                reply = {"value": plain(function)}
            else:
                # The first case is enough to see whose work it is, and watching takes time.
                watches = [apart.Watch()] if for_grading else []
                reply = [
                    call(function, case, watch, wanted["name"])
                    for case, watch in itertools.zip_longest(wanted["cases"], watches)
                ]
        except BaseException as error:
            reply = {"error": type(error).__name__, "text": str(error)[:200]}
        if wait:
            faulthandler.cancel_dump_traceback_later()
        tell(reply)


def _named(code: types.CodeType, filename: str) -> types.CodeType:
    """Give the code its file's name again, which cloudpickle leaves out."""
    inside = [_named(c, filename) if isinstance(c, types.CodeType) else c for c in code.co_consts]
    return code.replace(co_filename=filename, co_consts=tuple(inside))


def _count_no_imports(tell) -> None:
    """Tell the parent when an import begins and ends: its time is not the answer's."""
    importing, real = [], builtins.__import__

    def __import__(name, *arguments, **options):
        if importing or name in sys.modules:
            return real(name, *arguments, **options)
        importing.append(name)
        tell({"imports": True})
        try:
            return real(name, *arguments, **options)
        finally:
            importing.clear()
            tell({"imports": False})

    builtins.__import__ = __import__


if __name__ == "__main__":
    import apart

    sys.path.pop(0)  # this folder: its files are no modules of their own
    main()
