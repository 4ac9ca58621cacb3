"""Additions of a user's own to a converted model."""

import re
from xml.etree import ElementTree

import mujoco
import numpy as np
import pytest
from osim_text import at, document, roll

from mousearm.errors import ModelError, UnknownNameError
from mousearm.model.opensim import MjcfOptions, convert, to_mjcf

# A surface for paths, around the elbow.
BALL = '<body name="upper"><geom name="ball" class="wrap" type="sphere" pos="0.01 0 0" size="0.004"/></body>'


@pytest.fixture
def made(read, write):
    """The MJCF of two rods (or of another document) with a fragment merged into it."""

    def make(fragment, text=None, **options):
        choices = write(f"<mujoco>{fragment}</mujoco>", "looks.xml")
        return to_mjcf(read(text or document()), MjcfOptions(choices=choices, **options))

    return make


def test_sections_and_defaults_change_where_they_say_so(made):
    xml = made(
        """<option timestep="0.001"/><statistic extent="0.5"/><asset><material name="bone" shininess="0.125"/></asset>
        <default><joint armature="1e-8"/><default class="tissue"><geom density="500"/></default></default>"""
    )
    model, _ = at(xml)
    # What is named has changed, and nothing else beside it.
    assert model.opt.timestep == 0.001
    np.testing.assert_allclose(model.opt.gravity, [0, 0, -9.80665])
    assert model.stat.extent == 0.5
    bone = model.material("bone")
    assert bone.shininess[0] == 0.125
    np.testing.assert_allclose(bone.rgba, [0.93, 0.885, 0.78, 1], atol=1e-6)
    np.testing.assert_array_equal(model.dof_armature, [1e-8] * 2)
    np.testing.assert_array_equal(model.dof_damping, [1e-6] * 2)
    np.testing.assert_allclose(model.body_mass * 1060 / 500, at(made(""))[0].body_mass)


def test_no_choices_and_empty_ones_are_the_same(made, read):
    empty = ElementTree.fromstring(made(""))
    assert ElementTree.tostring(empty) == ElementTree.tostring(ElementTree.fromstring(to_mjcf(read(document()))))


def test_geoms_of_a_body_take_the_place_of_those_made(made):
    # A ball of 1 mm and density 2000, and looks without mass, on the upper arm; the forearm is as it was.
    xml = made(
        """<default><default class="looks"><geom type="sphere" mass="0"/></default></default>
        <worldbody><body name="upper"><geom type="sphere" pos="0.005 0 0" size="0.001" density="2000"/>
        <geom class="looks" size="0.002"/></body></worldbody>"""
    )
    model, before = at(xml)[0], at(made(""))[0]
    assert model.body_geomnum[1] == 2
    np.testing.assert_allclose(model.body_mass[1], 2000 * 4 / 3 * np.pi * 1e-9)
    assert model.body_geomnum[2] == before.body_geomnum[2]
    assert model.body_mass[2] == before.body_mass[2]


def test_surfaces_for_paths_leave_a_body_as_it_is(made):
    xml = made(f"<worldbody>{BALL}</worldbody>")
    model, before = at(xml)[0], at(made(""))[0]
    assert model.body_geomnum[1] == before.body_geomnum[1] + 1
    np.testing.assert_array_equal(model.body_mass, before.body_mass)


@pytest.mark.parametrize("inertia", ["geometric", "published"])
def test_own_inertia(made, inertia):
    own = '<inertial pos="0.004 0 0" mass="0.002" diaginertia="1e-9 2e-9 2e-9"/>'
    model, _ = at(made(f'<worldbody><body name="upper">{own}</body></worldbody>', inertia=inertia))
    np.testing.assert_allclose(model.body_mass[1], 0.002)
    np.testing.assert_allclose(model.body_inertia[1], [1e-9, 2e-9, 2e-9])


def test_joints_change_and_sampling_follows(made):
    # The elbow's body stands at the top of the fragment: names count, not places in the tree.
    joint = '<joint name="bend" damping="2e-6" range="-0.5 0.5"/>'
    model, _ = at(made(f'<worldbody><body name="fore">{joint}</body></worldbody>'))
    np.testing.assert_array_equal(model.dof_damping, [1e-6, 2e-6])
    # Muscle 3 mm before and 4 mm beyond the elbow, bent by 0.5 rad: law of cosines.
    shortest = np.sqrt(9 + 16 + 24 * np.cos(0.5)) * 1e-3
    np.testing.assert_allclose(model.actuator_lengthrange, [[shortest, 0.007]], atol=1e-9)


def test_parts_of_the_world_are_added_or_replaced_by_name(made):
    xml = made(
        """<worldbody><light name="key" castshadow="false"/><light name="fill" pos="0 0 1"/>
        <camera name="side" pos="0.1 0 0"/><body name="fore"><site name="tip" pos="0.01 0 0"/></body></worldbody>"""
    )
    model, data = at(xml)
    assert [model.light(i).name for i in range(model.nlight)] == ["key", "fill"]
    assert not model.light("key").castshadow[0]
    assert model.camera("side").pos[0] == 0.1
    np.testing.assert_allclose(data.site("tip").xpos, data.site("paw").xpos, atol=1e-12)
    # A body's own parts stand before the bodies within, so that the file can be read.
    world = ElementTree.fromstring(xml).find("worldbody")
    assert [child.tag for child in world] == ["light", "light", "camera", "body"]


def path(*items):
    return f'<tendon><spatial name="flexor">{"".join(items)}</spatial></tendon>'


def test_whole_path_of_a_muscle(made, read):
    # In the file the muscle bends around a roll of 1 mm, whose ends it can enter; here around a ball of 4 mm.
    text = roll(0.001, (0.003, 0.004))
    assert 'geom="roll"' in to_mjcf(read(text))
    items = ('<site site="p0"/>', '<geom geom="ball"/>', '<site site="p1"/>')
    xml = made(f"<worldbody>{BALL}</worldbody>{path(*items)}", text)
    assert 'geom="roll"' not in xml
    assert "side1" not in xml
    # Bent down by 90 degrees: 3 mm to the top of the ball, a quarter of the way round, 3 mm down.
    model, data = at(xml, bend=-np.pi / 2)
    np.testing.assert_allclose(data.ten_length, [0.006 + 0.004 * np.pi / 2], atol=1e-9)
    # And so is the length at the end of the joint's range, which the muscle is told.
    _, data = at(xml, bend=-1.5)
    np.testing.assert_allclose(model.actuator_lengthrange[0, 1], data.ten_length[0], atol=1e-9)


def test_path_over_an_added_point(made):
    site = '<body name="upper"><site name="over" class="path" pos="0.01 0.003 0"/></body>'
    items = ('<site site="p0"/>', '<site site="over"/>', '<site site="p1"/>')
    _, data = at(made(f"<worldbody>{site}</worldbody>{path(*items)}"))
    # 3 mm up and 3 mm along, then 3 mm down and 4 mm along.
    np.testing.assert_allclose(data.ten_length, [0.003 * np.sqrt(2) + 0.005], atol=1e-12)


def test_notes_are_on_the_paths_that_are_used(read, write):
    # A roll beside the elbow, which the end in the forearm enters when the arm is bent up.
    text = roll(0.0035, (0.003, 0.002)).replace('"roll"><translation>0.01', '"roll"><translation>0.008')
    osim = read(text.replace("0.007 0.002 0", "0.004 0.003 0"))
    assert "an end of its path enters roll" in convert(osim).notes[0]
    straight = path('<site site="p0"/>', '<site site="p1"/>')
    own = write(f"<mujoco>{straight}</mujoco>", "looks.xml")
    assert convert(osim, MjcfOptions(choices=own)).notes == ()


def test_spatial_without_a_path_keeps_that_of_the_file(made):
    bend = '<fixed name="sum"><joint joint="bend" coef="1"/></fixed>'
    xml = made(f'<tendon><spatial name="flexor" width="0.001"/>{bend}</tendon>')
    model, data = at(xml)
    assert model.tendon_width[0] == 0.001
    np.testing.assert_allclose(data.ten_length, [0.007, 0], atol=1e-12)


ACTUATORS = """<default><motor ctrlrange="-2 2"/><muscle vmax="5"/></default>
    <actuator><motor name="bend" gear="7e-6"/><muscle name="flexor" force="0.5"/></actuator>"""


def test_motors_and_muscles_each_where_they_are(made):
    motors, _ = at(made(ACTUATORS, actuators="torque"))
    assert motors.nu == 2
    np.testing.assert_array_equal(motors.actuator_ctrlrange, [[-2, 2]] * 2)
    assert motors.actuator("bend").gear[0] == 7e-6
    assert motors.actuator("lift").gear[0] == at(made("", actuators="torque"))[0].actuator("lift").gear[0]
    muscles, _ = at(made(ACTUATORS))
    assert muscles.nu == 1
    assert muscles.actuator_gainprm[0, 2] == 0.5
    assert muscles.actuator_gainprm[0, 6] == 5


@pytest.mark.parametrize(
    ("fragment", "message"),
    [
        (
            '<worldbody>\n<body name="uper"/></worldbody>',
            "There is no body in the model (looks.xml, line 2) named 'uper'. Did you mean 'upper'? Those that exist: "
            "fore, upper.",
        ),
        (
            '<worldbody><body name="uper"><geom size="1"/></body></worldbody>',
            "There is no body in the model (looks.xml, line 1) named 'uper'.",
        ),
        (
            '<worldbody><body name="fore"><joint name="lift"/></body></worldbody>',
            "There is no joint of body fore (looks.xml, line 1) named 'lift'. Those that exist: bend.",
        ),
        (
            '<tendon><spatial name="extensor"/></tendon>',
            "There is no spatial in the model (looks.xml, line 1) named 'extensor'. Those that exist: flexor.",
        ),
        (
            '<actuator><muscle name="flexr"/></actuator>',
            "There is no muscle in the model (looks.xml, line 1) named 'flexr'. Did you mean 'flexor'?",
        ),
        (
            path('<site site="p0"/>', '<site site="p2"/>'),
            "There is no site for the path of flexor (looks.xml, line 1) named 'p2'. Those that exist: p0, p1, paw.",
        ),
        (
            path('<site site="p0"/>', '<geom geom="ball" sidesite="paw"/>', '<site site="p1"/>'),
            "There is no geom for the path of flexor (looks.xml, line 1) named 'ball'. Those that exist: none.",
        ),
    ],
)
def test_names_that_the_model_has_not(made, fragment, message):
    with pytest.raises(UnknownNameError, match=re.escape(message)):
        made(fragment)


def test_motor_that_the_model_has_not(made):
    with pytest.raises(UnknownNameError, match=r"no motor in the model \(looks\.xml, line 1\) named 'bent'\. Did you"):
        made('<actuator><motor name="bent" gear="1"/></actuator>', actuators="torque")


@pytest.mark.parametrize(
    ("fragment", "message"),
    [
        ('<compiler angle="degree"/>', r'looks\.xml: <compiler angle="degree">, but the model is in rad'),
        (
            '<worldbody><body name="fore"><frame><joint name="third"/></frame></body></worldbody>',
            r"looks\.xml adds joints; those of a model are its own: lift, bend\.",
        ),
        (
            '<worldbody><body name="upper"><geom size="0.001" mass="0"/></body></worldbody>',
            r"arm\.osim: MuJoCo cannot compile what was made of it and .*looks\.xml: .*mass",
        ),
        ("<asset><material/></asset>", r"MuJoCo cannot compile what was made of it and .*looks\.xml"),
    ],
)
def test_fragments_that_do_not_fit(made, fragment, message):
    with pytest.raises(ModelError, match=message):
        made(fragment)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<OpenSimDocument/>", r"looks\.xml: the file is a <OpenSimDocument>, not a <mujoco>"),
        ('<!DOCTYPE a [<!ENTITY x "y">]><mujoco/>', r"looks\.xml, line 1: declares a DOCTYPE"),
        ("<mujoco>", r"looks\.xml, line 1: not a whole XML file"),
    ],
)
def test_files_that_are_no_fragments(read, write, text, message):
    choices = MjcfOptions(choices=write(text, "looks.xml"))
    with pytest.raises(ModelError, match=message):
        to_mjcf(read(document()), choices)


def test_script_takes_choices(run_script, write, tmp_path):
    choices = write('<mujoco model="mine"/>', "looks.xml")
    command = "import_osim", write(document()), "--out", tmp_path / "out", "--choices"
    done = run_script(*command, choices)
    assert done.status == 0, done.err
    xml = (tmp_path / "out" / "arm.xml").read_text()
    assert '<mujoco model="mine">' in xml
    assert "With the choices of looks.xml." in xml
    mujoco.MjModel.from_xml_string(xml)
    refused = run_script(*command, "none.xml", "--overwrite")
    assert refused.status == 1
    assert refused.err.startswith("error: none.xml cannot be read: No such file or directory.")


def test_advice_to_give_angles_in_radians(made):
    body = '<worldbody><body name="fore"><joint name="bend" range="{}"/></body></worldbody>'
    with pytest.raises(ModelError, match=r"Leave it out, and give angles in rad\."):
        made('<compiler angle="degree"/>' + body.format("-30 30"))
    model, _ = at(made(body.format("-0.5 0.5")))
    np.testing.assert_array_equal(model.joint("bend").range, [-0.5, 0.5])
