"""From an agent of Stable-Baselines3 to a run folder."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from mousearm import checkpoint
from mousearm.agent_import.archive import Archive, read_archive, read_statistics
from mousearm.agent_import.network import load_statistics, load_weights, n_observations, sizes
from mousearm.checkpoint import Moment
from mousearm.config import Config, compose
from mousearm.errors import ConfigError, RunError
from mousearm.evaluate import Evaluation
from mousearm.experiment import Session
from mousearm.files import write_json
from mousearm.model import load_arm, model_hashes
from mousearm.policy import PolicyController
from mousearm.rundir import FINISHED, RunFolder

# How the lab's original program trained; overrides may say otherwise.
_ORIGINAL = ("algo=original", "reward=original", "kinematics.retarget=uniform", "env.n_substeps=16")
# What the agent's network decides.
_DECIDED = ("policy", "env.observation", "env.path_steps", "model.action_map", "algo.use_sde", "pretrain")
_ARGUMENTS = ("n_steps", "batch_size", "n_epochs", "gamma", "gae_lambda", "ent_coef", "vf_coef", "max_grad_norm")


def import_agent(
    zip_file: Path, folder: Path, overrides: Sequence[str] = (), statistics: Path | None = None, trust: bool = False
) -> Evaluation:
    """Make a run folder of an agent, and evaluate it there.

    The agent saw positions and velocities of the joints and the path ahead, as ``path_preview`` shows it, and its
    actions were controls. Its network, folded to our actions, is ``best/``: it can be evaluated, not trained further.

    Args:
        zip_file: what ``model.save`` of sb3-contrib's RecurrentPPO wrote.
        folder: the run folder, which must not exist or be empty.
        overrides: the arm, the reaches and the task that it was trained with, as for ``run.py``.
        statistics: what ``VecNormalize.save`` wrote, if observations were normalised.
        trust: whether these files may be read at all.

    Raises:
        RunError: they may not, cannot be read, or are of a network that is none of the project's.
        MouseArmError: if the configuration, the model or the reaches cannot be used.
    """
    if not trust:
        raise RunError(
            f"{zip_file}: agents of Stable-Baselines3 are read only with --trust. Their files are made of pickles, "
            "which run code when they are read. Of the zip nothing but numbers and text is read, but statistics of "
            "VecNormalize cannot be read otherwise; and what an agent does, nobody has checked. Say --trust if you "
            "know who made it."
        )
    archive = read_archive(zip_file)
    config = _config(archive, folder.name, list(overrides), statistics is not None)
    session = Session(config)
    policy = session.algo.policy
    load_weights(policy, archive, session.arm.ctrl_range)
    if statistics is not None:
        load_statistics(policy, read_statistics(statistics))
    session.algo.num_timesteps = config.algo.timesteps
    evaluation, _ = session.evaluator.evaluate(PolicyController(policy))
    _write(RunFolder(folder), session, evaluation, list(overrides), f"imported from {zip_file.name}")
    return evaluation


def _config(archive: Archive, name: str, overrides: list[str], normalize: bool) -> Config:
    """The original's configuration, with what the overrides and the agent say."""
    for override in overrides:
        key = override.split("=", 1)[0].lstrip("+~")
        if any(key == decided or key.startswith(f"{decided}.") for decided in _DECIDED):
            raise ConfigError(f"{override}: the agent itself decides on {', '.join(_DECIDED)}. Leave it out.")
    network = {**sizes(archive), "normalize_observation": normalize}
    given = [*_ORIGINAL, *_training(archive.data), *overrides]
    model = compose(given).model
    nq = load_arm(replace(model, fit="none", upper_arm_mm=None, forearm_mm=None)).nq
    ahead = n_observations(archive) - 2 * nq
    if ahead < 0 or ahead % 6:
        raise RunError(
            f"The agent saw {n_observations(archive)} numbers. The original shows 2 x {nq} of the joints, and 6 for "
            "each frame ahead, which is never that many. Name the arm that it was trained with: model=muscle, or "
            "model.file=FILE."
        )
    task = ("env.observation=[qpos,qvel,path_preview]", f"env.path_steps={ahead // 6}", "model.action_map=direct")
    decided = [f"policy.{key}={value}" for key, value in network.items()]
    return compose([*given, *task, *decided, "algo.use_sde=false", f"name={name!r}"])


def _training(data: dict[str, Any]) -> list[str]:
    """Overrides for those arguments of the training that the agent's file holds as numbers."""
    numbers = {f"algo.{key}": data.get(key) for key in (*_ARGUMENTS, "learning_rate")}
    numbers |= {"algo.timesteps": max(1, int(data.get("num_timesteps", 0))), "env.num_envs": data.get("n_envs")}
    return [f"{key}={value}" for key, value in numbers.items() if type(value) in (int, float)]


def _write(folder: RunFolder, session: Session, evaluation: Evaluation, overrides: list[str], reason: str) -> None:
    steps, config = session.algo.num_timesteps, session.config
    with folder.locked():
        folder.create(config, overrides, session.split, model_hashes(config.model))
        network = Moment.of(steps, session.algo.policy, {})
        checkpoint.save_best(folder, network, best_mm=evaluation.train_objective)
        write_json(folder.evaluation, evaluation.as_json())
        folder.set_status(FINISHED, steps, reason)
