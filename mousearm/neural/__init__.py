"""Networks against recorded neurons: both, and what rivals a network, as activity over the frames of reaches.

`activity` holds the common form. `recorded` and `tables` read spike times, `rates` makes activity of them, `quality`
draws what was read; `predictors` makes activity of recordings of an agent, and `made` neurons whose truth is known.
"""
