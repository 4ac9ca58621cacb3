"""The fibres of muscles by the generated engine, compiled where a simulation is asked for them."""

import mujoco
import numpy as np
from mujoco.batch import Batch

from mousearm.engine.build import Library, build
from mousearm.engine.source import fibres_source
from mousearm.errors import EngineError
from mousearm.model.arm import Arm
from mousearm.model.muscles import Fibres, FibreState

_STATES = 16
_SPEED = 3.0  # rad/s, s.d. of joints
_TOLERANCE = 1e-6  # of all three, relative to the largest


def build_fibres(arm: Arm) -> Library:
    """Generate and compile ``fibres_f64`` of an arm, or take it from the cache, and hold it against MuJoCo.

    Raises:
        EngineError: the model holds something that is not generated, or the two differ.
        CompilerError: there is no compiler that works.
    """
    library, model, random = build(fibres_source(arm.physics)), arm.physics, np.random.default_rng(0)
    judge = Batch(model, nsim=_STATES, nthread=1)
    state = {name: judge.bind(name) for name in ("qpos", "qvel", "act")}
    paths = judge.bind("actuator_length"), judge.bind("actuator_velocity")
    judge.reset(stage=mujoco.mjtStage.mjSTAGE_NONE)
    low, high = np.clip(arm.qpos_range, arm.rest_qpos[:, None] - np.pi, arm.rest_qpos[:, None] + np.pi).T
    state["qpos"][:] = arm.couplings.complete(random.uniform(low, high, (_STATES, arm.nq)))
    state["qvel"][:], state["act"][:] = random.normal(0, _SPEED, (_STATES, arm.nq)), random.random((_STATES, arm.na))
    judge.forward(stage=mujoco.mjtStage.mjSTAGE_VEL)
    expected, found = Fibres(arm).of(paths[0], paths[1], state["act"]), np.empty((3, _STATES, arm.nu))
    arrays = [*map(np.ascontiguousarray, state.values()), *found]
    library.on_arrays("fibres_f64", arrays)()
    for name, ours, theirs in zip(FibreState._fields, found, expected, strict=True):
        difference = np.abs(ours - theirs).max(initial=0.0) / max(np.abs(theirs).max(initial=0.0), mujoco.mjMINVAL)
        if not difference <= _TOLERANCE:
            raise EngineError(
                f"The generated {name} of muscle fibres differs from MuJoCo by {difference:.2g}, so it is not used. "
                "Use engine=mujoco.",
                [name],
            )
    return library
