"""Whether a known weight of effort is found again by EMG of the mouse's arm, and if not, why.

``python tests/planning/known_weight.py FOLDER --truths 0.05 0.15 0.5`` plants, as EMG of biceps, long and lateral
triceps, the muscles of optimal control of the reaches in FOLDER, as scripts/make_synthetic.py makes them, with weights
that are not on the grid, and chooses the weight of the grid that leaves least of it. Optimal control is searched from
the next larger weight of the grid, and from computed muscle control at once. ``dearer``: by how much what was found
costs more than the best that is known at this weight, so that it is no optimum. Then slow noise is added to the first.
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
    parser.add_argument("--truths", type=float, nargs="+", default=[0.05, 0.15, 0.5])
    parser.add_argument("--grid", type=float, nargs=2, default=[0.04, 0.65])
    parser.add_argument("--ratio", type=float, default=1.35)
    given = parser.parse_args()
    setup = Setup.to_test(compose(["model=muscle", "threads=1"], given.kinematics))
    muscles = [[int(name in PUBLISHED_MUSCLES[of]) for of in CHANNELS] for name in setup.arm.actuator_names]
    emg = EmgTarget(np.zeros(0), np.array(muscles) / np.sum(muscles, axis=0), CHANNELS, "activation")
    solver = Solver(setup)
    costs = Costs(solver, emg, InverseConfig(w_effort=given.grid, ratio=given.ratio))
    grid = np.array(costs.weights)
    of_grid = [costs.performed(TriedCost(weight, 2, "excitation")).shown(emg) for weight in costs.weights]
    (swept,) = costs._swept.values()
    known = [one for found in swept.values() for one in enumerate(found)]
    cost_at = {weight: costs.optimal(TriedCost(weight, 2, "excitation")) for weight in costs.weights}
    before, rng = solver.found(cost_at[grid[-1]]), np.random.default_rng(0)
    for weight in grid[-2::-1]:
        before = solver.onwards(before, cost_at[weight])
        saved = [f"{own.cost / lent.cost - 1:.1%}" for own, lent in zip(before, swept[weight], strict=True)]
        print(f"weight {weight:.3g}: without what others lent, dearer by {' '.join(saved)}", flush=True)

    def priced(row, one, weight):
        """What a movement of a reach costs at a weight, mm^2."""
        return solver._errors(row, one) + weight * np.square(one.ctrl).sum()

    def chosen(recorded, rows=slice(None)):
        costs.emg = emg._replace(values=recorded)
        counts = np.zeros((1, len(recorded)))
        counts[0, rows] = 1
        losses = costs.losses([Fit.of(of, recorded) for of in of_grid], counts)[0]
        return grid[losses.argmin()], np.exp(losses.min()), np.exp(losses[np.abs(np.log(grid / truth)).argmin()])

    for truth in given.truths:
        cost = costs.optimal(TriedCost(truth, 2, "excitation"))
        planted = {
            "from the next weight": solver.onwards(swept[min(grid[grid > truth])], cost),
            "at once": Solver(setup, ()).found(cost),
        }
        everything = known + [one for found in planted.values() for one in enumerate(found)]
        best = [min(priced(row, one, truth) for row, one in everything if row == own) for own in range(len(of_grid[0]))]
        for name, found in planted.items():
            recorded = solver.replayed(name, found).shown(emg)
            dearer = np.array([priced(row, one, truth) for row, one in enumerate(found)]) / best - 1
            weight, least, near = chosen(recorded)
            alone = [f"{chosen(recorded, [row])[0] / truth:.2f}" for row in range(len(found))]
            print(
                f"truth {truth:g}, {name}: {weight:.3g} ({weight / truth - 1:+.0%}) leaves {least:.2%}, the weight "
                f"nearest to the truth {near:.2%}; by reach, chosen / true {' '.join(alone)}, dearer "
                f"{' '.join(f'{of:.2%}' for of in dearer)}",
                flush=True,
            )
        recorded = solver.replayed("", planted["from the next weight"]).shown(emg)
        for noise in NOISE:
            white = rng.normal(size=(DRAWS, *recorded.shape))
            slow = np.apply_along_axis(np.convolve, 2, white, SLOW, "same") / np.linalg.norm(SLOW)
            found = [chosen(recorded + noise * np.nanstd(recorded, axis=(0, 1)) * one)[0] / truth for one in slow]
            low, high = np.quantile(found, [0.025, 0.975])
            near = np.mean(np.abs(np.array(found) - 1) <= 0.2)
            print(
                f"  noise of {noise:g} s.d.: chosen / true {np.mean(found):.2f}, 95 % {low:.2f} to {high:.2f}, "
                f"within 20 % {near:.2f}"
            )


if __name__ == "__main__":
    main()
