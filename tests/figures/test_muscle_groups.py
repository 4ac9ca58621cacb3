from dataclasses import replace

import numpy as np

from mousearm.figures import muscle_groups

# As the anatomy has it; Anconeus flexes in the published model, see docs/model.md: its arm is that of the flexors.
EXPECTED = {
    "shoulder": {
        "Pectoralis_Clavicle_Head",
        "Pectoralis_Major_Anterior",
        "Pectoralis_Major_Posterior",
        "Latissimus_Dorsi_Rostral",
        "Latissimus_Dorsi_Caudal",
        "Deltoid_Medial",
        "Deltoid_Posterior",
        "Subscapularis_SuperiorHead",
        "Infraspinatus",
    },
    "elbow flexors": {
        "Biceps_Short_Head",
        "Biceps_Long_Head",
        "Brachialis_Proximal_Head",
        "Brachialis_Distal_Head",
        "Brachioradialis",
        "PronatorTeres",
        "Anconeus",
    },
    "elbow extensors": {"Triceps_Long_Head", "Triceps_Lat_Head", "Triceps_Medial_Head", "Anconeus_Short_Head"},
    "wrist angle": {"FlexorCarpiRadialis"},
}


def named(reaches):
    names = reaches[0].signals["activation"].columns
    return {group.name: {names[muscle] for muscle in group.muscles} for group in muscle_groups(reaches)}


def test_the_shipped_arm_is_grouped_as_anatomists_do(muscles):
    found = named(muscles.reaches)
    assert found == EXPECTED
    assert list(found) == list(EXPECTED)  # from the shoulder outwards


def test_one_reach_is_enough(muscles):
    assert all(named([reach]) == EXPECTED for reach in muscles.reaches)


def test_an_elbow_that_counts_the_other_way_has_the_same_flexors(muscles, change):
    flip = np.array([1, 1, 1, -1, 1, 1])  # elbow_flex
    turned = [change(reach, qpos=lambda q: q * flip, moment_arm=lambda r: r * flip) for reach in muscles.reaches]
    assert named(turned) == EXPECTED


def test_the_order_of_muscles_makes_no_difference(muscles):
    order = np.random.default_rng(0).permutation(21)

    def shuffled(reach):
        signals = dict(reach.signals)
        act, arms = signals["activation"], signals["moment_arm"]
        names = tuple(act.columns[i] for i in order)
        signals["activation"] = replace(act, values=act.values[:, order], columns=names)
        signals["moment_arm"] = replace(arms, values=arms.values[:, order], rows=names)
        return replace(reach, signals=signals)

    other = [shuffled(reach) for reach in muscles.reaches]
    first, second = (
        [[reaches[0].signals["activation"].columns[i] for i in group.muscles] for group in muscle_groups(reaches)]
        for reaches in (muscles.reaches, other)
    )
    assert first == second


def test_every_muscle_is_in_one_group(muscles):
    groups = muscle_groups(muscles.reaches)
    assert sorted(muscle for group in groups for muscle in group.muscles) == list(range(21))


def test_within_a_group_the_main_joint_and_its_direction_come_first(muscles):
    arms = np.concatenate([reach.signals["moment_arm"].values for reach in muscles.reaches]).mean(axis=0)
    for group in muscle_groups(muscles.reaches):
        joints = [int(np.abs(arms[muscle]).argmax()) for muscle in group.muscles]
        assert joints == sorted(joints)
        for joint in set(joints):
            own = [arms[m, joint] for m, j in zip(group.muscles, joints, strict=True) if j == joint]
            assert own == sorted(own, reverse=True)


def test_without_moment_arms_the_order_is_the_model_s(muscles, without):
    (group,) = muscle_groups(without(muscles, "moment_arm").reaches)
    assert group == ("muscles", list(range(21)))
