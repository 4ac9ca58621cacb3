"""An arm with the lengths of an animal."""

import re
from dataclasses import replace
from pathlib import Path

import mujoco
import numpy as np
import pytest

from mousearm.config import LandmarksConfig, ModelConfig
from mousearm.errors import ConfigError, ModelError
from mousearm.model import Arm, load_arm
from mousearm.model.arm import tendon_lengths
from mousearm.model.opensim.mjcf import sample_poses
from mousearm.model.scaling import fit_segments
from mousearm.model_check.muscles import MAX_LENGTH_JUMP, sweep

OSIM = Path(__file__).parents[3] / "shared" / "opensim" / "scaled_mouse.osim"

# Upper arm and forearm in metres: of the recorded animals' range, the model's own, far smaller, far larger.
LENGTHS = [(0.00743, 0.01338), (0.01454, 0.01437), (0.006, 0.02), (0.03, 0.01)]
WORLD, SCAPULA, CLAVICLE, HUMERUS, ULNA, RADIUS, HAND = range(7)


@pytest.fixture(params=["torque", "muscle"])
def arm(request):
    return request.getfixturevalue(f"{request.param}_arm")


@pytest.mark.parametrize("lengths", LENGTHS)
def test_lengths_are_those_asked_for(arm, lengths):
    fitted = fit_segments(arm, *lengths)
    np.testing.assert_allclose(fitted.segment_lengths(), lengths, rtol=1e-9)
    np.testing.assert_array_equal(fitted.rest_qpos, arm.rest_qpos)
    np.testing.assert_array_equal(fitted.qpos_range, arm.qpos_range)
    np.testing.assert_array_equal(fitted.peak_force, arm.peak_force)
    assert (fitted.name, fitted.source, fitted.joint_names) == (arm.name, arm.source, arm.joint_names)


def test_its_own_lengths_change_nothing(arm):
    same = fit_segments(arm, *arm.segment_lengths())
    poses = sample_poses(arm.model, 10, seed=0)
    np.testing.assert_array_equal(same.landmark_positions(poses), arm.landmark_positions(poses))
    np.testing.assert_array_equal(same.model.body_mass, arm.model.body_mass)
    np.testing.assert_array_equal(tendon_lengths(same.model, poses), tendon_lengths(arm.model, poses))


@pytest.mark.parametrize("lengths", LENGTHS)
def test_directions_of_the_segments_are_those_of_the_model(arm, lengths):
    fitted, poses = fit_segments(arm, *lengths), sample_poses(arm.model, 20, seed=0)
    scales = np.array(lengths) / arm.segment_lengths()
    old, new = arm.landmark_positions(poses), fitted.landmark_positions(poses)
    np.testing.assert_allclose(new[:, 0], old[:, 0], atol=1e-14)
    np.testing.assert_allclose(np.diff(new, axis=1), scales[:, None] * np.diff(old, axis=1), atol=1e-14)


def test_which_body_has_which_factor(muscle_arm):
    u, f = 0.8, 1.1
    upper_arm, forearm = muscle_arm.segment_lengths()
    model, fitted = muscle_arm.model, fit_segments(muscle_arm, u * upper_arm, f * forearm).model
    factors = np.array([1, u, u, u, f, f, f])
    np.testing.assert_allclose(fitted.body_mass, factors**3 * model.body_mass)
    np.testing.assert_allclose(fitted.body_inertia, factors[:, None] ** 5 * model.body_inertia)
    np.testing.assert_allclose(fitted.jnt_pos, factors[model.jnt_bodyid, None] * model.jnt_pos)
    np.testing.assert_allclose(fitted.site_pos, factors[model.site_bodyid, None] * model.site_pos)
    # The radius hangs on a body of its own factor, the ulna's elbow on the humerus.
    np.testing.assert_allclose(fitted.body_pos[RADIUS], f * model.body_pos[RADIUS])
    np.testing.assert_allclose(elbow_in_humerus(fitted), u * elbow_in_humerus(model), atol=1e-15)


def elbow_in_humerus(model):
    anchor = np.empty(3)
    mujoco.mju_rotVecQuat(anchor, model.joint("elbow_flex").pos, model.body_quat[ULNA])
    return model.body_pos[ULNA] + anchor


@pytest.mark.parametrize("lengths", [LENGTHS[0], LENGTHS[1]])
def test_no_muscle_path_jumps(muscle_arm, lengths):
    fitted = fit_segments(muscle_arm, *lengths)
    jump = sweep(fitted, sample_poses(fitted.model, 3, seed=0)[:3])
    assert (jump.unexplained / jump.span).max() < MAX_LENGTH_JUMP


def test_two_links_by_hand(two_link):
    fitted = fit_segments(two_link, 0.02, 0.005)
    np.testing.assert_allclose(
        fitted.landmark_positions(np.array([[0, np.pi / 2]])), [[[0, 0, 0], [0.02, 0, 0], [0.02, 0.005, 0]]], atol=1e-15
    )
    np.testing.assert_allclose(fitted.model.geom("upper").size[:2], [0.002, 0.01])
    np.testing.assert_allclose(fitted.model.geom("fore").size[:2], [0.0005, 0.0025])
    np.testing.assert_allclose(fitted.model.body_mass[1:] / two_link.model.body_mass[1:], [8, 1 / 8])


BESIDE = ('<site name="paw"', '<site name="beside" pos="0 0.002 0"/><site name="paw"')


def test_an_elbow_beside_its_joint(build_two_link):
    arm = build_two_link(*BESIDE, landmarks={"shoulder": "joint:shoulder", "elbow": "site:beside", "paw": "site:paw"})
    np.testing.assert_allclose(fit_segments(arm, 0.012, 0.015).segment_lengths(), (0.012, 0.015), rtol=1e-9)


@pytest.mark.parametrize("shoulder", ["body:world", "body:upper", "site:on"])
def test_shoulders_of_all_kinds(build_two_link, shoulder):
    arm = build_two_link(
        '<body name="upper">',
        '<body name="upper"><site name="on" pos="0.001 0 0"/>',
        landmarks={"shoulder": shoulder, "elbow": "joint:elbow", "paw": "geom:fore"},
    )
    np.testing.assert_allclose(fit_segments(arm, 0.012, 0.015).segment_lengths(), (0.012, 0.015), rtol=1e-9)


def test_what_does_not_belong_to_the_arm_stays(build_two_link):
    table = '<body name="table" pos="0.1 0 0"><geom name="table" size="0.01 0.01" pos="0 0 0.2"/></body>'
    arm = build_two_link('<body name="upper">', f'{table}<body name="upper">')
    fitted = fit_segments(arm, 0.02, 0.02).model
    for name in ("body_pos", "body_mass"):
        np.testing.assert_array_equal(getattr(fitted, name)[1], getattr(arm.model, name)[1])
    np.testing.assert_array_equal(fitted.geom("table").pos, arm.model.geom("table").pos)


def refused(arm, *texts, lengths=(0.02, 0.02)):
    with pytest.raises(ModelError) as caught:
        fit_segments(arm, *lengths)
    for text in texts:
        assert text in str(caught.value)


@pytest.mark.parametrize(
    ("shoulder", "elbow", "paw"),
    [
        ("joint:shoulder", "body:upper", "site:paw"),  # elbow and shoulder on one body
        ("joint:elbow", "joint:shoulder", "site:paw"),  # the wrong way round
        ("joint:shoulder", "joint:elbow", "geom:upper"),  # the paw does not hang on the elbow
        ("joint:shoulder", "body:world", "site:paw"),
    ],
)
def test_landmarks_that_show_no_segments(build_two_link, shoulder, elbow, paw):
    arm = build_two_link(landmarks={"shoulder": shoulder, "elbow": elbow, "paw": paw})
    refused(arm, "two_link.xml: cannot be scaled to the animal", "The elbow's must hang on another one")


def test_bodies_of_the_landmarks_are_named(build_two_link):
    landmarks = {"shoulder": "joint:shoulder", "elbow": "body:upper", "paw": "site:paw"}
    refused(build_two_link(landmarks=landmarks), "shoulder: 'upper', elbow: 'upper', paw: 'fore'")


def test_lengths_that_no_scale_gives(build_two_link):
    # The elbow's mark turns with the forearm, 8 mm away: however small the upper arm, that distance is left.
    landmarks = {"shoulder": "joint:shoulder", "elbow": "site:beside", "paw": "site:paw"}
    arm = build_two_link(BESIDE[0], BESIDE[1].replace("0.002", "0.008"), landmarks=landmarks)
    refused(arm, "no scale gives it an upper arm of 2.00 mm and a forearm of 20.00 mm", lengths=(0.002, 0.02))


def test_landmarks_in_one_place(build_two_link):
    arm = build_two_link('pos="0.01 0 0"><joint', 'pos="0 0 0"><joint')
    refused(arm, "no scale gives it", "Put model.landmarks on the joints")


FLAT = '<asset><hfield name="flat" nrow="2" ncol="2" size="1 1 1 1"/></asset><worldbody>'
BONE = '<asset><mesh name="bone" vertex="0 0 0 1 0 0 0 1 0 0 0 1"/></asset><worldbody>'
WRAP = """<tendon><spatial><site site="a"/><geom geom="wrap"/><site site="paw"/></spatial></tendon><actuator>"""


@pytest.mark.parametrize(
    ("pieces", "text"),
    [
        (
            ["<worldbody>", FLAT, '<site name="paw"', '<geom name="g" type="hfield" hfield="flat"/><site name="paw"'],
            "geom 'g' (number 2) is of a type that cannot be scaled (hfield). Change that, or leave out",
        ),
        (
            [
                *("<worldbody>", BONE, '<site name="paw"', '<geom type="mesh" mesh="bone"/><site name="paw"'),
                *('<body name="fore"', '<geom type="mesh" mesh="bone"/><body name="fore"'),
            ],
            "geom '' (number 3) shares its mesh with a segment that is scaled differently",
        ),
        (
            ["<worldbody>", '<worldbody><site name="a"/><geom name="wrap" type="sphere"/>', "<actuator>", WRAP],
            "geom 'wrap' (number 0) guides a tendon but is fixed to the world: put it into a body.",
        ),
        (
            [
                '<site name="paw"',
                '<body><joint name="slide" type="slide"/><geom type="sphere"/></body><site name="paw"',
                "<actuator>",
                '<equality><joint name="e" joint1="slide" joint2="elbow"/></equality><actuator>',
            ],
            "equality constraint 'e' (number 0) cannot be scaled; only couplings of hinges can.",
        ),
    ],
)
def test_what_cannot_be_scaled(build_two_link, pieces, text):
    refused(build_two_link(*pieces), text)


def test_advice_to_put_what_guides_a_tendon_into_a_body(build_two_link):
    wrap = '<site name="a"/><geom name="wrap" type="sphere"/>'
    arm = build_two_link("<worldbody>", f'<worldbody><body name="b">{wrap}</body>', "<actuator>", WRAP)
    np.testing.assert_allclose(fit_segments(arm, 0.02, 0.02).segment_lengths(), 0.02)


def test_coupled_hinges_and_meshes_of_one_segment_pass(build_two_link):
    arm = build_two_link(
        *("<worldbody>", BONE, '<site name="paw"', '<geom type="mesh" mesh="bone"/><site name="paw"'),
        *("<actuator>", '<equality><joint joint1="shoulder" joint2="elbow"/></equality><actuator>'),
    )
    np.testing.assert_allclose(fit_segments(arm, 0.02, 0.03).segment_lengths(), (0.02, 0.03))


def test_from_the_configuration(configure, muscle_arm):
    config = configure("model=muscle", "model.fit=animal", "model.upper_arm_mm=9", "model.forearm_mm=15").model
    np.testing.assert_allclose(load_arm(config).segment_lengths(), (0.009, 0.015))
    with pytest.raises(ConfigError, match=re.escape("give model.upper_arm_mm and model.forearm_mm")):
        load_arm(replace(config, forearm_mm=None))


@pytest.mark.skipif(not OSIM.is_file(), reason="the published model, scaled_mouse.osim, is not here")
def test_an_imported_model():
    landmarks = LandmarksConfig("joint:elv_angle", "joint:elbow_flex", "site:handm")
    arm = load_arm(
        ModelConfig(
            file=None,
            osim=str(OSIM),
            landmarks=landmarks,
            joints=None,
            action_map="sigmoid",
            fit="animal",
            upper_arm_mm=9.0,
            forearm_mm=15.0,
        )
    )
    assert isinstance(arm, Arm)
    np.testing.assert_allclose(arm.segment_lengths(), (0.009, 0.015), rtol=1e-9)
    assert arm.nu == 21
