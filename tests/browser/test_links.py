"""Links inside the book lead to a page that is there, and to a place on it that is there."""

from __future__ import annotations

import posixpath
import urllib.parse
from html.parser import HTMLParser

import pytest
from built_book import HTML, pages


class Page(HTMLParser):
    """The places of a page and its links."""

    def __init__(self, name):
        super().__init__()
        self.ids, self.links = set(), set()
        self.feed((HTML / name).read_text("utf-8"))

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.ids |= {found.get("id"), found.get("name") if tag == "a" else None}
        self.links |= {found.get("href") if tag == "a" else None, found.get("src")}


PAGES = {name: Page(name) for name in pages()}


@pytest.mark.parametrize("name", PAGES)
def test_links(name):
    broken = []
    for link in PAGES[name].links - {None, "#"}:
        parts = urllib.parse.urlsplit(link)
        if parts.scheme or parts.netloc:
            continue
        target = urllib.parse.unquote(parts.path)
        target = posixpath.normpath(posixpath.join(posixpath.dirname(name), target))
        target = target if parts.path else name
        if not (HTML / target).is_file():
            broken.append(link)
        elif target in PAGES and parts.fragment:
            ids = PAGES[target].ids
            if not {parts.fragment, urllib.parse.unquote(parts.fragment)} & ids:
                broken.append(link)
    assert broken == []


def test_the_front_door_leads_to_the_first_page():
    door = (HTML / "index.html").read_text("utf-8")
    assert 'url=chapters/index.html"' in door or "index.html" in PAGES
