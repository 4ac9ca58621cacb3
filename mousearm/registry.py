"""Registries of what can be added in one place: a function or a class with its docstring, found by its name.

Each kind of thing has a registry here, below everything that names one. A thing is added where it stands::

    @REWARDS.add
    def stillness(step: Step, form: RewardForm) -> Array:
        \"\"\"Minus the squared joint velocities, (rad/s)^2.\"\"\"

Configuration keys, ``--help``, the table before training, the log and the reference all read the registry, so a name
and its description are written once. A registry imports its home when it is first asked. So homes are light: they
import libraries such as torch inside the functions that need them, and nothing of `mousearm.config`.
"""

import importlib
import inspect
import pkgutil
import sys
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from mousearm.errors import UnknownNameError

Thing = Callable[..., Any]
_T = TypeVar("_T", bound=Thing)


class Registry:
    """Things of one kind by name, in the order in which they were added.

    The home is the module that adds them, or a package, all modules of which may.
    """

    def __init__(self, kind: str, home: str):
        self.kind, self._home, self._complete = kind, home, False
        self._things: dict[str, Thing] = {}

    def add(self, thing: _T, *names: str) -> _T:
        """Add a function or a class and return it, so that this is a decorator.

        It is found by these names, or by the one that it was defined with. ValueError if it has no docstring, whose
        first line describes it, or a name is taken.
        """
        if not inspect.getdoc(thing) and sys.flags.optimize < 2:  # -OO leaves no docstrings
            raise ValueError(f"The {self.kind} {thing.__name__} needs a docstring: its first line describes it.")
        for name in names or (thing.__name__,):
            if name in self._things:
                raise ValueError(f"There is already a {self.kind} named '{name}', from {self._things[name]}.")
            self._things[name] = thing
        return thing

    def __getitem__(self, name: str) -> Thing:
        """Return the thing of a name; UnknownNameError if there is none."""
        if name not in self:
            raise UnknownNameError(self.kind, name, self)
        return self._things[name]

    def __contains__(self, name: object) -> bool:
        return name in self._all()

    def __iter__(self) -> Iterator[str]:
        return iter(self._all())

    def described(self) -> dict[str, str]:
        """First line of each docstring, by name."""
        return {name: (inspect.getdoc(thing) or "").partition("\n")[0] for name, thing in self._all().items()}

    def _all(self) -> dict[str, Thing]:
        if not self._complete:
            home = importlib.import_module(self._home)
            for module in pkgutil.iter_modules(getattr(home, "__path__", ())):
                importlib.import_module(f"{self._home}.{module.name}")
            self._complete = True
        return self._things


REWARDS = Registry("reward term", "mousearm.reward")
KERNELS = Registry("kernel", "mousearm.reward")
EFFORTS = Registry("effort", "mousearm.reward")
OBSERVATIONS = Registry("observation term", "mousearm.observation")
ACTION_MAPS = Registry("action map", "mousearm.action")
BACKBONES = Registry("backbone", "mousearm.policy.backbones")
CONTROLLERS = Registry("controller", "mousearm.pretrain.controllers")
INITIAL_ACTIVATIONS = Registry("initial activation", "mousearm.pretrain.initial_activation")
CONDITIONS = Registry("condition", "mousearm.condition")
FORMATS = Registry("format of recordings", "mousearm.kinematics.imports")
PREDICTORS = Registry("predictor of neurons", "mousearm.neural.predictors")
EMG_FORMATS = Registry("format of EMG", "mousearm.emg.readers")
TRACKERS = Registry("tracker", "mousearm.tracking")
SIMILARITIES = Registry("measure of similarity", "mousearm.neural.measures")
