"""From the generated source to kernels that step arms on a GPU: compiled by NVRTC, launched on torch's stream.

NVRTC and the driver are called through NVIDIA's own bindings, the package cuda-bindings. Both come along with torch's
builds for CUDA, so that all speak the same version of it. To compile takes no GPU; to load and to run does.
"""

import ctypes
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

from mousearm.door import read_bytes
from mousearm.engine.cache import is_intact, keep, place_of
from mousearm.errors import CompilerError
from mousearm.text import one_line

# One warp: as long as there are fewer warps than a GPU runs at once, they spread over all of its multiprocessors.
ARMS_PER_BLOCK = 32
_SOURCE, _KERNELS = "engine.cu", "engine.cubin"
_OPTIONS = ("--std=c++17",)  # nothing is approximated: roots and quotients are rounded right, as on the CPU
_MAX_BYTES = 200_000_000
_LAST = 600  # characters of what NVRTC says that are shown
_REMEDY = "Install it (pip install 'mousearm[gpu]'; torch's builds for CUDA bring it), or give engine=mujoco."


class CudaLibrary:
    """Kernels ``name(n, arrays...)`` on one GPU, each of which computes all n rows of its arrays."""

    def __init__(self, machine_code: bytes, device: torch.device):
        """Load machine code for this GPU."""
        self._driver, self._device = _bindings()[0], device
        with torch.cuda.device(device):
            torch.empty(1, device=device)  # makes the context that torch uses the current one
            self._module = _checked(self._driver.cuModuleLoadData(machine_code))

    def bind(self, name: str, n: int, pointers: Sequence[int]) -> Callable[[], None]:
        """The kernel of this name for n rows of arrays at these addresses, which the caller keeps in place.

        A call launches it on torch's current stream: it takes its turn with what torch does there, and a CUDA graph
        captures it.
        """
        driver, device, blocks = self._driver, self._device, -(-n // ARMS_PER_BLOCK)
        with torch.cuda.device(device):
            kernel = _checked(driver.cuModuleGetFunction(self._module, name.encode()))
        arguments = (n, *pointers), (ctypes.c_int, *[ctypes.c_void_p] * len(pointers))

        def launch() -> None:
            with torch.cuda.device(device):
                stream = torch.cuda.current_stream().cuda_stream
                _checked(driver.cuLaunchKernel(kernel, blocks, 1, 1, ARMS_PER_BLOCK, 1, 1, 0, stream, arguments, 0))

        return launch

    def on_arrays(self, name: str, arrays: Sequence[np.ndarray]) -> Callable[[], None]:
        """The same for arrays of the host that have one row per arm: each call takes them to the GPU and back."""
        rows = [torch.from_numpy(array) for array in arrays]
        there = [row.to(self._device) for row in rows]
        launch = self.bind(name, len(arrays[0]), [tensor.data_ptr() for tensor in there])

        def run() -> None:
            for row, tensor in zip(rows, there, strict=True):
                tensor.copy_(row)
            launch()
            for row, tensor in zip(rows, there, strict=True):
                row.copy_(tensor)

        return run


def build_cuda(source: str, device: torch.device) -> CudaLibrary:
    """Compile a generated source for a GPU, or take it from the cache.

    A damaged file in the cache is made again. CompilerError if there is no such GPU, or no NVRTC that works.
    """
    if not torch.cuda.is_available():
        raise CompilerError("The engine cannot run with device=cuda: torch finds no GPU here. Give device=cpu.")
    capability = torch.cuda.get_device_capability(device)
    file = place_of((source, nvrtc_version(), *_options(capability))) / _KERNELS
    if is_intact(file):
        return CudaLibrary(read_bytes(file, _MAX_BYTES), device)
    print("Compiling the simulation engine of this model for the GPU, once.", flush=True)
    machine_code = compile_cuda(source, capability)
    keep(file, machine_code, _SOURCE, source)
    return CudaLibrary(machine_code, device)


def nvrtc_version() -> str:
    """Version of NVRTC, such as 13.0, or CompilerError if it is not here."""
    _, nvrtc = _bindings()
    try:
        status, major, minor = nvrtc.nvrtcVersion()
    except RuntimeError as error:  # the bindings are here, but not the library
        reason = one_line(error)[:_LAST]
        raise CompilerError(
            f"The engine needs NVRTC, the compiler of CUDA, for device=cuda ({reason}). {_REMEDY}"
        ) from error
    _checked((status,))
    return f"{major}.{minor}"


def compile_cuda(source: str, capability: tuple[int, int]) -> bytes:
    """Compile a source to machine code of GPUs of a compute capability, such as (9, 0). CompilerError if it fails."""
    nvrtc_version()
    _, nvrtc = _bindings()
    options = [option.encode() for option in _options(capability)]
    program = _checked(nvrtc.nvrtcCreateProgram(source.encode(), _SOURCE.encode(), 0, [], []))
    status = nvrtc.nvrtcCompileProgram(program, len(options), options)[0]
    if status.value:
        said = (
            _filled(nvrtc.nvrtcGetProgramLogSize, nvrtc.nvrtcGetProgramLog, program)
            .decode(errors="replace")
            .rstrip("\0")
        )
        raise CompilerError(f"NVRTC cannot compile the engine ({status.name}): {one_line(said)[-_LAST:]}")
    machine_code = _filled(nvrtc.nvrtcGetCUBINSize, nvrtc.nvrtcGetCUBIN, program)
    _checked(nvrtc.nvrtcDestroyProgram(program))
    return machine_code


def _options(capability: tuple[int, int]) -> tuple[str, ...]:
    return f"--gpu-architecture=sm_{capability[0]}{capability[1]}", *_OPTIONS


def _filled(size: Any, fill: Any, program: Any) -> bytes:
    """Content that NVRTC writes into memory of the size that it names."""
    content = b" " * _checked(size(program))
    _checked(fill(program, content))
    return content


def _bindings() -> tuple[Any, Any]:
    """The driver and NVRTC, modules of cuda-bindings."""
    try:
        from cuda.bindings import driver, nvrtc
    except ImportError as error:
        raise CompilerError(
            f"The engine needs the package cuda-bindings for device=cuda ({error}). {_REMEDY}"
        ) from error
    return driver, nvrtc


def _checked(answer: tuple[Any, ...]) -> Any:
    """The result of a call of CUDA, which answers with its status first; CompilerError if that is an error."""
    status, *results = answer
    if status.value:
        raise CompilerError(f"CUDA refused what the engine asked of it: {status.name}.")
    return results[0] if results else None
