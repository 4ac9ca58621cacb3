"""The reaches that a task follows: read and fitted to the arm, as arrays, and which of them comes next from where."""

import copy
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from statistics import median
from typing import Any, NamedTuple, TypeVar

import numpy as np
from tqdm.auto import tqdm

from mousearm.arrays import Array, namespace
from mousearm.config import Config, ModelConfig
from mousearm.errors import KinematicsError
from mousearm.inverse_kinematics import PoseCache
from mousearm.kinematics import Reach, ReachFile, find_reaches, resample
from mousearm.kinematics.checks import SEGMENT_RANGE
from mousearm.model import Arm, load_arm
from mousearm.paths import cache_folder, resolve
from mousearm.registry import INITIAL_ACTIVATIONS
from mousearm.retarget import Reference, retarget
from mousearm.trajectory import hold

_R = TypeVar("_R")

_UNIFORM_SHARE = 0.2  # of the episodes, so that a reach that went well once is not forgotten
NEWEST = 0.2  # weight of an episode in the running mean of a reach's error: it forgets as fast as the network learns


class Prepared(NamedTuple):
    """An arm and the reaches as it is to perform them."""

    config: Config  # which now says how long the arm's segments are, if it was fitted to the animal
    arm: Arm
    references: list[Reference]  # sorted by name


def reach_files(config: Config) -> tuple[ReachFile, ...]:
    """The files of ``kinematics.path``; KinematicsError if there are none, or the folder's manifest cannot be used."""
    return find_reaches(resolve(config.kinematics.path, "kinematics/data"))


def prepare(
    config: Config, files: Sequence[ReachFile] | None = None, on_skip: Callable[[str], None] = warnings.warn
) -> Prepared:
    """Read the reaches of a configuration, build its arm, fit the one to the other.

    Joint angles that were found before are taken from ``cache_folder()``; a bar shows progress if it takes long. With
    ``files`` None it reads all of ``kinematics.path``. With ``kinematics.on_bad=skip`` it calls ``on_skip`` with each
    reach that is left out, and why.

    Raises:
        ConfigError: if the arm cannot be built as it says.
        ModelError: if the model cannot be used, or not be scaled to the animal.
        KinematicsError: if a reach cannot be read or trusted, or cannot be performed by the arm, and is not to be
            skipped; or if no reach is left; or if the arm is to be fitted to several animals.
    """
    dt = config.env.control_dt
    files = reach_files(config) if files is None else files
    _check_animals(config, files)
    skip = on_skip if config.kinematics.on_bad == "skip" else None
    reaches = _map_good(ReachFile.read, files, "reading", skip)
    model = with_lengths(config.model, reaches)
    arm = load_arm(model)
    lengths = 1e3 * np.array(arm.segment_lengths())
    if (lengths < 1e3 * SEGMENT_RANGE[0]).any() or (lengths > 1e3 * SEGMENT_RANGE[1]).any():
        warnings.warn(
            f"{arm.source}: upper arm {lengths[0]:.4g} mm and forearm {lengths[1]:.4g} mm are not a mouse's. See that "
            "the model is in metres, and that model.landmarks name the right points.",
            stacklevel=2,
        )
    solve = PoseCache(arm, cache_folder()).solve

    def fit(reach: Reach) -> Reference:
        return retarget(resample(reach, dt), arm, dt, config.kinematics, solve)

    config, references = replace(config, model=model), _map_good(fit, reaches, "fitting", skip)
    return Prepared(config, arm, _activated(config, arm, references))


def _activated(config: Config, arm: Arm, references: list[Reference]) -> list[Reference]:
    """The references with the activations that ``env.initial_activation`` says; those of an arm without any as is."""
    if arm.na == 0:
        return references
    found = INITIAL_ACTIVATIONS[config.env.initial_activation](arm, references, config)
    return [replace(reference, activation=activation) for reference, activation in zip(references, found, strict=True)]


def _check_animals(config: Config, files: Sequence[ReachFile]) -> None:
    """Refuse to fit one arm to several animals, as far as manifest or folders say whose reaches these are."""
    model, animals = config.model, sorted({file.animal for file in files if file.animal})
    if model.fit == "animal" and len(animals) > 1 and None in (model.upper_arm_mm, model.forearm_mm):
        raise KinematicsError(
            f"{config.kinematics.path}: these reaches are of {len(animals)} animals, {animals[0]} and {animals[1]} "
            "among them, but model.fit=animal makes an arm of the size of one. Give the folder of one animal, or the "
            "lengths to use: model.upper_arm_mm and model.forearm_mm."
        )


def _map_good(
    make: Callable[[Any], _R], items: Sequence[Any], doing: str, skip: Callable[[str], None] | None
) -> list[_R]:
    """Apply a function to all items; bad ones are left out and reported to ``skip``, or raise where that is None."""
    made: list[_R] = []
    reason = ""
    for item in tqdm(items, desc=f"{doing} reaches", unit=" reaches", delay=1, leave=False, disable=None):
        try:
            made.append(make(item))
        except KinematicsError as error:
            if skip is None:
                hint = " With kinematics.on_bad=skip the others are used without it." if len(items) > 1 else ""
                raise KinematicsError(f"{error}{hint}") from error
            skip(reason := str(error))
    if not made:
        raise KinematicsError(f"kinematics.on_bad=skip leaves no reach of {len(items)}. The last one: {reason}")
    return made


def with_lengths(config: ModelConfig, reaches: Sequence[Reach]) -> ModelConfig:
    """The configuration of a model, with the animal's lengths where it is to be fitted and they are not given.

    A length is the median over the reaches of each reach's median over its frames, so that a short reach counts as much
    as a long one and a few bad frames, or a bad reach among many, count for nothing.
    """
    if config.fit == "none":
        return config
    upper_arm, forearm = config.upper_arm_mm, config.forearm_mm
    if upper_arm is None:
        upper_arm = 1e3 * median(reach.upper_arm_length for reach in reaches)
    if forearm is None:
        forearm = 1e3 * median(reach.forearm_length for reach in reaches)
    return replace(config, upper_arm_mm=upper_arm, forearm_mm=forearm)


class References:
    """References of different lengths, the last frame of each repeated up to the longest.

    Names and numbers of frames, (R,), of the reaches; targets of elbow and paw, (R, T, 2, 3) metres; joint positions,
    (R, T, nq) rad, and velocities, rad/s; activations (R, T, na) of an arm that starts in a frame.
    """

    def __init__(self, references: Sequence[Reference]):
        self.names = [reference.name for reference in references]
        self.n_frames: Array = np.array([len(reference.paw) for reference in references])
        longest = int(self.n_frames.max())
        self.targets: Array = np.stack([hold(np.stack([r.elbow, r.paw], axis=1), longest) for r in references])
        self.qpos: Array = np.stack([hold(r.qpos, longest) for r in references])
        self.qvel: Array = np.stack([hold(r.qvel, longest) for r in references])
        self.activation: Array = np.stack([hold(r.activation, longest) for r in references])

    def __len__(self) -> int:
        return len(self.names)

    def converted(self, as_array: Callable[[np.ndarray], Array]) -> "References":
        """The same references with other arrays, such as tensors on a device."""
        other = copy.copy(self)
        for name in ("n_frames", "targets", "qpos", "qvel", "activation"):
            setattr(other, name, as_array(getattr(self, name)))
        return other

    def begun(self, activation: Callable[[Array, Array], Array]) -> "References":
        """The same references with the activations, (T, na), of a function of qpos and qvel, (T, nq) each."""
        other = copy.copy(self)
        paths = zip(self.qpos, self.qvel, self.n_frames, strict=True)
        longest = self.qpos.shape[1]
        other.activation = np.stack([hold(activation(qpos[:n], qvel[:n]), longest) for qpos, qvel, n in paths])
        return other


class Start(NamedTuple):
    """Positions of K simulations in their reaches: reaches by index, and frames, at most the last but one."""

    reach: Array  # (K,)
    frame: Array  # (K,)


class Starts:
    """Draws where episodes of N simulations start: in which of R reaches, and in which of its frames.

    The frame is 0 or, with the probability ``random_start``, a random one. The reach is any, or with the sampling
    ``hard`` one by probabilities in proportion to a running mean of each one's paw error, and a share that is uniform.
    An episode's error is the mean over its steps. A diverged episode counts as no better than the worst reach, however
    well it went before. A reach without a finished episode counts as the mean of the others.
    """

    def __init__(self, references: References, n: int, random_start: float = 0.0, sampling: str = "uniform"):
        self.random_start = random_start
        self._n_frames, self._hard = references.n_frames, sampling == "hard"
        self.errors_mm = np.full(len(references), np.nan)  # running means; NaN without a finished episode
        self._sum_mm, self._steps = np.zeros(n), np.zeros(n, dtype=int)

    def draw(self, rng: np.random.Generator, ids: np.ndarray) -> Start:
        """Draw the starts of simulations (K,)."""
        self._sum_mm[ids] = self._steps[ids] = 0
        n_reaches, n = len(self._n_frames), len(ids)
        reach = rng.choice(n_reaches, n, p=self.probabilities) if self._hard else rng.integers(n_reaches, size=n)
        random = rng.random(n) < self.random_start
        frame = rng.integers(0, self._n_frames[reach] - 1)
        return Start(reach, np.where(random, frame, 0))

    def add(self, reach: np.ndarray, paw_mm: np.ndarray, terminated: np.ndarray, truncated: np.ndarray) -> None:
        """Count one step of all N simulations, before those whose episode is over are reset; arguments (N,)."""
        if not self._hard:
            return
        self._sum_mm += paw_mm
        self._steps += 1
        for i in np.flatnonzero(terminated | truncated):
            self.count(reach[i], self._sum_mm[i] / self._steps[i], diverged=terminated[i])

    def count(self, reach: int, error_mm: float, diverged: bool) -> None:
        """Count one episode of a reach, with its mean error."""
        error = np.nanmax([error_mm, *self.errors_mm]) if diverged else error_mm
        before = self.errors_mm[reach]
        self.errors_mm[reach] = error if np.isnan(before) else before + NEWEST * (error - before)

    def state(self) -> dict[str, np.ndarray] | None:
        """The means, and the episodes under way; live views, to be copied. None where nothing is counted."""
        named = {"errors_mm": self.errors_mm, "sum_mm": self._sum_mm, "steps": self._steps}
        return named if self._hard else None

    def restore(self, state: Mapping[str, np.ndarray] | None) -> None:
        """Restore what ``state`` returned."""
        if state is not None:
            self.errors_mm[:], self._sum_mm[:], self._steps[:] = state["errors_mm"], state["sum_mm"], state["steps"]

    @property
    def probabilities(self) -> np.ndarray:
        """(R,) of hard reaches; uniform until something is known of them, or if none has an error."""
        known = ~np.isnan(self.errors_mm)
        return hard_probabilities(self.errors_mm, self.errors_mm[known].mean() if known.any() else 0.0)


def hard_probabilities(errors_mm: Array, mean_mm: Array | float) -> Array:
    """Probabilities of reaches, (R,), by their errors, of which those that are not known, NaN, count as the mean."""
    xp, n = namespace(errors_mm), len(errors_mm)
    errors = xp.where(xp.isnan(errors_mm), mean_mm, errors_mm)
    total = xp.sum(errors)
    shares = xp.where(total > 0, errors / xp.where(total > 0, total, 1.0), 1 / n)
    return _UNIFORM_SHARE / n + (1 - _UNIFORM_SHARE) * shares
