import mujoco
import numpy as np
import pytest
from osim_text import ELBOW, FLEXOR, PAW, SHOULDER, at, document, muscle, offset, pin, points, roll

from mousearm.config import LandmarksConfig, ModelConfig
from mousearm.errors import ModelError, UnknownNameError
from mousearm.model import load_arm
from mousearm.model.opensim import MjcfOptions, convert, read_osim, to_mjcf
from mousearm.model.xml import MAX_MODEL_BYTES

TORQUE = MjcfOptions(actuators="torque")


def paw(xml, **joints):
    return at(xml, **joints)[1].site("paw").xpos


def test_two_link_by_hand(read):
    xml = to_mjcf(read(document()))
    # Straight along OpenSim's x, which is MuJoCo's y; bent by 90 degrees the forearm is along y, MuJoCo's z (up).
    np.testing.assert_allclose(paw(xml), [0, 0.02, 0], atol=1e-12)
    np.testing.assert_allclose(paw(xml, bend=np.pi / 2), [0, 0.01, 0.01], atol=1e-12)
    np.testing.assert_allclose(paw(xml, lift=np.pi / 2), [0, 0, 0.02], atol=1e-12)
    model, data = at(xml, bend=np.pi / 2)
    # Flexor: 3 mm before and 4 mm beyond the elbow, at a right angle: 5 mm.
    np.testing.assert_allclose(data.ten_length, [0.005], atol=1e-12)
    np.testing.assert_allclose(model.opt.gravity, [0, 0, -9.80665])
    np.testing.assert_array_equal(model.jnt_range, [[-1.5, 1.5]] * 2)
    assert not model.geom_contype.any()


def test_order_of_joints_in_the_file_does_not_matter(read):
    poses = {"lift": 0.3, "bend": -0.7}
    expected = paw(to_mjcf(read(document())), **poses)
    np.testing.assert_array_equal(paw(to_mjcf(read(document(joints=ELBOW + SHOULDER))), **poses), expected)


def test_child_offset_moves_the_body_not_the_hinge(read):
    # The forearm's origin is 2 mm beyond the elbow, and its axes are turned by 90 degrees about z.
    turned = offset("out", "/bodyset/fore", "0 0.002 0", "0 0 1.5707963267948966")
    elbow = pin("elbow", offset("in", "/bodyset/upper", "0.01 0 0"), turned, "bend")
    _, data = at(to_mjcf(read(document(joints=SHOULDER + elbow))), lift=0.0, bend=0.4)
    np.testing.assert_allclose(data.joint("bend").xanchor, [0, 0.01, 0], atol=1e-12)
    # In the turned axes, the forearm's y points along the joint's x: origin at -2 mm; the marker 10 mm along body x is
    # 10 mm along the joint's -y. By hand: joint + R(0.4) (-2, -10).
    c, s = np.cos(0.4), np.sin(0.4)
    x, y = 0.01 + c * -0.002 - s * -0.01, s * -0.002 + c * -0.01
    np.testing.assert_allclose(data.site("paw").xpos, [0, x, y], atol=1e-12)


def axis(name, coordinate, direction, function):
    return f"""<TransformAxis name="{name}"><coordinates>{coordinate}</coordinates><axis>{direction}</axis>
      {function}</TransformAxis>"""


def linear(slope, intercept=0.0):
    return f'<LinearFunction name="function"><coefficients> {slope} {intercept}</coefficients></LinearFunction>'


def custom(axes, coordinates):
    return f"""<CustomJoint name="shoulder"><socket_parent_frame>in</socket_parent_frame>
      <socket_child_frame>out</socket_child_frame><coordinates>{coordinates}</coordinates>
      <frames>{offset("in", "/ground")}{offset("out", "/bodyset/upper")}</frames>
      <SpatialTransform>{axes}</SpatialTransform></CustomJoint>"""


def coordinate(name, extra=""):
    return f'<Coordinate name="{name}"><range>-1 3</range><clamped>true</clamped>{extra}</Coordinate>'


def test_rotations_keep_their_order(read):
    axes = axis("rotation1", "a", "0 0 1", linear(1)) + axis("rotation2", "b", "0 1 0", linear(1))
    joint = custom(axes, coordinate("a") + coordinate("b"))
    xml = to_mjcf(read(document(joints=joint + ELBOW)))
    # First about z, then about the turned y: the second takes x to -z, where the first leaves it.
    np.testing.assert_allclose(paw(xml, a=np.pi / 2, b=np.pi / 2), [-0.02, 0, 0], atol=1e-12)
    np.testing.assert_allclose(paw(xml, a=np.pi / 2), [0, 0, 0.02], atol=1e-12)


def test_slopes_intercepts_and_slides(read):
    half = f"<MultiplierFunction><function>{linear(4, 0.006)}</function><scale>0.5</scale></MultiplierFunction>"
    axes = axis("rotation1", "turn", "0 0 1", linear(-1, np.pi / 2)) + axis("translation1", "along", "1 0 0", half)
    joint = custom(axes, coordinate("turn", "<default_value>0.5</default_value>") + coordinate("along"))
    xml = to_mjcf(read(document(joints=joint + ELBOW)))
    # Translation = 2 along + 3 mm; the slide's value is 2 along. Turned by 90 degrees - turn about z.
    np.testing.assert_allclose(paw(xml, along=0.002), [0, 0.005, 0.02], atol=1e-12)
    np.testing.assert_allclose(paw(xml, along=0.002, turn=np.pi / 2), [0, 0.025, 0], atol=1e-12)
    model, _ = at(xml)
    assert [model.joint(i).name for i in range(3)] == ["along", "turn", "bend"]
    np.testing.assert_allclose(model.joint("along").range, [-2, 6])
    np.testing.assert_allclose(model.key("rest").qpos, [0, 0.5, 0])
    assert "along is 2 times its coordinate" in xml


def general_document():
    """Skew axes, tilted frames, slopes, intercepts, slides, a locked coordinate, a frame on a frame, a sphere."""
    axes = (
        axis("rotation1", "a", "0.2 0.1 1", linear(-1, 0.3))
        + axis("rotation2", "", "1 0.3 0", '<Constant name="function"><value>0.4</value></Constant>')
        + axis("rotation3", "b", "0 1 0.5", linear(0.5, -0.2))
        + axis("translation1", "along", "1 0 0", linear(2, 0.003))
        + axis("translation2", "", "0 1 0", '<Constant name="function"><value>0.001</value></Constant>')
        + axis("translation3", "fixed", "0 0 1", linear(1, 0.002))
    )
    locked = coordinate("fixed", "<default_value>0.004</default_value><locked>true</locked>")
    joint = custom(axes, "".join(coordinate(name) for name in ("a", "b", "along")) + locked)
    joint = joint.replace(offset("in", "/ground"), offset("in", "/ground", "0.01 0.02 0.03", "0.1 -0.7 1.2"))
    joint = joint.replace(
        offset("out", "/bodyset/upper"), offset("out", "/bodyset/upper", "0.001 -0.002 0", "1 0.5 -0.3")
    )
    marker = """<Marker name="{0}"><socket_parent_frame>{1}</socket_parent_frame><location>{2}</location></Marker>"""
    markers = (
        PAW
        + marker.format("wall", "/ground", "0.1 0.2 0.3")
        + marker.format("tip", "/jointset/elbow/out", "0.001 0.002 0.003")
        + marker.format("upper_tip", "/bodyset/upper", "0.01 0 0.001")
    )
    sphere = """<WrapSphere name="ball"><translation>0.01 0 0</translation><radius>0.002</radius></WrapSphere>"""
    bending = '<PathWrap name="w"><wrap_object>ball</wrap_object><range>-1 -1</range></PathWrap>'
    over = muscle(points(("upper", "0.006 0.0015 0"), ("fore", "0.004 0.0015 0")), wraps=bending)
    return document(joints=joint + ELBOW, markers=markers, forces=over, wraps=sphere)


@pytest.mark.slow
def test_general_joint_against_opensim(write):
    opensim = pytest.importorskip("opensim", reason="OpenSim is not installed (pip install opensim)")
    opensim.Logger.setLevelString("Error")
    file = write(general_document())
    reference = opensim.Model(str(file))
    state = reference.initSystem()
    model, data = at(to_mjcf(read_osim(file)))
    scale = {"a": 1, "b": 0.5, "along": 2, "lift": 1, "bend": 1}
    names = [model.joint(i).name for i in range(model.njnt)]
    assert names == ["along", "a", "b", "bend"]
    for pose in np.random.default_rng(0).uniform(-1, 1, (100, 4)):
        for name, value in zip(names, pose, strict=True):
            reference.getCoordinateSet().get(name).setValue(state, value, False)
            data.joint(name).qpos = value * scale[name]
        reference.realizePosition(state)
        mujoco.mj_forward(model, data)
        for marker in reference.getMarkerSet():
            x, y, z = (marker.getLocationInGround(state).get(i) for i in range(3))
            np.testing.assert_allclose(data.site(marker.getName()).xpos, [z, x, y], atol=1e-12)
        length = reference.getMuscles().get("flexor").getGeometryPath().getLength(state)
        np.testing.assert_allclose(data.ten_length[0], length, atol=1e-6)


def test_locked_coordinate_stays_at_its_default(read):
    extra = "<default_value>1.5707963267948966</default_value><locked>true</locked>"
    elbow = pin("elbow", offset("in", "/bodyset/upper", "0.01 0 0"), offset("out", "/bodyset/fore"), "bend", extra)
    model, data = at(to_mjcf(read(document(joints=SHOULDER + elbow)), TORQUE))
    assert model.njnt == 1
    np.testing.assert_allclose(data.site("paw").xpos, [0, 0.01, 0.01], atol=1e-12)


def test_changed_path(read):
    path = points(("upper", "0.007 0 0"), ("upper", "0.01 0.003 0"), ("fore", "0.004 0 0"))
    xml = to_mjcf(read(document(forces=muscle(path))))
    # Over a point 3 mm above the elbow: 3 sqrt(2) mm, then 5 mm (straight), or 1 mm (bent up by 90 degrees).
    np.testing.assert_allclose(at(xml)[1].ten_length, [0.003 * np.sqrt(2) + 0.005], atol=1e-12)
    np.testing.assert_allclose(at(xml, bend=np.pi / 2)[1].ten_length, [0.003 * np.sqrt(2) + 0.001], atol=1e-12)


def test_path_bends_around_a_cylinder_on_its_side(read):
    xml = to_mjcf(read(roll(0.004, (0.003, 0.004))))
    assert '<geom geom="roll" sidesite="flexor-side1" />' in xml
    # Bent down by 90 degrees: 3 mm to the top of the roll, a quarter of the way round, 3 mm down.
    _, data = at(xml, bend=-np.pi / 2)
    np.testing.assert_allclose(data.ten_length, [0.006 + 0.004 * np.pi / 2], atol=1e-9)
    # Bent up it leaves the roll: a straight line from (-3, 4) to R(1) (3, 4) mm.
    _, data = at(xml, bend=1.0)
    x, y = 3 * np.cos(1) - 4 * np.sin(1), 3 * np.sin(1) + 4 * np.cos(1)
    np.testing.assert_allclose(data.ten_length, [1e-3 * np.hypot(x + 3, y - 4)], atol=1e-9)


def test_path_that_changes_sides_has_no_side_unless_the_file_names_it(read):
    # With ends 5 mm from a roll of 1 mm, the straight line passes below it at -1.5 rad.
    free = to_mjcf(read(roll(0.001, (0.005, 0.001))))
    assert '<geom geom="roll" />' in free
    x, y = 5 * np.cos(-1.5) - np.sin(-1.5), 5 * np.sin(-1.5) + np.cos(-1.5)
    np.testing.assert_allclose(at(free, bend=-1.5)[1].ten_length, [1e-3 * np.hypot(x + 5, y - 1)], atol=1e-9)
    kept = to_mjcf(read(roll(0.001, (0.005, 0.001), "y")))
    # Held above: 5 mm, 1.5 rad round, 5 mm.
    np.testing.assert_allclose(at(kept, bend=-1.5)[1].ten_length, [0.01 + 0.001 * 1.5], atol=1e-9)


@pytest.mark.parametrize(
    ("kind", "rise", "fall"),
    [
        ("Thelen2003Muscle", 0.015, 0.05),
        ("Millard2012EquilibriumMuscle", 0.01, 0.04),
        ("DeGrooteFregly2016Muscle", 0.015, 0.06),
    ],
)
def test_muscles(read, kind, rise, fall):
    path = points(("upper", "0.007 0 0"), ("fore", "0.004 0 0"))
    extra = "<pennation_angle_at_optimal>1.0471975511965976</pennation_angle_at_optimal>"
    model, _ = at(to_mjcf(read(document(forces=muscle(path, kind, extra=extra)))))
    np.testing.assert_allclose(model.actuator_dynprm[0, :2], [rise, fall])
    low, high, force = model.actuator_gainprm[0, :3]
    np.testing.assert_allclose(force, 0.1)  # 0.2 N times cos 60 degrees
    # 7 mm straight; shortest at 1.5 rad by the law of cosines, the angle between both parts being pi - 1.5.
    shortest = np.sqrt(9 + 16 - 24 * np.cos(np.pi - 1.5)) * 1e-3
    # Sampled: the straight arm is the rest pose, the largest bend a corner.
    np.testing.assert_allclose(model.actuator_lengthrange[0], [shortest, 0.007], atol=1e-9)
    # At 60 degrees the fibre of 4 mm is one of 4 / cos 60 = 8 mm along a tendon of 1 + 4 cos 60 - 8 = -5 mm.
    np.testing.assert_allclose([low, high], [(shortest + 0.005) / 0.008, 1.5], atol=1e-6)
    np.testing.assert_allclose(model.actuator_gainprm[0, 4:7], [0.33, 1.72, 10])
    assert model.actuator_gainprm[0, 7] == 1.3


def test_muscle_figures_of_the_file(read):
    extra = """<max_contraction_velocity>7</max_contraction_velocity>
      <activation_time_constant>0.02</activation_time_constant>
      <deactivation_time_constant>0.3</deactivation_time_constant>
      <ignore_passive_fiber_force>true</ignore_passive_fiber_force>"""
    path = points(("upper", "0.007 0 0"), ("fore", "0.004 0 0"))
    model, _ = at(to_mjcf(read(document(forces=muscle(path, extra=extra)))))
    np.testing.assert_allclose(model.actuator_dynprm[0, :2], [0.02, 0.3])
    np.testing.assert_allclose(model.actuator_gainprm[0, 6:8], [7, 1e-12])


def test_inertias(read):
    osim = read(document())
    published, _ = at(to_mjcf(osim, MjcfOptions(inertia="published")))
    np.testing.assert_allclose(published.body_mass[1:], [0.001, 0.001])
    np.testing.assert_allclose(published.body_ipos[1], [0.005, 0, 0])
    np.testing.assert_allclose(np.sort(published.body_inertia[1]), [2e-9, 9e-9, 9e-9])
    geometric, _ = at(to_mjcf(osim))
    # A capsule of 0.215 times its length, whose volume is that of a cylinder of 10 mm.
    np.testing.assert_allclose(geometric.body_mass[1], 1060 * np.pi * 0.00215**2 * 0.01)


def test_impossible_inertia_is_refused(read):
    text = document().replace("2e-9 9e-9 9e-9", "2e-9 9e-9 20e-9")
    with pytest.raises(ModelError, match=r"Body\[upper\]: mass 0\.001 kg .* belongs to no rigid body"):
        to_mjcf(read(text), MjcfOptions(inertia="published"))
    to_mjcf(read(text))


def test_motors_carry_the_arm(read):
    model, _ = at(to_mjcf(read(document()), TORQUE))
    np.testing.assert_array_equal(model.actuator_ctrlrange, [[-1, 1]] * 2)
    # Four times the weight of the straight arm across the shoulder.
    mass, com = model.body_mass[1:], np.array([0.005, 0.01 + 0.0059])
    np.testing.assert_allclose(model.actuator("lift").gear[0], 4 * 9.80665 * mass @ com, rtol=0.02)


def test_the_result_is_an_arm(read, write):
    path = write(to_mjcf(read(document().replace('"lift"', '"extension_angle"'))), "arm.xml")
    landmarks = LandmarksConfig("joint:shoulder_ext", "joint:bend", "site:paw")
    arm = load_arm(ModelConfig(file=str(path), osim=None, landmarks=landmarks, joints=None, action_map="direct"))
    np.testing.assert_allclose(arm.segment_lengths(), (0.01, 0.01))
    assert arm.actuator_names == ("flexor",)


def test_an_arm_is_loaded_from_the_file_itself(write):
    path = write(document(), "arm.osim")
    landmarks = LandmarksConfig("joint:lift", "joint:bend", "site:paw")
    arm = load_arm(ModelConfig(file=None, osim=str(path), landmarks=landmarks, joints=None, action_map="sigmoid"))
    assert arm.name == "arm"
    np.testing.assert_allclose(arm.segment_lengths(), (0.01, 0.01))


def test_same_seed_same_file(read):
    osim = read(document())
    assert to_mjcf(osim) == to_mjcf(osim)


def test_missing_marker_is_named_by_load_arm(read, write):
    path = write(to_mjcf(read(document(markers=""))), "arm.xml")
    landmarks = LandmarksConfig("joint:lift", "joint:bend", "site:paw")
    with pytest.raises(UnknownNameError, match=r"There is no site in .* named 'paw'"):
        load_arm(ModelConfig(file=str(path), osim=None, landmarks=landmarks, joints=None, action_map="direct"))


SPLINE = '<SimmSpline name="function"><x>0 1 2</x><y>0 1 8</y></SimmSpline>'
ELLIPSOID = '<WrapEllipsoid name="egg"><dimensions>1 1 1</dimensions></WrapEllipsoid>'
CONDITIONAL = """<ConditionalPathPoint name="c"><socket_parent_frame>/bodyset/fore</socket_parent_frame>
    <location>0 0 0</location><socket_coordinate>/jointset/elbow/bend</socket_coordinate>
    <range>0 1</range></ConditionalPathPoint>"""
MOVING = """<MovingPathPoint name="m"><socket_parent_frame>/bodyset/fore</socket_parent_frame>
    <x_location><Constant><value>0.001</value></Constant></x_location>
    <y_location><LinearFunction><coefficients>1 0.002</coefficients></LinearFunction></y_location>
    <socket_y_coordinate>/jointset/elbow/bend</socket_y_coordinate>
    <z_location><Constant><value>0</value></Constant></z_location></MovingPathPoint>"""
ENDS = points(("upper", "0.007 0 0"), ("fore", "0.004 0 0"))


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            document(joints=custom(axis("rotation1", "a", "0 0 1", SPLINE), coordinate("a")) + ELBOW),
            "TransformAxis[rotation1]: a SimmSpline of a; held at its value at the default pose, 0 rad",
        ),
        (
            document(
                joints=custom(
                    axis("rotation1", "a", "0 0 1", linear(1)) + axis("rotation2", "a", "0 1 0", linear(1)),
                    coordinate("a"),
                )
                + ELBOW
            ),
            "TransformAxis[rotation2]: a second axis that a drives; held at its value at the default pose, 0 rad",
        ),
        (document(wraps=ELLIPSOID), "WrapEllipsoid[egg]: paths in MuJoCo bend around cylinders and spheres"),
        (
            document(forces=muscle(ENDS + CONDITIONAL)),
            "only while bend is within 0 to 1; at the default pose, 0, it does",
        ),
        (document(forces=muscle(ENDS + MOVING)), "moves with bend; held where it is at the default pose, 1 2 0 mm"),
        (
            document(forces=FLEXOR + '<SpringGeneralizedForce name="s"/>'),
            "ForceSet/SpringGeneralizedForce[s]: forces of kind SpringGeneralizedForce cannot be carried over",
        ),
        (
            document(rest='<ConstraintSet><objects><WeldConstraint name="w"/></objects></ConstraintSet>'),
            "ConstraintSet/WeldConstraint[w]: constraints other than couplers of two coordinates ",
        ),
        (
            document(forces=FLEXOR + muscle(points(("upper", "0 0 0"), ("upper", "0.001 0 0")), name="idle")),
            "muscle idle: no joint changes its length; it has no actuator",
        ),
    ],
)
def test_what_cannot_be_carried_over_is_listed_and_refused(read, text, line):
    osim = read(text)
    with pytest.raises(ModelError, match=r"arm\.osim: 1 things cannot be carried over") as caught:
        to_mjcf(osim)
    assert line in str(caught.value)
    assert "--allow-missing" in str(caught.value)
    conversion = convert(osim, MjcfOptions(allow_missing=True))
    assert line in conversion.missing[0]
    mujoco.MjModel.from_xml_string(conversion.xml)


def test_body_without_joint_takes_its_muscle_along(read):
    osim = read(document(joints=SHOULDER))
    assert len(osim.missing) == 3
    assert "Body[fore]: no chain of joints leads to it" in osim.missing[0]
    assert "point p1 is on a body that is left out; the muscle is left out" in osim.missing[1]
    assert "Marker[paw]: is on a body that is left out" in osim.missing[2]


ENTITY = '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            document(version="10901"),
            r"document version '10901'; 20302 or newer .* open the file in OpenSim 4 and save it, .*printToXML",
        ),
        (document().replace("<OpenSimDocument", f"{ENTITY}<OpenSimDocument"), r"line 2: declares a DOCTYPE"),
        (document()[:-30], r"line \d+: not a whole XML file \(unclosed token\)"),
        ("<mujoco/>", r"the file is a <mujoco>, not an <OpenSimDocument>"),
        ("", r"not a whole XML file \(no element found\)"),
        (
            document().replace("0.007 0 0", "0.007 zero 0"),
            r"PathPoint\[p0\]/location: must be 3 numbers .*, not",
        ),
        (document().replace("0.007 0 0", "0.007 0"), r"PathPoint\[p0\]/location: must be 3 numbers"),
        (document().replace("0.007 0 0", "1e300 0 0"), r"must be 3 numbers below 1e\+12, not '1e300 0 0'"),
        (document().replace("0.007 0 0", "nan 0 0"), r"PathPoint\[p0\]/location: must be 3 numbers"),
        (
            document().replace("<mass>0.001</mass>", "", 1),
            r"line 5: Model\[two_link\]/BodySet/Body\[upper\]: there is no <mass>",
        ),
        (
            document().replace("/bodyset/upper", "/bodyset/uper"),
            r"There is no frame named '/bodyset/uper'. Did you mean '/bodyset/upper'\? Those that exist:",
        ),
        (document(forces=FLEXOR * 2), r"\[flexor\]: the name 'flexor' stands twice in the ForceSet"),
        (
            document(forces=muscle(ENDS, wraps="<PathWrap><wrap_object>roll</wrap_object></PathWrap>")),
            r"There is no wrap object named 'roll'. Those that exist: none",
        ),
        (document().replace("-1.5 1.5", "1.5 -1.5"), r"Coordinate\[lift\]/range: 1.5 is above -1.5"),
        (document().replace(">0.2<", ">-0.2<"), r"max_isometric_force: must be above 0, not -0.2"),
        (
            document().replace(">0.001</tendon", ">-0.001</tendon"),
            r"tendon_slack_length: must be at least 0, not -0.001",
        ),
        ("<OpenSimDocument>" + "<a>" * 200, r"elements within elements, more than 100 deep"),
    ],
)
def test_broken_files(read, text, message):
    with pytest.raises(ModelError, match=rf"arm\.osim.*{message}"):
        read(text)


def test_frames_that_stand_on_each_other(read):
    a, b = offset("in", "/jointset/shoulder/out"), offset("out", "/jointset/shoulder/in")
    with pytest.raises(ModelError, match="stands on itself"):
        read(document(joints=pin("shoulder", a, b, "lift") + ELBOW))


def test_large_and_absent_files(tmp_path):
    large = tmp_path / "large.osim"
    with large.open("wb") as file:
        file.truncate(MAX_MODEL_BYTES + 1)
    with pytest.raises(ModelError, match=r"at most 50\.0 MB are read at once"):
        read_osim(large)
    with pytest.raises(ModelError, match=r"none\.osim cannot be read: No such file"):
        read_osim(tmp_path / "none.osim")


def test_options_are_checked():
    with pytest.raises(UnknownNameError, match=r"choice of actuators named 'muscles'\. Did you mean 'muscle'"):
        MjcfOptions(actuators="muscles")
    with pytest.raises(ModelError, match="samples=0 must be above 0"):
        MjcfOptions(samples=0)


def test_advice_where_there_are_no_muscles(run_script, write, tmp_path):
    command = "import_osim", write(document(forces="")), "--out", tmp_path
    assert "--actuators torque of scripts/import_osim.py" in run_script(*command).err
    assert run_script(*command, "--actuators", "torque").status == 0


def test_no_muscles(read):
    with pytest.raises(ModelError, match=r"has no muscles; give its joints motors: --actuators torque"):
        to_mjcf(read(document(forces="")))


def test_script(run_script, write, tmp_path):
    command = "import_osim", write(document()), "--out", tmp_path / "models", "--actuators", "torque"
    done = run_script(*command)
    assert done.status == 0, done.err
    assert "bodies    2: upper, fore" in done.out
    assert "left out  nothing" in done.out
    assert mujoco.MjModel.from_xml_path(str(tmp_path / "models" / "arm.xml")).nu == 2
    assert "arm.xml (--out) exists already" in run_script(*command).err  # it may have been edited
    assert run_script(*command, "--overwrite").status == 0


def test_script_lists_what_is_missing(run_script, write, tmp_path):
    file = write(document(wraps=ELLIPSOID))
    refused = run_script("import_osim", file, "--out", tmp_path / "models")
    assert refused.status == 1
    assert refused.err.startswith("error: ")
    assert "\n  - Model[two_link]/BodySet/Body[upper]/WrapObjectSet/WrapEllipsoid[egg]" in refused.err
    assert not (tmp_path / "models").exists()
    done = run_script("import_osim", file, "--out", tmp_path / "models", "--allow-missing")
    assert done.status == 0, done.err
    assert "left out  1\n    - Model[two_link]/BodySet/Body[upper]/WrapObjectSet/WrapEllipsoid[egg]" in done.out
