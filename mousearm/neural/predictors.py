"""What may explain neurons: layers of a network, and their rivals, as activity of the trials of a recording.

Movement is that of the animal, which the targets of a recording hold, not that of the simulated arm, which follows it.
Muscles and torques are the arm's. Columns that never change are left out.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from mousearm.errors import NeuralError, UnknownNameError
from mousearm.mechanics import ArmDynamics, motions_of
from mousearm.neural.activity import Activity
from mousearm.neural.source import PredictorSource
from mousearm.registry import PREDICTORS

_MEMORY = ("hidden", "cell")
_HEADS = ("backbone", "actor", "critic")
_OTHERS = {"inputs": "observation", "action": "action", "value": "value"}


def layer_names(source: PredictorSource) -> list[str]:
    """Layers that a recording has: ``hidden``, ``cell``, ``hidden_1`` ..., ``actor_1`` ..., ``inputs``, ``action``."""
    signals = source.reaches[0].signals
    memory = [name for name in _MEMORY if name in signals]
    n = signals[memory[0]].values.shape[1] if memory else 0
    single = [f"{name}_{i}" for name in memory for i in range(1, n + 1)] if n > 1 else []
    heads = [name for name in signals if name.rpartition("_")[0] in _HEADS]
    return [*memory, *single, *heads, *(name for name, signal in _OTHERS.items() if signal in signals)]


def predictor(source: PredictorSource, name: str, layer: str | None = None, seed: int = 0) -> Activity:
    """The activity of a name: a layer of `layer_names`, or one of ``PREDICTORS``.

    Args:
        source: of whose trials.
        name: of the layer or the predictor.
        layer: which one ``untrained`` gives, and as many units as ``random`` has; None: the first that there is.
        seed: of what is random.

    Raises:
        UnknownNameError: there is neither a layer nor a predictor of that name.
        NeuralError: the recording has nothing that it is made of.
    """
    layers = layer_names(source)
    of = layer if layer is not None else next(iter(layers), "hidden")
    if layer not in (None, *layers):
        raise UnknownNameError(f"layer in the recording of {source.name}", str(layer), layers)
    if name not in layers and name not in PREDICTORS:
        raise UnknownNameError("layer of the network, or predictor of neurons,", name, [*layers, *PREDICTORS])
    return _layer(source, name) if name in layers else PREDICTORS[name](source, of, seed)


def _layer(source: PredictorSource, name: str) -> Activity:
    signal, part = _signal_of(source, name)
    values = [_part(values, part) for values in _shaped(source, signal)]
    columns = source.columns(signal)
    if part is not None:
        columns = columns[: values[0].shape[1]]
        columns = tuple(column.rpartition("/")[2] for column in columns)
    return source.activity(name, "network", values, columns)


def _signal_of(source: PredictorSource, layer: str) -> tuple[str, int | None]:
    """The signal of a layer, and which of its layers, from 0; None for all."""
    before, _, number = layer.rpartition("_")
    return (before, int(number) - 1) if before in _MEMORY else (_OTHERS.get(layer, layer), None)


def _shaped(source: PredictorSource, signal: str) -> list[np.ndarray]:
    source.signals(signal)  # which refuses what is not there
    return [reach.signals[signal].values for reach in source.reaches]


def _part(values: np.ndarray, part: int | None) -> np.ndarray:
    return values.reshape(len(values), -1) if part is None else values[:, part]


def _points(source: PredictorSource) -> list[np.ndarray]:
    """Elbow and paw of the animal, (T_i, 6) m."""
    return source.signals("target")


def _velocities(source: PredictorSource) -> list[np.ndarray]:
    return [np.gradient(values, source.step_s, axis=0) for values in _points(source)]


def _position(source: PredictorSource, layer: str, seed: int) -> Activity:
    """Positions of elbow and paw, m, of the animal."""
    return source.activity("position", "kinematics", _points(source), source.columns("target"))


def _velocity(source: PredictorSource, layer: str, seed: int) -> Activity:
    """Velocities of elbow and paw, m/s, of the animal."""
    units = [f"{name} velocity" for name in source.columns("target")]
    return source.activity("velocity", "kinematics", _velocities(source), units)


def _speed(source: PredictorSource, layer: str, seed: int) -> Activity:
    """Speeds of elbow and paw, m/s, of the animal."""
    values = [np.linalg.norm(way.reshape(len(way), -1, 3), axis=2) for way in _velocities(source)]
    units = [f"{name} speed" for name in source.reaches[0].signals["target"].rows]
    return source.activity("speed", "kinematics", values, units)


def paw_speeds(source: PredictorSource) -> dict[str, np.ndarray]:
    """Speed of the animal's paw, (T,) m/s, of each reach by its name."""
    names = [reach.name for reach in source.reaches]
    return {name: np.linalg.norm(way[:, 3:], axis=1) for name, way in zip(names, _velocities(source), strict=True)}


def _joints(source: PredictorSource, layer: str, seed: int) -> Activity:
    """Joint angles of the reach as it was recorded, rad."""
    return _signal(source, "joints", "kinematics", "reference_qpos")


def _kinematics(source: PredictorSource, layer: str, seed: int) -> Activity:
    """Positions, velocities and speeds of elbow and paw, and joint angles, of the animal."""
    return _joined("kinematics", [make(source, layer, seed) for make in (_position, _velocity, _speed, _joints)])


def _activation(source: PredictorSource, layer: str, seed: int) -> Activity:
    """Activations of muscles, 0 to 1."""
    return _signal(source, "activation", "muscles", "activation")


def _length(source: PredictorSource, layer: str, seed: int) -> Activity:
    """Fibre lengths of muscles, mm."""
    return _signal(source, "length", "muscles", "fibre_length")


def _force(source: PredictorSource, layer: str, seed: int) -> Activity:
    """Forces of muscles, N."""
    source.signals("fibre_length")  # or they are motors
    return _signal(source, "force", "muscles", "force")


def _muscles(source: PredictorSource, layer: str, seed: int) -> Activity:
    """Activations, fibre lengths and forces of muscles."""
    return _joined("muscles", [make(source, layer, seed) for make in (_activation, _length, _force)])


def _torques(source: PredictorSource, layer: str, seed: int) -> Activity:
    """Joint torques of all actuators, N m."""
    return _signal(source, "torques", "torques", "torque")


def _interaction_torques(source: PredictorSource, layer: str, seed: int) -> Activity:
    """Torques at each joint by the motion of the others, N m.

    At joint i that is -(sum over j != i of M_ij qacc_j) - C_i: M is the matrix of inertia, C what Coriolis and
    centrifugal forces take (Hollerbach and Flash 1982, Biol Cybern 44:67-77). Accelerations are those of `motions_of`.
    """
    motion = motions_of(source.signals("qpos"), source.step_s)
    mechanics = ArmDynamics(source.arm)
    there, back, still = (mechanics.dynamics(motion.qpos, sign * motion.qvel) for sign in (1.0, -1.0, 0.0))
    coriolis = (there.bias + back.bias) / 2 - still.bias  # it is even in velocity, damping is odd
    values = -np.matvec(there.mass * (1 - np.eye(source.arm.nq)), motion.qacc) - coriolis
    ends = np.cumsum([len(rows) for rows in source.signals("qpos")])[:-1]
    return source.activity("interaction_torques", "torques", np.split(values, ends), source.arm.joint_names)


def _emg(source: PredictorSource, layer: str, seed: int) -> Activity:
    """Envelopes of recorded EMG, on the reaches that have them from the first frame to the last."""
    rows, channels = {}, ()
    for i, reach in enumerate(source.reaches):
        envelope = source.envelopes.get(reach.name)
        if envelope is not None and channels in ((), envelope.channels):
            found = envelope.at(reach.signals["time"].values)
            if np.isfinite(found).all():
                rows[i], channels = found, envelope.channels
    if not rows:
        raise NeuralError(
            f"No reach of {source.name} has an envelope of EMG from its first frame to its last. Give envelopes of "
            "these reaches (--emg), or leave emg out."
        )
    return source.only(list(rows)).activity("emg", "emg", list(rows.values()), channels)


def _untrained(source: PredictorSource, layer: str, seed: int) -> Activity:
    """The layer of a network of the same size that never learned, and saw what this one saw."""
    signal, part = _signal_of(source, layer)
    values = [_part(rows, part) for rows in source.untrained(signal, seed)]
    units = [f"unit {i}" for i in range(1, values[0].shape[1] + 1)]
    return source.activity("untrained", "untrained", values, units)


def _random(source: PredictorSource, layer: str, seed: int) -> Activity:
    """As many random features of the inputs as the layer has units, tanh(W x + b) of standardised inputs x."""
    inputs, n = _layer(source, "inputs"), _layer(source, layer).n_units
    whole = np.concatenate(inputs.values)
    scaled = [(values - whole.mean(axis=0)) / whole.std(axis=0) for values in inputs.values]
    random = np.random.default_rng(seed)
    weights = random.standard_normal((inputs.n_units, n)) / np.sqrt(inputs.n_units)
    shift = random.standard_normal(n)
    values = [np.tanh(rows @ weights + shift) for rows in scaled]
    return source.activity("random", "random", values, [f"feature {i}" for i in range(1, n + 1)])


def _signal(source: PredictorSource, name: str, kind: str, signal: str) -> Activity:
    return source.activity(name, kind, source.signals(signal), source.columns(signal))


def _joined(name: str, parts: list[Activity]) -> Activity:
    """The columns of all parts, named by their part."""
    units = tuple(f"{part.name}: {unit}" for part in parts for unit in part.units)
    values = tuple(np.hstack(rows) for rows in zip(*(part.values for part in parts), strict=True))
    return replace(parts[0], name=name, units=units, values=values)


_MADE: dict[str, Callable[[PredictorSource, str, int], Activity]] = {
    "kinematics": _kinematics,
    "position": _position,
    "velocity": _velocity,
    "speed": _speed,
    "joints": _joints,
    "muscles": _muscles,
    "activation": _activation,
    "length": _length,
    "force": _force,
    "torques": _torques,
    "interaction_torques": _interaction_torques,
    "emg": _emg,
    "untrained": _untrained,
    "random": _random,
}
for _name, _make in _MADE.items():
    PREDICTORS.add(_make, _name)
