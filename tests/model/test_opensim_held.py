"""What MuJoCo has no counterpart for is where OpenSim has it at the default pose; what has one is carried over."""

import re
from dataclasses import replace

import mujoco
import numpy as np
import pytest
from osim_text import ELBOW, FLEXOR, PAW, SHOULDER, at, document, muscle, offset, pin, points

from mousearm.errors import ModelError
from mousearm.model.coupling import Couplings
from mousearm.model.opensim import MjcfOptions, convert, read_osim, to_mjcf
from mousearm.model.opensim.functions import read_function
from mousearm.model.opensim.mjcf import sample_poses
from mousearm.model.xml import read_document

FEW = MjcfOptions(samples=20)
MISSING = replace(FEW, allow_missing=True)


def spline(x, y, kind="SimmSpline"):
    return f'<{kind} name="function"><x>{" ".join(map(str, x))}</x><y>{" ".join(map(str, y))}</y></{kind}>'


BENT = spline([-1, 0, 1, 2, 3], [0.0, -0.004, 0.001, 0.006, 0.002])
CORNERS = spline([-1, 1, 3], [-0.01, -0.004, -0.008], "PiecewiseLinearFunction")
POLYNOMIAL = "<PolynomialFunction><coefficients>0.001 0 -0.002 0.0005 0.003</coefficients></PolynomialFunction>"
STRAIGHT = spline([0, 1, 2], [-0.0116, -0.0116, -0.0116])
SLANTED = spline([0, 1, 2, 3, 4], [0.001, 0.003, 0.005, 0.007, 0.009])


def twice(function):
    return f"<MultiplierFunction><function>{function}</function><scale>2</scale></MultiplierFunction>"


# Functions, and by hand what they are at 0, at 1 and at 2.5 (None: left to OpenSim).
FUNCTIONS = {
    "spline": (BENT, -0.004, 0.001, None),
    "spline of three points": (spline([-1, 0, 1], [1, 0, 1]), 0, 1, 1 + 1.5 * 2),
    "spline of two points": (spline([0, 2], [1, 2]), 1, 1.5, 2.25),
    "corners": (CORNERS, -0.007, -0.004, -0.007),
    "polynomial": (POLYNOMIAL, 0.003, 0.0025, 0.001 * 2.5**4 - 0.002 * 2.5**2 + 0.0005 * 2.5 + 0.003),
    "twice a spline": (twice(BENT), -0.008, 0.002, None),
    "straight": (STRAIGHT, -0.0116, -0.0116, -0.0116),
    "slanted": (SLANTED, 0.001, 0.003, 0.006),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_by_hand(name, write):
    text, *expected = FUNCTIONS[name]
    function = read_function(read_document(write(text)))
    for x, y in zip((0.0, 1.0, 2.5), expected, strict=True):
        assert y is None or function.value(x) == pytest.approx(y, abs=1e-12)


def elbow(function, default=0.0, locked="false", kind="translation2"):
    """An elbow whose height (x forward, y up) is a function of its angle, over what it turns by."""
    axes = f"""<TransformAxis name="rotation1"><coordinates>bend</coordinates><axis>0 0 1</axis>
        <LinearFunction><coefficients>1 0</coefficients></LinearFunction></TransformAxis>
      <TransformAxis name="{kind}"><coordinates>bend</coordinates><axis>0 1 0</axis>{function}</TransformAxis>
      <TransformAxis name="rotation3"><coordinates/><axis>1 0 0</axis><Constant><value>0</value></Constant>
      </TransformAxis>"""
    if kind != "rotation2":
        axes += """<TransformAxis name="rotation2"><coordinates/><axis>0 1 0</axis><Constant><value>0</value></Constant>
            </TransformAxis>"""
    return f"""<CustomJoint name="elbow"><socket_parent_frame>in</socket_parent_frame>
      <socket_child_frame>out</socket_child_frame><coordinates><Coordinate name="bend"><range>0 2</range>
      <default_value>{default}</default_value><clamped>true</clamped><locked>{locked}</locked></Coordinate></coordinates>
      <frames>{offset("in", "/bodyset/upper", "0.01 0 0")}{offset("out", "/bodyset/fore")}</frames>
      <SpatialTransform>{axes}</SpatialTransform></CustomJoint>"""


@pytest.mark.parametrize("default", [0.0, 1.0])
@pytest.mark.parametrize("name", ["spline", "corners", "polynomial", "twice a spline"])
def test_a_curved_translation_is_held_at_its_value_at_the_default_pose(name, default, read):
    text, *values = FUNCTIONS[name]
    conversion = convert(read(document(joints=SHOULDER + elbow(text, default))), MISSING)
    height = values[int(default)]
    model, data = at(conversion.xml)
    mujoco.mj_resetDataKeyframe(model, data, 0)
    mujoco.mj_forward(model, data)
    np.testing.assert_allclose(data.body("fore").xpos, [0, 0.01, height], atol=1e-12)
    assert f"default pose, {height:.6g} m" in conversion.missing[0]
    # A coordinate that is locked does not change it: nothing is missing then.
    assert convert(read(document(joints=SHOULDER + elbow(text, default, "true"))), MISSING).missing[:1] in (
        (),
        ("muscle flexor: no joint changes its length; it has no actuator",),
    )


@pytest.mark.parametrize("name", ["straight", "slanted"])
def test_a_spline_that_is_straight_is_carried_over(name, read):
    text, *values = FUNCTIONS[name]
    joints = SHOULDER + elbow(text).replace("<coordinates>bend</coordinates><axis>0 0 1", "<coordinates/><axis>0 0 1")
    osim = read(document(joints=joints) if name == "slanted" else document(joints=SHOULDER + elbow(text)))
    assert osim.missing == ()
    xml = to_mjcf(osim, FEW)
    for bend, height in zip((0.0, 1.0), values, strict=False):
        scale = 0.002 if name == "slanted" else 1.0  # of a slide, which is its coordinate times the slope
        np.testing.assert_allclose(at(xml, bend=bend * scale)[1].body("fore").xpos, [0, 0.01, height], atol=1e-12)


def test_a_second_axis_is_held_with_its_number(read):
    line = "<LinearFunction><coefficients>0.5 0.1</coefficients></LinearFunction>"
    osim = read(document(joints=SHOULDER + elbow(line, 0.8, kind="rotation2")))
    assert osim.missing[0].endswith("a second axis that bend drives; held at its value at the default pose, 0.5 rad")


@pytest.mark.parametrize("socket", ["/jointset/elbow/bend", "bend"])
def test_a_moving_point_stays_in_its_path(socket, read):
    still = "<Constant><value>{}</value></Constant>"
    moving = f"""<MovingPathPoint name="m"><socket_parent_frame>/bodyset/fore</socket_parent_frame>
        <x_location>{BENT}</x_location><socket_x_coordinate>{socket}</socket_x_coordinate>
        <y_location>{still.format(0.002)}</y_location><z_location>{still.format(0)}</z_location></MovingPathPoint>"""
    osim = read(document(forces=muscle(points(("upper", "0.007 0 0")) + moving)))
    assert osim.missing[0].endswith("moves with bend; held where it is at the default pose, -4 2 0 mm")
    model, data = at(to_mjcf(osim, MISSING))
    np.testing.assert_allclose(data.site("m").xpos, [0, 0.01 - 0.004, 0.002], atol=1e-12)
    assert (model.nu, model.tendon_num[0]) == (1, 2)


@pytest.mark.parametrize(("default", "counts"), [(0.5, True), (1.2, False)])
@pytest.mark.parametrize("locked", ["true", "false"])
def test_a_conditional_point_counts_as_at_the_default_pose(default, counts, locked, read):
    path = points(("upper", "0.007 0 0"), ("fore", "0.004 0 0"))
    path += """<ConditionalPathPoint name="c"><socket_parent_frame>/bodyset/fore</socket_parent_frame>
        <location>0.006 0 0</location><socket_coordinate>/jointset/elbow/bend</socket_coordinate><range>0 1</range>
        </ConditionalPathPoint>"""
    extra = f"<range>-1.5 1.5</range><default_value>{default}</default_value><locked>{locked}</locked>"
    joint = pin("elbow", offset("in", "/bodyset/upper", "0.01 0 0"), offset("out", "/bodyset/fore"), "bend", extra)
    osim = read(document(joints=SHOULDER + joint, forces=muscle(path)))
    assert len(osim.muscles[0].points) == 2 + counts
    assert len(osim.missing) == (locked == "false")


@pytest.mark.parametrize(
    ("clamped", "limited"), [("<clamped>true</clamped>", 1), ("<clamped>false</clamped>", 0), ("", 0)]
)
def test_a_coordinate_has_the_limits_that_the_file_gives_it(clamped, limited, read):
    """Left out means false, as in OpenSim."""
    joint = pin(
        "shoulder", offset("in", "/ground"), offset("out", "/bodyset/upper"), "lift", f"<range>-1 1</range>{clamped}"
    )
    conversion = convert(read(document(joints=joint + ELBOW)), FEW)
    model = mujoco.MjModel.from_xml_string(conversion.xml)
    assert model.jnt_limited.tolist() == [limited, 1]
    np.testing.assert_array_equal(model.jnt_range[0], [-1, 1])
    notes = [note for note in conversion.notes if "clamped is false" in note]
    assert len(notes) == 1 - limited


@pytest.mark.parametrize(
    ("kind", "given", "bounds"),
    [
        ("DeGrooteFregly2016Muscle", "<min_control>0.02</min_control><max_control>0.5</max_control>", (0.02, 0.5)),
        ("Thelen2003Muscle", "<min_control>0</min_control>", (0, 1)),
        ("Thelen2003Muscle", "", (0.01, 1)),
        ("Millard2012EquilibriumMuscle", "", (0.01, 1)),
        ("DeGrooteFregly2016Muscle", "", (0, 1)),
    ],
)
def test_excitations_keep_to_the_bounds_of_the_file(kind, given, bounds, read):
    osim = read(document(forces=muscle(points(("upper", "0.007 0 0"), ("fore", "0.004 0 0")), kind, extra=given)))
    for options, expected in ((FEW, bounds), (replace(FEW, excitations=False), (0, 1))):
        model = mujoco.MjModel.from_xml_string(to_mjcf(osim, options))
        np.testing.assert_allclose(model.actuator_ctrlrange[0], expected)


def coupler(function, scale=1.0, extra="", dependent="bend"):
    return f"""<ConstraintSet><objects><CoordinateCouplerConstraint name="c"><coupled_coordinates_function>{function}
        </coupled_coordinates_function><independent_coordinate_names>lift</independent_coordinate_names>
        <dependent_coordinate_name>{dependent}</dependent_coordinate_name><scale_factor>{scale}</scale_factor>{extra}
        </CoordinateCouplerConstraint></objects></ConstraintSet>"""


LINE = "<LinearFunction><coefficients>0.5 0.1</coefficients></LinearFunction>"
QUARTIC = "<PolynomialFunction><coefficients>0.1 -0.2 0.1 0.5 0.05</coefficients></PolynomialFunction>"
CURVE = spline(np.linspace(-1.5, 1.5, 7), np.sin(np.linspace(-1.5, 1.5, 7)))


@pytest.mark.parametrize(
    ("function", "scale", "off"), [(LINE, 1, 0), (LINE, -2, 0), (QUARTIC, 1, 0), (CURVE, 0.5, 0.02)]
)
def test_a_coupler_of_coordinates_is_an_equality_of_joints(function, scale, off, read, write):
    conversion = convert(read(document(rest=coupler(function, scale))), MISSING)
    model = mujoco.MjModel.from_xml_string(conversion.xml)
    lift = np.linspace(-1.4, 1.4, 9)
    poses = Couplings(model, "").complete(np.stack([lift, np.zeros(9)], axis=1))
    wanted = scale * read_function(read_document(write(function, "f.xml"))).at(lift)
    np.testing.assert_allclose(poses[:, 1], wanted, atol=off + 1e-9)
    assert len(conversion.missing) == (off > 0)
    if off:
        assert float(re.search(r"at most (\S+) off", conversion.missing[0])[1]) < off
    np.testing.assert_allclose(model.key_qpos[0], Couplings(model, "").complete(model.key_qpos[0]), atol=1e-12)
    assert (
        np.ptp(sample_poses(model, 100, 0)[:, 1] - Couplings(model, "").complete(sample_poses(model, 100, 0))[:, 1])
        == 0
    )
    motors = mujoco.MjModel.from_xml_string(
        to_mjcf(read(document(rest=coupler(function, scale))), replace(MISSING, actuators="torque"))
    )
    assert (motors.nu, motors.neq) == (1, 1)


@pytest.mark.parametrize("rest", ["", "<default_value>0.7</default_value>"])
def test_what_is_held_is_where_couplers_put_it(rest, read):
    """A chain lift -> bend -> slide: what the file gives the last two as default values counts for nothing."""
    extra = "<range>-1.5 1.5</range><clamped>true</clamped>"
    shoulder = pin(
        "shoulder",
        offset("in", "/ground"),
        offset("out", "/bodyset/upper"),
        "lift",
        f"{extra}<default_value>0.4</default_value>",
    )
    axes = f"""<TransformAxis name="rotation1"><coordinates>bend</coordinates><axis>0 0 1</axis>
        <LinearFunction><coefficients>1 0</coefficients></LinearFunction></TransformAxis>
        <TransformAxis name="translation2"><coordinates>slide</coordinates><axis>0 1 0</axis>{BENT}</TransformAxis>"""
    joint = f"""<CustomJoint name="elbow"><socket_parent_frame>in</socket_parent_frame>
        <socket_child_frame>out</socket_child_frame><coordinates><Coordinate name="bend">{extra}{rest}</Coordinate>
        <Coordinate name="slide">{extra}{rest}</Coordinate></coordinates>
        <frames>{offset("in", "/bodyset/upper", "0.01 0 0")}{offset("out", "/bodyset/fore")}</frames>
        <SpatialTransform>{axes}</SpatialTransform></CustomJoint>"""
    second = coupler("<LinearFunction><coefficients>2 0.4</coefficients></LinearFunction>", dependent="slide")
    second = second.replace("names>lift<", "names>bend<").replace('name="c"', 'name="d"')
    both = second.removesuffix("</objects></ConstraintSet>") + coupler(LINE).removeprefix("<ConstraintSet><objects>")
    conditional = """<ConditionalPathPoint name="m"><socket_parent_frame>/bodyset/fore</socket_parent_frame>
        <location>0.002 0 0</location><range>0.9 1.1</range><coordinate>slide</coordinate></ConditionalPathPoint>"""
    path = points(("upper", "0.007 0 0"), ("fore", "0.004 0 0")) + conditional
    osim = read(document(joints=shoulder + joint, rest=both, forces=muscle(path)))
    # bend = 0.5 0.4 + 0.1 = 0.3, slide = 2 0.3 + 0.4 = 1, and the spline at 1 is 0.001.
    assert osim.missing[0].endswith("a SimmSpline of slide; held at its value at the default pose, 0.001 m")
    assert osim.missing[1].endswith("at the default pose, 1, it does, and here always")
    model, _ = at(to_mjcf(osim, MISSING))
    np.testing.assert_allclose(model.key_qpos, [[0.4, 0.3]])


BENT_IN_TIME = f"<prescribed_function>{BENT}</prescribed_function>"


@pytest.mark.parametrize(
    ("extra", "value", "missing"),
    [
        ("<locked>true</locked><default_value>0.3</default_value>", 0.3, 0),
        ("<range>0.2 0.2</range><clamped>true</clamped><default_value>0.2</default_value>", 0.2, 0),
        (
            "<prescribed>true</prescribed><prescribed_function><Constant><value>0.4</value></Constant></prescribed_function>",
            0.4,
            0,
        ),
        (f"<prescribed>true</prescribed>{BENT_IN_TIME}", -0.004, 1),
        (f"<prescribed>false</prescribed>{BENT_IN_TIME}", None, 0),
    ],
)
def test_a_coordinate_that_is_held_is_no_joint_and_said_with_its_value(extra, value, missing, read):
    joint = pin("shoulder", offset("in", "/ground"), offset("out", "/bodyset/upper"), "lift", extra)
    conversion = convert(read(document(joints=joint + ELBOW)), MISSING)
    model, data = at(conversion.xml)
    assert (model.njnt, len(conversion.missing)) == (1 if value is not None else 2, missing)
    assert [note for note in conversion.notes if "no joint" in note] == (
        [f"coordinate lift: held at {value:g}; no joint"] if value is not None else []
    )
    if value is not None:  # x is forward, y up in OpenSim
        np.testing.assert_allclose(data.body("fore").xpos, [0, 0.01 * np.cos(value), 0.01 * np.sin(value)], atol=1e-12)


@pytest.mark.parametrize("instead", [("0.9", "0.4"), ("true", "false")])
def test_advice_where_a_default_value_is_out_of_its_range(instead, read):
    extra = "<range>-0.5 0.5</range><clamped>true</clamped><default_value>0.9</default_value>"
    text = document(
        joints=pin("shoulder", offset("in", "/ground"), offset("out", "/bodyset/upper"), "lift", extra) + ELBOW
    )
    with pytest.raises(ModelError, match=r"Coordinate\[lift\].*default_value 0.9 is not within its range"):
        read(text)
    assert read(text.replace(*instead)).missing == ()


LEFT_OUT = {
    "force": ("optimal_force 7", "CoordinateActuator", "<optimal_force>7</optimal_force>"),
    "wrap": ("dimensions 0.001 0.002 1e-3", "WrapEllipsoid", "<dimensions>0.001 0.002 1e-3</dimensions>"),
    "constraint": ("constant_distance 0.02", "Distance", "<constant_distance>0.02</constant_distance><f>no 1</f>"),
}


@pytest.mark.parametrize("name", LEFT_OUT)
def test_what_is_left_out_is_said_with_its_numbers(name, read):
    figures, kind, inner = LEFT_OUT[name]
    element = f'<{kind} name="x">{inner}</{kind}>'
    parts = {
        "force": {"forces": FLEXOR + element},
        "wrap": {"wraps": element},
        "constraint": {"rest": f"<ConstraintSet><objects>{element}</objects></ConstraintSet>"},
    }
    (line,) = read(document(**parts[name])).missing
    assert f"left out ({figures})" in line


def test_a_coupler_that_is_off_holds_nothing(read):
    osim = read(document(rest=coupler(LINE, extra="<isEnforced>false</isEnforced>")))
    assert (osim.couplers, osim.missing) == ((), ())


def test_a_coupler_to_what_does_not_move_holds_its_joint(read):
    extra = "<range>-1.5 1.5</range><default_value>0.4</default_value><locked>true</locked>"
    still = pin("shoulder", offset("in", "/ground"), offset("out", "/bodyset/upper"), "lift", extra)
    model = mujoco.MjModel.from_xml_string(to_mjcf(read(document(joints=still + ELBOW, rest=coupler(LINE))), MISSING))
    np.testing.assert_allclose(model.key_qpos, [[0.3]])
    assert model.eq_obj2id.tolist() == [-1]


KINDS = {
    "SliderJoint": ("001.", [0.003], [0.003, 0, 0]),
    "UniversalJoint": ("xy", [np.pi / 2, np.pi / 2], None),
    "GimbalJoint": ("xyz", [0.3, -0.4, 0.5], None),
    "BallJoint": ("xyz", [0.3, -0.4, 0.5], None),
    "PlanarJoint": ("z", [0.3, 0.001, 0.002], [0.001, 0.002, 0]),
    "FreeJoint": ("xyz", [0.3, -0.4, 0.5, 0.001, 0.002, 0.003], [0.001, 0.002, 0.003]),
}


@pytest.mark.parametrize("kind", KINDS)
def test_other_kinds_of_joints(kind, read):
    from scipy.spatial.transform import Rotation

    turns, values, moved = KINDS[kind]
    names = [f"q{i}" for i in range(len(values))]
    coordinates = "".join(f'<Coordinate name="{name}"><clamped>true</clamped></Coordinate>' for name in names)
    joint = pin("shoulder", offset("in", "/ground"), offset("out", "/bodyset/upper"), "lift").replace("PinJoint", kind)
    joint = re.sub("<coordinates>.*</coordinates>", f"<coordinates>{coordinates}</coordinates>", joint)
    osim = read(document(joints=joint + ELBOW))
    assert osim.missing == ()
    _, data = at(to_mjcf(osim, FEW), **dict(zip(names, values, strict=True)))
    turn = np.eye(3)
    for letter, angle in zip(turns if turns.isalpha() else "", values, strict=False):
        turn = turn @ Rotation.from_euler(letter, angle).as_matrix()
    x, y, z = (moved or np.zeros(3)) + turn @ [0.02, 0, 0]
    np.testing.assert_allclose(data.site("paw").xpos, [z, x, y], atol=1e-12)


@pytest.mark.parametrize(
    ("text", "named", "instead"),
    [
        (document(joints=SHOULDER + elbow("<Sine><amplitude>1</amplitude></Sine>")), "Sine", ("Sine", "Constant")),
        (
            document(joints=SHOULDER + ELBOW.replace("PinJoint", "EllipsoidJoint")),
            "EllipsoidJoint",
            ("EllipsoidJoint", "PinJoint"),
        ),
    ],
)
def test_advice_to_replace_what_cannot_even_be_held(text, named, instead, read):
    with pytest.raises(ModelError, match=named):
        read(text)
    read(text.replace(*instead))


def as_version_3(text):
    """The same file as OpenSim 3 writes it: joints within bodies, frames as numbers of them."""
    joints = dict(re.findall(r'(?s)<PinJoint name="(\w+)">(.*?)</PinJoint>', text))
    for child, (name, joint) in zip(("upper", "fore"), joints.items(), strict=True):
        parent, place = re.findall(
            r"(?s)<socket_parent>/(?:bodyset/)?(\w+)</socket_parent>\s*<translation>(.*?)<", joint
        )[0]
        coordinates = re.search(r"(?s)<coordinates>(.*?)</coordinates>", joint)[1]
        old = f"""<Joint><PinJoint name="{name}"><parent_body>{parent}</parent_body><location_in_parent>{place}
            </location_in_parent><orientation_in_parent>0 0 0</orientation_in_parent><location>0 0 0</location>
            <orientation>0 0 0</orientation><CoordinateSet><objects>{coordinates}</objects></CoordinateSet></PinJoint>
            </Joint>"""
        text = text.replace(f'<Body name="{child}">', f'<Body name="{child}">{old}')
    text = re.sub(r"(?s)<JointSet.*?</JointSet>", "", text)
    text = re.sub(
        r"<inertia>(\S+) (\S+) (\S+) 0 0 0</inertia>",
        r"<inertia_xx>\1</inertia_xx><inertia_yy>\2</inertia_yy><inertia_zz>\3</inertia_zz>",
        text,
    )
    text = re.sub(r"<socket_parent_frame>/bodyset/(\w+)</socket_parent_frame>", r"<body>\1</body>", text)
    ground = '<Body name="ground"><mass>0</mass><mass_center>0 0 0</mass_center><Joint/></Body>'
    return text.replace('<Ground name="ground"/>', "").replace(
        '<BodySet name="bodyset"><objects>', f"<BodySet><objects>{ground}"
    )


@pytest.mark.parametrize(
    ("version", "reads"), [(30000, True), (30499, True), (30512, False), (30517, True), (40000, True)]
)
def test_files_of_trial_releases_are_refused(version, reads, read):
    text = document(version=str(version))
    text = as_version_3(text) if version < 30500 else text
    if reads:
        assert len(read(text).joints) == 2
    else:
        with pytest.raises(ModelError, match="trial release"):
            read(text)


@pytest.mark.parametrize("inertia", ["geometric", "published"])
def test_a_file_of_opensim_3_is_the_same_arm(inertia, read):
    text = document(version="30000", rest=coupler(LINE))
    options = replace(FEW, inertia=inertia)
    assert to_mjcf(read(as_version_3(text)), options) == to_mjcf(read(text.replace("30000", "40000")), options)


def test_what_is_disabled_in_opensim_3_is_off(read):
    off = "<isDisabled>true</isDisabled>"
    text = as_version_3(document(version="30000", rest=coupler(LINE, extra=off)))
    osim = read(text.replace("<max_isometric_force>", f"{off}<max_isometric_force>"))
    assert osim.couplers == ()
    assert "flexor]: is switched off" in osim.missing[0]


def test_a_joint_whose_name_stands_twice_in_opensim_3(read):
    text = as_version_3(document(version="30000"))
    assert len(read(text.replace('<PinJoint name="elbow">', '<PinJoint name="shoulder">')).joints) == 2


def test_advice_where_a_body_without_extent_has_no_mass_either(read):
    joint = pin("wrist", offset("in", "/bodyset/fore", "0.01 0 0"), offset("out", "/bodyset/lump"), "wrist")
    text = document(joints=SHOULDER + ELBOW + joint)
    lump = '<Body name="lump"><mass>0.002</mass><inertia>2e-9 2e-9 2e-9 0 0 0</inertia></Body>'
    text = text.replace("</Body>\n  </objects>", f"</Body>{lump}</objects>")
    model = mujoco.MjModel.from_xml_string(to_mjcf(read(text), FEW))
    assert model.body("lump").mass == 0.002
    assert model.body("fore").mass != 0.001  # of a capsule
    with pytest.raises(ModelError, match="a body without extent needs a marker at its tip"):
        to_mjcf(read(text.replace("2e-9 2e-9 2e-9", "0 0 0")), FEW)
    marker = PAW.replace("fore", "lump").replace('"paw"', '"tip"')
    to_mjcf(read(text.replace("2e-9 2e-9 2e-9", "0 0 0").replace(PAW, PAW + marker)), FEW)


def test_what_is_fixed_to_a_body_gives_it_its_extent_and_may_be_a_point(read):
    joint = pin("wrist", offset("in", "/bodyset/fore", "0.01 0 0"), offset("out", "/bodyset/lump"), "wrist")
    weld = re.sub("<coordinates>.*</coordinates>", "", joint).replace("PinJoint", "WeldJoint")
    text = document(joints=SHOULDER + ELBOW + weld, markers=PAW.replace("fore", "lump"), forces="")
    lump = '<Body name="lump"><mass>0.002</mass><inertia>0 0 0 0 0 0</inertia></Body>'
    osim = read(text.replace("</Body>\n  </objects>", f"</Body>{lump}</objects>"))
    model = mujoco.MjModel.from_xml_string(to_mjcf(osim, replace(FEW, actuators="torque")))
    # The forearm reaches 1.18 times as far as the marker, 20 mm away; its cylinder is 0.2 times as thick.
    np.testing.assert_allclose(model.geom_size[model.body("fore").geomadr[0], 0], 0.2 * 1.18 * 0.02)
    model = mujoco.MjModel.from_xml_string(to_mjcf(osim, replace(FEW, actuators="torque", inertia="published")))
    assert (model.body("lump").mass, model.body("lump").inertia.any()) == (0.002, False)


def model_for_opensim():
    """Curves, couplers, moving points and bounds at once."""
    still = "<Constant><value>{}</value></Constant>"
    moving = f"""<MovingPathPoint name="m"><socket_parent_frame>/bodyset/fore</socket_parent_frame>
        <x_location>{spline([0, 1, 2], [0.004, 0.006, 0.003])}</x_location>
        <socket_x_coordinate>/jointset/elbow/bend</socket_x_coordinate>
        <socket_y_coordinate>/jointset/elbow/bend</socket_y_coordinate>
        <socket_z_coordinate>/jointset/elbow/bend</socket_z_coordinate>
        <y_location>{still.format(0.001)}</y_location><z_location>{still.format(0)}</z_location></MovingPathPoint>"""
    return document(
        joints=SHOULDER + elbow(BENT, 0.7),
        forces=muscle(points(("upper", "0.007 0.001 0")) + moving),
        rest=coupler(QUARTIC.replace(" 0.05<", " 1<"), 0.5),
    )


@pytest.mark.slow
def test_the_default_pose_and_bounds_are_those_of_opensim(write, read):
    opensim = pytest.importorskip("opensim", reason="OpenSim is not installed (pip install opensim)")
    opensim.Logger.setLevelString("Error")
    file = write(model_for_opensim().replace("<objects><CoordinateCoupler", "<objects><!-- --><CoordinateCoupler"))
    reference = opensim.Model(str(file))
    state = reference.initSystem()
    model, _ = at(to_mjcf(read_osim(file), MISSING))
    for lift in np.linspace(-1.2, 1.2, 7):
        reference.getCoordinateSet().get("lift").setValue(state, lift, True)
        bend = reference.getCoordinateSet().get("bend").getValue(state)
        (pose,) = Couplings(model, "").complete(np.array([[lift, 0.0]]))
        np.testing.assert_allclose(pose[1], bend, atol=1e-6)
    actuator = opensim.ScalarActuator.safeDownCast(reference.getMuscles().get(0))
    np.testing.assert_allclose(model.actuator_ctrlrange[0], [actuator.getMinControl(), actuator.getMaxControl()])
    for name, (function, *_) in FUNCTIONS.items():
        owner = opensim.Model(
            str(write(document(joints=SHOULDER + elbow(function)), "function.osim"))
        )  # not to be lost
        joint = opensim.CustomJoint.safeDownCast(owner.getJointSet().get("elbow"))
        theirs = joint.getSpatialTransform().get_translation2().getFunction()
        ours = read_function(read_document(write(function, "f.xml")))
        for x in np.linspace(-2, 4, 13):
            np.testing.assert_allclose(ours.value(x), theirs.calcValue(opensim.Vector(1, x)), atol=1e-12, err_msg=name)
