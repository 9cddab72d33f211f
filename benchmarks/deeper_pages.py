"""The long measurements of three deeper pages, made by the functions that stand on the pages.

    python benchmarks/deeper_pages.py one_more_layer

A page's code runs up to its cell that is tagged ``measured``, and what that cell defines is asked
for five seeds. The results go to benchmarks/deeper_pages.json, from which the pages quote; a test
compares. Minutes of a quiet core: four for against_learning_by_heart, one or two for the others.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import matplotlib
import numpy as np

ROOT = Path(__file__).resolve().parents[1]
STORED = Path(__file__).with_suffix(".json")
SEEDS = (1, 2, 3, 4, 5)


def definitions(page: str) -> dict:
    """Run a page's code as far as its cell ``measured``; return the names that it knows then."""
    matplotlib.use("Agg")
    path, known = ROOT / "chapters" / "deeper" / f"{page}.ipynb", {}
    for cell in json.loads(path.read_text("utf-8"))["cells"]:
        if cell["cell_type"] == "code":
            exec("".join(cell["source"]), known)
            if "measured" in cell["metadata"].get("tags", []):
                return known
    raise LookupError(f"{path.name} has no cell with the tag measured.")


def one_more_layer(page: dict) -> dict[str, list[float]]:
    """Return the score of one to three hidden layers, after 5,100 updates."""
    kinds = {
        "one hidden layer, sigmoids": (1, page["g"], 1.0),
        "two hidden layers, sigmoids": (2, page["g"], 1.0),
        "one hidden layer, ReLUs": (1, page["rectified"], 0.3),
        "two hidden layers, ReLUs": (2, page["rectified"], 0.3),
    }
    return {
        kind: [float(page["trained"](seed, *how, 300)) for seed in SEEDS]
        for kind, how in kinds.items()
    }


# For pictures as they are and for turned ones: chosen on the validation sets of the seeds 6, 7, 8.
REMEDIES = {
    "as it is": ({}, {}),
    "centred inputs": ({"centred": True, "eta": 3.0}, {"centred": True, "eta": 3.0}),
    "dropout": ({"keep": 0.7}, {"keep": 0.9}),
    "weight decay": ({"decay": 1e-3}, {"decay": 3e-4}),
    "Adam": ({"adam": True, "eta": 1e-3}, {"adam": True, "eta": 3e-3}),
    "decaying steps": ({"decaying": True, "eta": 3.0}, {"decaying": True, "eta": 3.0}),
}


def against_learning_by_heart(page: dict) -> dict[str, list[float]]:
    """Return the score of each remedy for pictures as they are, and turned."""
    trained, right = page["trained"], page["right"]
    runs: dict[str, list[float]] = {}

    def note(kind: str, value: float) -> None:
        runs.setdefault(kind, []).append(float(value))
        print(kind, f"{value:.4f}", flush=True)

    for seed in SEEDS:
        for k, (block, augment) in enumerate((("as they are", None), ("turned", "d4"))):
            by_name = {}
            for remedy, how in REMEDIES.items():
                network, dm = trained(seed, augment=augment, **how[k])
                x, y = page["fresh"](dm)
                by_name[remedy] = network
                note(f"{block}, {remedy}", right(network(x), y))
                note(f"{block}, {remedy}, training set", right(network(dm.training_set()[0]),
                                                               dm.training_set()[1]))  # fmt: skip
            # Two more, with other initial weights.
            three = [by_name["as it is"]]
            three += [trained(seed, augment=augment, weights=seed + n)[0] for n in (10, 20)]
            alone = [network(x) for network in three]
            note(f"{block}, three alone", np.mean([right(z, y) for z in alone]))
            note(f"{block}, an ensemble of three", right(sum(alone), y))
            views = [page["eight_views"](network, x) for network in three]
            note(f"{block}, eight views", right(views[0], y))
            note(f"{block}, ensemble and eight views", right(sum(views), y))
            seen = page["eight_views"](by_name["dropout"], x)
            note(f"{block}, dropout and eight views", right(seen, y))
    return runs


def votes_not_words(page: dict) -> dict[str, list[float]]:
    """Return what each teacher's network is worth after 10,200 updates."""
    runs: dict[str, list[float]] = {}
    for name, targets in page["TARGETS"].items():
        for seed in SEEDS:
            confidence, right, agree = page["asked"](*page["trained"](targets, seed, 600))
            found = {"right": right.mean(), "confidence": confidence.mean(), "agree": agree}
            for what, value in found.items():
                runs.setdefault(f"{name}, {what}", []).append(float(value))
    return runs


PAGES = {
    "against_learning_by_heart": against_learning_by_heart,
    "one_more_layer": one_more_layer,
    "votes_not_words": votes_not_words,
}


def mean_and_error(values: np.ndarray) -> str:
    """Return a mean over seeds and its error, as the pages write them."""
    error = np.std(values, ddof=1) / np.sqrt(len(values))
    return f"{np.mean(values):z.3f} ± {error:.3f}".replace("-", "−")


def table(page: str, runs: dict[str, list[float]]) -> str:
    """Return the table of a page, in Markdown."""
    of = {kind: np.array(values) for kind, values in runs.items()}
    if page == "one_more_layer":
        rows = [
            "| units | one hidden layer | two | two less one | weights |",
            "|:--|--:|--:|--:|:-:|",
        ]
        for units in ("sigmoids", "ReLUs"):
            one, two = (of[f"{n}, {units}"] for n in ("one hidden layer", "two hidden layers"))
            found = map(mean_and_error, (one, two, two - one))
            rows.append(f"| {units} | {' | '.join(found)} | 31,170 and 32,810 |")
    elif page == "votes_not_words":
        rows = ["| taught by | right | less labels | agree | confidence | too sure by |"]
        rows += ["|:--|--:|--:|--:|--:|--:|"]
        for name in ("labels", "majority", "votes"):
            right, sure, agree = (of[f"{name}, {k}"] for k in ("right", "confidence", "agree"))
            gain = mean_and_error(right - of["labels, right"]) if name != "labels" else ""
            found = (mean_and_error(right), gain, mean_and_error(agree), mean_and_error(sure))
            too_sure = f"{np.mean(sure - right):.3f}".replace("-", "−")
            rows.append(f"| {name} | {' | '.join(found)} | {too_sure} |")
    else:
        rows = ["| remedy | as they are | gain | turned | gain | of the training sets |"]
        rows += ["|:--|--:|--:|--:|--:|:-:|"]
        names = [*REMEDIES, "an ensemble of three", "eight views"]
        for name in [*names, "dropout and eight views", "ensemble and eight views"]:
            found = []
            for block in ("as they are", "turned"):
                # An ensemble is held to the mean of its three.
                base = "three alone" if "ensemble" in name else "as it is"
                gain = of[f"{block}, {name}"] - of[f"{block}, {base}"]
                found.append(mean_and_error(of[f"{block}, {name}"]))
                found.append(mean_and_error(gain) if name != "as it is" else "")
            by_heart = [of.get(f"{b}, {name}, training set") for b in ("as they are", "turned")]
            known = [f"{np.mean(values):.3f}" for values in by_heart if values is not None]
            rows.append(f"| {name} | {' | '.join(found)} | {', '.join(known)} |")
    return "\n".join(rows)


def main() -> None:
    """Measure one page and keep what came out beside what is kept of the others."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("page", choices=PAGES)
    name = parser.parse_args().page
    runs = PAGES[name](definitions(name))
    stored = json.loads(STORED.read_text("utf-8")) if STORED.exists() else {}
    stored[name] = {"command": f"python benchmarks/deeper_pages.py {name}", "runs": runs}
    STORED.write_text(json.dumps(stored, indent=1) + "\n", "utf-8")
    print(table(name, runs))


if __name__ == "__main__":
    sys.exit(main())
