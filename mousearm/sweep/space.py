"""What a search varies: overrides with ranges or lists of values, and what all its trials have in common."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import IntervalSweep, Override
from hydra.errors import HydraException
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution

from mousearm.config import check_overrides
from mousearm.errors import ConfigError

# Digits with which drawn numbers are trained, so that tables of them can be read.
_DIGITS = 4


class Space(NamedTuple):
    """What is searched.

    Attributes:
        searched: distributions by the key of the configuration.
        fixed: overrides of every trial.
        texts: by key what was said of it, which tells spaces apart.
    """

    searched: dict[str, BaseDistribution]
    fixed: list[str]
    texts: dict[str, str]

    @staticmethod
    def of(words: Sequence[str]) -> "Space":
        """The space of overrides; of a key that is given twice the last one counts.

        Raises:
            UnknownNameError: if a key does not exist.
            ConfigError: if an override cannot be searched, or none is.
        """
        check_overrides(words)
        try:
            parsed = {one.get_key_element(): one for one in OverridesParser.create().parse_overrides(list(words))}
        except (HydraException, ValueError) as error:
            raise ConfigError(str(error)) from error
        searched = {key: _distribution(key, one) for key, one in parsed.items() if one.is_sweep_override()}
        if "seed" in searched:
            raise ConfigError(
                "seed is not to be searched: the best one is mere luck. Give one, such as seed=0, and train what is "
                "found with others afterwards."
            )
        if not searched:
            raise ConfigError(
                'There is nothing to search. Give ranges, such as "algo.gamma=interval(0.8,0.99)", or lists of values, '
                "such as reward=default,paw_heavy; or experiment=hyperparameter_search, where some are ready."
            )
        fixed = [f"{key}={one.get_value_element_as_str()}" for key, one in parsed.items() if key not in searched]
        return Space(searched, fixed, {key: str(one.input_line).split("=", 1)[-1] for key, one in parsed.items()})

    def corners(self) -> list[list[str]]:
        """Overrides of trials in which every end of an interval, and every value of a list, occurs."""
        ends = {key: _ends(kind) for key, kind in self.searched.items()}
        most = max(map(len, ends.values()))
        return [self.overrides({key: values[i % len(values)] for key, values in ends.items()}) for i in range(most)]

    def overrides(self, params: Mapping[str, Any]) -> list[str]:
        """The overrides of a trial in which these values were drawn."""
        return [*self.fixed, *(f"{key}={_text(params[key], kind)}" for key, kind in self.searched.items())]


def _distribution(key: str, override: Override) -> BaseDistribution:
    if override.is_discrete_sweep():
        return CategoricalDistribution([str(value) for value in override.sweep_string_iterator()])
    value = override.value()
    if not isinstance(value, IntervalSweep) or value.start is None or value.end is None:
        raise ConfigError(f"{key}: only interval(low, high), with tag(log, ...) or not, and lists can be searched.")
    whole = isinstance(value.start, int) and isinstance(value.end, int)
    log = "log" in value.tags
    try:
        if whole:
            return IntDistribution(int(value.start), int(value.end), log=log)
        return FloatDistribution(float(value.start), float(value.end), log=log)
    except ValueError as error:
        raise ConfigError(f"{key}: interval({value.start},{value.end}) cannot be searched: {error}") from error


def _ends(kind: BaseDistribution) -> Sequence[Any]:
    if isinstance(kind, FloatDistribution | IntDistribution):
        return kind.low, kind.high
    assert isinstance(kind, CategoricalDistribution)
    return kind.choices


def _text(value: Any, kind: BaseDistribution) -> str:
    if not isinstance(kind, FloatDistribution):
        return str(value)
    text = f"{value:.{_DIGITS}g}"
    return text if kind.low <= float(text) <= kind.high else repr(value)
