import subprocess

from mousearm.sweep.executor import ROOT, copies, snapshot


def test_a_copy_is_what_is_running_and_later_ones_stand_beside_it(tmp_path):
    first, second = snapshot(tmp_path), snapshot(tmp_path)
    assert [path.resolve() for path in copies(tmp_path)] == [first, second]
    for name in ("run.py", "mousearm/sweep/executor.py", "conf/config.yaml", "mousearm/model/forelimb.xml"):
        assert (first / name).read_bytes() == (ROOT / name).read_bytes()
    assert not list(first.rglob("__pycache__"))


def test_a_copy_of_a_checkout_knows_its_commit(tmp_path):
    def commit(folder):
        command = ["git", "-C", str(folder), "rev-parse", "--show-prefix", "HEAD"]
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout

    assert commit(snapshot(tmp_path)) == commit(ROOT)
