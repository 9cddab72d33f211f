"""Renew the numbers of the pages' prose after their outputs were executed anew.

    python tools/renew_numbers.py [--since REV] [--check] [--report FILE]

A number of the prose that stood at a place of the old outputs (those of REV, default HEAD) becomes
what stands at that place now (in the working tree), rounded alike. What has no place, or several
that disagree, is left alone and listed, and so is each paragraph whose conclusion may have turned.
Exit code: 0 nothing to list, 1 something listed.

Only a paragraph that stands as in REV is rewritten.  So a second run changes nothing: a renewed
paragraph is recognised as what REV's becomes, and one that a person edited is left to the person.
Renew before you commit the new outputs, or name the commit before them with `--since`.
"""

from __future__ import annotations

import argparse
import difflib
import io
import itertools
import json
import re
import subprocess
import sys
import tarfile
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import nbformat
from prose_numbers import (
    ASIDE,
    CAME_OUT,
    NUMBER,
    PERCENT,
    ROW,
    output_texts,
    plain,
    stands_in,
    value,
)

ROOT = Path(__file__).resolve().parents[1]
IN_PROSE = re.compile(
    r"(?P<sign>(?<!\w)[−-])?(?<![\w.])(?P<digits>\d[\d,]*(?:\.\d+)?)"
    r"(?P<power>e[-+]?\d+|\s?[·×]\s?10[⁰¹²³⁴⁵⁶⁷⁸⁹⁻]+)?"
)
# Beside test_prose's: blocks of code and formulas, numerals of a list, the time to read a page, the
# instructor's rows of exercises.
BLOCKS = re.compile(
    r"```.*?```|\$\$.*?\$\$|^\s*\d+\. |about \d+ minutes|^\| \d \| chapter \d[^\n]*",
    flags=re.S | re.M,
)
SIGNED = re.compile(r"(?:(?<!\w)-)?" + NUMBER)
WORDS = re.compile(
    r"\b(?:half|third|quarter|fifth|sixth|seventh|eighth|ninth|tenth|twice|double|two|three|four|"
    r"five|six|seven|eight|nine|ten|twelve|twenty|fifty|hundred|same|equal|nearly|times|"
    # The end of a range may stand at another place now.
    r"between|most|least|best|worst|highest|lowest|largest|smallest|more|less|above|below)s?\b"
)
TO_SUPERSCRIPTS = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


@dataclass(frozen=True)
class Place:
    """A number of an old output: its cell, the line it stands in, and what stands there now."""

    cell: int
    line: tuple[int, int, int]
    old: str
    new: str | None


@dataclass
class Paragraph:
    """What becomes of a paragraph: its text, and what a person should look at."""

    text: str
    listed: list[tuple[str, str, str]] = field(default_factory=list)


def lines_of(text: str) -> list[tuple[str, list[str]]]:
    """Return each line of an output as its words without numbers, and its numbers."""
    lines = plain(text).splitlines()
    return [
        (re.sub(r"\s+", " ", SIGNED.sub("#", line)), [n.rstrip(",") for n in SIGNED.findall(line)])
        for line in lines
    ]


def pair_lines(old: list, new: list) -> dict[int, int]:
    """Return which new line is which old one: by position if all fit, else by their words."""
    if [len(ns) for _, ns in old] == [len(ns) for _, ns in new]:
        return {i: i for i in range(len(old))}
    match = difflib.SequenceMatcher(None, [w for w, _ in old], [w for w, _ in new], False)
    return {a + k: b + k for a, b, size in match.get_matching_blocks() for k in range(size)}


def places(old: list[dict], new: list[dict]) -> list[Place]:
    """Return every number of the old cells' outputs with what stands there now."""
    by_id = {cell.get("id"): cell for cell in new if cell.get("id")}
    found = []
    for i, cell in enumerate(old):
        other = by_id.get(cell.get("id")) or (new[i] if i < len(new) else {})
        texts = output_texts(other)
        for t, text in enumerate(output_texts(cell)):
            before, now = lines_of(text), lines_of(texts[t] if t < len(texts) else "")
            pairs = pair_lines(before, now)
            for k, (_, numbers) in enumerate(before):
                then = now[pairs[k]][1] if k in pairs else []
                then = then if len(then) == len(numbers) else [None] * len(numbers)
                found += [Place(i, (i, t, k), a, b) for a, b in zip(numbers, then, strict=True)]
    return found


def rounded(place: Place, like: re.Match, percent: bool) -> str | None:
    """Write what stands at a place now as the prose wrote the old one, without a sign."""
    if place.new is None:
        return None
    if place.new == place.old:
        # Also where the prose rounded a half the other way.
        return like["digits"].rstrip(",") + (like["power"] or "")
    number = abs(Decimal(place.new.replace(",", ""))) * (100 if percent else 1)
    digits = decimals(like)
    if like["power"]:
        mantissa, power = f"{number:.{digits}e}".split("e")
        head = re.match(r"\s?[·×]\s?10", like["power"])
        exponent = str(int(power))
        if head is None:
            return f"{float(number):.{digits}e}"
        return mantissa + head[0] + exponent.translate(TO_SUPERSCRIPTS)
    before = like["digits"].rstrip(",")
    comma = "," in before or value(before) < 1000
    return f"{number:{',' if comma else ''}.{digits}f}"


def fits(place: Place, match: re.Match, percent: bool) -> bool | None:
    """Say whether a place is the number in prose: None if not, else whether times hundred."""
    number = plain(match["digits"].rstrip(",") + (match["power"] or ""))
    printed = abs(value(place.old))
    if stands_in(number, {printed}, False):
        return False
    return True if percent and stands_in(number, {100 * printed}, False) else None


def significant(text: str) -> int:
    """Count the digits that say something."""
    digits = re.sub(r"\D", "", text)
    return len(digits.lstrip("0")) if "." in text else len(digits.strip("0"))


def masked(text: str) -> str:
    """Blank out what holds no results; positions stay."""
    for pattern in (BLOCKS, re.compile(ASIDE)):
        text = pattern.sub(lambda m: re.sub(r"[^\n]", " ", m[0]), text)
    return text


def choose(match: re.Match, percent: bool, tiers: list[list[Place]], near: set) -> tuple:
    """Return (new text or None, place or None, the texts that were possible)."""
    for tier in tiers:
        fitting = [(p, fits(p, match, percent)) for p in tier]
        fitting = [(p, times) for p, times in fitting if times is not None]
        written = match["digits"].rstrip(",")
        exact = [(p, times) for p, times in fitting if p.old.lstrip("-") == written]
        for group in (exact, fitting):
            if not group:
                continue
            for part in (group, [(p, times) for p, times in group if p.line in near]):
                texts = {rounded(p, match, times) for p, times in part}
                signs = {(p.old[0] == "-", (p.new or "")[:1] == "-") for p, _ in part}
                if len(texts) == 1 and len(signs) == 1:
                    return texts.pop(), part[0][0], set()
            return None, None, {rounded(p, match, x) or "?" for p, x in group}
    return None, None, set()


def decimals(match: re.Match) -> int:
    """Count a number's digits after the point."""
    return len(match["digits"].rstrip(",").partition(".")[2])


def conclusions(text: str, numbers: list[tuple[re.Match, float, float]]) -> list[tuple]:
    """List what two numbers of a paragraph no longer say about each other."""
    listed, short = [], "{:g}".format
    errors = [
        (b, a, decimals(m))
        for m, b, a in numbers
        if re.search(r"(?:±|\berrors?\b[^.,;:\d\n]{0,12})\s*\(?$", text[: m.start()])
    ]
    for (m1, b1, a1), (m2, b2, a2) in itertools.combinations(numbers, 2):
        was, now = f"{short(b1)}, {short(b2)}", f"{short(a1)}, {short(a2)}"
        if (b1 > b2) - (b1 < b2) != (a1 > a2) - (a1 < a2):
            listed.append((was, now, "their order turned"))
        for before, after, digits in errors:
            # What an error belongs to has as many decimals.
            if before in (b1, b2) or not digits == decimals(m1) == decimals(m2):
                continue
            if (abs(b1 - b2) <= before) != (abs(a1 - a2) <= after):
                listed.append((was, now, f"within the error {short(after)}: no longer as it was"))
    return list(dict.fromkeys(listed))


def renewed(text: str, tiers: list[list[Place]], kind: str) -> Paragraph:
    """Renew one paragraph (or row of a table, or alt text).

    Parameters
    ----------
    text : str
    tiers : list of lists of Place
        Where its numbers may stand, the likeliest first.
    kind : str
        "came out": each number has a place; "other": only what cannot be a coincidence;
        "linked": as "other", of another page's outputs.
    """
    result, hidden = Paragraph(text), masked(text)
    found = list(IN_PROSE.finditer(hidden))
    percents = [PERCENT.match(hidden[m.end() :]) is not None for m in found]
    first = [choose(m, p, tiers, set()) for m, p in zip(found, percents, strict=True)]
    near = {place.line for _, place, _ in first if place is not None}
    pieces, last, values, changed = [], 0, [], False
    for match, percent in zip(found, percents, strict=True):
        new, place, possible = choose(match, percent, tiers, near)
        old = match["digits"].rstrip(",") + (match["power"] or "")
        strong = significant(match["digits"]) >= (2 if "." in old or percent else 3)
        exact = place is not None and place.old.lstrip("-") == old
        if kind == "came out":
            sure = strong or exact
        else:
            # Elsewhere two digits may be a coincidence, unless printed just so.
            sure = significant(match["digits"]) >= 3 or (strong and exact and "." in old)
        if possible and (strong or kind == "came out"):
            if possible != {old}:
                result.listed.append((old, " or ".join(sorted(possible)), "several places"))
        elif place is None and kind == "came out":
            result.listed.append((old, "", "stood nowhere in the old outputs"))
        elif place is not None and new is None and (sure or kind == "came out"):
            result.listed.append((old, "", "its place is gone from the outputs"))
        elif new is not None and new != old and not sure:
            if (
                kind == "came out"
                or strong
                or (kind == "linked" and len(old) > 1 and text[0] != "|")
            ):
                result.listed.append((old, new, "too few digits to be sure"))
            new = None
        if new is None:
            # Left alone, and yet it takes part in what the paragraph concludes.
            new, place = old, None
        sign = match["sign"] or ""
        if place is not None and (place.old[0] == "-") != (place.new[:1] == "-") and sure:
            result.listed.append((place.old, place.new, "its sign changed"))
            sign = "−" if place.new[0] == "-" and (sign or place.old[0] != "-") else ""
        start, end = match.span()
        end -= len(match[0]) - len(match[0].rstrip(","))
        pieces += [text[last:start], sign + new]
        last = end
        changed |= new != old
        minus = (-1 if match["sign"] else 1, -1 if sign else 1)
        values.append((match, minus[0] * value(plain(old)), minus[1] * value(plain(new))))
    result.text = "".join([*pieces, text[last:]])
    if changed:
        result.listed += conclusions(hidden, values)
        words = sorted({m[0] for m in WORDS.finditer(hidden)})
        if words:
            result.listed.append((", ".join(words), "", "words beside a number that changed"))
    return result


def row_key(row: str) -> str:
    return row.split(" | ")[0]


def without_seconds(row: str) -> str:
    cells = row.split(" | ")
    return " | ".join(cells[:2] + cells[3:])


class Book:
    """Old and new pages, and the places of all old outputs.

    Parameters
    ----------
    old, new : dict of str to str
        The pages' files by their path below `chapters`: notebooks as JSON, others as they are.
    """

    def __init__(self, old: dict[str, str], new: dict[str, str]) -> None:
        self.old = {name: self.cells(name, text) for name, text in old.items()}
        self.new = {name: self.cells(name, text) for name, text in new.items()}
        self.places = {n: places(c, self.new[n]) for n, c in self.old.items() if n in self.new}
        self.chapters = {int(n[:2]): n for n in sorted(self.new) if re.match(r"\d\d_", n)}
        self.rows: dict[tuple[str, str], str] = {}
        for name in self.places:
            then = [ROW.findall("\n".join(output_texts(c))) for c in self.new[name]]
            now = {row_key(row): row for rows in then for row in rows}
            for cell in self.old[name]:
                for row in ROW.findall("\n".join(output_texts(cell))):
                    if row_key(row) in now:
                        self.rows[name, without_seconds(row)] = now[row_key(row)]

    @staticmethod
    def cells(name: str, text: str) -> list[dict]:
        if name.endswith(".ipynb"):
            return json.loads(text)["cells"]
        return [{"cell_type": "markdown", "source": text}]

    def linked(self, name: str, text: str) -> list[Place]:
        """Return the places of the pages that a paragraph links or names."""
        pages = {Path(link).name for link in re.findall(r"\]\(([^)#\s]+\.ipynb)", text)}
        wanted = {n for n in self.places if Path(n).name in pages and "exercises" not in n}
        named = re.findall(r"[Cc]hapter (\d+)", text) + re.findall(r"^(\d+)\. \*", text)
        wanted |= {self.chapters[int(n)] for n in named if int(n) in self.chapters}
        return [place for n in sorted(wanted - {name}) for place in self.places.get(n, [])]

    def row(self, name: str, row: str) -> Paragraph:
        """Renew a row of "Our network so far": its own page printed it, or an earlier one did."""
        key = without_seconds(row)
        own = {now for (page, then), now in self.rows.items() if then == key and page == name}
        all_of = {now for (_, then), now in self.rows.items() if then == key}
        if own or len({without_seconds(now) for now in all_of}) == 1:
            return Paragraph(sorted(own or all_of)[0])
        why = "several pages print this row" if all_of else "no page printed this row"
        return Paragraph(row, [(row, "", why)])

    def block(self, name: str, i: int, text: str) -> Paragraph:
        """Renew one block of cell i: a paragraph, an item of a list, a row of a table."""
        if ROW.fullmatch(text):
            return self.row(name, text)
        here, linked = self.places.get(name, []), self.linked(name, text)
        # Code cells directly above come first; nearer ones before farther ones.
        cells = self.old[name]
        near, k = set(), i - 1
        while k >= 0 and cells[k]["cell_type"] != "markdown":
            near.add(k)
            k -= 1
        tiers = [[p for p in here if p.cell in near], [p for p in here if p.cell < i]]
        if text.startswith(CAME_OUT):
            return renewed(text, [*tiers, linked], "came out")
        if text.startswith("**Answer.**"):
            return renewed(text, [*tiers, here, linked], "other")
        if linked:
            return renewed(text, [linked, here], "linked")
        return renewed(text, [here], "other")

    def blocks(self, text: str) -> list[str]:
        """Split Markdown into blocks and what separates them; joined they are the text."""
        hidden = BLOCKS.sub(lambda m: re.sub(r"\s", "x", m[0]) if len(m[0]) > 6 else m[0], text)
        cuts = [m.span() for m in re.finditer(r"\n\s*\n|\n(?=\||\d+\. |- )", hidden)]
        edges = [0, *itertools.chain.from_iterable(cuts), len(text)]
        return [text[a:b] for a, b in itertools.pairwise(edges)]

    def renew(self, name: str) -> tuple[dict[int, str], dict[int, str], list[dict]]:
        """Return a page's new sources and alt texts by cell, and what is listed."""
        sources, alts, listed = {}, {}, []
        by_id = {c["id"]: k for k, c in enumerate(self.old[name]) if "id" in c}
        for i, cell in enumerate(self.new[name]):
            k = by_id.get(cell.get("id"), i)
            if k >= len(self.old[name]):
                continue
            then = self.old[name][k]
            alt = cell.get("metadata", {}).get("mystnb", {}).get("image", {}).get("alt")
            if alt:
                was = then.get("metadata", {}).get("mystnb", {}).get("image", {}).get("alt", "")
                here = self.places.get(name, [])
                around = [[p for p in here if p.cell == k], here]
                alts[i] = self.one(name, i, alt, was, renewed(was, around, "other"), listed)
            elif cell["cell_type"] == "markdown" and then["cell_type"] == "markdown":
                old = self.blocks("".join(then["source"]))[::2]
                parts = self.blocks("".join(cell["source"]))
                done = dict(self.counterparts(old, parts[::2]))
                for j, was in done.items():
                    result = self.block(name, k, was)
                    parts[2 * j] = self.one(name, i, parts[2 * j], was, result, listed)
                sources[i] = "".join(parts)
        return sources, alts, listed

    @staticmethod
    def counterparts(old: list[str], new: list[str]) -> list[tuple[int, str]]:
        """Return which old block each new one was, by place; unpaired ones are a person's."""
        if len(old) == len(new):
            return list(enumerate(old))
        words = [[IN_PROSE.sub("#", block) for block in blocks] for blocks in (old, new)]
        match = difflib.SequenceMatcher(None, *words, False)
        pairs = match.get_matching_blocks()
        return [(b + k, old[a + k]) for a, b, size in pairs for k in range(size)]

    @staticmethod
    def one(name: str, i: int, text: str, was: str, result: Paragraph, listed: list) -> str:
        """Return what a block becomes: the renewed one, unless a person edited it since."""
        if text not in (was, result.text):
            return text
        listed += [
            {"page": name, "cell": i, "begins": result.text[:60], "old": o, "new": n, "why": why}
            for o, n, why in result.listed
        ]
        return result.text


def old_pages(revision: str) -> dict[str, str]:
    """Return the pages of a commit."""
    command = ["git", "archive", revision, "chapters"]
    packed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout
    with tarfile.open(fileobj=io.BytesIO(packed)) as tar:
        return {
            member.name.removeprefix("chapters/"): tar.extractfile(member).read().decode()
            for member in tar
            if member.isfile() and is_page(member.name.removeprefix("chapters/"))
        }


def is_page(name: str) -> bool:
    """Say whether somebody edits this file; exercises are made from the solutions."""
    folder = name.rpartition("/")[0]
    return name.endswith((".ipynb", ".md")) and folder in ("", "deeper", "solutions")


def renew(old: dict[str, str], chapters: Path, check: bool = False) -> list[dict]:
    """Rewrite the pages in a folder, unless only to check, and return what is listed."""
    paths = {p.relative_to(chapters).as_posix(): p for p in sorted(chapters.rglob("*"))}
    new = {name: p.read_text("utf-8") for name, p in paths.items() if is_page(name)}
    book, listed = Book(old, new), []
    for name in sorted(set(new) & set(old)):
        sources, alts, of_page = book.renew(name)
        listed += of_page
        part = paths[name].with_suffix(".part")
        if not name.endswith(".ipynb"):
            if sources[0] == new[name] or check:
                continue
            part.write_text(sources[0], "utf-8")
        else:
            notebook = nbformat.reads(new[name], as_version=4)
            cells = notebook.cells
            if check or not (
                any(cells[i].source != source for i, source in sources.items())
                or any(cells[i].metadata.mystnb.image.alt != alt for i, alt in alts.items())
            ):
                continue
            for i, source in sources.items():
                cells[i].source = source
            for i, alt in alts.items():
                cells[i].metadata.mystnb.image.alt = alt
            nbformat.write(notebook, part)
        part.replace(paths[name])
    return listed


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--since", default="HEAD", help="the commit that has the old outputs")
    parser.add_argument("--check", action="store_true", help="list, and write nothing")
    parser.add_argument("--report", type=Path, help="write the list as JSON")
    parser.add_argument("--chapters", type=Path, default=ROOT / "chapters", help="the new pages")
    args = parser.parse_args()
    listed = renew(old_pages(args.since), args.chapters, args.check)
    if args.report:
        args.report.write_text(json.dumps(listed, indent=1, ensure_ascii=False) + "\n", "utf-8")
    for item in listed:
        print("{page} cell {cell}: {begins!r}: {old} → {new}: {why}".format(**item))
    return 1 if listed else 0


if __name__ == "__main__":
    sys.exit(main())
