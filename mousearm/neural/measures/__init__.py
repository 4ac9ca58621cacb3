"""Similarity of a predictor and neurons on held-out reaches, with nulls.

`compare` gives the scores of measures by name. `preparation`, `pairings`, `moments` and `design` make what measures
are made of, `surrogates` a null; `ceilings` bounds what rates without noise would score. The others hold measures.
"""

from mousearm.neural.measures.compare import Similarity as Similarity
from mousearm.neural.measures.compare import compare as compare
from mousearm.neural.measures.design import Design as Design
from mousearm.neural.measures.design import Settings as Settings
