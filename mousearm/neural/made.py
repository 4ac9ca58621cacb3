"""Neurons whose truth is known: populations that are a mix of activities that there are, with Poisson spikes.

What drives a unit is the sum of a random mix of each source, delayed by the lag, and of private noise, each with its
share of the variance. A mix takes the first principal components of a source with equal variance and normal weights;
one that is not linear mixes tanh of such mixes. The rate is base (1 + depth drive), cut at 0, times the drift of the
trial; spikes are Poisson.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np

from mousearm.errors import NeuralError
from mousearm.neural.activity import Activity
from mousearm.neural.rates import Kernel, convolved, smooth

_LEAST = 1e-5  # of a principal component's s.d. relative to the first's: less is rounding
_PRIVATE_S = 0.05  # s.d. in time of the kernel that makes private noise slow
_SPREAD = 0.5  # s.d. of the logarithm of base rates


@dataclass(frozen=True)
class Recipe:
    """How a population is made of its sources."""

    n_units: int = 60
    rate_hz: float = 20.0  # median of the base rates; their logarithms have the s.d. 0.5
    depth: float = 0.4  # s.d. of a unit's rate over its base rate
    private: float = 0.0  # share of the variance of the drive that is slow noise of the unit's own
    lag_ms: float = 0.0  # by which neurons follow their sources; below 0 they lead
    drift: float = 0.0  # s.d. over units of the change in log rate from the first trial to the last
    untuned: float = 0.0  # share of units without a drive
    silent: int = 0  # units of those without a single spike
    nonlinear: bool = False
    dims: int = 10  # principal components of a source that are mixed
    apart: bool = False  # whether the first source gives only what the others do not explain linearly
    kernel: Kernel = field(default_factory=Kernel)

    def __post_init__(self):
        ranges = {"n_units": (1, 10_000), "rate_hz": (0, 1000), "depth": (0, 10), "private": (0, 1), "untuned": (0, 1)}
        ranges |= {"lag_ms": (-1000, 1000), "drift": (0, 10), "silent": (0, self.n_units), "dims": (1, 10_000)}
        for name, (low, high) in ranges.items():
            if not low <= (value := getattr(self, name)) <= high:
                raise NeuralError(f"Neurons cannot be made with {name} {value}: give {low} to {high}.")


@dataclass(frozen=True)
class Made:
    """A population that was made, and the truth about it; arrays (n,) are of its units."""

    neurons: Activity  # rates of its spikes, spikes/s
    truth: Activity  # rates that the spikes were drawn of, spikes/s, without the kernel
    counts: tuple[np.ndarray, ...] = field(repr=False)  # (before + T_i + after, n) spikes, with the kernel's margins
    tuned: np.ndarray = field(repr=False)  # whether a unit has a drive
    shares: dict[str, np.ndarray] = field(repr=False)  # of the drive's variance, by the name of the source
    unique: np.ndarray = field(repr=False)  # share of the variance of the smoothed true rate, see `make_neurons`
    explainable: np.ndarray = field(repr=False)  # share of the variance of ``neurons`` that is that of true rates
    lag_s: float
    recipe: Recipe


class _Session(NamedTuple):
    """The trials that are drawn of, and the rows of their frames that make them longer and later."""

    lengths: list[int]  # frames of each trial
    longer: list[int]  # with the margins of the kernel
    rows: np.ndarray  # (sum of longer,) frame among all that is in force; before the first and after the last, these
    inner: np.ndarray  # (sum of longer,) whether it is no margin
    step_s: float

    def split(self, values: np.ndarray) -> list[np.ndarray]:
        """Parts of trials with margins."""
        return np.split(values, np.cumsum(self.longer)[:-1])


def make_neurons(sources: Sequence[tuple[Activity, float]], recipe: Recipe | None = None, seed: int = 0) -> Made:
    """Make a population of neurons of activities on the same trials.

    Its ``unique`` is what a linear model of all sources explains of the true rate beyond one of all but the first, as a
    share of the rate's variance over all frames: at the true lag, after the kernel, without spiking noise. Private
    noise and drift are in the variance and explained by neither.

    Args:
        sources: activities and their shares of the drive; with ``private`` they are scaled to sum to 1. A share of 0
            makes a source count in ``unique``, and in ``apart``, alone.
        recipe: how; None for the defaults.
        seed: of everything random.

    Raises:
        NeuralError: there is no source, shares are no shares, or sources are not on the same trials.
    """
    recipe, random = recipe or Recipe(), np.random.default_rng(seed)
    _check(sources)
    first = sources[0][0]
    lag = round(recipe.lag_ms / 1e3 / first.step_s)
    session = _session(first, recipe, lag)
    shares = np.array([share for _, share in sources], dtype=np.float64)
    shares *= (1 - recipe.private) / (shares.sum() or 1.0)
    given = [np.concatenate(source.values) for source, _ in sources]
    tuned = np.arange(recipe.n_units) >= round(recipe.untuned * recipe.n_units)
    signal = tuned * _signal(given, shares, recipe, random)[session.rows]
    noise = tuned * np.sqrt(recipe.private) * _private(session, recipe.n_units, random)
    gain = _gain(session, recipe, random)
    rate = gain * np.maximum(0.0, 1 + recipe.depth * (signal + noise))
    counts = session.split(random.poisson(rate * first.step_s))
    units = tuple(f"unit_{i}" for i in range(1, recipe.n_units + 1))
    smoothed = tuple(smooth(counts, first.step_s, recipe.kernel))
    neurons = replace(first, name="made neurons", units=units, values=smoothed, kind="neurons")
    true = np.split(rate[session.inner], np.cumsum(session.lengths)[:-1])
    steady = gain.mean(axis=0) * np.maximum(0.0, 1 + recipe.depth * signal)
    return Made(
        neurons=neurons,
        truth=replace(neurons, name="true rates", values=tuple(true)),
        counts=tuple(counts),
        tuned=tuned,
        shares={source.name: share * tuned for (source, _), share in zip(sources, shares, strict=True)},
        unique=_unique(session, given, steady, rate, recipe.kernel.weights(first.step_s)),
        explainable=_explainable(session, rate, recipe.kernel.weights(first.step_s)),
        lag_s=lag * first.step_s,
        recipe=recipe,
    )


def _check(sources: Sequence[tuple[Activity, float]]) -> None:
    if not sources:
        raise NeuralError("Neurons are made of activities, and none was given.")
    first = sources[0][0]
    for source, share in sources:
        if not (np.isfinite(share) and share >= 0):
            raise NeuralError(f"The share {share} of {source.name} is none: give a number of at least 0.")
        if (source.reaches, source.n_frames) != (first.reaches, first.n_frames):
            raise NeuralError(f"{source.name} and {first.name} are not on the same trials: give both to matched first.")


def _session(of: Activity, recipe: Recipe, lag: int) -> _Session:
    """The frames of trials with the margins of the kernel, delayed by frames."""
    before, after = recipe.kernel.margins(of.step_s)
    starts = np.cumsum([0, *of.n_frames[:-1]])
    frames = [np.arange(-before, n + after) for n in of.n_frames]
    rows = [start + np.clip(k - lag, 0, n - 1) for start, k, n in zip(starts, frames, of.n_frames, strict=True)]
    inner = [(k >= 0) & (k < n) for k, n in zip(frames, of.n_frames, strict=True)]
    return _Session(list(of.n_frames), [len(k) for k in frames], np.concatenate(rows), np.concatenate(inner), of.step_s)


def _basis(values: np.ndarray) -> np.ndarray:
    """Orthonormal columns that span those of values less their means; the ones with most variance come first."""
    centred = values - values.mean(axis=0)
    variance, axes = np.linalg.eigh(centred.T @ centred)  # ascending; far cheaper than singular values of many frames
    kept = np.flatnonzero(variance > np.square(_LEAST) * max(variance[-1], 1e-300))[::-1]
    return centred @ (axes[:, kept] / np.sqrt(variance[kept]))


def _mixed(latent: np.ndarray, recipe: Recipe, random: np.random.Generator) -> np.ndarray:
    """Random mixes, (N, n_units) of mean 0 and variance 1, of the first principal components."""
    parts = np.sqrt(len(latent)) * _basis(latent)[:, : recipe.dims]
    if recipe.nonlinear:
        parts = np.tanh(parts @ random.standard_normal((parts.shape[1], 3 * parts.shape[1])))
    mixed = parts @ random.standard_normal((parts.shape[1], recipe.n_units))
    return _standard(mixed)


def _standard(values: np.ndarray) -> np.ndarray:
    values = values - values.mean(axis=0)
    return values / np.maximum(values.std(axis=0), 1e-300)


def _signal(given: list[np.ndarray], shares: np.ndarray, recipe: Recipe, random: np.random.Generator) -> np.ndarray:
    """The drive by the sources, (N, n_units); its variance is the sum of the shares, if they are not correlated."""
    signal = np.zeros((len(given[0]), recipe.n_units))
    for i in np.flatnonzero(shares):
        latent = given[i]
        if recipe.apart and i == 0 and len(given) > 1:
            others = _basis(np.hstack(given[1:]))
            latent = latent - others @ (others.T @ latent)
        signal += np.sqrt(shares[i]) * _mixed(latent, recipe, random)
    return signal


def _private(session: _Session, n_units: int, random: np.random.Generator) -> np.ndarray:
    """Slow noise of each unit, (N, n_units), of mean 0 and variance 1."""
    weights = Kernel(width_ms=1e3 * _PRIVATE_S).weights(session.step_s)
    lengths = [n + len(weights) - 1 for n in session.longer]
    white = random.standard_normal((sum(lengths), n_units))
    return _standard(np.concatenate(convolved(np.split(white, np.cumsum(lengths)[:-1]), weights)))


def _gain(session: _Session, recipe: Recipe, random: np.random.Generator) -> np.ndarray:
    """Base rates times drift, (N, n_units), spikes/s: from the first trial to the last in equal ratios."""
    base = recipe.rate_hz * np.exp(_SPREAD * random.standard_normal(recipe.n_units))
    base[: recipe.silent] = 0.0
    n = len(session.longer)
    ramp = np.linspace(-0.5, 0.5, n) if n > 1 else np.zeros(1)
    slopes = recipe.drift * random.standard_normal(recipe.n_units)
    return base * np.repeat(np.exp(np.outer(ramp, slopes)), session.longer, axis=0)


def _unique(
    session: _Session, given: list[np.ndarray], steady: np.ndarray, rate: np.ndarray, weights: np.ndarray
) -> np.ndarray:
    """As ``unique`` of `make_neurons`: the rate without noise and drift is explained, its variance has both."""
    regressors = [values[session.rows][session.inner] for values in given]
    wanted, total = (np.concatenate(convolved(session.split(values), weights)) for values in (steady, rate))
    wanted -= wanted.mean(axis=0)
    parts = [_basis(np.hstack(part)) for part in (regressors, regressors[1:]) if part]
    explained = [np.square(part.T @ wanted).sum(axis=0) for part in parts]
    unique = explained[0] - explained[1] if len(explained) > 1 else explained[0]
    return unique / np.maximum(len(total) * total.var(axis=0), 1e-300)


def _explainable(session: _Session, rate: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Share of the variance of rates that is not spiking noise, which is independent from bin to bin."""
    true = np.concatenate(convolved(session.split(rate), weights)).var(axis=0)
    noise = np.concatenate(convolved(session.split(rate), np.square(weights))).mean(axis=0) / session.step_s
    return true / np.maximum(true + noise, 1e-300)
