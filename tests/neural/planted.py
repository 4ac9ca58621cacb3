"""A predictor and neurons with a known relation, in memory."""

import numpy as np

from mousearm.neural.activity import Activity

STEP_S = 1 / 150


def smooth(rng, n_frames, n, width=5):
    """Gaussian noise of variance 1, smoothed by a Gaussian of some frames, (T, n)."""
    kernel = np.exp(-0.5 * (np.arange(-3 * width, 3 * width + 1) / width) ** 2)
    kernel /= np.sqrt(np.square(kernel).sum())
    noise = rng.normal(size=(n_frames + 6 * width, n))
    return np.stack([np.convolve(column, kernel, "valid") for column in noise.T], axis=1)


def activity(name, values, kind="network", reaches=None, groups=None):
    reaches = reaches or tuple(f"reach_{i}" for i in range(len(values)))
    units = tuple(f"{name}_{j}" for j in range(values[0].shape[1]))
    return Activity(name, reaches, tuple(values), STEP_S, units, groups or ("m/1",) * len(values), kind)


def latents(rng, n_reaches, n_frames, n, spare=20):
    """Smooth courses with frames to spare before and behind."""
    return [smooth(rng, n_frames + 2 * spare, n) for _ in range(n_reaches)]


def mixed(rng, courses, n, noise=0.0, lag=0, spare=20):
    """n units that mix courses, later by some frames, each with smooth noise of its own."""
    mixing = rng.normal(size=(courses[0].shape[1], n)) / np.sqrt(courses[0].shape[1])
    ends = [len(course) - 2 * spare for course in courses]
    cut = [course[spare - lag : spare - lag + end] for course, end in zip(courses, ends, strict=True)]
    return [course @ mixing + noise * smooth(rng, len(course), n) for course in cut]
