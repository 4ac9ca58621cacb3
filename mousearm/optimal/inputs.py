"""Inputs in which a step is smooth: where a muscle's activation is led to, instead of the excitation that leads it."""

from typing import NamedTuple

import numpy as np

from mousearm.optimal.system import System


class Inputs(NamedTuple):
    """Inputs w that stand for controls u of steps from states with activations a: w = a + (u - a) p.

    p is the share of the way from a to u that a step does, and it jumps where u crosses a, because muscles relax more
    slowly than they are activated (MuJoCo's have 0.085 against 0.72 with a = 0.02, time constants of 10 and 40 ms and
    steps of 1/150 s). So the next state has a kink as a function of u, which no model of second order can follow; as
    a function of w, which is nearly the next activation, it has none. A control without such dynamics is its own input.
    """

    columns: np.ndarray  # (nu,) of the state, where the activation is; -1 for controls without
    up: np.ndarray  # (..., nu) the share p for controls above the activation, at the states of a path
    down: np.ndarray  # (..., nu) and below

    @classmethod
    def around(cls, system: System, state: np.ndarray) -> "Inputs":
        """Inputs that are smooth near states (..., n)."""
        return cls(system.columns, *system.progress(_activation(state, system.columns)))

    def at(self, index: np.ndarray | tuple[np.ndarray, int]) -> "Inputs":
        """Those of some of the states."""
        return Inputs(self.columns, self.up[index], self.down[index])

    def of(self, state: np.ndarray, ctrl: np.ndarray) -> np.ndarray:
        """Inputs (..., nu) that stand for controls in states."""
        activation = _activation(state, self.columns)
        return activation + (ctrl - activation) * np.where(ctrl > activation, self.up, self.down)

    def ctrl(self, state: np.ndarray, inputs: np.ndarray) -> np.ndarray:
        """Controls (..., nu) that inputs stand for in states."""
        activation = _activation(state, self.columns)
        return activation + (inputs - activation) / np.where(inputs > activation, self.up, self.down)

    def slopes(self, state: np.ndarray, ctrl: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Derivatives of the controls by inputs, (..., nu), a diagonal, and by states, (..., nu, n)."""
        slope = 1 / np.where(ctrl > _activation(state, self.columns), self.up, self.down)
        by_state, led = np.zeros((*ctrl.shape, state.shape[-1])), np.flatnonzero(self.columns >= 0)
        by_state[..., led, self.columns[led]] = 1 - slope[..., led]
        return slope, by_state


def _activation(state: np.ndarray, columns: np.ndarray) -> np.ndarray:
    return np.where(columns >= 0, state[..., columns], 0.0)
