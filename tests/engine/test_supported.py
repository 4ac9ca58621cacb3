"""What the generated engine refuses, and that no field, option or flag of MuJoCo is missed."""

import re

import mujoco
import pytest
from mujoco.introspect import structs

from mousearm.engine.supported import check_supported
from mousearm.errors import EngineError

ARM = """
<mujoco>
  <compiler angle="radian" autolimits="true"/>
  <option integrator="RK4"/>
  <default><geom type="sphere" size="0.001" contype="0" conaffinity="0"/></default>
  <worldbody>
    <site name="origin" pos="0 0.01 0"/>
    <body name="upper"><joint name="shoulder" axis="0 0 1" range="-1 1"/><geom name="one" size="0.003" mass="1e-3"/>
      <site name="side" pos="0 0.005 0"/>
      <body name="fore" pos="0.01 0 0"><joint name="elbow" axis="0 0 1"/><geom name="two" pos="0.01 0 0" mass="1e-3"/>
        <site name="paw" pos="0.01 0 0"/>
      </body>
    </body>
  </worldbody>
  <tendon>
    <spatial name="path"><site site="origin"/><geom geom="one" sidesite="side"/><site site="paw"/></spatial>
    <fixed name="sum"><joint joint="shoulder" coef="1"/><joint joint="elbow" coef="1"/></fixed>
  </tendon>
  <actuator>
    <motor name="motor" joint="shoulder" ctrlrange="-1 1"/>
    <muscle name="muscle" tendon="path" lengthrange="0.01 0.03" force="1"/>
  </actuator>
</mujoco>
"""
REFUSED = {  # what is changed in the file -> what is named
    "two bodies that touch": ('name="two"', 'name="two" contype="1" conaffinity="1"', None),
    "contact": (
        '<geom name="two"',
        '<geom name="two" contype="3" conaffinity="3"',
        "contacts (geom 'floor' with geom 'two')",
    ),
    "pair": (
        "<tendon>",
        '<contact><pair geom1="one" geom2="two"/></contact><tendon>',
        "contacts (geom 'one' with geom 'two')",
    ),
    "equality": (
        "<tendon>",
        '<equality><joint name="tie" joint1="elbow"/></equality><tendon>',
        "equality constraints ('tie')",
    ),
    "ball": (
        "<worldbody>",
        '<worldbody><body><joint name="loose" type="ball"/><geom mass="1"/></body>',
        "ball joints ('loose')",
    ),
    "free": (
        "<worldbody>",
        '<worldbody><body><freejoint name="loose"/><geom mass="1"/></body>',
        "free joints ('loose')",
    ),
    "friction": ('<joint name="elbow"', '<joint name="elbow" frictionloss="1"', "friction of joints ('elbow')"),
    "stiffness": (
        '<joint name="elbow"',
        '<joint name="elbow" stiffness="1 2 3"',
        "springs that are not linear ('elbow')",
    ),
    "damping": ('<joint name="elbow"', '<joint name="elbow" damping="1 2 3"', "dampers that are not linear ('elbow')"),
    "gravcomp": ('<body name="fore"', '<body name="fore" gravcomp="1"', "compensated gravity of bodies ('fore')"),
    "integrator": ('integrator="RK4"', 'integrator="implicit"', "the integrator implicit"),
    "fluid": ("<option ", '<option density="1" ', "a fluid (density or viscosity)"),
    "solver": ("<option ", '<option solver="CG" ', "limits by the solver CG"),
    "iterations": (
        "<option ",
        '<option iterations="3" ',
        "a solver that stops early (iterations, ls_iterations or tolerance)",
    ),
    "tendon limit": ('name="path"', 'name="path" range="0 1"', "limits of tendons ('path')"),
    "tendon spring": ('name="path"', 'name="path" stiffness="1"', "springs or dampers of tendons ('path')"),
    "tendon friction": ('name="path"', 'name="path" frictionloss="1"', "friction of tendons ('path')"),
    "tendon armature": ('name="sum"', 'name="sum" armature="1"', "armature of tendons ('sum')"),
    "fixed": ('tendon="path"', 'tendon="sum"', "actuators of fixed tendons ('sum')"),
    "pulley": (
        '<site site="paw"/></spatial>',
        '<site site="paw"/><pulley divisor="2"/><site site="origin"/><site site="paw"/></spatial>',
        "pulleys ('path')",
    ),
    "inside": (
        'name="side" pos="0 0.005 0"',
        'name="side" pos="0 0.002 0"',
        "wrapping inside a geom, or a side site on another body ('path')",
    ),
    "delay": ('<motor name="motor"', '<motor name="motor" delay="0.01" nsample="20"', "delays of actuators ('motor')"),
    "site": (
        '<motor name="motor" joint="shoulder"',
        '<motor name="motor" site="paw"',
        "transmissions other than joint and tendon ('motor')",
    ),
    "early": (
        '<motor name="motor"',
        '<general actearly="true" dyntype="integrator" name="motor"',
        "activations that act early ('motor')",
    ),
    "dynamics": ('<motor name="motor"', '<general dyntype="filterexact" name="motor"', "dynamics ('motor')"),
    "armature": ('<motor name="motor"', '<motor armature="1" name="motor"', "armature of actuators ('motor')"),
    "actuator damping": ('<motor name="motor"', '<motor damping="1" name="motor"', "damping of actuators ('motor')"),
    "switched off": (
        "<option ",
        '<option actuatorgroupdisable="0" ',
        "actuators that are switched off ('motor', 'muscle')",
    ),
    "no actuation": ("<option ", '<option><flag actuation="disable"/></option><option ', "the disable flags 2048"),
    "sleep": ("<option ", '<option><flag sleep="enable"/></option><option ', "the enable flags 16"),
    "mocap": ("<worldbody>", '<worldbody><body name="hand" mocap="true"/>', "bodies that mocap moves ('hand')"),
    "narrow": (
        'range="-1 1"/><geom',
        'range="-1 1" margin="1"/><geom',
        "both limits of a joint at once (range <= 2 margin) ('shoulder')",
    ),
}


def reasons(xml):
    try:
        check_supported(mujoco.MjModel.from_xml_string(xml))
    except EngineError as error:
        return error.reasons
    return ()


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_outside_is_refused_by_its_own_name(name):
    old, new, reason = REFUSED[name]
    xml = ARM.replace(old, new, 1)
    if "floor" in (reason or ""):
        xml = xml.replace("<worldbody>", '<worldbody><geom name="floor" contype="1" conaffinity="1" size="1"/>', 1)
    assert xml != ARM
    assert reasons(xml) == ((reason,) if reason else ())


def test_all_that_is_outside_is_named_at_once():
    xml = ARM.replace("<option ", '<option density="1" solver="CG" ')
    assert len(reasons(xml)) == 2


def test_contacts_are_those_that_mujoco_tests():
    """Neighbours never touch, nor what an exclusion names; with a body between them geoms do."""
    third = (
        '<site name="paw" pos="0.01 0 0"/><body name="hand"><joint/><geom name="three" contype="1" mass="1"/></body>'
    )
    chain = ARM.replace('<site name="paw" pos="0.01 0 0"/>', third).replace('name="one"', 'name="one" conaffinity="1"')
    assert reasons(chain) == ("contacts (geom 'one' with geom 'three')",)
    exclusion = '<contact><exclude body1="upper" body2="hand"/></contact><tendon>'
    assert reasons(chain.replace("<tendon>", exclusion)) == ()
    assert reasons(chain.replace("<option ", '<option><flag contact="disable"/></option><option ')) == ()
    neighbours = chain.replace('name="two"', 'name="two" conaffinity="1"').replace(
        'name="one" conaffinity="1"', 'name="one"'
    )
    assert reasons(neighbours) == ()
    unfiltered = neighbours.replace("<option ", '<option><flag filterparent="disable"/></option><option ')
    assert reasons(unfiltered) == ("contacts (geom 'two' with geom 'three')",)


# ---- every field of MuJoCo's model and options has one of these roles; a new one fails the test below

COMPUTED = set(  # the text is written from it
    """opt qpos0 qpos_spring body_parentid body_weldid body_jntnum body_jntadr body_pos body_quat body_ipos body_iquat
    body_mass body_inertia jnt_type jnt_bodyid jnt_dofadr jnt_limited jnt_actfrclimited jnt_solref jnt_solimp jnt_pos
    jnt_axis jnt_stiffness jnt_range jnt_actfrcrange jnt_margin dof_armature dof_damping dof_invweight0 geom_type
    geom_bodyid geom_size geom_pos geom_quat site_bodyid site_pos tendon_adr tendon_num wrap_type wrap_objid wrap_prm
    actuator_trntype actuator_dyntype actuator_gaintype actuator_biastype actuator_actadr actuator_trnid
    actuator_dynprm actuator_gainprm actuator_biasprm actuator_actlimited actuator_actrange actuator_forcelimited
    actuator_forcerange actuator_ctrllimited actuator_ctrlrange actuator_gear actuator_acc0
    actuator_lengthrange""".split()  # noqa: SIM905
)
CHECKED = set(  # a model is refused where it has influence
    """body_mocapid body_gravcomp body_plugin jnt_stiffnesspoly dof_dampingpoly dof_frictionloss jnt_plasticadr
    geom_contype geom_conaffinity geom_plugin tendon_type tendon_limited tendon_actfrclimited tendon_stiffness
    tendon_stiffnesspoly tendon_damping tendon_dampingpoly tendon_armature tendon_frictionloss tendon_plasticadr
    actuator_actnum actuator_actearly actuator_historyadr actuator_delay actuator_damping actuator_dampingpoly
    actuator_armature actuator_plugin plugin""".split()  # noqa: SIM905
)
ONLY_WITH = {  # a part that is refused, or without influence itself -> patterns of fields that count only with it
    "contacts": r"flg_(surfacevel|adhesion)|body_(margin|contype|conaffinity)"
    r"|geom_(condim|priority|solmix|solref|solimp|friction|margin|gap|surfacevel|adhesion|aabb|rbound|dataid)|(pair|exclude|hfield|bvh|oct|mesh)_.*|body_bvh.*",
    "compensated gravity": r"flg_gravcomp|jnt_actgravcomp",
    "a fluid": r"geom_fluid",
    "equality": r"eq_.*",
    "flexes": r"(flex|flexedge|efm0|efmC)_.*|efm0_L",
    "friction": r"dof_(solref|solimp)",
    "plastic springs": r"(jnt|tendon)_springyield",
    "tendons that pull by themselves": r"tendon_(solref|solimp)_.*|tendon_(range|margin|actfrcrange)"
    r"|tendon_(lengthspring|length0|invweight0)",
    "delays and several controls": r"actuator_(history|ctrlspec|ctrladr|ctrlnum|outadr|outnum)",
    "other transmissions": r"actuator_(cranklength|length0)",
    "sleep": r"tree_sleep_policy",
    "plugins": r"plugin_.*",
}
DERIVED = (  # follows from others: addresses, orders, sparsity, sums
    r"n[a-zA-Z0-9_]+|buffer|paths|signature|names_map|(B|M|D)_(rownnz|rowadr|colind|diag)|map(M2M|M2D|D2M)"
    r"|body_(rootid|dofnum|dofadr|treeid|geomnum|geomadr|simple|sameframe|subtreemass|invweight0)"
    r"|jnt_(qposadr|actuatorid)|dof_(bodyid|jntid|parentid|treeid|Madr|simplenum|M0|length)"
    r"|tree_(body|dof)(adr|num)|(geom|site)_sameframe|tendon_(actuatorid|treenum|treeid)|ten_J_.*"
)
SEEN = (  # looks, names, sensors, the user's own
    r"vis|stat|(cam|light|skin|tex|mat|sensor|key|name|numeric|text|tuple)_.*|.*_(user|rgba|group|matid|width)"
    r"|geom_castshadow|site_(type|dataid|size|quat)"
)
OPTIONS = {
    "computed": "timestep gravity integrator disableflags",
    "checked": "tolerance iterations ls_iterations density viscosity solver enableflags disableactuator",
    "only with contacts, friction or a fluid": "impratio noslip_tolerance ccd_tolerance wind o_margin o_solref "
    "o_solimp o_friction cone noslip_iterations ccd_iterations sdf_initpoints sdf_iterations",
    "only with sleep": "sleep_tolerance",
    "of sensors": "magnetic",
    "how the same is computed": "ls_tolerance jacobian",
}
FLAGS = {
    "obeyed": "CONSTRAINT EQUALITY FRICTIONLOSS LIMIT CONTACT SPRING DAMPER GRAVITY CLAMPCTRL FILTERPARENT "
    "REFSAFE EULERDAMP",
    "refused": "ACTUATION SLEEP DIAGEXACT IPC SPECULATIVE",
    "of contacts or sensors, or how the same is computed": "WARMSTART SENSOR MIDPHASE NATIVECCD ISLAND MULTICCD "
    "AUTORESET OVERRIDE ENERGY FWDINV INVDISCRETE",
}


def test_no_field_of_a_model_is_missed():
    fields = {field.name for field in structs.STRUCTS["mjModel"].fields}
    patterns = [*ONLY_WITH.values(), DERIVED, SEEN]
    matched = {name for name in fields if any(re.fullmatch(pattern, name) for pattern in patterns)}
    assert matched.isdisjoint(COMPUTED | CHECKED)
    assert matched | COMPUTED | CHECKED == fields


def test_no_option_or_flag_is_missed():
    listed = " ".join(OPTIONS.values()).split()
    assert sorted(listed) == sorted(field.name for field in structs.STRUCTS["mjOption"].fields)
    flags = [*mujoco.mjtDisableBit.__members__, *mujoco.mjtEnableBit.__members__]
    assert sorted(" ".join(FLAGS.values()).split()) == sorted(
        name[7:] for name in flags if name[:3] == "mjD" or name[:3] == "mjE"
    )


@pytest.mark.parametrize("flag", FLAGS["refused"].split()[1:])
def test_other_enable_flags_are_refused(flag):
    model = mujoco.MjModel.from_xml_string(ARM)
    model.opt.enableflags |= int(getattr(mujoco.mjtEnableBit, f"mjENBL_{flag}"))
    with pytest.raises(EngineError):
        check_supported(model)


def test_a_flag_that_is_not_known_yet_is_refused():
    model = mujoco.MjModel.from_xml_string(ARM)
    model.opt.disableflags = 1 << 25
    with pytest.raises(EngineError):
        check_supported(model)
