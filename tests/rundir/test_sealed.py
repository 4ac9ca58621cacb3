import pytest

from mousearm.errors import RunError
from mousearm.rundir import check, seal
from mousearm.rundir.sealed import remove, settle, tidy

FILES = {"a.txt": b"one", "b.bin": bytes(range(256))}


@pytest.fixture
def sealed(tmp_path):
    seal(tmp_path / "best", FILES, "run 1")
    return tmp_path / "best"


def test_a_sealed_folder_is_whole(sealed):
    check(sealed)
    check(sealed, "run 1")
    assert sorted(path.name for path in sealed.iterdir()) == ["a.txt", "b.bin", "manifest.json"]


def test_another_one_takes_its_place(sealed):
    seal(sealed, {"c": b""}, "run 1")
    check(sealed)
    assert sorted(path.name for path in sealed.iterdir()) == ["c", "manifest.json"]
    assert [path.name for path in sealed.parent.iterdir()] == ["best"]


@pytest.mark.parametrize("name", [*FILES, "manifest.json"])
@pytest.mark.parametrize("damage", ["truncated", "emptied", "flipped", "deleted"])
def test_damage_is_found_and_named(sealed, name, damage):
    file = sealed / name
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
                    check(sealed, "run 1")
            elif b"a.txt" in flipped and b"b.bin" in flipped:  # otherwise it lists other files, which are not there
                with pytest.raises(RunError):
                    check(sealed, "run 1")
        return
    else:
        file.write_bytes(content[: len(content) // 2] if damage == "truncated" else b"")
    with pytest.raises(RunError, match=name):
        check(sealed)


def test_a_folder_of_another_run(sealed):
    with pytest.raises(RunError, match="best is of another run"):
        check(sealed, "run 2")


def test_a_kill_between_the_renames_loses_nothing(sealed):
    sealed.rename(sealed.with_name("best.before"))
    settle(sealed)
    check(sealed)
    # A kill a little later leaves the old one beside the new one, which counts.
    seal(sealed.with_name("best.before"), {"old": b""}, "run 1")
    settle(sealed)
    check(sealed, "run 1")
    assert (sealed / "a.txt").is_file()
    seal(sealed, FILES, "run 1")
    assert [path.name for path in sealed.parent.iterdir()] == ["best"]


def test_what_kills_left_behind_is_removed(sealed):
    for name in ("best.partial", "best.before", "200.partial", "100.before"):
        (sealed.with_name(name)).mkdir()
    tidy(sealed.parent)
    assert sorted(path.name for path in sealed.parent.iterdir()) == ["100", "best"]


def test_removed(sealed):
    remove(sealed)
    assert list(sealed.parent.iterdir()) == []
