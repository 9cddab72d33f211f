"""Plant faults in a copy of the module, one at a time, and see that its commands notice.

    python tools/plant_faults.py -n 2       all of them, in two copies at a time
    python tools/plant_faults.py stored     those whose name or file contains a word

Works on a copy of what git tracks, with this environment. Each fault runs the smallest part of
`make test`, `make browser` or `make book` that should notice it; all those parts have to pass once
with nothing broken. At the end it says, room by room, how many were planted and noticed.
"""

from __future__ import annotations

import argparse
import os
import queue
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import nbformat

from galaxy_lib.files.datasets import simulated_sample_path

ROOT = Path(__file__).resolve().parents[1]
Edit = Callable[[str], str]


def copy_of_tree(target: Path) -> None:
    """Copy the tracked files, as they are in the work tree."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)


def substitute(old: str, new: str) -> Edit:
    """Return an edit of a text that must change it."""

    def edit(text: str) -> str:
        if old not in text:
            raise LookupError(f"Nothing contains {old!r}: mend this fault.")
        return text.replace(old, new, 1)

    return edit


def in_code(old: str, new: str) -> Edit:
    """Return an edit of a notebook that changes the source of one code cell."""

    def edit(text: str) -> str:
        notebook = nbformat.reads(text, as_version=4)
        for cell in notebook.cells:
            if cell.cell_type == "code" and old in cell.source:
                cell.source = cell.source.replace(old, new, 1)
                return nbformat.writes(notebook)
        raise LookupError(f"No cell contains {old!r}: mend this fault.")

    return edit


def other_number(text: str) -> str:
    """Change one digit in the first stored text output that nbval compares and that has one."""
    notebook = nbformat.reads(text, as_version=4)
    for cell in notebook.cells:
        if "nbval-ignore-output" in cell.metadata.get("tags", []):
            continue
        for output in cell.get("outputs", []):
            if output.output_type == "stream" and re.search(r"\d", output.text):
                output.text = re.sub(
                    r"\d", lambda m: str((int(m[0]) + 1) % 10), output.text, count=1
                )
                return nbformat.writes(notebook)
    raise LookupError("No stored output holds a number: mend this fault.")


def raising_cell(text: str) -> str:
    """Add a cell that raises."""
    notebook = nbformat.reads(text, as_version=4)
    notebook.cells.append(nbformat.v4.new_code_cell("1 / 0"))
    return nbformat.writes(notebook)


def one_more_line(text: str) -> str:
    """Add an empty line, which changes nothing but the file."""
    return text + "\n"


def in_file(name: str, tests: str, *faults: tuple[str, str, str, str]) -> list[tuple]:
    """Return faults of one file: what, the old text, the new text, and the tests that notice it."""
    return [
        (what, name, substitute(old, new), " ".join(f"{tests}::{test}" for test in noticed.split()))
        for what, old, new, noticed in faults
    ]


C, F, K, L = "chapters/", "galaxy_lib/files/", "galaxy_lib/checks/", "galaxy_lib/living/"
NBVAL = "nbval"  # the notebook itself is executed and compared
IN_BROWSER = "tests/browser/test_living.py"
FIFTY = "test_fifty_updates_agree_with_galaxy_lib"
CROSS = "tests/test_cross_entropy.py"
# (what, file, edit, what should notice it: nbval, tests, or the book)
FAULTS: list[tuple[str, str, Edit, str]] = [
    (
        "a formula of the library",
        "galaxy_lib/network.py",
        substitute("z * (1 - z)", "z * (1 + z)"),
        "tests/test_network.py::test_by_hand",
    ),
    (
        "a constant of the drawing",
        "galaxy_lib/simulator/drawing.py",
        substitute("lognormal(rng, 0.0137, 0.17)", "lognormal(rng, 0.0138, 0.17)"),
        "tests/test_golden.py",
    ),
    (
        "random numbers of the drawing in another order",
        "galaxy_lib/simulator/drawing.py",
        substitute(
            "    add_neighbours(rng, sheet, zoom)\n    add_companions(rng, sheet, zoom)\n",
            "    add_companions(rng, sheet, zoom)\n    add_neighbours(rng, sheet, zoom)\n",
        ),
        "tests/test_golden.py",
    ),
    (
        "votes for the label, not for what is drawn",
        "galaxy_lib/simulator/drawing.py",
        substitute("plan.kind, excess, seeing)", "plan.label, excess, seeing)"),
        "tests/test_simulate.py::test_votes_are_for_what_is_drawn_not_for_a_disputed_label",
    ),
    (
        "a sample that is not named by what draws it",
        "galaxy_lib/files/sample.py",
        substitute('galaxy10-simulated-{_drawn_by()}-seed', "galaxy10-simulated-v8-seed"),
        "tests/test_datasets.py::test_the_cache_knows_samples_by_drawing_seed_and_number",
    ),
    (
        "an output edited by hand",
        C + "04_momentum.ipynb",
        substitute("gradient 1   v = 0.5000", "gradient 1   v = 0.5001"),
        NBVAL,
    ),
    (
        "momentum without its 1 − β",
        "galaxy_lib/network.py",
        substitute("share = (1 - beta)", "share = 1"),
        "tests/test_training.py",
    ),
    (
        "cross-entropy: log-sum-exp that overflows",
        "galaxy_lib/network.py",
        substitute("top = u.max(axis=0, keepdims=True)", "top = 0 * u.max(axis=0, keepdims=True)"),
        CROSS,
    ),
    (
        "cross-entropy: targets of 0.99 and 0.01 in training",
        "galaxy_lib/kernels.py",
        substitute("np.exp(log_z) - (y > 0.5)", "np.exp(log_z) - y"),
        CROSS,
    ),
    (
        "cross-entropy: the factor of the squared error",
        "galaxy_lib/network.py",
        substitute("e = z - (y > 0.5)", "e = (z - (y > 0.5)) * z * (1 - z)"),
        CROSS,
    ),
    (
        "cross-entropy: biases without momentum",
        "galaxy_lib/network.py",
        substitute("v_w[:] = beta * v_w + share", "v_w[:] = share"),
        CROSS,
    ),
    (
        "cross-entropy: the loss of the largest output",
        "galaxy_lib/kernels.py",
        substitute("-log_z[y > 0.5]", "-log_z.max(axis=0)"),
        CROSS,
    ),
    (
        "ReLU: a slope where it is off",
        "galaxy_lib/kernels.py",
        substitute("(z_tilde > 0)", "(z_tilde >= 0)"),
        CROSS,
    ),
    (
        "ReLU: the sigmoid's first weights",
        "galaxy_lib/kernels.py",
        substitute("(z_tilde > 0), 2)", "(z_tilde > 0), 1)"),
        CROSS,
    ),
    (
        "a network's file with NaN for weights",
        "galaxy_lib/files/archives.py",
        substitute("not np.isfinite(array).all()", "False"),
        CROSS,
    ),
    (
        "a crop beside the middle",
        "galaxy_lib/pictures.py",
        substitute("(self.side - self.crop) // 2", "(self.side - self.crop) // 2 - self.coarsen"),
        "tests/test_data.py::test_a_crop_is_the_middle_of_each_picture",
    ),
    (
        "the gradients of chapter 7 with the target y",
        C + "07_a_better_output.ipynb",
        in_code("e = z - (y > 0.5)", "e = z - y"),
        NBVAL,
    ),
    ("a stored number", C + "01_exploring_the_data.ipynb", other_number, NBVAL),
    (
        "a number in What came out",
        C + "06_evaluation.ipynb",
        substitute("balanced accuracy is 0.576", "balanced accuracy is 0.676"),
        "tests/test_prose.py",
    ),
    (
        "a row of our network's table",
        C + "05_training.ipynb",
        substitute("0.613 ± 0.028 |", "0.713 ± 0.028 |"),
        "tests/test_prose.py",
    ),
    (
        "coarsening by the wrong slice",
        C + "02_managing_the_data.ipynb",
        in_code("pictures[..., i::c, j::c, :]", "pictures[..., i::c, i::c, :]"),
        NBVAL,
    ),
    (
        "the gradient of chapter 3 without its transpose of the error",
        C + "03_batching.ipynb",
        in_code("e_tilde = A.T @ (e * z * (1 - z))", "e_tilde = A.T @ (e * z)"),
        NBVAL,
    ),
    (
        "calibration error without its weights",
        C + "06_evaluation.ipynb",
        in_code(
            "np.sum(size * abs(confidence - fraction)) / size.sum()",
            "np.mean(abs(confidence - fraction))",
        ),
        NBVAL,
    ),
    (
        "Wilson's interval without its shift",
        C + "06_evaluation.ipynb",
        in_code("(p + 1 / (2 * n))", "(p)"),
        NBVAL,
    ),
    ("a cross-reference", C + "index.md", substitute("notation.md", "notatoin.md"), "book"),
    (
        "a cell edited and not executed, its outputs the same",
        C + "04_momentum.ipynb",
        in_code("Valley()", "Valley()  # as above"),
        "tests/test_notebooks.py",
    ),
    (
        "a stored figure that fits no code",
        C + "04_momentum.ipynb",
        substitute('"eta": 0.039', '"slope": 0.039'),
        "book",
    ),
    ("a raising cell", C + "02_managing_the_data.ipynb", raising_cell, NBVAL),
    # Faults in cells that draw, each behind a figure that carries a claim.
    (
        "figure: the slope of the sigmoid",
        C + "03_batching.ipynb",
        in_code("by_differences = (sigmoid(u + h) - sigmoid(u - h)) / (2 * h)",
                "by_differences = (sigmoid(u + h) - sigmoid(u - h)) / h"),
        NBVAL,
    ),
    (
        "figure: the weights of momentum",
        C + "04_momentum.ipynb",
        in_code("weights = (1 - beta) * beta**age", "weights = (1 - beta) * beta ** (age + 1)"),
        NBVAL,
    ),
    (
        "figure: the path in the valley",
        C + "04_momentum.ipynb",
        in_code("w = descend(0.039, beta)[-1]", "w = descend(0.035, beta)[-1]"),
        NBVAL,
    ),
    (
        "figure: the colour of the middle",
        C + "deeper/light_and_colour.ipynb",
        in_code("red_minus_blue = middle[:, 0] - middle[:, 2]",
                "red_minus_blue = middle[:, 0] - middle[:, 1]"),
        NBVAL,
    ),
    (
        "figure: the bands of a galaxy",
        C + "01_exploring_the_data.ipynb",
        in_code("v = galaxy.data[:, :, band]", "v = galaxy.data[:, :, 2 - band]"),
        NBVAL,
    ),
    (
        "figure: the noise of the gradient",
        C + "deeper/batch_size_and_learning_rate.ipynb",
        in_code("np.sqrt(np.mean(np.square(distances)))", "np.mean(np.square(distances))"),
        NBVAL,
    ),
    (
        "figure: the spread of the walkers",
        C + "deeper/how_large_may_eta_be.ipynb",
        in_code("(1 - beta) / (1 + beta)))", "(1 - beta)))"),
        NBVAL,
    ),
    *in_file(
        "galaxy_lib/training.py", "tests/test_training.py",
        ("the last of the best epochs", "record.validation_accuracy > max(",
         "record.validation_accuracy >= max(",
         "test_the_best_epoch_is_the_first_best_on_the_validation_set"),
        ("the best weights go on being trained", 'setattr(self, f"best_{name}", w.copy("F"))',
         'setattr(self, f"best_{name}", w)',
         "test_the_best_epoch_is_the_first_best_on_the_validation_set"),
        ("faded momentum goes on", "v_w[np.abs(v_w) < FADED] = 0", "pass",
         "test_momentum_that_faded_away_ends_with_the_epoch"),
        ("what is told of the test set is told of the validation set",
         "test = self._evaluate(manager.test_batches())",
         "test = self._evaluate(manager.validation_batches())",
         "test_train_prints_a_line_an_epoch test_five_epochs_are_those_of_the_clear_form"),
    ),
    *in_file(
        "galaxy_lib/network.py", "tests/test_network.py",
        ("the gradient of A without its 2", "grad_A = 2 / S *", "grad_A = 1 / S *",
         "test_by_hand test_gradients_agree_with_central_differences"),
    ),
    *in_file(
        "galaxy_lib/gradient_check.py", "tests/test_network.py",
        ("the check of gradients looks at no weight of B", 'names = "AB" if a is None',
         'names = "AA" if a is None', "test_the_check_says_which_matrix_is_wrong"),
    ),
    *in_file(
        "galaxy_lib/convolution.py", "tests/test_convolution.py",
        ("the places of a window swapped", "transpose(0, 1, 2, 4, 5, 3)",
         "transpose(0, 1, 2, 5, 4, 3)", "test_im2col_by_hand test_im2col_is_what_loops_find"),
        ("slopes spread over a pool's side, not its square", "d / d.dtype.type(size**2)",
         "d / d.dtype.type(size)", "test_spread_is_mean_pool_transposed"),
        ("slopes pass units that are off", "* (f.h_2 > 0))", "* (f.h_2 >= 0))",
         "test_gradients_agree_with_central_differences"),
        ("momentum without its 1 - beta", "v_w += (1 - beta) * slopes[name]",
         "v_w += slopes[name]", "test_an_epoch_is_its_steps_written_out"),
        ("the first weights of a sigmoid", "math.sqrt(2 / (K_1 * n))", "math.sqrt(1 / (K_1 * n))",
         "test_initial_weights"),
    ),
    *in_file(
        "galaxy_lib/data.py", "tests/test_data.py",
        ("training galaxies are never shuffled again",
         "self.training_indices = self.pictures.shuffled(self.training_indices, self.rng)",
         "self.training_indices = self.training_indices.copy()",
         "test_an_epoch_brings_every_training_galaxy_once_in_a_fresh_order"),
        ("the validation set is trained on", "self.test_indices = split\n",
         "self.test_indices = split\n"
         "        self.training_indices = np.concatenate(split[:2])\n",
         "test_validation_is_a_share_of_training_and_leaves_the_test_set_alone"),
        ("the last, short batch is lost", "starts = range(0, len(rows), batch_size)",
         "starts = range(0, len(rows) - batch_size + 1, batch_size)",
         "test_an_epoch_brings_every_training_galaxy_once_in_a_fresh_order"
         " test_test_and_validation_batches_are_the_sets_in_a_fixed_order"),
        ("pictures are never turned",
         "turns = self.rng.integers(orientations, size=len(rows)) if orientations > 1",
         "turns = np.zeros(len(rows), int) if orientations > 1",
         "test_augmented_epochs_meet_each_picture_once_in_every_orientation_in_time"),
        ("the answers of a batch in another order", "ONE_HOT.take(self.ans[rows], axis=0)",
         "ONE_HOT.take(self.ans[np.sort(rows)], axis=0)",
         "test_an_epoch_brings_every_training_galaxy_once_in_a_fresh_order"),
        ("a split that is given is not used", "split = split or self._split(",
         "split = self._split(", "test_a_split_that_was_made_before_is_the_split"),
    ),
    *in_file(
        "galaxy_lib/pictures.py", "tests/test_data.py",
        ("one orientation twice, one never", "if turn >= 4 else pictures",
         "if turn > 4 else pictures", "test_orientations_are_the_eight_of_a_square"),
        ("a picture that is read on demand is its neighbour's", "place_of(row)",
         "place_of(max(row - 1, 0))", "test_pixels_are_those_of_the_plain_formula"),
    ),
    *in_file(
        F + "find.py", "tests/test_files.py",
        ("a link to a file that is gone is passed over", "os.path.lexists(place)",
         "place.exists()", "test_a_link_to_a_file_that_is_gone_is_not_passed_over"),
    ),
    *in_file(
        F + "validate.py", "tests/test_files.py",
        ("a right ascension of -10 is refused", '"ra": (-180, 360)', '"ra": (0, 360)',
         "test_right_ascension_may_be_negative"),
    ),
    *in_file(
        F + "write.py", "tests/test_files.py",
        ("a piece's columns are those of the first rows", "catalogue(ds, name)[rows] for",
         "catalogue(ds, name)[: len(rows)] for",
         "test_a_piece_of_a_file_in_any_order_keeps_pictures_and_labels_together"
         " test_every_byte_of_a_file_of_ours_is_guarded"),
        ("a piece's votes are those of the first rows", "= counts[rows]",
         "= counts[: len(rows)]",
         "test_votes_are_read_described_and_go_into_a_piece"),
        ("columns without checksums", "chunks=np.shape(values), fletcher32=True",
         "chunks=np.shape(values), fletcher32=False",
         "test_every_byte_of_a_file_of_ours_is_guarded"
         " test_a_sample_without_checksums_is_made_again_and_a_touched_one_is_not"),
    ),
    *in_file(
        F + "sample.py", "tests/test_files.py",
        ("a sample's pictures are not looked at",
         'load_block_sums(ds["images"], ds["images"].shape[1])', "pass",
         "test_a_sample_with_a_wrong_byte_is_made_again_and_a_line_says_so"),
    ),
    *in_file(
        F + "validate.py", "tests/test_datasets.py",
        ("classes beyond 9 are taken", "if k not in galaxy_types]", "if k < 0]",
         "test_a_wrong_file_gets_one_sentence_that_says_what"),
        ("Galaxy10 SDSS is taken for DECaLS", "images.shape[1] == 69", "images.shape[1] == 68",
         "test_a_wrong_file_gets_one_sentence_that_says_what"),
    ),
    *in_file(
        F + "write.py", "tests/test_datasets.py",
        ("a piece whose rows are in no order", "rows = np.sort(np.concatenate(chosen))",
         "rows = np.concatenate(chosen)[::-1]",
         "test_a_piece_holds_the_same_galaxies_in_a_picture_a_chunk"),
    ),
    *in_file(
        F + "fetching.py", "tests/test_fetch.py",
        ("any bytes pass for the file",
         "return sha256_of(part) == wanted", "return True",
         "test_a_wrong_file_is_never_put_in_place_and_the_next_call_starts_anew"),
        ("two versions of a file are mixed", 'headers["If-Range"] = validator', "pass",
         "test_a_file_that_changes_between_attempts_is_not_mixed"),
        ("a login page goes into the part", "if not have and not first.startswith(",
         "if have and not first.startswith(", "test_a_login_page_never_touches_the_part"),
    ),
    *in_file(
        F + "parquet.py", "tests/test_small.py",
        ("a damaged picture is taken", "picture.verify()", "pass",
         "test_what_is_no_tenth_of_the_real_file_is_refused_and_the_next_fetch_begins_again"),
        ("a class of -1 is one of 255", "(labels < 0) | (labels >= N_TYPES)",
         "labels >= N_TYPES",
         "test_what_is_no_tenth_of_the_real_file_is_refused_and_the_next_fetch_begins_again"),
        ("labels are sorted and pictures are not", ", places=places)", ")",
         "test_every_picture_stands_where_its_class_does_and_the_file_says_where_it_is_from"
         " test_any_order_of_labels_and_any_row_groups_give_the_same_galaxies"),
    ),
    *in_file(
        F + "small.py", "tests/test_small.py",
        ("another file than the first is taken", "sha256 = first", "pass",
         "test_a_later_fetch_is_held_to_the_first_one"),
        ("the first fetch is held to for ever", "if first != (made_from := _made_from(target)):",
         "made_from = _made_from(target)\n        if first is None:",
         "test_a_later_fetch_is_held_to_the_first_one"),
        ("drawings pass for the real ones", "if found.simulated or sum(", "if sum(",
         "test_a_simulated_file_of_as_many_galaxies_is_not_the_real_ones"),
        ("only some pictures are looked at", "every_picture=True", "every_picture=False",
         "test_a_picture_that_was_damaged_since_is_found_wherever_it_is"),
    ),
    *in_file(
        F + "write.py", "tests/test_small.py",
        ("what a full disk refuses is not looked at", "if self.refused:", "if not self:",
         "test_wherever_a_disk_fills_up_it_is_one_sentence_and_hdf5_does_not_crash"),
    ),
    *in_file(
        F + "reading.py", "tests/test_datasets.py",
        ("sums that overflow", "np.min_scalar_type(255 * coarsen**2)",
         "np.min_scalar_type(127 * coarsen**2)",
         "test_block_sums_use_the_smallest_integers_that_hold_them"),
    ),
    *in_file(
        F + "hdf5.py", "tests/test_datasets.py",
        ("a filter that was skipped is undone", "if not skipped >> i & 1]", "if skipped < 2**30]",
         "test_a_chunk_whose_filter_was_skipped_is_read_as_it_is"),
    ),
    *in_file(
        F + "cache.py", "tests/test_datasets.py",
        ("the cache of another file is used", 'if line["key"] != content.key():',
         'if not line["key"]:',
         "test_another_file_another_coarsening_and_a_changed_file_get_their_own"),
        ("damaged pictures are used",
         'if line["checksums"] != _checksums(cache, content, sums):',
         "if not _checksums(cache, content, sums):",
         "test_a_damaged_cache_is_ignored_and_made_anew"),
    ),
    *in_file(
        F + "cache.py", "tests/test_files.py",
        ("a file that changed while it was read is cached",
         "if content.key() != key:", "if not key:",
         "test_a_file_that_changes_while_it_is_read_leaves_no_cache"),
    ),
    *in_file(
        F + "cache.py", "tests/test_stored.py",
        ("2 % of the room is enough", "< 1.02 * n_bytes", "< 0.02 * n_bytes",
         "test_half_the_room_is_not_enough"),
        ("rows lie where others are looked for", "file.seek(where * picture.nbytes)", "pass",
         "test_on_disk_it_holds_the_same_pictures"),
    ),
    *in_file(
        F + "hdf5.py", "tests/test_agreement.py",
        ("a checksum is taken for pixels", "raw, ours = memoryview(raw)[:-4], False",
         "ours = False",
         "test_a_sound_file_is_sound_for_all"),
        ("a file without its filter is damaged", "if not h5py.h5z.filter_avail(kind):",
         "if not kind:", "test_another_is_refused_by_all_for_the_same_reason"),
    ),
    *in_file(
        F + "validate.py", "tests/test_agreement.py",
        ("bytes in another order are refused",
         "(kind.get_precision(), kind.get_offset()) != (8, 0)",
         "not kind.equal(h5py.h5t.STD_U8LE)", "test_a_sound_file_is_sound_for_all"),
        ("-9999 is a position", "np.isinf(values) | np.isin(values, UNKNOWN)", "np.isinf(values)",
         "test_a_sound_file_is_sound_for_all"),
        ("only who groups by sky minds the positions", "        for name in CATALOGUE:\n"
         "            catalogue(ds, name)\n    except", "        pass\n    except",
         "test_another_is_refused_by_all_for_the_same_reason"),
    ),
    *in_file(
        F + "sample.py", "tests/test_agreement.py",
        ("a sample in a shared cache must be written to",
         "if path.exists() and not _once_unsound(path, n_images, stamp(path)):", "if not path:",
         "test_a_sound_sample_in_a_cache_that_nobody_may_change_is_used"),
    ),
    *in_file(
        F + "hdf5.py", "tests/test_files.py",
        ("two chunks in one place", "if np.any((start + size)[order][:-1] > start[order][1:]):",
         "if not len(start):",
         "test_two_chunks_in_one_place_and_a_chunk_outside_the_grid_are_noticed"),
        ("a chunk unpacks to more than it holds", "unpack.decompress(raw, most + 1)",
         "unpack.decompress(raw)",
         "test_what_unpacks_to_more_than_a_chunk_is_refused_before_memory_goes"
         " test_a_column_is_unpacked_no_further_than_its_chunk"),
    ),
    *in_file(
        F + "disk.py", "tests/test_files.py",
        ("parts of living processes are removed",
         "and pid.isdecimal() and not _is_running(int(pid))", "and pid.isdecimal()",
         "test_parts_of_killed_processes_are_removed_and_those_of_living_ones_stay"),
    ),
    *in_file(
        F + "disk.py", "tests/test_fetch.py",
        ("a file that appeared meanwhile is written over",
         "os.link(temporary, path)", "os.replace(temporary, path); return",
         "test_a_file_that_appears_meanwhile_is_left_as_it_is"),
    ),
    *in_file(
        F + "archives.py", "tests/test_files.py",
        ("packed archives are unpacked to any size", "if any(entry.compress_type for",
         "if any(entry.compress_type > 99 for",
         "test_a_packed_archive_is_refused_before_it_is_unpacked"),
    ),
    *in_file(
        F + "archives.py", CROSS,
        ("whole numbers pass for weights", " or array.dtype.kind != kind:", ":",
         "test_load_accepts_exactly_what_save_writes"),
    ),
    *in_file(
        "galaxy_lib/pictures.py", "tests/test_stored.py",
        ("training from disk in the order of the disk, in every epoch",
         "return rows[np.lexsort((rng.random(len(rows)), turn[block]))]",
         "return rows[np.argsort(self.place[rows])]",
         "test_every_epoch_reads_the_blocks_and_the_rows_in_them_in_another_order"),
        ("blocks are read in the order of the disk",
         "rng.permutation(-(-len(self.place) // self.block_rows)) // BLOCKS_AT_A_TIME",
         "np.arange(-(-len(self.place) // self.block_rows)) // BLOCKS_AT_A_TIME",
         "test_every_epoch_reads_the_blocks_and_the_rows_in_them_in_another_order"),
        ("rows inside a group keep the order of the disk",
         "np.lexsort((rng.random(len(rows)), turn[block]))",
         "np.lexsort((self.place[rows], turn[block]))",
         "test_every_epoch_reads_the_blocks_and_the_rows_in_them_in_another_order"),
    ),
    *in_file(
        F + "joined.py", "tests/test_stored.py",
        ("a negative row is another file's picture", "row = range(len(self))[row]",
         "row = int(row)", "test_a_row_from_the_end_of_joined_files"),
        ("the first row of a file is looked for in the one before", 'side="right"', 'side="left"',
         "test_several_files_are_one"),
        ("an index of the wrong file", "int(row - (self.ends[k] - len(self.parts[k])))",
         "int(row - (self.ends[k - 1] if k > 1 else 0) if k else row)",
         "test_several_files_are_one"),
        ("real and simulated galaxies are joined",
         'bool(ds.attrs.get("simulated")) != bool(first.attrs.get("simulated"))',
         'bool(ds.attrs.get("simulated")) != bool(ds.attrs.get("simulated"))',
         "test_files_that_do_not_belong_together"),
    ),
    *in_file(
        "galaxy_lib/splits.py", "tests/test_data.py",
        ("galaxies 1 arcsec apart are one", "SAME_PLACE = 0.1", "SAME_PLACE = 1.0",
         "test_galaxies_half_an_arcsecond_apart_are_two"),
        ("groups go to the other side", "drawn = int(rng.random() >= n_first / len(rows))",
         "drawn = int(rng.random() < n_first / len(rows))",
         "test_groups_go_to_both_sides_in_proportion"),
        ("sky is shared where the smaller picture says so", "reach[pairs].max(axis=1)",
         "reach[pairs].min(axis=1)",
         "test_half_a_field_reaches_as_far_as_the_larger_scale_and_33_arcsec_if_unknown"),
        ("groups are not counted in the proportions", "        room[side] -= need\n", "",
         "test_groups_go_to_both_sides_in_proportion"),
        ("half a field of 23 arcsec", "HALF_FIELD = 33.0", "HALF_FIELD = 23.0",
         "test_half_a_field_reaches_as_far_as_the_larger_scale_and_33_arcsec_if_unknown"),
    ),
    *in_file(
        "galaxy_lib/survey/calibration.py", "tests/test_survey.py",
        ("a fingerprint of the best weights too", ' and not name.startswith("best_")', "",
         "test_a_fingerprint_is_of_the_weights_in_use"),
        ("the temperature the wrong way round", "dtype=np.float64) / temperature",
         "dtype=np.float64) * temperature", "test_a_part_says_what_the_network_says"),
        ("the sure ones go back to a person", "return p.max(axis=0) < (",
         "return p.max(axis=0) > (",
         "test_a_part_says_what_the_network_says"),
    ),
    *in_file(
        "galaxy_lib/survey/catalogue.py", "tests/test_survey.py",
        ("a file named twice is classified twice",
         "list(dict.fromkeys(file.resolve() for file in files))",
         "[file.resolve() for file in files]", "test_a_file_named_twice_is_classified_once"),
        ("a changed file is not classified again",
         "return not path.exists() or made == _stamp(path)", "return True",
         "test_it_goes_on_and_does_nothing_twice"),
        ("beside the middle", "view.inputs(view.of_sums(sums))",
         "view.inputs(np.roll(view.of_sums(sums), 1, axis=1))",
         "test_the_middle_is_cut_out_as_in_training"),
        ("declination for right ascension", 'for name in ("ra", "dec"))',
         'for name in ("dec", "ra"))', "test_a_part_says_what_the_network_says"),
        ("the calibration of another network", "if calibration.network != fingerprint(network):",
         "if not calibration.network:", "test_the_calibration_of_another_network_is_refused"),
    ),
    *in_file(
        "galaxy_lib/assessment.py", "tests/test_training.py",
        ("precision in the place of recall", "matrix.diagonal() / matrix.sum(axis=1)",
         "matrix.diagonal() / matrix.sum(axis=0)", "test_confusion_matrix_and_recall"),
        ("predictions down, answers across", "answers.astype(int) * N_TYPES + predictions",
         "predictions.astype(int) * N_TYPES + answers", "test_confusion_matrix_and_recall"),
    ),
    *in_file(
        "galaxy_lib/assessment.py", "tests/test_course.py",
        ("the largest class of the test set", "np.bincount(answers).argmax()",
         "np.bincount(test_answers).argmax()",
         "test_baselines_learn_from_the_training_set_alone"),
        ("the nearest neighbour is looked for in the test set", "answers[_nearest(x, x_test)]",
         "test_answers[_nearest(x_test, x_test)]",
         "test_baselines_learn_from_the_training_set_alone"),
        ("the means of the test set", "_nearest(means, x_test)",
         "_nearest(np.stack([x_test[:, test_answers == k].mean(axis=1) for k in kinds], axis=1),"
         " x_test)", "test_baselines_by_hand test_baselines_learn_from_the_training_set_alone"),
        ("an error without its root", "math.sqrt(right * (1 - right) / n)",
         "(right * (1 - right) / n)", "test_a_fraction_with_its_error"),
        ("a row of another epoch", "last, seconds = records[-1]", "last, seconds = records[0]",
         "test_a_row_is_the_epoch_that_was_asked_for"),
    ),
    *in_file(
        "galaxy_lib/course.py", "tests/test_course.py",
        ("baselines of fresh galaxies are those of the test set",
         "baselines(whole, fresh_set(whole))", "baselines(whole)",
         "test_the_table_with_fresh_galaxies"),
        ("fresh galaxies in blocks of other pixels",
         "(len(sums), side, n, side, n, 3)\n            x = view.inputs(blocks.sum(axis=(2, 4)",
         "(len(sums), n, side, n, side, 3)\n            x = view.inputs(blocks.sum(axis=(1, 3)",
         "test_fresh_galaxies_are_seen_as_the_network_sees_its_own"),
        ("chapter 6 keeps the last epoch's line", "turned.history[: turned.best_epoch]",
         "turned.history", "test_the_networks_are_those_of_the_chapters"),
        ("the table's networks start from other weights", "**OUR_NETWORK, **options)",
         '**OUR_NETWORK | {"seed": 2}, **options)', "test_the_networks_are_those_of_the_chapters"),
    ),
    *in_file(
        F + "sample.py", "tests/test_course.py",
        ("fresh galaxies are the sample's", "3000, 300_000_007", "3000, SAMPLE_SEED",
         "test_a_fresh_galaxy_is_in_no_sample"),
        ("the middle is cut a block beside", "picture[:, 64:192, 64:192]",
         "picture[:, 60:188, 64:192]",
         "test_fresh_galaxies_are_drawn_once_and_anew_where_damaged"),
    ),
    *in_file(
        "galaxy_lib/kernels.py", "tests/test_training.py",
        ("a slope of the sigmoid without its 1 - z", "    e_tilde *= 1 - z_tilde\n", "",
         "test_five_epochs_are_those_of_the_clear_form"),
        ("a stalled loss is held to another constant", "-np.log(share).mean()",
         "-np.log(share.mean())",
         "test_what_a_stalled_loss_is_held_to_is_the_least_of_one_output_for_all"),
    ),
    *in_file(
        K + "choices.py", "tests/test_checks.py",
        ("points for the wrong letters", "share=right / len(key)", "share=len(wrong) / len(key)",
         "test_letters_earn_the_share_that_is_right"),
    ),
    *in_file(
        K + "apart.py", "tests/test_grading.py",
        ("an answer reads the solutions", r"|chapters[/\\]+solutions", "",
         "test_a_process_that_is_kept_apart_reads_starts_and_loosens_nothing"),
        ("an answer reads and writes memory", r"|/proc/\w+/mem", "",
         "test_a_process_that_is_kept_apart_reads_starts_and_loosens_nothing"),
        ("an answer takes its guard away", 'event == "object.__setattr__"', 'event == "setattr"',
         "test_a_process_that_is_kept_apart_reads_starts_and_loosens_nothing"),
        ("what the library was handed on is not seen", "(given and handed_on and _is(",
         "(not given and handed_on and _is(",
         "test_work_that_was_handed_on_to_the_library_is_seen"),
    ),
    *in_file(
        K + "compare.py", "tests/test_checks.py",
        ("one per cent off is right", "4: 1e-4, 8: 1e-4", "4: 1e-2, 8: 1e-2",
         "test_wrong_answers_are_rejected"
         " test_each_known_mistake_gets_its_own_sentence_alone"),
    ),
    *in_file(
        K + "runner.py", "tests/test_checks.py",
        ("what lasts from call to call is not looked for", "if not agree(again, wanted[0]):",
         "if again is None:", "test_what_lasts_from_call_to_call_is_found"),
        ("a stub is an answer", "    return value is None\n", "    return False\n",
         "test_stubs_are_not_attempted_yet"),
        ("the seed that is set is not used", 'os.environ.get("CHECK_SEED", "")',
         'os.environ.get("CHECK_SEEDS", "")',
         "test_inputs_are_drawn_anew_or_from_the_seed_that_is_set"),
        ("under nbgrader nothing is raised", "if grading and not result.passed:",
         "if grading and result.passed is None:",
         "test_under_nbgrader_the_same_check_raises"),
        ("one case decides what the mistake was",
         "        if all(\n            agree(value, _mistaken",
         "        if any(\n            agree(value, _mistaken",
         "test_wrong_answers_are_rejected"
         " test_each_known_mistake_gets_its_own_sentence_alone"),
    ),
    *in_file(
        K + "runner.py", "tests/test_grading.py",
        ("code of the checks is an answer", "if fresh and process.is_of_the_checks(handed.answer):",
         "if fresh and not handed.answer:",
         "test_what_an_open_process_would_hand_over_is_refused_where_it_is_judged"),
    ),
    *in_file(
        K + "apart.py", "tests/test_grading.py",
        ("the library may do an answer's work", "if called == name or (", "if (",
         "test_functions_of_the_library_are_no_answers_where_it_counts"),
    ),
    *in_file(
        K + "worker.py", "tests/test_checks.py",
        ("an answer changes its input by 1 %", "0, 1e-9 * size", "0, 2e-2 * size",
         "test_an_input_that_moves_a_little_has_changed"),
        ("a list of inputs never changes",
         "len(before) != len(after) or any(map(_changed, before, after))", "False",
         "test_what_counts_as_a_changed_input"),
        ("another shape is no change", "if before.shape != after.shape or", "if",
         "test_what_counts_as_a_changed_input"),
        ("whole numbers never change", "return bool((before != after).any())", "return False",
         "test_what_counts_as_a_changed_input"),
        ("answers get the inputs themselves",
         "[copy.deepcopy(a) if isinstance(a, kinds) else a for a in arguments]", "[*arguments]",
         "test_an_input_that_moves_a_little_has_changed"),
        ("what an answer writes is taken for its reply", "os.dup2(nowhere, number)", "pass",
         "test_what_an_answer_writes_past_python_is_no_reply"),
        ("an error without its line", '"line": where(lines, function)', '"line": ""',
         "test_an_exception_is_told_with_its_line_and_source"),
    ),
    *in_file(
        L + "figure.py", "tests/test_living.py",
        ("the dashed baseline of the wrong set", "found.labels[: found.n_training]",
         "found.labels[found.n_training :]", "test_the_counts_are_those_of_each_set"),
        ("galaxies in another order than their classes",
         "pictures = np.stack([fine.galaxy(row).data for row in rows])",
         "pictures = np.stack([fine.galaxy(row).data for row in np.sort(rows)])",
         "test_a_galaxy_is_a_tile"),
    ),
    *in_file(
        L + "trainer.py", "tests/test_living.py",
        ("network() forgets the turning", 'settings["view"], settings["turned"])',
         'settings["view"], False)', "test_the_network_turns_as_it_was_trained"),
        ("weights row by row are read column by column",
         "weights.reshape(getattr(network, name).shape)",
         'weights.reshape(getattr(network, name).shape, order="F")',
         "test_a_network_goes_in_and_out"),
        ("a network without biases is shown with some", "weights = np.zeros((sizes[name], 1))",
         "weights = np.ones((sizes[name], 1))", "test_a_network_goes_in_and_out"),
    ),
    *in_file(
        L + "flow.py", "tests/test_living_figures.py",
        ("the drawing and the figure have other weights", "[-0.5, 2, -1]", "[-0.5, 1, -1]",
         "test_the_drawing_has_the_numbers_of_flow"),
    ),
    *in_file(
        L + "volunteer.py", "tests/test_living_figures.py",
        ("a mistyped code is read", "remainder != payload % 1021 or digits", "digits",
         "test_one_wrong_symbol_is_noticed"),
        ("volunteers see the training set", "test, ans = data_manager.test_indices,",
         "test, ans = data_manager.training_indices,",
         "test_the_twenty_are_two_of_each_class_from_the_test_set"),
    ),
    *in_file(
        L + "confusion.py", "tests/test_living_figures.py",
        ("a cell shows the galaxies of its mirror image",
         "(answers == cell // N_TYPES) & (predictions == cell % N_TYPES)",
         "(answers == cell % N_TYPES) & (predictions == cell // N_TYPES)",
         "test_confusion_shows_the_galaxies_of_each_cell"),
    ),
    *in_file(
        L + "pictures.py", "tests/test_living_figures.py",
        ("the corner for the middle",
         "cut = slice((size - side * block) // 2, (size + side * block) // 2)",
         "cut = slice(0, side * block)", "test_middles_are_means_over_blocks"),
    ),
    *in_file(
        L + "src/network.js", IN_BROWSER,
        ("momentum without its 1 - beta", "const share = (1 - beta) / S;", "const share = 1 / S;",
         FIFTY),
        ("cross-entropy: the slope of the squared error", "slope: (z, y) => z - y,",
         "slope: (z, y) => (z - y) * z * (1 - z),", FIFTY),
        ("one orientation twice, one never", "if (turn >= 4) column", "if (turn > 4) column",
         FIFTY),
        ("a bias moves half as far", "descend(this.b, this.v_b, eta);",
         "descend(this.b, this.v_b, eta / 2);", FIFTY),
        ("the last row of an odd number forgets galaxies", "c1 * x[x1 + i] + ", "", FIFTY),
    ),
    *in_file(
        L + "src/sprite.js", IN_BROWSER,
        ("pictures from 0 to 1", "* 0.99 + 0.01", "* 1.0", FIFTY),
        ("blue for green", "rgba[from + 1]", "rgba[from + 2]",
         "test_decoded_pixels_are_the_galaxies"),
    ),
    *in_file(
        "tools/renew.py", "tests/test_class.py",
        ("a student's work is overwritten", "elif mine == note.get(name):", "elif mine:",
         "test_work_is_kept_and_what_is_untouched_is_renewed"),
        ("an answer that became a text is no work", '(cell["cell_type"], ', "(",
         "test_an_answer_that_became_a_text_is_work"),
        ("a page that was run counts as changed", '"".join(cell["source"]))',
         '"".join(cell["source"]), str(cell["outputs"]))',
         "test_work_is_kept_and_what_is_untouched_is_renewed"),
    ),
    *in_file(
        "tools/make_class.py", "tests/test_class.py",
        ("what goes on after a result stands open", "                n -= 1",
         "                n = 0", "test_folding_takes_the_result_and_what_goes_on_with_it"),
        ("START forgets pages that no list has", "others += [f", "_ = [f",
         "test_a_page_that_no_list_has_is_in_start_all_the_same"),
    ),
    *in_file(
        "tools/collect.py", "tests/test_collect.py",
        ("the oldest upload counts", "reverse=True", "reverse=False",
         "test_canvas_with_its_resubmissions_and_late_ones"),
        ("Canvas's LATE is part of a name", "flags=re.I,", "",
         "test_canvas_with_its_resubmissions_and_late_ones"),
        ("copies have no order", "again = int(number[1] or number[2] or 1) if number else 0",
         "again = 0", "test_of_copies_without_times_the_highest_number_counts"),
        ("a clock of another place", "time.astimezone(datetime.UTC).strftime", "time.strftime",
         "test_moodle_in_each_of_its_forms"),
        ("marks before the penalty", "float(row[-2])", "float(row[-4])",
         "test_marks_go_back_into_moodles_worksheet"),
        ("marks are not scaled", "score *= wanted / largest", "pass",
         "test_marks_are_scaled_to_the_largest_grade_and_follow_the_lists_language"),
    ),
    *in_file(
        "tools/handout.py", "tests/test_handout.py",
        ("the references are handed out", 'SECRET = ("chapter_*.py", "generic.py")',
         'SECRET = ("generic.py",)', "test_its_checks_answer_and_do_not_show"),
    ),
    *in_file(
        "galaxy_lib/doctor.py", "tests/test_doctor.py",
        ("a full disk is fine", "if free < NEEDED[thing]", "if free < 0 * NEEDED[thing]",
         "test_each_thing_in_the_way_is_named_with_its_mend"),
        ("little memory is fine", 'if free < NEEDED["memory"]', "if free < 0",
         "test_little_memory_an_old_python_and_a_file_without_galaxies"),
        ("any file is one of galaxies", "    if problem := describe(path).problem:\n        return "
         'Finding("galaxies"', '    if problem := "":\n        return Finding("galaxies"',
         "test_little_memory_an_old_python_and_a_file_without_galaxies"),
        ("a process that says nothing runs", 'done.stdout.strip() == b"42"', "True",
         "test_where_no_process_can_be_started_the_checks_say_so"),
    ),
    *in_file(
        L + "src/picture_file.js", "tests/browser/test_own_picture.py",
        ("the corner of a reader's picture for its middle", "[(width - side) / 2,", "[0 * width,",
         "test_only_the_middle_square_of_another_is_seen"),
        ("all of a reader's picture for its middle half",
         '"middle" ? SIDE / 4 : 0', '"middle" ? 0 : 0',
         "test_a_picture_of_the_samples_size_is_scaled_as_the_samples_are"),
    ),
    ("a bundle that was edited", L + "static/valley.js", one_more_line,
     "tests/test_living.py::test_the_bundles_are_what_the_sources_made"),
    ("a source that was not bundled", L + "src/valley.js", one_more_line,
     "tests/test_living.py::test_the_bundles_are_what_the_sources_made"),
]  # fmt: skip


def room(name: str) -> str:
    """Return the room of the house that a file belongs to."""
    path = Path(name)
    if path.parts[0] == "tools":
        return "tools"
    if path.parts[0] != "galaxy_lib":
        return "notebooks" if path.suffix == ".ipynb" else "pages"
    if path.parts[1] == "living":
        return "living, Python" if path.suffix == ".py" else "living, JavaScript"
    return {"checks": f"checks, {path.stem}", "simulator": "simulator"}.get(
        path.parts[1], path.stem
    )


def command(notice: str, *names: str) -> list[str]:
    """Return the command that should notice a fault, in the notebooks ``names`` for `NBVAL`."""
    if notice == "book":
        # No module of that name can be run; its command lies beside Python.
        jupyter_book = shutil.which("jupyter-book", path=Path(sys.executable).parent)
        return [jupyter_book, "build", ".", "-W", "--keep-going"]
    pytest = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "--tb=line"]
    return [*pytest, "--nbval", *names] if notice == NBVAL else [*pytest, *notice.split()]


class Tree:
    """A copy to plant in, with a cache of its own: another drawing takes the older sample away."""

    def __init__(self, folder: Path, sample: Path) -> None:
        self.root, self.cache, self.sample = folder / "copy", folder / "cache", sample
        copy_of_tree(self.root)
        subprocess.run(["git", "init", "-q"], cwd=self.root, check=True)
        self.cache.mkdir()

    def run(self, argv: list[str]) -> tuple[bool, str]:
        """Say whether a command passes, and what it printed last."""
        if not (self.cache / self.sample.name).exists():
            shutil.copy(self.sample, self.cache)
        # Without bytecode: two faults of one length, in one second, would be one to Python.
        own = {"GALAXY10_CACHE": str(self.cache), "PYTHONPATH": str(self.root)}
        own |= {"OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}
        try:
            done = subprocess.run(
                argv, cwd=self.root, env=os.environ | own, timeout=1800, text=True,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return False, "no end"
        # A test that is skipped, for want of a browser, notices nothing.
        ran = "pytest" not in argv or re.search(r"\d passed", done.stdout)
        return done.returncode == 0 and bool(ran), done.stdout[-2000:]

    @contextmanager
    def planted(self, name: str, edit: Edit) -> Iterator[None]:
        """Plant a fault, and mend it at the end."""
        path = self.root / name
        before = path.read_bytes()
        path.write_bytes(edit(before.decode()).encode())
        try:
            yield
        finally:
            path.write_bytes(before)


def healthy(tree: Tree, faults: list[tuple]) -> bool:
    """Say whether everything that is to notice one of the faults passes without them."""
    noticing = {test for *_, notice in faults for test in notice.split()}
    notebooks = {name for _, name, _, notice in faults if notice == NBVAL}
    # Apart, for two files there have the same name.
    of_browser = {test for test in noticing if test.startswith("tests/browser")}
    tests = {test for test in noticing - of_browser if "/" in test}
    commands = [command(" ".join(sorted(each))) for each in (tests, of_browser) if each]
    commands += [command(NBVAL, *sorted(notebooks))] if notebooks else []
    commands += [command("book")] if "book" in noticing else []
    for argv in commands:
        fine, said = tree.run(argv)
        if not fine:
            print(f"fails with nothing broken: {' '.join(argv)}\n{said}", flush=True)
            return False
    return True


def main(argv: list[str] | None = None) -> int:
    """Return the number of faults that nothing noticed; 1 if something fails without any."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("words", nargs="*", help="plant those whose name or file has all of these")
    parser.add_argument("-n", type=int, default=1, help="copies to plant in at the same time")
    asked = parser.parse_args(argv)
    chosen = [
        fault for fault in FAULTS if all(word in f"{fault[0]} {fault[1]}" for word in asked.words)
    ]
    planted, noticed = Counter(room(name) for _, name, *_ in chosen), Counter()
    with tempfile.TemporaryDirectory() as folder:
        trees: queue.SimpleQueue[Tree] = queue.SimpleQueue()
        for k in range(asked.n):
            (Path(folder) / str(k)).mkdir()
            trees.put(Tree(Path(folder) / str(k), simulated_sample_path()))
        if not healthy(tree := trees.get(), chosen):
            return 1
        trees.put(tree)

        def plant(fault: tuple) -> None:
            what, name, edit, notice = fault
            tree = trees.get()
            try:
                with tree.planted(name, edit):
                    passes, _ = tree.run(command(notice, name))
            finally:
                trees.put(tree)
            noticed[room(name)] += not passes
            print(f"{'MISSED ' if passes else 'noticed'}  {what}, in {name}", flush=True)

        with ThreadPoolExecutor(asked.n) as pool:
            list(pool.map(plant, chosen))
    print("\nroom                planted  noticed")
    for each in sorted(planted):
        print(f"{each:20}{planted[each]:7}{noticed[each]:9}")
    print(f"{'in all':20}{planted.total():7}{noticed.total():9}")
    return planted.total() - noticed.total()


if __name__ == "__main__":
    sys.exit(main())
