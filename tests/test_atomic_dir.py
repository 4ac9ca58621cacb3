import pytest

from mousearm.atomic_dir import clean_up, recover, remove, verify, write
from mousearm.errors import RunError

FILES = {"a.txt": b"one", "b.bin": bytes(range(256))}


@pytest.fixture
def written(tmp_path):
    write(tmp_path / "best", FILES, "run 1")
    return tmp_path / "best"


def test_a_folder_is_whole(written):
    verify(written)
    verify(written, "run 1")
    assert sorted(path.name for path in written.iterdir()) == ["a.txt", "b.bin", "manifest.json"]


def test_another_one_takes_its_place(written):
    write(written, {"c": b""}, "run 1")
    verify(written)
    assert sorted(path.name for path in written.iterdir()) == ["c", "manifest.json"]
    assert [path.name for path in written.parent.iterdir()] == ["best"]


@pytest.mark.parametrize("name", [*FILES, "manifest.json"])
@pytest.mark.parametrize("damage", ["truncated", "emptied", "flipped", "deleted"])
def test_damage_is_found_and_named(written, name, damage):
    file = written / name
    content = bytearray(file.read_bytes())
    if damage == "deleted":
        file.unlink()
    elif damage == "flipped":
        for i in range(0, 8 * len(content), 13):
            flipped = bytearray(content)
            flipped[i // 8] ^= 1 << i % 8
            file.write_bytes(flipped)
            if name != "manifest.json":
                with pytest.raises(RunError, match=f"{name} is damaged"):
                    verify(written, "run 1")
            elif b"a.txt" in flipped and b"b.bin" in flipped:  # otherwise it lists other files, which are not there
                with pytest.raises(RunError):
                    verify(written, "run 1")
        return
    else:
        file.write_bytes(content[: len(content) // 2] if damage == "truncated" else b"")
    with pytest.raises(RunError, match=name):
        verify(written)


def test_a_folder_of_another_run(written):
    with pytest.raises(RunError, match="best is of another run"):
        verify(written, "run 2")


def test_a_kill_between_the_renames_loses_nothing(written):
    written.rename(written.with_name("best.before"))
    recover(written)
    verify(written)
    # A kill a little later leaves the old one beside the new one, which counts.
    write(written.with_name("best.before"), {"old": b""}, "run 1")
    recover(written)
    verify(written, "run 1")
    assert (written / "a.txt").is_file()
    write(written, FILES, "run 1")
    assert [path.name for path in written.parent.iterdir()] == ["best"]


def test_what_kills_left_behind_is_removed(written):
    for name in ("best.partial", "best.before", "200.partial", "100.before"):
        (written.with_name(name)).mkdir()
    clean_up(written.parent)
    assert sorted(path.name for path in written.parent.iterdir()) == ["100", "best"]


def test_removed(written):
    remove(written)
    assert list(written.parent.iterdir()) == []
