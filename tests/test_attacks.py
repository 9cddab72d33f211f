"""A few dozen cases of each kind of `tools/attack.py`: the right data, or one sentence."""

from __future__ import annotations

import sys

import attack
import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="limits and pipes as on Unix")


@pytest.mark.parametrize(
    ("kind", "n"), [("damaged", 90), ("hostile", 54), ("downloads", 40), ("caches", 40)]
)
def test_what_comes_of_it_is_right_or_a_sentence(kind, n):
    counts, bad = attack.attack(kind, range(n), seed=1)
    assert bad == []
    assert counts["right"] + counts["sentence"] == n
    assert counts["right"] > 0
    assert counts["sentence"] > 0 or kind == "caches"


def test_the_campaign_would_notice(tmp_path, monkeypatch):
    """Wrong pictures, wrong labels, a traceback and a sentence of HDF5's are each called bad."""
    good, truth, _ = attack.base("gzip")
    path = tmp_path / "x.h5"
    path.write_bytes(good)
    assert attack.use(path, truth, tmp_path) == "right"
    for name in truth:
        other = truth[name].copy()
        other.flat[4] += 1
        with pytest.raises(attack.Bad, match=f"wrong {name}"):
            attack.use(path, truth | {name: other}, tmp_path)
    with pytest.raises(attack.Bad, match="nothing right can be in it"):
        attack.use(path, None, tmp_path)
    for error in (
        KeyError("x"),
        OSError("errno = 2."),
        ValueError("no full stop"),
        OSError("a\nb."),
    ):
        with pytest.raises(attack.Bad):
            attack.sentence(error)


@pytest.mark.skipif(sys.platform == "win32", reason="a process is ended as on Unix")
def test_a_crash_and_a_sleep_are_bad_and_the_rest_goes_on(monkeypatch, tmp_path):
    script = tmp_path / "attack.py"
    script.write_text(
        "import json, os, sys, time\n"
        "first = int(sys.argv[sys.argv.index('--first') + 1])\n"
        "for number in range(first, 6):\n"
        "    if number == 2:\n"
        "        os.abort()\n"
        "    if number == 4:\n"
        "        time.sleep(60)\n"
        "    print(json.dumps([number, 'right']), flush=True)\n"
    )
    monkeypatch.setattr(attack, "__file__", str(script))
    monkeypatch.setattr(attack, "PATIENCE", -20)
    counts, bad = attack.attack("damaged", range(6))
    assert counts == {"right": 4, "bad": 2}
    assert [line.split(":")[0] for line in bad] == ["damaged 2", "damaged 4"]
