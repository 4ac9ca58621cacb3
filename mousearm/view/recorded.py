"""A recording as something that a player plays: what the arm did; and how it falls when it is let go."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from mousearm.record.opened import OpenRecording
from mousearm.simulation import MUJOCO, build_simulation
from mousearm.trajectory import Trial
from mousearm.view.playback import AFTER_SWITCH_S, driven_at


class Recorded:
    """The trials of a recording; one that is switched is simulated by MuJoCo from there on.

    When the arm is let go, its controls are at rest. When it is driven again, the recorded controls go on, of which the
    last stays: they know nothing of where the arm has got to.
    """

    def __init__(self, opened: OpenRecording):
        """Prepare for a recording."""
        self.arm, self.names, self.driver = opened.arm, opened.names, "recording"
        self._opened = opened
        self._rest = np.clip(np.zeros((1, opened.arm.nu)), *opened.arm.ctrl_range.T)

    def simulate(self, reach: int, switches: Sequence[int] = ()) -> Trial:
        """As `Simulator.simulate`."""
        trial = self._opened.trial(reach)
        if not switches:
            return trial
        first, dt = min(switches[0], len(trial) - 1), trial.dt
        n_substeps = round(dt / float(self._opened.about["physics_dt"]))
        simulation = build_simulation(self.arm, 1, dt, n_substeps, 1, MUJOCO)
        state = (trial.qpos, trial.qvel, trial.activation)
        simulation.reset(np.zeros(1, dtype=int), *(part[first : first + 1] for part in state))
        last = max([trial.n_frames - 1, *(switch + round(AFTER_SWITCH_S / dt) for switch in switches)])
        rows = {name: [getattr(trial, name)[: first + 1]] for name in _PARTS}
        frame, lives = first, True
        while frame < last and lives:
            recorded = trial.ctrl[min(frame + 1, len(trial) - 1)][None]
            simulation.step(recorded if driven_at(switches, frame) else self._rest)
            snapshot = simulation.snapshot()
            if lives := bool(np.isfinite(snapshot.qpos).all()):
                frame += 1
                for name, parts in rows.items():
                    parts.append(getattr(snapshot, name))
        driven = np.array([driven_at(switches, at) for at in range(frame + 1)])
        whole = {name: np.concatenate(parts) for name, parts in rows.items()}
        return replace(trial, **whole, driven=driven, diverged=not lives, effort=np.empty((0, 0)))


_PARTS = ("landmarks", "qpos", "qvel", "activation", "ctrl")
