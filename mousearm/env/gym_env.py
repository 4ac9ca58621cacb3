"""The face for everything that speaks Gymnasium: one arm, one episode at a time."""

import math
from collections.abc import Sequence
from typing import Any, ClassVar

import gymnasium
import mujoco
import numpy as np
from gymnasium import spaces

from mousearm.config import Config, compose
from mousearm.env.references import References, Start, Starts, prepare
from mousearm.env.task import Task
from mousearm.errors import KinematicsError, RenderError, UnknownNameError
from mousearm.render import Picture, posed


class TrackingEnv(gymnasium.Env[np.ndarray, np.ndarray]):
    """Follow a recorded reach with the arm; ``gymnasium.make("mousearm.env:mousearm/Tracking-v0")``.

    Observation: the terms of ``env.observation`` side by side, float32. Action: (nu,) in [-1, 1], mapped to the
    actuators' ranges. Reward: that of the group ``reward``. The end of a reach truncates; a diverged simulation, and
    with ``env.lost_mm`` an arm that is lost, terminates. ``info`` holds ``reach``, ``frame``, ``elbow_mm``, ``paw_mm``
    and the unweighted reward terms.
    """

    metadata: ClassVar[dict[str, Any]] = {"render_modes": ["rgb_array", "human"], "render_fps": 150}  # type: ignore[misc]

    def __init__(self, overrides: Sequence[str] = (), *, config: Config | None = None, render_mode: str | None = None):
        """Build the task of overrides, as on the command line of ``run.py``, or of a whole configuration.

        Overrides are such as ``["model=muscle", "env.path_steps=5"]``, the render mode is None, ``rgb_array`` or
        ``human`` (a window). MouseArmError if the configuration, the model or the kinematics cannot be used.
        """
        if render_mode is not None and render_mode not in self.metadata["render_modes"]:
            raise UnknownNameError("render mode", render_mode, self.metadata["render_modes"])
        self.config, arm, references = prepare(config if config is not None else compose(overrides))
        self.task = Task(arm, References(references), self.config, n=1)
        env = self.config.env
        self.task.lost_mm = env.lost_mm or math.inf
        self.starts = Starts(self.task.references, 1, env.random_start, env.sampling)
        self.render_mode = render_mode
        self.metadata = {**self.metadata, "render_fps": round(1 / env.control_dt)}  # type: ignore[misc]
        self.observation_space = spaces.Box(-np.inf, np.inf, (self.task.n_observations,), np.float32)
        self.action_space = spaces.Box(-1.0, 1.0, (arm.nu,), np.float32)
        self._picture: Picture | None = None
        self._window: Any = None

    def __getstate__(self) -> dict[str, Any]:
        """State from which a copy, or another process, continues; it opens its own picture or window when it draws."""
        return {**self.__dict__, "_picture": None, "_window": None, "_data": None}

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[np.ndarray, dict[str, Any]]:
        """Start an episode on a reach and frame drawn by the seed, or those of the options ``reach`` and ``frame``.

        Raises:
            UnknownNameError: if there is no reach of that name.
            KinematicsError: if the reach has no such frame to start from.
        """
        super().reset(seed=seed)
        start = self.starts.draw(self.np_random, np.array([0]))
        self.task.reset(np.array([0]), self._choose(start, options or {}))
        self._show()
        return self.task.observe()[0], self._info()

    def step(self, action: np.ndarray) -> tuple[np.ndarray, float, bool, bool, dict[str, Any]]:
        """One control step with an action of (nu,)."""
        outcome = self.task.step(np.asarray(action)[None])
        self.starts.add(self.task.position.reach, outcome.paw_mm, outcome.terminated, outcome.truncated)
        self._show()
        figures = {"elbow_mm": outcome.elbow_mm, "paw_mm": outcome.paw_mm, **outcome.terms}
        info = self._info() | {name: float(value[0]) for name, value in figures.items()}
        ends = bool(outcome.terminated[0]), bool(outcome.truncated[0])
        return outcome.observation[0], float(outcome.reward[0]), *ends, info

    def render(self) -> np.ndarray | None:  # type: ignore[override]
        """In the mode ``rgb_array`` the arm and its targets, (720, 960, 3) uint8; RenderError if none can be drawn."""
        if self.render_mode != "rgb_array":
            return None
        if self._picture is None:
            self._picture = Picture(self.task.arm.model).__enter__()
        state = self.task.snapshot
        return self._picture.draw(posed(self.task.arm.model, state.qpos[0], state.activation[0]), self.task.target[0])

    def close(self) -> None:
        """Close what was opened to draw."""
        for opened in (self._picture, self._window):
            if opened is not None:
                opened.__exit__(None, None, None)
        self._picture = self._window = None

    def _choose(self, drawn: Start, options: dict[str, Any]) -> Start:
        names = self.task.references.names
        name = options.get("reach", names[drawn.reach[0]])
        if name not in names:
            raise UnknownNameError("reach", name, names)
        reach = names.index(name)
        last_start = int(self.task.references.n_frames[reach]) - 2
        frame = int(options.get("frame", 0 if "reach" in options else drawn.frame[0]))
        if not 0 <= frame <= last_start:
            raise KinematicsError(f"reach '{name}' has no frame {frame} to start from; valid are 0 to {last_start}.")
        return Start(np.array([reach]), np.array([frame]))

    def _info(self) -> dict[str, Any]:
        reach, frame = self.task.position
        return {"reach": self.task.references.names[reach[0]], "frame": int(frame[0])}

    def _show(self) -> None:
        if self.render_mode != "human":
            return
        if self._window is None:
            import glfw  # what a window takes is loaded only here, so that machines without a screen need none
            from mujoco import viewer

            if not glfw.init():  # the viewer would end the process instead of raising
                raise RenderError("No window can be opened here: there is no screen. Use render_mode='rgb_array'.")
            self._data = mujoco.MjData(self.task.arm.model)
            self._window = viewer.launch_passive(self.task.arm.model, self._data)
        state = self.task.snapshot
        self._data.qpos[:], self._data.qvel[:] = state.qpos[0], state.qvel[0]
        self._data.act[:] = state.activation[0]
        mujoco.mj_forward(self.task.arm.model, self._data)
        self._window.sync()
