"""Pictures of an arm: muscles coloured by activation, targets as small spheres."""

import copy
import functools
from collections.abc import Sequence
from itertools import pairwise
from types import MappingProxyType

import mujoco
import numpy as np

from mousearm.errors import ConfigError, RenderError, UnknownNameError

# A muscle at rest and at full activation. Between them counts the square root of activation: reaching takes little.
MUSCLE_COLOURS: MappingProxyType[str, tuple[np.ndarray, np.ndarray]] = MappingProxyType(
    {
        "grey_red": (np.array([0.62, 0.56, 0.55]), np.array([0.86, 0.08, 0.10])),
        "blue_red": (np.array([0.17, 0.35, 0.80]), np.array([0.86, 0.08, 0.10])),
    }
)
# Elbow and paw, as in the figures (Okabe and Ito's colour-blind safe palette).
TARGET_COLOURS = ((0.0, 0.45, 0.70), (0.84, 0.37, 0.0))
# Azimuth and elevation of the direction in which a camera looks, degrees. The animal looks along y, z is up.
VIEWS = {"front": (-90, 0), "back": (90, 0), "side": (180, 0), "inside": (0, 0), "top": (90, -90)}
_MARGIN = 1.45  # of a view around the sphere that holds all points
# Sides of a round shape around and along, at most: without a graphics card a picture of 48 and 24 takes 1.2 to 1.6
# times as long, and looks the same.
_SLICES, _STACKS = 28, 16  # as MuJoCo has it


def check_speed(speed: float) -> None:
    """Check a speed at which a reach is shown, in seconds of the reach per second, or raise ConfigError."""
    if not 0 < speed <= 1:
        raise ConfigError(
            f"the speed {speed:g} is not above 0 and up to 1, which is real speed; 0.1 shows a reach ten times slower "
            "than it was."
        )


class Picture:
    """Draws one model off screen, without its sites, in a ``with`` statement; RenderError if this machine cannot."""

    def __init__(
        self, model: mujoco.MjModel, width: int = 960, height: int = 720, camera: str | mujoco.MjvCamera | None = None
    ):
        """Prepare pictures of some pixels of a model, which is copied because muscles change colour.

        The camera is a name of the model's (or UnknownNameError), any other, or None for its first, or the free one.
        """
        self.model = copy.copy(model)
        shown = self.model.vis.global_
        shown.offwidth, shown.offheight = max(width, shown.offwidth), max(height, shown.offheight)
        quality = self.model.vis.quality
        quality.numslices, quality.numstacks = min(_SLICES, quality.numslices), min(_STACKS, quality.numstacks)
        self._size = (height, width)
        if isinstance(camera, str) and camera not in _cameras(model):
            raise UnknownNameError("camera in the model", camera, _cameras(model))
        self._camera = (0 if model.ncam else -1) if camera is None else camera
        self._sites_hidden = mujoco.MjvOption()
        self._sites_hidden.sitegroup[:] = 0

    def __enter__(self) -> "Picture":
        if (obstacle := _obstacle()) is not None:
            raise RenderError(
                f"This machine cannot draw ({obstacle}). On a Linux machine without a screen install libegl1, "
                "libegl-mesa0 and libgl1-mesa-dri, and set MUJOCO_GL=egl before MuJoCo is imported."
            )
        self._renderer = mujoco.Renderer(self.model, *self._size)
        return self

    def __exit__(self, *_: object) -> None:
        self._renderer.close()

    def draw(
        self, data: mujoco.MjData, targets: np.ndarray | None = None, paths: np.ndarray | None = None
    ) -> np.ndarray:
        """Draw a state whose kinematics are current, (height, width, 3) uint8; its activations colour the muscles.

        Current ``targets`` of elbow and paw, (2, 3) m, are drawn as spheres, whole ``paths``, (2, T, 3) m, as lines.
        """
        colour_muscles(self.model, data.act)
        self._renderer.update_scene(data, self._camera, self._sites_hidden)
        for target, colour in zip(targets if targets is not None else (), TARGET_COLOURS, strict=False):
            add_shape(self._renderer.scene, mujoco.mjtGeom.mjGEOM_SPHERE, colour, np.full(3, 0.8e-3), target)
        for path, colour in zip(paths if paths is not None else (), TARGET_COLOURS, strict=False):
            for begin, end in pairwise(path):
                line = add_shape(self._renderer.scene, mujoco.mjtGeom.mjGEOM_LINE, colour, np.zeros(3), begin)
                if line is not None:
                    mujoco.mjv_connector(line, mujoco.mjtGeom.mjGEOM_LINE, 3.0, begin, end)
        return self._renderer.render()


def add_shape(
    scene: mujoco.MjvScene,
    kind: mujoco.mjtGeom,
    colour: Sequence[float],
    size: np.ndarray,
    centre: np.ndarray,
    opacity: float = 1.0,
) -> mujoco.MjvGeom | None:
    """Add a shape to a scene; None if the scene is full, or it has no place (NaN)."""
    if scene.ngeom >= scene.maxgeom or not np.isfinite(centre).all():
        return None
    shape = scene.geoms[scene.ngeom]
    mujoco.mjv_initGeom(shape, kind, size, centre, np.eye(3).ravel(), np.array([*colour, opacity], dtype=np.float32))
    scene.ngeom += 1
    return shape


def colour_muscles(model: mujoco.MjModel, activation: np.ndarray, colours: str = "grey_red") -> None:
    """Give the tendon of each muscle the colour of its activation, (na,), from one of `MUSCLE_COLOURS`."""
    if colours not in MUSCLE_COLOURS:
        raise UnknownNameError("pair of muscle colours", colours, MUSCLE_COLOURS)
    rest, active = MUSCLE_COLOURS[colours]
    pulls = model.actuator_trntype == mujoco.mjtTrn.mjTRN_TENDON
    muscles = np.flatnonzero(pulls & (model.actuator_actadr >= 0))
    level = np.sqrt(np.clip(activation[model.actuator_actadr[muscles]], 0, 1))[:, None]
    model.tendon_rgba[model.actuator_trnid[muscles, 0], :3] = (1 - level) * rest + level * active


def posed(model: mujoco.MjModel, qpos: np.ndarray, activation: np.ndarray | float = 0.0) -> mujoco.MjData:
    """State of a pose, (nq,), with activations, (na,) or one for all muscles, ready to be drawn."""
    data = mujoco.MjData(model)
    data.qpos[:], data.act[:] = qpos, activation
    mujoco.mj_forward(model, data)
    return data


def view(model: mujoco.MjModel, name: str | None, points: np.ndarray) -> str | mujoco.MjvCamera:
    """Find a camera by the name that people use: of the model; or, framing points, (..., 3) m, ``AZIMUTH,ELEVATION``.

    These are in degrees, or one of ``VIEWS``, or None for the side that the model prefers. UnknownNameError for others.
    """
    named = _cameras(model)
    if name is None or name in named:
        return name or framing(model, points)
    try:
        azimuth, elevation = VIEWS[name] if name in VIEWS else map(float, name.split(","))
    except ValueError:
        raise UnknownNameError("camera (of the model, a view, or AZIMUTH,ELEVATION)", name, {*named, *VIEWS}) from None
    if not np.isfinite([azimuth, elevation]).all():
        raise ConfigError(f"The camera {name} is not a direction: give AZIMUTH,ELEVATION in degrees, such as 158,-14.")
    camera = framing(model, points)
    camera.azimuth, camera.elevation = azimuth, elevation
    return camera


def framing(model: mujoco.MjModel, points: np.ndarray) -> mujoco.MjvCamera:
    """Place a camera that shows all points, (..., 3) m, from the side that the model prefers in ``visual/global``."""
    points = points.reshape(-1, 3)
    centre = (points.min(axis=0) + points.max(axis=0)) / 2
    radius = _MARGIN * float(np.linalg.norm(points - centre, axis=1).max())
    camera = mujoco.MjvCamera()
    mujoco.mjv_defaultFreeCamera(model, camera)
    camera.lookat[:] = centre
    camera.distance = radius / np.sin(np.radians(model.vis.global_.fovy) / 2)
    return camera


@functools.cache
def _obstacle() -> str | None:
    """The reason why nothing can be drawn here, or None. Tried once: MuJoCo may abort at a second failure."""
    try:
        mujoco.Renderer(mujoco.MjModel.from_xml_string("<mujoco/>"), 8, 8).close()
    except Exception as error:  # each OpenGL backend has its own exceptions, down to a plain AttributeError
        return f"{type(error).__name__}: {error}"
    return None


def _cameras(model: mujoco.MjModel) -> list[str]:
    return [model.camera(i).name for i in range(model.ncam)]
