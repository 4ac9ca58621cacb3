"""Upload what runs stored for Weights & Biases.

``python scripts/sync.py RUN_OR_SWEEP... [--again]``. Runs trained with tracking=wandb_offline, or without a network,
appear in Weights & Biases as if they had been online; all parts of a resumed run become one run. What is uploaded
already is skipped. --again uploads it too, after a run was deleted there or the server lost something.
"""

from argparse import Namespace

from mousearm import cli


@cli.command(
    __doc__, cli.RUNS, cli.argument("--again", action="store_true", help="also upload what counts as uploaded")
)
def main(given: Namespace) -> int:
    """Say what became of each run; the exit status is 1 if one could not be uploaded."""
    from mousearm.rundir.runs import find_runs
    from mousearm.tracking.wandb_parts import sync_runs

    uploaded = sync_runs(find_runs(given.folders), given.again)
    for run, (_, text) in uploaded.items():
        print(f"{run}: {text}", flush=True)
    return 0 if all(good for good, _ in uploaded.values()) else 1


if __name__ == "__main__":
    raise SystemExit(main())
