"""A run from beginning to end: build, resume or start, learn, evaluate, show. The one module that sees every part."""

import contextlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch

from mousearm import checkpoint
from mousearm.agent import with_path
from mousearm.algo import build_algo
from mousearm.checkpoint import TrainingState
from mousearm.config import Config, PretrainConfig
from mousearm.env.references import References
from mousearm.env.sources import prepare, reach_files
from mousearm.env.task import Task
from mousearm.env.vec_env import TrackingVecEnv
from mousearm.errors import MouseArmError
from mousearm.evaluate.evaluation import Evaluation
from mousearm.evaluate.film import show
from mousearm.evaluate.rollout import Evaluator
from mousearm.files import write_json
from mousearm.hub.download import pin
from mousearm.hub.uri import as_saved
from mousearm.kinematics import ReachFile, Split, split_reaches
from mousearm.model import model_hashes
from mousearm.policy.controller import PolicyController
from mousearm.pretrain.controllers import TaskController
from mousearm.registry import CONTROLLERS
from mousearm.retarget.reference import Reference
from mousearm.rundir.folder import RunFolder, advising_to_resume
from mousearm.rundir.runs import resumed
from mousearm.rundir.status import FAILED, FINISHED, INTERRUPTED, KILLED, RUNNING, Status, ending
from mousearm.simulation import log_warnings_to
from mousearm.text import facts, first_lines
from mousearm.tracking.logger import RunLogger, tracked
from mousearm.train.interruption import Interruption
from mousearm.train.learning import WARM_START, Pruner, learn
from mousearm.train.warm_start import WarmStart
from mousearm.trajectory import Trial

# Files that are left out and named at the beginning; of more, only the number is told.
_MOST_LISTED = 20


def run(config: Config, folder: Path, overrides: Sequence[str] = (), pruner: Pruner | None = None) -> float:
    """Train a controller, or go on training one, and write everything that is to be known about it.

    Args:
        config: what to train.
        folder: the run folder. If it holds a run, that run goes on with its saved configuration.
        overrides: what the command line said; only this is compared with a saved configuration.
        pruner: looks at every evaluation, and may end the run.

    Returns:
        Mean paw error in mm on the test split, or on the train split where there is none.

    Raises:
        MouseArmError: if the configuration, the model, the kinematics or the folder cannot be used.
        Interrupted: after SIGINT, SIGTERM, SIGUSR1, SIGUSR2 or ``max_minutes``, when everything has been saved.
        Pruned: by the pruner, when everything has been saved.
        KeyboardInterrupt: after a second SIGINT.
    """
    interruption = Interruption()
    run_folder, overrides = RunFolder(folder), list(overrides)
    goes_on = run_folder.exists
    with interruption.listening(), contextlib.ExitStack() as held:
        if goes_on:
            _say_how_it_ended(run_folder)
            held.enter_context(run_folder.locked())
            config = resumed(run_folder, _as_saved(config, run_folder.saved_config()), overrides)
            run_folder.check_model(model_hashes(config.model))
        interruption.max_minutes = config.max_minutes
        # Before anything is written: most mistakes in the input show here.
        session = Session(config, run_folder.saved_split() if goes_on else None)
        if goes_on:
            run_folder.update_config(session.config)
        else:
            run_folder.check_unused()
            held.enter_context(run_folder.locked())
            run_folder.create(session.config, overrides, session.split, model_hashes(config.model))
        return session.run(run_folder, interruption, pruner)


def _say_how_it_ended(folder: RunFolder) -> None:
    """Tell of a run that did not end as it should have."""
    with contextlib.suppress(MouseArmError):  # the status is only there to be read
        status = folder.status()
        if status.state in (FAILED, KILLED):
            print(f"The run was {status.state} last time: {status.reason}")


def _as_saved(config: Config, saved: Config) -> Config:
    """A run goes on with what it took where things were left open, so leaving them open does not contradict it.

    These are the lengths of the animal's segments, and the commits of what is on the Hub.
    """
    model, taken = config.model, saved.model
    if model.fit != "none":
        open_lengths = [name for name in ("upper_arm_mm", "forearm_mm") if getattr(model, name) is None]
        model = replace(model, **{name: getattr(taken, name) for name in open_lengths})
    if model.file and taken.file:
        model = replace(model, file=as_saved(model.file, taken.file))
    if model.osim and taken.osim:
        model = replace(model, osim=as_saved(model.osim, taken.osim))
    path = as_saved(config.kinematics.path, saved.kinematics.path)
    return replace(config, model=model, kinematics=replace(config.kinematics, path=path))


def _pinned(config: Config) -> Config:
    """The configuration with the commits of what is on the Hub, so that the run folder says which files these were."""
    model, kinematics = config.model, config.kinematics
    return replace(
        config,
        model=replace(model, file=model.file and pin(model.file), osim=model.osim and pin(model.osim)),
        kinematics=replace(kinematics, path=pin(kinematics.path)),
    )


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
        config = _pinned(config)
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
        some, all_reaches = self.split.sample(config.algo.eval_reaches), self.split.splits
        self.evaluator = Evaluator(config, self.arm, self.references, all_reaches)
        self.monitor = self.evaluator if some == all_reaches else Evaluator(config, self.arm, self.references, some)

    def run(self, folder: RunFolder, interruption: Interruption, pruner: Pruner | None = None) -> float:
        """Learn what is left of the budget, then evaluate the best network and show the result."""
        state = self._newest(folder)
        steps = 0 if state is None else state.steps
        print(self.describe(steps), flush=True)
        with ending(lambda status: self._say(folder, status)):
            folder.set_status(RUNNING, steps)
            logged = None if state is None else state.states["logger"]
            with advising_to_resume(folder.path, "used"), tracked(self.config, folder, logged) as logger:
                log_warnings_to(folder.engine_log)
                self._learn(folder, state, interruption, logger, pruner)
                return self._show(folder, logger)

    def _show(self, folder: RunFolder, logger: RunLogger) -> float:
        """Evaluate the best network, write and draw the result; returns the objective."""
        checkpoint.load_policy(folder.find_checkpoint("best"), self.algo.policy)
        evaluation, trials = self.evaluator.evaluate(PolicyController(self.algo.policy))
        write_json(folder.evaluation, evaluation.as_json())
        print(f"\n{evaluation.table()}\n\n{facts({'run folder': folder.path})}")
        show(folder, self.arm, evaluation, trials, video=self.config.video)
        logger.conclude(self.algo.num_timesteps, evaluation, folder)
        return evaluation.objective

    def _say(self, folder: RunFolder, end: Status) -> None:
        """Write how the run ended; where an error ended it and nothing can be written, its silence tells."""
        if end.state == FINISHED:
            folder.set_status(FINISHED, self.algo.num_timesteps)
            return
        newest = folder.checkpoints()[-1:]
        with contextlib.suppress(MouseArmError):
            folder.set_status(end.state, int(newest[0].name) if newest else 0, end.reason, end.key)
        if end.state == INTERRUPTED:
            print(f"Interrupted ({end.reason}). python run.py resume={folder.path} resumes from here.")

    def describe(self, steps: int = 0) -> str:
        """What is about to be trained, in a few lines, with so many steps done."""
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
            "errors": self.evaluator.scale.text(),
            "observation": ", ".join(f"{name} {width}" for name, width in task.observation_widths.items() if width),
            "reward": " + ".join(f"{weight:g} {name}" for name, weight in task.reward.weights.items()),
            "network": f"{config.policy.backbone.upper()} {config.policy.lstm_hidden_size} x "
            f"{config.policy.n_lstm_layers}, {parameters} weights",
            "warm start": _warm_start_text(config.pretrain),
            "training": f"{steps} of {config.algo.timesteps} steps done, "
            f"{config.env.num_envs} simulations, seed {config.seed}",
        }
        return facts(lines)

    def _newest(self, folder: RunFolder) -> TrainingState | None:
        """The newest checkpoint that is complete, if there is one."""
        complete = folder.complete_checkpoints()
        if not complete:
            return None
        state = checkpoint.load_state(complete[-1])
        if problem := folder.best_problem():
            print(f"The best network so far is lost, and is looked for anew: {problem}")
            state.states["evaluations"]["best_mm"] = float("inf")
        return state

    def _learn(
        self,
        folder: RunFolder,
        state: TrainingState | None,
        interruption: Interruption,
        logger: RunLogger,
        pruner: Pruner | None,
    ) -> None:
        """Learn up to the budget."""
        total, every = self.config.algo.timesteps, self.config.algo.eval_freq
        if state is not None and state.steps >= total:
            print(f"The budget of {total} steps is used up; raise algo.timesteps to train further.")
            self.algo.num_timesteps = state.steps
            return

        def evaluate() -> Evaluation:
            evaluation, trials = self.monitor.evaluate(PolicyController(self.algo.policy))
            logger.illustrate(self.algo.num_timesteps, evaluation, trials, self.arm)
            return evaluation

        learn(
            *(self.algo, self.env, logger, evaluate, folder, total, every, interruption),
            state=state,
            warm_start=self._warm_start(state),
            pruner=pruner,
        )

    def _warm_start(self, state: TrainingState | None) -> WarmStart | None:
        """Imitation of the configured teacher, where there is one and it is not over."""
        config = self.config
        if config.pretrain.teacher == "none" or (state is not None and WARM_START not in state.states):
            return None
        references = self.env.task.references
        task = Task(self.arm, references, config, config.pretrain.num_envs)
        teacher = CONTROLLERS[config.pretrain.teacher](self.arm, references, config)
        return WarmStart(self.algo, task, teacher, config.pretrain, config.seed)


def _draw_split(config: Config, files: Sequence[ReachFile], references: Sequence[Reference]) -> Split:
    """The split of those files of which references could be made."""
    kinematics, names = config.kinematics, {reference.name for reference in references}
    good = [file for file in files if file.name in names]
    split = split_reaches(good, kinematics.train_ratio, kinematics.split_seed, kinematics.split_by)
    n = kinematics.train_reaches
    return split if n is None else split.with_train(n, kinematics.split_seed)


def _listed(lines: Sequence[str]) -> str:
    """How many there are, and the first ones, each on a line of its own."""
    return "\n             ".join([f"{len(lines)} of the files", *first_lines(lines, _MOST_LISTED)])


def _warm_start_text(config: PretrainConfig) -> str:
    return "none" if config.teacher == "none" else f"{config.rounds} rounds of imitation, teacher {config.teacher}"


def evaluate_controller(
    name: str, config: Config, kinematics: str | None = None, folder: Path | None = None
) -> tuple[Evaluation, list[Trial]]:
    """Evaluate a controller that needs no training: a standard for controllers that learn.

    Args:
        name: one of `CONTROLLERS`.
        config: the arm, its reaches and the task.
        kinematics: other reaches, all of which then count as test reaches; a file or folder.
        folder: where figures and a film go; None for nowhere.

    Raises:
        MouseArmError: if the configuration, the model or the reaches cannot be used.
    """
    if kinematics is not None:
        config = with_path(config, kinematics)
    files = reach_files(config)
    config, arm, references = prepare(config, files)
    splits = (
        _draw_split(config, files, references).splits if kinematics is None else {"test": [r.name for r in references]}
    )
    evaluator = Evaluator(config, arm, references, splits)
    task = evaluator.task
    control = CONTROLLERS[name](arm, task.references, config)
    evaluation, trials = evaluator.evaluate(TaskController(task, control))
    if folder is not None:
        show(RunFolder(folder), arm, evaluation, trials, config.video)
    return evaluation, trials
