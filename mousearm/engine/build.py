"""From the generated source to functions that step arms: a compiler, a cache of what it made, threads.

A library is compiled for the processor that it runs on and kept in the cache under a hash of everything it depends on:
source, compiler, flags, processor. So no file gets out of date, and machines that share a home do not share libraries.
"""

import ctypes
import importlib.util
import os
import platform
import shlex
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from mousearm.engine.cache import is_intact, keep, place_of
from mousearm.errors import CompilerError
from mousearm.text import one_line

LANES = 8
"""Rows that one instruction may compute; threads share whole groups of them."""

_NATIVE = "-mcpu=native" if platform.machine() in ("arm64", "aarch64") else "-march=native"
# Without -fno-math-errno a step of the arm with muscles takes 1.4 times as long. With -fgcse GCC 12 compiles its
# derivatives in 123 s instead of 33, to code that is no faster and has the same bits; clang ignores it.
_FLAGS = (
    *("-x", "c++", "-std=c++17", "-O3", _NATIVE, "-fno-math-errno", "-ffp-contract=fast"),
    *("-fno-gcse", "-fno-gcse-after-reload"),
    *("-fno-exceptions", "-fno-rtti", "-shared", "-fPIC", "-g0"),
)
_SOURCE, _LIBRARY = "engine.cpp", "engine.so"
_LONGEST_S = 900  # of a compilation
_LAST_LINES = 6  # of what a compiler says that are shown
# Of a block of /proc/cpuinfo: what tells which instructions a processor knows; first its name.
_OF_PROCESSORS = ("model name", "flags", "CPU implementer", "CPU part", "CPU variant", "Features", "isa")


@dataclass(frozen=True, slots=True)
class Compiler:
    """A C++ compiler that starts."""

    command: tuple[str, ...]
    version: str  # the first line that it says of itself


class Library:
    """Compiled functions ``name(begin, end, arrays...)``, each of which computes rows [begin, end) of its arrays."""

    def __init__(self, file: Path, compiler: str, folder: Path | None):
        """Load a file. ``folder`` is where it is kept in the cache, None where that cannot be written."""
        self.compiler, self.folder = compiler, folder
        self._functions = ctypes.CDLL(str(file))

    def bind(self, name: str, n: int, pointers: Sequence[int], threads: int = 1) -> "RowFunction":
        """The function of this name for n rows of arrays at these addresses, which the caller keeps in place.

        Threads, the caller's included, share the rows; 0 means all processors.
        """
        function = getattr(self._functions, name)
        function.argtypes = [ctypes.c_int64] * 2 + [ctypes.c_void_p] * len(pointers)
        function.restype = None
        return RowFunction(function, n, pointers, threads or processors())

    def on_arrays(self, name: str, arrays: Sequence[np.ndarray]) -> "RowFunction":
        """The same for contiguous arrays that have one row per arm, on the caller's thread."""
        return self.bind(name, len(arrays[0]), [array.ctypes.data for array in arrays])


class RowFunction:
    """A compiled function of rows that several threads share; a call computes all of them."""

    def __init__(self, function: "ctypes._CFunctionType", n: int, pointers: Sequence[int], threads: int):
        groups = -(-n // LANES)
        parts = max(1, min(threads, groups))
        ends = [min(n, LANES * (groups * i // parts)) for i in range(parts + 1)]
        self._function, self._pointers = function, [ctypes.c_void_p(pointer) for pointer in pointers]
        (self._own, *self._others) = pairwise(ends)
        self._pool: ThreadPoolExecutor | None = None
        self._process = 0  # whose threads the pool has: a fork has none of them

    def __call__(self) -> None:
        """Compute all rows, and return when that is done."""
        if self._others and self._process != os.getpid():
            self._pool, self._process = ThreadPoolExecutor(len(self._others), "mousearm"), os.getpid()
        run, pointers = self._function, self._pointers
        waiting = [self._pool.submit(run, *part, *pointers) for part in self._others] if self._pool else ()
        run(*self._own, *pointers)
        for part in waiting:
            part.result()


def processors() -> int:
    """Number of processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def build(source: str, title: str = "simulation engine") -> Library:
    """Compile a C++ source, which may include headers of C only, or take it from the cache.

    ``title`` is what people are told is compiled. A damaged file in the cache is made again. CompilerError if there is
    no compiler that works.
    """
    problems = []
    for command in _commands():
        try:
            compiler = _identified(command)
            return _built(source, compiler, title)
        except _CompilationError as error:
            problems.append(f"{shlex.join(command)}: {error}")
    found = "; ".join(problems) or "none of c++, g++ and clang++ is on the PATH"
    raise CompilerError(
        f"There is no C++ compiler that works ({found}). Install one (apt install g++; xcode-select --install), or "
        "pip install 'mousearm[fast]', which brings one of 100 MB; or give engine=mujoco, which needs none."
    )


class _CompilationError(Exception):
    """Why a compiler did not do its work."""


def _commands() -> Iterator[tuple[str, ...]]:
    """Compilers to try: the one that $CXX names, or those on the PATH and then that of the package ziglang."""
    if chosen := os.environ.get("CXX", "").strip():
        yield tuple(shlex.split(chosen))
        return
    yield from dict.fromkeys((path,) for name in ("c++", "g++", "clang++") if (path := shutil.which(name)))
    with suppress(ImportError, ValueError):
        found = importlib.util.find_spec("ziglang")
        for folder in (found.submodule_search_locations or []) if found else []:
            yield str(Path(folder) / "zig"), "cc"  # the source needs no library of C++


@cache
def _identified(command: tuple[str, ...]) -> Compiler:
    said = _run([*command, "--version"], 60).strip()
    return Compiler(command, said.splitlines()[0] if said else "")


def _built(source: str, compiler: Compiler, title: str) -> Library:
    parts = (source, compiler.version, *_FLAGS, repr(_processor()))
    library = place_of(parts) / _LIBRARY
    if is_intact(library):
        with suppress(OSError):  # as where it lies on a disk that nothing may be run from
            return Library(library, compiler.version, library.parent)
    with TemporaryDirectory(prefix="mousearm_") as place:
        file = _compiled(source, compiler, Path(place), title)
        if keep(library, file.read_bytes(), _SOURCE, source):
            with suppress(OSError):
                return Library(library, compiler.version, library.parent)
        try:
            return Library(file, compiler.version, None)
        except OSError as error:
            raise _CompilationError(f"what it made cannot be loaded: {error}") from error


def _compiled(source: str, compiler: Compiler, place: Path, title: str) -> Path:
    print(f"Compiling the {title} of this model, once.", flush=True)
    (place / _SOURCE).write_text(source, encoding="utf-8")
    # zig keeps what it compiles, tens of MB, in the home unless it is told otherwise
    caches = {"ZIG_GLOBAL_CACHE_DIR": str(place / "zig"), "ZIG_LOCAL_CACHE_DIR": str(place / "zig")}
    words = [*compiler.command, *_FLAGS, "-o", str(place / _LIBRARY), str(place / _SOURCE), "-lm"]
    _run(words, _LONGEST_S, {**os.environ, **caches})
    return place / _LIBRARY


def _run(words: Sequence[str], seconds: float, environment: dict[str, str] | None = None) -> str:
    """Run a compiler; what it prints. _CompilationError if it does not start, fails, or takes too long."""
    try:
        done = subprocess.run(
            words,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=seconds,
            env=environment,
            check=False,
        )
    except OSError as error:
        raise _CompilationError(f"it does not start ({error.strerror})") from error
    except subprocess.TimeoutExpired as error:
        raise _CompilationError(f"it took more than {seconds:.0f} s") from error
    if done.returncode:
        last = one_line("\n".join(done.stderr.splitlines()[-_LAST_LINES:]))
        raise _CompilationError(f"it ends with {done.returncode}{last and ': '}{last[:400]}")
    return done.stdout


def processor_name() -> str:
    """Name of the processor, as far as the system tells."""
    return dict(_processor()).get("model name") or platform.processor() or platform.machine()


def _processor() -> list[tuple[str, str]]:
    """Name of the processor, and the instructions that it knows, as far as the system tells."""
    with suppress(OSError):
        first = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").split("\n\n")[0]
        lines = (line.partition(":") for line in first.splitlines())
        return [(name.strip(), value.strip()) for name, _, value in lines if name.strip() in _OF_PROCESSORS]
    return [("machine", platform.machine()), ("processor", platform.processor())]
