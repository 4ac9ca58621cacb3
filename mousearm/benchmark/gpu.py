"""The generated engine on a GPU: agreement with the CPU and with MuJoCo, speed, and learning with it.

All figures are for JSON; times are of one machine with nothing else to do.
"""

import os
import platform
import time
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from typing import Any, NamedTuple

import numpy as np
import torch

from mousearm.config import Config, compose
from mousearm.engine.tensors import TensorSimulation
from mousearm.model import Arm, load_arm
from mousearm.simulation import MujocoSimulation
from mousearm.trajectory import PAW, errors_mm

ARMS = ("torque", "muscle")
TYPES = {"float32": torch.float32, "float64": torch.float64}
_SIZES = (1024, 4096, 16384, 65536)
_STEPS = 49  # of a recorded reach
_COMPARED = 256  # arms, with MuJoCo
_ASIDE = 1e-6  # rad
_PACKAGES = ("mujoco", "numpy", "torch", "cuda-bindings", "nvidia-cuda-nvrtc", "nvidia-cuda-nvrtc-cu12")


class Drive(NamedTuple):
    """Starts of N arms anywhere in their joints' ranges, and controls of T steps over their whole range."""

    qpos: np.ndarray  # (N, nq) rad
    qvel: np.ndarray  # (N, nq) rad/s
    activation: np.ndarray  # (N, na)
    ctrl: np.ndarray  # (T, N, nu)


class Course(NamedTuple):
    """Path of N arms in T control steps."""

    qpos: np.ndarray  # (T, N, nq) rad
    paw: np.ndarray  # (T, N, 3) m


def random_drive(arm: Arm, n: int, seed: int = 0) -> Drive:
    """A drive of n arms that differs for every arm and step; velocities have a standard deviation of 2 rad/s.

    All numbers are those of single precision, so that it is the same drive for every type of numbers.
    """
    rng = np.random.default_rng(seed)
    low, high = np.clip(arm.qpos_range, -np.pi, np.pi).T
    weak, strong = arm.ctrl_range.T
    rows = (
        rng.uniform(low, high, (n, arm.nq)),
        rng.normal(0.0, 2.0, (n, arm.nq)),
        rng.uniform(0.0, 1.0, (n, arm.na)),
        rng.uniform(weak, strong, (_STEPS, n, arm.nu)),
    )
    return Drive(*(part.astype(np.float32).astype(float) for part in rows))


def course_on(simulation: TensorSimulation, drive: Drive) -> Course:
    """The course of a drive, by the generated engine, where the simulation's tensors are."""

    def tensor(rows: np.ndarray) -> torch.Tensor:
        return torch.as_tensor(rows, dtype=simulation.dtype, device=simulation.device)

    everyone = torch.ones(simulation.n, dtype=torch.bool, device=simulation.device)
    simulation.reset(everyone, tensor(drive.qpos), tensor(drive.qvel), tensor(drive.activation))
    qpos, paw = [], []
    for ctrl in tensor(drive.ctrl):
        simulation.step(ctrl)
        qpos.append(simulation.qpos.clone())
        paw.append(simulation.landmarks[:, PAW].clone())
    return Course(*(torch.stack(rows).double().cpu().numpy() for rows in (qpos, paw)))


def course_by_mujoco(arm: Arm, config: Config, drive: Drive) -> Course:
    """The course of a drive, by MuJoCo."""
    n = len(drive.qpos)
    simulation = MujocoSimulation(arm, n, config.env.control_dt, config.env.n_substeps)
    simulation.reset(np.arange(n), drive.qpos, drive.qvel, drive.activation)
    qpos, paw = [], []
    for ctrl in drive.ctrl:
        simulation.step(ctrl)
        now = simulation.snapshot()
        qpos.append(now.qpos)
        paw.append(now.landmarks[:, PAW])
    return Course(np.array(qpos), np.array(paw))


def apart(one: Course, other: Course) -> dict[str, float]:
    """Differences of two courses of the same drive: mean, largest, and the number of arms that differ by 1e-3 mm."""
    mm, rad = errors_mm(one.paw, other.paw), np.abs(one.qpos - other.qpos)
    figures = {"paw_mm_mean": mm.mean(), "paw_mm_worst": mm.max(), "rad_worst": rad.max()}
    return {name: float(value) for name, value in figures.items()} | {
        "arms_over_1e-3_mm": int((mm.max(0) > 1e-3).sum())
    }


def machine() -> dict[str, Any]:
    """GPU, driver and versions."""
    found: dict[str, Any] = {"python": platform.python_version(), "processors": os.cpu_count()}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = None
    found["cuda_of_torch"] = torch.version.cuda
    if torch.cuda.is_available():
        gpu = torch.cuda.get_device_properties(0)
        found |= {"gpu": gpu.name, "multiprocessors": gpu.multi_processor_count, "memory_gib": gpu.total_memory / 2**30}
        found["capability"] = f"{gpu.major}.{gpu.minor}"
    return found


def kernels(model: str, device: str = "cuda") -> dict[str, Any]:
    """Agreement of one arm's engine on a device with MuJoCo and with the engine on the CPU, and with itself.

    256 arms perform 49 steps of random controls. ``same_bits_twice``: a second simulation gives the same numbers;
    ``alone_the_same``: so does an arm that is simulated alone. What float32 is to be measured by: ``mujoco_from_aside``
    is how far MuJoCo itself comes out when the start is 1e-6 rad aside, since the force of a limit sets in with a jump.
    """
    config = compose([f"model={model}"])
    arm = load_arm(config.model)

    def built(n: int, place: str, dtype: torch.dtype) -> TensorSimulation:
        return TensorSimulation(arm, n, config.env.control_dt, config.env.n_substeps, place, dtype)

    drive = random_drive(arm, _COMPARED)
    judge = course_by_mujoco(arm, config, drive)
    aside = drive._replace(qpos=drive.qpos + _ASIDE * np.random.default_rng(1).choice([-1, 1], drive.qpos.shape))
    figures: dict[str, Any] = {"mujoco_from_aside": apart(course_by_mujoco(arm, config, aside), judge)}
    for name, dtype in TYPES.items():
        begin = time.perf_counter()
        simulation = built(_COMPARED, device, dtype)
        compiled_s = time.perf_counter() - begin
        course, again = course_on(simulation, drive), course_on(built(_COMPARED, device, dtype), drive)
        one = Drive(drive.qpos[:1], drive.qvel[:1], drive.activation[:1], drive.ctrl[:, :1])
        alone = course_on(built(1, device, dtype), one)
        figures[name] = {
            "compiled_or_loaded_s": compiled_s,
            "from_mujoco": apart(course, judge),
            "same_bits_twice": same(course, again),
            "alone_the_same": same(alone, Course(course.qpos[:, :1], course.paw[:, :1])),
        }
        if device != "cpu":
            figures[name]["from_cpu"] = apart(course, course_on(built(_COMPARED, "cpu", dtype), drive))
    return figures


def same(one: Course, other: Course) -> bool:
    """True if two courses are the same to the bit."""
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def speed(model: str) -> dict[str, dict[int, float]]:
    """Control steps/s of one arm's kernel on the GPU by type of numbers and number of arms; a reach a CUDA graph."""
    config = compose([f"model={model}"])
    arm = load_arm(config.model)
    return {name: {n: _steps_per_s(arm, config, n, dtype) for n in _SIZES} for name, dtype in TYPES.items()}


def _steps_per_s(arm: Arm, config: Config, n: int, dtype: torch.dtype) -> float:
    simulation = TensorSimulation(arm, n, config.env.control_dt, config.env.n_substeps, "cuda", dtype)
    drive = random_drive(arm, n)
    tensors = [torch.as_tensor(rows, dtype=dtype, device="cuda") for rows in drive]
    qpos, qvel, activation, controls = tensors
    everyone = torch.ones(n, dtype=torch.bool, device="cuda")

    def reach() -> None:
        simulation.reset(everyone, qpos, qvel, activation)
        for ctrl in controls:
            simulation.step(ctrl)

    return n * _STEPS / replay_s(reach)


def replay_s(work: Callable[[], None], repeats: int = 3) -> float:
    """Seconds of a CUDA graph of some work: the shortest of several replays, after one that does not count."""
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        work()
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        work()
    seconds = []
    for _ in range(repeats + 1):
        begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        begin.record()
        graph.replay()
        end.record()
        torch.cuda.synchronize()
        seconds.append(begin.elapsed_time(end) / 1e3)
    return min(seconds[1:])
