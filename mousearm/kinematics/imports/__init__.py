"""Bringing recordings in: files of tracking programs become the project's CSV files.

Readers (`tables`, `marker_systems`, `hdf5`) give a `MarkerRecording`: three points in the units and axes of their file.
It is put on an even grid of times (`markers`), brought to metres, OpenSim's axes and a right arm (`conversion`),
cleaned and cut into reaches (`cleaning`) and written, all or nothing (`importing`). `import_reaches` does all of it,
`import_project` with what a `reaches.yaml` beside the files says (`project`).
"""

from mousearm.kinematics.imports.cleaning import CutRule
from mousearm.kinematics.imports.importing import ImportResult, axes_doubts, import_file, import_reaches
from mousearm.kinematics.imports.options import ImportOptions
from mousearm.kinematics.imports.project import import_project
from mousearm.kinematics.imports.sources import read_markers

__all__ = [
    "CutRule",
    "ImportOptions",
    "ImportResult",
    "axes_doubts",
    "import_file",
    "import_project",
    "import_reaches",
    "read_markers",
]
