"""The viewer in a browser: a page that this program serves, and the meshes whose copies make up its scene."""

import queue
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import redirect_stdout, suppress
from typing import Any, NamedTuple

import mujoco
import numpy as np
import trimesh
import viser
from scipy.spatial.transform import Rotation

from mousearm.render import framing
from mousearm.view.door import Door
from mousearm.view.panel import Command, Panel
from mousearm.view.playback import Playback
from mousearm.view.scene import Scene

_MOST_WAITING = 100  # commands; who sends more has no use for them
_FRAME_S = 1 / 30
_AMBIENT_LIGHT = 0.4
# The browser's scene is in millimetres, because its camera sees nothing that is nearer than a hundredth of a unit.
_UNITS = 1e3
_LEAST_ROOM = 64  # shapes; most changes of their number fit into it
_GEOM = mujoco.mjtGeom
_MESHES = {
    _GEOM.mjGEOM_SPHERE: "ball",
    _GEOM.mjGEOM_ELLIPSOID: "ball",
    _GEOM.mjGEOM_CAPSULE: "rod",
    _GEOM.mjGEOM_CYLINDER: "rod",
    _GEOM.mjGEOM_BOX: "box",
    _GEOM.mjGEOM_MESH: "mesh",
}
_ENDLESS_M = 1.0  # size of a plane without end, which has size 0 in MuJoCo
_PLANE_M = 1e-6


class Kind(NamedTuple):
    """Mesh and look that instances share."""

    shape: str  # ball, rod, box, which reach from -1 to 1 along each axis, or mesh
    number: int  # of the mesh in the model; -1 for the others
    translucent: bool


Arrays = Mapping[str, np.ndarray]
"""N shapes of one kind as viser takes them: ``batched_positions`` and ``batched_scales`` (N, 3) in mm,
``batched_wxyzs`` (N, 4), ``batched_colors`` (N, 3) linear amounts of light, ``batched_opacities`` (N,) if translucent.
"""


def watch_in_browser(playback: Playback, port: int) -> None:
    """Serve a playback until Ctrl-C; ConfigError if there is no such port."""
    viewer = BrowserViewer(playback, port)
    print(_invitation(viewer.door), flush=True)
    last = time.monotonic()
    try:
        while True:
            now = time.monotonic()
            playback.advance(now - last)
            last = now
            if viewer.obey() or playback.playing:
                viewer.draw()
            time.sleep(_FRAME_S)
    finally:
        viewer.close()


class BrowserViewer:
    """A playback on a page. All who open it see, and steer, the same."""

    def __init__(self, playback: Playback, port: int):
        """Serve the page at a port, or the next one that is free; 0 takes any that is free."""
        self._playback, self._scene = playback, Scene(playback.simulator.arm)
        self._commands: queue.Queue[Command] = queue.Queue(_MOST_WAITING)
        self.door = Door(port)
        with self.door.in_front(), redirect_stdout(None):  # viser prints addresses too, without the token
            self._server = viser.ViserServer(label="mousearm", verbose=False)
        # What a browser says that a control cannot be is dropped without a traceback.
        self._server.get_event_loop().set_exception_handler(lambda _loop, _context: None)
        self._server.scene.configure_environment_map(environment_intensity=_AMBIENT_LIGHT)
        self._server.gui.main_panel.dock_right()
        self._batches = Batches(self._server.scene, self._scene.model)
        self._panel = Panel(self._server.gui, playback, self._order)
        self._look()
        self.draw()

    def obey(self) -> bool:
        """Carry out the commands that came from browsers since the last call; True if there were any."""
        waiting = self._commands.qsize()
        for _ in range(waiting):
            self._commands.get()(self._playback)
        return waiting > 0

    def _order(self, command: Command) -> None:
        with suppress(queue.Full):
            self._commands.put_nowait(command)

    def draw(self) -> None:
        """Show the present state of the playback."""
        found = instances_of(self._scene.everything(self._playback))
        with self._server.atomic():
            self._batches.show(found)
            self._panel.refresh()

    def close(self) -> None:
        """Stop serving."""
        self._server.stop()

    def _look(self) -> None:
        """Let browsers begin with a view of the whole reach."""
        camera, view = framing(self._scene.model, self._playback.trial.points), self._server.initial_camera
        azimuth, elevation = np.radians([camera.azimuth, camera.elevation])
        ahead = np.array([np.cos(elevation) * np.cos(azimuth), np.cos(elevation) * np.sin(azimuth), np.sin(elevation)])
        view.look_at = _UNITS * camera.lookat
        view.position = _UNITS * (camera.lookat - camera.distance * ahead)
        view.fov = float(np.radians(self._scene.model.vis.global_.fovy))


class Batches:
    """Shapes in a browser: one batch of copies per mesh, whose arrays are sent when they change."""

    def __init__(self, api: viser.SceneApi, model: mujoco.MjModel):
        """Start with an empty scene, in which meshes of the model may be."""
        self._api, self._model = api, model
        self._handles: dict[Kind, viser.BatchedMeshHandle] = {}

    def show(self, found: Mapping[Kind, Arrays]) -> None:
        """Draw these, and nothing else."""
        for kind, handle in self._handles.items():
            handle.visible = kind in found
        for kind, instances in found.items():
            self._show(kind, instances)

    def _show(self, kind: Kind, instances: Arrays) -> None:
        """Draw all shapes of one kind; what there is room for beyond them has no size."""
        handle = self._handles.get(kind)
        needed = max(_LEAST_ROOM, 1 << (len(instances["batched_positions"]) - 1).bit_length())
        room = needed if handle is None else max(needed, len(handle.batched_positions))
        arrays = {name: _filled(rows, room) for name, rows in instances.items()}
        if handle is not None and room == len(handle.batched_positions):
            for name, rows in arrays.items():
                setattr(handle, name, rows)
            return
        if handle is not None:
            handle.remove()
        vertices, faces = mesh_of(kind, self._model)
        # A larger batch gets another name: under the same one, browsers continue to draw the smaller batch.
        name = f"/{kind.shape}{kind.number}{'_translucent' * kind.translucent}_{room}"
        self._handles[kind] = self._api.add_batched_meshes_simple(
            name, vertices, faces, lod="off", cast_shadow=not kind.translucent, **arrays
        )


def instances_of(scene: mujoco.MjvScene) -> Mapping[Kind, Arrays]:
    """Find all shapes of a scene, by kind.

    Spheres, ellipsoids, capsules, cylinders, boxes, planes and meshes; other kinds (height fields, skins, flexes, which
    arms hardly have) are left out.
    """
    found: dict[Kind, list[tuple[mujoco.MjvGeom, float, np.ndarray]]] = defaultdict(list)
    for shape in scene.geoms[: scene.ngeom]:
        for mesh, offset, scale in _parts(shape):
            number = shape.dataid // 2 if mesh == "mesh" else -1  # the odd ones are convex hulls
            found[Kind(mesh, number, bool(shape.rgba[3] < 1))].append((shape, offset, scale))
    return {kind: _gather(*zip(*members, strict=True)) for kind, members in found.items()}


def mesh_of(kind: Kind, model: mujoco.MjModel) -> tuple[np.ndarray, np.ndarray]:
    """Mesh of which instances of a kind are copies: vertices (V, 3) and triangles (F, 3)."""
    if kind.shape == "mesh":
        first, n = model.mesh_vertadr[kind.number], model.mesh_vertnum[kind.number]
        begin, count = model.mesh_faceadr[kind.number], model.mesh_facenum[kind.number]
        return model.mesh_vert[first : first + n], model.mesh_face[begin : begin + count]
    made = {
        "ball": lambda: trimesh.creation.icosphere(subdivisions=3),
        "rod": lambda: trimesh.creation.cylinder(radius=1, height=2, sections=24),
        "box": lambda: trimesh.creation.box(extents=(2, 2, 2)),
    }[kind.shape]()
    return made.vertices, made.faces


def _parts(shape: mujoco.MjvGeom) -> Iterator[tuple[str, float, np.ndarray]]:
    """Meshes that make up a shape of MuJoCo's, with their offset along its z axis, m, and their scales."""
    size, kind = np.array(shape.size, dtype=float), shape.type
    if kind in _MESHES:
        yield _MESHES[kind], 0.0, np.ones(3) if kind == _GEOM.mjGEOM_MESH else size
    if kind == _GEOM.mjGEOM_CAPSULE:
        for side in (-1, 1):
            yield "ball", side * size[2], np.full(3, size[0])
    if kind == _GEOM.mjGEOM_PLANE:
        yield "box", 0.0, np.array([*np.where(size[:2] > 0, size[:2], _ENDLESS_M), _PLANE_M])


def _gather(shapes: Sequence[mujoco.MjvGeom], offsets: Sequence[float], scales: Sequence[np.ndarray]) -> Arrays:
    turns = np.array([shape.mat for shape in shapes], dtype=float).reshape(-1, 3, 3)
    colours = np.array([shape.rgba for shape in shapes], dtype=float)
    centres = np.array([shape.pos for shape in shapes]) + np.array(offsets)[:, None] * turns[:, :, 2]
    arrays = {
        "batched_positions": _UNITS * centres,
        "batched_wxyzs": Rotation.from_matrix(turns).as_quat(scalar_first=True),
        "batched_scales": _UNITS * np.array(scales),
        "batched_colors": colours[:, :3] ** 2.2,  # MuJoCo's are sRGB, which is nearly that power
    }
    return arrays | ({"batched_opacities": colours[:, 3]} if (colours[:, 3] < 1).any() else {})


def _filled(rows: np.ndarray, n: int) -> Any:
    """Rows of zeros after the others, up to n."""
    return np.concatenate([rows, np.zeros((n - len(rows), *rows.shape[1:]))]).astype(np.float32)


def _invitation(door: Door) -> str:
    return (
        f"Open http://localhost:{door.port}{door.path} in a browser. Ctrl-C here ends it.\n"
        "Anyone who knows the address sees and controls the same. If you sit at another\n"
        "machine, run this there first:\n"
        f"  ssh -L {door.port}:localhost:{door.port} USER@THIS_MACHINE"
    )
