"""Every check: right answers pass, wrong ones are told what is wrong, nothing ever raises."""

from __future__ import annotations

import importlib.util
import time
from collections import Counter

import numpy as np
import pytest
from answer_bank import BANK
from wrong_answers import RIGHT, WRONG

from galaxy_lib import checks
from galaxy_lib.checks import runner

EXERCISES = [name for names in checks.exercises().values() for name in names]


def ids(bank):
    counts: Counter[str] = Counter()
    for name, *_ in bank:
        counts[name] += 1
        yield f"{name}-{counts[name]}"


def test_the_bank_covers_every_exercise() -> None:
    right, wrong = (Counter(name for name, *_ in bank) for bank in (RIGHT, WRONG))
    assert len(EXERCISES) >= 24
    assert len(WRONG) >= 100
    assert not [name for name in EXERCISES if right[name] < 2 or wrong[name] < 3]


@pytest.mark.parametrize(("name", "answer"), RIGHT, ids=ids(RIGHT))
def test_right_answers_are_accepted(name: str, answer: object) -> None:
    result = getattr(checks, name)(answer)
    assert result.passed, result
    assert repr(result) == "correct"


@pytest.mark.parametrize(("name", "answer", "hint"), WRONG, ids=ids(WRONG))
def test_wrong_answers_are_rejected_in_time(name: str, answer: object, hint: str) -> None:
    start = time.perf_counter()
    result = getattr(checks, name)(answer)
    assert time.perf_counter() - start < 4
    assert result.attempted
    assert not result.passed
    assert "\n" not in result.message
    assert len(result.message) < 300
    if hint:
        assert any(words in result.message for words in hint.split("|")), result.message


def test_nine_tenths_of_the_hints_name_the_mistake() -> None:
    assert sum(bool(hint) for *_, hint in WRONG) >= 0.9 * len(WRONG)


@pytest.mark.parametrize("name", EXERCISES)
@pytest.mark.parametrize("answer", [None, ..., np.nan, np.full(3, np.nan), (np.nan, None)], ids=str)
def test_stubs_are_not_attempted_yet(name: str, answer: object) -> None:
    assert repr(getattr(checks, name)(answer)) == "not attempted yet"


@pytest.mark.parametrize("name", EXERCISES)
@pytest.mark.parametrize(
    "answer",
    [
        lambda *a: None,
        lambda *a: "text",
        lambda *a: [[1], [2, 3]],
        lambda *a: object(),
        lambda *a: exit(),
        lambda *a: (_ for _ in ()).throw(KeyboardInterrupt),
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
    ],
)
def test_nothing_makes_a_check_raise_or_pass(name: str, answer: object) -> None:
    result = getattr(checks, name)(answer)
    assert not result.passed
    assert "\n" not in result.message


def test_under_nbgrader_the_same_check_raises(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NBGRADER_EXECUTION", "autograde")
    with pytest.raises(checks.CheckFailed, match=r"^sigmoid: The sign") as caught:
        checks.sigmoid(lambda x: 1 / (1 + np.exp(x)))
    assert caught.value._render_traceback_() == [f"CheckFailed: {caught.value}"]
    with pytest.raises(checks.CheckFailed, match="Every value is NaN"):
        checks.sigmoid(lambda x: np.nan * x)
    assert checks.sigmoid(lambda x: 1 / (1 + np.exp(-x))).passed


def test_a_loop_that_catches_everything_is_given_up() -> None:
    def stubborn(x):
        end = time.perf_counter() + 3
        while time.perf_counter() < end:
            try:
                while time.perf_counter() < end:
                    pass
            except BaseException:
                pass

    start = time.perf_counter()
    result = checks.sigmoid(stubborn)
    assert time.perf_counter() - start < 4
    assert "stopped after 2 s in line" in result.message


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


def test_an_independent_bank_is_judged_rightly() -> None:
    """Written from the exercises' texts alone, by somebody who had not seen the checks."""
    wrongly = []
    for name, kind, mistake, answer in BANK:
        result = getattr(checks, name)(answer)
        fine = result.passed if kind == "right" else result.attempted and not result.passed
        if not fine:
            wrongly.append((name, kind, mistake, result.message))
    assert wrongly == []
    assert len(BANK) > 1000


def test_only_an_untouched_stub_is_not_attempted(tmp_path, monkeypatch) -> None:
    stub = (
        "def sigmoid(x):\n"
        '    """Return g(x)."""\n'
        "    result = np.full(np.shape(x), np.nan)\n"
        "    # YOUR CODE HERE\n"
        "    return result\n"
    )
    printed = stub.replace("# YOUR CODE HERE", "# YOUR CODE HERE\n    print(1 / (1 + np.exp(-x)))")
    added = stub.replace("# YOUR CODE HERE", "result += 1 / (1 + np.exp(-x))")
    silent = printed.replace("    return result\n", "")
    said = []
    for number, source in enumerate((stub, printed, added, silent)):
        path = tmp_path / f"answer_{number}.py"
        path.write_text("import numpy as np\n\n\n" + source, "utf-8")
        spec = importlib.util.spec_from_file_location(path.stem, path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        said.append(repr(checks.sigmoid(module.sigmoid)))
    assert said[0] == "not attempted yet"
    assert "Every value is NaN" in said[1]
    assert "Every value is NaN" in said[2]
    assert "It returns nothing" in said[3]
