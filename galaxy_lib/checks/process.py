"""A waiting process that runs answers, so that whatever they do ends for sure.

An answer goes there by cloudpickle, as bytes that nothing but the worker unpacks; inputs go in,
plain data come back. The worker's own processor time is counted, without that of imports, and it
is killed when the limit is reached. Seconds on a clock are not counted: on a busy machine, a
worker that would run if it could is waited for. In a browser there are no processes: there the
answer runs in place, and an endless one does not end before the page is closed.
"""

from __future__ import annotations

import atexit
import base64
import contextlib
import inspect
import json
import os
import pickletools
import queue
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import cloudpickle

from galaxy_lib.checks import worker

try:
    import psutil
except ImportError:  # no wheel for this processor
    psutil = None

STEP = 0.05  # seconds between two looks at a worker's clock
LARGEST = 200_000_000  # bytes of a reply
MOST_PARTS = 2_000_000  # lists and the like in a reply: each takes more memory than its letters
MOST_LINES = 1_000_000  # above an answer, in its file
LARGEST_ANSWER = 100_000_000  # bytes of what is handed over
CHECKS = r"galaxy_lib[/\\]checks[/\\]\w+\.py"  # files in which functions of the checks were written


@dataclass
class Handed:
    """An answer on its way, with what is told about it; from a notebook, nothing here is trusted.

    ``source`` is the answer's own, from the line ``first`` of ``filename`` on.
    """

    answer: bytes
    kind: str
    source: str = ""
    filename: str = "<unknown>"
    first: int = 1
    path: list[str] = field(default_factory=lambda: [*sys.path])

    def to_text(self) -> str:
        """Return it as JSON, for another process to judge."""
        return json.dumps(vars(self) | {"answer": base64.b64encode(self.answer).decode()})

    @classmethod
    def from_text(cls, text: str) -> Handed:
        """Return what `to_text` wrote. Raise ValueError where that is something else."""
        try:
            parts = json.loads(text)
            parts["answer"] = base64.b64decode(parts["answer"])
            handed = cls(**parts)
            texts = [handed.kind, handed.source, handed.filename, *handed.path]
            if not all(isinstance(part, str) for part in texts) or type(handed.first) is not int:
                raise ValueError
            if not 0 <= handed.first <= MOST_LINES:  # so many empty lines are made of it
                raise ValueError
        except Exception:
            raise ValueError("This is no answer that was handed over.") from None
        return handed

    def line(self, number: int) -> str:
        """Return a line of the source, by its number in the file."""
        lines = self.source.splitlines()
        inside = 0 <= number - self.first < len(lines)
        return lines[number - self.first].strip() if inside else ""


def hand_over(answer, name: str = "") -> Handed:
    """Pack an answer. Raise ValueError, in a sentence for the student, where it can't be packed."""
    try:
        packed = cloudpickle.dumps(answer)
    except Exception as error:
        text = " ".join(str(error).split())[:120]
        raise ValueError(
            "It cannot be taken into the process that checks it: does it use something else than "
            f"its arguments? ({type(error).__name__}: {text})"
        ) from None
    if len(packed) > LARGEST_ANSWER:
        raise ValueError(
            f"It takes {len(packed) / 1e6:.0f} MB along, of {LARGEST_ANSWER / 1e6:.0f} MB that are "
            "taken: let it use its arguments in place of the notebook's data."
        )
    handed = Handed(packed, type(answer).__name__)
    with contextlib.suppress(Exception):
        lines, handed.first = inspect.getsourcelines(answer)
        handed.source, handed.filename = "".join(lines), inspect.getfile(answer)
    if not callable(answer):
        handed.source = _cell_with(name)
    return handed


def is_of_the_checks(packed: bytes) -> bool:
    """Say whether an answer, which is not unpacked for that, holds the checks or code of theirs."""
    try:
        words = {word for _, word, _ in pickletools.genops(packed) if isinstance(word, str)}
    except ValueError:  # no pickle: where it is unpacked, that is said
        return False
    # Where a function was written, or by which name it is imported.
    return any(
        f"{word}.".startswith("galaxy_lib.checks.") or re.search(CHECKS + "$", word)
        for word in words
    )


def _cell_with(name: str) -> str:
    """Return the last cell of the notebook that gives ``name`` a value."""
    cells = getattr(sys.modules.get("__main__"), "In", [])
    cells = cells if isinstance(cells, list) else []
    return next((str(cell) for cell in reversed(cells) if f"{name} =" in str(cell)), "")


class Stopped(Exception):
    """The answer was stopped: it took too long, or its process ended; the text is a sentence."""


class Clock:
    """The processor time of a process; without psutil, seconds on the clock stand for it."""

    def __init__(self, pid: int) -> None:
        self.process = psutil.Process(pid) if psutil else None

    def seconds(self) -> float:
        if psutil is None:
            return time.monotonic()
        try:
            times = self.process.cpu_times()
        except psutil.Error:
            return 0.0
        return times.user + times.system

    def runs(self) -> bool:
        """Say whether it would compute if the machine were less busy."""
        if psutil is None:
            return True
        try:
            return os.name == "posix" and self.process.status() == psutil.STATUS_RUNNING
        except psutil.Error:
            return False

    def kill_children(self) -> None:
        if psutil is not None:  # else their group is ended, where there are groups
            with contextlib.suppress(psutil.Error, OSError):  # hidden by hidepid
                for child in self.process.children(recursive=True):
                    child.kill()


class Worker:
    """A process that runs one answer after the other; start it with `start`."""

    def __init__(self, limit: float, *, apart: Sequence[str] | None = None) -> None:
        self.limit, self.spent = limit, 0.0
        self.places = tempfile.TemporaryFile("w+", errors="replace")  # noqa: SIM115
        own = {"start_new_session": True} if os.name == "posix" else {}
        how = [] if apart is None else ["apart", *apart]
        self.process = subprocess.Popen(
            [sys.executable, worker.__file__, str(min(0.8 * limit, 4)), *how],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.places,
            env=os.environ | {"OMP_NUM_THREADS": "1", "PYTHONIOENCODING": "utf-8"},
            **own,
        )
        self.clock = Clock(self.process.pid)
        self.replies: queue.SimpleQueue = queue.SimpleQueue()
        try:
            threading.Thread(target=self._listen, daemon=True).start()
        except RuntimeError:
            self.kill()
            raise OSError("no thread can be started") from None
        atexit.register(self.kill)

    def _listen(self) -> None:
        """Put replies into the queue until the process ends or sends something else, then None."""
        pipe = self.process.stdout
        with contextlib.suppress(OSError, ValueError, RecursionError, MemoryError):
            while len(size := pipe.read(8)) == 8 and (n := int.from_bytes(size, "big")) < LARGEST:
                text = pipe.read(n)
                if text.count(b"[") + text.count(b"{") + text.count(b",") > MOST_PARTS:
                    break
                self.replies.put(json.loads(text))
        self.replies.put(None)

    def kill(self) -> None:
        """End the process, and those that it started."""
        atexit.unregister(self.kill)
        self.clock.kill_children()
        with contextlib.suppress(OSError):
            if os.name == "posix":
                os.killpg(self.process.pid, signal.SIGKILL)
        self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.places):
            with contextlib.suppress(OSError):
                stream.close()

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def take(self, handed: Handed):
        """Give the worker an answer; return it as plain data."""
        self.spent = 0.0
        task = {"answer": handed.answer, "path": handed.path, "filename": handed.filename}
        task["lines"] = [""] * (handed.first - 1) + handed.source.splitlines(keepends=True)
        return self._ask(task, handed, float("inf"))

    def call(self, cases, handed: Handed, name: str) -> list[dict]:
        """Return the replies to the calls with ``cases``, lists of arguments of an exercise."""
        return self._ask({"cases": [*cases], "name": name}, handed, self.limit)

    def _ask(self, task: dict, handed: Handed, limit: float):
        packed = cloudpickle.dumps(task)
        try:
            with contextlib.suppress(OSError):  # it ended: the queue says so
                self.process.stdin.write(len(packed).to_bytes(8, "big") + packed)
                self.process.stdin.flush()
            return self._wait(handed, limit)
        except BaseException:  # an interrupt, too, leaves nothing running
            self.kill()
            raise

    def _wait(self, handed: Handed, limit: float):
        begin = start = last = self.clock.seconds()
        idle, waited, importing = 0.0, 0.0, False
        while True:
            try:
                reply = self.replies.get(timeout=STEP)
            except queue.Empty:
                now = self.clock.seconds()
                if importing:
                    start += now - last  # not the answer's time
                # Where it neither computes nor would if the machine were less busy, it waits.
                waits = now == last and not self.clock.runs()
                idle = idle + STEP if waits and not importing else 0.0
                waited += STEP if waits else 0.0
                last = now
                if self.spent + now - start > limit:
                    line = self._line(handed)
                    raise Stopped(
                        f"It was stopped after {limit:g} s of computing{line}: "
                        "does every loop there end?"
                    ) from None
                if idle > 5:
                    line = self._line(handed)
                    raise Stopped(
                        f"It was stopped{line}: it computes nothing there. Does it wait for input?"
                    ) from None
                if (seconds := waited + now - begin) > max(40, 10 * self.limit):
                    line = self._line(handed)
                    raise Stopped(f"It was stopped{line}, after {seconds:.0f} s.") from None
                continue
            if reply is None:
                raise Stopped("It ended the process that it ran in, in place of returning.")
            if isinstance(reply, dict) and "imports" in reply:
                now = self.clock.seconds()
                start += now - last if importing else 0.0
                last, importing = now, reply["imports"]
                continue
            self.spent += self.clock.seconds() - start
            return reply

    def _line(self, handed: Handed) -> str:
        """Name the innermost line of the answer in the last trace that the worker wrote."""
        if os.name == "posix":
            with contextlib.suppress(OSError):
                self.process.send_signal(signal.SIGUSR1)
                self._written()
        self.places.seek(0)
        last = re.split(r"most recent call first\)?:?\n", self.places.read()[-20_000:])[-1]
        # The trace is in ASCII, with what else a path holds written as Python escapes it.
        filename = handed.filename.encode("ascii", "backslashreplace").decode()
        files = rf"{re.escape(filename)}|<dynamic-code>"
        found = re.search(rf'File "({files})", line (\d+) in (.*)', last)
        if not found:
            return ""
        number = int(found[2])
        own = found[1] == filename
        return worker.told_line(number, handed.line(number) if own else "", found[3])

    def _written(self) -> None:
        """Wait until the trace that was asked for is whole: until it grows no longer."""
        before = 0
        for _ in range(100):
            time.sleep(2 * STEP)
            size = os.fstat(self.places.fileno()).st_size
            if size == before > 0 or not self.alive:
                return
            before = size


class Here:
    """What stands for a worker where there are no processes: the answer runs in place."""

    alive, limit = True, None

    def take(self, handed: Handed):
        self.function = cloudpickle.loads(handed.answer)
        return _as_sent({"value": worker.plain(self.function)})

    def call(self, cases, handed: Handed, name: str) -> list[dict]:
        return _as_sent([worker.call(self.function, case) for case in cases])


def _as_sent(reply):
    return json.loads(json.dumps(reply))


_waiting: list[Worker | Here] = []


def start(limit: float, *, fresh: bool = False, shut: Sequence[str] = ()) -> Worker | Here:
    """Return a worker: the one that waits, or a ``fresh`` one, which the caller has to kill.

    A fresh one is for grading: it cannot read the checks and what is ``shut`` (paths of files and
    folders), or start, end or ask anything else.
    """
    if sys.platform in ("emscripten", "wasi"):
        return Here()
    if fresh:
        return Worker(limit, apart=shut)
    if _waiting and _waiting[0].alive and _waiting[0].limit not in (limit, None):
        _waiting[0].kill()
    if not _waiting or not _waiting[0].alive:
        try:
            _waiting[:] = [Worker(limit)]
        except OSError:  # no process can be started
            _waiting[:] = [Here()]
    return _waiting[0]


def prepare() -> None:
    """Start the worker in a notebook beforehand, so that its first check need not wait for it."""
    if "ipykernel" in sys.modules and not os.environ.get("NBGRADER_EXECUTION"):
        start(2)
