"""One check per exercise: it answers "not attempted yet", "correct", or names the mistake.

A check is called with the student's function or value. It neither raises nor shows a solution;
only under nbgrader, where ``NBGRADER_EXECUTION`` is set, an exercise that is not solved raises, so
that its cell earns nothing. A right answer is known from a formula written in another way than the
model solution, on random inputs; a known mistake is a formula too, beside its sentence.
"""

from __future__ import annotations

import ast
import contextlib
import copy
import ctypes
import functools
import inspect
import io
import itertools
import linecache
import os
import sys
import textwrap
import threading
import traceback
import warnings
from types import SimpleNamespace

import numpy as np

TIME_LIMIT = 1.0  # seconds for all that a check does
TOLERANCE = 1e-4  # of the largest value: float32 passes
_COPIED = np.ndarray | list | tuple

_chapters: dict[int, list[str]] = {}
_results: dict[str, Result] = {}


class Result:
    """What a check says: ``message`` is shown; ``passed`` and ``attempted`` are True or False."""

    def __init__(self, message: str) -> None:
        self.message = message
        self.passed = message == "correct"
        self.attempted = message != "not attempted yet"

    def __repr__(self) -> str:
        return self.message


class CheckFailed(AssertionError):
    """An exercise is not solved: raised under nbgrader alone, and shown as one line."""

    def _render_traceback_(self) -> list[str]:
        return [f"{type(self).__name__}: {self}"]


class _Wrong(Exception):
    """A mistake was found; the text is its sentence."""


class _Stop(BaseException):
    """Thrown into an answer that does not end; ``except Exception`` does not hold it."""


def progress(chapter: int) -> None:
    """Print which exercises of a chapter are solved, as far as they were checked by now."""
    names = _chapters[chapter]
    results = [_results.get(name, Result("not attempted yet")) for name in names]
    for number, (name, result) in enumerate(zip(names, results, strict=True), 1):
        state = "solved" if result.passed else "not solved yet" if result.attempted else result
        print(f"{chapter}.{number} {name:<22}{state}")
    print(f"{sum(result.passed for result in results)} of {len(names)} exercises solved")


def _ask(chapter: int, name: str, *arguments, read=None, more=None, rounded=False):
    """Return a function ``expect(right, *mistakes)`` that makes the check ``name``.

    The check calls the answer with ``arguments``; without any, the answer is a value. ``read``
    turns what comes back into arrays. ``more(rng)`` yields further cases ``(what, arguments,
    right)``, drawn anew in each call, so that no constant passes; the first arguments come once
    more after them, for an answer that remembers. ``rounded`` accepts three decimals.
    """

    def expect(right, *mistakes) -> None:
        def body(answer) -> None:
            value = _call(answer, *arguments) if arguments else answer
            _compare(read(value) if read else value, right, mistakes, rounded)
            for what, case, wanted in more(np.random.default_rng()) if more else ():
                value = _call_again(answer, what, *case)
                _compare_again(what, read(value) if read else value, wanted, rounded)
            if arguments:
                what = "when it is called a second time"
                value = _call_again(answer, what, *arguments)
                _compare_again(what, read(value) if read else value, right, rounded)

        _make_check(chapter, name, body)

    return expect


def _make_check(chapter: int, name: str, body) -> None:
    """Make the public function ``name`` of a ``body`` that raises `_Wrong` unless all is right."""
    _chapters.setdefault(chapter, []).append(name)

    def check(answer=None) -> Result:
        result = _results[name] = _run(body, answer)
        if os.environ.get("NBGRADER_EXECUTION") and not result.passed:
            raise CheckFailed(f"{name}: {result}")
        return result

    check.__name__ = check.__qualname__ = name
    check.__doc__ = f"Check exercise {chapter}.{len(_chapters[chapter])} (chapter {chapter})."
    globals()[name] = check


def _run(body, answer) -> Result:
    """Run a check in a thread that can be given up; keep warnings and prints back."""
    messages: list[str] = []

    def work() -> None:
        try:
            if _is_blank(answer):
                raise _Wrong("not attempted yet")
            body(answer)
            messages.append("correct")
        except _Wrong as wrong:
            messages.append(str(wrong))
        except BaseException as error:  # SystemExit is an exception like any other here
            text = " ".join(str(error).split())[:200]
            line = _line(traceback.walk_tb(error.__traceback__), answer)
            messages.append(f"{type(error).__name__}{line}" + (f": {text}" if text else ""))

    thread = threading.Thread(target=work, daemon=True)
    nowhere = io.StringIO()
    with (
        warnings.catch_warnings(action="ignore"),
        contextlib.redirect_stdout(nowhere),
        contextlib.redirect_stderr(nowhere),
    ):
        try:
            thread.start()
            thread.join(TIME_LIMIT)
        except RuntimeError:  # no threads here, as in a browser
            work()
        if messages:
            return Result(messages[0])
        line = _line(reversed([*traceback.walk_stack(sys._current_frames()[thread.ident])]), answer)
        for _ in range(10):
            ctypes.pythonapi.PyThreadState_SetAsyncExc(
                ctypes.c_ulong(thread.ident), ctypes.py_object(_Stop)
            )
            thread.join(0.03)
            if not thread.is_alive():
                break
    return Result(f"It was stopped after {TIME_LIMIT:g} s{line}: does every loop there end?")


def _line(frames, answer) -> str:
    """Name the innermost line of the student's code among ``frames``, outermost first."""
    module = getattr(answer, "__module__", "__main__")
    for frame, number in reversed([*frames]):
        if frame.f_globals.get("__name__") == module:
            source = linecache.getline(frame.f_code.co_filename, number).strip()
            return f" in line {number}" + (f", `{source}`" if source else "")
    return ""


def _is_blank(value) -> bool:
    """Say whether this is what a stub holds: None, ... or nothing but NaN."""
    if isinstance(value, dict | list | tuple):
        return bool(value) and all(map(_is_blank, getattr(value, "values", value.__iter__)()))
    if isinstance(value, float | np.floating | np.ndarray) and np.size(value):
        return bool(np.asarray(value).dtype.kind == "f" and np.isnan(value).all())
    return value is None or value is ...


def _call(function, *arguments):
    """Call the student's function on copies, and see that it leaves them as they were."""
    if not callable(function):
        raise _Wrong(f"Give the check your function; this is a {type(function).__name__}.")
    copies = [copy.deepcopy(a) if isinstance(a, _COPIED) else a for a in arguments]
    result = function(*copies)
    names = getattr(getattr(function, "__code__", None), "co_varnames", ())
    for i, (before, after) in enumerate(zip(arguments, copies, strict=True)):
        if repr(_arrays(before)) != repr(_arrays(after)):
            raise _Wrong(f"It changes its input `{names[i] if i < len(names) else i}`: copy first.")
    if _is_blank(result):
        raise _Wrong(_why_blank(function, result))
    return result


def _why_blank(function, result) -> str:
    """Say whether a function that gives nothing is still the stub, or what may have happened."""
    with contextlib.suppress(OSError, TypeError, SyntaxError):
        source = textwrap.dedent(inspect.getsource(function))
        stub = ast.parse(source).body[0]
        if "YOUR CODE HERE" in source and isinstance(stub, ast.FunctionDef):
            kinds = [type(line) for line in stub.body[ast.get_docstring(stub) is not None :]]
            if kinds in ([ast.Return], [ast.Assign, ast.Return]):
                return "not attempted yet"
    if result is None or result is ...:
        return "It returns nothing: is a `return` missing, or was the result printed instead?"
    return "Every value is NaN, as in the template: fill its array, for adding to NaN gives NaN."


def _call_again(function, what: str, *arguments):
    """Call as `_call` does, for a further case: what goes wrong is told with the case."""
    try:
        return _call(function, *arguments)
    except _Wrong as wrong:
        raise _Wrong(f"Right at first, but {what}: {wrong}") from None
    except Exception as error:
        text = " ".join(str(error).split())[:120]
        line = _line(traceback.walk_tb(error.__traceback__), function)
        told = f"{type(error).__name__}{line}" + (f": {text}" if text else "")
        raise _Wrong(f"Right at first, but {what}: {told}") from None


def _compare_again(what: str, value, right, rounded: bool) -> None:
    """Compare the value of a further case; the sentence says no more than what is true."""
    value = _as_numbers(value, right)
    if _close(value, right, rounded):
        return
    pairs = [*zip(value, right, strict=True)] if isinstance(right, tuple) else [(value, right)]
    for v, r in pairs:
        if v.shape != np.shape(r):
            told = f"the shape is {v.shape} and should be {np.shape(r)}."
            raise _Wrong(f"Right at first, but {what} {told}")
        if np.isnan(v).any() and not np.isnan(r).any():
            raise _Wrong(f"Right at first, but {what} the result holds NaN.")
    raise _Wrong(f"Right at first, but {what} the result is wrong.")


def _arrays(value) -> list:
    if isinstance(value, list | tuple):
        return [_arrays(v) for v in value]
    return value.tobytes() if isinstance(value, np.ndarray) else []


def _close(value, other, rounded: bool = False) -> bool:
    if isinstance(other, tuple):
        return all(_close(v, o, rounded) for v, o in zip(value, other, strict=True))
    other = np.asarray(other)
    size = np.abs(other[np.isfinite(other)]).max(initial=0) or 1
    tolerance = size * (TOLERANCE if other.dtype.kind == "f" else 1e-9)
    tolerance = max(tolerance, 5.01e-4) if rounded else tolerance
    return value.shape == other.shape and np.allclose(value, other, 0, tolerance, equal_nan=True)


def _as_numbers(value, right, what: str = "The result"):
    """Return ``value`` as an array of numbers, or as a tuple of arrays where ``right`` is one."""
    if isinstance(right, tuple):
        if not isinstance(value, list | tuple) or len(value) != len(right):
            made = f"{type(value).__name__} of {np.size(value)}" if np.size(value) else "nothing"
            raise _Wrong(f"Return {len(right)} arrays, as in `return first, second`, not {made}.")
        names = [f"Array {i} of the result" for i in range(1, len(right) + 1)]
        return tuple(map(_as_numbers, value, right, names))
    try:
        array = np.asarray(value)
    except ValueError:
        raise _Wrong(f"{what} has rows of different lengths.") from None
    if array.dtype.kind not in "biuf":
        raise _Wrong(f"{what} is a {type(value).__name__}: it should be made of numbers.")
    return array.reshape(()) if array.size == 1 and np.ndim(right) == 0 else array


def _compare(value, right, mistakes=(), rounded: bool = False) -> None:
    """Compare with what is right, then with known mistakes ``(wrong value, sentence)``."""
    value = _as_numbers(value, right)
    if _close(value, right, rounded):
        return
    for wrong, sentence in mistakes:
        if _close(value, wrong):
            raise _Wrong(sentence)
    pairs = [*zip(value, right, strict=True)] if isinstance(right, tuple) else [(value, right)]
    for change, sentence in (
        (np.negative, "The sign is wrong: every value has the opposite one."),
        (np.transpose, "The result is transposed: rows and columns are swapped."),
        (np.rint, "The values are rounded: keep the fractions."),
        (np.floor, "The values are rounded down: keep the fractions."),
        (lambda a: np.mod(a, 256), "Integers overflowed: uint8 counts to 255, then from 0 again."),
    ):
        # One number may equal its rounded self by chance: this names a mistake in arrays alone.
        many = change is np.negative or all(np.size(r) > 1 for _, r in pairs)
        if many and all(_close(v, change(r)) for v, r in pairs):
            raise _Wrong(sentence)
    for i, (v, r) in enumerate(pairs, 1):
        what = f"Array {i} of the result" if len(pairs) > 1 else "The result"
        if v.shape != np.shape(r):
            raise _Wrong(f"{what} has shape {v.shape}, but should have shape {np.shape(r)}.")
        if np.isnan(v).any() and not np.isnan(r).any():
            raise _Wrong(f"{what} holds NaN.")
        ratio = np.nansum(v * r) / (np.nansum(r * r) or 1)
        if np.size(r) > 1 and not _close(v, r) and abs(ratio) > 1e-3 and _close(v, ratio * r):
            raise _Wrong(f"{what} is {ratio:.3g} times what it should be: a factor is wrong.")
        if not _close(v, r):
            right_shape = f"{what} has the right shape, but wrong values."
            raise _Wrong(right_shape if np.size(r) > 1 else "The value is wrong.")


def _forbid(*mistakes) -> None:
    for wrong, sentence in mistakes:
        if wrong:
            raise _Wrong(sentence)


def _pairs(value) -> np.ndarray:
    """Read a list or set of pairs, or an array (n, 2), in any order."""
    try:
        return np.array(sorted({(int(i), int(j)) for i, j in value})).reshape(-1, 2)
    except (TypeError, ValueError):
        raise _Wrong("Return a list of pairs of row numbers, such as [(0, 3), (1, 2)].") from None


def _pair_list(close: np.ndarray) -> np.ndarray:
    return np.argwhere(close & (np.arange(len(close))[:, None] < np.arange(len(close))))


def _sigmoid(x):
    return 0.5 + 0.5 * np.tanh(0.5 * x)


# ------------------------------------------------------------- further cases, drawn in each call


def _more_count_types(rng):
    few = rng.integers(0, 4, rng.integers(20, 40))
    yield "for answers up to 3, as int64,", (few,), np.bincount(few, minlength=10)
    every = rng.permutation(np.repeat(np.arange(10), rng.integers(1, 9, 10))).astype(np.uint8)
    yield "for all ten classes", (every,), np.bincount(every, minlength=10)


def _more_redness(rng):
    p = rng.integers(0, 100, (7, 4, 3), dtype=np.uint8)
    p[..., 2] += 120
    right = (p[..., 0].astype(float) - p[..., 2]).mean()
    yield "for a bluish picture of 7×4 pixels", (p,), right


def _more_close_pairs(rng):
    for radius in (20.0, 60.0):
        while True:  # no pair so near the limit that rounding decides
            ra0, dec0 = rng.choice([0.0, 40.0, 200.0]), rng.uniform(20, 60)
            dec = dec0 + rng.uniform(-1.5, 1.5, 16) * radius / 3600
            ra = (ra0 + rng.uniform(-1.5, 1.5, 16) * radius / 3600 / np.cos(np.radians(dec))) % 360
            a, d = np.radians(ra), np.radians(dec)
            unit = np.stack([np.cos(d) * np.cos(a), np.cos(d) * np.sin(a), np.sin(d)])
            chord = np.linalg.norm(unit[:, :, None] - unit[:, None], axis=0)
            apart = np.degrees(2 * np.arcsin(chord / 2)) * 3600
            if np.abs(apart / radius - 1).min() > 0.01:
                break
        right = _pair_list(apart < radius)
        # Rows without a position, scattered, and two at the place that NaN taken for 0 would mean.
        places = np.sort(rng.permutation(20)[:16])
        full_ra, full_dec = np.full(20, np.nan), np.full(20, np.nan)
        full_ra[places], full_dec[places] = ra, dec
        yield f"within {radius:g} arcsec in a crowd", (full_ra, full_dec, radius), places[right]


def _more_one_hot(rng):
    for answers in (np.array([1, 0]), rng.integers(0, 8, 5).astype(np.uint8)):
        right = np.full((10, len(answers)), 0.01)
        right[answers, np.arange(len(answers))] = 0.99
        yield f"for the answers {answers.tolist()}", (answers,), right


def _more_coarsen(rng):
    p = rng.integers(0, 256, (8, 4, 3), dtype=np.uint8)
    yield "for c = 2", (p, 2), p.reshape(4, 2, 2, 2, 3).mean((1, 3))
    white = np.full((40, 20, 3), 255, np.uint8)
    yield "for a white picture and c = 20", (white, 20), np.full((2, 1, 3), 255.0)


def _more_sigmoid(rng):
    far = np.array([-1000.0, -40.0, 0.0, 40.0, 1000.0])
    yield "for -1000, -40, 0, 40 and 1000", (far,), _sigmoid(far)
    cube = rng.normal(0, 6, (2, 3, 4))
    yield "for an array of shape (2, 3, 4)", (cube,), _sigmoid(cube)
    yield "for one number", (np.array(0.75),), _sigmoid(np.array(0.75))


def _random_network(rng):
    N_out, N_hidden, N_in, S = 3, 5, 4, 6
    A, B = rng.normal(0, 0.7, (N_out, N_hidden)), rng.normal(0, 0.7, (N_hidden, N_in))
    return A, B, rng.normal(0, 0.7, (N_in, S)), rng.uniform(0, 1, (N_out, S))


SIZES = "for 4 inputs, 5 hidden units, 3 outputs and 6 galaxies"


def _more_forward_one(rng):
    A, B, x, _ = _random_network(rng)
    yield SIZES, (A, B, x[:, 0]), _sigmoid(A @ _sigmoid(B @ x[:, 0]))


def _more_forward(rng):
    A, B, x, _ = _random_network(rng)
    zt = _sigmoid(B @ x)
    yield SIZES, (A, B, x), (zt, _sigmoid(A @ zt))


def _more_gradient_A(rng):
    _, B, x, _ = _random_network(rng)
    A, x, y = rng.normal(0, 0.7, (12, 5)), x[:, :1], rng.uniform(0, 1, (12, 1))
    zt = _sigmoid(B @ x)
    what = "for 5 hidden units and 12 outputs"
    yield what, (zt, _sigmoid(A @ zt), y), _slopes(A, B, x, y)[0]


def _more_gradient_B(rng):
    A, B, x, y = (a[:, :1] if i > 1 else a for i, a in enumerate(_random_network(rng)))
    zt = _sigmoid(B @ x)
    what = "for 4 inputs, 5 hidden units and 3 outputs"
    yield what, (A, x, zt, _sigmoid(A @ zt), y), _slopes(A, B, x, y)[1]


def _more_gradients(rng):
    A, B, x, y = _random_network(rng)
    yield SIZES, (A, B, x, y), tuple(g / x.shape[1] for g in _slopes(A, B, x, y))


def _more_numerical_gradient(rng):
    for shape in ((4,), (2, 2, 3)):
        c = rng.uniform(1, 2, shape)
        w = rng.normal(size=shape)
        what = f"for weights of shape {shape}"
        yield what, (lambda w, c=c: np.sum(c * w**2), w, 0.02), 2 * c * w


def _more_age_weight(rng):
    beta, k = round(float(rng.uniform(0.5, 0.95)), 3), int(rng.integers(4, 8))
    yield f"for β = {beta}, k = {k}", (beta, k), (1 - beta) * beta**k
    yield "for k = 0", (beta, 0), 1 - beta
    yield "for k = 20 and β = 0.9", (0.9, 20), 0.1 * 0.9**20
    yield "for β = 0 and k = 2", (0.0, 2), 0.0
    yield "for β = 0 and k = 0", (0.0, 0), 1.0


def _more_momentum_step(rng):
    w, v, g = rng.normal(size=(3, 2, 5))
    new = 0.3 * v + 0.7 * g
    yield "for arrays of shape (2, 5)", (w, v, g, 0.9, 0.3), (w - 0.9 * new, new)


def _more_descend(rng):
    start = rng.normal(size=2)
    case = start, 0.1, 0.6, 5
    yield "for another start", (lambda w: _HILL @ w, *case), _path(*case)


def _more_steps_needed(rng):
    def grad(w):
        return _HILL @ w

    def counts(w, eta, betas, tolerance, most):
        found = []
        for beta in betas:
            with np.errstate(all="ignore"):
                lengths = [np.linalg.norm(grad(p)) for p in _path(w, eta, beta, most)]
            found.append(next((i for i, n in enumerate(lengths) if n < tolerance), most))
        return np.array(found)

    low = np.array([1e-4, 1e-4])
    case = low, 0.15, [0.0, 0.9], 1e-2, 50
    yield "where the start is low enough already", (grad, *case), counts(*case)
    case = rng.normal(size=2), 30.0, [0.0, 0.5], 1e-2, 300
    yield "where the path flies off", (grad, *case), counts(*case)
    case = np.array([2.0, 1.0]), 0.1, [0.9, 0.9, 0.0], 1e-2, 200
    yield "for the same β twice", (grad, *case), counts(*case)
    flat = np.array([3.0, 4.0])
    yield (
        "where the gradient is as long as the tolerance",
        (
            lambda w: flat,
            flat,
            0.1,
            [0.5],
            5.0,
            7,
        ),
        np.array([7]),
    )


def _more_updates(rng):
    n, size, epochs = (int(i) for i in (rng.integers(100, 999), rng.integers(5, 40), 3))
    yield f"for {n} galaxies in batches of {size}", (n, size, epochs), -(-n // size) * epochs
    yield "for 640 galaxies in batches of 32", (640, 32, 3), 60


def _more_fraction_correct(rng):
    n = int(rng.integers(11, 40))
    y = np.eye(10)[:, rng.integers(0, 10, n)] * 0.98 + 0.01
    x = rng.uniform(size=(10, n))
    x[:, : n // 2] = y[:, : n // 2]
    right = np.mean(x.argmax(0) == y.argmax(0))
    yield f"for {n} test galaxies", (np.sqrt, (x[:, :5], y[:, :5]), (x, y)), right


def _more_train(rng):
    A, B, x, y = _random_network(rng)
    case = A, B, [[(x[:, :4], y[:, :4]), (x[:, 4:], y[:, 4:])]], 0.4, 0.5
    yield "for other sizes and one epoch", case, _train(*case)


def _more_baseline(rng):
    common, other = rng.permutation(10)[:2]
    training = rng.permutation(np.repeat([common, other], [9, 6]))
    test = rng.permutation(np.repeat([common, other], [3, 13]))
    yield f"where class {common} is the largest in training", (training, test), 3 / 16
    training = np.repeat([0, 9, 4], [20, 19, 1])
    yield "where class 0 is the largest", (training, np.repeat([0, 4, 5], [2, 3, 5])), 0.2


def _more_confusion_matrix(rng):
    a, p = rng.integers(0, 10, (2, 40))
    right = np.zeros((10, 10), int)
    for i, j in zip(a, p, strict=True):
        right[i, j] += 1
    yield "for 40 other galaxies", (a, p), right


def _more_recall(rng):
    M = rng.integers(1, 30, (10, 10))
    M[2, 2], M[6], M[:, 8] = 0, 0, 0
    with np.errstate(invalid="ignore"):
        right = M.diagonal() / M.sum(1)
    yield "where a class is never recognised, or never named,", (M,), right


def _more_most_confused(rng):
    for i, j in ((2, 9), (9, 3), (0, 1)):
        M = rng.integers(0, 50, (10, 10)) + np.diag(rng.integers(60, 99, 10))
        M[i, j] = 55
        yield f"where the largest lies in row {i}, column {j},", (M,), np.array([i, j])


def _more_find_leaks(rng):
    train = rng.integers(0, 250, (9, 5, 5, 3), dtype=np.uint8)
    test = rng.integers(0, 250, (8, 5, 5, 3), dtype=np.uint8)
    test[0] = np.rot90(train[2])
    train[4] = np.rot90(train[2], 2)[:, ::-1]  # a second twin of the same picture
    test[1] = train[5] + 1  # similar, and another
    test[2] = train[6]
    test[2, 0, 0, 1] ^= 1  # equal but for one value
    test[3] = train[7]
    test[3, ..., 1:] ^= 3  # the same red band
    test[5] = test[4][::-1]  # twins among the test pictures
    yield "among pictures that are merely similar", (train, test), np.array([[0, 2], [0, 4]])


def _chapter_1() -> None:
    ask, rng = functools.partial(_ask, 1), np.random.default_rng(1)

    n = 17736 * 256 * 256 * 3
    ask("bytes_of_pictures")(
        n,
        (n // 3, "A pixel has three bands, each with a number of its own."),
        (n // 256, "A picture has 256 rows and 256 columns."),
        (n * 4, "A uint8 takes one byte; four would be float32."),
        (n * 8, "That is in bits, or in bytes as float64: a uint8 is one byte."),
        (n / 1e9, "That is in GB: give bytes."),
    )

    answers = rng.choice([0, 1, 2, 2, 2, 2, 3, 5, 6, 8], 900).astype(np.uint8)
    right = np.array([np.count_nonzero(answers == k) for k in range(10)])
    ask("count_types", answers, more=_more_count_types)(
        right,
        (right[right > 0], "Classes without a galaxy are left out: they count 0."),
        (right[:9], "The last class is left out when it has no galaxy: return 10 counts."),
        (right / 900, "These are fractions: return counts."),
        (np.sort(right)[::-1], "The counts are sorted: keep the order of the classes."),
        (np.roll(right, 1), "The counts are shifted by one: the first class is 0."),
    )

    p = rng.integers(0, 256, (6, 5, 3), dtype=np.uint8)
    f = p.astype(float)
    ask("redness", p, more=_more_redness)(
        np.einsum("ijk,k->", f, [1, 0, -1]) / 30,
        ((p[..., 0] - p[..., 2]).mean(), "The uint8 difference overflowed: there, 3 - 5 is 254."),
        (np.abs(f[..., 0] - f[..., 2]).mean(), "An absolute value hides blue galaxies."),
        ((f[..., 0] - f[..., 2]).sum(), "That is the sum over the pixels: return the mean."),
        ((f[..., 0] - f[..., 1]).mean(), "That is red minus green: blue is band 2."),
        ((f[0] - f[2]).mean(), "The bands are the last axis of a picture, not the first."),
        ((f[:, 0] - f[:, 2]).mean(), "The bands are the last axis of a picture, not the second."),
    )

    ra = np.array([10, 10.012, 10, 359.999, 200, 200.5, 0.001, np.nan, 80, 80.0005, 120, 120.003])
    dec = np.array([60, 60, 60.012, -1, 20, 20, -1, np.nan, 30, 30.0005, 5, 80])
    a, d = np.radians(ra), np.radians(dec)
    unit = np.stack([np.cos(d) * np.cos(a), np.cos(d) * np.sin(a), np.sin(d)])
    apart = np.degrees(2 * np.arcsin(np.linalg.norm(unit[:, :, None] - unit[:, None], axis=0) / 2))
    dra, ddec = ra[:, None] - ra, dec[:, None] - dec
    turn, r = (dra + 180) % 360 - 180, 33 / 3600
    right = _pair_list(apart < r)
    ask("close_pairs", ra, dec, 33.0, read=_pairs, more=_more_close_pairs)(
        right,
        (_pairs([*right, *right[:, ::-1]]), "Each pair is there twice: let i < j."),
        (np.argwhere(apart < r), "Let i < j: no galaxy with itself, no pair twice."),
        (_pair_list(np.hypot(turn, ddec) < r), "Steps in ra shrink with cos(dec) to the poles."),
        (_pair_list(np.hypot(turn * np.cos(dec), ddec) < r), "np.cos takes radians, not degrees."),
        (_pair_list(np.hypot(dra * np.cos(d), ddec) < r), "ra goes round: 359.999 is near 0.001."),
        (_pair_list(np.hypot(dra, ddec) < r), "ra shrinks with cos(dec), and ra goes round."),
        (_pair_list(apart < 33), "Degrees are compared with arcseconds: a degree has 3600."),
        (_pair_list(apart < 33 / 60), "A degree has 3600 arcseconds, not 60."),
    )


def _chapter_2() -> None:
    ask, rng = functools.partial(_ask, 2), np.random.default_rng(2)

    ask("inputs_per_galaxy")(
        3072,
        (1024, "Each pixel has three bands."),
        (256 * 256 * 3 // 8, "Both sides of the picture shrink by 8."),
        (256 * 256 // 8, "Both sides shrink by 8, and each pixel has three bands."),
        (12288, "That is the number at coarsen=4."),
        (256 * 256 * 3, "That is the full size."),
    )

    right = np.full((10, 7), 0.01)
    for column, k in enumerate([3, 9, 0, 3, 5, 1, 8]):
        right[k, column] = 0.99
    ask("one_hot", np.array([3, 9, 0, 3, 5, 1, 8]), more=_more_one_hot)(
        right,
        (np.rint(right), "A sigmoid never reaches 0 or 1: use 0.01 and 0.99."),
        (np.rint(right).T, "A column is a galaxy, and 0.01 and 0.99 stand for 0 and 1."),
        (np.rint(right) * 0.99, "Outside the answer it is 0.01, not 0."),
        (right.T, "The result is transposed: a column is a galaxy."),
        (1 - right, "0.01 and 0.99 are swapped."),
        (np.roll(right, -1, 0), "The classes are shifted by one: the first one is 0."),
    )

    p = rng.integers(0, 256, (12, 18, 3), dtype=np.uint8)
    blocks = p.reshape(4, 3, 6, 3, 3)
    right = np.array([[b.reshape(9, 3).mean(0) for b in row.swapaxes(0, 1)] for row in blocks])
    ask("coarsen", p, 3, more=_more_coarsen)(
        right,
        (blocks.sum((1, 3), dtype=np.uint8) / 9, "The block sums overflowed: uint8 ends at 255."),
        (p[::3, ::3], "That is one pixel of each block: return the block's mean."),
        (p[1::3, 1::3], "That is one pixel of each block: return the block's mean."),
        (right * 9, "That is the sum over each block: return the mean."),
        (right * 3, "A block has c×c pixels, not c."),
        (right.mean(2), "The colours are averaged too: keep the last axis."),
        (p.reshape(3, 4, 3, 6, 3).mean((0, 2)), "The reshape mixes distant pixels."),
        (right.swapaxes(0, 1), "Rows and columns of the picture are swapped."),
    )
    _make_check(2, "split", _check_split)
    _make_check(2, "batches", _check_batches)


def _check_split(function) -> None:
    def rows(seed):
        value = _call(function, 107, 0.8, np.random.default_rng(seed))
        sets = _as_numbers(value, (np.arange(85), np.arange(22)))
        if any(a.dtype.kind not in "iu" or a.ndim != 1 for a in sets):
            raise _Wrong("Return row numbers: two arrays of integers.")
        return [a.astype(int) for a in sets]

    training, test = rows(1)
    every = np.concatenate([training, test])
    missing = set(range(107)) - set(every)
    _forbid(
        (every.min() == 1 and every.max() == 107, "Rows are numbered from 0, not from 1."),
        (set(training) & set(test), "Some rows are in both sets: that tests on training data."),
        (len(set(every)) < len(every), "Some rows are drawn twice: use a permutation."),
        (set(every) - set(range(107)), "Some numbers are no rows: 107 rows end at 106."),
        (missing, f"{len(missing)} of 107 rows are in neither set."),
        (len(test) == 85, "The two sets are swapped: training comes first."),
        (len(training) != 85, f"{len(training)} rows to train on is not int(0.8 * 107)."),
        (set(training) == set(range(85)), "Unshuffled: the test set has the last classes."),
        (set(test) == set(range(22)), "Unshuffled: the test set has the first classes."),
        (not _close(rows(1), (training, test)), "The same seed splits differently: use rng."),
        (_close(rows(2), (training, test)), "Another seed gives the same split: use rng."),
        (np.all(np.diff(every) % 107 == 1), "The rows are rotated, not shuffled."),
        (np.all(np.diff(training) > 0) and np.all(np.diff(test) > 0), "Both are sorted again."),
    )
    n, share = int(np.random.default_rng().integers(40, 90)), 0.5
    what = f"for {n} rows and partition=0.5"
    value = _call_again(function, what, n, share, np.random.default_rng(4))
    training, test = _as_numbers(value, (np.arange(1), np.arange(1)))
    sizes = len(training), len(test)
    if sizes != (n // 2, n - n // 2) or set(training) | set(test) != set(range(n)):
        raise _Wrong(f"Right at first, but {what} the two sets have {sizes} of the rows.")


def _check_batches(function) -> None:
    x = np.arange(69.0).reshape(3, 23)

    def epoch(rng):
        made = [*itertools.islice(iter(_call(function, x, x[:2] + 100, 5, rng)), 99)]
        if _is_blank(made):
            raise _Wrong(_why_blank(function, made))
        return [_as_numbers(pair, (x, x)) for pair in made]

    rng = np.random.default_rng(3)
    first = epoch(rng)
    shapes = [(a.shape, b.shape) for a, b in first]
    widths = [a.shape[-1] for a, _ in first]
    _forbid(
        (len(first) == 99, "The batches do not end: stop when every galaxy was met once."),
        (((5, 3), (5, 2)) in shapes, "A column is a galaxy: x_b should be (3, 5), not (5, 3)."),
        (0 in widths, "The last batch is empty."),
        (widths == [5] * 4, "The last batch, a short one, is left out."),
        (widths != [5, 5, 5, 5, 3], f"The batches are {widths} wide, not [5, 5, 5, 5, 3]."),
        (
            {len(a) for a, _ in first} != {3},
            f"x_b and y_b have shapes {shapes[:1]}, not (3, 5), (2, 5).",
        ),
        ([(2, w) for w in widths] != [b for _, b in shapes], "y_b has not the shape (2, S)."),
    )
    columns, targets = (np.concatenate(part, axis=1) for part in zip(*first, strict=True))
    again = np.concatenate([a for a, _ in epoch(rng)], axis=1)
    _forbid(
        ((targets - 100 != columns[:2]).any(), "x and y are shuffled apart: use one permutation."),
        (len(set(columns[0])) < 23, "Some galaxies come twice, others never: use a permutation."),
        ((columns == x).all(), "The galaxies come in their old order: shuffle them."),
        ((columns == again).all(), "The next epoch has the same order: draw a new one from rng."),
    )
    blocks = [set(a[0]) for a, _ in first]
    in_order = [set(x[0, i : i + 5]) for i in range(0, 23, 5)]
    repeated = np.concatenate([a for a, _ in epoch(np.random.default_rng(3))], axis=1)
    _forbid(
        (blocks == in_order, "Galaxies are shuffled inside a batch only: shuffle them all."),
        ((columns != repeated).any(), "The same seed gives another order: draw from rng."),
    )
    short = x[:, :20]
    made = [*itertools.islice(iter(_call(function, short, short[:2], 5, rng)), 99)]
    widths = [np.shape(a)[-1] for a, _ in made]
    _forbid((widths != [5] * 4, f"20 galaxies in batches of 5 come as {widths}, not [5, 5, 5, 5]."))


def _slopes(A, B, x, y, factor=2.0, output=True, hidden=True, back="oh,o->h"):
    """Return both gradients, summed over the batch in a loop; options leave something out."""
    grad_A, grad_B = np.zeros(A.shape), np.zeros(B.shape)
    for xs, ys in zip(x.T, y.T, strict=True):
        zt = _sigmoid(B @ xs)
        z = _sigmoid(A @ zt)
        d = factor * (z - ys) * (z * (1 - z) if output else 1)
        grad_A += np.multiply.outer(d, zt)
        grad_B += np.multiply.outer(np.einsum(back, A, d) * (zt * (1 - zt) if hidden else 1), xs)
    return grad_A, grad_B


def _chapter_3() -> None:
    ask, rng = functools.partial(_ask, 3), np.random.default_rng(3)
    S = 5  # and N_out = N_hidden: there a missing transpose shows in the values
    A, B, x = (rng.normal(0, 0.7, shape) for shape in ((4, 4), (4, 6), (6, S)))
    y = rng.uniform(0, 1, (4, S))
    hidden = np.stack([B @ column for column in x.T], axis=1)
    zt = _sigmoid(hidden)
    z = np.stack([_sigmoid(A @ column) for column in zt.T], axis=1)

    g = _sigmoid(hidden)
    ask("sigmoid", hidden, more=_more_sigmoid)(
        g,
        (1 - g, "The sign in the exponent is wrong: it is e⁻ˣ."),
        (1 / g, "The fraction is missing: it is 1 over that."),
        (np.exp(-hidden), "That is e⁻ˣ alone."),
        (np.exp(hidden), "In the denominator, the 1 is missing."),
        (1 + np.exp(-hidden), "Brackets are missing: 1 / (1 + …)."),
        (np.tanh(hidden), "That is tanh, which runs from -1 to 1."),
        (g * (1 - g), "That is the derivative of the sigmoid."),
    )

    h1, zt1, z1 = hidden[:, 0], zt[:, 0], z[:, 0]
    ask("forward_one", A, B, x[:, 0], more=_more_forward_one)(
        z1,
        (_sigmoid(A @ h1), "The hidden layer has no sigmoid."),
        (A @ zt1, "The output layer has no sigmoid."),
        (A @ h1, "Both layers lack their sigmoid."),
        (zt1, "That is the hidden layer: the output layer comes after it."),
        (_sigmoid(A.T @ zt1), "A is transposed, but A z̃ needs it as it is."),
        (_sigmoid(A * zt1), "`*` stands where `@` belongs: a layer is a matrix product."),
    )
    ask("forward", A, B, x, more=_more_forward)(
        (zt, z),
        ((z, zt), "The order is wrong: z_tilde first, then z."),
        ((hidden, _sigmoid(A @ hidden)), "The hidden layer has no sigmoid."),
        ((hidden, z), "z_tilde is what comes out of the sigmoid."),
        ((zt, A @ zt), "The output layer has no sigmoid."),
        ((zt, _sigmoid(A.T @ zt)), "A is transposed, but A z̃ needs it as it is."),
        ((zt[:, 0], z[:, 0]), "That is the first galaxy alone."),
        ((zt.mean(1), z.mean(1)), "The batch is averaged: each galaxy keeps its column."),
        ((zt.sum(1), z.sum(1)), "The batch is summed: each galaxy keeps its column."),
    )

    sign, no_2 = "The sign is wrong: the error is z - y.", "The square's factor 2 is missing."
    no_output = "The slope of the output's sigmoid is missing: z(1 - z)."
    no_hidden = "The slope of the hidden sigmoid is missing: z̃(1 - z̃)."
    no_transpose = "The transpose is missing: errors go back through Aᵀ."
    one = A, B, x[:, :1], y[:, :1]
    zt1, z1, e = zt[:, :1], z[:, :1], z[:, :1] - y[:, :1]
    right = _slopes(*one)[0]
    ask("gradient_A", zt1, z1, y[:, :1], more=_more_gradient_A)(
        right,
        (-right, sign),
        (right / 2, no_2),
        (2 * e @ zt1.T, no_output),
        (2 * e * z1 @ zt1.T, "Of the slope z(1 - z), the factor (1 - z) is missing."),
        (2 * e * (1 - z1) @ zt1.T, "Of the slope z(1 - z), the factor z is missing."),
        (right.T, "It is transposed: it needs the shape of A, (N_out, N_hidden)."),
        (2 * e * z1 * (1 - z1) * zt1, "The transpose of z̃ is missing, and `@` belongs there."),
        (2 * e * z1 * (1 - z1) @ zt1[:1].T, "`*` stands where `@` belongs."),
        (2 * e @ (z1.T @ (1 - z1)) @ zt1.T, "`@` stands where `*` belongs: e∘z∘(1 - z)."),
    )
    d, right = e * z1 * (1 - z1), _slopes(*one)[1]
    ask("gradient_B", A, x[:, :1], zt1, z1, y[:, :1], more=_more_gradient_B)(
        right,
        (-right, sign),
        (right / 2, no_2),
        (_slopes(*one, back="ho,o->h")[1], no_transpose),
        (_slopes(*one, hidden=False)[1], no_hidden),
        (_slopes(*one, output=False)[1], no_output),
        (2 * (A.T @ e * z1 * (1 - z1) * zt1 * (1 - zt1)) @ x[:, :1].T, "Aᵀ acts on e∘z∘(1 - z)."),
        (2 * (d * zt1 * (1 - zt1)) @ x[:, :1].T, "The error ẽ = Aᵀ[…] is missing."),
        (2 * A.T @ d @ (zt1.T @ (1 - zt1)) @ x[:, :1].T, "`@` stands where `*` belongs."),
    )

    def mean(**options):
        return tuple(g / S for g in _slopes(A, B, x, y, **options))

    right, middle = mean(), (x.mean(1, keepdims=True), y.mean(1, keepdims=True))
    ask("gradients", A, B, x, y, more=_more_gradients)(
        right,
        (mean(factor=2 * S), "1/S is missing: that is the sum over the batch."),
        (mean(factor=S), "1/S is missing, and the factor 2 of the square."),
        ((right[0] * S, right[1]), "1/S is missing in the first gradient."),
        ((right[0], right[1] * S), "1/S is missing in the second gradient."),
        (mean(factor=-2), sign),
        (mean(factor=1), no_2),
        (mean(output=False), no_output),
        (mean(hidden=False), no_hidden),
        (mean(back="ho,o->h"), no_transpose),
        (right[::-1], "The order is wrong: the gradient for A comes first."),
        (mean(factor=2 * S / 4), "S is the number of galaxies, which are columns."),
        (mean(factor=2 * S / 6), "S is the number of galaxies, which are columns."),
        (_slopes(A, B, *middle), "Average the gradients, not the galaxies."),
    )

    w, h, c = rng.normal(size=(2, 3)), 0.1, np.arange(1.0, 7).reshape(2, 3)
    base, linear = c * np.exp(w), np.array([[w[1, 1], 0, 0], [0, w[0, 0], 0]])
    right = base * np.sinh(h) / h + linear

    def curved(w):
        return np.sum(c * np.exp(w)) + w[0, 0] * w[1, 1]

    ask(
        "numerical_gradient",
        lambda w: np.sum(c * np.exp(w)) + w[0, 0] * w[1, 1],
        w,
        h,
        more=_more_numerical_gradient,
    )(
        right,
        (base * np.expm1(h) / h + linear, "That is a step to one side: take w + h and w - h."),
        (base * -np.expm1(-h) / h + linear, "That is a step to one side: take w + h and w - h."),
        (right * 2, "The two points are 2h apart: divide by 2h."),
        (right * 2 * h, "The division by 2h is missing."),
        (right * h * h, "Brackets are missing: `/ 2 * h` multiplies by h."),
        (right.ravel(), "The gradient needs the shape of the weights."),
        (np.full((2, 3), right.sum()), "All weights moved at once: move one at a time."),
    )


_HILL = np.array([[4.0, 0.6], [0.6, 1.0]])


def _path(w, eta, beta, n, carry=1, share=True, v=0.0, slope=lambda path: _HILL @ path[-1]):
    """Follow the gradient of wᵀ H w / 2 for n steps; options change something."""
    path = [w]
    for _ in range(n):
        v = carry * beta * v + (1 - beta if share else 1) * slope(path)
        path.append(path[-1] - eta * v)
    return np.array(path)


def _chapter_4() -> None:
    ask, rng = functools.partial(_ask, 4), np.random.default_rng(4)

    ask("age_weight", 0.8, 3, more=_more_age_weight)(
        0.1024,
        (0.512, "(1 - β) is forgotten."),
        (0.08192, "The newest gradient has age 0, so the power is k."),
        (0.128, "The newest gradient has age 0, so the power is k."),
        (0.0064, "β and (1 - β) are swapped."),
        (0.48, "It is a power, not a product: βᵏ."),
    )

    w, v, g = rng.normal(size=(3, 4))
    new, sum_v, swapped = 0.8 * v + 0.2 * g, 0.8 * v + g, 0.2 * v + 0.8 * g
    ask("momentum_step", w, v, g, 0.3, 0.8, more=_more_momentum_step)(
        (w - 0.3 * new, new),
        ((w - 0.3 * sum_v, sum_v), "(1 - β) is forgotten: the gradient enters with that share."),
        ((w - 0.3 * v, new), "The weights move by the old velocity: update v first."),
        ((w - 0.3 * g, new), "The weights move by the gradient: let them move by v."),
        ((w + 0.3 * new, new), "The sign is wrong: the weights go downhill."),
        ((w - new, new), "The learning rate is missing."),
        ((w - 0.3 * swapped, swapped), "β and (1 - β) are swapped."),
        ((new, w - 0.3 * new), "The order is wrong: weights first, then velocity."),
        ((w - 0.06 * g, 0.2 * g), "The velocity is not carried over: β v is missing."),
        ((w - 0.3 * new, v), "The new velocity is not carried over: return it."),
        ((w - 0.3 * g, v), "The velocity is not used."),
    )

    w, case = np.array([1.0, -2.0]), (np.array([1.0, -2.0]), 0.15, 0.7, 8)
    path = _path(*case)
    ask("descend", lambda w: _HILL @ w, *case, more=_more_descend)(
        path,
        (_path(*case, carry=0), "The velocity is not carried over from step to step."),
        (_path(*case, share=False), "(1 - β) is forgotten."),
        (_path(w, 0.15, 0, 8), "That is plain descent: the velocity is not used."),
        (_path(*case, slope=lambda p: _HILL @ w), "The gradient stays that of the first point."),
        (_path(w, -0.15, 0.7, 8), "The sign is wrong: the path climbs."),
        (path[1:], "The starting point is missing: n_steps + 1 rows."),
        (path[:-1], "The last point is missing: n_steps + 1 rows."),
        (_path(w, 0.15, 0.7, 9), "There is one step too many."),
        (np.repeat(path[-1:], 9, 0), "All rows are the last point: store a copy in each step."),
        (path[-1], "That is the last point: return the whole path."),
    )

    w, betas = np.array([3.0, -2.0]), [0.0, 0.5, 0.8, 0.999]

    def count(size=np.linalg.norm, follow=False, **options):
        counts, start = [], w
        for beta in betas:
            path = _path(start, 0.15, beta, 120, **options)
            counts.append(next((i for i, p in enumerate(path) if size(_HILL @ p) < 1e-2), 120))
            start = path[counts[-1]] if follow else w
        return np.array(counts)

    right = count()
    ask("steps_needed", lambda w: _HILL @ w, w, 0.15, betas, 1e-2, 120, more=_more_steps_needed)(
        right,
        (np.minimum(right + 1, 120), "The counts are one too large: look before each step."),
        (right + 1, "The counts are one too large: look before each step."),
        (right - 1, "The counts are one too small."),
        (count(carry=0), "The velocity is not carried over from step to step."),
        (count(share=False), "(1 - β) is forgotten."),
        (count(follow=True), "Each β starts where the last one stopped: begin again at w."),
        (count(size=np.max), "Entries of the gradient may be negative: take its length."),
        (count(size=lambda g: g @ g), "That is the square of the length: take the root."),
        (right[:-1], "A run that does not arrive counts max_steps."),
    )


def _train(A, B, epochs, eta, beta, reset=None, last=None, share=True, late=False):
    """Train in loops over weights' flat arrays; options change something."""
    w, v = [A, B], [0.0, 0.0]
    for batches in epochs:
        v = [0.0, 0.0] if reset == "epoch" else v
        for x, y in batches[:last]:
            v = [0.0, 0.0] if reset == "batch" else v
            for i in (0, 1):
                g = _slopes(w[0], w[1], x, y)[i] / x.shape[1]
                v[i] = beta * v[i] + (1 - beta if share else 1) * g
                w = [w[0] - eta * v[0], w[1]] if late and i == 0 else w
            w = [w[0] - (0 if late else eta * v[0]), w[1] - eta * v[1]]
    return tuple(w)


class _FakeNetwork:
    """It learns nothing, but its accuracies follow from how it was trained."""

    def __init__(self) -> None:
        self.history, self.seen = [], 0.0

    def train(self, *, n_epochs=1, learning_rate=0.2, beta_momentum=0.9, batch_size=64) -> None:
        for _ in self.epochs(n_epochs, learning_rate, beta_momentum, batch_size):
            pass

    def epochs(self, n_epochs=1, learning_rate=0.2, beta_momentum=0.9, batch_size=64):
        for _ in range(n_epochs):
            self.seen += learning_rate * 7 + batch_size / 50
            a = [abs(np.sin(self.seen + k)) for k in range(3)]
            names = "training_accuracy", "validation_accuracy", "test_accuracy"
            self.history.append(SimpleNamespace(**dict(zip(names, a, strict=True))))
            yield self.history[-1]

    def assess(self) -> float:
        return self.history[-1].test_accuracy


def _chapter_5() -> None:
    ask, rng = functools.partial(_ask, 5), np.random.default_rng(5)

    ask("updates", 900, 64, 20, more=_more_updates)(
        300,
        (280, "The last, short batch of an epoch is an update too: round up."),
        (15, "That is one epoch."),
        (281.25, "Updates are whole numbers: round up in each epoch."),
        (282, "Round up in each epoch: what is left over does not wait for the next."),
        (281, "Round up in each epoch: what is left over does not wait for the next."),
        (18000, "That is the number of pictures, not of batches."),
    )

    x, y = rng.uniform(size=(4, 70)), np.full((4, 70), 0.01)
    y[rng.integers(0, 4, 70), np.arange(70)] = 0.99
    x[:, :40] = y[:, :40]
    hits = np.array(
        [[*a].index(max(a)) == [*b].index(max(b)) for a, b in zip(x.T, y.T, strict=True)]
    )
    n, (z, t) = hits[40:].sum(), (np.sqrt(x[:, 40:]), y[:, 40:])
    ask(
        "fraction_correct",
        np.sqrt,
        (x[:, :40], y[:, :40]),
        (x[:, 40:], t),
        more=_more_fraction_correct,
        rounded=True,
    )(
        n / 30,
        (hits[:40].mean(), "That is testing on training data, which may be learned by heart."),
        (hits.mean(), "Training data are counted too: that is testing on training data."),
        (n / 1.0, "That is a count: divide by the number of galaxies."),
        (n / 0.3, "That is in per cent: return a fraction."),
        (n / 40, "Divide by the size of the test set, not of the training set."),
        (n / 4, "Divide by the number of galaxies, which are columns."),
        (1 - n / 30, "That is the fraction that is wrong."),
        ((z.argmax(1) == t.argmax(1)).mean(), "A column is a galaxy: argmax along axis 0."),
        ((np.rint(z) == np.rint(t)).mean(), "Compare which output is largest, not each of them."),
        (0.0, "Outputs never equal the targets: compare which one is largest."),
    )

    ask = functools.partial(_ask, 5)
    A, B, X = (rng.normal(0, 1, shape) for shape in ((3, 3), (3, 5), (5, 8)))
    Y = rng.uniform(size=(3, 8))
    parts = [(X[:, :3], Y[:, :3]), (X[:, 3:6], Y[:, 3:6]), (X[:, 6:], Y[:, 6:])]
    case = A, B, [parts, parts[::-1]], 0.9, 0.7
    ask("train", *case, more=_more_train)(
        _train(*case),
        (_train(*case, reset="epoch"), "The velocity is not carried over from epoch to epoch."),
        (_train(*case, reset="batch"), "The velocity is not carried over from batch to batch."),
        (_train(*case[:4], 0), "That is plain descent: the velocity is not used."),
        (_train(*case, share=False), "(1 - β) is forgotten."),
        (_train(*case, last=-1), "The last batch of each epoch is left out."),
        (_train(*case, last=1), "That is the first batch of each epoch alone."),
        (_train(A, B, [parts], 0.9, 0.7), "That is the first epoch alone."),
        (_train(*case, late=True), "Take both gradients at the old weights."),
        (_train(A, B, case[2], -0.9, 0.7), "The sign is wrong: the weights go downhill."),
        (_train(*case)[::-1], "The order is wrong: A first, then B."),
        ((A, B), "The weights do not change."),
    )

    rates, sizes, n = [0.1, 0.5, 2.0], [8, 32], 40

    def table(look="validation_accuracy", epochs=lambda size: -(-n // -(-100 // size)), new=True):
        network, rows = _FakeNetwork(), []
        for rate, size in itertools.product(rates, sizes):
            network = _FakeNetwork() if new else network
            network.train(n_epochs=epochs(size), learning_rate=rate, batch_size=size)
            rows.append(getattr(network.history[-1], look))
        return np.reshape(rows, (3, 2))

    ask("study", _FakeNetwork, rates, sizes, n, 100, rounded=True)(
        table(),
        (table("test_accuracy"), "The test set chooses nothing: compare on the validation set."),
        (table("training_accuracy"), "Comparing on training data rewards learning by heart."),
        (table(new=False), "One network is trained on and on: take a new one for each run."),
        (table(epochs=lambda size: n), "n_updates is not n_epochs: a batch is an update."),
        (table(epochs=lambda size: n // -(-100 // size)), "Round the number of epochs up."),
        (table(epochs=lambda size: -(-n // (100 // size))), "A short batch counts."),
        (table(epochs=lambda size: 1), "All runs need the same number of updates."),
        (table().T, "It is transposed: one row for each rate, one column for each size."),
    )


def _chapter_6() -> None:
    ask, rng = functools.partial(_ask, 6), np.random.default_rng(6)

    a, t = np.repeat([0, 2, 7], [30, 50, 20]), np.repeat([0, 2, 4, 7], [30, 20, 8, 22])
    ask("baseline", rng.permutation(a), rng.permutation(t), more=_more_baseline, rounded=True)(
        0.25,
        (0.375, "The test set's largest class is not known beforehand: take the training set's."),
        (0.5, "That is the share in the training set: test the guess on the test set."),
        (0.1, "Always the same guess is not a random one: it is as good as its class is large."),
        (20.0, "That is a count: divide by the size of the test set."),
        (0.2, "Divide by the size of the test set, not of the training set."),
        (2, "That is the class: return the fraction that it gets right."),
    )

    a, p = rng.choice([0, 1, 1, 1, 1, 2, 4, 5, 8], (2, 3000)).astype(np.uint8)
    right = np.array([[np.sum((a == i) & (p == j)) for j in range(10)] for i in range(10)])
    share = right / right.sum(1, keepdims=True).clip(1)
    present = np.unique(a)
    ask("confusion_matrix", a, p, more=_more_confusion_matrix)(
        right,
        (right.T, "It is transposed: a row is an answer, a column a prediction."),
        (share, "These are fractions: return counts."),
        (right / 3000, "These are fractions: return counts."),
        (right[np.ix_(present, present)], "Absent classes are left out: return 10×10 counts."),
        (right[:9, :9], "The last class is left out when it is absent: return 10×10 counts."),
        (np.minimum(right, 1), "Each place grew once: `M[a, p] += 1` counts repeats once."),
        (np.diag(right.diagonal()), "Mistakes are not counted: galaxies beside the diagonal."),
    )

    M = rng.permutation(100).reshape(10, 10) + np.diag(np.arange(100, 110))
    M[4] = 0
    rows, columns = M.sum(1), M.sum(0)
    with np.errstate(invalid="ignore"):
        right = np.array([M[k, k] / rows[k] for k in range(10)])
    ask("recall", M, more=_more_recall, rounded=True)(
        right,
        (M.diagonal() / columns, "That is precision: divide by the row's sum, the true galaxies."),
        (np.nan_to_num(right), "An absent class has no recall: NaN, not 0."),
        (right[rows > 0], "Absent classes are left out: give NaN there."),
        (M.diagonal() / M.sum(), "Divide by the galaxies of each class, not by all."),
        (M.diagonal().sum() / M.sum(), "That is the accuracy: give one number for each class."),
        (np.nanmean(right), "That is the mean: give one number for each class."),
        (1 - right, "That is the fraction missed."),
    )

    off = M - np.diag(M.diagonal())
    i, j = np.unravel_index(off.argmax(), off.shape)
    k = M.diagonal().argmax()
    ask("most_confused", M, more=_more_most_confused)(
        np.array([i, j]),
        ([j, i], "The order is wrong: the answer (row) first, then the prediction."),
        ([k, k], "That is on the diagonal: galaxies that were right."),
        (off.argmax(), "That is a place in the flattened matrix: return row and column."),
        (off.max(), "That is the count: return row and column."),
    )

    train = rng.integers(0, 256, (8, 6, 6, 3), dtype=np.uint8)
    test = rng.integers(0, 256, (6, 6, 6, 3), dtype=np.uint8)
    test[1], test[2], test[4] = train[5], np.rot90(train[3], 3), np.rot90(train[0], 1)[:, ::-1]
    test[3], test[5] = train[6][..., ::-1], rng.permutation(train[7])
    right = np.array([[1, 5], [2, 3], [4, 0]])
    ask("find_leaks", train, test, read=_pairs, more=_more_find_leaks)(
        right,
        (right[:1], "Exact copies alone are found: look for turned and mirrored ones too."),
        (right[:2], "Mirrored pictures are missed: there are eight orientations."),
        (right[[0, 2]], "Some orientations are missed: four turns, each with its mirror image."),
        (right[:, ::-1][[2, 1, 0]], "The order is wrong: the test row comes first."),
        (_pairs([*right, (3, 6), (5, 7)]), "Equal sums are not equal pictures: compare pixels."),
        (_pairs([*right, (3, 6)]), "Another order of colours is another picture."),
    )


def _check_report(report) -> None:
    keys = "data", "seeds", "accuracies", "baseline", "confusion_matrix"
    if not isinstance(report, dict) or set(report) != set(keys):
        raise _Wrong(f"The report is a dict with the keys {', '.join(keys)}.")
    if missing := [key for key in keys if _is_blank(report[key])]:
        raise _Wrong(f"The report still lacks {', '.join(missing)}.")
    M = _as_numbers(report["confusion_matrix"], np.zeros((10, 10)), "The confusion matrix")
    n, a = M.sum(), _as_numbers(report["accuracies"], np.zeros(3), "The list of accuracies")
    _forbid(
        (report["data"] not in ("simulated", "real"), "Say whether data are simulated or real."),
        (M.shape != (10, 10), f"The confusion matrix has shape {M.shape}, not (10, 10)."),
        (n < 1 or (M % 1 != 0).any(), "The confusion matrix holds counts of test galaxies."),
        (a.ndim != 1 or len(a) < 3, "One run is no evidence: use 3 seeds or more."),
        (len(set(report["seeds"])) != len(a), "Each accuracy needs a seed of its own."),
        (a.max() > 1 or report["baseline"] > 1, "Accuracies are fractions, not per cent."),
        (np.abs(a - M.trace() / n).min() > 2e-3, "No accuracy belongs to this matrix."),
        (
            np.abs(M.sum(1) / n - report["baseline"]).min() > 2e-3,
            "The baseline is no class's share.",
        ),
    )


for _chapter in (_chapter_1, _chapter_2, _chapter_3, _chapter_4, _chapter_5, _chapter_6):
    _chapter()
_make_check(10, "final_report", _check_report)
