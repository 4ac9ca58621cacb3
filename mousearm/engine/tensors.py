"""N arms as torch tensors, stepped together by the generated engine where the tensors are: on the CPU or on a GPU."""

from collections.abc import Callable, Sequence
from math import prod
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
        self._storage = torch.zeros(n * sum(map(prod, self._shapes)), dtype=dtype, device=self.device)
        parts = self._split(self._storage)
        self.qpos, self.qvel, self.activation, self.ctrl, self.force, self.torque, self.landmarks = parts
        self._step = self._bound("step", parts)
        rest = torch.as_tensor(arm.rest_qpos, dtype=dtype, device=self.device)
        self.reset(torch.ones(n, dtype=torch.bool, device=self.device), rest, torch.zeros_like(rest))

    def reset(
        self, mask: torch.Tensor, qpos: torch.Tensor, qvel: torch.Tensor, activation: torch.Tensor | float = 0.0
    ) -> None:
        """Put the simulations of a mask (N,) into a state, given for all: (N, nq), (N, nq), (N, na) or one number.

        What the mask leaves out is not touched. One row, (nq,), is for all as well.
        """
        if not isinstance(activation, torch.Tensor):
            activation = torch.full_like(self.activation, activation)
        given = zip((qpos, qvel, activation), self._parts(), strict=False)
        rows = [part.to(self.dtype).expand(own.shape).contiguous() for part, own in given]
        chosen = mask.to(torch.bool).expand(self.n).contiguous()
        self._bound("reset", [chosen, *rows, *self._parts()])()

    def step(self, ctrl: torch.Tensor) -> None:
        """Hold controls, (N, nu) within the actuators' range, for one control interval."""
        self.ctrl.copy_(ctrl)
        self._step()

    def snapshot(self) -> Snapshot:
        """The state of all simulations now, as tensors that stay as they are."""
        qpos, qvel, activation, ctrl, force, _, landmarks = self._split(self._storage.clone())
        return Snapshot(qpos, qvel, activation, ctrl, force, landmarks)

    def state(self) -> torch.Tensor:
        """(N, n) all that snapshots, torques and the next step depend on; a copy."""
        return torch.cat([part.flatten(1) for part in self._parts()], dim=1)

    def restore(self, state: torch.Tensor) -> None:
        """Restore what ``state`` returned, to the bit; ValueError if it is of other simulations."""
        widths = list(map(prod, self._shapes))
        if state.shape != (self.n, sum(widths)):
            raise ValueError(f"states of simulations of the shape {tuple(state.shape)}, here {(self.n, sum(widths))}")
        for part, saved in zip(self._parts(), state.split(widths, dim=1), strict=True):
            part.copy_(saved.reshape(part.shape))

    @property
    def _shapes(self) -> list[tuple[int, ...]]:
        """Shapes of the parts of one simulation, in the order of the engine's arguments."""
        nq, nu, na = self.arm.nq, self.arm.nu, self.arm.na
        return [(nq,), (nq,), (na,), (nu,), (nu,), (nq,), (len(LANDMARKS), 3)]

    def _split(self, storage: torch.Tensor) -> list[Any]:
        """The parts (N, ...) of a storage, one after the other, so that one operation copies all of them."""
        parts = storage.split([self.n * prod(shape) for shape in self._shapes])
        return [part.view(self.n, *shape) for part, shape in zip(parts, self._shapes, strict=True)]

    def _parts(self) -> list[torch.Tensor]:
        return [self.qpos, self.qvel, self.activation, self.ctrl, self.force, self.torque, self.landmarks]

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
