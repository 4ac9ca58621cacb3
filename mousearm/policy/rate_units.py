"""Rate units in continuous time, a model of populations of neurons, perhaps excitatory and inhibitory ones.

A layer's rates r (n,) follow, with the time constant tau, from its input u and each other:

    tau dr/dt = -r + f(W_in u + W_rec r + b + noise),    f = tanh or softplus, ln(1 + exp(x))

as in Yang et al. 2019 (Nature Neuroscience 22, 297). For what f gives within one control step the solution is exact:

    r(t + dt) = (1 - a) r(t) + a f(...),    a = 1 - exp(-dt / tau)
"""

import math
from typing import Any

import torch
from torch import nn
from torch.autograd import Function
from torch.nn import functional

from mousearm.policy.backbone import Backbone, Memory
from mousearm.policy.signs import make_signed

SOFTPLUS, TANH = "softplus", "tanh"
_F = {TANH: torch.tanh, SOFTPLUS: functional.softplus}
# At first. Eigenvalues of W_rec are at most 1, and no f is steeper than 1, so that rates do not excite each other
# without end. Rates that cannot be negative begin small and led by the input: with a mean that all units share, each
# update of the weights that read them moves the actions of all states alike (docs/networks.md).
_RADIUS = 1.0  # of the eigenvalues
_BIAS = {TANH: 0.0, SOFTPLUS: -2.0}  # of all units, added
_INPUT = {TANH: 1.0, SOFTPLUS: 2.0}  # of the weights of what comes in, a factor


class RateUnits(Backbone):
    """Layers of rate units; what they remember, their ``hidden`` state, is their rates, which are their outputs too.

    With Dale's principle each unit is excitatory or inhibitory: all weights that lead from it to other units have one
    sign, `signs`: 1 for excitatory units, -1 for inhibitory ones. `project` restores it after an update, by setting
    weights of the other sign to zero. Projection, rather than weights made of others by a function, leaves what is
    saved the weights themselves, and steps as fast.
    """

    def __init__(
        self,
        n_features: int,
        hidden_size: int,
        n_layers: int,
        *,
        update: float,
        nonlinearity: str = TANH,
        excitatory: float | None = None,
        noise: float = 0.0,
    ):
        """Draw the weights.

        Args:
            n_features: numbers in u of the first layer; the others see the rates of the one before.
            hidden_size: units of a layer.
            n_layers: layers.
            update: the share a of the rate that is new in each control step.
            nonlinearity: f, ``tanh`` or ``softplus``.
            excitatory: share of the units that are excitatory, the first of each layer; the others are inhibitory.
                None: signs are free.
            noise: s.d. of the rate that noise alone causes in a unit of slope 1 (in f), in the long run.
        """
        super().__init__(hidden_size, n_layers, ("hidden",))
        self.update, self.nonlinearity = update, nonlinearity
        self._f = _F[nonlinearity]
        self._noise = noise * math.sqrt((2 - update) / update)  # of f's argument, new in each step
        self.n_noise = n_layers * hidden_size if noise > 0 else 0
        sizes = [n_features] + [hidden_size] * (n_layers - 1)
        self.inputs = nn.ModuleList(nn.Linear(size, hidden_size) for size in sizes)
        self.recurrent = nn.ParameterList(torch.empty(hidden_size, hidden_size) for _ in sizes)
        if excitatory is not None:
            n = round(excitatory * hidden_size)
            self.signs = torch.cat([torch.ones(n), -torch.ones(hidden_size - n)])
            between = [linear.weight for linear in self.inputs if isinstance(linear, nn.Linear)][1:]
            self.signed = [*self.recurrent, *between]
        self._draw()

    @torch.no_grad()
    def _draw(self) -> None:
        """Initial recurrent weights, normal and independent, the signs of all, and where rates begin."""
        for weights in self.recurrent:
            nn.init.normal_(weights)
        if self.signs is not None:
            for weights in self.signed:
                make_signed(weights, self.signs)
        for weights in self.recurrent:
            weights *= _RADIUS / torch.linalg.eigvals(weights).abs().max()
        for linear in self.inputs.children():
            if isinstance(linear, nn.Linear):
                linear.weight.mul_(_INPUT[self.nonlinearity])
                linear.bias.add_(_BIAS[self.nonlinearity])

    @property
    def unit_names(self) -> tuple[str, ...]:
        """``excitatory_1`` ... and ``inhibitory_1`` ..., in the order of the units of a layer; empty without Dale."""
        if self.signs is None:
            return ()
        n = int((self.signs > 0).sum())
        kinds = [("excitatory", n), ("inhibitory", self.hidden_size - n)]
        return tuple(f"{kind}_{i}" for kind, count in kinds for i in range(1, count + 1))

    def run(
        self, sequence: torch.Tensor, state: torch.Tensor, noise: torch.Tensor | None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Rates of the last layer, and those of all after the last step."""
        of_layer = (None,) * self.n_layers if noise is None else noise.chunk(self.n_layers, dim=2)
        after = []
        for i, (linear, weights) in enumerate(zip(self.inputs, self.recurrent, strict=True)):
            drive = self._drive(linear(sequence), of_layer[i])
            sequence = _Rates.apply(drive, state[i], weights, self.update, self.nonlinearity)
            after.append(sequence[-1])
        return sequence, torch.stack(after)

    def layer_step(
        self, i: int, features: torch.Tensor, before: Memory, noise: torch.Tensor | None
    ) -> tuple[torch.Tensor, Memory]:
        """One step of a layer."""
        (rate,) = before
        drive = self._drive(self.inputs[i](features), noise)
        rate = torch.lerp(rate, self._f(torch.addmm(drive, rate, self.recurrent[i].T)), self.update)
        return rate, (rate,)

    def _drive(self, drive: torch.Tensor, noise: torch.Tensor | None) -> torch.Tensor:
        return drive if noise is None else torch.add(drive, noise, alpha=self._noise)


class _Rates(Function):
    """Rates (T, N, n) of a layer over a sequence, from W_in u + b + noise (T, N, n), those before it, and W_rec.

    Autograd would keep and walk back several small operations a step; here W_rec's gradient is one product.
    """

    @staticmethod
    def forward(
        ctx: Any, drive: torch.Tensor, before: torch.Tensor, weights: torch.Tensor, update: float, nonlinearity: str
    ) -> torch.Tensor:
        rates = drive.new_empty(len(drive) + 1, *before.shape)
        values = torch.empty_like(drive)
        rates[0] = before
        for t in range(len(drive)):
            values[t] = _F[nonlinearity](torch.addmm(drive[t], rates[t], weights.T))
            torch.lerp(rates[t], values[t], update, out=rates[t + 1])
        ctx.save_for_backward(rates, values, weights)
        ctx.update, ctx.nonlinearity = update, nonlinearity
        return rates[1:]

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor | None, ...]:  # type: ignore[override]
        rates, values, weights = ctx.saved_tensors
        slope = 1 - values.square() if ctx.nonlinearity == TANH else -torch.expm1(-values)
        of_drive = ctx.update * slope
        of_rate = torch.zeros_like(rates[0])
        for t in reversed(range(len(values))):
            of_rate = of_rate + gradient[t]
            of_drive[t] *= of_rate
            of_rate = torch.addmm(of_rate, of_drive[t], weights, beta=1 - ctx.update)
        of_weights = of_drive.flatten(0, 1).T @ rates[:-1].flatten(0, 1)
        return of_drive, of_rate, of_weights, None, None
