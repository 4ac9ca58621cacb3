import gc
import os
import shutil
import signal
import subprocess
import sys
import threading

import numpy as np
import pytest

from mousearm.engine import build as building
from mousearm.engine.build import LANES, build
from mousearm.errors import CompilerError
from mousearm.paths import cache_folder

# Adds `factor` to what stands in rows; the third array counts the calls that computed a row.
SOURCE = """
#include <stdint.h>
extern "C" void add(int64_t begin, int64_t end, const double* x, double* y, double* calls) {
    for (int64_t i = begin; i < end; i++) { y[i] = x[i] + FACTOR; calls[i] += 1; }
}
"""


@pytest.fixture
def cache(monkeypatch, tmp_path):
    """An empty cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def compilations(monkeypatch):
    """How often something was compiled."""
    counted, compiled = [], building._compiled
    monkeypatch.setattr(building, "_compiled", lambda *given: counted.append(1) or compiled(*given))
    return counted


def source(factor=1):
    return SOURCE.replace("FACTOR", str(factor))


def added(library, n, threads=1):
    """What the library makes of 0, 1, 2, ..., and how often it computed each row."""
    x, y, calls = np.arange(n, dtype=float), np.zeros(n), np.zeros(n)
    library.bind("add", n, [x.ctypes.data, y.ctypes.data, calls.ctypes.data], threads)()
    return y, calls


@pytest.mark.usefixtures("compiler")
def test_what_is_compiled_computes_and_is_found_again(cache, compilations):
    y, _ = added(build(source(2)), 3)
    np.testing.assert_array_equal(y, [2, 3, 4])
    np.testing.assert_array_equal(added(build(source(2)), 3)[0], y)
    assert len(compilations) == 1
    np.testing.assert_array_equal(added(build(source(5)), 1)[0], [5])  # another source is another library
    assert len(compilations) == 2


@pytest.mark.usefixtures("compiler")
@pytest.mark.parametrize("n", [0, 1, LANES, LANES + 1, 5 * LANES - 3])
@pytest.mark.parametrize("threads", [0, 1, 3, 64])
def test_threads_compute_every_row_once(n, threads):
    y, calls = added(build(source()), n, threads)
    np.testing.assert_array_equal(y, np.arange(n) + 1.0)
    np.testing.assert_array_equal(calls, 1)


@pytest.mark.usefixtures("compiler")
@pytest.mark.parametrize("damage", ["truncated", "other", "gone", "seal", "folder"])
def test_damage_in_the_cache_is_made_good(cache, compilations, damage):
    folder = build(source()).folder
    library, seal = folder / "engine.so", folder / "sha256sums.txt"
    if damage == "truncated":
        content = library.read_bytes()
        library.unlink()  # the old file is loaded
        library.write_bytes(content[:100])
    elif damage == "other":
        library.unlink()
        library.write_bytes(b"\0" * 4096)
    elif damage == "gone":
        library.unlink()
    elif damage == "seal":
        seal.write_text("nonsense")
    else:
        shutil.rmtree(folder)
        folder.write_text("a file where the folder would be")
    np.testing.assert_array_equal(added(build(source()), 2)[0], [1, 2])
    assert len(compilations) == 2
    if damage != "folder":
        assert build(source()).folder == folder
        assert len(compilations) == 2


@pytest.mark.usefixtures("compiler")
def test_a_cache_that_cannot_be_written_costs_time_alone(cache):
    cache.write_text("a file where the folder would be")
    library = build(source())
    assert library.folder is None
    np.testing.assert_array_equal(added(library, 2)[0], [1, 2])


@pytest.mark.usefixtures("compiler")
def test_several_at_once_build_one_library(cache):
    found = []
    threads = [threading.Thread(target=lambda: found.append(added(build(source(7)), 1)[0][0])) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [7.0] * 4
    (folder,) = (cache_folder() / "engines").glob("*/*")
    assert sorted(path.name for path in folder.iterdir()) == ["engine.cpp", "engine.so", "sha256sums.txt"]


@pytest.mark.usefixtures("compiler")
def test_another_processor_compiles_anew(cache, compilations, monkeypatch):
    one = build(source()).folder
    monkeypatch.setattr(building, "_processor", lambda: "one that knows other instructions")
    assert build(source()).folder != one
    assert len(compilations) == 2


@pytest.mark.usefixtures("compiler")
def test_a_process_that_forks_has_its_own_threads(cache):
    library, n = build(source()), 4 * LANES
    x, y, calls = np.arange(n, dtype=float), np.zeros(n), np.zeros(n)
    rows = library.bind("add", n, [array.ctypes.data for array in (x, y, calls)], 3)
    rows()
    if (child := os.fork()) == 0:
        gc.disable()  # what other tests dropped may wait for threads that a fork lacks
        signal.alarm(300)  # ends it
        rows()
        os._exit(int(not (calls == 2).all()))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@pytest.mark.parametrize(("command", "said"), [("no_such_compiler", "does not start"), ("false", "ends with 1")])
def test_a_compiler_that_does_not_work_is_named(cache, monkeypatch, command, said):
    monkeypatch.setenv("CXX", command)
    with pytest.raises(CompilerError, match=f"{command}: it {said}"):
        build(source())


@pytest.mark.usefixtures("compiler")
def test_a_compiler_that_fails_is_quoted(cache):
    with pytest.raises(CompilerError, match="nonsense"):
        build("nonsense")
    assert not list(cache.rglob("engine.so"))


def test_no_compiler_at_all(cache, monkeypatch):
    monkeypatch.delenv("CXX")
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(CompilerError, match=r"none of c\+\+, g\+\+ and clang\+\+"):
        build(source())


@pytest.mark.slow
def test_the_compiler_of_a_package_serves_where_the_system_has_none(cache, monkeypatch):
    pytest.importorskip("ziglang", reason="the extra 'fast' is not installed")
    monkeypatch.delenv("CXX")
    monkeypatch.setenv("PATH", "")
    np.testing.assert_array_equal(added(build(source(3)), 2)[0], [3, 4])
    code = "from mousearm.engine.build import build; import sys; build(sys.argv[1])"
    said = subprocess.run([sys.executable, "-c", code, source(3)], capture_output=True, text=True, check=True).stdout
    assert said == ""  # it was in the cache
