"""A model that fails a check passes it when what the check says has been done."""

import numpy as np
import pytest

from mousearm.mechanics import Motion, random_poses
from mousearm.model_check.anatomy import gyration_check, landmarks_check
from mousearm.model_check.muscles import fibre_check, fibre_lengths, paths_check, pull_check, sweep
from mousearm.model_check.stability import stress_checks, stress_test
from mousearm.model_check.strength import gravity_check, gravity_strength, reach_checks, strength

GEAR = '<motor name="shoulder" joint="shoulder" gear="1e-4"'
HINGE = '<joint name="elbow" range="-2 2"/>'
MOTOR = '<motor name="shoulder" joint="shoulder" gear="1e-4" ctrlrange="-1 1"/>'
WEAK = (MOTOR, MOTOR.replace("1e-4", "1e-6"), 'joint="elbow" gear="1e-4"', 'joint="elbow" gear="1e-5"')
ABOVE = '<site name="above" pos="0 0 0.01"/>'
SHOULDER = '<joint name="shoulder"'


def gravity(arm):
    return gravity_check(arm, gravity_strength(arm, random_poses(arm, 30, 0)))


def held(arm):
    return reach_checks(arm, strength(arm, Motion(*np.zeros((3, 4, 2)))))[0]


def together(arm):
    return reach_checks(arm, gravity_strength(arm, np.zeros((1, 2))))[1]


def shared(elbow):
    """One motor that drives both joints, by a tendon whose moment arms are 1 and something."""
    joints = f'<joint joint="shoulder" coef="1"/><joint joint="elbow" coef="{elbow}"/>'
    return (
        *('<motor name="elbow" joint="elbow" gear="1e-4" ctrlrange="-0.5 1"/>', ""),
        *(GEAR, '<motor name="both" tendon="both" gear="1e-4"'),
        *("<actuator>", f'<tendon><fixed name="both">{joints}</fixed></tendon><actuator>'),
    )


def stressed(check):
    return lambda arm: stress_checks(arm, stress_test(arm, 1 / 150, 16, seed=0, seconds=0.5, n=8))[check]


def paths(arm):
    return paths_check(arm, sweep(arm, np.zeros((1, 2))))


def fibres(arm):
    return fibre_check(fibre_lengths(arm, random_poses(arm, 30, 0)))


def pulls(arm):
    return pull_check(arm, np.zeros((1, 2)))


def muscle(over, figures='lengthrange="0.005 0.015" range="0.5 1.5"', gain='force="0.1"'):
    """What is to be put instead of what, for a muscle from above the shoulder to the end of the upper arm."""
    path = f'<spatial name="lift"><site site="above"/>{over}<site site="end"/></spatial>'
    return (
        *(MOTOR, f'<muscle name="lift" tendon="lift" {gain} {figures} ctrlrange="0 1"/>'),
        *("<actuator>", f"<tendon>{path}</tendon><actuator>", 'range="-3 3"', 'range="-3 1"'),
    )


def body(ball="", end=0.01):
    return '<body name="upper">', f'{ABOVE}{ball}<body name="upper"><site name="end" pos="{end} 0 0"/>'


def ball(size):
    return (
        f'<geom name="ball" size="{size}" pos="0.007 0 0.007" mass="0"/><site name="side" pos="0.0015 0 0.0015"/>',
        '<geom geom="ball" sidesite="side"/>',
    )


# A check, the pieces of the hanging arm that make it fail, what it says, and the pieces that it asks for.
CASES = [
    (gravity, (GEAR, GEAR.replace("1e-4", "1e-5")), "Raise gear or force", (GEAR, GEAR.replace("1e-4", "3e-4"))),
    (gravity, ('mass="2e-4"', 'mass="2e-3"'), "lower the masses", ('mass="2e-4"', 'mass="1e-4"')),
    (held, (GEAR, GEAR.replace("1e-4", "1e-5")), "Raise gear or force", (GEAR, GEAR.replace("1e-4", "3e-4"))),
    *[
        (check, (SHOULDER, f'{SHOULDER} actuatorfrcrange="-1e-5 1e-5"'), "actuatorfrcrange", (SHOULDER, SHOULDER))
        for check in (gravity, held)
    ],
    (together, shared(1), "together; check moment arms, forces and inertias.", shared(0.4)),
    (together, (GEAR, GEAR.replace("1e-4", "4e-5")), "check moment arms, forces and", (GEAR, GEAR)),
    (together, ('mass="2e-4"', 'mass="2e-3"'), "forces and inertias.", ('mass="2e-4"', 'mass="2e-4"')),
    (landmarks_check, ("0.01 0 0", "10 0 0"), "that the model is in metres", ("0.01 0 0", "0.012 0 0")),
    (
        gyration_check,
        (HINGE, f'{HINGE}<inertial pos="0.005 0 0" mass="0.0024" diaginertia="3.9e-6 3.9e-6 3.9e-6"/>'),
        "Leave out <inertial>",
        (HINGE, HINGE),
    ),
    (stressed(0), (GEAR, GEAR.replace("1e-4", "1e9")), "weaken the actuators", ()),
    (stressed(1), (GEAR, GEAR.replace("1e-4", "1e-2")), "weaken its actuators", ()),
    (
        stressed(2),
        (*WEAK, HINGE, '<joint name="elbow" range="-0.2 0.2" solreflimit="0.5 1"/>'),
        "Stiffen the limit (a smaller first solreflimit",
        (*WEAK, HINGE, '<joint name="elbow" range="-0.2 0.2" solreflimit="0.002 1"/>'),
    ),
    (
        paths,
        (*muscle(ball(0.004)[1]), *body(ball(0.004)[0])),
        "move the point",
        (*muscle(ball(0.004)[1]), *body(ball(0.004)[0], end=0.004)),
    ),
    (
        fibres,
        (*muscle("", 'lengthrange="0.005 0.015" range="2.5 3.5"'), *body()),
        "Check lengthrange and range",
        (*muscle("", 'lengthrange="0.005 0.02" range="0.6 1.5"'), *body()),
    ),
]


@pytest.mark.parametrize(("check", "wrong", "says", "right"), CASES, ids=[f"{i}-{c[2]}" for i, c in enumerate(CASES)])
def test_advice_of_a_check(build_hanging, quiet_log, check, wrong, says, right):
    failed = check(build_hanging(*wrong))
    assert not failed.passed, failed
    assert says in failed.remedy, failed
    passed = check(build_hanging(*right))
    assert passed.passed, passed


def test_advice_where_a_muscle_pushes(cable, build_hanging):
    path = '<tendon><spatial name="lift"><site site="above"/><site site="end"/></spatial></tendon><actuator>'
    motor = '<motor name="shoulder" tendon="lift" ctrlrange="0 1"/>'
    failed = pulls(build_hanging(MOTOR, motor, "<actuator>", path, *body()))
    assert not failed.passed
    assert "check gain and ctrlrange" in failed.remedy
    assert pulls(cable).passed
