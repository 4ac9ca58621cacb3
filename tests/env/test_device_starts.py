"""Where episodes start on a device: the rules of `Starts`, without a question to the host."""

import numpy as np
import pytest
import torch

from mousearm.env.device_starts import DeviceStarts
from mousearm.env.references import References, Starts


def draws(arm, swing, lengths, n, random_start=0.0, sampling="uniform"):
    references = References([swing(arm, n_frames) for n_frames in lengths])
    references = references.converted(torch.from_numpy)
    return DeviceStarts(references, n, torch.device("cpu"), random_start, sampling)


@pytest.mark.parametrize("random_start", [0.0, 0.5, 1.0])
def test_starts_are_distributed_as_they_say(two_link, swing, random_start):
    starts = draws(two_link, swing, (5, 9), 40_000, random_start)
    start = starts.draw(torch.Generator().manual_seed(0))
    for reach, n_frames in enumerate((5, 9)):
        frames = start.frame[start.reach == reach]
        assert len(frames) / 40_000 == pytest.approx(0.5, abs=0.01)
        # Frame 0 on purpose, or one of the n_frames - 1 frames (0 to the last but one) by chance.
        expected = np.full(n_frames, random_start / (n_frames - 1))
        expected[0] += 1 - random_start
        expected[-1] = 0
        np.testing.assert_allclose(frames.bincount(minlength=n_frames) / len(frames), expected, atol=0.015)


def test_hard_reaches_are_drawn_by_their_errors(two_link, swing):
    starts = draws(two_link, swing, (5, 9, 7), 40_000, 0.5, "hard")
    starts.errors_mm.copy_(torch.tensor([1.0, 0, 4]))  # a fifth uniform, the rest as 1 to 0 to 4
    starts.refresh()
    start = starts.draw(torch.Generator().manual_seed(0))
    expected = 0.2 / 3 + np.array([0.16, 0, 0.64])
    np.testing.assert_allclose(start.reach.bincount(minlength=3) / 40_000, expected, atol=0.01)


def test_errors_of_reaches_by_hand(two_link, swing):
    starts = draws(two_link, swing, (5, 5, 5), 4, sampling="hard")
    reach, no = torch.tensor([0, 0, 1, 2]), torch.zeros(4, dtype=torch.bool)
    end = torch.tensor([True, True, True, False])
    starts.add(reach, torch.tensor([1.0, 2, 4, 9]).double(), no, no)
    starts.add(reach, torch.tensor([3.0, 4, 4, 9]).double(), no, end)
    assert starts.errors_mm.isnan().all()  # they count from the next rollout on
    starts.refresh()
    # Episodes of 2 and 3 mm on the first reach, of 4 mm on the second; the third knows none, and counts as their mean.
    np.testing.assert_allclose(starts.errors_mm, [2.5, 4, np.nan])
    np.testing.assert_allclose(starts.probabilities, 0.2 / 3 + 0.8 * np.array([2.5, 4, 3.25]) / 9.75, atol=1e-12)
    # One diverged at once: it counts as the worst, 4 mm, and 2.5 + 0.2 (4 - 2.5) = 2.8. Two of 1 mm on the second
    # reach: 4 + (1 - 0.8^2) (1 - 4) = 2.92.
    starts.add(
        torch.tensor([0, 1, 1, 2]),
        torch.tensor([0.1, 1, 1, 9]).double(),
        torch.tensor([True, False, False, False]),
        end,
    )
    starts.refresh()
    np.testing.assert_allclose(starts.errors_mm, [2.8, 2.92, np.nan])


def test_one_episode_a_rollout_moves_the_mean_as_on_the_host(two_link, swing):
    device, host = (
        draws(two_link, swing, (5, 5), 1, sampling="hard"),
        Starts(References([swing(two_link, 5)] * 2), 1, sampling="hard"),
    )
    for k, error in enumerate(np.random.default_rng(0).uniform(0, 5, 20)):
        for starts, kind in ((device, torch.tensor), (host, np.array)):
            starts.add(kind([k % 2]), kind([error]), kind([k == 7]), kind([k != 7]))
        host.draw(np.random.default_rng(0), np.array([0]))
        device.refresh()
        np.testing.assert_allclose(device.errors_mm, host.errors_mm, atol=1e-6)
        np.testing.assert_allclose(device.probabilities, host.probabilities, atol=1e-6)
