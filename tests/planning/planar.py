"""A planar arm with six muscles, two of them over both joints, and smooth reaches of it: quick to solve."""

from dataclasses import replace

import numpy as np

from mousearm.config import compose
from mousearm.emg.envelope import EmgTarget
from mousearm.kinematics import Split
from mousearm.model import load_arm
from mousearm.planning.point import smooth_way
from mousearm.setup import Setup

ARMS = {  # moment arms at shoulder and elbow, in units of 2 mm
    **{"flexor": (-1, 0), "extensor": (1, 0), "brachialis": (0, -1), "triceps": (0, 1)},
    **{"biceps": (-0.7, -0.7), "long_head": (0.7, 0.7)},
}
CHANNELS = {"front": ("flexor", "biceps"), "low": ("brachialis",), "back": ("triceps",)}


def model():
    """The arm as MJCF."""
    tendons, muscles = "", ""
    for name, arms in ARMS.items():
        joints = [
            f'<joint joint="{joint}" coef="{0.002 * arm}"/>' for joint, arm in zip("se", arms, strict=True) if arm
        ]
        tendons += f'<fixed name="{name}">{"".join(joints)}</fixed>'
        muscles += (
            f'<muscle name="{name}" tendon="{name}" force="0.4" lengthrange="-0.005 0.005" range="0.7 1.3" '
            'timeconst="0.01 0.04" ctrlrange="0 1"/>'
        )
    return f"""<mujoco model="planar"><compiler angle="radian" autolimits="true"/>
<option gravity="0 0 0" integrator="implicitfast"/>
<default><geom type="capsule" density="1060" contype="0" conaffinity="0"/>
<joint axis="0 0 1" damping="2e-6" range="-3 3"/></default>
<worldbody><body><joint name="s"/><geom size="0.002" fromto="0 0 0 0.012 0 0"/>
<body pos="0.012 0 0"><joint name="e"/><geom size="0.0015" fromto="0 0 0 0.017 0 0"/><site name="hand" pos="0.017 0 0"/>
</body></body></worldbody><tendon>{tendons}</tendon><actuator>{muscles}</actuator></mujoco>"""


def planar_setup(folder, n=4, steps=16, **optimal):
    """The arm and n reaches of it."""
    (path := folder / "planar.xml").write_text(model())
    landmarks = [f"model.landmarks.{name}" for name in ("shoulder=joint:s", "elbow=joint:e", "paw=site:hand")]
    words = [f"optimal.{name}={value}" for name, value in optimal.items()]
    config = compose(["model=muscle", f"model.file={path}", *landmarks, "threads=1", "env.n_substeps=4", *words])
    arm, random, references = load_arm(config.model), np.random.default_rng(3), []
    for i in range(n):
        begin = random.uniform([-0.6, 0.6], [0.6, 1.4])
        way = smooth_way(arm, begin, begin + random.uniform(-0.4, 0.4, 2), steps, config.env.control_dt)
        references.append(replace(way, name=f"reach_{i}", activation=np.full((steps + 1, arm.na), 0.02)))
    return Setup(config, arm, references, Split([], [one.name for one in references], {}), [])


def planted(setup, activation):
    """EMG of the channels as it would be of activations (R, T, nu), twice as large."""
    weights = np.zeros((setup.arm.nu, len(CHANNELS)))
    for column, muscles in enumerate(CHANNELS.values()):
        weights[[setup.arm.actuator_names.index(name) for name in muscles], column] = 1 / len(muscles)
    return EmgTarget(2 * activation @ weights, weights, tuple(CHANNELS), "activation")
