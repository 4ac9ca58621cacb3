"""Bringing recordings in: files of tracking programs become the project's CSV files.

Readers (`deeplabcut`, `anipose`, `opensim`) give a `Recording`: three points in the units and axes of their file. It is
put on an even grid of times (`session`), brought to metres, OpenSim's axes and a right arm (`conversion`), cleaned
(`cleaning`), cut into reaches (`cutting`) and written, all or nothing (`writing`). `import_reaches` does all of it.
"""

from mousearm.kinematics.imports.cutting import CutRule
from mousearm.kinematics.imports.formats import read_recording
from mousearm.kinematics.imports.importing import Imported, ImportOptions, import_file, import_reaches

__all__ = ["CutRule", "ImportOptions", "Imported", "import_file", "import_reaches", "read_recording"]
