"""One run: its parts, how it learns what is left of its budget, and how it ends."""

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress

import numpy as np
import torch

from mousearm import checkpoint
from mousearm.algo import SequencePPO, build_algo
from mousearm.checkpoint import TrainingState
from mousearm.condition import Conditions
from mousearm.config import Config
from mousearm.device.ppo import DevicePPO
from mousearm.door import read_json
from mousearm.env.device_env import DeviceEnv
from mousearm.errors import MouseArmError, RunError
from mousearm.evaluate.evaluation import Evaluation
from mousearm.evaluate.film import show_results
from mousearm.files import to_json, write_sealed
from mousearm.observation import FIBRES
from mousearm.policy.controller import PolicyController
from mousearm.policy.penalties import Penalties
from mousearm.pretrain.comparison import compared
from mousearm.pretrain.dagger import DAgger
from mousearm.reach_check import suspicion
from mousearm.rundir.folder import RunFolder
from mousearm.rundir.logs import read_metrics
from mousearm.rundir.runs import SWEEP, run_path
from mousearm.rundir.status import FINISHED, INTERRUPTED, RUNNING, Status, advising_to_resume, ending
from mousearm.setup import Setup
from mousearm.simulation import MUJOCO, log_warnings_to
from mousearm.text import facts, first_lines, shell, wrapped
from mousearm.tracking.logger import RunLogger, tracked
from mousearm.training.interruption import Interruption
from mousearm.training.learning import WARM_START, Pruner, learn
from mousearm.turns import others_go_on

_MOST_LISTED = 20  # excluded files that are named at the beginning
_FALLING = 0.95  # of the lowest error before: below this the last one shows that more training would pay


class Experiment:
    """One run: its parts, and how it learns and ends."""

    def __init__(self, setup: Setup, skipped: Sequence[str] = ()):
        """Build everything; nothing is written. ``skipped`` are lines on the reaches that the setup left out."""
        torch.set_num_threads(setup.config.network_threads)
        self.setup = setup
        self.excluded = [f"{file.path}: is not in the run's split." for file in setup.unused] + [*skipped]
        self.env = setup.training_env()
        self.algo = build_algo(setup.config, self.env, DevicePPO if isinstance(self.env, DeviceEnv) else SequencePPO)
        Conditions(setup.config.condition).policy(self.algo.policy)
        some, everything = setup.split.sample(setup.config.algo.eval_reaches), setup.split.splits
        self.evaluator = setup.evaluator(everything)
        # Of the reaches that are evaluated while the run trains.
        engine, same = setup.config.engine, some == everything and setup.config.engine == MUJOCO
        repeats = -(-self.evaluator.repeats // max(1, len(some["train"])))  # one reach needs all, many few
        same = same and repeats == self.evaluator.repeats
        self.monitor = self.evaluator if same else setup.evaluator(some, engine, repeats)

    def run(self, folder: RunFolder, interruption: Interruption, pruner: Pruner | None = None) -> float:
        """Learn what is left of the budget, then evaluate the best network and show the result."""
        state = self._newest(folder)
        if state is None:
            self._begin()
        steps, logged = (0, None) if state is None else (state.steps, state.states["logger"])
        print(self.describe(steps - _imitated(state)), flush=True)
        with ending(lambda status: self._write_status(folder, status)):
            folder.open_logs()
            folder.set_status(RUNNING, steps)
            with advising_to_resume(folder.path, "used"), tracked(self.setup.config, folder, logged) as logger:
                log_warnings_to(folder.engine_log)
                self._learn(folder, state, interruption, logger, pruner)
                return self._show(folder, logger)

    def _begin(self) -> None:
        """Take the network that the run is to begin with; the value head learns first where it would have to."""
        config = self.setup.config
        if config.start_from is not None:
            source = RunFolder(run_path(config.start_from))
            try:
                checkpoint.load_policy(source.find_checkpoint("best"), self.algo.policy)
            except RunError as error:
                raise RunError(
                    f"start_from={config.start_from}: {error}. If it is a network of another kind than this run's, "
                    f"leave out keys of env, model and policy, and experiments, that differ from {source.config}."
                ) from error
            self.algo.critic_warmup_until = config.pretrain.critic_steps * (config.pretrain.teacher != "none")

    def _newest(self, folder: RunFolder) -> TrainingState | None:
        """The newest checkpoint that is complete, if there is one."""
        if not (complete := folder.complete_checkpoints()):
            return None
        state = checkpoint.load_state(complete[-1])
        if problem := folder.best_problem():
            print(f"The best network so far is lost, and is looked for again: {problem}")
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
        algo, config, warm_start = self.algo, self.setup.config.algo, self._warm_start(state)
        if state is not None and warm_start is None and state.steps - _imitated(state) >= config.timesteps:
            print(f"The budget of {config.timesteps} steps is used up; raise algo.timesteps to train further.")
            algo.num_timesteps, algo.imitated = state.steps, _imitated(state)
            return

        def evaluate() -> Evaluation:
            controller = PolicyController(algo.policy_on_cpu())
            with others_go_on():
                evaluation, trials = self.monitor.evaluate(controller)
            for tracker in logger.trackers.values():
                tracker.illustrate(algo.num_timesteps, evaluation, trials, self.setup.arm)
            return evaluation

        learn(algo, self.env, logger, evaluate, folder, config, interruption, state, warm_start, pruner)

    def _warm_start(self, state: TrainingState | None) -> DAgger | None:
        """Imitation of the configured teacher, where there is one and it is not over."""
        setup, pretrain = self.setup, self.setup.config.pretrain
        started = self.setup.config.start_from is not None
        if started or pretrain.teacher == "none" or (state is not None and WARM_START not in state.states):
            return None
        task = setup.task(pretrain.num_envs, setup.split.train, setup.config.engine)
        expert = setup.controller(pretrain.teacher, task).expert
        config, penalties = setup.config, Penalties.of(setup.config.algo)
        return DAgger(task, self.algo.policy, expert, pretrain, config.seed, penalties, config.env.sampling)

    def _show(self, folder: RunFolder, logger: RunLogger) -> float:
        """Evaluate the best network, write and draw the result; returns the objective."""
        checkpoint.load_policy(folder.find_checkpoint("best"), self.algo.policy)
        controller = PolicyController(self.algo.policy_on_cpu())
        evaluation, trials = self.evaluator.evaluate(controller)
        if (engine := self.setup.config.engine) != MUJOCO:
            by_engine, _ = self.setup.evaluator(self.setup.split.splits, engine).evaluate(controller)
            evaluation = evaluation.beside(by_engine, engine)
        write_sealed(folder.evaluation, to_json(evaluation.as_json()))
        cautions = [_wrapped("note", text) for text in self._cautions(folder)]
        print("\n".join(["", evaluation.table(), "", *cautions, facts({"run folder": folder.path})]))
        show_results(folder, self.setup.arm, evaluation, trials, video=self.setup.config.video)
        for tracker in logger.trackers.values():
            tracker.conclude(self.algo.num_timesteps, evaluation, folder)
        return evaluation.objective

    def _cautions(self, folder: RunFolder) -> Iterator[str]:
        """Warnings beside the result."""
        yield from self._blindness()
        if not self.setup.split.test:
            yield "No reach was kept to test with: these are errors of what the network was trained on."
        if not (folder.path.parent / SWEEP).is_file():
            yield "One seed: another one may err more or less; -m seed=0,1,2 tells."
        last, total = self.algo.num_timesteps, self.setup.config.algo.timesteps
        more = shell("run.py", f"resume={folder.path}", f"algo.timesteps={2 * total or 100_000}")
        with suppress(RunError):
            best = read_json(folder.best / "state.json")
            errors = read_metrics(folder.metrics).column("eval/train_paw_mm")
            before = {steps: error for steps, error in errors.items() if steps < last}  # the last is not yet written
            if self.algo.by_reward == 0:
                yield f"It learned by imitation alone: {more} trains it further by reward."
            elif before and best["steps"] == min(before):
                yield "No network was better than the first one that was evaluated: the budget is too short."
            elif best["steps"] == last and (len(before) < 2 or best["best_mm"] < _FALLING * min(before.values())):
                yield f"The error was still falling at the end of the budget: {more} trains on."

    def _blindness(self) -> Iterator[str]:
        """That the network is to perform several reaches, and sees nothing that tells them apart."""
        n, task = len([*self.setup.split.train, *self.setup.split.test]), self.evaluator.task
        if n > 1 and not task.observation.shows_targets(task.snapshot, self.setup.config.env.path_steps):
            yield (
                f"The network cannot know which of the {n} reaches it performs: it sees nothing of their targets "
                f"(env.observation, env.path_steps={self.setup.config.env.path_steps}). Train it with "
                "experiment=any_reach, which shows them."
            )

    def _unfelt(self) -> Iterator[str]:
        """That the arm lacks the muscles by which the network is to feel it."""
        task = self.evaluator.task
        widths = task.observation_widths
        if unfelt := [name for name in task.observation.needing(FIBRES) if not widths[name]]:
            yield f"This arm has no muscles, so {', '.join(unfelt)} show the network nothing. Give model=muscle."

    def _write_status(self, folder: RunFolder, end: Status) -> None:
        """Write how the run ended; where an error ended it and nothing can be written, its silence tells."""
        if end.state == FINISHED:
            folder.close_logs()
            folder.set_status(FINISHED, self.algo.num_timesteps)
            return
        newest = folder.checkpoints()[-1:]
        with suppress(MouseArmError):
            folder.close_logs()
            folder.set_status(end.state, int(newest[0].name) if newest else 0, end.reason, end.key)
        if end.state == INTERRUPTED:
            print(f"Interrupted ({end.reason}). {shell('run.py', f'resume={folder.path}')} resumes from here.")

    def describe(self, steps: int = 0) -> str:
        """The run in a few lines, when some steps that its budget counts are done."""
        config, arm, split, task = self.setup.config, self.setup.arm, self.setup.split, self.evaluator.task
        names = {*split.train, *split.test}
        residual = max(float(reach.residual_mm.max()) for reach in self.setup.references if reach.name in names)
        excluded = [f"{len(self.excluded)} of the files", *first_lines(self.excluded, _MOST_LISTED)]
        parameters = sum(p.numel() for p in self.algo.policy.parameters())
        pretrain, policy = config.pretrain, config.policy
        lengths = np.array([len(reach.paw) - 1 for reach in self.setup.references if reach.name in split.train])
        imitated = (
            f"{'about ' if np.ptp(lengths) else ''}{pretrain.rounds * pretrain.num_envs * lengths.mean():.0f} steps"
        )
        warm_start = (
            f"{imitated} of imitation in {pretrain.rounds} rounds, teacher {pretrain.teacher}, "
            f"{compared(pretrain, config.model.action_map)} compared"
        )
        if config.start_from is not None:
            warm_start = f"the best network of {config.start_from}"
        doubts = suspicion(arm, self.setup.references, config.kinematics.path)
        lines = {
            "run": config.name,
            "model": f"{arm.name}: {arm.nq} joints, {arm.nu} actuators",
            **({"condition": str(conditions)} if (conditions := Conditions(config.condition)) else {}),
            "engine": self.setup.engine.text,
            "reaches": f"{len(split.train)} to train on, {len(split.test)} to test with, split by "
            f"{config.kinematics.split_by} ({config.kinematics.retarget}; inverse kinematics within {residual:.2g} mm)",
            **({"left out": "\n".join(excluded)} if self.excluded else {}),
            **({"suspicious": doubts} if doubts else {}),
            "errors": self.evaluator.scale.text(),
            "observation": ", ".join(f"{name} {width}" for name, width in task.observation_widths.items() if width),
            **_on_the_way(config),
            "reward": " + ".join(f"{weight:g} {name}" for name, weight in task.reward.weights.items()),
            "network": f"{policy.backbone.upper()} {policy.lstm_hidden_size} x {policy.n_lstm_layers}, "
            f"{parameters} weights",
            "warm start": "none" if pretrain.teacher == "none" and config.start_from is None else warm_start,
            "by reward": f"{steps} of {config.algo.timesteps} steps done"
            f"{', imitation included' if pretrain.in_timesteps else ''}, {config.env.num_envs} simulations, "
            f"seed {config.seed}",
        }
        notes = [_wrapped("note", text) for text in [*self._blindness(), *self._unfelt()]]
        return "\n".join([*(_wrapped(name, text) for name, text in lines.items()), *notes])


def _on_the_way(config: Config) -> dict[str, str]:
    """Delays and noise between arm and network, each as far as there is any."""
    env = Conditions(config.condition).config(config).env
    late = [f"{name} {delay:g} ms" for name, delay in vars(env.delay_ms).items() if delay]
    noisy = [f"{name} {sd:g}" for name, sd in vars(env.noise).items() if sd]
    return {name: ", ".join(found) for name, found in (("delays", late), ("noise", noisy)) if found}


def _imitated(state: TrainingState | None) -> int:
    """Steps of imitation that the budget does not count."""
    return 0 if state is None else state.states["algo"]["imitated"]


def _wrapped(name: str, text: str) -> str:
    """A fact, on lines as wide as a terminal unless it has lines already; the command that it ends with stays whole."""
    text = re.sub("python .*", lambda found: found[0].replace(" ", "\xa0"), text)
    lines = text.split("\n") if "\n" in text else wrapped(text, width=67)
    return facts({name: "\n             ".join(lines).replace("\xa0", " ")})
