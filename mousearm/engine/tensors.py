"""N arms as torch tensors, stepped together by the generated engine where the tensors are: on the CPU or on a GPU."""

from collections.abc import Callable, Sequence
from typing import Any

import torch

from mousearm.engine.build import Library
from mousearm.engine.check import compare, demand, load_engine, with_time_step
from mousearm.engine.cuda import CudaLibrary, build_cuda
from mousearm.engine.source import engine_source
from mousearm.model.arm import Arm
from mousearm.trajectory import LANDMARKS, Snapshot

_SUFFIXES = {torch.float32: "f32", torch.float64: "f64"}


class TensorSimulation:
    """N simulations of one arm by its generated engine; all tensors stay where they are, so that a graph can hold them.

    ``qpos`` (N, nq) rad, ``qvel`` (N, nq) rad/s, ``activation`` (N, na) 0 to 1; ``ctrl`` (N, nu) of the last step,
    ``force`` (N, nu) of the actuators and ``torque`` (N, nq) N m of all of them in its last substep; ``landmarks``
    (N, 3, 3) shoulder, elbow and paw, metres, world frame, current with qpos. A simulation that diverges holds numbers
    that are not finite, in its own row alone, until it is reset. Nothing here waits for the device.
    """

    def __init__(
        self,
        arm: Arm,
        n: int,
        control_dt: float,
        n_substeps: int,
        device: torch.device | str = "cpu",
        dtype: torch.dtype = torch.float32,
    ):
        """Build n simulations at the rest pose, with ``n_substeps`` physics steps in each ``control_dt`` s.

        The engine is compiled where it is the first of its model, and held against MuJoCo before it is used, on the GPU
        too. EngineError or CompilerError as of `load_engine` and `build_cuda`.
        """
        self.arm, self.n, self.control_dt, self.n_substeps = arm, n, control_dt, n_substeps
        self.device, self.dtype = torch.device(device), dtype
        self._library = self._built()
        self.qpos = self._zeros(arm.nq) + torch.as_tensor(arm.rest_qpos, dtype=dtype, device=device)
        self.qvel, self.activation = self._zeros(arm.nq), self._zeros(arm.na)
        self.ctrl, self.force, self.torque = self._zeros(arm.nu), self._zeros(arm.nu), self._zeros(arm.nq)
        self.landmarks = self._zeros(len(LANDMARKS), 3)
        self._marks = torch.zeros_like(self.landmarks)  # of all arms, those that a reset leaves alone too
        self._step, self._mark = self._bound("step", self._parts()), self._bound("marks", (self.qpos, self._marks))
        self._mark()
        self.landmarks.copy_(self._marks)

    def reset(
        self, mask: torch.Tensor, qpos: torch.Tensor, qvel: torch.Tensor, activation: torch.Tensor | float = 0.0
    ) -> None:
        """Put the simulations of a mask (N,) into a state, given for all: (N, nq), (N, nq), (N, na) or one number.

        What the mask leaves out is not touched, nor are its rows of the arguments read for more than to be left out.
        """
        rows = mask[:, None]
        for own, given in ((self.qpos, qpos), (self.qvel, qvel), (self.activation, activation)):
            own.copy_(torch.where(rows, given, own))
        for own in (self.ctrl, self.force, self.torque):
            own.masked_fill_(rows, 0.0)
        self._mark()
        self.landmarks.copy_(torch.where(rows[:, :, None], self._marks, self.landmarks))

    def step(self, ctrl: torch.Tensor) -> None:
        """Hold controls, (N, nu) within the actuators' range, for one control interval."""
        self.ctrl.copy_(ctrl)
        self._step()

    def snapshot(self) -> Snapshot:
        """The state of all simulations now, as tensors that stay as they are."""
        parts: tuple[Any, ...] = (self.qpos, self.qvel, self.activation, self.ctrl, self.force, self.landmarks)
        return Snapshot(*(part.clone() for part in parts))

    def state(self) -> torch.Tensor:
        """(N, n) all that snapshots, torques and the next step depend on; a copy."""
        return torch.cat([part.flatten(1) for part in self._parts()], dim=1)

    def restore(self, state: torch.Tensor) -> None:
        """Restore what ``state`` returned, to the bit; ValueError if it is of other simulations."""
        parts = self._parts()
        widths = [part.flatten(1).shape[1] for part in parts]
        if state.shape != (self.n, sum(widths)):
            raise ValueError(f"states of simulations of the shape {tuple(state.shape)}, here {(self.n, sum(widths))}")
        for part, saved in zip(parts, state.split(widths, dim=1), strict=True):
            part.copy_(saved.reshape(part.shape))

    def _parts(self) -> tuple[torch.Tensor, ...]:
        """The storage, in the order of the engine's arguments."""
        return self.qpos, self.qvel, self.activation, self.ctrl, self.force, self.torque, self.landmarks

    def _zeros(self, *shape: int) -> torch.Tensor:
        return torch.zeros(self.n, *shape, dtype=self.dtype, device=self.device)

    def _bound(self, name: str, parts: Sequence[torch.Tensor]) -> Callable[[], None]:
        """A function of the engine, on all rows of these tensors."""
        return self._library.bind(f"{name}_{_SUFFIXES[self.dtype]}", self.n, [part.data_ptr() for part in parts])

    def _built(self) -> Library | CudaLibrary:
        model, landmarks = with_time_step(self.arm, self.control_dt, self.n_substeps), self.arm.landmarks
        if self.device.type == "cpu":
            return load_engine(model, landmarks, self.n_substeps).library
        library = build_cuda(engine_source(model, landmarks, self.n_substeps), self.device)
        demand(compare(library.on_arrays, model, landmarks, self.n_substeps))
        return library
