"""All checks of one configuration, and their report."""

from dataclasses import dataclass

import numpy as np

from mousearm.config import Config
from mousearm.env.references import prepare
from mousearm.mechanics import motions_of, random_poses
from mousearm.model import Arm
from mousearm.model.muscles import muscles_of
from mousearm.model_check import Result, anatomy, muscles, result_table, stability, strength
from mousearm.retarget import Reference
from mousearm.text import columns

_N_POSES, _N_BASES = 300, 10


@dataclass(frozen=True, slots=True)
class Report:
    """Results of all checks."""

    arm: Arm
    references: list[Reference]  # the reaches that it must be able to follow
    results: list[Result]
    reaches: strength.Strength  # needed and available torque in all frames of all reaches
    gravity: strength.Strength  # the same at rest in random poses
    fibres: tuple[muscles.FibreLengths, muscles.FibreLengths] | None  # in random poses and in the reaches, of muscles

    @property
    def passed(self) -> bool:
        """True if every check passed."""
        return all(result.passed for result in self.results)

    def text(self) -> str:
        """Format everything as tables."""
        failed = sum(not result.passed for result in self.results)
        verdict = "All checks passed." if self.passed else f"{failed} of {len(self.results)} checks FAILED."
        head = f"{self.arm.source}, {len(self.references)} reach(es)"
        parts = [head, result_table(self.results), strength.strength_table(self.arm, self.reaches, self.gravity)]
        if self.fibres is not None:
            parts.append(_fibre_table(*self.fibres))
        return "\n\n".join([*parts, verdict])


def check_model(config: Config) -> Report:
    """Check the arm of a configuration, with its reaches and its physics steps.

    MouseArmError if the model or a reach cannot be used at all.
    """
    config, arm, references = prepare(config)
    poses = random_poses(arm, _N_POSES, config.seed)
    paths = [reference.qpos for reference in references]
    gravity = strength.gravity_strength(arm, poses)
    reaches = strength.strength(arm, motions_of(paths, config.env.control_dt))
    results = [anatomy.landmarks_check(arm), anatomy.gyration_check(arm)]
    fibres = None
    if len(muscles_of(arm)):
        fibres = muscles.fibre_lengths(arm, poses), muscles.fibre_lengths(arm, np.concatenate(paths))
        results += [muscles.pull_check(arm, poses), muscles.fibre_check(fibres[0])]
    results.append(muscles.paths_check(arm, muscles.sweep(arm, poses[:_N_BASES])))
    results += [strength.gravity_check(arm, gravity), *strength.reach_checks(arm, reaches)]
    found = stability.stress_test(arm, config.env.control_dt, config.env.n_substeps, config.seed)
    results += stability.stress_checks(arm, found)
    return Report(arm, references, results, reaches, gravity, fibres)


def _fibre_table(anywhere: muscles.FibreLengths, reaching: muscles.FibreLengths) -> str:
    rows = [["muscle", "joint ranges", "outside %", "reaches", "outside %"]]
    for i, name in enumerate(anywhere.names):
        rows.append([name])
        for fibres in (anywhere, reaching):
            span = f"{fibres.lengths[:, i].min():.2f} .. {fibres.lengths[:, i].max():.2f}"
            rows[-1] += [span, f"{100 * fibres.outside()[i]:.1f}"]
    return "\n".join(["Fibre length / optimal fibre length, over the joint ranges and in the reaches", *columns(rows)])
