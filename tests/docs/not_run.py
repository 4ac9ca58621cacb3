"""Commands on the pages that no test of the pages runs, and why."""

_CLUSTER = "needs a cluster; tests/slurm has one"
_EMG = "needs recorded EMG; tests/emg_comparison and tests/emg make some"
_INSTALLS = "installs: .ci/run does it from a fresh clone"
_LOGS_IN = "asks for the key of an account; tests use servers of their own, which are told theirs"
_WANDB = "needs an account; tests/tracking and tests/report run it with a server of their own"

# By how the command begins.
NOT_RUN = {
    "git clone": _INSTALLS,
    "make ": _INSTALLS,
    "pip install": _INSTALLS,
    "ssh ": "needs another computer",
    "scp ": "needs another computer",
    "module load": _CLUSTER,
    ". .venv/bin/activate": "the environment of the tests is active",
    "python scripts/sweep.py doctor": _CLUSTER,
    "python run.py -m hydra/launcher=slurm": "needs a cluster; tests/sweep searches with several processes instead",
    "python scripts/view.py": "stays until it is closed; tests/view opens windows on a screen, and pages in a browser",
    "python scripts/video.py outputs/tracked": "needs an animal on film; tests/evaluate/test_film_overlay.py makes one",
    "python scripts/emg.py": _EMG,
    "python scripts/import_emg.py emg_files": _EMG,
    "python scripts/import_emg.py my_emg": _EMG,
    "python run.py -m model=muscle pretrain=cmc pretrain.rounds=20 algo.timesteps=0 kinematics.path=reaches": _EMG,
    "python scripts/redundancy.py": "solves for minutes; tests/planning does it with a small arm",
    "python scripts/optimal.py my_reach.csv model=muscle kinematics.emg": _EMG,
    "python run.py model=muscle pretrain=cmc kinematics.emg": _EMG,
    "python run.py experiment=inverse_optimal": _EMG,
    "hf auth login": _LOGS_IN,
    "wandb login": _LOGS_IN,
    "python scripts/sync.py": _WANDB,
    "python scripts/compare.py outputs/rewards --wandb": _WANDB,
}


def reason(command: str) -> str | None:
    """Why a command is not run; None if it is."""
    return next((why for beginning, why in NOT_RUN.items() if command.startswith(beginning)), None)
