import sys

import pytest
import torch

from mousearm.benchmark.gpu import TYPES, kernels
from mousearm.config import compose
from mousearm.engine import cuda
from mousearm.engine.cuda import build_cuda, compile_cuda, nvrtc_version
from mousearm.engine.source import engine_source
from mousearm.engine.tensors import TensorSimulation
from mousearm.errors import CompilerError
from mousearm.model import load_arm

H100 = (9, 0)
DOUBLED = 'extern "C" __global__ void doubled(int n, float* x) { if (threadIdx.x < n) x[threadIdx.x] *= 2; }'


def nvrtc_is_here():
    try:
        return bool(nvrtc_version())
    except CompilerError:
        return False


needs_compiler = pytest.mark.usefixtures("compiler")
needs_nvrtc = pytest.mark.skipif(not nvrtc_is_here(), reason="cuda-bindings or NVRTC is not installed")
needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="torch finds no GPU")


@needs_nvrtc
@pytest.mark.slow
@pytest.mark.parametrize("model", ["torque", "muscle"])
def test_nvrtc_compiles_the_engine_of_an_arm(model):
    arm = load_arm(compose([f"model={model}"]).model)
    machine_code = compile_cuda(engine_source(arm.physics, arm.landmarks, 8), H100)
    assert machine_code.startswith(b"\x7fELF")
    for name in (b"step_f32", b"step_f64", b"reset_f32", b"reset_f64"):
        assert name in machine_code


@needs_nvrtc
def test_a_source_that_does_not_compile_is_refused_with_what_the_compiler_says():
    with pytest.raises(CompilerError) as refused:
        compile_cuda("elbow;", H100)
    assert "elbow" in str(refused.value)


def test_what_is_missing_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "cuda.bindings", None)
    with pytest.raises(CompilerError) as refused:
        nvrtc_version()
    assert "cuda-bindings" in str(refused.value)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
@needs_compiler
def test_advice_where_there_is_no_gpu(build_two_link):
    arm = build_two_link('autolimits="true"/>', 'autolimits="true"/><option integrator="RK4"/>')
    with pytest.raises(CompilerError) as refused:
        TensorSimulation(arm, 2, 1 / 150, 8, "cuda")
    assert "Give device=cpu" in str(refused.value)
    assert TensorSimulation(arm, 2, 1 / 150, 8, "cpu").landmarks.isfinite().all()


@needs_gpu
@needs_nvrtc
def test_machine_code_is_kept_runs_in_turn_and_is_captured(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    device = torch.device("cuda")
    build_cuda(DOUBLED, device)
    monkeypatch.setattr(cuda, "compile_cuda", lambda *_: pytest.fail("compiled again"))
    x = torch.ones(3, device=device)
    doubled = build_cuda(DOUBLED, device).bind("doubled", 2, [x.data_ptr()])
    doubled()
    x += 1
    doubled()
    assert x.tolist() == [6, 6, 2]
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        doubled()
    graph.replay()
    assert x.tolist() == [12, 12, 2]


@needs_gpu
@needs_nvrtc
@pytest.mark.slow
@pytest.mark.parametrize("model", ["torque", "muscle"])
def test_a_gpu_goes_where_mujoco_goes(model):
    figures = kernels(model)
    assert figures["float64"]["from_mujoco"]["rad_worst"] <= 1e-10
    assert figures["float32"]["from_mujoco"]["paw_mm_mean"] <= figures["mujoco_from_aside"]["paw_mm_mean"]
    assert all(figures[name]["same_bits_twice"] and figures[name]["alone_the_same"] for name in TYPES)
