import json

import numpy as np
import pytest
import torch

from mousearm.benchmark import gpu
from mousearm.benchmark.gpu import Course, apart, kernels, random_drive, same


def test_apart_is_in_millimetres_and_counts_arms():
    still = Course(np.zeros((2, 3, 1)), np.zeros((2, 3, 3)))
    qpos, paw = np.zeros((2, 3, 1)), np.zeros((2, 3, 3))
    qpos[1, 0], paw[1, 0, 2] = -0.5, 6e-6  # 0.006 mm, in the last step of the first arm
    figures = apart(Course(qpos, paw), still)
    assert figures == {
        "paw_mm_mean": pytest.approx(0.001),
        "paw_mm_worst": pytest.approx(0.006),
        "rad_worst": 0.5,
        "arms_over_1e-3_mm": 1,
    }


def test_courses_are_the_same_to_the_bit_or_not():
    one = Course(np.ones((1, 1, 1)), np.ones((1, 1, 3)))
    assert same(one, one)
    assert not same(one, Course(one.qpos, one.paw * (1 + 1e-15)))


def test_a_drive_begins_in_the_ranges_and_is_the_same_in_single_precision(torque_arm):
    drive = random_drive(torque_arm, 50)
    low, high = torque_arm.qpos_range.T
    weak, strong = torque_arm.ctrl_range.T
    slack = 1e-6
    assert ((drive.qpos > low - slack) & (drive.qpos < high + slack)).all()
    assert ((drive.ctrl > weak - slack) & (drive.ctrl < strong + slack)).all()
    assert drive.ctrl.min() < 0.9 * weak.min()
    assert all(np.array_equal(part, part.astype(np.float32)) for part in drive)
    assert not np.array_equal(drive.ctrl, random_drive(torque_arm, 50, seed=1).ctrl)


@pytest.mark.usefixtures("compiler")
@pytest.mark.slow
@pytest.mark.parametrize("model", gpu.ARMS)
def test_the_engine_on_the_cpu_goes_where_mujoco_goes(model):
    figures = kernels(model, "cpu")
    assert figures["float64"]["from_mujoco"]["rad_worst"] <= 1e-10
    assert figures["float32"]["from_mujoco"]["paw_mm_mean"] <= 1e-3
    single = figures["float32"]["from_mujoco"]["arms_over_1e-3_mm"]
    assert single <= figures["mujoco_from_aside"]["arms_over_1e-3_mm"]
    assert all(figures[name]["same_bits_twice"] and figures[name]["alone_the_same"] for name in gpu.TYPES)


def test_a_failure_is_told_and_the_next_is_measured(run_script, tmp_path, monkeypatch):
    def speed(model):
        if model == "torque":
            raise RuntimeError("out of arms")
        return {"float32": {1024: 2.0}}

    monkeypatch.setattr(gpu, "speed", speed)
    done = run_script("gpu_check", "--only", "speed", "--json", tmp_path / "figures.json")
    assert done.status == 1
    figures = json.loads((tmp_path / "figures.json").read_text())
    assert figures["speed torque"]["failed"].startswith("RuntimeError: out of arms (")
    assert figures["speed muscle"] == {"float32": {"1024": 2.0}}
    assert figures["machine"]["torch"] == torch.__version__


def test_an_unknown_section_is_named_before_the_gpu_is_asked(run_script):
    refused = run_script("gpu_check", "--only", "speed,kernel")
    assert refused.status == 1
    assert "Did you mean 'kernels'?" in refused.err


def test_what_needs_a_gpu_is_refused_on_a_processor(run_script):
    refused = run_script("gpu_check", "--device", "cpu", "--only", "speed")
    assert refused.status == 2
    assert "all sections but speed" in refused.err


@pytest.mark.usefixtures("compiler")
@pytest.mark.slow
def test_it_is_rehearsed_on_a_processor(run_script, tmp_path):
    done = run_script(
        "gpu_check", "--device", "cpu", "--only", "training,repeat,learning", "--json", tmp_path / "a.json"
    )
    figures = json.loads((tmp_path / "a.json").read_text())
    assert done.status == 0
    assert figures["training muscle 64"]["steps_per_s"] > 0
    once, again, other = (figures[f"repeat {name}"]["best_sha256"] for name in ("once", "again", "with another seed"))
    assert once == again != other
    for name in ("torque", "muscle", "muscle_warm"):
        assert 0 < figures[f"learning {name}"]["best_mm"] < 100
