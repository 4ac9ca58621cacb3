"""Particulars of CUDA: work that is the same each time as one graph, and settings that make it repeatable."""

import os
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any

import torch

from mousearm.turns import others_go_on

_RATE = "rate_on_device"
_WARM_UPS = 2  # calls before the graph: libraries set themselves up in the first ones, which a graph cannot hold


def make_repeatable() -> None:
    """Choose sums in a fixed order and full float32 products; to be called before the first kernel runs."""
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.backends.cudnn.allow_tf32 = False  # three digits of a product are too few for ratios of probabilities


@contextmanager
def own_queue() -> Iterator[None]:
    """Let what this thread asks of a GPU wait for nothing that others ask of it, while active."""
    if not torch.cuda.is_available():
        yield
        return
    with torch.cuda.stream(torch.cuda.Stream()):
        yield


def _stream(device: torch.device) -> torch.cuda.Stream:
    """One stream for all that a thread will capture, which autograd would otherwise have to join to others."""
    return _stream_of(device, threading.get_ident())


@cache
def _stream_of(device: torch.device, thread: int) -> torch.cuda.Stream:
    return torch.cuda.Stream(device)


class Repeated:
    """A function without arguments that works on the same tensors at each call, and does the same to them.

    On a GPU it becomes one CUDA graph after some calls: thousands of small kernels then start at once. What it draws
    comes from torch's generator of the device, or from the ``generators`` named. It may not look at a number on the
    device, nor depend on anything else that changes. On a CPU it is simply called.

    Of trainings side by side (`Turns`) the others go on while a CPU does it, and when a GPU has been told to.
    """

    def __init__(self, function: Callable[[], None], device: torch.device, generators: Sequence[torch.Generator] = ()):
        self._function, self._device, self._generators = function, device, generators
        self._graph: torch.cuda.CUDAGraph | None = None
        self._warm_ups_left: float = _WARM_UPS

    def __call__(self) -> None:
        """Do it once."""
        if self._device.type != "cuda":
            with others_go_on():
                self._function()
        else:
            self._queue()
            with others_go_on():
                pass

    def _queue(self) -> None:
        if self._graph is not None:
            self._graph.replay()
        elif self._warm_ups_left > 0:
            self._warm_ups_left -= 1
            self._warm_up()
        else:
            self._capture()
            self._queue()

    def _warm_up(self) -> None:
        """Call it on a stream of its own, as it will be captured."""
        stream = _stream(self._device)
        stream.wait_stream(torch.cuda.current_stream(self._device))
        with torch.cuda.stream(stream):
            self._function()
        torch.cuda.current_stream(self._device).wait_stream(stream)

    def _capture(self) -> None:
        """Record the graph, which does nothing yet; or say why it cannot be, and go on without."""
        graph = torch.cuda.CUDAGraph()
        for generator in self._generators:
            graph.register_generator_state(generator)
        torch.cuda.synchronize(self._device)
        try:
            with torch.cuda.graph(graph, stream=_stream(self._device)):
                self._function()
        except RuntimeError as error:
            warnings.warn(f"This GPU takes the work step by step, which is slow: {error}", stacklevel=2)
            self._warm_ups_left = float("inf")
        else:
            self._graph = graph


def tune_optimizer(optimizer: torch.optim.Optimizer, device: torch.device) -> None:
    """On a GPU let a graph hold its step, with the learning rate that it has now, in a tensor that stays the same."""
    if device.type == "cuda":
        for group in optimizer.param_groups:
            rate = group.setdefault(_RATE, torch.zeros((), device=device))
            rate.fill_(group["lr"])
            group["lr"], group["capturable"] = rate, True
        optimizer._warned_capturable_if_run_uncaptured = True  # type: ignore[attr-defined]  # before there is a graph


def saved_optimizer(optimizer: torch.optim.Optimizer) -> dict[str, Any]:
    """The state of an optimiser as one that was not tuned has it."""
    state = optimizer.state_dict()
    plain = {"lr": float, "capturable": lambda _: False}
    groups = [
        {key: plain.get(key, lambda value: value)(value) for key, value in group.items() if key != _RATE}
        for group in state["param_groups"]
    ]
    return {**state, "param_groups": groups}
