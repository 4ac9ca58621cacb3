"""Similarity of geometry: centred kernel alignment, and the angle that is left after the best rotation."""

import numpy as np

from mousearm.neural.measures.design import Design, Fold
from mousearm.neural.measures.moments import Moments
from mousearm.neural.measures.values import Values, over_folds
from mousearm.registry import SIMILARITIES


@SIMILARITIES.add
def cka(design: Design) -> Values:
    """Linear centred kernel alignment without the bias of few samples.

    CKA = |C|^2 / (|A| |B|) with the cross-covariance C of the sides and their covariances A and B (Kornblith et al.
    2019, ICML). |C|^2 of few samples is too large, even of sides that have nothing in common. Here each |.|^2 is the
    product of a covariance on training reaches with that on held-out ones, of which noise has the mean 0, so that CKA
    of unrelated sides is about 0, and may be below it. The frames of a reach are no independent samples: leaving out
    products of a frame with itself, as the debiased estimate of Song et al. 2012 (JMLR 13:1393-1434) does, would not
    be enough.

    Unchanged by rotations, reflections and scaling of all of a side; changed by scaling of single directions.
    """
    return over_folds(design, _cka)


def _cka(train: Moments, test: Moments, fold: Fold) -> np.ndarray:
    def product(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return (a * b).sum(axis=(1, 2))

    return product(train.xy, test.xy) / np.sqrt(product(train.xx, test.xx) * product(train.yy, test.yy))


@SIMILARITIES.add
def procrustes(design: Design) -> Values:
    """Angular Procrustes similarity: 1 - 2 theta / pi, with the angle theta after the best rotation.

    The rotation Q = U V' of C = U S V' is fitted to training reaches; cos theta = tr(Q' C) / sqrt(tr A tr B) on the
    held-out ones (Williams et al. 2021, NeurIPS). Unchanged by rotations, reflections and scaling of all of a side.
    """
    return over_folds(design, _procrustes)


def _procrustes(train: Moments, test: Moments, fold: Fold) -> np.ndarray:
    left, _, right = np.linalg.svd(train.xy, full_matrices=False)
    size = np.trace(test.xx, axis1=1, axis2=2) * np.trace(test.yy, axis1=1, axis2=2)
    cosine = ((left @ right) * test.xy).sum(axis=(1, 2)) / np.sqrt(size)
    return 1 - 2 / np.pi * np.arccos(np.clip(cosine, -1, 1))
