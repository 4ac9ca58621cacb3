from dataclasses import replace

import numpy as np
import pytest
import torch

from mousearm.config import compose
from mousearm.env import References, Task
from mousearm.env.sources import build_references
from mousearm.model import Arm, load_arm
from mousearm.retarget import Reference

torch.set_num_threads(1)

DT = 1 / 150

# Two rods of 10 mm in the plane z = 0; gravity is along -z, so only the motors move them.
TWO_LINK = """
<mujoco model="two_link">
  <compiler angle="radian" autolimits="true"/>
  <default><geom type="capsule" size="0.001" contype="0" conaffinity="0"/><joint axis="0 0 1" damping="1e-6"/></default>
  <worldbody>
    <body name="upper"><joint name="shoulder" range="-1.5 1.5"/><geom name="upper" fromto="0 0 0 0.01 0 0"/>
      <body name="fore" pos="0.01 0 0"><joint name="elbow" range="-2 2"/><geom name="fore" fromto="0 0 0 0.01 0 0"/>
        <site name="paw" pos="0.01 0 0"/>
      </body>
    </body>
  </worldbody>
  <actuator>
    <motor name="shoulder" joint="shoulder" gear="1e-5" ctrlrange="-1 1"/>
    <motor name="elbow" joint="elbow" gear="1e-5" ctrlrange="-1 1"/>
  </actuator>
</mujoco>
"""
TWO_LINK_LANDMARKS = {"shoulder": "joint:shoulder", "elbow": "joint:elbow", "paw": "site:paw"}


@pytest.fixture(scope="session")
def configure():
    """Compose a configuration from the files in conf/ and overrides; one thread, a fixed name."""
    return lambda *overrides: compose(["name=test", "threads=1", *overrides])


@pytest.fixture(scope="session")
def torque_config(configure):
    return configure()


@pytest.fixture(scope="session")
def torque_arm(torque_config):
    return load_arm(torque_config.model)


@pytest.fixture(scope="session")
def muscle_arm(configure):
    return load_arm(configure("model=muscle").model)


@pytest.fixture(scope="session")
def demo(torque_config, torque_arm):
    """The reference of the shipped reach on the torque arm, shortened to 12 frames."""
    (whole,) = build_references(torque_config, torque_arm)
    fields = ("elbow", "paw", "qpos", "qvel", "residual_mm")
    return replace(whole, **{name: getattr(whole, name)[:12] for name in fields})


@pytest.fixture(scope="session")
def two_link_xml():
    return TWO_LINK


@pytest.fixture(scope="session")
def build_two_link():
    """The two-link arm, with pieces of its XML replaced: ``build("old", "new", "old", "new", ...)``."""

    import mujoco  # after mousearm, which chooses how MuJoCo draws

    def build(*replacements, landmarks=TWO_LINK_LANDMARKS, joints=None):
        xml = TWO_LINK
        for old, new in zip(replacements[::2], replacements[1::2], strict=True):
            assert old in xml
            xml = xml.replace(old, new)
        return Arm(mujoco.MjModel.from_xml_string(xml), landmarks, joints, "two_link.xml")

    return build


@pytest.fixture(scope="session")
def two_link(build_two_link):
    return build_two_link()


@pytest.fixture(scope="session")
def explosive(build_two_link):
    """A two-link arm whose elbow motor is so strong that any action but 0 makes the simulation diverge."""
    return build_two_link('joint="elbow" gear="1e-5"', 'joint="elbow" gear="1e15"')


@pytest.fixture(scope="session")
def follow():
    """The reference that joint angles (T, nq) draw with an arm, which is therefore exact."""

    def build(arm, qpos, name="drawn", dt=DT):
        qpos = np.asarray(qpos, dtype=float)
        points = arm.landmark_positions(qpos)
        qvel = np.gradient(qpos, dt, axis=0)
        return Reference(name, points[:, 1].copy(), points[:, 2].copy(), qpos, qvel, np.zeros(len(qpos)))

    return build


@pytest.fixture(scope="session")
def swing(follow):
    """A smooth reference of T frames on a two-link arm."""

    def build(arm, n_frames, name="swing", amplitude=0.3):
        phase = np.linspace(0, np.pi, n_frames)
        return follow(arm, np.stack([amplitude * np.sin(phase), 0.5 + amplitude * np.cos(phase)], axis=1), name)

    return build


@pytest.fixture(scope="session")
def build_task(configure):
    """A task of n simulations on references, with overrides of the configuration."""

    def build(arm, references, n, *overrides):
        return Task(arm, References(references), configure(*overrides), n)

    return build


@pytest.fixture
def quiet_log(tmp_path, monkeypatch):
    """MuJoCo writes its warnings to a file in the working directory; a test that provokes some works elsewhere."""
    monkeypatch.chdir(tmp_path)
