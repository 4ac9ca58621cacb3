"""Many references in one set of arrays, so that N simulations look up their targets without a Python loop."""

from collections.abc import Sequence

import numpy as np

from mousearm.retarget import Reference
from mousearm.trajectory import hold


class References:
    """References of different lengths, the last frame of each repeated up to the longest.

    Attributes:
        names: one per reach.
        n_frames: (R,) frames of each reach.
        targets: (R, T, 2, 3) elbow and paw, metres.
        qpos: (R, T, nq) rad.
        qvel: (R, T, nq) rad/s.
    """

    def __init__(self, references: Sequence[Reference]):
        self.names = [reference.name for reference in references]
        self.n_frames = np.array([reference.n_frames for reference in references])
        longest = int(self.n_frames.max())
        self.targets = np.stack([hold(np.stack([r.elbow, r.paw], axis=1), longest) for r in references])
        self.qpos = np.stack([hold(r.qpos, longest) for r in references])
        self.qvel = np.stack([hold(r.qvel, longest) for r in references])

    def __len__(self) -> int:
        return len(self.names)
