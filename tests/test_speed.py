"""Ratios of speeds, of one process that takes turns: they want a machine that does nothing else."""

import json

import pytest


@pytest.mark.slow
def test_senses_and_noise_cost_little_beside_the_physics(run_script, tmp_path, monkeypatch):
    """By MuJoCo, whose physics takes so long that other work on the machine does not decide."""
    monkeypatch.setattr("mousearm.benchmark.engines._ROUNDS", 2)
    monkeypatch.setattr("mousearm.benchmark.engines._SIZES", (16,))
    file = tmp_path / "speed.json"
    assert run_script("benchmark", "--only", "senses", "--threads", "1", "--json", file).status == 0
    figures = json.loads(file.read_text())["senses"]
    assert figures["mujoco_16_senses_ratio"] > 0.8
    assert figures["mujoco_16_senses_all_noise_delays_ratio"] > 0.7


@pytest.mark.slow
def test_the_generated_engine_is_several_times_as_fast(run_script, tmp_path, monkeypatch, compiler):
    monkeypatch.setattr("mousearm.benchmark.engines._ROUNDS", 2)
    file = tmp_path / "speed.json"
    assert run_script("benchmark", "--only", "simulation", "--threads", "1", "--json", file).status == 0
    figures = json.loads(file.read_text())["simulation"]
    assert figures["torque_64_ratio"] > 5
    assert figures["muscle_64_ratio"] > 3
