"""Arms of random sizes and shapes, within what the generated engine simulates."""

import mujoco
import numpy as np

from mousearm.model.arm import Landmark


def random_arm(seed: int, integrator: str = "RK4") -> mujoco.MjModel:
    """A tree of 1 to 6 bodies of a centimetre, with motors and muscles; the seed says all of it.

    Bodies have none to three hinges, now and then a slide; the tree branches. Muscles run over sites, around spheres
    and cylinders, with and without a side site. Springs, dampers, limits, solver values, actuators' ranges differ.
    """
    rng = np.random.default_rng(seed)
    spec = mujoco.MjSpec()
    spec.compiler.degree = False
    spec.option.timestep, spec.option.gravity = 0.001, rng.normal(0, 3, 3)
    spec.option.integrator = getattr(mujoco.mjtIntegrator, f"mjINT_{integrator.upper()}")
    bodies = [spec.worldbody]
    for number in range(rng.integers(1, 7)):
        # mostly a chain, now and then a branch; the first body stands in the world
        parent = bodies[-1] if rng.random() < 0.7 else bodies[rng.integers(len(bodies))]
        bodies.append(_body(rng, parent, number))
    if not any(body.joints for body in bodies[1:]):
        bodies[1].add_joint(name="only", axis=_unit(rng))
    _actuators(rng, spec, bodies)
    _servo(np.random.default_rng(1000 + seed), spec, bodies)
    return spec.compile()


def landmarks_of(model: mujoco.MjModel) -> dict[str, Landmark]:
    """Anchor of the first joint, a body and the last site."""
    paw = Landmark("site_xpos", model.nsite - 1)
    return {"shoulder": Landmark("xanchor", 0), "elbow": Landmark("xpos", model.nbody - 1), "paw": paw}


def _unit(rng):
    vector = rng.normal(size=3)
    axes = np.vstack([np.eye(3), vector / np.linalg.norm(vector)])
    return axes[rng.integers(4)] * rng.choice([-1, 1])


def _body(rng, parent, number):
    body = parent.add_body(name=f"body{number}", pos=rng.normal(0, 0.008, 3), quat=rng.normal(size=4))
    mass = 10 ** rng.uniform(-3.5, -2.5)
    body.mass, body.ipos, body.explicitinertial = mass, rng.normal(0, 0.005, 3), True
    body.inertia = mass * 0.01**2 * rng.uniform(0.7, 1.0, 3)
    body.iquat = rng.normal(size=4)
    for joint in range(rng.choice([0, 1, 2, 3], p=[0.15, 0.5, 0.2, 0.15])):
        is_slide = rng.random() < 0.1
        made = body.add_joint(name=f"joint{number}_{joint}", axis=_unit(rng), armature=mass * 1e-5)
        made.type = mujoco.mjtJoint.mjJNT_SLIDE if is_slide else mujoco.mjtJoint.mjJNT_HINGE
        made.pos = rng.normal(0, 0.003, 3) if rng.random() < 0.3 else np.zeros(3)
        made.damping = [mass * 10 ** rng.uniform(-2.3, -1.6) * (1e3 if is_slide else 1), 0, 0]
        if rng.random() < 0.3:
            made.stiffness, made.springref = [mass * 1e-2 * (100 if is_slide else 1), 0, 0], 0.1
        if rng.random() < 0.8:
            made.limited, width = True, 0.01 if is_slide else 1.0
            made.range = [-width * rng.uniform(0.2, 1), width * rng.uniform(0.2, 1)]
            made.solref_limit = [[0.02, 1], [0.005, 0.7], [-1000, -60]][rng.integers(3)]
            made.solimp_limit = [[0.9, 0.95, 0.001, 0.5, 2], [0.8, 0.99, 0.1, 0.3, 3], [0.9, 0.9, 0, 0.5, 1]][
                rng.integers(3)
            ]
            made.margin = rng.choice([0, 0.001])
    for site in range(3):
        body.add_site(name=f"site{number}_{site}", pos=rng.normal(0, 0.008, 3))
    kind = [mujoco.mjtGeom.mjGEOM_SPHERE, mujoco.mjtGeom.mjGEOM_CYLINDER][rng.integers(2)]
    body.add_geom(
        name=f"wrap{number}",
        type=kind,
        size=[0.004, 0.01, 0],
        pos=rng.normal(0, 0.003, 3),
        quat=rng.normal(size=4),
        contype=0,
        conaffinity=0,
        mass=0,
    )
    body.add_site(name=f"side{number}", pos=np.array(body.geoms[0].pos) + 0.006 * _unit(rng))
    return body


def _actuators(rng, spec, bodies):
    with_joints = [joint for body in bodies[1:] for joint in body.joints]
    for number, joint in enumerate(with_joints):
        if rng.random() < 0.5 or number == 0:
            made = spec.add_actuator(name=f"motor{number}", target=joint.name, trntype=mujoco.mjtTrn.mjTRN_JOINT)
            made.gear, made.ctrllimited, made.ctrlrange = [rng.choice([-1, 1]) * 1e-5, 0, 0, 0, 0, 0], True, [-1, 1]
            if rng.random() < 0.3:
                made.forcelimited, made.forcerange = True, [-0.5, 0.4]
    spec.worldbody.add_site(name="fixed", pos=rng.normal(0, 0.01, 3))
    numbers = [int(body.name[4:]) for body in bodies[1:]]
    for number in range(rng.integers(0, 6)):
        made = spec.add_tendon(name=f"muscle{number}")
        made.wrap_site(f"site{rng.choice(numbers)}_0" if rng.random() < 0.7 else "fixed")
        for step in range(rng.integers(1, 4)):
            if rng.random() < 0.6:
                chosen = rng.choice(numbers)
                made.wrap_geom(f"wrap{chosen}", f"side{chosen}" if rng.random() < 0.5 else "")
            made.wrap_site(f"site{rng.choice(numbers)}_{1 + step % 2}")
        muscle = spec.add_actuator(name=f"muscle{number}", target=f"muscle{number}")
        muscle.trntype = mujoco.mjtTrn.mjTRN_TENDON
        muscle.set_to_muscle(
            [0.01, 0.04], rng.choice([0, 0.3]), [0.75, 1.05], 10 ** rng.uniform(-3, -1), 200, 0.5, 1.6, 1.5, 1.3, 1.2
        )
        muscle.lengthrange, muscle.ctrllimited, muscle.ctrlrange = [0.01, 0.1], True, [0, 1]


def _servo(rng, spec, bodies):
    """A weak servo at a joint, which follows its control at once, through a filter or by integration."""
    joint = rng.choice([joint.name for body in bodies[1:] for joint in body.joints])
    made = spec.add_actuator(name="servo", target=joint, trntype=mujoco.mjtTrn.mjTRN_JOINT)
    stiffness, damping = 1e-5, 1e-7
    made.gaintype, made.biastype = mujoco.mjtGain.mjGAIN_AFFINE, mujoco.mjtBias.mjBIAS_AFFINE
    made.gainprm[:3], made.biasprm[:3] = [stiffness, 1e-7, 0], [1e-7, -stiffness, -damping]
    made.dyntype = [mujoco.mjtDyn.mjDYN_NONE, mujoco.mjtDyn.mjDYN_FILTER, mujoco.mjtDyn.mjDYN_INTEGRATOR][
        rng.integers(3)
    ]
    made.dynprm[0], made.ctrllimited, made.ctrlrange = 0.02, True, [-1, 1]
    if made.dyntype == mujoco.mjtDyn.mjDYN_INTEGRATOR:
        made.actlimited, made.actrange = True, [-0.1, 0.6]
