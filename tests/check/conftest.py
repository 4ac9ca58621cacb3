from pathlib import Path

import pytest

from mousearm.model import Arm

# Two weightless rods of 10 mm in the vertical plane, 0.1 g and 0.2 g at their ends; at q = 0 both lie along x.
# Joint axes point along -y, so that positive torque lifts.
HANGING = """
<mujoco model="hanging">
  <compiler angle="radian" autolimits="true"/>
  <option gravity="0 0 -10"/>
  <default><geom type="sphere" size="0.0001" contype="0" conaffinity="0"/><joint axis="0 -1 0"/></default>
  <worldbody>
    <body name="upper"><joint name="shoulder" range="-3 3"/><geom name="one" pos="0.01 0 0" mass="1e-4"/>
      <body name="fore" pos="0.01 0 0"><joint name="elbow" range="-2 2"/><geom name="two" pos="0.01 0 0" mass="2e-4"/>
        <site name="paw" pos="0.01 0 0"/>
      </body>
    </body>
  </worldbody>
  <actuator>
    <motor name="shoulder" joint="shoulder" gear="1e-4" ctrlrange="-1 1"/>
    <motor name="elbow" joint="elbow" gear="1e-4" ctrlrange="-0.5 1"/>
  </actuator>
</mujoco>
"""
LANDMARKS = {"shoulder": "joint:shoulder", "elbow": "joint:elbow", "paw": "site:paw"}


@pytest.fixture(scope="session")
def build_hanging():
    """The hanging arm, with pieces of its XML replaced: ``build("old", "new", ...)``."""
    import mujoco  # after mousearm, which chooses how MuJoCo draws

    def build(*replacements):
        xml = HANGING
        for old, new in zip(replacements[::2], replacements[1::2], strict=True):
            assert old in xml
            xml = xml.replace(old, new)
        return Arm(mujoco.MjModel.from_xml_string(xml), LANDMARKS, None, "hanging.xml")

    return build


@pytest.fixture(scope="session")
def hanging(build_hanging):
    return build_hanging()


@pytest.fixture(scope="session")
def cable(build_hanging):
    """The hanging arm with one muscle instead of motors: from 10 mm above the shoulder to the end of the upper arm."""
    motors = HANGING[HANGING.index("<actuator>") : HANGING.index("</mujoco>")]
    return build_hanging(
        motors,
        """
        <tendon><spatial name="lift"><site site="above"/><site site="end"/></spatial></tendon>
        <actuator><muscle name="lift" tendon="lift" force="0.1" lengthrange="0.005 0.015" range="0.5 1.5" fpmax="1e-9"
        ctrlrange="0 1"/></actuator>
        """,
        'range="-3 3"',
        'range="-3 1"',  # at pi / 2 the ends of the path would meet
        '<body name="upper">',
        '<site name="above" pos="0 0 0.01"/><body name="upper"><site name="end" pos="0.01 0 0"/>',
    )


@pytest.fixture(scope="session")
def published_inertia(tmp_path_factory, torque_arm):
    """The shipped torque arm, as a file, with the humerus' mass and inertia of the published model."""
    folder = tmp_path_factory.mktemp("published")
    shipped = Path(torque_arm.source)
    limb = shipped.with_name("forelimb.xml").read_text(encoding="utf-8")
    start = limb.index(">", limb.index('<body name="humerus"')) + 1
    inertial = '<inertial pos="0.0103 0.001 0.0186" mass="0.00071" diaginertia="9e-6 9e-6 9e-6"/>'
    (folder / "forelimb.xml").write_text(limb[:start] + inertial + limb[start:], encoding="utf-8")
    (folder / "torque.xml").write_text(shipped.read_text(encoding="utf-8"), encoding="utf-8")
    return folder / "torque.xml"
