"""Describe a model: its bodies, joints and actuators as tables, and pictures of it from its cameras.

``python scripts/describe_model.py [OVERRIDES...] [--pictures DIR]``, for example
``python scripts/describe_model.py model=muscle --pictures docs/images``. The tables are Markdown.
"""

import argparse
import sys
from pathlib import Path

import imageio.v3 as imageio

from mousearm.config import compose
from mousearm.errors import MouseArmError
from mousearm.files import make_folder, staged
from mousearm.model import Arm, load_arm
from mousearm.model_check.anatomy import describe
from mousearm.render import Picture, posed

# Colours the muscles, so that they stand out from the bones.
_SHOWN_ACTIVATION = 0.3


def main() -> None:
    """Print the tables, and draw where that is asked for."""
    parser = argparse.ArgumentParser(description="Tables of a model's bodies, joints and actuators, and pictures.")
    parser.add_argument("overrides", nargs="*", help="as for run.py, such as model=muscle model.file=my_arm.xml")
    parser.add_argument("--pictures", type=Path, metavar="DIR", help="draw the rest pose from each camera of the model")
    arguments = parser.parse_intermixed_args()
    try:
        arm = load_arm(compose(arguments.overrides).model)
        print(describe(arm))
        if arguments.pictures is not None:
            print("\nPictures:", *draw(arm, arguments.pictures))
    except (MouseArmError, OSError) as error:
        sys.exit("error: " + " ".join(str(error).split()))


def draw(arm: Arm, folder: Path) -> list[Path]:
    """Write ``<model>_<camera>.png`` of the rest pose for each camera, or ``<model>.png`` if there is none.

    Raises:
        RenderError: if this machine can draw nothing.
    """
    make_folder(folder)
    cameras = [arm.model.camera(i).name for i in range(arm.model.ncam)] or [None]
    data, paths = posed(arm.model, arm.rest_qpos, _SHOWN_ACTIVATION), []
    for camera in cameras:
        paths.append(folder / f"{arm.name}{f'_{camera}' if camera else ''}.png")
        with Picture(arm.model, camera=camera) as picture, staged(paths[-1]) as file:
            imageio.imwrite(file, picture.draw(data))
    return paths


if __name__ == "__main__":
    main()
