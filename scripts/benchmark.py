"""Measure speed: ``python scripts/benchmark.py [--json FILE]``. Takes about a minute; run nothing else meanwhile."""

import argparse
import json
from pathlib import Path

from mousearm.benchmark import environment_speed, update_speed


def main() -> None:
    """Print each figure, and write them as JSON where that is asked for."""
    parser = argparse.ArgumentParser(description="Speed of environment and update, as ratios measured in one run.")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    arguments = parser.parse_args()
    figures = {
        "environment (torque)": environment_speed("torque"),
        "environment (muscle)": environment_speed("muscle"),
        "recurrent update": update_speed(),
    }
    for name, values in figures.items():
        print(name)
        for key, value in values.items():
            print(f"  {key:<26} {value:10.3g}" if key == "ratio" else f"  {key:<26} {value:10.0f}")
    if arguments.json is not None:
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
