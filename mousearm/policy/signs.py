"""Dale's principle: all weights that lead from a unit have one sign, excitatory (1) or inhibitory (-1).

For networks that learn, see Song et al. 2016 (PLoS Computational Biology 12, e1004792).
"""

import torch


@torch.no_grad()
def make_signed(weights: torch.Tensor, signs: torch.Tensor) -> None:
    """Give initial weights (m, n) from n units the units' signs, and excitation and inhibition the same sum.

    They then cancel on average, as in balanced networks, so that many units of one sign do not drive the others to
    their limits at once.
    """
    weights.copy_(weights.abs() * signs)
    n_excitatory = int((signs > 0).sum())
    n_inhibitory = len(signs) - n_excitatory
    if n_excitatory and n_inhibitory:
        weights *= torch.where(signs > 0, 1.0, n_excitatory / n_inhibitory)


@torch.no_grad()
def project(weights: torch.Tensor, signs: torch.Tensor) -> None:
    """Set to zero those of weights (m, n) from n units that do not have the units' signs."""
    low = torch.where(signs > 0, 0.0, -torch.inf)
    high = torch.where(signs < 0, 0.0, torch.inf)
    torch.clamp(weights, low, high, out=weights)
