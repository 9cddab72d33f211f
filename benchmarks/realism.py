"""How close are the simulated galaxies to real ones? Prints every figure of the simulator's goals.

    python benchmarks/realism.py --real FIFTY.h5                       # carry-over takes longest
    python benchmarks/realism.py --real FIFTY.h5 --only pixels speed   # some of it
    python benchmarks/realism.py --real FIFTY.h5 --sheet sheet.png     # and a sheet, five a class

Needs the [realism] extra, PyTorch for the carry-over figure, and 50 real pictures, five a class.
Those passed through JPEG once, so simulated pictures make the same round trip before any
comparison. A figure on pictures that helped to choose the drawing says too
much: `--only heldout` chooses a variant on half of them and judges it on the other half.
"""

from __future__ import annotations

import argparse
import io
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import h5py
import numpy as np

from galaxy_lib.simulator import Plan, draw, drawing, plan_sample

try:
    from PIL import Image
    from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import balanced_accuracy_score, roc_auc_score
    from sklearn.model_selection import StratifiedKFold, StratifiedShuffleSplit, cross_val_predict
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
except ImportError as error:
    raise SystemExit(f"{error}. This benchmark needs Pillow and scikit-learn.") from None

FIGURES = ("pixels", "auc", "carry", "heldout", "hardness", "shortcut", "speed")
# What `heldout` chooses from: how wide the drawing's log-normals are (sizes, light, air, noise).
VARIANTS = {"as drawn": 1.0, "narrower": 0.5, "broader": 1.5}


def jpeg(image, quality=75):
    """Code and decode one picture as JPEG, uint8 (height, width, 3)."""
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "JPEG", quality=quality)
    return np.asarray(Image.open(buffer))


def coarsen(image, c=4):
    """Mean over c x c blocks, float32."""
    height, width, bands = image.shape
    return image.reshape(height // c, c, width // c, c, bands).mean(axis=(1, 3), dtype=np.float32)


def full_jpeg(plan):
    return jpeg(draw(plan).image)


def coarse_jpeg(plan):
    return coarsen(jpeg(draw(plan).image)).astype(np.float16)


def coarse(plan):
    return coarsen(draw(plan).image).astype(np.float16)


def balanced_plans(n, seed):
    """n plans, equally many of each class, none disputed."""
    seeds = np.random.default_rng(seed).integers(2**63, size=n)
    return [Plan(i % 10, i % 10, 0.0, 0.0, int(s)) for i, s in enumerate(seeds)]


def widen(factor):
    """Make this process draw with every log-normal `factor` times as wide."""
    original = drawing.lognormal
    drawing.lognormal = lambda rng, median, sigma: original(rng, median, factor * sigma)


def make(plans, how, workers, factor=1.0):
    """Draw the plans with `workers` processes: the pictures as one array, and the labels."""
    with ProcessPoolExecutor(workers, initializer=widen, initargs=(factor,)) as pool:
        images = np.stack(list(pool.map(how, plans, chunksize=25)))
    return images, np.array([p.label for p in plans])


# ------------------------------------------------------------------------------- pixel statistics


def corners(images, n=40):
    """The four n-pixel corners of every picture, (pictures, 4, n, n, 3)."""
    a, b = slice(None, n), slice(-n, None)
    return np.stack([images[:, i, j] for i in (a, b) for j in (a, b)], axis=1)


def mad(values, axis=None):
    """Robust standard deviation: 1.4826 times the median absolute deviation."""
    middle = np.median(values, axis=axis, keepdims=True)
    return 1.4826 * np.median(np.abs(values - middle), axis=axis)


def pixel_statistics(images):
    """Means, scatters and sky of pictures, in float64: a dict name -> numbers."""
    images = images.astype(np.float64)
    sky = corners(images)
    steps = np.diff(sky, axis=3)
    middle = images[:, 120:136, 120:136].mean(axis=(0, 1, 2))
    return {
        "mean": images.mean(axis=(0, 1, 2)),
        "standard deviation": images.std(axis=(0, 1, 2)),
        "median": np.median(images, axis=(0, 1, 2)),
        "corner median": np.median(sky, axis=(0, 1, 2, 3)),
        "corner 5th, 95th percentile": np.percentile(sky, [5, 95]),
        "corner scatter": mad(sky).reshape(1),
        "corner neighbour scatter": (mad(steps) / np.sqrt(2)).reshape(1),
        "central 16 pixels": middle,
    }


def print_pixels(real, simulated):
    print("\nPixel statistics (real | simulated | ratio)")
    mine = pixel_statistics(simulated)
    for name, value in pixel_statistics(real).items():
        ratio = mine[name] / value
        print(f"  {name:28s} {value.round(1)!s:22s} {mine[name].round(1)!s:22s} {ratio.round(2)}")


# --------------------------------------------------------------------------------- two-sample test


def features(image):
    """Numbers that describe one picture for the two-sample test."""
    p = image.astype(np.float64)
    r, g, b = p[..., 0], p[..., 1], p[..., 2]
    planes = (p.mean(axis=2), r - b, g - (r + b) / 2)
    grid = np.arange(p.shape[0]) - (p.shape[0] - 1) / 2
    ring = np.digitize(np.hypot(grid[:, None], grid[None, :]), [4, 8, 12, 18, 26, 36, 50, 70, 100])
    count = np.bincount(ring.ravel())
    out = [np.bincount(ring.ravel(), plane.ravel()) / count for plane in planes]
    out += [p.mean(axis=(0, 1)), p.std(axis=(0, 1)), np.median(p, axis=(0, 1))]
    sky = min(corners(p[None])[0], key=lambda c: c.std())
    out.append(mad(sky, axis=(0, 1)))
    for channel in np.moveaxis(sky - sky.mean(axis=(0, 1)), 2, 0):
        n, m = channel.shape
        for dy, dx in ((1, 0), (2, 0), (3, 0), (1, 1)):
            product = channel[dy:, dx:] * channel[: n - dy, : m - dx]
            out.append([product.mean() / channel.var()])
    out.append(np.corrcoef(sky.reshape(-1, 3).T)[np.triu_indices(3, 1)])
    outer = p[ring >= 8]
    out.append(np.percentile(outer.mean(axis=1), [1, 10, 50, 90, 99, 99.9]))
    chroma = outer.max(axis=1) - outer.min(axis=1)
    out.append(np.percentile(chroma, [50, 90, 99, 99.9]))
    return np.concatenate([np.ravel(o) for o in out])


def feature_names():
    """Names of the entries of `features`, for --explain."""
    names = [f"{c}{i}" for c in ("lum", "R-B", "G-RB") for i in range(10)]
    names += [f"{s}{c}" for s in ("mean", "std", "median") for c in "RGB"]
    names += [f"noise{c}" for c in "RGB"]
    names += [f"ac{c}{d}" for c in "RGB" for d in ("10", "20", "30", "11")]
    names += ["corrRG", "corrRB", "corrGB"]
    names += [f"outer{q}" for q in (1, 10, 50, 90, 99, 99.9)]
    return names + [f"chroma{q}" for q in (50, 90, 99, 99.9)]


def print_auc(real, simulated, explain=False):
    print("\nTwo-sample test: AUC, 0.5 cannot be told, goal at most 0.75; four ways to make folds")
    x = np.stack([features(p) for p in (*real, *simulated)])
    y = np.repeat([1, 0], [len(real), len(simulated)])
    keywords = {"class_weight": "balanced", "random_state": 0}
    models = {
        "logistic regression": make_pipeline(
            StandardScaler(), LogisticRegression(class_weight="balanced", max_iter=5000)
        ),
        "random forest": RandomForestClassifier(300, min_samples_leaf=3, **keywords),
        "extra trees": ExtraTreesClassifier(300, min_samples_leaf=3, **keywords),
    }
    for name, model in models.items():
        found = []
        for seed in range(4):
            folds = StratifiedKFold(5, shuffle=True, random_state=seed)
            p = cross_val_predict(model, x, y, cv=folds, method="predict_proba")[:, 1]
            found.append(roc_auc_score(y, p))
        print(f"  {name:20s} {np.mean(found):.3f}, single ones {np.round(found, 3)}", flush=True)
    if explain:
        single = [roc_auc_score(y, column) for column in x.T]
        order = np.argsort(-np.abs(np.array(single) - 0.5))
        for i in order[:18]:
            a, b = np.median(x[y == 1, i]), np.median(x[y == 0, i])
            print(f"    {feature_names()[i]:10s} {single[i]:.2f}  real {a:.3g}  simulated {b:.3g}")


# -------------------------------------------------------------------------------------- carry-over


def train_cnn(images, labels, seed, epochs, threads):
    """A small convolutional network on (N, 64, 64, 3) pictures; returns a function -> classes."""
    try:
        import torch
        from torch import nn
    except ImportError:
        raise SystemExit("The carry-over figure needs PyTorch (pip install torch).") from None
    torch.set_num_threads(threads)
    torch.manual_seed(seed)

    def block(n_in, n_out, width=3, stride=1):
        layer = nn.Conv2d(n_in, n_out, width, stride, padding=width // 2, bias=False)
        return nn.Sequential(layer, nn.BatchNorm2d(n_out), nn.ReLU())

    net = nn.Sequential(
        block(3, 32, 5, 2), nn.MaxPool2d(2), block(32, 64), block(64, 64), nn.MaxPool2d(2),
        block(64, 128), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.3), nn.Linear(128, 10),
    ).to(memory_format=torch.channels_last)  # fmt: skip

    def tensor(a):
        x = (torch.tensor(np.asarray(a, np.float32)).permute(0, 3, 1, 2) - 40) / 40
        return x.contiguous(memory_format=torch.channels_last)

    x, y = tensor(images), torch.tensor(labels)
    steps = epochs * (len(x) // 64)
    optimiser = torch.optim.AdamW(net.parameters(), lr=2e-3, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 4e-3, total_steps=steps)
    loss = nn.CrossEntropyLoss(label_smoothing=0.1)
    for _ in range(epochs):
        for rows in torch.randperm(len(x))[: len(x) // 64 * 64].split(64):
            batch = torch.rot90(x[rows], int(torch.randint(4, (1,))), (2, 3))
            batch = batch.flip(3) if torch.rand(1) < 0.5 else batch
            shift = torch.randint(-3, 4, (2,)).tolist()
            optimiser.zero_grad()
            loss(net(batch.roll(shift, (2, 3))), y[rows]).backward()
            optimiser.step()
            schedule.step()
    net.eval()

    def predict(pictures):
        t = tensor(pictures)
        with torch.no_grad():
            views = [torch.rot90(v, k, (2, 3)) for k in range(4) for v in (t, t.flip(3))]
            return sum(net(v).softmax(1) for v in views).argmax(1).numpy()

    return predict


def print_carry(real, answers, args):
    print("\nCarry-over: a CNN trained on simulated pictures alone, goal 55 % on the real ones")
    small = np.stack([coarsen(p) for p in real])
    scores = []
    for seed in range(args.seeds):
        x, y = make(balanced_plans(args.n_carry + 500, 1000 + seed), coarse_jpeg, args.workers)
        n = args.n_carry
        predict = train_cnn(x[:n], y[:n], seed, args.epochs, args.threads)
        found = predict(small)
        here = balanced_accuracy_score(y[n:], predict(x[n:]))
        scores.append(balanced_accuracy_score(answers, found))
        print(f"  seed {seed}: real {scores[-1]:.2f}, unseen simulated {here:.2f}")
        for k in range(10):
            print(f"    class {k} seen as {found[answers == k].tolist()}", flush=True)
    print(f"  mean of {args.seeds} seeds: {np.mean(scores):.3f}")


def by_class(right, answers):
    """Mean and squared standard error of `right` (N,) within each class, (2, 10)."""
    groups = [right[answers == k] for k in range(10)]
    return np.array([(g.mean(), g.var(ddof=1) / len(g)) for g in groups]).T


def print_heldout(real, answers, args, n_splits=20):
    """Choose the variant on a half of the real pictures, judge it on the other; many times.

    What all variants share was drawn with all 50 in view, so the figure is still an upper bound.
    """
    print("\nHeld out: the variant is chosen on 25 real pictures, judged on 25 others, goal 60 %")
    small = np.stack([coarsen(p) for p in real])
    right = {}  # of each variant: by how many of its networks each picture is classified rightly
    for name, factor in VARIANTS.items():
        x, y = make(balanced_plans(args.n_carry, 1000), coarse_jpeg, args.workers, factor)
        networks = [train_cnn(x, y, seed, args.epochs, args.threads) for seed in range(args.seeds)]
        right[name] = np.mean([predict(small) == answers for predict in networks], axis=0)
        share, _ = by_class(right[name], answers)
        print(f"  {name:10s} {share.mean():.3f} on all, by class {share.round(2)}", flush=True)
    splits = StratifiedShuffleSplit(n_splits, test_size=len(real) // 2, random_state=0)
    judged, chosen = [], []
    for fit, judge in splits.split(small, answers):
        chosen.append(
            max(right, key=lambda name: by_class(right[name][fit], answers[fit])[0].mean())
        )
        judged.append(by_class(right[chosen[-1]][judge], answers[judge])[0].mean())
    counts = {name: chosen.count(name) for name in right}
    print(f"  judged halves {np.mean(judged):.3f}, deviation between {n_splits} splits", end=" ")
    # The splits share their pictures: the mean is no surer than so many pictures allow.
    _, squared = by_class(right[max(counts, key=counts.get)], answers)
    print(f"{np.std(judged, ddof=1):.3f}; standard error {np.sqrt(squared.sum()) / 10:.3f}")
    print(f"  chosen {counts}")


# ---------------------------------------------------------------------------------------- hardness


def train_network(x, y, n_updates, seed, n_hidden=400, rate=0.2, beta=0.9, batch=64):
    """The course's network in a few lines, columns are galaxies; yields (update, A, B)."""
    rng = np.random.default_rng(seed)
    b = rng.standard_normal((n_hidden, len(x)), dtype=np.float32) / np.float32(np.sqrt(len(x)))
    a = rng.standard_normal((10, n_hidden), dtype=np.float32) / np.float32(np.sqrt(n_hidden))
    v_a, v_b = np.zeros_like(a), np.zeros_like(b)
    out = np.full((10, len(y)), 0.01, dtype=np.float32)
    out[y, np.arange(len(y))] = 0.99
    update = 0
    while update < n_updates:
        for rows in np.array_split(rng.permutation(len(y)), np.arange(batch, len(y), batch)):
            x_b = x[:, rows]
            z_tilde = 1 / (1 + np.exp(-(b @ x_b)))
            z = 1 / (1 + np.exp(-(a @ z_tilde)))
            e = (z - out[:, rows]) * z * (1 - z)
            e_tilde = (a.T @ e) * z_tilde * (1 - z_tilde)
            v_a += (1 - beta) * (2 / len(rows) * (e @ z_tilde.T) - v_a)
            v_b += (1 - beta) * (2 / len(rows) * (e_tilde @ x_b.T) - v_b)
            a -= rate * v_a
            b -= rate * v_b
            update += 1
        yield update, a, b


def print_hardness(args):
    print("\nHardness: the course's network on 4,000 pictures, goal 35 to 60 % after 4,000 updates")
    images, labels = make(plan_sample(5, 5000), coarse, args.workers)
    rows = np.random.default_rng(0).permutation(len(labels))
    x = np.ascontiguousarray(images[rows].reshape(len(rows), -1).T, dtype=np.float32)
    x, y = x / 255 * np.float32(0.99) + np.float32(0.01), labels[rows]
    print(f"  largest class in the test set {np.bincount(y[4000:]).max() / 1000:.3f}")
    for update, a, b in train_network(x[:, :4000], y[:4000], args.updates, 0):
        if update % (63 * 10) < 63 or update >= args.updates:
            hidden = 1 / (1 + np.exp(-(b @ x[:, 4000:])))
            right = ((a @ hidden).argmax(axis=0) == y[4000:]).mean()
            print(f"  after {update:5d} updates {right:.3f}", flush=True)
    images, labels = make(balanced_plans(3000, 6), coarse, args.workers)
    grey = images.astype(np.float32).mean(axis=3).reshape(3000, -1) / 255
    for name, model, goal in (
        ("logistic regression", LogisticRegression(C=0.01, max_iter=300), 22),
        ("nearest neighbours", KNeighborsClassifier(10), 29),
        ("random forest", RandomForestClassifier(200, random_state=0), 39),
    ):
        right = model.fit(grey[:2400], labels[:2400]).score(grey[2400:], labels[2400:])
        print(f"  {name} on grey pictures {100 * right:.0f} % (real {goal} %)", flush=True)


# -------------------------------------------------------------------------------- shortcuts, speed


def print_shortcut(real, answers, simulated, labels):
    print("\nShortcuts: class from mean colour and brightness alone, goal: real + 10 points")

    def score(pictures, classes):
        x = pictures.mean(axis=(1, 2), dtype=np.float64)
        model = make_pipeline(StandardScaler(), RandomForestClassifier(200, random_state=0))
        folds = StratifiedKFold(5, shuffle=True, random_state=0)
        return (cross_val_predict(model, x, classes, cv=folds) == classes).mean()

    print(f"  50 real pictures {score(real, answers):.2f}")
    groups = [score(simulated[i : i + 50], labels[i : i + 50]) for i in range(0, 500, 50)]
    print(f"  50 simulated pictures, mean of 10 such sets {np.mean(groups):.2f}")
    print(f"  {len(labels)} simulated pictures {score(simulated, labels):.2f}")


def print_speed(n=200):
    plans = plan_sample(1, n)
    draw(plans[0])
    wall, cpu = time.perf_counter(), time.process_time()
    for plan in plans:
        draw(plan)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    print(f"\nSpeed: {n / wall:.0f} pictures a second in one process,")
    print(f"  {n / cpu:.0f} in a second of its own CPU time (what an idle core would do)")


def write_sheet(path, seed=0):
    """Contact sheet of 50: a row a class, five galaxies each."""
    plans = [Plan(k, k, 0.0, 0.0, 100 * seed + 10 * k + i) for k in range(10) for i in range(5)]
    tiles = np.stack([full_jpeg(plan) for plan in plans]).reshape(10, 5, 256, 256, 3)
    Image.fromarray(np.concatenate(np.concatenate(tiles, axis=1), axis=1)).save(path)
    print(f"wrote {path}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--real", type=Path, required=True, help="HDF5 file of real pictures")
    parser.add_argument("--only", nargs="+", choices=FIGURES, default=FIGURES)
    parser.add_argument("--sheet", type=Path, help="write a contact sheet (PNG) here")
    parser.add_argument("--explain", action="store_true", help="name the most telling features")
    parser.add_argument("--seeds", type=int, default=2, help="seeds of the carry-over figure")
    parser.add_argument("--n-carry", type=int, default=5000, help="pictures its CNN trains on")
    parser.add_argument("--epochs", type=int, default=20, help="epochs of its CNN")
    parser.add_argument("--updates", type=int, default=4000, help="of the course's network")
    parser.add_argument("--workers", type=int, default=2, help="processes that draw")
    parser.add_argument("--threads", type=int, default=2, help="threads of PyTorch")
    args = parser.parse_args()
    if args.sheet:
        write_sheet(args.sheet)
    if {"pixels", "auc", "carry", "heldout", "shortcut"} & set(args.only):
        with h5py.File(args.real) as file:
            real, answers = file["images"][:], file["ans"][:]
    if {"pixels", "auc", "shortcut"} & set(args.only):
        simulated, labels = make(balanced_plans(1000, 1), full_jpeg, args.workers)
    if "pixels" in args.only:
        print_pixels(real, simulated)
    if "auc" in args.only:
        print_auc(real, simulated, args.explain)
    if "shortcut" in args.only:
        print_shortcut(real, answers, simulated, labels)
    if "carry" in args.only:
        print_carry(real, answers, args)
    if "heldout" in args.only:
        print_heldout(real, answers, args)
    if "hardness" in args.only:
        print_hardness(args)
    if "speed" in args.only:
        print_speed()


if __name__ == "__main__":
    main()
