"""A run from beginning to end: build, resume or start, learn, evaluate, show. The one module that sees every part."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch

from mousearm import checkpoint
from mousearm.algo import build_algo
from mousearm.config import Config, PretrainConfig
from mousearm.env import References, Task, TrackingVecEnv, prepare, reach_files
from mousearm.errors import RenderError
from mousearm.evaluate import (
    Evaluation,
    Evaluator,
    Rollout,
    draw_generalisation,
    draw_reach,
    film,
    representatives,
    table,
)
from mousearm.kinematics import ReachFile, Split, split_reaches
from mousearm.model import Arm
from mousearm.policy import PolicyController, build_policy
from mousearm.pretrain import ComputedMuscleControl, TaskController
from mousearm.retarget import Reference
from mousearm.rundir import FAILED, FINISHED, INTERRUPTED, RUNNING, RunFolder, write_json
from mousearm.simulation import log_warnings_to
from mousearm.tracking import build_logger
from mousearm.train import Imitate, learn

# Files that are left out and named at the beginning; of more, only the number is told.
_MOST_LISTED = 20


def run(config: Config, folder: Path, overrides: Sequence[str] = ()) -> float:
    """Train a controller, or go on training one, and write everything that is to be known about it.

    Args:
        config: what to train.
        folder: the run folder. If it holds a run, that run goes on with its saved configuration.
        overrides: what the command line said; only this is compared with a saved configuration.

    Returns:
        Mean paw error in mm on the test split, or on the train split where there is none.

    Raises:
        MouseArmError: if the configuration, the model, the kinematics or the folder cannot be used.
        KeyboardInterrupt: after Ctrl-C, when everything has been saved and shown.
    """
    run_folder = RunFolder(folder)
    if run_folder.exists:
        config = run_folder.resume(_with_saved_lengths(config, run_folder.saved_config()), list(overrides))
    saved = run_folder.saved_split() if run_folder.split.is_file() else None
    session = Session(config, saved)  # before anything is written: most mistakes in the input show here
    if run_folder.exists:
        run_folder.update_config(session.config)
    else:
        run_folder.create(session.config, list(overrides))
    try:
        return session.run(run_folder)
    except Exception as error:
        run_folder.set_status(FAILED, session.algo.num_timesteps, f"{type(error).__name__}: {error}")
        raise


def _with_saved_lengths(config: Config, saved: Config) -> Config:
    """A run goes on with the lengths that it took from its reaches, so leaving them open does not contradict it."""
    model = config.model
    if model.fit == "none":
        return config
    open_lengths = [name for name in ("upper_arm_mm", "forearm_mm") if getattr(model, name) is None]
    return replace(config, model=replace(model, **{name: getattr(saved.model, name) for name in open_lengths}))


class Session:
    """The parts of one run, built from its configuration."""

    def __init__(self, config: Config, saved: Split | None = None):
        """Build everything; nothing is written.

        Args:
            config: the configuration.
            saved: the split of a run that goes on; None draws one.

        Raises:
            MouseArmError: if the configuration, the model or the kinematics cannot be used.
        """
        torch.set_num_threads(config.network_threads)
        found = reach_files(config)
        files = found if saved is None else saved.find(found)
        own = set(files)
        self.left_out = [f"{file.path}: is not in the run's split." for file in found if file not in own]
        config, self.arm, self.references = prepare(config, files, self.left_out.append)
        self.config = config
        self.split = saved or _draw_split(config, files, self.references)
        trained_on = References([r for r in self.references if r.name in self.split.train])
        env = config.env
        self.env = TrackingVecEnv(
            Task(self.arm, trained_on, config, env.num_envs), env.random_start, config.seed, env.sampling
        )
        self.algo = build_algo(config, self.env)
        some, all_reaches = self.split.sample(config.algo.eval_reaches), self.split.sides
        self.evaluator = Evaluator(config, self.arm, self.references, all_reaches)
        self.monitor = self.evaluator if some == all_reaches else Evaluator(config, self.arm, self.references, some)

    def run(self, folder: RunFolder) -> float:
        """Learn what is left of the budget, then evaluate the best network and show the result."""
        log_warnings_to(folder.engine_log)
        best_mm = self._restore(folder)
        print(self.describe(), flush=True)
        folder.save_split(self.split)
        folder.set_status(RUNNING, self.algo.num_timesteps)
        interrupted = self._learn(folder, best_mm)
        checkpoint.load_policy(folder.best, self.algo.policy)
        evaluation, rollout = self.evaluator.evaluate(PolicyController(self.algo.policy))
        write_json(folder.evaluation, evaluation.as_json())
        print(f"\n{table(evaluation)}\n\n{'run folder':<12} {folder.path}")
        show(folder, self.arm, evaluation, rollout, video=self.config.video and not interrupted)
        folder.set_status(INTERRUPTED if interrupted else FINISHED, self.algo.num_timesteps)
        if interrupted:
            print(f"Interrupted. The same command with name={self.config.name} goes on from here.")
            raise KeyboardInterrupt
        return evaluation.objective

    def describe(self) -> str:
        """What is about to be trained, in a few lines."""
        config, task = self.config, self.env.task
        own = {*self.split.train, *self.split.test}
        residual = max(float(reference.residual_mm.max()) for reference in self.references if reference.name in own)
        parameters = sum(p.numel() for p in self.algo.policy.parameters())
        lines = {
            "run": config.name,
            "model": f"{self.arm.name}: {self.arm.nq} joints, {self.arm.nu} actuators",
            "reaches": f"{len(self.split.train)} to train on, {len(self.split.test)} to test with, split by "
            f"{config.kinematics.split_by} ({config.kinematics.retarget}; inverse kinematics within {residual:.2g} mm)",
            **({"left out": _listed(self.left_out)} if self.left_out else {}),
            "errors": self.evaluator.yardstick.text(),
            "observation": ", ".join(f"{name} {width}" for name, width in task.observation_widths.items() if width),
            "reward": " + ".join(f"{weight:g} {name}" for name, weight in task.reward.weights.items()),
            "network": f"{config.policy.backbone.upper()} {config.policy.lstm_hidden_size} x "
            f"{config.policy.n_lstm_layers}, {parameters} weights",
            "warm start": _warm_start_text(config.pretrain),
            "training": f"{self.algo.num_timesteps} of {config.algo.timesteps} steps done, "
            f"{config.env.num_envs} simulations, seed {config.seed}",
        }
        return "\n".join(f"{name:<12} {text}" for name, text in lines.items())

    def _restore(self, folder: RunFolder) -> float:
        """Load the newest checkpoint, if there is one; returns the lowest error on the train split so far."""
        checkpoints = folder.checkpoints()
        if not checkpoints:
            return float("inf")
        return float(checkpoint.load(checkpoints[-1], self.algo)["best_mm"])

    def _learn(self, folder: RunFolder, best_mm: float) -> bool:
        """Learn up to the budget; returns whether Ctrl-C ended it."""
        total, every = self.config.algo.timesteps, self.config.algo.eval_freq
        if self.algo.num_timesteps >= total:
            print(f"The budget of {total} steps is used up; raise algo.timesteps to train further.")
            return False
        logger = build_logger(self.config, folder, resume_at=self.algo.num_timesteps)
        self.algo.set_logger(logger)
        try:
            return learn(self.algo, self.env, self._evaluate, folder, total, every, best_mm, self._warm_start())
        finally:
            logger.close()

    def _warm_start(self) -> Imitate | None:
        """Imitation of the configured teacher, where there is one and nothing was learned yet."""
        config = self.config
        if config.pretrain.teacher == "none" or self.algo.num_timesteps:
            return None
        references = self.env.task.references
        task = Task(self.arm, references, config, config.pretrain.num_envs)
        teacher = ComputedMuscleControl(self.arm, references, config.env.control_dt, config.model.action_map)
        return Imitate(task, teacher, config.pretrain, config.seed)

    def _evaluate(self) -> Evaluation:
        return self.monitor.evaluate(PolicyController(self.algo.policy))[0]


def _draw_split(config: Config, files: Sequence[ReachFile], references: Sequence[Reference]) -> Split:
    """The split of those files of which references could be made."""
    kinematics, names = config.kinematics, {reference.name for reference in references}
    good = [file for file in files if file.name in names]
    split = split_reaches(good, kinematics.train_ratio, kinematics.split_seed, kinematics.split_by)
    n = kinematics.train_reaches
    return split if n is None else split.with_train(n, kinematics.split_seed)


def _listed(lines: Sequence[str]) -> str:
    """How many there are, and the first ones, each on a line of its own."""
    more = [f"and {len(lines) - _MOST_LISTED} more"] if len(lines) > _MOST_LISTED else []
    return "\n             ".join([f"{len(lines)} of the files", *lines[:_MOST_LISTED], *more])


def _warm_start_text(config: PretrainConfig) -> str:
    return "none" if config.teacher == "none" else f"{config.rounds} rounds of imitation, teacher {config.teacher}"


def evaluate_run(folder: Path, which: str = "best", kinematics: str | None = None) -> tuple[Evaluation, Rollout]:
    """Evaluate a trained controller again.

    Args:
        folder: its run folder.
        which: the checkpoint: ``best``, ``latest`` or a number of steps.
        kinematics: other reaches, all of which then count as test reaches; a file or folder.

    Raises:
        MouseArmError: if the run, the checkpoint or the reaches cannot be used.
    """
    run_folder = RunFolder(folder)
    config = run_folder.saved_config()
    if kinematics is not None:
        config, arm, references = prepare(_with_path(config, kinematics))
        sides = _all_to_test(references)
    else:
        split = run_folder.saved_split()
        config, arm, references = prepare(config, split.find(reach_files(config)))
        sides = split.sides
    evaluator = Evaluator(config, arm, references, sides)
    policy = build_policy(config.policy, evaluator.n_observations, arm.nu, config.algo.use_sde)
    checkpoint.load_policy(run_folder.find_checkpoint(which), policy)
    return evaluator.evaluate(PolicyController(policy))


def _with_path(config: Config, kinematics: str) -> Config:
    return replace(config, kinematics=replace(config.kinematics, path=kinematics))


def _all_to_test(references: Sequence[Reference]) -> dict[str, list[str]]:
    return {"test": [reference.name for reference in references]}


def evaluate_cmc(
    config: Config, kinematics: str | None = None, folder: Path | None = None
) -> tuple[Evaluation, Rollout]:
    """Evaluate computed muscle control, which needs no training: a yardstick for controllers that learn.

    Args:
        config: the arm, its reaches and the task.
        kinematics: other reaches, all of which then count as test reaches; a file or folder.
        folder: where figures and a film go; None for nowhere.

    Raises:
        MouseArmError: if the configuration, the model or the reaches cannot be used.
    """
    if kinematics is not None:
        config = _with_path(config, kinematics)
    files = reach_files(config)
    config, arm, references = prepare(config, files)
    sides = _draw_split(config, files, references).sides if kinematics is None else _all_to_test(references)
    evaluator = Evaluator(config, arm, references, sides)
    task = evaluator.task
    control = ComputedMuscleControl(arm, task.references, config.env.control_dt, config.model.action_map)
    evaluation, rollout = evaluator.evaluate(TaskController(task, control))
    if folder is not None:
        show(RunFolder(folder), arm, evaluation, rollout, config.video)
    return evaluation, rollout


def show(folder: RunFolder, arm: Arm, evaluation: Evaluation, rollout: Rollout, video: bool) -> None:
    """Draw the best, the middle and the worst reach, film the middle one, and say where it all is.

    Where there are several reaches, they are drawn together too: ``generalisation``.
    """
    chosen = representatives(evaluation)
    for reach in chosen:
        path = folder.figures / rollout.names[reach]
        path.parent.mkdir(parents=True, exist_ok=True)
        draw_reach(rollout, reach, arm.actuator_names, path)
    if len(evaluation.reaches) > 1:
        draw_generalisation(evaluation, folder.figures / "generalisation")
    print(f"{'figures':<12} {folder.figures}")
    if not video:
        return
    middle = chosen[len(chosen) // 2]
    path = folder.videos / f"{rollout.names[middle]}.mp4"
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        film(rollout, middle, arm.model, path)
        print(f"{'video':<12} {path}")
    except RenderError as error:
        print(f"No video: {error}")
