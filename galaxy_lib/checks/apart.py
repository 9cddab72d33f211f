"""What keeps a process that runs students' code from what is right, and within its memory.

It is loaded by its path into processes that import nothing else of galaxy_lib: the worker that
runs an answer for grading, and the kernel that holds a student's notebook meanwhile.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys

CHECKS = os.path.dirname(os.path.abspath(__file__)) + os.sep
LIBRARY = os.path.dirname(os.path.dirname(CHECKS)) + os.sep
THROUGH = LIBRARY + "checked.py"  # what looks at arguments before a function sees them
# Files that hold what is right, and the memory of other processes.
ANSWERS = r"chapter_\d\d(\.cpython-\w+)?\.py|chapters[/\\]+solutions|/proc/\w+/mem"
PROCESSES = (
    "subprocess.Popen", "os.system", "os.exec", "os.fork", "os.forkpty", "os.posix_spawn",
    "os.spawn", "os.startfile", "os.kill", "os.killpg", "resource.prlimit", "resource.setrlimit",
    "sqlite3.connect",  # which opens files by itself
)  # fmt: skip
SETTING = "__code__", "__defaults__", "__kwdefaults__"
# What reads or changes what a path names, and the places of the paths among an event's arguments.
PATHS = {
    "open": (0,), "os.remove": (0,), "os.rmdir": (0,), "os.truncate": (0,), "os.chmod": (0,),
    "os.rename": (0, 1), "os.link": (0, 1), "os.symlink": (0, 1),
}  # fmt: skip
# Where such an event has the number of the folder that its path begins in.
BEGINS_IN = {"os.remove": 1, "os.rmdir": 1, "os.rename": 2, "os.link": 2}
# What starts programs and calls a system without an audit event; what threadpoolctl asks for.
UNSEEN = "_posixsubprocess", "_cffi_backend", "_thread"
THREADS = r"blas|mkl|bli_|omp_|flexiblas|dl_iterate"


def _key(path: str, stat=os.stat, error=OSError) -> tuple[int, int]:
    """Return what a file or folder is known by, under whichever name."""
    try:
        found = stat(path)
    except error:
        return -1, -1
    return found.st_dev, found.st_ino


def _followed(path, folder=-1, texts=str, raw=bytes, a=isinstance, readlink=os.readlink,
              errors=(OSError, ValueError), windows=os.name == "nt") -> str:  # fmt: skip
    """Return where a path leads that may be a link; an empty text for what is open already."""
    if a(path, raw):
        path = raw.decode(path, "utf-8", "surrogateescape")
    elif a(path, texts):
        path = texts.__str__(path)  # its letters, whatever a class of a student's says
    else:
        return ""
    if folder != -1 and path[:1] != "/":
        path = f"/proc/self/fd/{folder}/{path}"
    links = 0
    while links < 40:
        links += 1
        path = path.replace("\\", "/") if windows else path
        try:
            target = readlink(path)
        except errors:
            break
        path = target if target[:1] == "/" else f"{path.rpartition('/')[0] or '.'}/{target}"
    return path


def _folders_above(path: str) -> list[tuple[int, int]]:
    """Return what the folders are known by that a path goes through, the innermost first."""
    found = []
    while (path := os.path.dirname(path)) not in ("", os.path.dirname(path)):
        found.append(_key(path))
    return found


def _stands_in(path: str, own, shut, above_shut, kept, key=_key) -> str:
    """Say of a path whether it is in a folder that is "shut", or above one, or "kept" as it is."""
    if (found := key(path)) != (-1, -1) and (found in shut or found in above_shut):
        return "shut"
    above, has, _ = path.rpartition("/")
    above, last = above or ("/" if has else "."), None
    while (found := key(above)) not in (last, (-1, -1), own):
        if found in shut or found in kept:
            return "shut" if found in shut else "kept"
        last, above = found, above + "/.."
    return ""


def _not_here(*arguments):
    raise PermissionError("An answer starts, ends and asks nothing outside of its own process.")


def take_away(module: str, *names: str) -> None:
    """Let functions of a module that is loaded raise PermissionError."""
    for name in names:
        if hasattr(sys.modules.get(module), name):
            setattr(sys.modules[module], name, _not_here)


def keep_apart(hidden: str = ANSWERS, *refused: str, shut=(), own: str = "") -> None:
    """Install a hook, which nothing can take away, against looking up elsewhere what is right.

    Files whose path has the pattern ``hidden`` in it, and what is ``shut`` (absolute paths of files
    and folders) but for the folder ``own``, are neither opened nor changed; the library and its
    environment are not changed.
    No process is started or ended, and the audit events ``refused`` do not happen either: a
    PermissionError says so.
    """

    mine, closed = _key(own) if own else (-1, -1), frozenset(map(_key, shut)) - {(-1, -1)}
    roofs = frozenset(each for path in shut for each in _folders_above(path)) - {(-1, -1)}
    as_it_is = frozenset(map(_key, (LIBRARY, sys.prefix)))

    # All that it needs is its own: a student's code can change everything else in the process.
    def hook(
        event,
        arguments,
        refused=frozenset((*PROCESSES, *refused)),
        hidden=re.compile(hidden).search,
        paths=PATHS,
        begins_in=BEGINS_IN,
        followed=_followed,
        stands_in=_stands_in,
        own=mine,
        shut=closed,
        above_shut=roofs,
        kept=as_it_is,
        unseen=UNSEEN,
        threads=re.compile(THREADS).search if os.name == "posix" else lambda name: True,
        text=str,
        frame=sys._getframe,
        error=PermissionError,
        setting=SETTING,
        file=__file__,
    ):
        if (
            event in refused
            or (event == "import" and arguments[0] in unseen)
            or (event == "ctypes.dlsym" and not threads(text(arguments[1])))
            or (event == "sys.setprofile" and frame(1).f_code.co_filename != file)  # `Watch` does
        ):
            raise error("An answer starts, ends and asks nothing outside of its own process.")
        if event in paths:
            folder = arguments[begins_in[event]] if event in begins_in else -1
            for place in paths[event]:
                path = followed(arguments[place], folder)
                if hidden(path):
                    raise error("An answer is to find its result without the checks.")
                where = path and stands_in(path, own, shut, above_shut, kept)
                if where == "shut" or (where and (event != "open" or arguments[2] & 3)):
                    raise error("An answer leaves alone what is not its own.")
        if (
            event == "object.__setattr__"
            and arguments[1] in setting
            and arguments[0].__code__.co_filename == file
        ):
            raise error("This is no part of an answer.")

    # What no audit event tells of: what multiprocessing calls, and signals to other processes.
    with contextlib.suppress(ImportError):
        import _posixsubprocess  # noqa: F401
    for module in ("_posixsubprocess", "subprocess", "os", "posix", "signal", "_signal"):
        take_away(module, "fork_exec", "_fork_exec", "pidfd_open", "pidfd_send_signal")
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
