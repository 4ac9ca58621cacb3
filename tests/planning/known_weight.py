"""Whether a known weight of effort is found again by EMG of the mouse's arm, and if not, why.

``python tests/planning/known_weight.py FOLDER --truths 0.05 0.15 0.5`` plants, as EMG of biceps, long and lateral
triceps, the muscles of optimal control of the reaches in FOLDER, as scripts/make_synthetic.py makes them, with weights
that are not on the grid, and chooses the weight of the grid that leaves least of it, as ``inverse_optimal`` does. The
planted movement is the cheapest of several searches that know nothing of the grid: from computed muscle control, from
the movements of random weights, and from itself with slow noise in its controls. ``dearer``: by how much it costs more
than the best that the grid knows at its weight; where it does, or costs less, the two ended in different valleys.
Then slow noise is added to the EMG.
"""

import argparse
from dataclasses import replace

import numpy as np

from mousearm.config import InverseConfig, compose
from mousearm.emg.envelope import EmgTarget
from mousearm.emg.mapping import PUBLISHED_MUSCLES
from mousearm.planning.inverse import Costs, Fit, TriedCost
from mousearm.planning.muscles import Solver, cheapest, stirred
from mousearm.setup import Setup

CHANNELS = ("biceps", "triceps_long", "triceps_lateral")
NOISE, DRAWS = (0.1, 0.2), 50


def slow(rng, shape):
    """Noise of unit variance along the second axis, correlated over some frames."""
    kernel = np.exp(-0.5 * (np.arange(-9, 10) / 3) ** 2)
    white = rng.normal(size=shape)
    return np.apply_along_axis(np.convolve, -2, white, kernel, "same") / np.linalg.norm(kernel)


def planted(solver, cost, rng, starts):
    """The cheapest movements by a cost that searches from several starts find."""
    found = [solver.found(cost)]
    for factor in np.exp(rng.uniform(-1.2, 1.2, starts)):
        found.append(solver.onwards(solver.found(replace(cost, w_effort=factor * cost.w_effort)), cost))
    for seed in rng.integers(1000, 2**31, starts):
        found.append(solver.onwards(stirred(cheapest(*found), seed), cost))
    costs = np.array([[one.cost for one in of] for of in found])
    print("  starts dearer than the best:", (costs / costs.min(axis=0) - 1).round(4).tolist(), flush=True)
    return cheapest(*found)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kinematics")
    parser.add_argument("--truths", type=float, nargs="+", default=[0.05, 0.15, 0.5])
    parser.add_argument("--grid", type=float, nargs=2, default=[0.03, 0.9])
    parser.add_argument("--ratio", type=float, default=1.35)
    parser.add_argument(
        "--starts", type=int, default=2, help="random weights, and noisy controls, that a planted search begins at"
    )
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    setup = Setup.to_test(compose(["model=muscle", "threads=1"], given.kinematics))
    muscles = [[int(name in PUBLISHED_MUSCLES[of]) for of in CHANNELS] for name in setup.arm.actuator_names]
    emg = EmgTarget(np.zeros(0), np.array(muscles) / np.sum(muscles, axis=0), CHANNELS, "activation")
    solver, rng = Solver(setup), np.random.default_rng(given.seed)
    costs = Costs(solver, emg, InverseConfig(w_effort=given.grid, ratio=given.ratio))
    grid = np.array(costs.weights)
    shown = [costs.performed(TriedCost(weight, 2, "excitation")).shown(emg) for weight in costs.weights]
    (swept,) = costs.swept.values()

    def chosen(recorded, rows=None):
        """The weight that is chosen on reaches, and what each weight leaves."""
        costs.emg = emg._replace(values=recorded)
        counts = np.zeros((1, len(recorded)))
        counts[0, slice(None) if rows is None else rows] = 1
        losses = costs.losses([Fit.of(of, recorded) for of in shown], counts)[0]
        return grid[losses.argmin()], np.exp(losses)

    for truth in given.truths:
        print(f"truth {truth:g}", flush=True)
        found = planted(solver, costs.optimal(TriedCost(truth, 2, "excitation")), rng, given.starts)
        lent = [[solver.price(row, one, at, truth) for row, one in enumerate(of)] for at, of in swept.items()]
        dearer = [one.cost / best - 1 for one, best in zip(found, np.min(lent, axis=0), strict=True)]
        recorded = solver.replayed("planted", found).shown(emg)
        weight, left = chosen(recorded)
        alone = [f"{chosen(recorded, [row])[0] / truth:.2f}" for row in range(len(found))]
        print(
            f"  chosen {weight:.3g} ({weight / truth - 1:+.0%}); by reach, chosen / true {' '.join(alone)}, dearer "
            f"than the grid's {' '.join(f'{of:.2%}' for of in dearer)}\n  left "
            f"{', '.join(f'{at:.3g}: {of:.2%}' for at, of in zip(grid, left, strict=True))}",
            flush=True,
        )
        for noise in NOISE:
            noisy = recorded + noise * np.nanstd(recorded, axis=(0, 1)) * slow(rng, (DRAWS, *recorded.shape))
            drawn = np.array([chosen(one)[0] / truth for one in noisy])
            low, high = np.quantile(drawn, [0.025, 0.975])
            print(
                f"  noise of {noise:g} s.d.: chosen / true {drawn.mean():.2f}, 95 % {low:.2f} to {high:.2f}, "
                f"within 20 % {np.mean(np.abs(drawn - 1) <= 0.2):.2f}"
            )


if __name__ == "__main__":
    main()
