"""What the generated engine simulates, and a refusal that names everything else in a model."""

import mujoco

from mousearm.errors import EngineError


def check_supported(model: mujoco.MjModel) -> None:
    """Refuse a model with anything that is not computed as MuJoCo does; EngineError names all of it."""
    reasons = []
    if model.neq:
        reasons.append("equality constraints")
    if model.opt.integrator != mujoco.mjtIntegrator.mjINT_RK4:
        reasons.append(f"integrator {mujoco.mjtIntegrator(model.opt.integrator).name[6:]}")
    if reasons:
        raise EngineError(f"The generated engine does not simulate: {', '.join(reasons)}. Use engine=mujoco.", reasons)
