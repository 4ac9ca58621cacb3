"""Recordings as signals with units: what the arm did, and what the network saw, computed and decided."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from mousearm.config import EnvConfig
from mousearm.emg import Envelope
from mousearm.errors import EmgError
from mousearm.mechanics import ArmDynamics
from mousearm.model import Arm
from mousearm.model.muscles import feeling_muscles, muscles_of, optimal_and_slack
from mousearm.trajectory import FOLLOWED, LANDMARKS, Trial, with_shoulder

About = Mapping[str, str | float | int]  # origin of a recording, by names that every format writes once
EMG = "emg"  # the signal that was not simulated
_TO_SI = {"mm": ("m", 1e-3), "mm/s": ("m/s", 1e-3)}
_AXES = ("x", "y", "z")
_OF_MUSCLES = ("muscle_length", "muscle_velocity", "muscle_force", "spindle_ia", "spindle_ii", "tendon_organ")
_STEP = "in the last physics step before this frame; 0 at the start"
_MEMORY = {
    "hidden": "hidden state of every layer of the backbone, after it has seen the observation of this frame",
    "cell": "cell state of every layer of the backbone, after it has seen the observation of this frame",
}
_LEADS_TO = {"actor": "leads to the action", "critic": "leads to the value", "backbone": "has no memory"}
_SEEN_AND_DONE = {
    "observation": "what the network saw, before its normaliser; in SI units, rates in impulses per s",
    "action": "what the network decided, -1 to 1, before noise; at the last frame it is not executed",
    "action_noise": "what was added to the action; the sum is cut off at -1 and 1",
    "value": "the critic's estimate of the discounted reward to come",
}


@dataclass(frozen=True, slots=True)
class Signal:
    """One quantity over the T frames of a trial, with unit and names: what a dataset of a recording holds."""

    values: np.ndarray = field(repr=False)  # (T,), (T, columns) or (T, rows, columns)
    unit: str  # such as ``mm`` or ``rad/s``; ``1`` for what has none
    description: str  # what it is, in words
    columns: tuple[str, ...] = ()  # names of joints, actuators, axes ...; empty where they have none
    rows: tuple[str, ...] = ()  # names of points, muscles, layers; empty where they have none

    @property
    def labels(self) -> dict[str, tuple[str, ...]]:
        """Names of the axes of ``values``: ``columns`` and ``rows``, as far as they have names."""
        return {key: names for key, names in (("columns", self.columns), ("rows", self.rows)) if names}

    @property
    def si(self) -> tuple[str, float]:
        """The SI unit, which OpenSim and NWB have, and the factor that brings ``values`` into it."""
        return _TO_SI.get(self.unit, (self.unit, 1.0))


@dataclass(frozen=True, slots=True)
class ReachRecording:
    """One trial of one reach. Frame 0 is the start, where the arm is placed; frames are one control step apart."""

    name: str  # of the reach
    split: str  # ``train`` or ``test``
    repeat: int  # which trial of that reach, from 0
    signals: dict[str, Signal] = field(repr=False)  # by the names of `arm_signals` and `network_signals`
    completed: bool = True  # whether the simulation lived to the end of the reach

    @property
    def trial(self) -> Trial:
        """The arm's part, as evaluation and figures take it; of a reach that diverged, the targets up to there.

        The shoulder of its targets is NaN: recordings do not hold it. KeyError if a signal is missing, ValueError or
        TypeError if the shapes do not fit.
        """
        values = {name: signal.values for name, signal in self.signals.items()}
        time = values["time"]
        return Trial(
            name=self.name,
            split=self.split,
            dt=float(time[1] - time[0]) if len(time) > 1 else 1.0,
            diverged=not self.completed,
            landmarks=values["landmarks"],
            targets=with_shoulder(np.full(3, np.nan), values["target"]),
            reference=values["reference_qpos"],
            qpos=values["qpos"],
            ctrl=values["excitation" if "excitation" in values else "control"],
            **{name: values[name] for name in ("qvel", "activation") if name in values},
        )


def origin_text(about: About) -> str:
    """The subject of a recording, in words: the network of a run, or a controller without one, with its weights."""
    if "controller" in about:
        return f"{about['run']}, {about['weights']}"
    return f"run {about['run']}, network {about['checkpoint']}"


@dataclass(frozen=True, slots=True)
class Recording:
    """Trials of an agent or a controller: all reaches by name, again for each further repeat; and their origin."""

    reaches: list[ReachRecording] = field(repr=False)
    about: About  # what was recorded: run, checkpoint, model, noise and the like

    def activity_by_layer(self) -> dict[str, np.ndarray]:
        """Activities (frames, units) of all frames of all reaches, by the name of the layer, such as ``backbone_1``.

        Of a backbone with memory these are the hidden states of its layers, which are what they send.
        """
        found: dict[str, np.ndarray] = {}
        for name in self.reaches[0].signals:
            values = np.concatenate([reach.signals[name].values for reach in self.reaches])
            if name == "hidden":
                found |= {f"backbone_{i}": values[:, i - 1] for i in range(1, values.shape[1] + 1)}
            elif name.rpartition("_")[0] in ("backbone", "actor"):
                found[name] = values
        return found


def arm_signals(trial: Trial, force: np.ndarray, torque: np.ndarray, arm: Arm) -> dict[str, Signal]:
    """Signals of one arm at the T frames that it lived through; points in the world frame of MuJoCo.

    Args:
        trial: what the arm did.
        force: (T, nu), MuJoCo's ``actuator_force`` of the physics step that led to the frame: of muscles N, below 0
            where they pull; of motors what gear makes N m.
        torque: (T, nq) N m (N of slide joints), of all actuators together in that step.
        arm: whose joints, actuators and muscles they are.
    """
    joints, followed, where = (
        arm.joint_names,
        LANDMARKS[FOLLOWED],
        "in the world frame: x to the right, y forward, z up",
    )
    target, reference = trial.targets[: len(trial), FOLLOWED], trial.reference[: len(trial)]
    return {
        "time": Signal(trial.time, "s", "time from the start of the reach"),
        "qpos": Signal(trial.qpos, "rad", "joint positions", joints),
        "qvel": Signal(trial.qvel, "rad/s", "joint velocities", joints),
        "torque": Signal(torque, "N m", f"joint torques of all actuators, {_STEP}", joints),
        "landmarks": Signal(trial.landmarks, "m", f"points of the arm, {where}", _AXES, LANDMARKS),
        "target": Signal(target, "m", f"where they should be, {where}", _AXES, followed),
        "error": Signal(trial.errors_mm[:, FOLLOWED], "mm", "distance of elbow and paw from their targets", followed),
        **_actuator_signals(trial, force, arm),
        **_muscle_signals(trial.qpos, trial.qvel, arm),
        "reference_qpos": Signal(reference, "rad", "joint positions to follow", joints),
    }


def network_signals(
    activity: Mapping[str, np.ndarray],
    observations: tuple[str, ...],
    actuators: tuple[str, ...],
    units: tuple[str, ...] = (),
) -> dict[str, Signal]:
    """Signals of a network at T frames; none of them has a unit.

    Args:
        activity: (T, ...) by name: ``observation``, ``action``, perhaps ``action_noise``, and what `ActivityController`
            keeps: ``hidden``, ``cell``, ``value`` and the layers, such as ``actor_1``.
        observations: names of the columns of ``observation``, as of `observation_names`.
        actuators: names of the columns of ``action``.
        units: names of the columns of ``hidden``, where units are of different kinds.
    """
    columns = {"observation": observations, "action": actuators, "action_noise": actuators}
    signals = {}
    for name, values in activity.items():
        if name in _SEEN_AND_DONE:
            signals[name] = Signal(values, "1", _SEEN_AND_DONE[name], columns.get(name, ()))
        elif name in _MEMORY:
            rows = tuple(f"layer_{i}" for i in range(1, values.shape[1] + 1))
            signals[name] = Signal(values, "1", _MEMORY[name], units, rows)
        else:
            part, _, number = name.rpartition("_")
            signals[name] = Signal(values, "1", f"activations of layer {number} of the {part}, which {_LEADS_TO[part]}")
    return signals


def beside_emg(reaches: Iterable[ReachRecording], envelopes: Mapping[str, Envelope]) -> Iterator[ReachRecording]:
    """Trials with the signal `EMG` beside their own, (T, C): NaN where nothing was recorded; as they are without any.

    EmgError if envelopes have other channels than one another.
    """
    first = next(iter(envelopes.values()), None)
    for other in envelopes.values():
        if first is not None and other.channels != first.channels:
            raise EmgError(
                f"has the channels {', '.join(other.channels)}; that of {first.reach} has {', '.join(first.channels)}. "
                "Import them together, with one map of channels.",
                f"EMG of the reach {other.reach}",
            )
    for reach in reaches:
        yield reach if first is None else _beside(reach, envelopes.get(reach.name), first)


def _beside(reach: ReachRecording, envelope: Envelope | None, first: Envelope) -> ReachRecording:
    shown = "; ".join(f"{name}: {', '.join(of)}" for name, of in first.muscles.items())
    text = f"envelopes of EMG that was recorded of an animal in this reach, NaN where none was; {shown}"
    time = reach.signals["time"].values
    values = np.full((len(time), len(first.channels)), np.nan) if envelope is None else envelope.at(time)
    return replace(reach, signals=reach.signals | {EMG: Signal(values, "1", text, first.channels)})


def is_of_network(name: str) -> bool:
    """Tell by its name whether a signal is one of `network_signals`, not of `arm_signals`."""
    return name in _SEEN_AND_DONE or name in _MEMORY or name.rpartition("_")[0] in _LEADS_TO


def observation_names(widths: Mapping[str, int], arm: Arm, env: EnvConfig) -> tuple[str, ...]:
    """Names of an observation's columns, such as ``qpos/elbow_flex`` or ``path/12/paw_x`` (12 frames from now).

    Args:
        widths: number of columns of each term, in order. A term that is not known here has its columns numbered from 1.
        arm: has the names of joints and muscles.
        env: says which frames ahead ``path`` and ``path_preview`` show.
    """
    frames = [env.path_spacing * i for i in range(1, env.path_steps + 1)]
    ahead = tuple(f"{frame}/{point}_{axis}" for frame in frames for point in LANDMARKS[FOLLOWED] for axis in _AXES)
    known = {"qpos": arm.joint_names, "qvel": arm.joint_names, "activation": _activation_names(arm)}
    known |= {"path": ahead, "path_preview": ahead, "paw": _AXES, "target": _AXES}
    known |= dict.fromkeys(_OF_MUSCLES, tuple(arm.actuator_names[i] for i in feeling_muscles(arm)))
    names = []
    for term, width in widths.items():
        columns = known.get(term, tuple(str(i) for i in range(1, width + 1)))
        names += [term] if width == 1 and term not in known else [f"{term}/{column}" for column in columns]
    return tuple(names)


def _actuator_signals(trial: Trial, force: np.ndarray, arm: Arm) -> dict[str, Signal]:
    """Control, activation and force; a muscle's control is its excitation, and its force is positive where it pulls."""
    names, muscles = arm.actuator_names, np.isin(np.arange(arm.nu), muscles_of(arm))
    name, what = ("excitation", "muscle excitations, 0 to 1") if muscles.all() else ("control", "actuator controls")
    unit = "N" if muscles.all() else "N, N m" if muscles.any() else "N m"
    text = f"of muscles the pull, of others actuator force times gear: a motor's torque about its joint; {_STEP}"
    signals = {
        name: Signal(trial.ctrl, "1", f"{what}, in the control interval before this frame; 0 at the start", names),
        "force": Signal(np.where(muscles, 0 - force, force * arm.model.actuator_gear[:, 0]), unit, text, names),
    }
    if arm.na:
        signals["activation"] = Signal(trial.activation, "1", "activations, of muscles 0 to 1", _activation_names(arm))
    return signals


def _muscle_signals(qpos: np.ndarray, qvel: np.ndarray, arm: Arm) -> dict[str, Signal]:
    """Fibres and moment arms of muscles, in the state of the frame; empty where there are no muscles."""
    muscles = muscles_of(arm)
    if not len(muscles):
        return {}
    path, moment = ArmDynamics(arm).path(qpos)
    length = 1e3 * (path[:, muscles] - optimal_and_slack(arm)[1])
    slope = 1e3 * moment[:, muscles]
    names = tuple(arm.actuator_names[i] for i in muscles)
    fibre = "the path from origin to insertion (MuJoCo's actuator_length) less the tendon, which is rigid"
    arms = "moment arms, -d length / d joint position: positive where pull gives positive torque (OpenSim's sign)"
    return {
        "fibre_length": Signal(length, "mm", f"fibre lengths: {fibre}", names),
        "fibre_velocity": Signal(np.matvec(slope, qvel), "mm/s", "fibre velocities, positive: lengthening", names),
        "moment_arm": Signal(-slope, "mm", arms, arm.joint_names, names),
    }


def _activation_names(arm: Arm) -> tuple[str, ...]:
    """Actuator of each of the ``na`` activations, with a number where an actuator has several."""
    counts = zip(arm.actuator_names, arm.model.actuator_actnum, strict=True)
    return tuple(name if n == 1 else f"{name}_{i}" for name, n in counts for i in range(1, n + 1))
