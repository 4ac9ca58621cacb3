import hashlib
import re

import pytest

from mousearm.errors import KinematicsError
from mousearm.kinematics import find_reaches


def make(folder, *names, content="x"):
    for name in names:
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)


def groups(folder):
    return {file.name: (file.animal, file.session) for file in find_reaches(folder)}


def manifest(folder, text):
    (folder / "manifest.csv").write_text(text)


def test_what_is_no_reach_is_passed_over(tmp_path):
    make(tmp_path, "b.csv", "a/c.csv", "readme.txt", "video.avi", "._b.csv", ".trash/d.csv", "a/._c.csv")
    manifest(tmp_path, "file,animal,session\n")
    assert [file.name for file in find_reaches(tmp_path)] == ["a/c", "b"]


def test_a_manifest_alone_is_no_reach(tmp_path):
    manifest(tmp_path, "file,animal,session\n")
    with pytest.raises(KinematicsError, match=r"no file matches \*\.csv"):
        find_reaches(tmp_path)


def test_animal_and_session_are_the_folders(tmp_path):
    make(tmp_path, "m1/monday/r.csv", "m2/monday/r.csv", "lab/m1/monday/r.csv", "m1/r.csv", "r.csv")
    assert groups(tmp_path) == {
        "m1/monday/r": ("m1", "m1/monday"),
        "m2/monday/r": ("m2", "m2/monday"),  # another session than the first one's, though of the same name
        "lab/m1/monday/r": ("lab/m1", "lab/m1/monday"),
        "m1/r": ("", "m1"),
        "r": ("", ""),
    }


def test_a_manifest_takes_the_folders_place(tmp_path):
    make(tmp_path, "m1/monday/r.csv", "a.csv", "b.csv", "unknown.csv")
    manifest(
        tmp_path, "session,file, animal,weight\nmonday,a.csv,m7,20\nmonday,m1/monday/r.csv, m8 ,21\n,b.csv,m8,22\n"
    )
    assert groups(tmp_path) == {
        "a": ("m7", "m7/monday"),
        "m1/monday/r": ("m8", "m8/monday"),
        "b": ("m8", ""),
        "unknown": ("", ""),
    }


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("file,session\na.csv,1\n", "has no column animal. A file of this name says whose the folder's reaches are"),
        ("", "has no column file, animal, session"),
        ("file,animal,session\na.csv,m,1\na.csv,m,2\n", "names a.csv twice"),
        ("file,animal,session\nb.csv,m,1\n", "names 'b.csv', which is not among"),
        ("file,animal,session\n,m,1\n", "names '', which is not among"),
    ],
)
def test_a_manifest_that_cannot_be_used(tmp_path, text, said):
    make(tmp_path, "a.csv")
    manifest(tmp_path, text)
    with pytest.raises(KinematicsError, match=re.escape(said)) as caught:
        find_reaches(tmp_path)
    assert str(tmp_path / "manifest.csv") in str(caught.value)


def test_a_manifest_that_is_no_text(tmp_path):
    make(tmp_path, "a.csv")
    (tmp_path / "manifest.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(KinematicsError, match="cannot be read"):
        find_reaches(tmp_path)


def test_hash_is_that_of_the_bytes(tmp_path):
    make(tmp_path, "a.csv", content="hello")
    (file,) = find_reaches(tmp_path)
    assert file.sha256() == hashlib.sha256(b"hello").hexdigest()
    file.path.unlink()
    with pytest.raises(KinematicsError, match=r"a\.csv cannot be read"):
        file.sha256()


def test_a_single_file_is_named_by_its_stem(tmp_path):
    make(tmp_path, "m1/monday/r.csv")
    (file,) = find_reaches(tmp_path / "m1" / "monday" / "r.csv")
    assert (file.name, file.animal, file.session) == ("r", "", "")
