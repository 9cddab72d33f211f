"""Checks of the exercises of chapter 6, each beside its known mistakes."""

from __future__ import annotations

import numpy as np

from galaxy_lib.checks.choices import judge_letters
from galaxy_lib.checks.compare import as_numbers, forbid, row_pairs
from galaxy_lib.checks.runner import exercise, judged

# ------------------------------------------------------------------------------------ 6.1


@exercise(6)
def baseline(training_answers, test_answers):
    """Find the fraction right when the answer is always the same."""
    kinds = [*training_answers]
    guess = max(range(10), key=kinds.count)
    return [*test_answers].count(guess) / len(test_answers)


@baseline.cases
def _(rng):
    a, t = np.repeat([0, 2, 7], [29, 50, 20]), np.repeat([0, 1, 2, 3, 7], [30, 6, 20, 8, 16])
    yield (
        "100 galaxies to train on, most of class 2",
        (np.append(0, rng.permutation(a)), rng.permutation(t)),
    )
    common, other, third = (int(k) for k in 3 + rng.permutation(7)[:3])
    a, t = np.repeat([common, other], [9, 5]), np.repeat([common, other, third], [3, 12, 1])
    case = (
        np.append(other, rng.permutation(a)).astype(np.uint8),
        rng.permutation(t).astype(np.uint8),
    )
    yield f"15 galaxies to train on, most of class {common}", case
    a, t = np.repeat([0, 9, 4], [20, 19, 1]), np.repeat([0, 4, 5, 9], [2, 3, 5, 4])
    yield "40 galaxies to train on, most of class 0", (a, t)


def _top(answers):
    return np.bincount(answers).argmax()


def _share(kind, answers):
    return np.mean(np.asarray(answers) == kind)


def _guess(choose):
    return lambda a, t: _share(choose(a, t), t)


baseline.mistakes(
    ("The test set's largest class is not known beforehand: take the training set's.",
     _guess(lambda a, t: _top(t))),
    ("That is the share in the training set: test the guess on the test set.",
     lambda a, t: _share(_top(a), a)),
    ("Guess by the training set, count in the test set: here it is the other way round.",
     lambda a, t: _share(_top(t), a)),
    ("The guess is to come from the training set alone.",
     _guess(lambda a, t: _top(np.concatenate([a, t])))),
    ("Always the same guess is not a random one: it is as good as its class is large.",
     lambda a, t: 0.1),
    ("Always the same guess is not one in proportion.",
     lambda a, t: sum(_share(k, a) * _share(k, t) for k in range(10))),
    ("That is a count: divide by the size of the test set.", lambda a, t: np.sum(t == _top(a))),
    ("Divide by the size of the test set, not of the training set.",
     lambda a, t: np.sum(t == _top(a)) / len(a)),
    ("That is the class: return the fraction that it gets right.", lambda a, t: _top(a)),
    ("That is the rarest class: the most frequent one is to be guessed.",
     _guess(lambda a, t: np.bincount(a, minlength=10).argmin()),
     _guess(lambda a, t: min(np.unique(a), key=[*a].count))),
    ("That is the largest class number: count the galaxies of each class.",
     _guess(lambda a, t: a.max())),
    ("That is the place among the classes that occur, not the class.",
     _guess(lambda a, t: np.unique(a, return_counts=True)[1].argmax())),
    ("That is the class of the first galaxy: count them all.", _guess(lambda a, t: a[0])),
    ("That is the median class: the most frequent one is to be guessed.",
     _guess(lambda a, t: int(np.median(a)))),
    ("That is the mean class: the most frequent one is to be guessed.",
     _guess(lambda a, t: int(np.mean(a))), _guess(lambda a, t: round(np.mean(a)))),
    ("The guess is always class 2: take the most frequent one in training.",
     _guess(lambda a, t: 2)),
    ("Class 0 may be the most frequent one, too.",
     _guess(lambda a, t: 1 + np.bincount(a)[1:].argmax())),
    ("The guess is one class late: the first class is 0.", _guess(lambda a, t: _top(a) + 1)),
    generic="rounded percent complement",
)  # fmt: skip


# ------------------------------------------------------------------------------------ 6.2


@exercise(6)
def confusion_matrix(answers, predictions):
    """Count (10, 10): row the answer, column the prediction."""
    return np.array(
        [[np.sum((answers == i) & (predictions == j)) for j in range(10)] for i in range(10)]
    )


@confusion_matrix.cases
def _(rng):
    a, p = rng.choice([0, 1, 1, 1, 1, 2, 4, 5, 8], (2, 3000)).astype(np.uint8)
    yield "3000 galaxies, none of class 3, 6, 7 or 9", (a, p)
    # Each class occurs, so that a matrix without some of them is told by its shape.
    a, p = (rng.permutation(np.append(np.arange(10), rng.integers(0, 10, 30))) for _ in "ap")
    yield "40 galaxies of any class", (a, p)
    a, p = (rng.permutation(np.append(np.arange(n), rng.integers(0, n, 25 - n))) for n in (6, 4))
    yield "25 galaxies of classes 0 to 5", (a, p)


def _matrix(change):
    return lambda a, p: change(confusion_matrix.right(a, p))


def _rows(M):
    return M / M.sum(1, keepdims=True).clip(1)


confusion_matrix.mistakes(
    ("It is transposed: a row is an answer, a column a prediction.", _matrix(np.transpose)),
    ("These are fractions: return counts.", _matrix(_rows)),
    ("These are fractions of each column: return counts.", _matrix(lambda M: M / M.sum(0).clip(1))),
    ("Absent classes are left out: return 10×10 counts.",
     lambda a, p: confusion_matrix.right(a, p)[np.ix_(*[np.union1d(a, p)] * 2)],
     lambda a, p: confusion_matrix.right(a, p)[np.ix_(np.unique(a), np.unique(p))]),
    ("The matrix ends at the largest class that occurs: return 10×10 counts.",
     lambda a, p: confusion_matrix.right(a, p)[(slice(max(a.max(), p.max()) + 1),) * 2],
     lambda a, p: confusion_matrix.right(a, p)[: a.max() + 1, : a.max() + 1],
     lambda a, p: confusion_matrix.right(a, p)[: a.max() + 1, : p.max() + 1]),
    ("Each place grew once: `M[a, p] += 1` counts repeats once.",
     _matrix(lambda M: np.minimum(M, 1))),
    ("Mistakes are not counted: galaxies beside the diagonal.",
     _matrix(lambda M: np.diag(M.diagonal()))),
    ("Those are the mistakes alone: count what was right, too.",
     _matrix(lambda M: M - np.diag(M.diagonal()))),
    ("Both ways are added: a row is an answer, a column a prediction.", _matrix(lambda M: M + M.T)),
    ("Count pairs (answer, prediction): these are products of two counts.",
     lambda a, p: np.outer(np.bincount(a, minlength=10), np.bincount(p, minlength=10))),
    ("Count galaxies: a galaxy counts 1, not its class.",
     _matrix(lambda M: M * np.arange(10)[:, None]), _matrix(lambda M: M * np.arange(10))),
    ("The counts begin at 1: begin with zeros.", _matrix(lambda M: M + 1)),
    ("The bins lie between the smallest and the largest class: give their edges.",
     lambda a, p: np.histogram2d(a, p, bins=10)[0]),
    ("Both are sorted: each galaxy keeps its prediction.",
     lambda a, p: confusion_matrix.right(np.sort(a), np.sort(p))),
    ("The last galaxy is not counted.", lambda a, p: confusion_matrix.right(a[:-1], p[:-1])),
    generic="flat sum mean shared order left_out",
)  # fmt: skip


# ------------------------------------------------------------------------------------ 6.3


@exercise(6)
def recall(matrix):
    """Find the fraction recognised of each class, (10,); NaN where none."""
    return np.array([row[k] / row.sum() if row.sum() else np.nan for k, row in enumerate(matrix)])


@recall.cases
def _(rng):
    M = rng.permutation(100).reshape(10, 10) + np.diag(np.arange(100, 110))
    M[4] = 0
    yield "a matrix without class 4", (M,)
    M = rng.integers(1, 30, (10, 10))
    M[2, 2], M[6], M[:, 8] = 0, 0, 0
    yield "a matrix without class 6, in which 2 is never recognised and 8 never said", (M,)
    M = rng.integers(0, 9, (10, 10)) + np.eye(10, dtype=int)
    yield "a matrix with all classes", (M,)


def _recall(change):
    return lambda M: change(recall.right(M))


recall.mistakes(
    ("That is precision: divide by the row's sum, the true galaxies.",
     lambda M: M.diagonal() / M.sum(0)),
    ("Divide by the galaxies of each class, not by all.", lambda M: M.diagonal() / M.sum()),
    ("That is the accuracy: give one number for each class.",
     lambda M: M.diagonal().sum() / M.sum()),
    ("Those are counts: divide by the galaxies of each class.", lambda M: M.diagonal()),
    ("Divide by all galaxies of the class, not by the wrong ones.",
     lambda M: M.diagonal() / (M.sum(1) - M.diagonal())),
    ("Recognised are the galaxies on the diagonal, not the largest count of a row.",
     lambda M: M.max(1) / M.sum(1)),
    ("Divide by the sum of the row, not by its largest.", lambda M: M.diagonal() / M.max(1)),
    ("That is the F score: recall is the diagonal by the row's sum.",
     lambda M: 2 * M.diagonal() / (M.sum(1) + M.sum(0))),
    ("A class that is never recognised has recall 0, not NaN.",
     _recall(lambda r: np.where(r == 0, np.nan, r))),
    ("A class that is present has a recall, also where nothing is taken for it.",
     lambda M: np.where(M.sum(0) > 0, recall.right(M), np.nan)),
    ("That is the whole matrix: take its diagonal.", lambda M: M / M.sum(1, keepdims=True)),
    ("Divide each class by its own row, not by the first.",
     lambda M: M.diagonal() / M.sum(1)[0], lambda M: M.diagonal() / M[0].sum()),
    ("Add nothing to the galaxies: where there are none, the result is NaN.",
     lambda M: M.diagonal() / (M.sum(1) + 1)),
    ("That is the other diagonal.", lambda M: M[:, ::-1].diagonal() / M.sum(1)),
    generic="sum mean percent complement absent left_out",
)  # fmt: skip


# ------------------------------------------------------------------------------------ 6.4


@exercise(6)
def most_confused(matrix):
    """Name the answer and the prediction of the most frequent mistake."""
    places = [(i, j) for i in range(10) for j in range(10) if i != j]
    return max(places, key=lambda place: matrix[place])


@most_confused.cases
def _(rng):
    for i, j in ((2, 9), (9, 3), (0, 1), *[rng.permutation(10)[:2]]):
        M = rng.integers(0, 50, (10, 10)) + np.diag(rng.integers(60, 99, 10))
        M[i, j] = 55
        yield f"a matrix whose largest mistake lies in row {i}, column {j}", (M,)
    M = rng.integers(0, 50, (10, 10))
    M[7, 4], M[4, 7] = 55, 52
    yield "a matrix with a weak diagonal, largest mistake in row 7, column 4", (M,)
    M = np.diag(rng.integers(1, 9, 10))
    M[9, 8] = 1
    yield "a matrix with one mistake, in row 9, column 8", (M,)


def _off(M, fill=-1):
    return np.where(np.eye(10, dtype=bool), fill, M)


def _place(table):
    return np.unravel_index(np.asarray(table).argmax(), np.shape(table))


def _at(change):
    return lambda M: _place(change(M))


def _weakest(M):
    row = int(np.argmin(M.diagonal() / M.sum(1)))
    return row, _off(M)[row].argmax()


most_confused.mistakes(
    ("That is on the diagonal: galaxies that were right.", _at(lambda M: M)),
    ("That is the count: return row and column.", lambda M: _off(M).max()),
    ("That is a place in the flattened matrix: return row and column.", lambda M: _off(M).argmax()),
    ("That is a place in the flat matrix, diagonal included: return row and column.",
     lambda M: M.argmax()),
    ("That is the rarest mistake: look for the most frequent one.", _at(lambda M: -_off(M, 10**6))),
    ("Both ways are added: the largest single count is asked for.", _at(lambda M: _off(M + M.T))),
    ("Compare the counts, not their fractions of the row.",
     _at(lambda M: _off(M / M.sum(1, keepdims=True)))),
    ("Compare the counts, not their fractions of the column.", _at(lambda M: _off(M / M.sum(0)))),
    ("Mistakes lie on both sides of the diagonal: this looks above it.",
     _at(lambda M: np.triu(M, 1))),
    ("Mistakes lie on both sides of the diagonal: this looks below it.",
     _at(lambda M: np.tril(M, -1))),
    ("Row and column belong together: the largest single count is asked for.",
     lambda M: (_off(M, 0).sum(1).argmax(), _off(M, 0).sum(0).argmax())),
    ("The largest single count is asked for, not the class with the lowest recall.", _weakest),
    ("That is always the same pair: look into the matrix.", lambda M: (2, 3)),
    ("Mistakes are not between neighbouring classes alone.",
     _at(lambda M: np.where(abs(np.subtract.outer(range(10), range(10))) == 1, M, -1)),
     _at(lambda M: np.where(np.subtract.outer(range(10), range(10)) == -1, M, -1))),
    ("The last class is left out.", _at(lambda M: _off(M)[:9, :9])),
    ("Return two numbers, the row and the column: this has the count, too.",
     lambda M: (*most_confused.right(M), _off(M).max())),
    ("Where the matrix has ten columns, row and column come by a division by ten.",
     lambda M: divmod(_off(M).argmax(), 9)),
    ("The second largest entry of the matrix may be right, too: leave the diagonal out.",
     lambda M: np.unravel_index(np.argsort(M, axis=None)[-2], M.shape)),
    ("Where the diagonal is cut out, the columns behind it move by one.",
     lambda M: _place(M[~np.eye(10, dtype=bool)].reshape(10, 9))),
    ("Compare the counts, not each with its mirror image.", _at(lambda M: _off(M - M.T))),
    ("The largest single count is asked for, not the largest class.",
     lambda M: (M.sum(1).argmax(), _off(M)[M.sum(1).argmax()].argmax())),
    generic="pair",
)  # fmt: skip


# ------------------------------------------------------------------------------------ 6.5


@exercise(6, read=row_pairs)
def find_leaks(train, test):
    """Find pairs (test row, training row) of one picture, turned or not."""
    return _matching(range(8), _equal)(train, test)


@find_leaks.cases
def _(rng):
    train = rng.integers(0, 256, (9, 6, 6, 3), dtype=np.uint8)
    test = rng.integers(0, 256, (9, 6, 6, 3), dtype=np.uint8)
    for row, (known, k) in enumerate(zip(rng.permutation(9)[:8], rng.permutation(8), strict=True)):
        test[row] = _view(train[known], int(k))
    yield "9 pictures, 8 of them in other orientations", (train, test)
    train = rng.integers(0, 250, (9, 5, 5, 3), dtype=np.uint8)
    test = rng.integers(0, 250, (9, 5, 5, 3), dtype=np.uint8)
    test[0] = np.rot90(train[2])
    train[4] = np.rot90(train[2], 2)[:, ::-1]  # a second twin of the same picture
    test[1] = train[5] + 1  # similar, and another
    test[2] = train[6]
    test[2, 2, 2, 1] ^= 1  # equal but for one value
    test[3] = train[7]
    test[3, ..., 1:] ^= 3  # the same red band
    test[5] = test[4][::-1]  # twins among the test pictures
    test[6] = train[8][..., ::-1]  # other colours
    test[7] = rng.permutation(train[0].reshape(25, 3)).reshape(5, 5, 3)  # its pixels, elsewhere
    test[8] = train[3]
    test[8, 0, :2, 0] = train[3, 0, 1::-1, 0]  # the same means, other colours
    yield "pictures that are merely similar", (train, test)
    train = np.concatenate([train[:3], train[:3, ::-1]])
    yield "pictures each with two twins", (train, np.rot90(train[[3, 2, 1, 3]], 1, axes=(1, 2)))
    train = rng.integers(0, 1000, (4, 4, 4, 3)) / 4
    test = np.rot90(train, 3, axes=(1, 2)).copy()
    test[[0, 2], 1, 2, 0] += 0.25  # nearer than half a step of a uint8
    yield "coarsened pictures, in quarters", (train, test[[2, 3, 0, 1]])


def _view(picture, k):
    """Return one of the eight orientations: turned k times, mirrored from the fifth on."""
    turned = np.rot90(picture, k % 4)
    return turned[:, ::-1] if k > 3 else turned


def _matching(views, same, which=lambda found: found):
    def leaks(train, test):
        pairs, seen = [], [[_view(known, k) for k in views] for known in train]
        for row, picture in enumerate(test):
            found = [i for i, known in enumerate(seen) if any(same(v, picture) for v in known)]
            pairs += [(row, i) for i in which(found)]
        return pairs

    return leaks


def _some(views):
    return _matching(views, _equal)


def _like(same):
    return _matching(range(8), same)


def _leaks(change):
    return lambda train, test: change(find_leaks.right(train, test))


def _equal(a, b):
    return a.tobytes() == b.tobytes()  # of equal types and shapes, and much the quicker way


def _near(a, b):
    return np.abs(a.astype(float) - b).max() <= 2


def _colours(a, b):
    return sorted(map(bytes, a.reshape(-1, 3))) == sorted(map(bytes, b.reshape(-1, 3)))


find_leaks.mistakes(
    ("Exact copies alone are found: look for turned and mirrored ones too.", _some([0])),
    ("Mirrored pictures are missed: there are eight orientations.", _some(range(4))),
    ("Turned pictures are missed: there are eight orientations.", _some([0, 4]), _some([0, 4, 6])),
    ("Turns by 90° and 270° are missed: there are eight orientations.", _some([0, 2, 4, 6])),
    ("Pictures that are turned *and* mirrored are missed: there are eight orientations.",
     _some([0, 1, 2, 3, 4]), _some([0, 1, 2, 3, 4, 6])),
    ("Pictures that were left as they are are missed: they leak, too.",
     _some([1, 2, 3, 4, 5, 6, 7])),
    ("Mirrored pictures alone are found: look for those turned only, too.", _some([4, 5, 6, 7])),
    ("Turned pictures alone are found: mirrored ones and copies are missed.", _some([1, 2, 3])),
    ("Equal pixels are asked for: these are merely similar.",
     _like(_near), _like(lambda a, b: np.abs(a.astype(float) - b).max() <= 0.5)),
    ("The same mean or colours make no same picture: compare each pixel at its place.",
     _like(lambda a, b: a.mean() == b.mean()),
     _like(lambda a, b: (a.mean((0, 1)) == b.mean((0, 1))).all()), _like(_colours)),
    ("Another order of the bands is another picture.",
     _like(lambda a, b: any(_equal(a[..., list(order)], b) for order in ((0, 1, 2), (2, 1, 0)))),
     _like(lambda a, b: _equal(np.sort(a), np.sort(b)))),
    ("All three bands are to be equal: this compares the first.",
     _like(lambda a, b: _equal(a[..., 0], b[..., 0]))),
    ("All pixels are to be equal: this compares one.",
     _like(lambda a, b: _equal(a[0, 0], b[0, 0]))),
    ("All pixels are to be equal, not any of them: `.all()`.", _like(lambda a, b: (a == b).any())),
    ("All pixels are to be equal, not most of them.",
     _like(lambda a, b: (a == b).mean() > 0.5), _like(lambda a, b: (a == b).mean() > 0.9)),
    ("A picture may have more than one twin: this stops at the first.",
     _matching(range(8), _equal, lambda f: f[:1])),
    ("A picture may have more than one twin: this keeps the last.",
     _matching(range(8), _equal, lambda f: f[-1:])),
    ("Compare each test picture with each training picture: these are the same rows only.",
     _leaks(lambda p: [q for q in p if q[0] == q[1]])),
    ("Twins within the test set are no leak: compare with the training set alone.",
     lambda a, b: [*find_leaks.right(a, b), *[p for p in find_leaks.right(b, b) if p[0] != p[1]]],
     lambda a, b: [*find_leaks.right(a, b), *[p for p in find_leaks.right(b, b) if p[0] < p[1]]]),
    generic="rows",
)  # fmt: skip


# ------------------------------------------------------------------------------------ 6.6


def _honesty_error(confidence, right, n_groups):
    """Return the calibration errors of many sets of answers, shape (draws, N), at once."""
    order = np.argsort(confidence, kind="stable")
    said, was = confidence[order], np.atleast_2d(right)[:, order]
    edges = np.array_split(np.arange(len(order)), n_groups)
    gaps = [abs(was[:, g].mean(1) - said[g].mean()) * len(g) for g in edges]
    return np.sum(gaps, axis=0) / len(order)


@judged(6)
def by_chance(answer):
    """Say how large a calibration error an honest network has, and how many have a larger one."""
    rng, n_draws = answer.rng, 1000
    # Honest, too sure, not sure enough; the first is what chapter 6 has, 300 galaxies in 6 groups.
    for n, n_groups, bend in ((300, 6, 0.0), (150, 5, -0.06), (240, 4, 0.05)):
        confidence = rng.uniform(0.25, 0.9, n) ** 1.2 + 0.05
        right = rng.random(n) < confidence + bend
        own = _honesty_error(confidence, right, n_groups)[0]
        drawn = _honesty_error(confidence, rng.random((4000, n)) < confidence, n_groups)
        mean, share = drawn.mean(), np.mean(drawn >= own)
        value = answer(confidence, right, n_groups, n_draws, np.random.default_rng(rng.integers(9)))
        given_mean, given_share = (float(v) for v in as_numbers(value, (0.05, 0.5)))
        # Six standard errors of a thousand draws, and of the four thousand here.
        slack = 6 * drawn.std() * (1 / n_draws + 1 / 4000) ** 0.5 + 5e-4
        wide = 6 * (share * (1 - share) * (1 / n_draws + 1 / 4000) + 1e-6) ** 0.5 + 2e-3
        _say_what_is_wrong(given_mean, given_share, own, drawn, confidence, right, slack, wide)
        forbid(
            (abs(given_mean - mean) > slack,
             f"For {n} galaxies in {n_groups} groups: an honest network's mean error is "
             f"{mean:.3f}, not {given_mean:.3f}."),
            (abs(given_share - share) > wide,
             f"For {n} galaxies in {n_groups} groups: a share of {share:.2f} of the honest "
             f"networks has at least this error, not {given_share:.2f}."),
        )  # fmt: skip


def _say_what_is_wrong(given_mean, given_share, own, drawn, confidence, right, slack, wide):
    """Raise the sentence of a known mistake, where the two numbers are off and show it."""
    mean, share = drawn.mean(), np.mean(drawn >= own)
    mean_is_right, share_is_right = (
        abs(given_mean - mean) <= slack,
        abs(given_share - share) <= wide,
    )
    forbid(
        (not np.isfinite([given_mean, given_share]).all(), "Both results are to be numbers."),
        (not mean_is_right and not share_is_right and abs(given_share - mean) <= slack,
         "The order of the two results is wrong."),
        (not mean_is_right and abs(given_mean - own) < 1e-9,
         "The first result is the network's own error: take the mean of the honest ones'."),
        (not mean_is_right and abs(given_mean - 100 * mean) <= 100 * slack,
         "That is in per cent: return fractions."),
        (not mean_is_right and abs(given_mean - np.std(drawn)) <= 1e-3,
         "The first result is the scatter of the errors: take their mean."),
        (not mean_is_right and given_mean > 0.1,
         "These answers are farther from honest than chance makes them: is each galaxy right with "
         "its own confidence as the chance?"),
        (mean_is_right and not share_is_right and abs(given_share - (1 - share)) <= wide,
         "That is the share of honest networks that have a smaller error: count those that have "
         "at least the network's own."),
        (mean_is_right and not share_is_right and abs(given_share - np.mean(drawn >= mean)) <= wide,
         "The second result compares with the mean: compare with the network's own error."),
        (mean_is_right and not share_is_right and abs(given_share - 1000 * share) <= 1000 * wide,
         "The second result is a count: divide it by the number of draws."),
        (mean_is_right and not share_is_right and abs(given_share - 100 * share) <= 100 * wide,
         "The second result is in per cent: return a fraction."),
        (mean_is_right and not share_is_right and abs(given_share - own) < 1e-9,
         "The second result is the network's own error: count the honest ones that have at least "
         "as much."),
    )  # fmt: skip


# ------------------------------------------------------------------------------------ 6.7

# What each graph of 6.7 says, and what is said where another sentence is chosen.
GRAPHS = {
    "graph 1": ("b", "follow the validation curve to its lowest point, and then both to the end."),
    "graph 2": (
        "d",
        "lay a ruler across the bars: which pairs of points lie apart by more than both?",
    ),
    "graph 3": (
        "a",
        "take the point farthest to the right: what does it say, and how often is it so?",
    ),
}


@judged(6)
def graphs(answer):
    """Choose the sentence that each of three graphs bears out."""
    judge_letters(answer.value, GRAPHS, "abcd")
