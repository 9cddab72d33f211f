"""Right answers pass in any style, wrong ones are told what is wrong, or what is true of them."""

from __future__ import annotations

import _thread
import importlib.util
import inspect
import itertools
import re
import signal
import sys
import threading
import time
from collections import Counter

import numpy as np
import psutil
import pytest
from answer_bank import BANK
from wrong_answers import RIGHT, WRONG

from galaxy_lib import checks
from galaxy_lib.checks import generic, process, runner, worker
from galaxy_lib.checks.choices import judge_letters
from galaxy_lib.checks.compare import Wrong
from galaxy_lib.checks.process import Handed, hand_over

CHECKS = {name: check for names in checks.exercises().values() for name, check in names.items()}
FUNCTIONS = [
    name
    for name, check in CHECKS.items()
    if hasattr(check, "right") and inspect.signature(check.right).parameters
]
SHARED = {sentence for some in generic.MISTAKES.values() for sentence, *_ in some}
# What is said where no mistake is known: an input and what came of it, or an error.
TRUE_OF_ONE_INPUT = r"For |The value is too|It has the shape|The result is a |\w*(Error|Exit)\b"


def ids(bank):
    counts: Counter[str] = Counter()
    for name, *_ in bank:
        counts[name] += 1
        yield f"{name}-{counts[name]}"


@pytest.fixture
def in_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """Run answers as in a browser, without another process."""
    monkeypatch.setattr(process, "start", lambda limit, **how: process.Here())


# -------------------------------------------------------------------------------- what is said


def test_the_bank_covers_every_exercise() -> None:
    right, wrong = (Counter(name for name, *_ in bank) for bank in (RIGHT, WRONG))
    for name, kind, *_ in BANK:
        (right if kind == "right" else wrong)[name] += 1
    assert len(CHECKS) >= 24
    assert not [name for name in CHECKS if right[name] < 2 or wrong[name] < 3]


@pytest.mark.parametrize("name", [name for name in CHECKS if hasattr(CHECKS[name], "right")])
def test_each_known_mistake_gets_its_own_sentence_alone(name: str, in_place: None) -> None:
    check = CHECKS[name]
    value = check.right() if name not in FUNCTIONS else check.right
    assert repr(check(value)) == "correct"
    assert len(check.known) >= 5
    for sentence, wrong in check.known:
        assert sentence in SHARED or repr(check(wrong)) == sentence


@pytest.mark.parametrize("name", FUNCTIONS)
def test_each_shared_mistake_that_an_exercise_names_gets_its_sentence(name, in_place) -> None:
    known = {sentence for sentence, _ in CHECKS[name].known}
    said = set()
    for sentence, wrong in CHECKS[name].known:
        if sentence in SHARED:
            message = repr(CHECKS[name](wrong))
            # It may leave the result as it is, have no meaning for it, or be a special mistake.
            assert message in known | {"correct"} or "OutOfPlace" in message
            said |= {message} & {sentence}
    for word, some in generic.MISTAKES.items():
        named = {sentence for sentence, *_ in some} & known
        assert not named or named & said, f"{word!r} never serves here"


def kept_inputs(monkeypatch: pytest.MonkeyPatch, name: str, seed: str | None) -> list:
    """Return what a check calls an answer with, and the seed that its result keeps."""
    if seed is None:
        monkeypatch.delenv("CHECK_SEED", raising=False)
    else:
        monkeypatch.setenv("CHECK_SEED", seed)
    seen = []

    def several(self, *cases: tuple) -> list:
        for argument in itertools.chain(*cases):
            drawn = getattr(argument, "bit_generator", None)
            seen.append(argument if drawn is None else drawn.state)
        return [0] * len(cases)

    monkeypatch.setattr(runner.Answer, "several", several)
    return [CHECKS[name](right).seed, repr(seen)]


@pytest.mark.parametrize("name", ["count_types", "split", "batches", "gradients"])
def test_inputs_are_drawn_anew_or_from_the_seed_that_is_set(name, monkeypatch) -> None:
    first, second = (kept_inputs(monkeypatch, name, None) for _ in range(2))
    assert first[0] != second[0]
    assert first[1] != second[1]
    assert kept_inputs(monkeypatch, name, str(first[0])) == first, "the seed draws them again"
    assert kept_inputs(monkeypatch, name, "7") == kept_inputs(monkeypatch, name, " 7 ")


@pytest.mark.parametrize("seed", ["seven", "1.5", "-1", "²"])
def test_a_seed_that_is_no_whole_number_is_refused(seed, monkeypatch) -> None:
    monkeypatch.setenv("CHECK_SEED", seed)
    with pytest.raises(ValueError, match=f"should be a whole number .* not {seed!r}") as said:
        checks.sigmoid(right)
    assert "\n" not in str(said.value)


@pytest.mark.parametrize(("name", "answer"), RIGHT, ids=ids(RIGHT))
def test_right_answers_are_accepted(name: str, answer: object) -> None:
    assert repr(CHECKS[name](answer)) == "correct"


@pytest.mark.parametrize(("name", "answer", "hint"), WRONG, ids=ids(WRONG))
def test_wrong_answers_are_rejected(name: str, answer: object, hint: str) -> None:
    result = CHECKS[name](answer)
    assert result.attempted
    assert not result.passed
    assert "\n" not in result.message
    assert len(result.message) < 400
    if hint:
        assert any(words in result.message for words in hint.split("|")), result.message


def test_an_independent_bank_is_judged_rightly() -> None:
    """Written from the exercises' texts alone, by somebody who had not seen the checks."""
    wrongly, named, kinds = [], 0, Counter(kind for _, kind, *_ in BANK)
    for name, kind, mistake, answer in BANK:
        result = CHECKS[name](answer)
        fine = result.passed if kind == "right" else result.attempted and not result.passed
        if not fine:
            wrongly.append((name, kind, mistake, result.message))
        named += kind == "wrong" and not re.match(TRUE_OF_ONE_INPUT, result.message)
    assert wrongly == []
    assert len(BANK) > 1000
    assert named >= 0.85 * kinds["wrong"]


def styles(value):
    """Return a right value in the forms in which students return it."""
    if isinstance(value, tuple):
        parts = [styles(part) for part in value]
        yield from ([*combined] for combined in zip(*parts, strict=True))
        return
    array = np.asarray(value)
    yield array.tolist()
    yield np.repeat(array[..., None], 2, axis=-1)[..., 0]  # a view with gaps
    yield array.astype(np.float32)
    yield np.round(array.astype(float), 3)
    yield array.astype(np.float16 if array.dtype.kind == "f" else float)


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("style", range(5), ids=["list", "view", "float32", "3 digits", "float16"])
def test_a_right_answer_passes_in_any_style(name: str, style: int, in_place: None) -> None:
    right = CHECKS[name].right
    if isinstance(right(*sample(name)), list):
        pytest.skip("a list of pairs, which has a style of its own")
    answer = lambda *case: next(itertools.islice(styles(right(*case)), style, None))  # noqa: E731
    assert repr(CHECKS[name](answer)) == "correct"


def sample(name: str):
    """Return the arguments of one case of a check."""
    return next(CHECKS[name].given[0](np.random.default_rng(1)))[1]


def test_what_is_put_back_up_to_rounding_is_no_change() -> None:
    def numerical_gradient(loss, w, h):
        slopes = []
        for place in np.ndindex(*w.shape):
            w[place] += h
            above = loss(w)
            w[place] -= 2 * h
            slopes.append((above - loss(w)) / (2 * h))
            w[place] += h
        return np.reshape(slopes, w.shape)

    assert checks.numerical_gradient(numerical_gradient).passed


def test_pairs_come_from_a_generator() -> None:
    def momentum_step(w, v, gradient, learning_rate, beta):
        new = beta * v + (1 - beta) * gradient
        yield w - learning_rate * new
        yield new

    assert checks.momentum_step(momentum_step).passed


def test_what_lasts_from_call_to_call_is_found() -> None:
    calls = []

    def updates(n_training, batch_size, n_epochs):
        calls.append(1)
        return -(-n_training // batch_size) * n_epochs + (len(calls) > 1)

    assert "second time" in checks.updates(updates).message


# -------------------------------------------------------------------------- what is no attempt


@pytest.mark.parametrize("name", CHECKS)
@pytest.mark.parametrize("answer", [None, ..., np.nan, np.full(3, np.nan), (np.nan, None)], ids=str)
def test_stubs_are_not_attempted_yet(name: str, answer: object) -> None:
    assert repr(CHECKS[name](answer)) == "not attempted yet"


def test_only_an_untouched_stub_is_not_attempted(tmp_path) -> None:
    stub = (
        "def sigmoid(x):\n"
        '    """Return g(x)."""\n'
        "    value = np.full(np.shape(x), np.nan)\n"
        "    # YOUR CODE HERE\n"
        "    return value\n"
    )
    done = "1 / (1 + np.exp(-x))"
    said = []
    for number, source in enumerate(
        (
            stub,
            stub.replace("# YOUR CODE HERE", f"# YOUR CODE HERE\n    print({done})"),
            stub.replace("# YOUR CODE HERE", f"# YOUR CODE HERE\n    value += {done}"),
            stub.replace("# YOUR CODE HERE", f"# YOUR CODE HERE\n    result = {done}"),
            stub.replace("    return value\n", f"    value = {done}\n"),
            stub.replace("value = np.full(np.shape(x), np.nan)", "return np.sqrt(-1.0 - x**2)"),
        )
    ):
        path = tmp_path / f"answer_{number}.py"
        path.write_text("import numpy as np\n\n\n" + source, "utf-8")
        spec = importlib.util.spec_from_file_location(path.stem, path)
        module = importlib.util.module_from_spec(spec)
        sys.modules[path.stem] = module
        spec.loader.exec_module(module)
        sys.path.insert(0, str(tmp_path))
        said.append(repr(checks.sigmoid(module.sigmoid)))
        sys.path.pop(0)
    assert said[0] == "not attempted yet"
    assert said[1].startswith("Every value is NaN, as in the template")
    assert said[2].startswith("Every value is NaN, as in the template")
    assert said[3] == "`value` is still the template's: did `result` get the result?"
    assert said[4].startswith("It returns nothing")
    assert said[5] == "Every value is NaN."


def test_a_value_under_another_name_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    stub = "updates = None\nbytes_of_pictures = None\n# YOUR CODE HERE"
    monkeypatch.setattr(sys.modules["__main__"], "In", ["", stub], raising=False)
    assert not checks.bytes_of_pictures(None).attempted
    filled = "bytes_of_pictures = None\n# YOUR CODE HERE\ntotal = 17736 * 256 * 256 * 3"
    sys.modules["__main__"].In.append(filled)
    assert "`bytes_of_pictures` is still None" in checks.bytes_of_pictures(None).message


@pytest.mark.parametrize("name", CHECKS)
def test_nothing_makes_a_check_raise_or_pass(name: str) -> None:
    for answer in (
        lambda *a: None,
        lambda *a: "text",
        lambda *a: [[1], [2, 3]],
        lambda *a: object(),
        lambda *a: exit(),
        lambda *a: (_ for _ in ()).throw(KeyboardInterrupt),
        lambda *a: itertools.count(),
        lambda *a: {"a": {1, 2}},
        lambda *a: np.ma.masked_all(3),
        lambda *a: np.array(["a", None], dtype=object),
        lambda: 1,
        print,
        "text",
        [],
        {},
        object(),
        np.zeros((0, 3)),
        np.array(["a"]),
        1j,
        10**400,
        threading.Lock(),
    ):
        result = CHECKS[name](answer)
        assert not result.passed
        assert "\n" not in result.message


# --------------------------------------------------------------------- how an answer is run


def judged(answer, limit: float = 0.3) -> str:
    return repr(runner.judge("sigmoid", hand_over(answer), limit=limit))


def right(x):
    return 1 / (1 + np.exp(-x))


def no_worker_runs() -> bool:
    return not [p for p in psutil.Process().children() if p.status() != psutil.STATUS_ZOMBIE]


def loop(x):
    while True:
        x = x + 1


def in_c(x):
    return sum(range(10**13))


def stubborn(x):
    while True:
        try:
            while True:
                pass
        except BaseException:
            pass


def ends_it(x):
    import os

    os._exit(0)


def test_the_line_is_named_in_a_folder_of_any_name(tmp_path):
    folder = tmp_path / "Übung 星 (1)"
    folder.mkdir()
    path = folder / "answer.py"
    path.write_text("def endless(x):\n    while True:\n        x = x + 1\n", "utf-8")
    names = {"__name__": "__main__"}
    exec(compile(path.read_text("utf-8"), str(path), "exec"), names)
    assert re.search(r"in line [23], `(while True:|x = x \+ 1)`", judged(names["endless"]))


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (loop, "stopped after 0.3 s of computing in line"),
        (in_c, "in line {}, `return sum(range(10**13))`"),
        (stubborn, "stopped after 0.3 s"),
        (ends_it, "It ended the process"),
    ],
)
def test_what_does_not_end_is_ended(answer, words: str) -> None:
    assert words.format(answer.__code__.co_firstlineno + 1) in judged(answer)
    assert no_worker_runs()
    assert threading.active_count() < 10
    assert judged(right, limit=2) == "correct"


def test_an_interrupt_leaves_nothing_running() -> None:
    # Where the shell ignores interrupts, as behind nohup, Python would too.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        threading.Timer(1.0, _thread.interrupt_main).start()
        with pytest.raises(KeyboardInterrupt):
            judged(loop, limit=60)
    finally:
        signal.signal(signal.SIGINT, before)
    assert no_worker_runs()
    assert judged(right, limit=2) == "correct"


def test_imports_are_not_counted(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = "import time\nwhile time.process_time() < {}:\n    pass\n"
    (tmp_path / "slow_to_import.py").write_text(slow.format(0.9), "utf-8")
    monkeypatch.syspath_prepend(tmp_path)

    def answer(x):
        import slow_to_import

        return 1 / (1 + np.exp(-x)) + 0 * len(slow_to_import.__name__)

    process.start(1).kill()  # so that its clock begins at 0
    assert judged(answer, limit=0.3) == "correct"


def test_waiting_is_not_computing() -> None:
    message = judged(lambda x: time.sleep(3600))
    assert "it computes nothing there" in message


def test_the_worker_holds_no_right_value() -> None:
    def answer(x):
        import sys

        return sum(name.split(".")[0] == "galaxy_lib" for name in sys.modules) + 0 * x

    worker = process.start(2, fresh=True)
    assert runner.Answer("sigmoid", hand_over(answer), worker, np.random.default_rng(1))(
        np.zeros(3)
    ).tolist() == [0, 0, 0]
    worker.kill()


def test_an_exception_is_told_with_its_line_and_source() -> None:
    def answer(x):
        y = x
        return y @ np.ones(7)

    line = answer.__code__.co_firstlineno + 2
    message = checks.sigmoid(answer).message
    assert message.startswith(f"ValueError in line {line}, `return y @ np.ones(7)`: ")


def test_prints_and_warnings_of_an_answer_stay_inside(capfd, recwarn) -> None:
    def answer(x):
        print("here", x)
        np.log(-1.0 * np.ones(1))
        return 1 / (1 + np.exp(-x))

    assert checks.sigmoid(answer).passed
    assert capfd.readouterr() == ("", "")
    assert not recwarn.list


def test_under_nbgrader_the_same_check_raises(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NBGRADER_EXECUTION", "validate")
    monkeypatch.setenv("CHECK_SEED", "7")
    with pytest.raises(checks.CheckFailed, match=r"^sigmoid: .*CHECK_SEED=7\)$") as caught:
        checks.sigmoid(lambda x: 1 / (1 + np.exp(x)))
    assert caught.value._render_traceback_() == [f"CheckFailed: {caught.value}"]
    with pytest.raises(checks.CheckFailed, match=r"not attempted yet$"):
        checks.sigmoid(None)
    assert checks.sigmoid(lambda x: 1 / (1 + np.exp(-x))).passed


def test_what_is_handed_over_is_read_as_nothing_else() -> None:
    handed = hand_over(right)
    assert Handed.from_text(handed.to_text()) == handed
    for text in ("", "{}", "[1]", '{"answer": 3}', handed.to_text().replace('"first"', '"last"')):
        with pytest.raises(ValueError, match="no answer that was handed over"):
            Handed.from_text(text)


def test_progress_counts_what_is_solved(capsys: pytest.CaptureFixture) -> None:
    runner._results.clear()
    checks.age_weight(lambda beta, k: (1 - beta) * beta**k)
    checks.descend(lambda *a: 1)
    checks.progress(4)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["4.1", "age_weight", "solved"]
    assert [line.split(maxsplit=2)[2] for line in lines[1:3]] == [
        "not attempted yet",
        "not solved yet",
    ]
    assert lines[-1] == "1 of 4 exercises solved"


@pytest.mark.parametrize("by", [0.01, 1e-4])
def test_an_input_that_moves_a_little_has_changed(by: float) -> None:
    def sigmoid(x):
        result = 1 / (1 + np.exp(-x))
        x *= 1 - by
        return result

    result = checks.sigmoid(sigmoid)
    assert not result.passed
    assert "changes its input `x`" in result.message


X = np.linspace(-2, 3, 6).reshape(2, 3)


@pytest.mark.parametrize(
    ("before", "after", "changed"),
    [
        (X, X * (1 + 1e-12), False),  # rounding
        (X, X * 0.99, True),
        (X, X + 1e-7, True),
        (X, X.T, True),
        (X, X.reshape(3, 2), True),
        (X, X[:1], True),
        (X, X.astype(np.float32), True),
        (0 * X, 0 * X + 1e-30, True),
        (X * np.nan, X * np.nan, False),
        (X * np.nan, X, True),
        (np.array([1.0, np.inf]), np.array([1.0, np.inf]), False),
        (np.arange(5), np.arange(5), False),
        (np.arange(5), np.array([0, 1, 2, 3, 5]), True),
        (X > 0, X >= 0, True),
        ([X, X], [X, X], False),
        ([X, X], [X, 0.99 * X], True),
        ((X, [X]), (X, [X + 1]), True),
        ([X], [X, X], True),
        ([X, X], [X], True),
    ],
)
def test_what_counts_as_a_changed_input(before, after, changed) -> None:
    assert worker._changed(before, after) is changed


def test_letters_earn_the_share_that_is_right() -> None:
    key = {"rain": ("a", "it is wet"), "sun": ("b", "it is dry"), "snow": ("c", "it is cold")}
    judge_letters("a b c", key, "abc")
    with pytest.raises(Wrong, match="1 of 3 are right; look again at sun: it is dry") as caught:
        judge_letters("acb", key, "abc")
    assert caught.value.share == 1 / 3


def test_a_worker_ends_where_other_processes_are_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    def hidden(*arguments, **options):
        raise PermissionError(13, "Permission denied", "/proc/1/stat")

    monkeypatch.setattr(psutil.Process, "children", hidden)
    worker = process.start(2, fresh=True)
    worker.kill()
    assert not worker.alive


def test_what_an_answer_writes_past_python_is_no_reply() -> None:
    def sigmoid(x):
        import os

        os.write(1, b"8 bytes, " * 100)
        return 1 / (1 + np.exp(-x))

    assert checks.sigmoid(sigmoid).passed


# ------------------------------------------------------------------- numbers worked out by hand


def test_gradients_of_the_fourth_power_by_hand() -> None:
    # z − y = 1/2, so 4(z − y)³ = 1/2; the output's slope is 1/4, and tanh's at 0.6 is 0.64.
    zt, z, y = np.array([[0.6], [0.0]]), np.array([[0.5]]), np.array([[0.0]])
    assert np.allclose(checks.gradient_A.right(zt, z, y), [[0.5 * 0.25 * 0.6, 0]])
    x, A = np.array([[2.0]]), np.array([[3.0, -8.0]])
    by_hand = [[3 * 0.125 * 0.64 * 2], [-8 * 0.125 * 1 * 2]]
    assert np.allclose(checks.gradient_B.right(A, x, zt, z, y), by_hand)


def test_both_gradients_of_a_batch_by_hand() -> None:
    # Without hidden sums, tanh is 0 with slope 1, and every output is 1/2.
    A, B, x = np.array([[2.0]]), np.zeros((1, 2)), np.array([[1.0, 3.0], [0.0, 1.0]])
    y = np.array([[0.0, 1.0]])  # errors 1/2 and −1/2: 4e³z(1 − z) is 1/8 and −1/8
    grad_A, grad_B = checks.gradients.right(A, B, x, y)
    assert np.allclose(grad_A, [[0.0]])
    assert np.allclose(grad_B, [[2 * (1 / 8 - 3 / 8) / 2, 2 * (0 - 1 / 8) / 2]])


def test_gradients_of_layers_by_hand() -> None:
    # All weights but the last matrix's are 0: each hidden unit says 1/2, with slope 1/4.
    weights = [np.zeros((2, 1)), np.zeros((2, 2)), np.array([[4.0, 0.0], [0.0, 4.0]])]
    x, y = np.array([[3.0]]), np.array([[0.99], [0.01]])
    first, second, third = checks.gradients_of_layers.right(weights, x, y)
    assert np.allclose(third, [[-0.25, -0.25], [0.25, 0.25]])  # (1/2 − t) · 1/2
    assert np.allclose(second, [[-0.25, -0.25], [0.25, 0.25]])  # 4 · (∓1/2) · 1/4 · 1/2
    assert np.allclose(first, 0)  # the second matrix is 0: nothing goes back through it


def test_gradients_of_layers_follow_the_loss() -> None:
    from galaxy_lib import network

    def loss(*weights):
        z = x
        for W in weights[:-1]:
            z = network.sigmoid(W @ z)
        return network.cross_entropy(weights[-1] @ z, y)

    (weights, x, y), h = sample("gradients_of_layers"), 1e-5
    for i, gradient in enumerate(checks.gradients_of_layers.right(weights, x, y)):
        step = np.zeros_like(gradient)
        step[1, 2] = h
        up, down = ([W + s * step * (j == i) for j, W in enumerate(weights)] for s in (1, -1))
        assert (loss(*up) - loss(*down)) / (2 * h) == pytest.approx(gradient[1, 2], abs=1e-8)


def test_the_temperature_by_hand() -> None:
    # Two outputs whose sums differ by 2, right in 3 of 4 cases: at its best e^(2/T) is 3.
    u = np.array([[2.0] * 4, [0.0] * 4])
    y = np.where([[True, True, True, False], [False, False, False, True]], 0.99, 0.01)
    assert checks.temperature.right(u, y) == pytest.approx(2 / np.log(3), rel=1e-6)


def test_an_epoch_of_one_galaxy_by_hand() -> None:
    # One weight each: z̃ = z = 1/2 for B = A = 0, y = 0: the gradient of A is 2 · ½ · ¼ · ½.
    zero, one = np.zeros((1, 1)), np.ones((1, 1))
    A, B = checks.mended_epoch.right(zero, zero, one, zero, np.array([0]), 1, 0.8, 0.5)
    assert A.item() == pytest.approx(-0.8 * 0.5 * 0.125)
    assert B.item() == 0


def test_shapes_that_do_not_fit_are_told_as_shapes() -> None:
    def plain(z_tilde, z, y):
        e = z - y
        return e @ z_tilde

    def called(z_tilde, z, y):
        return abs(z - y) @ np.tanh(z_tilde)

    fits_not = r"the shapes do not fit: `{}` is \(4, 1\) and `z_tilde` is \(4, 1\)"
    assert re.search(fits_not.format("e"), checks.gradient_A(plain).message)
    assert "z_tilde is (4, 1)" in checks.gradient_A(called).message
    no_source = eval("lambda z_tilde, z, y: (z - y) @ z_tilde")
    for answer in (plain, called, no_source):
        message = checks.gradient_A(answer).message
        assert "the shapes do not fit" in message
        assert "gufunc" not in message


def test_nan_is_named_only_where_nothing_else_is_wrong() -> None:
    def steps_needed(gradient, w, learning_rate, betas, tolerance, max_steps, follow=False):
        counts, v = [], np.zeros_like(w)
        for beta in betas:
            point, n = w, 0
            v = v if follow else np.zeros_like(w)
            while n < max_steps and np.linalg.norm(gradient(point)) >= tolerance:
                v = beta * v + (1 - beta) * gradient(point)
                point, n = point - learning_rate * v, n + 1
            counts.append(n)
        return counts

    assert "overflows to NaN" in checks.steps_needed(steps_needed).message
    carried = checks.steps_needed(lambda *a: steps_needed(*a, follow=True)).message
    assert carried == "The velocity of the last β goes on: begin again at 0."
