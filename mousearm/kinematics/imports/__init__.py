"""Bringing recordings in: files of tracking programs become the project's CSV files.

Readers (`deeplabcut`, `tables`, `opensim`) give a `MarkerRecording`: three points in the units and axes of their file.
It is put on an even grid of times (`markers`), brought to metres, OpenSim's axes and a right arm (`conversion`),
cleaned and cut into reaches (`cleaning`) and written, all or nothing (`importing`). `import_reaches` does all of it.
"""

from mousearm.kinematics.imports.cleaning import CutRule
from mousearm.kinematics.imports.importing import (
    ImportOptions,
    ImportResult,
    axes_doubts,
    import_file,
    import_reaches,
    read_markers,
)

__all__ = ["CutRule", "ImportOptions", "ImportResult", "axes_doubts", "import_file", "import_reaches", "read_markers"]
