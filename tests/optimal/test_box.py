import daqp
import numpy as np

from mousearm.optimal.model import box_minimum


def test_minima_within_bounds_are_those_of_a_convex_solver():
    rng = np.random.default_rng(0)
    n, m = 200, 8
    root = rng.normal(size=(n, m, m))
    hessian, slope = root @ root.mT + 0.1 * np.eye(m), 5 * rng.normal(size=(n, m))
    low, high = -rng.random((n, m)), rng.random((n, m))
    found, free = box_minimum(hessian, slope, low, high)
    none, kinds = np.zeros((0, m)), np.zeros(m, dtype=np.int32)
    for i in range(n):
        wanted, _, flag, _ = daqp.solve(hessian[i], slope[i], none, high[i], low[i], kinds)
        assert flag == 1
        np.testing.assert_allclose(found[i], wanted, atol=1e-6)
    assert 0.1 < free.mean() < 0.9  # bounds count
