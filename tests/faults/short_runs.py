"""Short runs, what of them is compared, and how to interfere at a given place."""

import contextlib
import signal
from collections.abc import Callable, Iterator

import torch

from mousearm.policy.network import RecurrentPolicy
from mousearm.rundir.folder import RunFolder

QUICK = (
    *("video=false", "env.num_envs=4", "algo.n_steps=30", "algo.batch_size=60", "algo.n_epochs=2"),
    *("policy.lstm_hidden_size=8", "algo.timesteps=600", "algo.eval_freq=200", "pretrain.batch_size_after=null"),
)
# Senses of muscles, late and noisy, with a condition that draws by chance; rate units of two signs with noise.
NOISY = (
    *(
        "model=muscle",
        "env=proprioceptive",
        "env.noise.motor=0.01",
        "env.noise.motor_share=0.1",
        "env.noise.sd_paw=0.001",
    ),
    *("condition=tremor", "condition.tremor.severity=0.2"),
)
DALE = ("policy=dale", "policy.lstm_hidden_size=8", "policy.unit_noise=0.1")


def result(folder: RunFolder) -> tuple[str, str, bytes, bytes]:
    """Metrics, and the networks of the newest checkpoint and of the best."""
    newest = folder.checkpoints()[-1]
    networks = [(place / "policy.safetensors").read_bytes() for place in (newest, folder.best)]
    return folder.metrics.read_text(), newest.name, networks[0], networks[1]


@contextlib.contextmanager
def at_call(n: int, act: Callable[[], object]) -> Iterator[Callable[[], int]]:
    """Do something when a policy is asked for the n-th time; gives a count of how often it was."""
    n_calls = 0

    def count(module: torch.nn.Module, inputs: object) -> None:
        nonlocal n_calls
        if isinstance(module, RecurrentPolicy):
            n_calls += 1
            if n_calls == n:
                act()

    hook = torch.nn.modules.module.register_module_forward_pre_hook(count)
    try:
        yield lambda: n_calls
    finally:
        hook.remove()


def terminate() -> None:
    """Send this process SIGTERM."""
    signal.raise_signal(signal.SIGTERM)
