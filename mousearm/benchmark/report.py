"""The figures of a benchmark as text."""

from collections.abc import Mapping

# What each figure is divided by in the last column, and which way round: more steps, fewer seconds.
_YARDSTICKS = {
    "environment": "gym_subproc_steps_per_s",
    "update": "stock_s",
    "training": "stock_steps_per_s",
}


def table(figures: Mapping[str, Mapping[str, float]]) -> str:
    """One line per figure, with its speed relative to the stock stack's.

    Args:
        figures: by section and name; names end in their unit, ``steps_per_s`` or ``s``, or have none.
    """
    lines = []
    for section, values in figures.items():
        lines.append(section)
        yardstick = values[_YARDSTICKS[section]]
        for name, value in values.items():
            line = f"  {name:<40} {value:>12.4g}"
            if name.endswith("_s"):
                speed = value / yardstick if name.endswith("_per_s") else yardstick / value
                line += f" {speed:>8.2f} x"
            lines.append(line)
    return "\n".join(lines)
