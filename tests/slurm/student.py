"""What a student does: commands in a terminal, from a copy of the code."""

import json
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

from cluster import Cluster

ROOT = Path(__file__).parents[2]
# What a sweep needs of the checkout.
PARTS = ("mousearm", "conf", "run.py", "scripts")
QUICK = ("debug=quick", "policy.lstm_hidden_size=8", "algo.timesteps=784", "video=false", "hydra.launcher.mem_gb=null")
# A busy machine may need long; nothing is said of speed here.
PATIENCE_S = 900


class Student:
    """Somebody with a copy of the code and an account, in front of a terminal."""

    def __init__(self, home: Path, cluster: Cluster):
        self.home, self.cluster, self.code = home, cluster, home / "checkout"
        for part in PARTS:
            copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy
            self.code.mkdir(exist_ok=True)
            copy(ROOT / part, self.code / part)

    def start(self, script, *arguments, code=None):
        """Begin a command; its output is piped."""
        code = code or self.code
        environment = {**self.cluster.environment, "PYTHONPATH": str(code), "PYTHONSAFEPATH": "1"}
        command = [sys.executable, str(code / script), *arguments]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        return subprocess.Popen(command, cwd=self.home, env=environment, **pipes)

    def call(self, script, *arguments, code=None):
        """Give a command and wait; returns its exit status, and what it printed on both channels."""
        out, err = (process := self.start(script, *arguments, code=code)).communicate(timeout=PATIENCE_S)
        assert "Traceback" not in err, err
        return process.returncode, out, err

    def sweep(self, command, *arguments, code=None):
        """A command of scripts/sweep.py that must succeed; returns what it printed."""
        status, out, err = self.call("scripts/sweep.py", command, *arguments, code=code)
        assert status == 0, err
        return out

    def submit(self, *overrides):
        """Queue a sweep; returns the ids of its jobs."""
        out = self.sweep("submit", "--", *QUICK, *overrides)
        return re.findall(r"^job \d+: (\S+) ", out, re.MULTILINE)

    def states(self, name):
        """The states of a sweep's jobs, by its own table."""
        rows = re.findall(r"^ *\d+  .*$", self.sweep("status", f"outputs/{name}", code=ROOT), re.MULTILINE)
        known = "waiting|running|finished|failed|interrupted|cancelled|lost"
        return [re.search(rf"  ({known})  ", row)[1] for row in rows]

    def until(self, name, *states):
        """Wait until a sweep's jobs are in these states; its table, which is slow, is asked for after changes."""
        seen = []

        def arrived():
            said = (self.home / "outputs" / name).glob("*/status.json")
            now = self.queue(), [json.loads(file.read_text())["state"] for file in sorted(said)]
            if now in seen[-1:]:
                return False
            seen.append(now)
            return self.states(name) == list(states)

        self.wait(arrived, f"{states} in {name}")

    def wait(self, ready, what):
        """Wait until something is so."""
        until = time.monotonic() + PATIENCE_S
        while not ready():
            assert time.monotonic() < until, f"waited in vain for {what}: {self.logs()[-9000:]}"
            time.sleep(0.5)

    def queue(self):
        """What SLURM itself lists."""
        return self.cluster.call("squeue", "--noheader", "--array", "--format=%i %T").stdout.split("\n")[:-1]

    def logs(self):
        """What jobs printed."""
        found = sorted((self.home / "outputs").glob("*/.submitit/*/*_log.*"))
        return "\n".join(f"{log}:\n{log.read_text()}" for log in found)
