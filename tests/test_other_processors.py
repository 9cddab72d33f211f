"""The script that emulates older processors takes away what this machine's NumPy would use."""

from __future__ import annotations

import platform

import pytest
from other_processors import ROOT, Processor, ask, check, commands, count, older

NEW = ["X86_V3", "X86_V4", "AVX512_ICL", "AVX512_SPR"]  # NumPy 2.4
OLD = ["SSE41", "AVX", "FMA3", "AVX2", "AVX512F", "AVX512_SKX"]  # NumPy 1.26


@pytest.mark.parametrize(
    ("dispatch", "has", "haswell", "nehalem"),
    [
        (NEW, {"X86_V2", "X86_V3", "X86_V4", "AVX512_ICL"}, NEW[1:3], NEW[:3]),
        (NEW, {"X86_V2", "X86_V3"}, None, NEW[:1]),
        (NEW, {"X86_V2"}, None, None),
        (OLD, {*OLD}, OLD[4:], OLD),
    ],
)
def test_a_processor_does_without_what_came_after_it(dispatch, has, haswell, nehalem):
    can, cannot = older(dispatch, has, "x86_64")
    wanted = {"Haswell": haswell, "Nehalem": nehalem}
    assert {p.name: [*p.without] for p in can} == {k: v for k, v in wanted.items() if v}
    assert len(can) + len(cannot) == 2
    assert all(sentence.endswith(".") and "\n" not in sentence for sentence in cannot)


def test_no_other_family_is_emulated():
    can, (sentence,) = older(["ASIMDHP"], {"ASIMDHP"}, "arm64")
    assert can == []
    assert "(arm64)" in sentence


def test_the_variables_take_effect_or_nothing_is_run():
    here = ask({})
    can, _ = older(here["dispatch"], set(here["has"]), platform.machine())
    for processor in can:
        if not any(here["cores"]):
            pytest.skip("NumPy's BLAS here is not OpenBLAS")
        check(processor, ask(processor.variables))
        with pytest.raises(RuntimeError, match=f"NumPy still uses .*: {processor.name} is not"):
            check(processor, here)
    with pytest.raises(RuntimeError, match="OpenBLAS computes for Haswell, not for Nehalem"):
        check(Processor("Nehalem", ("AVX2",)), {"has": ["SSE41"], "cores": ["Haswell"]})


def test_notebooks_go_to_nbval_and_the_rest_does_not():
    paths = ["tests/test_main.py", "chapters/04_momentum.ipynb"]
    tests, notebooks = commands([str(ROOT / path) for path in paths])
    assert tests[-1].endswith("test_main.py")
    assert "--nbval" not in tests
    assert notebooks[-2:] == ["--nbval", str(ROOT / paths[1])]
    assert commands([str(ROOT / paths[0])]) == [tests]


def test_pytests_closing_line_is_read():
    line = "==== 2 failed, 7 passed, 1 skipped, 3 errors in 1.00s ====\n"
    assert count(line) == {"failed": 2, "passed": 7, "skipped": 1, "error": 3}
