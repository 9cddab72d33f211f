"""How a page's prose writes numbers, for those who hold it to the outputs or renew it."""

from __future__ import annotations

import html
import re

SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
NUMBER = r"(?<![\w.])\d[\d,]*(?:\.\d+)?(?:e[-+]?\d+)?"
# Not results: code, formulas, the targets of links, and what is counted off.
ASIDE = r"`[^`]*`|\$[^$]*\$|\]\([^)]*\)|(?:[Cc]hapters?|[Cc]lass(?:es)?|[Rr]ows?|[Ff]igures?) \d+"
CAME_OUT = "**What came out.**"
PERCENT = re.compile(r"\s?(?:%|percent|points)")
# A row of "Our network so far", as chapters print and quote it.
ROW = re.compile(r"^\| .+ \|.*\d\.\d{3} ± \d\.\d{3} \|$", flags=re.M)


def plain(text: str) -> str:
    """Write powers of ten and signs as Python does."""
    text = re.sub(
        r"\s?[·×]\s?10([⁰¹²³⁴⁵⁶⁷⁸⁹⁻]+)", lambda m: "e" + m[1].translate(SUPERSCRIPTS), text
    )
    return text.replace("−", "-").replace("\u202f", "").replace("\xa0", " ")


def numbers(text: str) -> list[str]:
    """Return the numbers of a text, as it writes them."""
    return [match.rstrip(",") for match in re.findall(NUMBER, plain(text))]


def value(number: str) -> float:
    """Return what a number is worth."""
    return float(number.replace(",", ""))


def stands_in(number: str, printed: set[float], percent: bool) -> bool:
    """Say whether a printed number, rounded like this one, is this one."""
    mantissa, _, power = number.replace(",", "").partition("e")
    unit = 10.0 ** (int(power or 0) - len(mantissa.partition(".")[2]))
    wanted = value(number)
    candidates = printed | ({100 * p for p in printed} if percent else set())
    return any(abs(abs(p) - wanted) <= unit * 0.5000001 for p in candidates)


def output_texts(cell: dict) -> list[str]:
    """Return the texts that a cell's outputs show, three for each output (some empty)."""
    texts = []
    for output in cell.get("outputs", []):
        data = output.get("data", {})
        shown = re.sub(r"<[^>]*>", " ", html.unescape("".join(data.get("text/html", ""))))
        shown = shown or "".join(data.get("text/markdown", ""))
        texts += ["".join(output.get("text", "")), "".join(data.get("text/plain", "")), shown]
    return texts


def paragraphs(text: str) -> list[str]:
    """Split Markdown where a line is empty."""
    return re.split(r"\n\s*\n", text)
