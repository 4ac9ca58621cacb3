"""kill -9 at any moment costs at most what was done since the last evaluation."""

import subprocess
import sys
from pathlib import Path

import pytest
from short_runs import DALE, NOISY, QUICK, result

from mousearm.rundir.folder import RunFolder

LONGER = (*QUICK, "algo.timesteps=6000", "algo.eval_freq=120")


@pytest.mark.slow
@pytest.mark.parametrize(
    "more", [(), ("pretrain=cmc", "pretrain.rounds=8", "pretrain.num_envs=4", *NOISY, *DALE)], ids=["", "cmc, noisy"]
)
def test_killed_at_random_moments(tmp_path, more, draws):
    unbroken, folder = RunFolder(tmp_path / "unbroken"), RunFolder(tmp_path / "killed")
    n = draws(30)
    command = [sys.executable, Path(__file__).with_name("kill.py"), unbroken.path, folder.path, n, *LONGER, *more]
    told = subprocess.run(map(str, command), capture_output=True, text=True, check=True, timeout=1800).stdout
    first, *killed, last = [line.split()[1] for line in told.splitlines() if line.startswith("ended")]
    assert (first, last, len(killed)) == ("0", "0", n), told
    assert set(killed) <= {"-9", "0"}, told
    assert killed.count("-9") >= n * 2 // 3, told
    assert folder.status().state == "finished"
    assert result(folder) == result(unbroken)
