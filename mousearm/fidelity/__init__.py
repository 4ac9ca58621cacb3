"""How faithful an arm is to its OpenSim model, with OpenSim itself as the judge: the only package that knows it."""

from mousearm.fidelity.compare import Fidelity, compare
from mousearm.fidelity.figure import draw_fidelity
from mousearm.fidelity.limits import results
from mousearm.fidelity.report import as_json, as_text

__all__ = ["Fidelity", "as_json", "as_text", "compare", "draw_fidelity", "results"]
