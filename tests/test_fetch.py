"""The download: whatever the server, the network or the disk does, no bad file gets the name."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import namedtuple

import numpy as np
import pytest
from fault_server import FaultServer
from filelock import FileLock

from galaxy_lib.files import fetching
from galaxy_lib.files.fetching import fetch

BODY = fetching.SIGNATURE + np.random.default_rng(0).bytes(199_992)
OTHER = fetching.SIGNATURE + np.random.default_rng(1).bytes(199_992)
SHA = hashlib.sha256(BODY).hexdigest()


@pytest.fixture(autouse=True)
def no_pause(monkeypatch):
    monkeypatch.setattr(fetching, "PAUSE", 0.001)


def check_good(folder, path) -> None:
    assert path == folder / "galaxies.h5"
    assert path.read_bytes() == BODY
    assert not (folder / "galaxies.h5.part").exists()


def check_bad(folder, sent: bytes | None) -> int:
    """No file in place; the part is what came, but for a block. Return its size."""
    assert not (folder / "galaxies.h5").exists()
    part = folder / "galaxies.h5.part"
    assert part.exists() <= (sent is not None)
    if sent is None or (not part.exists() and len(sent) < fetching.BLOCK):
        return 0
    kept = part.read_bytes()
    assert kept == sent[: len(kept)]
    assert len(kept) > len(sent) - fetching.BLOCK
    return len(kept)


def test_a_calm_download_is_verified_and_not_repeated(tmp_path):
    with FaultServer(BODY) as server:
        check_good(tmp_path, fetch(server.url, SHA, tmp_path))
        check_good(tmp_path, fetch(server.url, SHA.upper(), tmp_path))
    assert server.requests == [None]


def test_cut_at_ten_random_places_it_goes_on_from_each(tmp_path):
    cuts = np.random.default_rng(2).integers(fetching.BLOCK, 36_000, 10)
    with FaultServer(BODY, [{"cut": int(cut)} for cut in cuts]) as server:
        check_good(tmp_path, fetch(server.url, SHA, tmp_path))
    kept = np.cumsum(cuts // fetching.BLOCK * fetching.BLOCK)
    assert server.requests == [None, *(f"bytes={have}-" for have in kept)]


@pytest.mark.parametrize("cut", np.random.default_rng(3).integers(0, 200_000, 10).tolist())
def test_cut_for_good_it_keeps_the_part_and_a_later_call_goes_on(tmp_path, cut):
    with FaultServer(BODY, [{"cut": cut}], always={"status": 503}) as server:
        with pytest.raises(OSError, match=r"goes on from there|tries again"):
            fetch(server.url, SHA, tmp_path)
        assert len(server.requests) <= 1 + fetching.FAILURES
    kept = check_bad(tmp_path, BODY[:cut])
    with FaultServer(BODY) as server:
        check_good(tmp_path, fetch(server.url, SHA, tmp_path))
    assert server.requests == [f"bytes={kept}-" if kept else None]


def test_a_server_that_ignores_ranges_starts_over(tmp_path):
    script = [{"cut": 50_000}, {"cut": 90_000, "whole": True}, {"whole": True}]
    with FaultServer(BODY, script) as server:
        check_good(tmp_path, fetch(server.url, SHA, tmp_path))


def test_a_server_that_ignores_ranges_and_always_cuts_is_given_up(tmp_path):
    with (
        FaultServer(BODY, always={"cut": 50_000, "whole": True}) as server,
        pytest.raises(OSError, match="cannot be fetched now"),
    ):
        fetch(server.url, SHA, tmp_path)
    assert len(server.requests) == 1 + fetching.FAILURES
    check_bad(tmp_path, BODY[:50_000])


def test_a_server_that_sends_a_block_at_a_time_is_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr(fetching, "ATTEMPTS", 5)
    with (
        FaultServer(BODY, always={"cut": fetching.BLOCK}) as server,
        pytest.raises(OSError, match="cannot be fetched now"),
    ):
        fetch(server.url, SHA, tmp_path)
    assert len(server.requests) == 5
    check_bad(tmp_path, BODY[: 5 * fetching.BLOCK])


def test_a_busy_server_is_asked_again_when_it_says(tmp_path, monkeypatch):
    waited = []
    monkeypatch.setattr(time, "sleep", waited.append)
    busy = {"status": 503, "headers": {"Retry-After": "7"}}
    with FaultServer(BODY, [busy, {"status": 429, "headers": {"Retry-After": "soon"}}]) as server:
        check_good(tmp_path, fetch(server.url, SHA, tmp_path))
    assert [w for w in waited if w] == [7, pytest.approx(0.002)]


def test_a_server_that_asks_for_an_hour_is_not_waited_for(tmp_path):
    busy = {"status": 503, "headers": {"Retry-After": "3600"}}
    with (
        FaultServer(BODY, [{"cut": 1000}], always=busy) as server,
        pytest.raises(OSError, match="503"),
    ):
        fetch(server.url, SHA, tmp_path)
    assert len(server.requests) == 2
    check_bad(tmp_path, BODY[:1000])


def test_redirects_are_followed_but_not_in_circles(tmp_path):
    with FaultServer(BODY) as server:
        there = {"status": 302, "headers": {"Location": "/elsewhere"}}
        server.script = [there]
        check_good(tmp_path, fetch(server.url, SHA, tmp_path))
        server.always = there
        with pytest.raises(OSError, match="redirects"):
            fetch(server.url, SHA, tmp_path / "other")


@pytest.mark.parametrize("status", [403, 404, 410])
def test_a_refusal_is_final(tmp_path, status):
    with (
        FaultServer(BODY, always={"status": status}) as server,
        pytest.raises(OSError, match=str(status)),
    ):
        fetch(server.url, SHA, tmp_path)
    assert len(server.requests) == 1
    check_bad(tmp_path, None)


def test_no_server_at_all(tmp_path):
    with FaultServer(BODY) as server:
        pass
    with pytest.raises(OSError, match="the connection failed"):
        fetch(server.url, SHA, tmp_path)
    with pytest.raises(ValueError, match="url is 'nonsense': give an address"):
        fetch("nonsense", SHA, tmp_path)


def test_a_wrong_file_is_never_put_in_place_and_the_next_call_starts_anew(tmp_path):
    with FaultServer(OTHER) as server:
        with pytest.raises(ValueError, match="another SHA-256"):
            fetch(server.url, SHA, tmp_path)
        check_bad(tmp_path, OTHER)
        server.body = BODY
        check_good(tmp_path, fetch(server.url, SHA, tmp_path))
    assert server.requests == [None, None]


def test_a_mistyped_hash_costs_no_second_download(tmp_path):
    with FaultServer(BODY) as server:
        with pytest.raises(ValueError, match="another SHA-256"):
            fetch(server.url, "0" * 64, tmp_path)
        check_good(tmp_path, fetch(server.url, SHA, tmp_path))
    assert server.requests == [None]


def test_a_file_that_changes_between_attempts_is_not_mixed(tmp_path):
    script = [{"body": OTHER, "etag": '"one"', "cut": 70_000}, {"body": BODY, "etag": '"two"'}]
    with FaultServer(OTHER, script) as server:
        check_good(tmp_path, fetch(server.url, SHA, tmp_path))
    assert server.requests == [None, "bytes=65536-"]


def test_a_file_that_changes_unnoticed_is_refused_and_mended_by_the_next_call(tmp_path):
    with FaultServer(OTHER, [{"cut": 70_000}, {"body": BODY}]) as server:
        with pytest.raises(ValueError, match="another SHA-256"):
            fetch(server.url, SHA, tmp_path)
        check_bad(tmp_path, OTHER[:65536] + BODY[65536:])
        check_good(tmp_path, fetch(server.url, SHA, tmp_path))


def test_a_file_that_changes_every_time_is_given_up(tmp_path):
    script = [{"etag": f'"{i}"', "cut": 1000} for i in range(50)]
    with (
        FaultServer(BODY, script) as server,
        pytest.raises(OSError, match=r"goes on from there|tries again"),
    ):
        fetch(server.url, SHA, tmp_path)
    check_bad(tmp_path, BODY[:1000])


def test_the_disk_is_looked_at_before_the_download(tmp_path, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(0, 0, 150_000))
    (tmp_path / "galaxies.h5.part").write_bytes(BODY[:10_000])
    with FaultServer(BODY) as server:
        with pytest.raises(OSError, match="0 MB are to come and 0 MB are free") as caught:
            fetch(server.url, SHA, tmp_path)
        assert caught.value.__cause__.errno == errno.ENOSPC
        check_bad(tmp_path, BODY[:10_000])
        (tmp_path / "galaxies.h5.part").write_bytes(BODY[:60_000])  # now the rest would fit
        check_good(tmp_path, fetch(server.url, SHA, tmp_path))


@pytest.mark.skipif(sys.platform == "win32", reason="file size limits are a Unix matter")
def test_a_disk_that_fills_up_on_the_way_keeps_the_part(tmp_path):
    limited = (
        "import resource, sys; from galaxy_lib.__main__ import main;"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000)); sys.exit(main())"
    )
    with FaultServer(BODY) as server:
        arguments = ["fetch", "--to", str(tmp_path), "--url", server.url, "--sha256", SHA]
        run = [sys.executable, "-c", limited, *arguments]
        done = subprocess.run(run, capture_output=True, text=True, timeout=600)
        assert done.returncode == 1
        assert "cannot be written" in done.stderr
        assert "Traceback" not in done.stderr
        check_bad(tmp_path, BODY[:100_000])
        check_good(tmp_path, fetch(server.url, SHA, tmp_path))
    assert server.requests[1] == "bytes=100000-"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT to send")
def test_ctrl_c_leaves_a_part_that_the_next_call_goes_on_from(tmp_path):
    part = tmp_path / "galaxies.h5.part"
    with FaultServer(BODY, [{"pace": 1}]) as server:
        arguments = ["fetch", "--to", str(tmp_path), "--url", server.url, "--sha256", SHA]
        process = subprocess.Popen(
            [sys.executable, "-m", "galaxy_lib", *arguments],
            stderr=subprocess.PIPE,
            text=True,
            # A shell's background job, as a CI run may be, ignores SIGINT and hands that down.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )
        while not (part.exists() and part.stat().st_size) and process.poll() is None:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=600)
        assert process.returncode == 130
        assert "Stopped" in said
        assert "Traceback" not in said
        assert not (tmp_path / "galaxies.h5").exists()
        received = part.read_bytes()
        assert received == BODY[: len(received)]
        check_good(tmp_path, fetch(server.url, SHA, tmp_path))


def test_a_file_of_that_name_is_not_overwritten(tmp_path):
    (tmp_path / "galaxies.h5").write_bytes(b"precious")
    with FaultServer(BODY) as server, pytest.raises(FileExistsError, match="left as it is"):
        fetch(server.url, SHA, tmp_path)
    assert server.requests == []
    assert (tmp_path / "galaxies.h5").read_bytes() == b"precious"


def test_two_fetches_at_once_do_not_write_the_same_part(tmp_path):
    with FileLock(tmp_path / "galaxies.h5.part.lock"), FaultServer(BODY) as server:
        with pytest.raises(OSError, match="Another fetch"):
            fetch(server.url, SHA, tmp_path)
        assert server.requests == []


@pytest.mark.parametrize("sha256", ["", "123", "z" * 64])
def test_a_hash_that_is_none_is_refused_before_the_download(tmp_path, sha256):
    with pytest.raises(ValueError, match="64 hexadecimal digits"):
        fetch("http://localhost/galaxies.h5", sha256, tmp_path)
    assert os.listdir(tmp_path) == []


def test_what_comes_without_a_good_name_gets_the_usual_one(tmp_path):
    with FaultServer(BODY) as server:
        path = fetch(server.url.replace("galaxies.h5", "content?download=1"), SHA, tmp_path)
    assert path == tmp_path / "Galaxy10_DECals.h5"
    assert path.read_bytes() == BODY


LOGIN = b"<!DOCTYPE html><title>Log in to the network</title>" * 50


def test_a_login_page_never_touches_the_part(tmp_path):
    """A captive portal answers 200 to everything, with a page and not with the file."""
    page = {"body": LOGIN, "whole": True, "headers": {"Content-Type": "text/html"}}
    with FaultServer(BODY, [{"cut": 90_000}], always=page) as server:
        with pytest.raises(OSError, match="something else than the file") as caught:
            fetch(server.url, SHA, tmp_path)
        assert "is kept" in str(caught.value)
        kept = check_bad(tmp_path, BODY[:90_000])
        assert kept >= 65536
        server.body, server.always = BODY, {}
        check_good(tmp_path, fetch(server.url, SHA, tmp_path))
    assert server.requests[-1] == f"bytes={kept}-"


def test_a_part_that_is_the_file_already_needs_no_server(tmp_path):
    (tmp_path / "galaxies.h5.part").write_bytes(BODY)
    with FaultServer(BODY, always={"status": 500}) as server:
        check_good(tmp_path, fetch(server.url, SHA, tmp_path))
    assert server.requests == []


def test_a_part_longer_than_the_file_is_kept_until_what_comes_shows_what_it_is(tmp_path):
    part = tmp_path / "galaxies.h5.part"
    part.write_bytes(BODY + b"more")
    with FaultServer(BODY, [{}], always={"status": 500}) as server:
        with pytest.raises(OSError, match="is kept"):
            fetch(server.url, SHA, tmp_path)
        assert part.read_bytes() == BODY + b"more"
        server.always = {}
        check_good(tmp_path, fetch(server.url, SHA, tmp_path))


def test_a_login_page_as_a_file_and_a_server_that_begins_again_take_nothing(tmp_path):
    """A page is shorter than what has come, so that a server answers 416 when asked for more."""
    part = tmp_path / "galaxies.h5.part"
    part.write_bytes(BODY[:100_000])
    with FaultServer(b"<html>Log in", etag=None) as server:
        with pytest.raises(OSError, match=r"log in first\?; what has come is kept"):
            fetch(server.url, SHA, tmp_path)
        assert part.read_bytes() == BODY[:100_000]
        server.body, server.always = BODY, {"whole": True, "cut": 30_000}
        with pytest.raises(OSError, match="is kept"):
            fetch(server.url, SHA, tmp_path)
        assert part.read_bytes() == BODY[:100_000]
        server.always = {"whole": True}
        check_good(tmp_path, fetch(server.url, SHA, tmp_path))


def test_the_validator_outlives_the_process(tmp_path):
    """A file that changed between two calls is not mixed, for the part's notes name the first."""
    with FaultServer(OTHER, [{"cut": 70_000}], always={"status": 503}, etag='"one"') as server:
        with pytest.raises(OSError, match="is kept"):
            fetch(server.url, SHA, tmp_path)
        server.body, server.always, server.etag = BODY, {}, '"two"'
        check_good(tmp_path, fetch(server.url, SHA, tmp_path))
    assert sorted(os.listdir(tmp_path)) == ["galaxies.h5", "galaxies.h5.part.lock"]


def test_a_server_that_falls_asleep_is_left_and_the_terminal_hears_of_it(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(fetching, "STALL", 1)
    monkeypatch.setattr(fetching, "TELL", 0.5)
    monkeypatch.setattr(fetching, "SLOWEST", 50_000)
    with FaultServer(BODY, [{"pace": 0.4}]) as server:
        check_good(tmp_path, fetch(server.url, SHA, tmp_path))
    assert len(server.requests) >= 2
    assert "MB a second" in capsys.readouterr().err


def test_a_file_that_appears_meanwhile_is_left_as_it_is(tmp_path, monkeypatch):
    real = fetching._receive

    def receive(*arguments):
        (tmp_path / "galaxies.h5").write_bytes(b"precious")
        return real(*arguments)

    monkeypatch.setattr(fetching, "_receive", receive)
    with FaultServer(BODY) as server, pytest.raises(FileExistsError, match="appeared meanwhile"):
        fetch(server.url, SHA, tmp_path)
    assert (tmp_path / "galaxies.h5").read_bytes() == b"precious"
