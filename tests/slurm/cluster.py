"""A real SLURM on this machine: munged, slurmctld and slurmd on loopback, everything in one folder, no accounting."""

import getpass
import os
import random
import shutil
import socket
import subprocess
import time
from contextlib import suppress
from pathlib import Path

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "squeue", "scancel", "scontrol", "sinfo")
# Daemons are not on every user's path.
PATH = os.pathsep.join((os.environ["PATH"], "/usr/sbin", "/sbin"))
CPUS = 4

CONFIGURATION = """\
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
# A requeued job may start again when its old credential has expired, by default after two minutes.
AuthInfo=socket={folder}/munge.socket,cred_expire=5
SlurmctldPort={controller_port}
SlurmdPort={node_port}
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
# By default a job that was queued again is looked at once a minute.
SchedulerParameters=batch_sched_delay=0,bf_interval=1,sched_interval=1
SlurmdParameters=config_overrides
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
ReturnToService=2
KillWait=20
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus}
PartitionName=test Nodes={host} Default=YES MaxTime=INFINITE State=UP
"""


def missing() -> list[str]:
    """Programs of SLURM that are not installed."""
    return [program for program in PROGRAMS if shutil.which(program, path=PATH) is None]


class Cluster:
    """Starts the daemons; ``environment`` lets the programs of SLURM find them."""

    def __init__(self, folder: Path):
        self._folder = folder
        self._daemons: list[subprocess.Popen[bytes]] = []
        self.environment = {**os.environ, "PATH": PATH, "SLURM_CONF": str(folder / "slurm.conf")}

    def start(self) -> None:
        """Return when the node takes jobs."""
        folder = self._folder
        for name in ("state", "spool"):
            (folder / name).mkdir()
        (folder / "munge.key").write_bytes(os.urandom(1024))
        (folder / "munge.key").chmod(0o400)
        self._configure()
        names = {"key-file": "key", "socket": "socket", "pid-file": "pid", "log-file": "log", "seed-file": "seed"}
        self._spawn("munged", "--foreground", "--force", *(f"--{n}={folder}/munge.{end}" for n, end in names.items()))
        self._await(lambda: (folder / "munge.socket").exists(), "munged")
        self._spawn("slurmctld", "-D")
        self._await(lambda: self.call("scontrol", "ping").returncode == 0, "slurmctld")
        self._spawn("slurmd", "-D")
        self._await(lambda: "idle" in self.call("sinfo", "-h", "-o", "%T").stdout, "slurmd")

    def call(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run one of SLURM's programs."""
        return subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=300, check=False)

    def stop(self) -> None:
        """Cancel what still runs, then end the daemons."""
        self.call("scancel", "--user", getpass.getuser())
        self._await(lambda: not self.call("squeue", "-h").stdout.strip(), "the end of all jobs")
        for daemon in reversed(self._daemons):
            daemon.terminate()
            daemon.wait(timeout=300)

    def _configure(self) -> None:
        host, ports = socket.gethostname().split(".")[0], free_ports(2)
        text = CONFIGURATION.format(
            host=host,
            user=getpass.getuser(),
            folder=self._folder,
            controller_port=ports[0],
            node_port=ports[1],
            cpus=CPUS,
        )
        (self._folder / "slurm.conf").write_text(text)

    def _spawn(self, *command: str) -> None:
        with (self._folder / f"{command[0]}.out").open("wb") as out:
            self._daemons.append(subprocess.Popen(command, env=self.environment, stdout=out, stderr=out))

    def _await(self, ready, what: str) -> None:
        until = time.monotonic() + 300
        while not ready():
            if time.monotonic() > until or any(daemon.poll() is not None for daemon in self._daemons):
                logs = "\n".join(
                    f"{p.name}:\n{p.read_text()[-2000:]}" for p in sorted(self._folder.glob("*.[ol]*[tg]"))
                )
                raise RuntimeError(f"Waited in vain for {what}.\n{logs}")
            time.sleep(0.2)


def free_ports(n: int) -> list[int]:
    """TCP ports on loopback that nobody uses, none of those that the system gives to who asks for any."""
    found = []
    for port in random.SystemRandom().sample(range(20_000, 30_000), 1000):
        with suppress(OSError), socket.socket() as one:
            one.bind(("127.0.0.1", port))
            found.append(port)
    return found[:n]
