"""Describe a model: its bodies, joints and actuators as tables, and pictures of it from its cameras.

``python scripts/describe_model.py [OVERRIDES...] [--pictures DIR]``, for example
``python scripts/describe_model.py model=muscle --pictures docs/images``. The tables are Markdown.
"""

from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from mousearm import cli

if TYPE_CHECKING:
    from mousearm.model import Arm

# Colours the muscles, so that they stand out from the bones.
_SHOWN_ACTIVATION = 0.3


@cli.command(
    __doc__,
    cli.OVERRIDES,
    cli.output("--pictures", is_folder=True, help="draw the rest pose from each camera of the model"),
)
def main(given: Namespace) -> None:
    """Print the tables, and draw where that is asked for."""
    from mousearm.config import compose
    from mousearm.model import load_arm
    from mousearm.model_check.anatomy import describe_arm

    arm = load_arm(compose(given.overrides).model)
    print(describe_arm(arm))
    if given.pictures is not None:
        print("\nPictures:", *draw(arm, given.pictures))


def draw(arm: "Arm", folder: Path) -> list[Path]:
    """Write ``<model>_<camera>.png`` of the rest pose for each camera, or ``<model>.png`` if there is none.

    Raises:
        RenderError: if this machine can draw nothing.
    """
    import imageio.v3 as imageio

    from mousearm.files import make_folder, staged
    from mousearm.render import Picture, posed

    make_folder(folder)
    cameras = [arm.model.camera(i).name for i in range(arm.model.ncam)] or [None]
    data, paths = posed(arm.model, arm.rest_qpos, _SHOWN_ACTIVATION), []
    for camera in cameras:
        paths.append(folder / f"{arm.name}{f'_{camera}' if camera else ''}.png")
        with Picture(arm.model, camera=camera) as picture, staged(paths[-1]) as file:
            imageio.imwrite(file, picture.draw(data))
    return paths


if __name__ == "__main__":
    raise SystemExit(main())
