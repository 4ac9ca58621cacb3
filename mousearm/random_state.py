"""The random generators that the whole program shares: of Python, of numpy and of torch."""

import random
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch


class RandomState:
    """Their states, to be kept and brought back."""

    def state(self) -> dict[str, Any]:
        """All of them."""
        kind, key, position, has_gauss, gauss = np.random.get_state()  # noqa: NPY002  # it is the shared one
        return {
            "python": random.getstate(),
            "numpy": {"kind": kind, "key": key, "rest": (position, has_gauss, gauss)},
            "torch": torch.get_rng_state(),
            "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else [],
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Bring them back; those of GPUs as far as there are as many."""
        random.setstate(state["python"])
        numpy = state["numpy"]
        np.random.set_state((numpy["kind"], numpy["key"], *numpy["rest"]))  # noqa: NPY002
        torch.set_rng_state(state["torch"])
        if torch.cuda.is_initialized() and len(state["cuda"]) == torch.cuda.device_count():
            torch.cuda.set_rng_state_all(state["cuda"])
