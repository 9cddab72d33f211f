"""Answers that are letters: each stands for one of the sentences that an exercise offers."""

from __future__ import annotations

from galaxy_lib.checks.compare import Unordered, Wrong, forbid


def letters(value, n: int, choices: str) -> list[str]:
    """Read ``n`` letters out of ``choices``, in a list or in one text such as "cab"."""
    if isinstance(value, dict):
        value = [*value.values()]
    some = [*value.replace(",", "").replace(" ", "")] if isinstance(value, str) else value
    forbid(
        (not isinstance(some, list) or isinstance(some, Unordered),
         f"Write {n} letters, as in {[*choices[:n]]}."),
    )  # fmt: skip
    some = [one.strip().lower() if isinstance(one, str) else one for one in some]
    empty = sum(one in (None, "", "?") for one in some)
    forbid(
        (some and empty == len(some), "not attempted yet"),
        (len(some) != n, f"Write {n} letters, one for each: these are {len(some)}."),
        (empty, f"{empty} of {n} letters are missing."),
        (not all(one in [*choices] for one in some),
         f"Each is one of the letters from {choices[0]} to {choices[-1]}."),
    )  # fmt: skip
    return some


def judge_letters(value, key: dict[str, tuple[str, str]], choices: str) -> None:
    """Hold letters to ``key``: by each thing's name, what is right and what is said of the others.

    Raise `Wrong` with their number and the sentence of the first that is wrong.
    """
    named = letters(value, len(key), choices)
    wrong = [name for letter, name in zip(named, key, strict=True) if letter != key[name][0]]
    if wrong:
        right = len(key) - len(wrong)
        again = f"look again at {wrong[0]}: {key[wrong[0]][1]}"
        raise Wrong(f"{right} of {len(key)} are right; {again}", share=right / len(key))
