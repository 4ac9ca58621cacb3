"""What a reader must know before believing a comparison."""

from collections import Counter
from collections.abc import Iterator, Sequence

from mousearm.report.comparison import Comparison
from mousearm.report.runs import Run

_MOST_NAMED = 6


def caveats(comparison: Comparison) -> list[str]:
    """A line for each thing that makes the numbers less than they seem."""
    checks = (_left_out, _splits, _reaches, _yardsticks, _code, _seeds, _diverged, _curves, _clocks)
    return [line for check in checks for line in check(comparison)]


def _left_out(comparison: Comparison) -> Iterator[str]:
    if comparison.left_out:
        states = Counter(out.state for out in comparison.left_out)
        counted = ", ".join(f"{number} {state}" for state, number in states.items())
        yield f"Not compared: {counted}. The reasons stand below, under “Not compared”."


def _splits(comparison: Comparison) -> Iterator[str]:
    with_test = [run for run in comparison.runs if "test" in run.evaluation.splits]
    if with_test and comparison.split == "train":
        without = [run for run in comparison.runs if run not in with_test]
        yield f"Errors are of the train split. Without test reaches are: {_named(comparison, without)}."


def _reaches(comparison: Comparison) -> Iterator[str]:
    """By name, and by the hashes of their files where all runs have them."""
    found = {run.name: run.files.get(comparison.split, ()) for run in comparison.runs}
    hashed = all(digest for files in found.values() for _, digest in files)
    kinds: dict[tuple, list[Run]] = {}
    for run in comparison.runs:
        kinds.setdefault(tuple(file if hashed else file[0] for file in found[run.name]), []).append(run)
    if len(kinds) > 1:
        listed = "; ".join(f"{len(files)} in {_named(comparison, runs)}" for files, runs in kinds.items())
        same_names = len({tuple(name for name, _ in files) for files in found.values()}) == 1
        content = " Their names are the same, the files are not." if same_names else ""
        yield f"Not the same {comparison.split} reaches, so that errors do not compare: {listed}.{content}"


def _yardsticks(comparison: Comparison) -> Iterator[str]:
    kinds: dict[str, list[Run]] = {}
    for run in comparison.runs:
        yardstick = run.evaluation.yardstick
        kinds.setdefault(f"{yardstick.text()}, retargeted by {yardstick.retarget}", []).append(run)
    if len(kinds) > 1:
        listed = "; ".join(f"{text}: {_named(comparison, runs)}" for text, runs in kinds.items())
        yield f"Not the same millimetres, so that errors do not compare: {listed}."


def _code(comparison: Comparison) -> Iterator[str]:
    kinds: dict[str, list[Run]] = {}
    for run in comparison.runs:
        kinds.setdefault(run.commit, []).append(run)
    if len(kinds) > 1:
        listed = "; ".join(
            f"{commit[:10]}{'+' * commit.endswith('+')}: {_named(comparison, of)}" for commit, of in kinds.items()
        )
        yield f"Not the same code: {listed}."
    if changed := [run for run in comparison.runs if run.commit.endswith("+")]:
        yield f"The code had changes that are in no commit; environment.txt has them: {_named(comparison, changed)}."


def _seeds(comparison: Comparison) -> Iterator[str]:
    pooled = comparison.grouping.pooled
    if pooled:
        yield f"Runs of one group differ in more than the seed: {', '.join(pooled)}. Means and intervals are over all."
    seeds = {group.description: Counter(run.seed for run in group.runs) for group in comparison.groups}
    every = {seed for own in seeds.values() for seed in own}
    lacking = {text: sorted(every - set(own)) for text, own in seeds.items() if every - set(own)}
    if lacking:
        listed = "; ".join(f"{text} lacks {', '.join(map(str, missing))}" for text, missing in lacking.items())
        yield f"Groups do not have the same seeds: {listed}."
    twice = [text for text, own in seeds.items() if max(own.values()) > 1]
    if twice and not pooled:
        yield f"A seed occurs twice, and the same run twice makes intervals too narrow: {'; '.join(twice)}."


def _diverged(comparison: Comparison) -> Iterator[str]:
    runs = [run for run in comparison.runs if not all(reach.completed for reach in run.evaluation.reaches)]
    if runs:
        yield f"Simulations diverged; from there on the last good frame counts: {_named(comparison, runs)}."


def _curves(comparison: Comparison) -> Iterator[str]:
    missing = [run for run in comparison.runs if not len(comparison.curves[run.name].steps)]
    if missing:
        names = _named(comparison, missing)
        yield f"Not in the learning curves, for want of a readable metrics.csv with such errors: {names}."


def _clocks(comparison: Comparison) -> Iterator[str]:
    hosts = sorted({run.host for run in comparison.runs if run.host})
    processors = {
        tuple(run.settings[key] for key in ("threads", "network_threads", "device")) for run in comparison.runs
    }
    if len(hosts) > 1:
        yield f"Minutes do not compare: the runs were on different machines ({', '.join(hosts)})."
    elif len(processors) > 1:
        yield "Minutes do not compare: the runs had different numbers of threads, or devices."


def _named(comparison: Comparison, runs: Sequence[Run]) -> str:
    names = [run.name for run in runs]
    if len(names) == len(comparison.runs):
        return "all runs"
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return ", ".join(names[:_MOST_NAMED]) + more
