"""Count how far the generated engine is from MuJoCo, model by model: ``python tests/engine/parity.py``.

49 control steps of random controls over their whole range, from random poses, velocities and activations: the shipped
arms, an OpenSim model, and the arms of random shapes on which the tests compare both. float64 is held against MuJoCo on
64 arms. float32 is held against float64 on 2 048, beside float64 that starts 1e-7 rad aside (slides: 1e-9 m): what the
arm itself makes of the last digit of float32. Takes ten minutes of processor time; the table is Markdown.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import mujoco
import numpy as np
from mujoco.batch import Batch
from random_arms import landmarks_of, random_arm
from test_source import STEADY, published

from mousearm.config import compose
from mousearm.engine.build import Library, build
from mousearm.engine.check import with_time_step
from mousearm.engine.source import engine_source
from mousearm.model import load_arm
from mousearm.model.opensim import MjcfOptions, read_osim, to_mjcf

STEPS, SUBSTEPS, JUDGED, COUNTED = 49, 8, 64, 2048
BEYOND_MM = 1e-3


class Drive(NamedTuple):
    """Starts of N arms, and controls of T steps; in the digits of float32."""

    qpos: np.ndarray  # (N, nq) rad
    qvel: np.ndarray  # (N, nv) rad/s
    act: np.ndarray  # (N, na)
    ctrl: np.ndarray  # (T, N, nu)


class Course(NamedTuple):
    """Path of N arms in T steps."""

    qpos: np.ndarray  # (T, N, nq) rad
    marks: np.ndarray  # (T, N, 3, 3) m


def drive(model: mujoco.MjModel, n: int, seed: int) -> Drive:
    """Anywhere in the joints' ranges, with velocities of 2 rad/s (slides: 0.02 m/s)."""
    rng = np.random.default_rng(seed)
    bounded = model.jnt_limited[:, None] > 0
    low, high = np.where(bounded, np.clip(model.jnt_range, -np.pi, np.pi), (-1.5, 1.5)).T
    qpos, speed = rng.uniform(low, high, (n, model.nq)), rng.normal(0, 2, (n, model.nv)) * unit(model)
    act, ctrl = rng.uniform(0, 1, (n, model.na)), rng.uniform(*model.actuator_ctrlrange.T, (STEPS, n, model.nu))
    return Drive(*(part.astype(np.float32).astype(float) for part in (qpos, speed, act, ctrl)))


def unit(model: mujoco.MjModel) -> np.ndarray:
    """(nv,) 1 rad of a hinge, 0.01 m of a slide."""
    return np.where(model.jnt_type == mujoco.mjtJoint.mjJNT_SLIDE, 0.01, 1.0)


def generated(library: Library, model: mujoco.MjModel, given: Drive, kind: str) -> Course:
    """The course by the generated engine, in ``f64`` or ``f32``."""
    dtype, n = {"f64": np.float64, "f32": np.float32}[kind], len(given.qpos)
    qpos, qvel, act, ctrl = (np.ascontiguousarray(part.astype(dtype)) for part in given)
    now, force, torque, marks = (np.zeros((n, width), dtype) for width in (model.nu, model.nu, model.nv, 9))
    step = library.on_arrays(f"step_{kind}", [qpos, qvel, act, now, force, torque, marks])
    rows = []
    for row in ctrl:
        now[:] = row
        step()
        rows.append((qpos.astype(float), marks.astype(float).reshape(n, 3, 3)))
    return Course(*map(np.array, zip(*rows, strict=True)))


def by_mujoco(model: mujoco.MjModel, given: Drive) -> np.ndarray:
    """(T, N, nq) by MuJoCo, whose solver goes on to the end."""
    model.opt.tolerance = 0
    batch = Batch(model, nsim=len(given.qpos), nthread=1)
    state = {name: batch.bind(name) for name in ("qpos", "qvel", "act", "ctrl")}
    batch.reset(stage=mujoco.mjtStage.mjSTAGE_NONE)
    state["qpos"][:], state["qvel"][:], state["act"][:] = given.qpos, given.qvel, given.act
    rows = []
    for row in given.ctrl:
        state["ctrl"][:] = row
        batch.step(nstep=SUBSTEPS, stage=mujoco.mjtStage.mjSTAGE_VEL)
        rows.append(state["qpos"].copy())
    return np.array(rows)


def apart(one: Course, other: Course) -> str:
    """Mean and largest distance of a landmark, mm, and the number of arms beyond ``BEYOND_MM``."""
    mm = 1e3 * np.linalg.norm(one.marks - other.marks, axis=-1).max(axis=2)
    return f"{mm.mean():.1e} | {mm.max():.1e} | {(mm.max(axis=0) > BEYOND_MM).sum()}"


def models() -> Iterator[tuple[str, mujoco.MjModel, dict]]:
    """Name, model and landmarks."""
    for name in ("torque", "muscle"):
        config = compose([f"model={name}"])
        arm = load_arm(config.model)
        yield f"model={name}", with_time_step(arm, config.env.control_dt, SUBSTEPS), dict(arm.landmarks)
    for file in published():
        options = MjcfOptions(allow_missing=True, inertia="published", samples=300)
        model = mujoco.MjModel.from_xml_string(to_mjcf(read_osim(Path(file)), options))
        yield file.name, model, landmarks_of(model)
    for integrator, seeds in STEADY.items():
        for seed in seeds:
            model = random_arm(seed, integrator)
            yield f"random, {integrator} {seed}", model, landmarks_of(model)


def row(name: str, model: mujoco.MjModel, landmarks: dict) -> str:
    """A line of the table."""
    library = build(engine_source(model, landmarks, SUBSTEPS))
    judged, counted = drive(model, JUDGED, 1), drive(model, COUNTED, 2)
    far = np.abs(generated(library, model, judged, "f64").qpos - by_mujoco(model, judged)) / unit(model)
    exact = generated(library, model, counted, "f64")
    aside = 1e-7 * unit(model) * np.random.default_rng(3).choice([-1, 1], counted.qpos.shape)
    single = apart(generated(library, model, counted, "f32"), exact)
    shifted = apart(generated(library, model, counted._replace(qpos=counted.qpos + aside), "f64"), exact)
    muscles = (model.actuator_dyntype == mujoco.mjtDyn.mjDYN_MUSCLE).sum()
    wraps = np.isin(model.wrap_type, (mujoco.mjtWrap.mjWRAP_SPHERE, mujoco.mjtWrap.mjWRAP_CYLINDER)).sum()
    return f"| {name} | {model.nq} | {muscles} | {wraps} | {far.max():.0e} | {single} | {shifted} |"


if __name__ == "__main__":
    print("| | joints | muscles | wraps | f64, rad | f32: mean mm | worst | arms | aside: mean mm | worst | arms |")
    print("|---|---|---|---|---|---|---|---|---|---|---|")
    for each in models():
        print(row(*each), flush=True)
