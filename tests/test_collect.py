"""Hand-ins as Moodle and Canvas deliver them reach nbgrader, and the marks go back."""

from __future__ import annotations

import csv
import json
import os
import time
import zipfile
from pathlib import Path

import collect
import pytest

NAME = "03_batching"
MOODLE = """\
Identifier,Full name,Email address,Status,Grade,Maximum grade,Grade can be changed,\
Last modified (submission),Last modified (grade),Feedback comments
Participant 11,Anna Meier,a@x.org,Submitted for grading - ,,18.00,Yes,\
"Wednesday, 10 June 2026, 2:14 PM",-,
Participant 12,Anna Meier,b@x.org,Submitted for grading - 3 mins 31 secs late - ,,18.00,Yes,\
"Thursday, June 11, 2026, 12:03 AM",-,"Nice, ""you"" know"
Participant 13,王 小明,c@x.org,No submission - ,,18.00,Yes,-,-,
"""
CANVAS = """\
Student,ID,SIS User ID,SIS Login ID,Section,{other},{column},Final Score
    Points Possible,,,,,10.00,{points},(read only)
"Meier, Anna",4711,u1,meier,A,7.00,,70.00
"Müller, Tom",4712,u2,mueller,A,,,0.00
"Student, Test",4999,,,A,,,0.00
"""


def handed_in(answer: str = "", *ids: str) -> bytes:
    ids = ids or ("sigmoid", "check_sigmoid")
    cells = [
        {"cell_type": "code", "source": answer, "outputs": [], "execution_count": None,
         "metadata": {"nbgrader": {"grade_id": each}}}
        for each in ids
    ]  # fmt: skip
    made = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(made).encode()


@pytest.fixture
def course(tmp_path) -> Path:
    folder = tmp_path / "galaxies"
    for name, ids in ((NAME, ()), ("04_momentum", ("age_weight",))):
        source = folder / "source" / name / f"{name}.ipynb"
        source.parent.mkdir(parents=True)
        source.write_bytes(handed_in("", *ids))
    return folder


def packed(path: Path, files: dict[str, bytes], **times: tuple) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for number, (name, data) in enumerate(files.items()):
            minute = times.get("minutes", range(60))[number]
            archive.writestr(zipfile.ZipInfo(name, (2026, 6, 10, 12, minute, 0)), data)
    return path


def unpacked(path: Path, files: dict[str, bytes]) -> Path:
    for name, data in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(data)
    return path


def answers(course: Path, assignment: str = NAME) -> dict[str, str]:
    """Return what nbgrader will grade: the first cell of each submission, by student."""
    return {
        path.parts[-3]: json.loads(path.read_text("utf-8"))["cells"][0]["source"]
        for path in (course / "submitted").glob(f"*/{assignment}/{assignment}.ipynb")
    }


def states(lines: list[dict]) -> dict[str, str]:
    return {line["student"]: line["state"] for line in lines}


@pytest.fixture(params=["folders", "older folders", "flat"])
def moodle(request) -> dict[str, str]:
    between = {"folders": "/", "older folders": "_/", "flat": "_"}[request.param]
    return {
        "anna": f"Anna Meier_11_assignsubmission_file{between}",
        "other": f"Anna Meier_12_assignsubmission_file{between}",
        "ming": f"王 小明_13_assignsubmission_file{between}",
    }


@pytest.fixture
def in_india(monkeypatch):
    """Five and a half hours from UTC, where the clock of a process can be set."""
    if hasattr(time, "tzset"):
        monkeypatch.setenv("TZ", "IST-5:30")
        time.tzset()
    yield
    monkeypatch.undo()
    if hasattr(time, "tzset"):
        time.tzset()


def test_moodle_in_each_of_its_forms(course, tmp_path, moodle, in_india):
    roster = tmp_path / "worksheet.csv"
    roster.write_text(MOODLE, encoding="utf-8-sig", newline="")
    download = packed(
        tmp_path / "all.zip",
        {
            f"{moodle['anna']}{NAME}.ipynb": handed_in("old"),
            f"{moodle['anna']}{NAME} (1).ipynb": handed_in("newest"),
            f"{moodle['other']}my homework.ipynb": handed_in("of another name"),
        },
    )
    lines = collect.take(NAME, [download], course, roster)
    # Two of the same name are two students.
    assert answers(course) == {"11": "newest", "12": "of another name"}
    assert states(lines) == {"11": "taken", "12": "taken", "13": "missing"}
    assert [line["late"] for line in lines] == ["", "late", ""]
    stamps = [course / f"submitted/{number}/{NAME}/timestamp.txt" for number in (11, 12)]
    # The list's own time, read as this machine's: nbgrader wants it in UTC.
    here = time.gmtime(time.mktime((2026, 6, 10, 14, 14, 0, 0, 0, -1)))
    here = time.strftime("%Y-%m-%d %H:%M:%S UTC", here)
    assert stamps[0].read_text() == here
    assert stamps[1].is_file()
    said = collect.told(lines)
    assert said.splitlines()[0] == "2 taken, 1 missing."
    assert "missing: 13 王 小明" in said
    assert "late: 12 Anna Meier, 2026-06-11 00:03:00" in said
    table = list(csv.DictReader((course / f"collected/{NAME}.csv").open(encoding="utf-8")))
    assert [row["state"] for row in table] == ["taken", "taken", "missing"]


def test_moodle_unpacked_and_without_a_list(course, tmp_path, moodle):
    download = unpacked(
        tmp_path / "all", {f"{moodle['anna']}{NAME}.ipynb": handed_in("first"),
                           f"{moodle['anna']}{NAME}-1.ipynb": handed_in("second")},
    )  # fmt: skip
    collect.take(NAME, [download], course)
    assert answers(course) == {"11": "second"}
    # Where times were kept, they decide: the browser's second copy was handed in first.
    early, late = sorted(download.rglob("*.ipynb"), key=lambda path: "-1" not in path.name)
    os.utime(early, (1_000_000_000, 1_000_000_000))
    os.utime(late, (1_000_100_000, 1_000_100_000))
    assert states(collect.take(NAME, [download], course)) == {"11": "newer"}
    assert answers(course) == {"11": "first"}
    assert states(collect.take(NAME, [download], course)) == {"11": "as before"}


@pytest.mark.parametrize(
    "marks", [("", "-1", "-2"), ("", " (1)", " (10)"), ("", " - Copy", " - Copy (2)")]
)
def test_of_copies_without_times_the_highest_number_counts(course, tmp_path, marks):
    place = f"Anna Meier_11_assignsubmission_file/{NAME}"
    files = {f"{place}{mark}.ipynb": handed_in(f"copy{mark}") for mark in marks}
    collect.take(NAME, [unpacked(tmp_path / "all", files)], course)
    assert answers(course) == {"11": f"copy{marks[-1]}"}


def test_canvas_with_its_resubmissions_and_late_ones(course, tmp_path):
    roster = tmp_path / "grades.csv"
    text = CANVAS.format(other="Essay (1)", column="Batching (2)", points="18.00")
    roster.write_text(text, encoding="utf-8")
    download = packed(
        tmp_path / "submissions.zip",
        {
            f"meieranna_4711_99901_{NAME}.ipynb": handed_in("old"),
            f"meieranna_4711_99950_{NAME}-2.ipynb": handed_in("newest"),
            f"meieranna_4711_99920_{NAME}-1.ipynb": handed_in("between"),
            f"müllertom_LATE_4712_99902_{NAME} (1).ipynb": handed_in("late"),
            "__MACOSX/x": b"",
        },
    )
    lines = collect.take(NAME, [download], course, roster)
    assert answers(course) == {"4711": "newest", "4712": "late"}
    assert states(lines) == {"4711": "taken", "4712": "taken", "4999": "missing"}
    assert [line["late"] for line in lines] == ["", "late", ""]
    assert "late: 4712 Müller, Tom" in collect.told(lines)
    # A zip of Canvas' knows when it was packed, not when something was handed in.
    assert not (course / f"submitted/4711/{NAME}/timestamp.txt").exists()


def test_an_anonymous_download_of_canvas(course, tmp_path):
    files = {
        f"anon_ab12c_99_{NAME}.ipynb": handed_in("a"),
        f"LATE_anon_zz9zz_98_{NAME}.ipynb": handed_in("b"),
    }
    lines = collect.take(NAME, [unpacked(tmp_path / "all", files)], course)
    assert answers(course) == {"anon_ab12c": "a", "anon_zz9zz": "b"}
    assert [line["late"] for line in lines] == ["", "late"]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "it is empty"),
        (handed_in("half")[:-40], "it is damaged"),
        (b"%PDF-1.7 \xff", "it is a PDF, not a notebook"),
        (b"<html><body>sign in</body></html>", "it is a page, not a notebook"),
        (b'{"worksheets": []}', "it is not a notebook of format 4"),
        (handed_in("", "age_weight"), f"it is not {NAME}"),
    ],
)
def test_what_cannot_be_read_is_named_and_stops_nobody(course, tmp_path, data, why):
    files = {f"a_4711_99_{NAME}.ipynb": data, f"b_4712_98_{NAME}.ipynb": handed_in("sound")}
    lines = collect.take(NAME, [unpacked(tmp_path / "all", files)], course)
    assert states(lines) == {"4711": "unreadable", "4712": "taken"}
    assert why in lines[0]["note"]
    assert f"unreadable: 4711 a ({NAME}.ipynb: {why}" in collect.told(lines)
    # An older upload that can be read counts, and that is said.
    (tmp_path / "all" / f"a_4711_50_{NAME}.ipynb").write_bytes(handed_in("older"))
    lines = collect.take(NAME, [tmp_path / "all"], course)
    assert answers(course)["4711"] == "older"
    assert "look at: 4711 a" in collect.told(lines)


@pytest.mark.parametrize("code", ["utf-8-sig", "utf-16"])
def test_other_encodings_reach_nbgrader_as_utf_8(course, tmp_path, code):
    data = handed_in("β = 0.9").decode().encode(code)
    collect.take(NAME, [unpacked(tmp_path / "all", {f"a_4711_99_{NAME}.ipynb": data})], course)
    assert answers(course) == {"4711": "β = 0.9"}


def test_a_zip_inside_and_a_notebook_without_marks_are_taken(course, tmp_path):
    inner = packed(tmp_path / "mine.zip", {f"homework/{NAME}.ipynb": handed_in("zipped")})
    bare = json.loads(handed_in("bare"))
    for cell in bare["cells"]:
        cell["metadata"] = {}
    files = {
        "a_4711_99_mine.zip": inner.read_bytes(),
        f"b_4712_98_{NAME}.ipynb": json.dumps(bare).encode(),
    }
    lines = collect.take(NAME, [unpacked(tmp_path / "all", files)], course)
    assert answers(course) == {"4711": "zipped", "4712": "bare"}
    assert "no cell has nbgrader's marks any more" in lines[1]["note"]


def test_every_file_is_taken_or_named(course, tmp_path):
    files = {f"anna_{NAME}.ipynb": handed_in(), f"x_4711_99_{NAME}.ipynb": handed_in()}
    download = unpacked(tmp_path / "all", files)
    assert collect.main(["take", NAME, str(download), "--course", str(course)]) == 1
    lines = collect.take(NAME, [download], course)
    assert f"nobody's: all/anna_{NAME}.ipynb" in collect.told(lines)


def test_errors_are_one_sentence(course, tmp_path, capsys):
    empty = tmp_path / "list.csv"
    empty.write_text("Name,Mark\nAnna,1,\n", encoding="utf-8")
    for words, sentence in (
        (["take", "3", tmp_path], "it has 03_batching, 04_momentum"),
        (["take", NAME, tmp_path / "no.zip"], "There is no download"),
        (["take", NAME, course, "--roster", empty], "no column of"),
        (["marks", NAME, empty, "--to", "x"], "no column of"),
    ):
        assert collect.main([*map(str, words), "--course", str(course)]) == 2
        error = capsys.readouterr().err
        assert sentence in error
        assert error.count("\n") == 1


# ------------------------------------------------------------------------------------- marks back


@pytest.fixture
def graded(course) -> Path:
    """A course after `nbgrader export`, in nbgrader's own columns."""
    rows = [
        "assignment,duedate,timestamp,student_id,last_name,first_name,email,raw_score,"
        "late_submission_penalty,score,max_score",
        "03_batching,,,11,,,,12.0,0.0,12.0,18.0",
        "03_batching,,,12,Meier, Dr.,Anna,,10.5,1.0,9.5,18.0",
        "03_batching,,,13,,,,0.0,0.0,0.0,18.0",
        "03_batching,,,4711,,,,12.0,0.0,12.0,18.0",
        "04_momentum,,,11,,,,1.0,0.0,1.0,9.0",
    ]
    (course / "grades.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    for number in (11, 12, 4711):
        (course / "submitted" / str(number) / NAME).mkdir(parents=True)
    return course


def written(path: Path) -> list[list[str]]:
    return list(csv.reader(path.read_text("utf-8-sig").splitlines()))


def test_marks_go_back_into_moodles_worksheet(graded, tmp_path):
    roster, to = tmp_path / "worksheet.csv", tmp_path / "filled.csv"
    roster.write_bytes(b"\xef\xbb\xbf" + MOODLE.replace("\n", "\r\n").encode())
    n_marks, said = collect.marks(NAME, roster, graded, to)
    assert (n_marks, said) == (2, ["4711 has a mark and is not in worksheet.csv."])
    before, after = written(roster), written(to)
    # Who handed nothing in gets no mark; nothing but the marks is another.
    assert [row[4] for row in after] == ["Grade", "12.00", "9.50", ""]
    assert [row[:4] + row[5:] for row in after] == [row[:4] + row[5:] for row in before]
    assert to.read_bytes().startswith(b"\xef\xbb\xbf")
    assert to.read_bytes().count(b"\r\n") == roster.read_bytes().count(b"\r\n")


def test_marks_are_scaled_to_the_largest_grade_and_follow_the_lists_language(graded, tmp_path):
    text = MOODLE.replace("18.00", '"100,00"').replace("Grade,Maximum", "Bewertung,Maximum")
    roster, to = tmp_path / "worksheet.csv", tmp_path / "filled.csv"
    roster.write_text(text, encoding="utf-8", newline="")
    with pytest.raises(ValueError, match=r"no column for the marks .* Bewertung.* --column"):
        collect.marks(NAME, roster, graded, to)
    n_marks, said = collect.marks(NAME, roster, graded, to, column="Bewertung")
    assert n_marks == 2
    assert said[-1] == "Scaled from 18 points to the list's 100."
    assert [row[4] for row in written(to)][1:] == ["66,67", "52,78", ""]


@pytest.mark.parametrize(("column", "named"), [(f"{NAME} (2)", None), ("Week 3 (2)", "Week 3 (2)")])
def test_marks_go_back_into_canvas_gradebook(graded, tmp_path, column, named):
    roster, to = tmp_path / "gradebook.csv", tmp_path / "filled.csv"
    text = CANVAS.format(other="Essay (1)", column=column, points="18.00")
    roster.write_text(text, encoding="utf-8", newline="")
    n_marks, said = collect.marks(NAME, roster, graded, to, column=named)
    assert n_marks == 1
    assert [line for line in said if "4711" in line] == []
    before, after = written(roster), written(to)
    assert [row[6] for row in after] == [column, "18.00", "12.00", "", ""]
    assert [row[:6] + row[7:] for row in after] == [row[:6] + row[7:] for row in before]
