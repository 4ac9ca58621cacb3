"""Import of agents: what Stable-Baselines3 saved of a RecurrentPPO becomes a run folder of the project.

Networks of sb3-contrib's RecurrentPPO that can be imported have one LSTM, shared by actor and critic, and tanh.
"""

import io
import json
import math
import pickle
import re
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from mousearm.config import Config, compose
from mousearm.door import check_file, check_zip
from mousearm.errors import ConfigError, RunError
from mousearm.evaluate.evaluation import Evaluation
from mousearm.files import to_json, write_sealed
from mousearm.model import load_arm, model_hashes
from mousearm.rundir.folder import RunFolder
from mousearm.rundir.status import FINISHED
from mousearm.setup import Setup

# Slow to import, so only where it is used: torch, and what stands on it.
if TYPE_CHECKING:
    import torch

    from mousearm.policy.network import RecurrentPolicy

MAX_MEMBER_BYTES = 500_000_000  # of an archive; the weights of 16 layers of 1024 are 0.5 GB
_MAX_ARCHIVE_BYTES = 2_000_000_000  # weights, and the states of their optimiser
# How the lab's original program trained; overrides may say otherwise.
_ORIGINAL = (
    *("algo=original", "reward=original", "kinematics.retarget=uniform", "env.n_substeps=16"),
    *("model.muscle_dynamics=published", "env.initial_activation=zero"),
)
# Keys and groups that the network of the agent determines.
_DECIDED = ("policy", "env.observation", "env.path_steps", "model.action_map", "algo.use_sde", "pretrain")
_ARGUMENTS = ("n_steps", "batch_size", "n_epochs", "gamma", "gae_lambda", "ent_coef", "vf_coef", "max_grad_norm")
_OTHER_NETWORKS = {
    "lstm_critic.": "its critic has an LSTM of its own (enable_critic_lstm=True)",
    "critic.": "its critic does not see the LSTM (shared_lstm=False)",
    "features_extractor.": "it has a network before the LSTM",
}
_NAME_THE_ARM = "Name the arm that it was trained with: model=muscle, or model.file=FILE."


class Archive(NamedTuple):
    """The parts of a saved agent that are read."""

    weights: dict[str, "torch.Tensor"]  # of its policy, by the names that they have there
    data: dict[str, Any]  # its arguments; values that are more than JSON are pickles there, and are left as text


def import_agent(
    zip_file: Path, folder: Path, overrides: Sequence[str] = (), statistics: Path | None = None, trust: bool = False
) -> Evaluation:
    """Make a run folder, which must not exist or be empty, of an agent, and evaluate it there.

    The agent is a file that ``model.save`` of sb3-contrib's RecurrentPPO wrote, with ``statistics`` by
    ``VecNormalize.save`` if observations were normalised; ``trust`` says whether these may be read at all. It saw
    positions and velocities of the joints and the path ahead, as ``path_preview`` shows it, and its actions were
    controls. Overrides are arm, reaches and task of its training, as for ``run.py``. Its network, folded to our
    actions, is ``best/``: it can be evaluated, not trained further.

    RunError if the files may not, or cannot, be read, or are of a network that is none of the project's.
    """
    if not trust:
        raise RunError(
            f"{zip_file}: agents of Stable-Baselines3 are read only with --trust. Their files are made of pickles, "
            "which run code when they are read. Of the zip nothing but numbers and text is read, but statistics of "
            "VecNormalize cannot be read otherwise; and what an agent does, nobody has checked. Say --trust if you "
            "know who made it."
        )
    archive = read_archive(zip_file)
    config = replace(_config(archive, folder.name, list(overrides), statistics is not None), engine="mujoco")
    setup = Setup.build(config)
    evaluator = setup.evaluator()
    from mousearm import checkpoint
    from mousearm.policy.controller import PolicyController
    from mousearm.policy.network import build_policy

    policy = build_policy(config, evaluator.task.n_observations, setup.arm.nu)
    load_weights(policy, archive, setup.arm.ctrl_range)
    if statistics is not None:
        load_statistics(policy, statistics)
    evaluation, _ = evaluator.evaluate(PolicyController(policy))
    run, steps = RunFolder(folder), config.algo.timesteps
    with run.locked():
        run.create(config, list(overrides), setup.split, model_hashes(config.model))
        checkpoint.save_best(run, checkpoint.TrainingState.of(steps, policy, {}), best_mm=evaluation.train_objective)
        write_sealed(run.evaluation, to_json(evaluation.as_json()))
        run.set_status(FINISHED, steps, f"imported from {zip_file.name}")
    return evaluation


def _config(archive: Archive, name: str, overrides: list[str], normalize: bool) -> Config:
    """The original's configuration, with what the overrides and the agent say."""
    for override in overrides:
        key = override.split("=", 1)[0].lstrip("+~")
        if any(key == decided or key.startswith(f"{decided}.") for decided in _DECIDED):
            raise ConfigError(f"{override}: the agent itself decides on {', '.join(_DECIDED)}. Leave it out.")
    network = {**sizes(archive), "normalize_observation": normalize}
    given = [*_ORIGINAL, *_training(archive.data), *overrides]
    nq = load_arm(replace(compose(given).model, fit="none", upper_arm_mm=None, forearm_mm=None)).nq
    seen = archive.weights["lstm_actor.weight_ih_l0"].shape[-1]
    ahead = seen - 2 * nq
    if ahead < 0 or ahead % 6:
        raise RunError(
            f"The agent saw {seen} numbers. The original shows 2 x {nq} of the joints, and 6 for each frame ahead, "
            f"which is never that many. {_NAME_THE_ARM}"
        )
    task = ("env.observation=[qpos,qvel,path_preview]", f"env.path_steps={ahead // 6}", "model.action_map=direct")
    decided = [f"policy.{key}={value}" for key, value in network.items()]
    return compose([*given, *task, *decided, "algo.use_sde=false", f"name={name!r}"])


def _training(data: dict[str, Any]) -> list[str]:
    """Overrides for those arguments of the training that the agent's file holds as numbers."""
    numbers = {f"algo.{key}": data.get(key) for key in (*_ARGUMENTS, "learning_rate")}
    numbers |= {"algo.timesteps": data.get("num_timesteps") or 1, "env.num_envs": data.get("n_envs")}
    return [
        f"{key}={value}"
        for key, value in numbers.items()
        if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e15
    ]


def read_archive(path: Path) -> Archive:
    """Read what ``model.save`` wrote, RunError if it is not that; nothing is unpacked to disk, nothing is unpickled."""
    check_file(path, _MAX_ARCHIVE_BYTES)
    try:
        with zipfile.ZipFile(path) as archive:
            weights, data = (_member(archive, name) for name in ("policy.pth", "data"))
        content, tensors = json.loads(data), _tensors(weights)
        if not isinstance(content, dict):
            raise ValueError("data is no JSON object")
    except Exception as error:  # zipfile, json and torch raise many kinds for damaged files
        raise RunError(
            f"{path}: is no agent that Stable-Baselines3 saved ({type(error).__name__}: {error}). Give the zip that "
            "model.save wrote."
        ) from error
    return Archive(tensors, content)


def _member(archive: zipfile.ZipFile, name: str) -> bytes:
    with archive.open(name) as member:
        content = member.read(MAX_MEMBER_BYTES + 1)  # what the archive says of its size may be wrong
    if len(content) > MAX_MEMBER_BYTES:
        raise ValueError(f"{name} has more than {MAX_MEMBER_BYTES / 1e6:.0f} MB")
    return content


def _tensors(content: bytes) -> dict[str, "torch.Tensor"]:
    """Read weights that torch saved: as large in memory as the file says, and of one or two dimensions."""
    import torch

    check_zip(io.BytesIO(content), MAX_MEMBER_BYTES)
    tensors = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)

    def is_weight(tensor: object) -> bool:
        if not isinstance(tensor, torch.Tensor) or (tensor.layout, tensor.device.type) != (torch.strided, "cpu"):
            return False
        is_whole = 0 < tensor.nbytes <= tensor.untyped_storage().nbytes()  # a view can seem larger than what it shows
        return is_whole and tensor.ndim in (1, 2) and tensor.is_floating_point()

    if not (tensors and all(isinstance(name, str) and is_weight(tensor) for name, tensor in tensors.items())):
        raise ValueError("policy.pth holds something other than weights")
    return tensors


def load_statistics(policy: "RecurrentPolicy", path: Path) -> None:
    """Put the statistics of an agent's observations, which ``VecNormalize.save`` wrote, into a policy's normaliser.

    The file is a pickle: reading it runs whatever is in it. RunError if it is none, normalises in another way than the
    project's network, or is of other observations.
    """
    import torch

    check_file(path, MAX_MEMBER_BYTES)
    try:
        with path.open("rb") as file:
            saved = pickle.load(file)
        moments = saved.obs_rms
        mean, variance, count = np.asarray(moments.mean), np.asarray(moments.var), float(moments.count)
    except Exception as error:  # a pickle can raise anything
        raise RunError(
            f"{path}: holds no statistics of observations ({type(error).__name__}: {error}). Give the file that "
            "VecNormalize.save wrote."
        ) from error
    if not saved.norm_obs or (saved.epsilon, saved.clip_obs) != (1e-8, 10.0):
        raise RunError(
            f"{path}: norm_obs={saved.norm_obs}, epsilon={saved.epsilon:g}, clip_obs={saved.clip_obs:g}, but the "
            "project's network adds 1e-8 to the variance and cuts off at 10. It would not act as it did."
        )
    normalizer = policy.features_extractor
    wanted = (normalizer.features_dim,)
    if not mean.shape == variance.shape == wanted:
        raise RunError(f"The statistics are of observations {mean.shape}; the agent's are {wanted}.")
    state = {"mean": mean, "variance": variance, "count": count}
    normalizer.load_state_dict({name: torch.as_tensor(value) for name, value in state.items()})


def sizes(archive: Archive) -> dict[str, object]:
    """The keys of the group ``policy`` that describe an agent's network, but for its normaliser; RunError if others."""
    weights, arguments = archive.weights, archive.data.get("policy_kwargs")
    arguments = arguments if isinstance(arguments, dict) else {}
    for prefix, why in _OTHER_NETWORKS.items():
        if any(name.startswith(prefix) for name in weights):
            raise _refusal(why)
    if archive.data.get("use_sde"):
        raise _refusal("its exploration depends on the state (use_sde=True)")
    if "Tanh" not in str(arguments.get("activation_fn", "Tanh")):
        raise _refusal(f"its heads have another activation than tanh ({arguments['activation_fn']})")
    if not {"lstm_actor.weight_ih_l0", "lstm_actor.weight_hh_l0"} <= weights.keys():
        raise _refusal(f"it has no LSTM (its weights: {', '.join(weights)})")
    return {
        "backbone": "lstm",
        "lstm_hidden_size": weights["lstm_actor.weight_hh_l0"].shape[-1],
        "n_lstm_layers": sum(name.startswith("lstm_actor.weight_hh_l") for name in weights),
        "net_arch_pi": _heads(weights, "policy_net"),
        "net_arch_vf": _heads(weights, "value_net"),
    }


def load_weights(policy: "RecurrentPolicy", archive: Archive, ctrl_range: np.ndarray) -> None:
    """Put an agent's weights into a policy of its sizes.

    Its actions were controls; ours are -1 to 1, and become controls by a straight line. With the range [l, h], a row of
    ``ctrl_range`` (nu, 2), the weights w and bias b of the last layer are replaced by 2 w / (h - l) and
    2 (b - l) / (h - l) - 1. RunError if the agent acted on other controls, or its weights do not fit.
    """
    import torch

    from mousearm.ppo import stock_name

    space = archive.data.get("action_space")
    for side, bounds in zip(("low", "high"), ctrl_range.T, strict=True):  # what the file says in text
        text = space.get(side) if isinstance(space, dict) else None
        said = [float(number) for number in re.findall(r"-?\d+\.?\d*(?:e[-+]?\d+)?", str(text or ""))]
        if said and not (len(said) == len(bounds) and all(map(math.isclose, said, bounds))):
            raise RunError(
                f"The agent's actions have as {side} {said}, but the controls of the arm have {bounds.tolist()}. "
                f"{_NAME_THE_ARM}"
            )
    low, high = torch.as_tensor(ctrl_range, dtype=torch.float32).T
    gain = 2 / (high - low)
    try:
        state = {name: weight for name, weight in policy.state_dict().items() if "features_extractor." in name}
        ours = [name for name in policy.state_dict() if name not in state]
        state |= {name: archive.weights[stock_name(name)] for name in ours}
        state["action_net.weight"] = gain[:, None] * state["action_net.weight"]
        state["action_net.bias"] = gain * (state["action_net.bias"] - low) - 1
        state["log_std"] = state["log_std"] + gain.log()
        policy.load_state_dict(state)
    except (KeyError, RuntimeError) as error:
        raise _refusal(f"its weights do not fit the network that they describe ({error})") from error
    if unknown := archive.weights.keys() - {stock_name(name) for name in ours}:
        raise _refusal(f"it has more than such a network: {', '.join(sorted(unknown))}")
    if not all(torch.isfinite(weight).all() for weight in state.values()):
        raise _refusal("some of its weights are not finite")


def _heads(weights: Mapping[str, "torch.Tensor"], net: str) -> list[int]:
    """Sizes of the layers of a head, in order."""
    pattern = re.compile(rf"mlp_extractor\.{net}\.(\d{{1,9}})\.bias")
    layers = sorted((int(match[1]), len(weights[name])) for name in weights if (match := pattern.fullmatch(name)))
    return [size for _, size in layers]


def _refusal(why: str) -> RunError:
    return RunError(
        f"The agent's network is none of the project's: {why}. Only sb3-contrib's RecurrentPPO with a shared LSTM, no "
        "LSTM for the critic, and tanh can be imported."
    )
