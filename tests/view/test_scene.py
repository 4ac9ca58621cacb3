from types import SimpleNamespace

import mujoco
import numpy as np
import pytest

from mousearm.render import MUSCLE_COLOURS, framing
from mousearm.view import Playback, simulator_of_config
from mousearm.view.browser import Kind, instances_of, mesh_of
from mousearm.view.playback import status_text
from mousearm.view.scene import GHOST_RGBA, POINT_COLOURS, Scene

DT = 1 / 150


@pytest.fixture
def playback(build_simulator):
    playback = Playback(build_simulator())
    playback.play_or_pause()
    return playback


def shapes(scene, playback, kind):
    """(position, colour and opacity, size) of the extras of a kind, in the order in which they were added."""
    scene.pose(playback)
    drawn = mujoco.MjvScene(scene.model, 1000)
    scene.add_extras(drawn, playback)
    return [(g.pos.copy(), g.rgba.copy(), g.size.copy()) for g in drawn.geoms[: drawn.ngeom] if g.type == kind]


def test_every_point_stands_in_its_larger_translucent_target(playback, two_link):
    playback.seek(3 * DT)
    balls = shapes(Scene(two_link), playback, mujoco.mjtGeom.mjGEOM_SPHERE)
    for (point, target), colour, mark, aim in zip(
        zip(balls[::2], balls[1::2], strict=True),
        POINT_COLOURS,
        playback.trial.landmarks[3],
        playback.trial.targets[3],
        strict=True,
    ):
        np.testing.assert_allclose(point[0], mark, atol=1e-7)
        np.testing.assert_allclose(target[0], aim, atol=1e-7)
        np.testing.assert_allclose([point[1][:3], target[1][:3]], [colour, colour], atol=1e-6)
        assert point[1][3] == 1 > target[1][3]
        assert point[2][0] < target[2][0]


def test_a_line_leads_from_a_point_to_its_target(build_simulator, hanging):
    playback = Playback(build_simulator(arm=hanging))
    playback.switch_controller()
    playback.seek(6 * DT)
    lines = shapes(Scene(hanging), playback, mujoco.mjtGeom.mjGEOM_CYLINDER)[:3]
    moment = playback.frame
    np.testing.assert_allclose([line[0] for line in lines], (moment.landmarks + moment.targets) / 2, atol=1e-6)
    lengths = 2 * np.array([line[2][2] for line in lines])
    np.testing.assert_allclose(1e3 * lengths, moment.errors_mm, atol=1e-3)
    assert moment.errors_mm[2] > 1


@pytest.mark.parametrize("frame", [0, 4, 9])
def test_the_path_behind_is_told_from_the_path_ahead(playback, two_link, frame):
    playback.seek(frame * DT)
    path = shapes(Scene(two_link), playback, mujoco.mjtGeom.mjGEOM_CYLINDER)[3:]  # the first three join points
    assert len(path) == 2 * 9  # elbow and paw, between 10 frames
    for pieces in (path[:9], path[9:]):
        opacity, radius = (np.array([piece[i][j] for piece in pieces]) for i, j in ((1, 3), (2, 0)))
        np.testing.assert_array_equal(opacity == 1, np.arange(9) < frame)
        assert frame in (0, 9) or radius[:frame].min() > radius[frame:].max()


def drawn(arrays):
    """Arrays of viser in metres and MuJoCo's colours."""
    names = {"position": "batched_positions", "scale": "batched_scales", "wxyz": "batched_wxyzs"}
    colours = {"colour": arrays["batched_colors"] ** (1 / 2.2), "opacity": arrays.get("batched_opacities")}
    metres = {name: arrays[key] / (1 if name == "wxyz" else 1e3) for name, key in names.items()}
    return SimpleNamespace(**metres, **colours)


def ghost_balls(scene, playback):
    """Where the ghost's balls are: the hanging arm has one at the elbow and one at the paw."""
    balls = drawn(instances_of(scene.everything(playback))[Kind("ball", -1, True)])
    return balls.position[np.isclose(balls.colour, GHOST_RGBA[:3]).all(axis=1)]


def test_the_ghost_stands_where_the_reference_is(build_simulator, hanging):
    playback = Playback(build_simulator(arm=hanging))
    playback.switch_controller()
    playback.seek(6 * DT)
    scene = Scene(hanging)
    assert not len(ghost_balls(scene, playback))
    playback.ghost = True
    np.testing.assert_allclose(ghost_balls(scene, playback), playback.frame.targets[1:], atol=1e-6)


@pytest.mark.parametrize("colours", MUSCLE_COLOURS)
def test_muscles_have_the_colours_of_their_activation(build_simulator, cable, colours):
    playback = Playback(build_simulator(arm=cable), colours=colours)
    rest, active = MUSCLE_COLOURS[colours]
    playback.trial.activation[:] = 0.25
    scene = Scene(cable)
    scene.pose(playback)
    np.testing.assert_allclose(scene.model.tendon_rgba[0, :3], (rest + active) / 2, atol=1e-6)  # by the square root
    assert "red when active" in status_text(playback)["muscles"]


def test_the_arm_itself_is_drawn_where_it_is(playback, two_link):
    scene = Scene(two_link)
    playback.seek(5 * DT)
    rods = drawn(instances_of(scene.everything(playback))[Kind("rod", -1, False)])
    shoulder, elbow, paw = playback.trial.landmarks[5]
    np.testing.assert_allclose(rods.position[:2], [(shoulder + elbow) / 2, (elbow + paw) / 2], atol=1e-6)
    np.testing.assert_allclose(rods.scale[:2], [[0.001, 0.001, 0.005]] * 2, atol=1e-7)


def test_colours_of_the_scene_are_its_own(build_simulator, muscle_arm, configure):
    playback = Playback(simulator_of_config(configure("model=muscle")))
    arm = playback.simulator.arm
    before = arm.model.tendon_rgba.copy()
    Scene(arm).pose(playback)
    np.testing.assert_array_equal(arm.model.tendon_rgba, before)


def test_the_camera_sees_the_whole_reach(playback, two_link):
    camera = framing(two_link.model, playback.trial.points)
    points = np.concatenate([playback.trial.landmarks, playback.trial.targets]).reshape(-1, 3)
    reach = np.linalg.norm(points - camera.lookat, axis=1).max()
    half_angle = np.radians(two_link.model.vis.global_.fovy) / 2
    assert reach < camera.distance * np.sin(half_angle)


def test_what_is_said(build_simulator, hanging, still):
    playback = Playback(build_simulator(still([0.0, 0.0]), hanging), "short", 0.05)
    playback.seek(2 * DT)
    said = status_text(playback)
    assert said["reach"] == "short (2 of 2)"
    assert said["time"] == "13 of 33 ms"
    assert said["speed"] == "0.05 of real time"
    assert said["paw error"] == f"{playback.frame.errors_mm[2]:.3f} mm"
    assert said["controller"] == "on"
    assert "muscles" not in said
    playback.switch_controller()
    playback.play_or_pause()
    assert status_text(playback)["controller"] == "off, controls at rest"
    assert status_text(playback)["speed"] == "0.05 of real time, paused"
    assert "reference" in status_text(Playback(build_simulator()))


@pytest.mark.usefixtures("quiet_log")
def test_it_is_said_that_a_simulation_came_apart(build_simulator, explosive, still):
    playback = Playback(build_simulator(still([0.0, 1.0]), explosive))
    assert status_text(playback)["simulation"].startswith("diverged after ")


# One shape of each kind that MuJoCo draws, and what a browser makes of it.
ZOO = """
<mujoco>
  <asset><mesh name="wedge" vertex="0 0 0  1 0 0  0 1 0  0 0 1"/></asset>
  <worldbody>
    <geom type="sphere" size="0.1"/>
    <geom type="ellipsoid" size="0.1 0.2 0.3" pos="1 0 0"/>
    <geom type="capsule" size="0.1 0.4" pos="2 0 0" euler="90 0 0"/>
    <geom type="cylinder" size="0.1 0.4" pos="3 0 0" rgba="1 0 0 0.5"/>
    <geom type="box" size="0.1 0.2 0.3" pos="4 0 0"/>
    <geom type="plane" size="0 2 1" pos="5 0 0"/>
    <geom type="mesh" mesh="wedge" pos="6 0 0"/>
  </worldbody>
</mujoco>
"""


@pytest.fixture(scope="module")
def zoo():
    model = mujoco.MjModel.from_xml_string(ZOO)
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    scene = mujoco.MjvScene(model, 100)
    everything = mujoco.mjtCatBit.mjCAT_ALL
    mujoco.mjv_updateScene(model, data, mujoco.MjvOption(), None, mujoco.MjvCamera(), everything, scene)
    return model, data, {kind: drawn(arrays) for kind, arrays in instances_of(scene).items()}


def test_shapes_become_instances_of_few_meshes(zoo):
    found = zoo[2]
    assert set(found) == {
        Kind("ball", -1, False),
        Kind("rod", -1, False),
        Kind("rod", -1, True),
        Kind("box", -1, False),
        Kind("mesh", 0, False),
    }
    balls = found[Kind("ball", -1, False)]
    # The capsule lies along -y: its ends are 0.4 from its middle.
    np.testing.assert_allclose(
        balls.position[np.lexsort(balls.position.T[::-1])], [[0, 0, 0], [1, 0, 0], [2, -0.4, 0], [2, 0.4, 0]], atol=1e-6
    )
    np.testing.assert_allclose(sorted(balls.scale[:, 2]), [0.1, 0.1, 0.1, 0.3], atol=1e-6)
    rod = found[Kind("rod", -1, False)]
    np.testing.assert_allclose(rod.scale, [[0.1, 0.1, 0.4]], atol=1e-6)
    np.testing.assert_allclose(np.abs(rod.wxyz), [[np.sqrt(0.5), np.sqrt(0.5), 0, 0]], atol=1e-6)
    glass = found[Kind("rod", -1, True)]
    np.testing.assert_allclose([*glass.colour[0], glass.opacity[0]], [1, 0, 0, 0.5])
    boxes = found[Kind("box", -1, False)].scale
    np.testing.assert_allclose(boxes, [[0.1, 0.2, 0.3], [1, 2, 1e-6]], atol=1e-5)  # 0 is an endless plane's size


def test_a_mesh_is_where_the_model_has_it(zoo):
    model, data, found = zoo
    kind = Kind("mesh", 0, False)
    vertices, faces = mesh_of(kind, model)
    assert (len(vertices), len(faces)) == (4, 4)
    turn = data.geom_xmat[6].reshape(3, 3)
    placed = vertices @ turn.T + found[kind].position[0]
    np.testing.assert_allclose(
        sorted(placed.round(5).tolist()), [[6, 0, 0], [6, 0, 1], [6, 1, 0], [7, 0, 0]], atol=1e-6
    )


@pytest.mark.parametrize(("shape", "volume"), [("ball", 4 / 3 * np.pi), ("rod", 2 * np.pi), ("box", 8.0)])
def test_meshes_reach_from_minus_one_to_one_and_are_closed(zoo, shape, volume):
    vertices, faces = mesh_of(Kind(shape, -1, False), zoo[0])
    np.testing.assert_allclose([vertices.min(axis=0), vertices.max(axis=0)], [[-1] * 3, [1] * 3], atol=0.01)
    a, b, c = (vertices[faces[:, i]] for i in range(3))
    assert np.einsum("ij,ij->i", a, np.cross(b, c)).sum() / 6 == pytest.approx(volume, rel=0.02)  # faces look outward
