"""The plan for a linear-quadratic problem with bounds is that of one quadratic programme in all inputs at once."""

import numpy as np

from mousearm.optimal.model import LocalModel, box_minimum
from mousearm.optimal.plan import plan

PATHS, STEPS, N, NU, DAMPING = 5, 7, 4, 3, 0.01


def random_model(rng):
    """Unstable random systems whose costs and narrow bounds differ from step to step."""
    a, b = rng.normal(size=(PATHS, STEPS, N, N)), rng.normal(size=(PATHS, STEPS, N, NU))
    root = rng.normal(size=(PATHS, STEPS + 1, N, N))
    low, high = -rng.uniform(0, 0.3, (PATHS, STEPS, NU)), rng.uniform(0, 0.3, (PATHS, STEPS, NU))
    slopes = rng.normal(size=(PATHS, STEPS + 1, N)), rng.normal(size=(PATHS, STEPS, NU))
    cross, diagonal = 0.1 * rng.normal(size=(PATHS, STEPS, NU, N)), rng.uniform(1, 2, (PATHS, STEPS, NU))
    same, unused = np.ones((PATHS, STEPS, NU)), np.zeros((PATHS, STEPS, NU, N))  # bounds do not follow the state
    parts = *slopes, root @ root.mT + np.eye(N), cross, diagonal
    return LocalModel(a, b, *parts, same, unused, low, high, same, same, same)


def condensed(model, i):
    """Hessian and slope of one path's cost in all inputs at once, by adding up what each does to all states."""
    effect = np.zeros((STEPS + 1, N, STEPS * NU))  # of inputs on states
    for t in range(STEPS):
        effect[t + 1] = model.a[i, t] @ effect[t]
        effect[t + 1][:, t * NU : (t + 1) * NU] += model.b[i, t]
    slope, hessian = model.cost_w[i].ravel().copy(), np.diag(model.cost_ww[i].ravel())
    for t in range(STEPS + 1):
        slope += model.cost_x[i, t] @ effect[t]
        hessian += effect[t].T @ model.cost_xx[i, t] @ effect[t]
        if t < STEPS:
            crossed = np.zeros((STEPS * NU, STEPS * NU))
            crossed[t * NU : (t + 1) * NU] = model.cost_wx[i, t] @ effect[t]
            hessian += crossed + crossed.T
    return hessian, slope


def test_it_is_the_quadratic_programme_in_all_inputs_and_promises_what_that_gains():
    model = random_model(np.random.default_rng(3))
    room, held = np.zeros((2, PATHS, N)), np.zeros((PATHS, STEPS, NU), dtype=int)
    steps = np.ones((PATHS, STEPS), dtype=bool)
    found = plan(model, np.full(NU, -1), steps, np.full(PATHS, DAMPING), room, held)
    assert 0.2 < (found.held != 0).mean() < 0.8
    for i in range(PATHS):
        hessian, slope = condensed(model, i)
        bounds = model.low[i].reshape(1, -1), model.high[i].reshape(1, -1)
        best, _ = box_minimum((hessian + DAMPING * np.eye(STEPS * NU))[None], slope[None], *bounds)
        x, inputs = np.zeros(N), []
        for t in range(STEPS):
            inputs.append(found.offset[i, t] + found.gains[i, t] @ x)
            x = model.a[i, t] @ x + model.b[i, t] @ inputs[-1]
        np.testing.assert_allclose(np.ravel(inputs), best[0], atol=1e-7)
        np.testing.assert_allclose(found.first[i], slope @ best[0], rtol=1e-6)
        np.testing.assert_allclose(found.second[i], best[0] @ hessian @ best[0], rtol=1e-6)
