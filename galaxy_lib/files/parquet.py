"""Galaxies that come as a Parquet file, as data sets on the Hugging Face hub do: into our form.

A row has ``image``, a struct with the bytes of an encoded picture, and ``label``, its class. There
is nothing else: no position, redshift or scale. It takes pyarrow, which the extra [survey] brings.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from galaxy_lib.checked import FilePath, Text, Whole, checked
from galaxy_lib.files.disk import from_the_extra, in_threads, n_workers, sha256_of
from galaxy_lib.files.hdf5 import Damaged
from galaxy_lib.files.validate import CATALOGUE, MOST, existing
from galaxy_lib.files.write import check_new, pack, write
from galaxy_lib.galaxy import N_TYPES

SIDE = 256  # pixels, as in the data set
FEW = 16  # pictures in memory at a time, still encoded
BUFFER = 2**20  # bytes read at a time: a row group may be the whole file
LARGEST = 2**20  # bytes of one encoded picture; without any packing it would take 200 kB
LABELS = (
    "The column 'label' of the Parquet file, taken as it is, in the order of the classes of "
    "Galaxy10 DECaLS. Rows are sorted by class; which rows of the original file they are, and "
    "where they are on the sky, it does not say."
)


@checked
def convert(
    parquet: FilePath, file: FilePath, *, source: Text | None = None, n_rows: Whole | None = None
) -> None:
    """Write the pictures and labels of a Parquet file to a new file of galaxies.

    It goes picture by picture, so that no more is in memory than a few of them and the page of the
    Parquet file that holds them. Rows are sorted by class, as in the data set, and within a class
    in the order of the Parquet file; ``ra``, ``dec``, ``redshift`` and ``pxscale`` are NaN.
    Attributes say where all this is from: ``source``, ``sha256`` of the Parquet file and
    ``labels``.

    Parameters
    ----------
    source : str, optional
        Where the Parquet file comes from; without it, its name.
    n_rows : int, optional
        How many rows it must have.

    Raises
    ------
    FileExistsError
        If ``file`` exists.
    ValueError
        If columns, their number of rows, a label or a picture are not what they should be.
    OSError
        If the Parquet file cannot be read or is damaged, or ``file`` cannot be written.
    ModuleNotFoundError
        If the extra ``[survey]`` is not installed: with the line that brings it.
    """
    with from_the_extra():
        import pyarrow.parquet  # noqa: F401

    check_new(file)
    existing("parquet", parquet)
    with _opened(parquet) as table:
        labels = _labels(parquet, table, n_rows)
        places = np.empty(len(labels), int)
        places[np.argsort(labels, kind="stable")] = np.arange(len(labels))
        attributes = {"source": source or parquet.name, "labels": LABELS}
        attributes["sha256"] = sha256_of(parquet)
        columns = {name: np.full(len(labels), np.nan) for name in CATALOGUE}

        def packed(row: tuple[int, bytes]) -> bytes:
            return pack(_decoded(f"{parquet}: row {row[0]}", row[1]))

        pictures = in_threads(packed, enumerate(_encoded(parquet, table)), n_workers())
        write(file, SIDE, np.sort(labels), pictures, columns, attributes, places=places)


@contextmanager
def _damage_told(path: Path) -> Iterator[None]:
    """Turn what pyarrow says of a file's bytes into one sentence."""
    import pyarrow

    try:
        yield
    except MemoryError:  # pyarrow's own among them, which a damaged length brings about
        raise Damaged(f"{path} is damaged, or takes more memory than there is.") from None
    except (pyarrow.ArrowException, OSError) as error:
        if isinstance(error, OSError) and error.errno:
            raise OSError(f"{path} cannot be read: {error.strerror}.") from None
        raise Damaged(f"{path} is no Parquet file, or a damaged one; get it anew.") from None


@contextmanager
def _opened(path: Path) -> Iterator:
    """Open a Parquet file whose columns are those of pictures with labels."""
    import pyarrow as pa
    from pyarrow.parquet import ParquetFile

    if not path.is_file():
        raise OSError(f"{path} is not a file; name the file itself.")
    with _damage_told(path):
        # Not mapped, and in small pieces: a row group may be the whole file.
        table = ParquetFile(path, buffer_size=BUFFER, pre_buffer=False)
    with table:
        with _damage_told(path):
            names = table.schema_arrow.names
            image, label = (
                table.schema_arrow.field(name).type if name in names else None
                for name in ("image", "label")
            )
        if (
            not (image and pa.types.is_struct(image) and label and pa.types.is_integer(label))
            or image.get_field_index("bytes") < 0
            or image.field("bytes").type not in (pa.binary(), pa.large_binary())
        ):
            have = ", ".join(f"{f.name} ({f.type})" for f in table.schema_arrow)
            raise ValueError(
                f"{path}: its columns are {_short(have)}; it needs image (a struct with bytes) and "
                "label (whole numbers)."
            )
        yield table


def _short(text: str) -> str:
    return text if len(text) <= 200 else f"{text[:200]} ..."


def _labels(path: Path, table, n_rows: int | None) -> np.ndarray:
    """Return the classes, uint8 (N,), after a look at their number and each of them."""
    n = table.metadata.num_rows
    if n_rows is not None and n != n_rows:
        raise ValueError(f"{path}: it has {n:,} rows, and {n_rows:,} were to come.")
    if not 0 < n <= MOST:
        raise ValueError(f"{path}: it has {n:,} rows; give a file with 1 to {MOST:,}.")
    with _damage_told(path):
        column = table.read(columns=["label"]).column("label")
    if len(column) != n:
        raise Damaged(f"{path} is no Parquet file, or a damaged one; get it anew.")
    if column.null_count:
        row = column.is_null().to_pylist().index(True)
        raise ValueError(f"{path}: row {row} has no label.")
    labels = np.array(column.to_pylist(), dtype=object)
    wrong = np.flatnonzero((labels < 0) | (labels >= N_TYPES))
    if len(wrong):
        raise ValueError(
            f"{path}: row {wrong[0]} has the label {labels[wrong[0]]}, but the classes run from 0 "
            f"to {N_TYPES - 1}."
        )
    return labels.astype(np.uint8)


def _encoded(path: Path, table) -> Iterator[bytes | None]:
    """Yield the bytes of each row's picture, with few of them in memory."""
    n = 0
    rows = table.iter_batches(FEW, columns=["image.bytes"], use_threads=False)
    while True:
        with _damage_told(path):
            batch = next(rows, None)
            few = () if batch is None else batch.column("image").field("bytes").to_pylist()
        if batch is None:
            break
        yield from few
        n += len(few)
    if n != table.metadata.num_rows:
        raise Damaged(f"{path} is no Parquet file, or a damaged one; get it anew.")


def _decoded(what: str, encoded: bytes | None) -> np.ndarray:
    """Return a picture's pixels, uint8 (256, 256, 3); ``what`` it is begins each complaint."""
    from PIL import Image

    if not encoded:
        raise ValueError(f"{what} has no picture.")
    if len(encoded) > LARGEST:
        raise ValueError(f"{what}: its picture takes {len(encoded) / 1e6:.1f} MB, not some 0.1.")
    try:
        with Image.open(io.BytesIO(encoded), formats=("PNG", "JPEG")) as picture:
            size, mode = picture.size, picture.mode
            if (size, mode) == ((SIDE, SIDE), "RGB"):
                picture.verify()  # the checksums of PNG, which loading alone passes over
                with Image.open(io.BytesIO(encoded), formats=("PNG", "JPEG")) as again:
                    return np.asarray(again)
    except Exception:  # whatever Pillow makes of damaged bytes
        raise ValueError(
            f"{what}: its {len(encoded):,} bytes are not a picture (PNG or JPEG), or a damaged one."
        ) from None
    raise ValueError(
        f"{what}: its picture is {size[0]}×{size[1]} ({mode}), but {SIDE}×{SIDE} in three bands "
        "(RGB) is needed."
    )
