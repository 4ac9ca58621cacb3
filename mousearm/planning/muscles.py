"""What muscles do in movements that are solved in several ways: signals of all actuators, errors, and recorded EMG."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.signal import fftconvolve

from mousearm.config import OptimalConfig
from mousearm.emg.envelope import EmgTarget
from mousearm.env.emg import emg_target
from mousearm.env.references import References
from mousearm.errors import ConfigError
from mousearm.optimal.trajectories import OptimalTrajectory, optimal_trajectories
from mousearm.planning.solving import replayed
from mousearm.pretrain.optimal_teacher import followed
from mousearm.setup import Setup
from mousearm.trajectory import ELBOW, FOLLOWED, PAW, Trial, hold

_MOST_PASSES, _GAIN = 10, 1e-3  # exchanges of movements between weights; share of a cost that is worth a search
_STIRRED, _STIR, _SLOW = 3, 0.3, 3.0  # weights whose movements are stirred, by how much, and over how many frames


@dataclass(frozen=True, eq=False)
class Movements:
    """R reaches as they are performed in one way, on at most T frames; NaN after the end of a reach."""

    name: str
    source: str  # optimal control, computed muscle control, or the recording or run that they are of
    activation: np.ndarray  # (R, T, nu), 0 to 1; NaN for motors
    excitation: np.ndarray  # (R, T, nu) that led to the frames; NaN in frame 0
    error_mm: np.ndarray  # (R, 2) means of elbow and paw
    effort: float  # mean squared excitation

    def signal(self, kind: str) -> np.ndarray:
        """(R, T, nu) ``activation`` or ``excitation``."""
        return getattr(self, kind)

    def shown(self, emg: EmgTarget) -> np.ndarray:
        """(R, T, C) what the channels of EMG would show of it."""
        used = emg.weights.any(axis=1)
        return self.signal(emg.signal)[..., used] @ emg.weights[used]


@dataclass(frozen=True, eq=False)
class Solver:
    """Optimal control of the reaches of a setup by costs that differ."""

    setup: Setup

    def found(
        self, optimal: OptimalConfig, emg: EmgTarget | None = None, start: str = "given"
    ) -> list[OptimalTrajectory]:
        """The best movements by a cost. Muscles start as the task says, ``given``, or as ``zero``, or ``chosen``.

        Where EMG is followed the search goes on from the solution without it, and where the effort of single muscles
        has another factor than the setup says, from that without.
        """
        if emg is not None and optimal.w_emg > 0:
            return self.onwards(self.found(replace(optimal, w_emg=0.0), start=start), optimal, emg, start)
        if optimal.muscle_weights != (usual := self.setup.config.optimal.muscle_weights):
            return self.onwards(self.found(replace(optimal, muscle_weights=usual), start=start), optimal, None, start)
        config = replace(self.setup.config, optimal=optimal)
        return self._solve(followed(self.setup.arm, self._references(start), config), optimal, None, start, True)

    def performed(
        self, name: str, optimal: OptimalConfig, emg: EmgTarget | None = None, start: str = "given"
    ) -> Movements:
        """What MuJoCo makes of the best movements by a cost."""
        return self.replayed(name, self.found(optimal, emg, start))

    def replayed(self, name: str, found: Sequence[OptimalTrajectory]) -> Movements:
        """What MuJoCo makes of movements, one of each reach."""
        trials, _ = replayed(self.setup, References(self.setup.references), found)
        return movements_of(name, "optimal control", self.setup, trials)

    def swept(self, optimal: OptimalConfig, weights: Sequence[float]) -> dict[float, list[OptimalTrajectory]]:
        """The best movements by a cost with each of several weights of effort, which rise.

        Each weight is solved from the next larger one, and three of them also from computed muscle control and from
        what was found, stirred. A search ends in a valley, and what another weight found may cost less: where it does,
        the search is done again from there, until all are the best that is known at their weight.
        """
        from tqdm.auto import tqdm

        found: dict[float, list[OptimalTrajectory]] = {}
        for weight in tqdm(weights[::-1], "weights of effort", unit=" weights", delay=1, leave=False):
            cost, before = replace(optimal, w_effort=weight), [*found.values()]
            found[weight] = self.onwards(before[-1], cost) if before else self.found(cost)
        for seed, weight in enumerate(weights[:: -(-len(weights) // _STIRRED)]):
            cost = replace(optimal, w_effort=weight)
            known = cheapest(found[weight], self.found(cost))
            found[weight] = cheapest(known, self.onwards(stirred(known, seed), cost))
        for _ in range(_MOST_PASSES):
            if not self._exchange(found, optimal):
                break
        return found

    def _exchange(self, found: dict[float, list[OptimalTrajectory]], optimal: OptimalConfig) -> bool:
        """Search again where another weight's movement costs less; whether one was found that does."""
        is_better = False
        for weight, own in found.items():
            priced = np.array(
                [[self.price(r, one, at, weight) for r, one in enumerate(of)] for at, of in found.items()]
            )
            rows = [r for r, one in enumerate(own) if priced[:, r].min() < (1 - _GAIN) * one.cost]
            if not rows:
                continue
            starts = [[*found.values()][priced[:, r].argmin()][r] for r in rows]
            part = replace(self, setup=replace(self.setup, references=[self.setup.references[r] for r in rows]))
            for r, one in zip(rows, part.onwards(starts, replace(optimal, w_effort=weight)), strict=True):
                if one.cost < own[r].cost:
                    own[r], is_better = one, True
        return is_better

    def price(self, row: int, one: OptimalTrajectory, found_with: float, w_effort: float) -> float:
        """What a movement of a reach, by index, that was found with a weight of effort costs with another one, mm^2."""
        reference = self.setup.references[row]
        targets = np.stack([reference.elbow, reference.paw], axis=1)[1:]
        points = self.setup.arm.landmark_positions(one.qpos[1:])[:, FOLLOWED]
        errors = float(1e6 * np.square(points - targets).sum())
        return errors + w_effort * (one.cost - errors) / found_with

    def followed(self) -> Movements:
        """The movements of computed muscle control."""
        evaluator = self.setup.evaluator()
        _, trials = evaluator.evaluate(self.setup.controller("cmc", evaluator.task))
        return movements_of("computed muscle control", "computed muscle control", self.setup, trials)

    def onwards(
        self,
        before: Sequence[OptimalTrajectory],
        optimal: OptimalConfig,
        emg: EmgTarget | None = None,
        start: str = "given",
    ) -> list[OptimalTrajectory]:
        """The best movements by a cost, searched from others, one of each reach."""
        longest = max(len(one.ctrl) for one in before)
        return self._solve(np.stack([hold(one.ctrl, longest) for one in before]), optimal, emg, start)

    def _solve(
        self, ctrl: np.ndarray, optimal: OptimalConfig, emg: EmgTarget | None, start: str, detour: bool = False
    ) -> list[OptimalTrajectory]:
        config, references = replace(self.setup.config, optimal=optimal), self._references(start)
        with warnings.catch_warnings(action="ignore"):  # tables say which did not converge
            return optimal_trajectories(self.setup.arm, references, config, ctrl, start == "chosen", emg, detour)

    def _references(self, start: str) -> References:
        references = References(self.setup.references)
        if start == "zero":
            references.activation = np.zeros_like(references.activation)
        return references


def cheapest(*found: Sequence[OptimalTrajectory]) -> list[OptimalTrajectory]:
    """Of movements that were found in several ways, the cheapest of each reach."""
    return [min(ways, key=lambda one: one.cost) for ways in zip(*found, strict=True)]


def stirred(found: Sequence[OptimalTrajectory], seed: int) -> list[OptimalTrajectory]:
    """Movements with controls times slow noise, from which a search may end in a lower valley."""
    rng, frames = np.random.default_rng(seed), np.arange(-9, 10)
    kernel = np.exp(-0.5 * np.square(frames / _SLOW))
    kernel *= _STIR / np.linalg.norm(kernel)
    noise = [fftconvolve(rng.normal(size=one.ctrl.shape), kernel[:, None], "same", axes=0) for one in found]
    return [one._replace(ctrl=one.ctrl * np.exp(x)) for one, x in zip(found, noise, strict=True)]


def movements_of(name: str, source: str, setup: Setup, trials: Sequence[Trial]) -> Movements:
    """Movements of trials, one of each reach of a setup; ConfigError if one is missing."""
    by_name = {trial.name: trial for trial in trials}
    if missing := [one.name for one in setup.references if one.name not in by_name]:
        raise ConfigError(
            f"{source} has no trial of {missing[0]}. Record the same reaches, such as with --kinematics of "
            "scripts/record.py."
        )
    chosen = [by_name[reference.name] for reference in setup.references]
    longest = max(len(reference.paw) for reference in setup.references)
    states, nu = setup.arm.model.actuator_actadr, setup.arm.nu
    activation, excitation = np.full((2, len(chosen), longest, nu), np.nan)
    for row, trial in enumerate(chosen):
        n, led = min(len(trial), longest), np.flatnonzero(states >= 0)
        activation[row, :n, led] = trial.activation[:n, states[led]].T
        excitation[row, 1:n] = trial.ctrl[1:n]
    errors = np.array([trial.mean_errors_mm[[ELBOW, PAW]] for trial in chosen])
    return Movements(name, source, activation, excitation, errors, float(np.nanmean(np.square(excitation))))


def recorded_emg(setup: Setup) -> EmgTarget:
    """EMG of the reaches of a setup, unscaled; errors as of `emg_target`, ConfigError if none is named."""
    kinematics = setup.config.kinematics
    if kinematics.emg is None:
        raise ConfigError("No EMG is named. Give --emg FOLDER, as scripts/import_emg.py makes it.", "kinematics.emg")
    config = replace(setup.config, kinematics=replace(kinematics, emg_scale=[1.0]))
    return emg_target(config, setup.arm, References(setup.references))


def common_scale(shown: np.ndarray, recorded: np.ndarray) -> float:
    """The one factor that brings all channels of EMG nearest to what muscles do; both (R, T, C), NaN where unknown.

    By least squares over channels and reaches together. One factor for each channel would ask next to nothing of a
    muscle that a cost leaves silent. It takes envelopes of different muscles to be comparable, which no recording says.
    """
    known = np.isfinite(shown) & np.isfinite(recorded)
    return float((shown[known] * recorded[known]).sum() / np.square(recorded[known]).sum())
