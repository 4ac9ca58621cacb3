import pytest
import torch
from stable_baselines3.common.distributions import DiagGaussianDistribution

from mousearm.policy.gaussian import Gaussian


@pytest.fixture
def both():
    """Ours and SB3's, of the same five means."""
    mean, log_std = torch.randn(5, 3, generator=torch.Generator().manual_seed(0)), torch.tensor([-2.0, 0.0, 0.7])
    return [kind(3).proba_distribution(mean, log_std) for kind in (Gaussian, DiagGaussianDistribution)]


def test_density_and_entropy_are_sb3s(both):
    ours, stock = both
    actions = torch.randn(5, 3, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(ours.log_prob(actions), stock.log_prob(actions))
    torch.testing.assert_close(ours.entropy(), stock.entropy())
    torch.testing.assert_close(ours.mode(), stock.mode())


def test_draws_are_sb3s_for_the_same_seed(both):
    draws = []
    for distribution in both:
        torch.manual_seed(0)
        draws.append(distribution.sample())
    torch.testing.assert_close(*draws)


def test_density_by_hand():
    # Two actions, one standard deviation from the mean each, with deviations 1 and 0.5: ln(1/(2 pi 0.5)) - 1.
    distribution = Gaussian(2).proba_distribution(torch.zeros(1, 2), torch.log(torch.tensor([1.0, 0.5])))
    assert distribution.log_prob(torch.tensor([[1.0, -0.5]])).item() == pytest.approx(-2.1447299, abs=1e-6)
