"""``python`` for the commands of the pages: runs what the page says, with words behind it that make it small.

A sweep that the page sends to a cluster's queue is run here instead, one job after the other. Nothing else differs.
"""

import os
import sys

TRAINING = (
    *("policy.lstm_hidden_size=8", "env.num_envs=4", "algo.n_steps=49", "algo.batch_size=98", "algo.timesteps=196"),
    *("algo.eval_freq=196", "algo.eval_reaches=2", "pretrain.rounds=1", "pretrain.num_envs=2", "threads=1"),
    "pretrain.batch_size_after=null",
)
# By what stands somewhere in the command.
MORE = {
    "experiment=generalisation_curve": ("kinematics.train_reaches=2,4",),
    "experiment=hyperparameter_search": ("hydra.sweeper.n_trials=2",),
    "hydra/sweeper=optuna": ("hydra.sweeper.n_trials=2",),
    "experiment=lesion_study": ("condition=intact,load", "condition.severity=0.2"),
    "--retrain": ("--retrain", "196"),
    "scripts/whatif.py": ("--repeats", "2", "--no-film"),
    "scripts/neural.py": ("--nulls", "19", "--measures", "encoding"),
    "experiment=architecture_against_neurons": ("policy=lstm,ffn", "env=default", "reward.w_effort=0", "seed=0,1,2"),
    "scripts/make_synthetic.py": ("--n", "8"),
    "scripts/video.py": ("--size", "160x120", "--fps", "10"),
}


def made_small(words: list[str]) -> list[str]:
    """What is run for a command line without its first word."""
    if words[:3] == ["scripts/sweep.py", "submit", "--"]:
        words = ["run.py", "-m", *words[3:]]
    more = [word for text, added in MORE.items() if text in words for word in added]
    if words[:1] == ["run.py"] and "--help" not in words:
        more = [*TRAINING, *([] if "video=true" in words else ["video=false"]), *more]
    return [*words, *more]


if __name__ == "__main__":
    os.execv(sys.executable, [sys.executable, *made_small(sys.argv[1:])])
