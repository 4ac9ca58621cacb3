"""Whether a known weight of effort is found again by EMG of the mouse's arm, and if not, why.

``python tests/planning/known_weight.py FOLDER --truths 0.05 0.15 0.5`` plants, as EMG of biceps, long and lateral
triceps, the muscles of optimal control of the reaches in FOLDER, as scripts/make_synthetic.py makes them, with
weights that are not on the grid, and finds the weight that leaves least of it, as ``inverse_optimal`` does. The
planted movement is the cheapest of several searches that know nothing of the grid: from computed muscle control, from
the movements of random weights, and from itself with slow noise in its controls. ``dearer``: by how much it costs
more than the best that the grid knows at its weight; where it does, or costs less, the two ended in different
valleys.
"""

import argparse
from dataclasses import replace

import numpy as np

from mousearm.config import InverseConfig, compose
from mousearm.emg.envelope import EmgTarget
from mousearm.emg.mapping import PUBLISHED_MUSCLES
from mousearm.planning.fit import fit_of, nearest, vertex
from mousearm.planning.inverse import Costs, TriedCost
from mousearm.planning.muscles import Solver, cheapest, stirred
from mousearm.setup import Setup

CHANNELS = ("biceps", "triceps_long", "triceps_lateral")


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
    parser.add_argument("--noise", type=float, default=0.0, help="slow noise in the EMG, in parts of its s.d.")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    setup = Setup.to_test(compose(["model=muscle", "threads=1", "kinematics.emg=planted"], given.kinematics))
    muscles = [[int(name in PUBLISHED_MUSCLES[of]) for of in CHANNELS] for name in setup.arm.actuator_names]
    emg = EmgTarget(np.zeros(0), np.array(muscles) / np.sum(muscles, axis=0), CHANNELS, "activation")
    solver, rng = Solver(setup), np.random.default_rng(given.seed)
    asked = InverseConfig(w_effort=given.grid, ratio=given.ratio)
    swept = {}  # the same for all truths
    for truth in given.truths:
        print(f"truth {truth:g}", flush=True)
        costs = Costs(solver, emg, asked)
        grid, cost = np.array(costs.weights), costs.optimal(TriedCost(truth, 2, "excitation"))
        swept = swept or solver.swept(cost, costs.weights)
        found = planted(solver, cost, rng, given.starts)
        lent = [[solver.price(row, one, at, truth) for row, one in enumerate(of)] for at, of in swept.items()]
        dearer = [one.cost / best - 1 for one, best in zip(found, np.min(lent, axis=0), strict=True)]
        recorded = solver.replayed("planted", found).shown(emg)
        recorded = recorded + given.noise * np.nanstd(recorded, axis=(0, 1)) * slow(rng, recorded.shape)
        costs.emg = emg._replace(values=recorded)
        print(f"  dearer than the grid's {' '.join(f'{of:.2%}' for of in dearer)}", flush=True)
        for name, of in ("cheapest", swept), ("nearest", nearest(solver, swept, cost, costs.emg)):
            fits, n = [fit_of(solver, of[weight], costs.emg) for weight in costs.weights], len(recorded)
            losses = costs.losses(fits, np.vstack([np.ones(n), np.eye(n)]))
            weight, *alone = vertex(grid, losses) / truth
            print(
                f"  {name}: found {weight * truth:.3g} ({weight - 1:+.0%}); by reach, found / true "
                f"{' '.join(f'{one:.2f}' for one in alone)}; left "
                f"{', '.join(f'{at:.3g}: {left:.2%}' for at, left in zip(grid, np.exp(losses[0]), strict=True))}",
                flush=True,
            )


if __name__ == "__main__":
    main()
