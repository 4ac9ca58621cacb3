from pathlib import Path

import pytest


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
