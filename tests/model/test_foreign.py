"""Models of other packages, as far as these are installed: each is an arm, or becomes one as its refusal says."""

import importlib.util
import re
import shutil
import time
from pathlib import Path
from xml.etree import ElementTree

import mujoco
import numpy as np
import pytest

from mousearm.config import LandmarksConfig, ModelConfig
from mousearm.errors import ModelError
from mousearm.inverse_kinematics import inverse_kinematics
from mousearm.mechanics import random_poses
from mousearm.model import load_arm
from mousearm.model.opensim import MjcfOptions, convert, read_osim
from mousearm.model_check.strength import gravity_strength, reach_checks

SECONDS, MOST_REMEDIES = 20, 12


def files(package, suffix):
    """Those of a package that is installed; it is not imported."""
    found = importlib.util.find_spec(package)
    places = found.submodule_search_locations if found else None
    return sorted(file for place in places or () for file in Path(place).rglob(f"*{suffix}"))


def is_arm(file):
    """Whether a file has two joints and is whole without others that only its package puts together."""
    text = file.read_text(encoding="utf-8", errors="replace")
    return "<mujoco" in text and "<mujocoinclude" not in text and len(re.findall("<joint[^>]*axis", text)) >= 2


GYMNASIUM = [file for file in files("gymnasium", ".xml") if is_arm(file)]
OTHERS = [file for name in ("dm_control", "robosuite", "myosuite") for file in files(name, ".xml") if is_arm(file)]
OSIM = [file for name in ("Pose2Sim", "osim") for file in files(name, ".osim")]


def follow_advice(file, error):
    """Change a model as an error says."""
    text = str(error)
    named = re.search(r"'([^']*)' is not in the model's folder", text)
    if named:  # put it there, and change its name
        there, here = file.parent / named[1], file.parent / Path(named[1]).name
        if not there.exists():
            pytest.skip(f"{there} is not installed")
        (shutil.copytree if there.is_dir() else shutil.copy)(there, here)
        place = Path(re.match(r"(.*?), line", text)[1])
        place.write_text(place.read_text(encoding="utf-8").replace(f'"{named[1]}"', f'"{here.name}"'), encoding="utf-8")
        return
    tree = ElementTree.parse(file)
    parents = {child: parent for parent in tree.iter() for child in parent}
    for node in list(tree.iter()):
        kind = node.get("type") if node.tag == "joint" else node.tag
        if "free joint" in text and kind in ("free", "freejoint"):  # leave it out
            parents[node].remove(node)
        if "ball joint" in text and kind == "ball":  # three hinges
            for axis in ("1 0 0", "0 1 0", "0 0 1"):
                ElementTree.SubElement(parents[node], "joint", type="hinge", axis=axis)
            parents[node].remove(node)
        if "equality constraint" in text and parents.get(node) is not None and parents[node].tag == "equality":
            node.set("active", "false")
        if "has no control range" in text and parents.get(node) is not None and parents[node].tag == "actuator":
            node.attrib |= {"ctrlrange": node.get("ctrlrange", "-1 1"), "ctrllimited": "true"}
    if "and 0 actuators" in text:
        actuator = ElementTree.SubElement(tree.getroot(), "actuator")
        for joint in tree.iterfind("worldbody//joint[@name]"):
            ElementTree.SubElement(actuator, "motor", joint=joint.get("name", ""), ctrlrange="-1 1")
    tree.write(file)


def landmarks_of(file):
    """A chain of three bodies with joints, or None."""
    model = mujoco.MjSpec.from_file(str(file)).compile()
    for tip in reversed(range(model.nbody)):
        chain = [tip]
        while model.body_parentid[chain[-1]]:
            chain.append(model.body_parentid[chain[-1]])
        chain = [body for body in chain if model.body_jntnum[body] and model.body(body).name]
        if len(chain) >= 2:
            return LandmarksConfig(*(f"body:{model.body(body).name}" for body in (chain[-1], chain[1], chain[0])))
    return None


def walk(file, folder):
    """Load a model, as it is or after what refusals say was done, and put it through fits and checks."""
    shutil.copytree(file.parent, folder / file.parent.name, dirs_exist_ok=True)
    file = folder / file.parent.name / file.name
    start, refusals = time.process_time(), []
    while True:
        try:
            landmarks = landmarks_of(file)
        except ValueError as error:  # MuJoCo's own
            pytest.skip(f"MuJoCo: {error}")
        if landmarks is None:
            pytest.skip("no chain of bodies with joints and names")
        try:
            arm = load_arm(
                ModelConfig(file=str(file), osim=None, landmarks=landmarks, joints=None, action_map="direct")
            )
            break
        except ModelError as error:
            refusals.append(str(error))
            assert len(refusals) <= MOST_REMEDIES, refusals
            follow_advice(file, error)
    poses = random_poses(arm, 3, 0)
    points = arm.landmark_positions(poses)
    found = inverse_kinematics(arm, points[:, 1], points[:, 2])
    data = mujoco.MjData(arm.model)
    for pose in (*poses, *found):
        data.qpos[:] = pose
        mujoco.mj_forward(arm.model, data)
        assert np.abs(data.efc_pos[data.efc_type == mujoco.mjtConstraint.mjCNSTR_EQUALITY]).max(initial=0) < 1e-9
    assert reach_checks(arm, gravity_strength(arm, poses))[1].measured
    assert time.process_time() - start < SECONDS
    print(f"\n{len(refusals)} refusals, {int((~arm.couplings.free).sum())} of {arm.nq} joints follow others", end=" ")


@pytest.mark.parametrize("file", GYMNASIUM, ids=lambda file: file.name)
def test_models_of_gymnasium(file, tmp_path):
    walk(file, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("file", OTHERS, ids=lambda file: "/".join(file.parts[-3:]))
def test_models_of_other_packages(file, tmp_path):
    walk(file, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("file", OSIM, ids=lambda file: file.name)
def test_models_of_opensim(file, tmp_path):
    """Their bodies are where OpenSim has them at the default pose."""
    opensim = pytest.importorskip("opensim", reason="OpenSim is not installed (pip install opensim)")
    opensim.Logger.setLevelString("Error")
    reference = opensim.Model(str(file))
    state = reference.initSystem()
    reference.realizePosition(state)
    try:
        model = read_osim(file)
    except ModelError as error:
        if "printToXML" not in str(error):
            raise
        reference.printToXML(str(tmp_path / "saved.osim"))
        model = read_osim(tmp_path / "saved.osim")
    options = MjcfOptions("muscle" if model.muscles else "torque", allow_missing=True, samples=50)
    conversion = convert(model, options)
    ours = mujoco.MjModel.from_xml_string(conversion.xml)
    data = mujoco.MjData(ours)
    mujoco.mj_resetDataKeyframe(ours, data, 0)
    mujoco.mj_kinematics(ours, data)
    names = {ours.body(i).name for i in range(ours.nbody)}
    for body in reference.getBodySet():
        if body.getName() in names:
            x, y, z = (body.getPositionInGround(state).get(i) for i in range(3))
            np.testing.assert_allclose(data.body(body.getName()).xpos, [z, x, y], atol=1e-9)
    lost = [line for line in conversion.missing if "held" in line]
    assert all(re.search(r"-?\d", line.rsplit("default pose", 1)[1]) for line in lost)
