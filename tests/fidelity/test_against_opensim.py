"""Arms against OpenSim itself; slow, and skipped where OpenSim or the published model is not here."""

import json
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from mousearm.errors import ModelError, UnknownNameError
from mousearm.fidelity.compare import compare_with_opensim, limits_kept, verdicts
from mousearm.fidelity.curves import Bench
from mousearm.fidelity.reference import OpenSimModel
from mousearm.fidelity.report import fidelity_text, worst_poses
from mousearm.fidelity.validity import MAX_UNEXPLAINED
from mousearm.model import load_arm
from mousearm.model_check import result_table
from mousearm.model_check.muscles import STEP

ROOT = Path(__file__).parents[2]
FILE = ROOT.parent / "shared" / "opensim" / "scaled_mouse.osim"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not FILE.is_file(), reason="the published model, scaled_mouse.osim, is not here"),
]

# The shipped model gives these surfaces of their own, so that their lengths do not jump as in the published one.
REPLACED = {"Biceps_Long_Head", "Deltoid_Posterior"}

SCALES = {"scapula": 1.1, "clavicle": 1.1, "humerus": 1.2, "ulna": 0.9, "radius": 0.9, "hand": 0.95}


@pytest.fixture(scope="module", autouse=True)
def opensim():
    return pytest.importorskip("opensim", reason="OpenSim is not installed (pip install opensim)")


@pytest.fixture(scope="module")
def published():
    return OpenSimModel(FILE)


@pytest.fixture(scope="module")
def shipped(muscle_arm):
    return compare_with_opensim(FILE, muscle_arm, 300, seed=0)


def show(capsys, found):
    """Print the tables although the output of tests is captured."""
    with capsys.disabled():
        print(f"\n\n{fidelity_text(found)}")


def missed(found):
    """Muscles whose lengths or moment arms miss a limit where OpenSim can be trusted."""
    poses = found.validity.trusted
    lengths, moments = limits_kept(found, poses)
    kept = lengths & moments.all(axis=1)
    return {name for name, holds in zip(found.muscles, kept, strict=True) if not holds}


def outcomes(found):
    return {result.name: result.passed for result in verdicts(found)}


def test_the_shipped_arm(shipped, capsys):
    show(capsys, shipped)
    passed = outcomes(shipped)
    assert passed["landmarks"]
    assert passed["peak forces"]
    assert passed["own paths"]
    assert missed(shipped) <= REPLACED
    assert shipped.notes == ()


def test_the_script_says_what_the_comparison_says(shipped, tmp_path):
    command = [sys.executable, str(ROOT / "scripts" / "compare_opensim.py"), str(FILE), "model=muscle", "threads=1"]
    done = subprocess.run(
        [*command, "--poses", "20", "--json", "a.json", "--kinematics", "package:demo.csv"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == (1 if "FAIL  " in done.stdout else 0), done.stderr
    assert "in reaches" in done.stdout
    figures = json.loads((tmp_path / "a.json").read_text())
    assert figures["landmarks_m"]["handm"] < 1e-6
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.json"]  # OpenSim leaves no log


def test_opensim_jumps_in_the_poses_set_aside(shipped, published):
    """The largest jump of a muscle is there, moment arms or not."""
    muscle = shipped.muscles.index("Biceps_Long_Head")
    row = worst_poses(shipped, muscle)[0]
    jump, moved = shipped.validity.jump[row, muscle], shipped.validity.by[row, muscle]
    names = {"shoulder_ext": "extension_angle", "shoulder_rot": "rotation_angle"}
    joints = [names.get(name, name) for name in shipped.arm.joint_names]
    pose = np.array([shipped.qpos[row, joints.index(name)] for name in published.coordinates])
    step = np.eye(len(pose))[moved] * STEP
    change = max(abs(published.lengths(pose + side * step) - published.lengths(pose))[muscle] for side in (-1, 1))
    assert jump > 10 * MAX_UNEXPLAINED
    assert change > jump - 0.002 * STEP  # no moment arm is 2 mm long


def test_straight_paths_are_trusted_everywhere(shipped):
    bending = {"Biceps_Long_Head", "Deltoid_Posterior", "Anconeus", "Infraspinatus"}
    straight = [name not in bending for name in shipped.muscles]
    assert shipped.validity.trusted[:, straight].all()
    assert 0.3 < shipped.validity.inside[:, shipped.muscles.index("Biceps_Long_Head")].mean() < 0.7


def test_opensim_states_the_derivatives_of_straight_paths(shipped):
    contradiction = shipped.moment_errors(shipped.validity.trusted)["arm_itself"]
    names = np.array(shipped.muscles)
    assert set(names[np.nan_to_num(contradiction).max(axis=1) > 1e-3]) == REPLACED
    assert np.nanmax(contradiction) < 0.05


def test_the_bench_has_the_published_muscles():
    bench = Bench(FILE)
    biceps = bench.fibre("Biceps_Long_Head")
    assert biceps.kind == "DeGrooteFregly2016Muscle"
    lengths = np.array([0.6, 1.0, 1.3])
    active, passive, force = bench.curves("Biceps_Long_Head", lengths)
    # The force is the multiplier times the cosine: the fibres' width stays sin(0.1) of the optimal length.
    cosine = np.sqrt(1 - (np.sin(0.1) / lengths) ** 2)
    np.testing.assert_allclose(force, biceps.force * active * cosine, rtol=1e-6)
    np.testing.assert_allclose(active[1], 1.0, rtol=1e-6)
    assert (passive == 0).all()  # ignored in this file
    assert np.isnan(bench.curves("Latissimus_Dorsi_Rostral", np.array([0.3]))[0])  # wider than that
    np.testing.assert_allclose(bench.force_velocity("Biceps_Long_Head", np.array([-1.0, 0.0])), [0, 1], atol=1e-9)


# Models with other numbers: each edit of the published file, and what is compared then.


def scaled(root):
    """Every body has a size of its own."""
    for node in root.iter():
        parent = node.findtext("socket_parent_frame", node.findtext("socket_parent", ""))
        multiply(node, ("location", "translation"), SCALES.get(parent.rsplit("/", 1)[-1], 1.0))
    for body in root.iter("Body"):
        for wrap in body.iter("WrapCylinder"):
            multiply(wrap, ("translation", "radius", "length"), SCALES[body.get("name")])
    for muscle in root.iter("DeGrooteFregly2016Muscle"):
        multiply(muscle, ("optimal_fiber_length", "tendon_slack_length"), 1.15)


def multiply(node, tags, factor):
    for child in (node.find(tag) for tag in tags):
        if child is not None:
            child.text = " ".join(str(factor * float(word)) for word in child.text.split())


def reordered(root):
    """Joints stand in the file from the hand to the shoulder; a marker is missing; a path point is elsewhere."""
    joints, markers = root.find(".//JointSet/objects"), root.find(".//MarkerSet/objects")
    joints[:] = reversed(list(joints))
    markers.remove(next(marker for marker in markers if marker.get("name") == "wristm"))
    point = next(point for point in root.iter("PathPoint") if point.get("name") == "Deltoid_A-P2")
    point.find("location").text = "0.0105 0.0035 0.0215"


def geared(root):
    """A joint turns twice as far as its coordinate, and another is locked."""
    axis = next(axis for axis in root.iter("TransformAxis") if axis.find("coordinates").text == "elv_angle")
    axis.find("LinearFunction/coefficients").text = "2 0"
    coordinate = next(item for item in root.iter("Coordinate") if item.get("name") == "elv_angle")
    multiply(coordinate, ("range", "default_value"), 0.5)
    wrist = next(item for item in root.iter("Coordinate") if item.get("name") == "wrist_angle")
    wrist.find("locked").text = "true"


def thelen(root):
    """Another kind of muscle; OpenSim allows it no rigid tendon."""
    retype(root, "Thelen2003Muscle")


def millard(root):
    """A third kind of muscle."""
    retype(root, "Millard2012EquilibriumMuscle")


def retype(root, kind):
    for muscle in list(root.iter("DeGrooteFregly2016Muscle")):
        muscle.tag = kind
        muscle.find("min_control").text = "0.02"
        for flag in ("ignore_tendon_compliance", "ignore_passive_fiber_force"):
            muscle.find(flag).text = "false"


def unchanged(_root):
    """The published model."""


@pytest.mark.parametrize(
    "edit", [unchanged, scaled, reordered, geared, thelen, millard], ids=lambda edit: edit.__name__
)
def test_an_imported_model(edit, configure, tmp_path, capsys):
    tree = ElementTree.parse(FILE)
    edit(tree.getroot())
    file = tmp_path / f"{edit.__name__}.osim"
    tree.write(file)
    arm = load_arm(configure("model=osim", f"model.osim={file}").model)
    found = compare_with_opensim(file, arm, 150, seed=1)
    with capsys.disabled():
        print(f"\n\n{edit.__name__}: {edit.__doc__}\n{result_table(verdicts(found))}")
    passed = outcomes(found)
    assert passed["landmarks"]
    assert {"shoulder", "elbow", "handm", "shoulderm"} <= set(found.places)
    assert len(found.muscles) == 21
    assert missed(found) == set()
    assert passed["peak forces"]
    assert found.notes == ()


def test_what_cannot_be_compared_is_refused_or_said(published, torque_arm, hanging, tmp_path):
    found = compare_with_opensim(FILE, torque_arm, 5, seed=0)
    assert found.muscles == ()
    assert found.notes[0].startswith("muscles that the arm lacks: Pectoralis_Clavicle_Head, ")
    assert [result.name for result in verdicts(found)] == ["landmarks"]
    with pytest.raises(UnknownNameError, match=r"no coordinate for a joint of hanging.xml in .* named 'shoulder'"):
        compare_with_opensim(FILE, hanging, 5, seed=0)
    with pytest.raises(ModelError, match="There is no file"):
        OpenSimModel(tmp_path / "none.osim")
    broken = tmp_path / "broken.osim"
    broken.write_text(
        FILE.read_text().replace("<socket_parent_frame>/bodyset/humerus<", "<socket_parent_frame>/no<", 1)
    )
    with pytest.raises(ModelError, match=r"OpenSim refuses .*broken.osim"):
        OpenSimModel(broken)
