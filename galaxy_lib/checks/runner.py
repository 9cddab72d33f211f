"""Run an answer on several inputs, and say in one sentence what is wrong.

An exercise is a function of its chapter's file, `exercise` makes a check of it. The function
computes what is right, in another way than the model solution; beside it stand the inputs to try,
`cases`, drawn anew in each call so that no constant passes, and the known `mistakes`, functions
too. A mistake is named where the answer agrees with it on *every* input; else the check says what
is true of one of them. Where more than one answer is right, `judged` makes a check of a function
that looks for itself.

All that a call draws comes from one seed, which its result keeps. Where the environment variable
CHECK_SEED holds a whole number, that is the seed, and the call repeats what it did.
"""

from __future__ import annotations

import ast
import contextlib
import copy
import inspect
import os
import sys
import textwrap
import warnings
from collections.abc import Callable, Iterator, Sequence

import cloudpickle
import numpy as np

from galaxy_lib.checks import process
from galaxy_lib.checks.compare import (
    Failure,
    Wrong,
    agree,
    as_numbers,
    close,
    unpacked,
    what_differs,
    what_is_general,
)
from galaxy_lib.checks.generic import changes
from galaxy_lib.checks.process import Handed, hand_over

NOTHING = cloudpickle.dumps(None)

_chapters: dict[int, dict[str, Callable]] = {}
_results: dict[str, Result] = {}


class Result:
    """What a check says: ``message`` is shown; ``passed`` and ``attempted`` are True or False.

    ``share`` is the part of the inputs, from 0 to 1, for which the answer is right.

    ``seed`` is what the inputs were drawn from; CHECK_SEED draws them again. It is not shown, for
    notebooks are compared with what they printed before.
    """

    def __init__(self, message: str, seed: int | None = None, share: float = 0.0) -> None:
        self.message, self.seed = message, seed
        self.passed = message == "correct"
        self.share = 1.0 if self.passed else share
        self.attempted = message != "not attempted yet"

    def __repr__(self) -> str:
        return self.message

    def told(self, name: str) -> str:
        """Return one line for who grades: the exercise, what is wrong, and how to see it again."""
        again = f" (CHECK_SEED={self.seed})" if self.attempted and not self.passed else ""
        return f"{name}: {self}{again}"


class CheckFailed(AssertionError):
    """An exercise is not solved: raised under nbgrader alone, and shown as one line."""

    def _render_traceback_(self) -> list[str]:
        return [f"{type(self).__name__}: {self}"]


class Blank(Wrong):
    """What came back is what a stub gives: it is kept as ``value``."""

    def __init__(self, sentence: str, value) -> None:
        super().__init__(sentence)
        self.value = value


def exercises() -> dict[int, dict[str, Callable]]:
    """Return the checks by chapter and name."""
    return _chapters


def note(name: str, message: str) -> None:
    """Keep what a check said, for `progress`."""
    _results[name] = Result(message)


def progress(chapter: int) -> None:
    """Print which exercises of a chapter are solved, as far as they were checked by now."""
    names = _chapters[chapter]
    results = [_results.get(name, Result("not attempted yet")) for name in names]
    for number, (name, result) in enumerate(zip(names, results, strict=True), 1):
        state = "solved" if result.passed else "not solved yet" if result.attempted else result
        print(f"{chapter}.{number} {name:<22}{state}")
    print(f"{sum(result.passed for result in results)} of {len(names)} exercises solved")


# -------------------------------------------------------------------------------- making a check


def exercise(chapter: int, *, read: Callable | None = None) -> Callable:
    """Make a check of the function that computes what is right, for the arguments of a case.

    Without arguments the answer is a value. ``read`` turns what comes back into arrays.
    The check has two attributes to add to it: ``cases`` decorates a generator of
    ``(what, arguments)`` that draws from the ``rng`` it is given, and ``mistakes`` takes a
    sentence each with functions, ``(sentence, function, ...)``, which compute what the mistake
    leads to, of the same arguments; ``generic`` names those of `generic.MISTAKES` that fit.
    """

    def make(right: Callable) -> Callable:
        cases: list[Callable] = []
        mistakes: list[tuple[str, object]] = []

        def look(answer: Answer) -> None:
            if not inspect.signature(right).parameters:
                _judge_value(answer, right(), mistakes)
            else:
                _judge_function(answer, right, cases[0], mistakes, read)

        def add(*special: tuple, generic: str = "") -> None:
            mistakes.extend((sentence, wrong) for sentence, *some in special for wrong in some)
            for sentence, change in changes(generic):
                mistakes.append((sentence, lambda *a, change=change: change(right(*a))))

        check = _register(chapter, right, look)
        check.cases = cases.append
        check.mistakes = add
        check.told_apart_by = lambda cases: _told_apart(right, mistakes, cases)
        check.given, check.known, check.right = cases, mistakes, right
        return check

    return make


def judged(chapter: int) -> Callable:
    """Make a check of a function that calls the answer itself and raises `Wrong` or returns.

    What it draws, it draws from the answer's ``rng``.
    """
    return lambda look: _register(chapter, look, look)


def name_alone(chapter: int, name: str) -> Callable:
    """Return what stands for a check in a notebook that is graded: its name, and nothing of it.

    What is right is in another process there (`grading`), which asks for the answer alone.
    """

    def check(answer=None) -> Result:
        raise CheckFailed(
            f"{name}: while a notebook is graded it hands its answers over; the verdict stands "
            "below the course's own check."
        )

    check.__name__ = check.__qualname__ = name
    _chapters.setdefault(chapter, {})[name] = check
    return check


def _register(chapter: int, function: Callable, look: Callable) -> Callable:
    name = function.__name__

    def check(answer=None) -> Result:
        grading, seed = bool(os.environ.get("NBGRADER_EXECUTION")), draw_seed()
        try:
            handed = hand_over(answer, name)
        except ValueError as error:
            result = Result(str(error), seed)
        else:
            limit = 10 if grading else 2
            result = judge(name, handed, limit=limit, fresh=grading, seed=seed)
        _results[name] = result
        if grading and not result.passed:
            raise CheckFailed(result.told(name))
        return result

    known = _chapters.setdefault(chapter, {})
    known[name] = check
    check.__name__ = check.__qualname__ = name
    check.__module__ = function.__module__
    check.__doc__ = f"Check exercise {chapter}.{[*known].index(name) + 1}: {function.__doc__}"
    check.look = look
    # Functions among a case's arguments go to the worker whole: it cannot import them.
    cloudpickle.register_pickle_by_value(sys.modules[function.__module__])
    return check


def draw_seed(otherwise: int | None = None) -> int:
    """Return the seed of one call: CHECK_SEED, else ``otherwise`` or a new one.

    Raise ValueError where CHECK_SEED is none. Only who set the variable can meet this error, so it
    is raised, also by a check.
    """
    text = os.environ.get("CHECK_SEED", "").strip()
    if not text and otherwise is not None:
        return otherwise
    if not text:
        return int(np.random.default_rng().integers(2**32))
    if not (text.isascii() and text.isdigit()):
        raise ValueError(f"CHECK_SEED should be a whole number from 0 on, such as 7, not {text!r}.")
    return int(text)


def judge(
    name: str,
    handed: Handed,
    *,
    limit: float = 2,
    fresh: bool = False,
    seed: int | None = None,
    shut: Sequence[str] = (),
) -> Result:
    """Judge an answer that was handed over, and say what came out; no answer makes this raise.

    The answer may compute for ``limit`` seconds, in the worker that waits or in a ``fresh`` one,
    which opens nothing that is ``shut``: paths of files and folders.
    Its inputs are drawn from ``seed``, by default from `draw_seed`.
    """
    seed = draw_seed() if seed is None else seed
    message, share = _judged(name, handed, limit, fresh, seed, shut)
    return Result(message, seed, share)


def _judged(
    name: str, handed: Handed, limit: float, fresh: bool, seed: int, shut: Sequence[str]
) -> tuple[str, float]:
    """Return what a `Result` says, and the share of the inputs that the answer is right for."""
    if handed.answer == NOTHING:  # no process has to look at it
        return _why_blank_value(handed.source, None), 0.0
    if fresh and process.is_of_the_checks(handed.answer):
        return "An answer is to find its result without the checks.", 0.0
    check = next(checks[name] for checks in _chapters.values() if name in checks)
    worker = process.start(limit, fresh=fresh, shut=shut)
    try:
        with warnings.catch_warnings(action="ignore"), np.errstate(all="ignore"):
            check.look(Answer(name, handed, worker, np.random.default_rng(seed)))
    except Wrong as wrong:
        return str(wrong), wrong.share
    except process.Stopped as told:
        return str(told), 0.0
    except Failure as failure:
        return failure.told, 0.0
    except Exception:
        return "The result has another form than the text asks for.", 0.0
    finally:
        if fresh:
            worker.kill()
    return "correct", 1.0


# ---------------------------------------------------------------------------- calling an answer


class Answer:
    """A student's answer: ``value`` as plain data, or called as the function that it is.

    Inputs for it are drawn from ``rng``, which nothing else draws from.
    """

    def __init__(self, name: str, handed: Handed, worker, rng: np.random.Generator) -> None:
        self._name, self._handed, self._worker, self.rng = name, handed, worker, rng
        reply = worker.take(handed)
        if "error" in reply:
            raise Wrong(
                "It cannot be taken into the process that checks it "
                f"({reply['error']}: {reply['text']})."
            )
        self.value = unpacked(reply["value"])
        if is_blank(self.value):
            raise Wrong(_why_blank_value(handed.source, self.value))

    def __call__(self, *arguments):
        """Return what the function returns for copies of ``arguments``, as plain data."""
        return self.several(arguments)[0]

    def several(self, *cases: tuple) -> list:
        """Return what the function returns for one case after the other."""
        return [self._value(reply) for reply in self._worker.call(cases, self._handed, self._name)]

    def _value(self, reply: dict):
        if "not_callable" in reply:
            raise Wrong(f"Give the check your function; this is a {self._handed.kind}.")
        if "error" in reply:
            text = f": {reply['text']}" if reply["text"] else ""
            raise Failure(reply["error"], f"{reply['error']}{reply['line']}{text}")
        if "library" in reply:
            raise Wrong(f"`{reply['library']}` of galaxy_lib does the work: write your own code.")
        if "changed" in reply:
            raise Wrong(f"It changes its input `{reply['changed']}`: copy first.")
        value = unpacked(reply["value"])
        if is_blank(value):
            raise Blank(_why_blank(self._handed.source, value), value)
        return value


def is_blank(value) -> bool:
    """Say whether this is what a stub holds: None or nothing but NaN."""
    if isinstance(value, dict | list):
        items = [*value.values()] if isinstance(value, dict) else value
        return bool(items) and all(map(is_blank, items))
    if isinstance(value, float | np.ndarray) and np.size(value):
        return bool(np.asarray(value).dtype.kind == "f" and np.isnan(value).all())
    return value is None


def _why_blank_value(source: str, value) -> str:
    """Say whether the cell of a value is still the stub, or was filled under another name."""
    lines = [line for line in source.splitlines() if line.strip() and line.lstrip()[0] != "#"]
    if value is None and len(lines) > 1 and all("None" not in line for line in lines[1:]):
        return f"`{lines[0].split('=')[0].strip()}` is still None: did another name get the value?"
    return "not attempted yet"


def _why_blank(source: str, value) -> str:
    """Say whether a function that gives nothing is still the stub, or what may have happened."""
    with contextlib.suppress(IndexError, SyntaxError, ValueError):
        source = textwrap.dedent(source)
        stub = ast.parse(source).body[0]
        if not isinstance(stub, ast.FunctionDef):
            raise ValueError
        body = stub.body[ast.get_docstring(stub) is not None :]
        if "YOUR CODE HERE" in source and _is_untouched(source, body):
            return "not attempted yet"
        kept, others = _names(body)
        if value is not None and kept and others:
            return f"`{kept}` is still the template's: did `{others[-1]}` get the result?"
    if value is None:
        return "It returns nothing: is a `return` missing, or was the result printed instead?"
    if "nan" in source:
        return "Every value is NaN, as in the template: fill its array; adding to NaN gives NaN."
    return "Every value is NaN."


def _is_untouched(source: str, body: list[ast.stmt]) -> bool:
    """Say whether nothing but the template's lines is there: NaN or None, and nothing after."""
    mark = next(i for i, line in enumerate(source.splitlines(), 1) if "YOUR CODE HERE" in line)
    first, last = body[:-1], body[-1]
    given = all(isinstance(line, ast.Assign) and line.lineno < mark for line in first)
    return given and isinstance(last, ast.Return) and last.lineno > mark


def _names(body: list[ast.stmt]) -> tuple[str, list[str]]:
    """Return the returned name that only the template fills, and what is filled after it."""
    filled = []
    for line in body:
        for node in ast.walk(line):
            if isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign):
                for target in getattr(node, "targets", [getattr(node, "target", None)]):
                    places = [*target.elts] if isinstance(target, ast.Tuple) else [target]
                    filled += [ast.unparse(place).split("[")[0] for place in places]
    returned = [node.id for node in ast.walk(body[-1]) if isinstance(node, ast.Name)]
    kept = next((name for name in returned if filled.count(name) == 1), "")
    after = filled[filled.index(kept) + 1 :] if kept else []
    return kept, [name for name in after if name not in returned]


# ------------------------------------------------------------------------------------ comparing


def _judge_value(answer: Answer, right, mistakes) -> None:
    value = as_numbers(answer.value, right)
    if close(value, right):
        return
    for sentence, wrong in mistakes:
        if close(value, wrong):
            raise Wrong(sentence)
    if value.shape != np.shape(right):
        raise Wrong(f"It has the shape {value.shape}: give one number.")
    raise Wrong(f"The value is too {'small' if value < right else 'large'}.")


def _judge_function(answer: Answer, right, make_cases, mistakes, read) -> None:
    cases = [*make_cases(answer.rng)]
    wanted = [right(*_copied(arguments)) for _, arguments in cases]
    wanted = [read(value) if read else value for value in wanted]
    values = [
        _attempt(answer, arguments, read, w) for (_, arguments), w in _pairs_of(cases, wanted)
    ]
    if all(isinstance(value, Blank) for value in values):
        raise values[0]
    values = [
        _numbers(value.value, read, w) if isinstance(value, Blank) else value
        for value, w in _pairs_of(values, wanted)
    ]
    if agree(values[0], wanted[0]):
        again = _attempt(answer, cases[0][1], read, wanted[0])
        if not agree(again, wanted[0]):
            raise Wrong(
                "Called a second time on the same input, it gives another result: "
                "does it keep or change something outside?"
            )
    right_for = [agree(value, w) for value, w in _pairs_of(values, wanted)]
    if not all(right_for):
        sentence = _why(cases, values, wanted, mistakes, read, right_for)
        raise Wrong(sentence, sum(right_for) / len(right_for))


def _why(cases, values, wanted, mistakes, read, right_for: list[bool]) -> str:
    """Return the sentence of the mistake that explains every value, or what is true of one."""
    # Errors alone are no evidence of a certain mistake.
    some = any(
        not isinstance(value, Exception) or getattr(value, "raw", None) is not None
        for value in values
    )
    for sentence, wrong in mistakes if some else ():
        if all(
            agree(value, _mistaken(wrong, arguments, read, w))
            for value, (_, arguments), w in zip(values, cases, wanted, strict=True)
        ):
            return sentence
    numbers = not any(isinstance(value, Exception) for value in values)
    if numbers and (sentence := what_is_general(values, wanted)):
        return sentence
    first = right_for.index(False)
    return what_differs(cases[first][0], values[first], wanted[first], not any(right_for))


def _pairs_of(first, second) -> Iterator:
    return zip(first, second, strict=True)


def _copied(arguments) -> list:
    return [copy.deepcopy(a) if isinstance(a, np.ndarray | list | tuple) else a for a in arguments]


def _attempt(answer: Answer, arguments, read, right):
    """Return the answer's value as numbers, or what went wrong."""
    try:
        return _numbers(answer(*arguments), read, right)
    except Failure as failure:
        return failure
    except Blank as blank:
        return blank


def _numbers(value, read, right):
    """Return numbers, or the sentence that says why not, beside what came back."""
    try:
        return as_numbers(read(value) if read else value, right)
    except Wrong as wrong:
        wrong.raw = None
        with contextlib.suppress(ValueError, TypeError):
            wrong.raw = np.asarray(value, float)
        return wrong


def _mistaken(wrong, arguments, read, right):
    """Return what a known mistake leads to, also where that is an error."""
    try:
        value = wrong(*_copied(arguments))
        return _numbers([*value] if isinstance(value, Iterator) else value, read, right)
    except Exception as error:
        return Failure(type(error).__name__, "")


def _told_apart(right: Callable, mistakes, cases) -> bool:
    """Say whether cases tell each mistake from what is right, and from those of other sentences.

    For cases that are drawn anew until they do; it takes a moment for each pair of mistakes.
    """
    wanted = [right(*_copied(arguments)) for _, arguments in cases]
    told = [("correct", wanted)]
    for sentence, wrong in mistakes:
        values = [_mistaken(wrong, a, None, w) for (_, a), w in _pairs_of(cases, wanted)]
        if any(
            other != sentence and all(agree(v, o) for v, o in _pairs_of(values, others))
            for other, others in told
        ):
            return False
        told.append((sentence, values))
    return True
