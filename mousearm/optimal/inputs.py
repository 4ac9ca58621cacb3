# ruff: noqa
"""Inputs in which a step is smooth: where a muscle's activation is led, instead of the excitation that leads it."""

import numpy as np


class Inputs:
    """w = a + (u - a) p."""

    def __init__(self, system, state):
        self.columns = system.columns
        self._has = self.columns >= 0
        self.up, self.down = system.progress(self.activation(state))

    def activation(self, state):
        return np.where(self._has, state[..., self.columns], 0.0)

    def of(self, rows):
        other = object.__new__(Inputs)
        other.columns, other._has = self.columns, self._has
        other.up, other.down = self.up[rows], self.down[rows]
        return other

    def of_ctrl(self, state, ctrl):
        a = self.activation(state)
        return a + (ctrl - a) * np.where(ctrl > a, self.up, self.down)

    def ctrl(self, t, state, w):
        a = self.activation(state)
        return a + (w - a) / np.where(w > a, self.up[:, t], self.down[:, t])

    def slopes(self, state, ctrl):
        a = self.activation(state)
        slope = 1 / np.where(ctrl > a, self.up, self.down)
        return slope, np.where(self._has, 1 - slope, 0.0)
