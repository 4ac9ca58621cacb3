"""Publishing a comparison in Weights & Biases: what that needs, and what comes of it."""

from dataclasses import dataclass

from mousearm.errors import RunError
from mousearm.report.comparison import Comparison


@dataclass(frozen=True)
class Project:
    """A project in Weights & Biases.

    Attributes:
        entity: the user or team that it belongs to.
        name: what it is called there.
    """

    entity: str
    name: str

    def __str__(self) -> str:
        return f"{self.entity}/{self.name}"

    @staticmethod
    def named(text: str) -> "Project":
        """Of ``ENTITY/PROJECT``.

        Raises:
            RunError: if the text is something else.
        """
        parts = text.split("/")
        if len(parts) != 2 or not all(parts):
            raise RunError(
                f"A project in Weights & Biases is named ENTITY/PROJECT, such as my-lab/mousearm, not '{text}'."
            )
        return Project(*parts)


@dataclass(frozen=True)
class Published:
    """A report that was made.

    Attributes:
        url: where it can be read.
        absent: runs that its panels lack, each with the reason and what to do.
    """

    url: str
    absent: list[str]

    def __str__(self) -> str:
        return "\n".join([f"Report: {self.url}", *self.absent])


def publish(comparison: Comparison, project: str) -> Published:
    """Make a report in Weights & Biases; a new one each time, so that nobody's remarks are lost.

    Args:
        comparison: what to tell.
        project: where, ``ENTITY/PROJECT``; that which the runs are tracked in.

    Raises:
        RunError: if the package is missing, nobody is logged in, the project cannot be reached, or no run is there.
    """
    place = Project.named(project)
    try:
        from mousearm.report import wandb_report  # needs the extra, and is slow to import
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] != "wandb_workspaces":
            raise
        raise RunError(
            "A report in Weights & Biases needs the package wandb-workspaces. In the checkout: "
            "python -m pip install '.[report]'"
        ) from error
    return wandb_report.publish(comparison, place)
