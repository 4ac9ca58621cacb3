"""Similarity of a predictor and neurons on held-out reaches, with nulls.

`compare` gives the scores of measures by name. `folds`, `preparation`, `pairings`, `moments` and `design` make what
measures are computed from; the others hold measures.

`stand_ins` bounds what rates without noise would score; `reliability` says what trials of a reach have in common, and
draws populations of equal numbers.
"""

from mousearm.neural.measures.compare import compare as compare
from mousearm.neural.measures.design import Design as Design
from mousearm.neural.measures.design import Settings as Settings
from mousearm.neural.measures.similarity import Similarity as Similarity
