"""An experiment before anything is learned: an arm, its reaches, and which of them are kept to test with."""

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mousearm.condition import Conditions
from mousearm.config import Config
from mousearm.env.pathways import host_only
from mousearm.env.references import References, prepare, reach_files
from mousearm.env.task import Task
from mousearm.evaluate.rollout import Evaluator
from mousearm.hub.download import pin
from mousearm.hub.repository import as_saved
from mousearm.kinematics import ReachFile, Split, split_reaches
from mousearm.model import Arm
from mousearm.pretrain.controllers import TaskController
from mousearm.registry import CONTROLLERS
from mousearm.retarget import Reference
from mousearm.simulation import AUTO, BY_MUJOCO, GENERATED, MUJOCO, EngineChoice, choose_engine

if TYPE_CHECKING:
    from mousearm.env.device_env import DeviceEnv
    from mousearm.env.vec_env import TrackingVecEnv


@dataclass(frozen=True, slots=True)
class Setup:
    """The parts that every experiment is assembled from."""

    config: Config  # with what it left open: commits of what is on the Hub, lengths of an arm fitted to the animal
    arm: Arm
    references: list[Reference]  # the reaches as the arm is to perform them, sorted by name
    split: Split
    unused: list[ReachFile]  # files that were found and are not in the split
    engine: EngineChoice = BY_MUJOCO  # what steps the arms in training, see `with_engine`

    @staticmethod
    def build(config: Config, split: Split | None = None, on_skip: Callable[[str], None] = warnings.warn) -> "Setup":
        """Build the arm and the reaches of a configuration, with the split of a run; None to draw one.

        ``on_skip`` is called with every reach that is left out, and why, with ``kinematics.on_bad=skip``.

        Raises:
            MouseArmError: if the configuration, the model or the kinematics cannot be used.
        """
        config = _pinned(config)
        found = reach_files(config)
        files = found if split is None else split.find(found)
        config, arm, references = prepare(config, files, on_skip)
        used = set(files)
        unused = [file for file in found if file not in used]
        return Setup(config, arm, references, split or _draw_split(config, files, references), unused)

    @staticmethod
    def to_test(config: Config, kinematics: str | None = None) -> "Setup":
        """Build it with all reaches to test with, perhaps others (a file or folder); errors as `build`."""
        config, arm, references = prepare(_pinned(config if kinematics is None else config.with_reaches(kinematics)))
        return Setup(config, arm, references, Split([], [reference.name for reference in references], {}), [])

    def of_split(self, name: str) -> "Setup":
        """The setup with the reaches of one split, ``train`` or ``test``, alone."""
        names = set(self.split.splits[name])
        files = {reach: digest for reach, digest in self.split.sha256.items() if reach in names}
        kept = {split: [reach for reach in of if reach in names] for split, of in self.split.splits.items()}
        split = Split(kept.get("train", []), kept.get("test", []), files)
        return replace(self, references=[one for one in self.references if one.name in names], split=split)

    def with_engine(self) -> "Setup":
        """The setup with what ``engine=auto`` is for its arm and device; errors as of `choose_engine`."""
        env, conditions = self.config.env, Conditions(self.config.condition)
        if self.config.engine == AUTO and (found := host_only(self.config)) and self._wants_gpu():
            engine = EngineChoice(MUJOCO, f"MuJoCo, on the CPU. Not computed on a GPU: {', '.join(found)}.")
        else:
            pushing = ", ".join(f"condition.{name}" for name in conditions.pushing)
            arm = conditions.arm(self.arm)
            engine = choose_engine(arm, env.control_dt, env.n_substeps, self.config.engine, pushing)
        return replace(self, config=replace(self.config, engine=engine.name), engine=engine)

    def _wants_gpu(self) -> bool:
        from mousearm.env.device_env import is_on_gpu  # slow to import

        return is_on_gpu(self.config)

    def task(self, n: int, names: Sequence[str] | None = None, engine: str = MUJOCO) -> Task:
        """N simulations on the reaches of these names; None for all of the split. One simulation has one thread."""
        chosen = {*self.split.train, *self.split.test} if names is None else set(names)
        references = References([reference for reference in self.references if reference.name in chosen])
        threads = self.config.threads if n > 1 else 1
        return Task(self.arm, references, replace(self.config, engine=engine, threads=threads), n)

    def training_env(self) -> "TrackingVecEnv | DeviceEnv":
        """The environment to train on, ``env.num_envs`` simulations on the reaches to train on.

        With the generated engine and a GPU, all of it is there.
        """
        from mousearm.env.device_env import build_device_env, is_on_gpu  # slow to import, and not needed to evaluate
        from mousearm.env.vec_env import TrackingVecEnv

        config, env = self.config, self.config.env
        if config.engine == GENERATED and is_on_gpu(config):
            train = [reference for reference in self.references if reference.name in set(self.split.train)]
            return build_device_env(config, self.arm, References(train))
        task = self.task(env.num_envs, self.split.train, config.engine)
        return TrackingVecEnv(task, env.random_start, config.seed, env.sampling, env.lost_mm)

    def evaluator(
        self, splits: Mapping[str, Sequence[str]] | None = None, engine: str = MUJOCO, repeats: int | None = None
    ) -> Evaluator:
        """Evaluator of the reaches that are named, by split; None for all of the split. MuJoCo is the judge.

        ``repeats`` are those of `Evaluator`.
        """
        config = replace(self.config, engine=engine)
        return Evaluator(config, self.arm, self.references, self.split.splits if splits is None else splits, repeats)

    def controller(self, name: str, task: Task) -> TaskController:
        """The controller of this name, one of `CONTROLLERS`, for all arms of a task."""
        return TaskController(task, CONTROLLERS[name](self.arm, task.references, self.config))


def complete_from(config: Config, saved: Config, overrides: Sequence[str] = ()) -> Config:
    """A configuration with what it leaves open from the saved one: segments, commits, the engine, what a budget is.

    What a budget is, the overrides that made the configuration may say.
    """
    model, taken = config.model, saved.model
    if model.fit != "none":
        open_lengths = [name for name in ("upper_arm_mm", "forearm_mm") if getattr(model, name) is None]
        model = replace(model, **{name: getattr(taken, name) for name in open_lengths})
    for name in ("file", "osim"):
        if (own := getattr(model, name)) and (theirs := getattr(taken, name)):
            model = replace(model, **{name: as_saved(own, theirs)})
    said = any(word.startswith("pretrain.in_timesteps=") for word in overrides)  # against the run it is refused
    counted = config.pretrain.in_timesteps or (saved.pretrain.in_timesteps and not said)
    pretrain = replace(config.pretrain, in_timesteps=counted)
    engine = saved.engine if config.engine == AUTO else config.engine
    config = replace(config, model=model, pretrain=pretrain, engine=engine)
    return config.with_reaches(as_saved(config.kinematics.path, saved.kinematics.path))


def _pinned(config: Config) -> Config:
    """The configuration with the commits of what is on the Hub, so that the run folder says which files these were."""
    model = config.model
    model = replace(model, file=model.file and pin(model.file), osim=model.osim and pin(model.osim))
    return replace(config, model=model).with_reaches(pin(config.kinematics.path))


def _draw_split(config: Config, files: Sequence[ReachFile], references: Sequence[Reference]) -> Split:
    """Split those files of which references could be made."""
    kinematics, names = config.kinematics, {reference.name for reference in references}
    good = [file for file in files if file.name in names]
    split = split_reaches(good, kinematics.train_ratio, kinematics.split_seed, kinematics.split_by)
    n = kinematics.train_reaches
    return split if n is None else split.with_train(n, kinematics.split_seed)
