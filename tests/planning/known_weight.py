"""Whether a known weight of effort is found again by EMG of the mouse's arm, and what noise does.

``python tests/planning/known_weight.py FOLDER --truths 0.15 0.3`` plants, as EMG of biceps, long and lateral triceps,
the muscles of optimal control of the reaches in FOLDER, as scripts/make_synthetic.py makes them, with weights that are
not on the grid; chooses the weight of the grid that leaves least of it; and does so again with slow noise in all.
"""

import argparse

import numpy as np

from mousearm.config import InverseConfig, compose
from mousearm.emg.envelope import EmgTarget
from mousearm.emg.mapping import PUBLISHED_MUSCLES
from mousearm.planning.inverse import Costs, Fit, TriedCost
from mousearm.planning.muscles import Solver
from mousearm.setup import Setup

CHANNELS = ("biceps", "triceps_long", "triceps_lateral")
NOISE, DRAWS, SLOW = (0.1, 0.2), 50, np.exp(-0.5 * (np.arange(-9, 10) / 3) ** 2)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kinematics")
    parser.add_argument("--truths", type=float, nargs="+", default=[0.15, 0.3])
    parser.add_argument("--grid", type=float, nargs=2, default=[0.1, 1.0])
    parser.add_argument("--ratio", type=float, default=1.2)
    given = parser.parse_args()
    setup = Setup.to_test(compose(["model=muscle", "threads=1"], given.kinematics))
    muscles = [[int(name in PUBLISHED_MUSCLES[of]) for of in CHANNELS] for name in setup.arm.actuator_names]
    emg = EmgTarget(np.zeros(0), np.array(muscles) / np.sum(muscles, axis=0), CHANNELS, "activation")
    costs = Costs(Solver(setup), emg, InverseConfig(w_effort=given.grid, ratio=given.ratio))
    grid = np.array(costs.weights)

    def shown(weight):
        return costs.performed(TriedCost(weight, 2, "excitation")).shown(emg)

    of_grid, rng = [shown(weight) for weight in grid[::-1]][::-1], np.random.default_rng(0)

    def chosen(recorded):
        costs.emg = emg._replace(values=recorded)
        losses = costs.losses([Fit.of(of, recorded) for of in of_grid], np.ones((1, len(recorded))))[0]
        return grid[losses.argmin()], np.exp(losses.min())

    for truth in given.truths:
        planted = shown(truth)
        best, left = chosen(planted)
        print(f"truth {truth:g}: {best:.3g}, which leaves {left:.2%}", flush=True)
        for noise in NOISE:
            white = rng.normal(size=(DRAWS, *planted.shape))
            slow = np.apply_along_axis(np.convolve, 2, white, SLOW, "same") / np.linalg.norm(SLOW)
            found = [chosen(planted + noise * np.nanstd(planted, axis=(0, 1)) * one)[0] / truth for one in slow]
            low, high = np.quantile(found, [0.025, 0.975])
            near = np.mean(np.abs(np.array(found) - 1) <= 0.2)
            print(
                f"  noise of {noise:g} s.d.: chosen / true {np.mean(found):.2f}, 95 % {low:.2f} to {high:.2f}, "
                f"within 20 % {near:.2f}"
            )


if __name__ == "__main__":
    main()
