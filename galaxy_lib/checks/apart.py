"""What keeps a process that runs students' code from what is right, and within its memory.

It is loaded by its path into processes that import nothing else of galaxy_lib: the worker that
runs an answer for grading, and the kernel that holds a student's notebook meanwhile.
"""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys

CHECKS = os.path.dirname(os.path.abspath(__file__)) + os.sep
LIBRARY = os.path.dirname(os.path.dirname(CHECKS)) + os.sep
THROUGH = LIBRARY + "checked.py"  # what looks at arguments before a function sees them
# Files that hold what is right, and the memory of other processes.
ANSWERS = r"chapter_\d\d(\.cpython-\w+)?\.py|chapters[/\\]+solutions|/proc/\w+/mem"
PROCESSES = (
    "subprocess.Popen", "os.system", "os.exec", "os.fork", "os.forkpty", "os.posix_spawn",
    "os.spawn", "os.startfile", "os.kill", "os.killpg",
)  # fmt: skip
SETTING = "__code__", "__defaults__", "__kwdefaults__"


def keep_apart(hidden: str = ANSWERS, *refused: str) -> None:
    """Install a hook, which nothing can take away, against looking up elsewhere what is right.

    Files whose path has the pattern ``hidden`` in it are not opened, no process is started or
    ended, and the audit events ``refused`` do not happen either: a PermissionError says so.
    """

    # All that it needs is its own: a student's code can change everything else in the process.
    def hook(
        event,
        arguments,
        refused=frozenset((*PROCESSES, *refused)),
        hidden=re.compile(hidden).search,
        text=str,
        error=PermissionError,
        setting=SETTING,
        file=__file__,
    ):
        if event in refused:
            raise error("An answer starts, ends and asks nothing outside of its own process.")
        if event == "open" and hidden(text(arguments[0])):
            raise error("An answer is to find its result without the checks.")
        if (
            event == "object.__setattr__"
            and arguments[1] in setting
            and arguments[0].__code__.co_filename == file
        ):
            raise error("This is no part of an answer.")

    def fork_exec(*arguments):
        raise PermissionError("An answer starts, ends and asks nothing outside of its own process.")

    # What multiprocessing calls, without an audit event.
    with contextlib.suppress(ImportError):
        import _posixsubprocess

        _posixsubprocess.fork_exec = fork_exec
        subprocess._fork_exec = fork_exec
    sys.addaudithook(hook)


def limit_memory(gigabytes: float) -> None:
    """Let this process take so much more memory, where its system can be asked for that."""
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        with open("/proc/self/statm") as pages:
            size = int(pages.read().split()[0]) * resource.getpagesize()
        _, most = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (size + int(gigabytes * 2**30), most))


class Watch:
    """Sees which functions of galaxy_lib a student's code calls, while it is entered.

    A call is kept as the function's name, what it was given and what it returned.
    """

    def __init__(self) -> None:
        self.calls: list[tuple[str, list, object]] = []
        self._open: dict[int, tuple[str, list]] = {}

    def __enter__(self) -> Watch:
        sys.setprofile(self._see)
        return self

    def __exit__(self, *error) -> None:
        sys.setprofile(None)

    def _see(self, frame, event: str, value) -> None:
        name = frame.f_code.co_filename
        if not name.startswith(LIBRARY) or name.startswith(CHECKS) or name == THROUGH:
            return
        if event == "call":
            caller = frame.f_back
            while caller is not None and caller.f_code.co_filename == THROUGH:
                caller = caller.f_back
            if (
                caller is None
                or not caller.f_code.co_filename.startswith(LIBRARY)
                or (caller.f_code.co_filename.startswith(CHECKS))
            ):
                self._open[id(frame)] = frame.f_code.co_name, [*frame.f_locals.values()]
        elif event == "return" and id(frame) in self._open:
            self.calls.append((*self._open.pop(id(frame)), value))

    def worker_for(self, name: str, given: list, result) -> str:
        """Name the function that did the work of the exercise ``name``, or return an empty text.

        It is called as the exercise is, or it was given what the answer was ``given`` and returned
        the answer's ``result``: these very objects.
        """
        for called, had, value in self.calls:
            handed_on = all(any(one is other for other in had) for one in given)
            if called == name or (given and handed_on and _is(value, result)):
                return called
        return ""


def _is(value, result) -> bool:
    kinds = tuple | list
    if isinstance(value, kinds) and isinstance(result, kinds) and len(value) == len(result):
        return all(map(_is, value, result))
    return value is result
