"""Wrong command lines and wrong files: each is refused, and doing what the refusal says works."""

import contextlib
import random
import shlex

import pytest
from hydra import compose as hydra_compose
from hydra import initialize_config_dir
from hydra.errors import HydraException
from hypothesis import example, given, settings
from hypothesis import strategies as st
from omegaconf.errors import OmegaConfBaseException

from mousearm.config import CONF, check_command_line, check_overrides, load
from mousearm.config.command_line import parse
from mousearm.config.loading import explained
from mousearm.errors import ConfigError, UnknownNameError
from mousearm.sweep.plugins import register
from mousearm.text import override

LONG = "n" * 256
# What was typed, the key or the name that the refusal is about, and what was meant. None: nothing can be advised.
WRONG = [
    # Keys.
    ("reward.w_pwa=1", "w_pwa", "reward.w_paw=1"),
    ("rewards.w_paw=1", "rewards", "reward.w_paw=1"),
    ("timesteps=1000", "timesteps", "algo.timesteps=1000"),
    ("w_paw=2", "w_paw", "reward.w_paw=2"),
    ("env.batch_size=98", "batch_size", "algo.batch_size=98"),
    ("Seed=1", "Seed", "seed=1"),
    ("model.landmarks.hand=site:handm", "hand", "model.landmarks.paw=site:handm"),
    ("algo.gamma.x=1", "algo.gamma.x", "algo.gamma=1"),
    ("+reward.w_new=1", "w_new", None),
    ("++extra=1", "extra", None),
    ("+seed=3", None, "seed=3"),
    ("größe=1", "größe", None),
    ("~seed", "seed", ""),
    ("~model.joints", "model.joints", ""),
    ("~reward", "reward", ""),
    # Choices.
    ("experiment=muscle_from_scrach", "muscle_from_scrach", "experiment=muscle_from_scratch"),
    ("experiment=any_reach.yaml", "any_reach.yaml", "experiment=any_reach"),
    ("experiment=", "", "experiment=any_reach"),
    ("experiment=3", "3", ""),
    ("experiment=null", "null", ""),
    ("+experiment=any_reach", "experiment", "experiment=any_reach"),
    ("++experiment=any_rech", "any_rech", "experiment=any_reach"),
    ("debug=quik", "quik", "debug=quick"),
    ("reward=paw_hevy", "paw_hevy", "reward=paw_heavy"),
    ("reward=null", "null", "reward=default"),
    ("model=Muscle", "Muscle", "model=muscle"),
    ("model=../model/muscle", "../model/muscle", "model=muscle"),
    ("policy@policy=lsmt", "lsmt", "policy=lstm"),
    ("-m reward=default,paw_hevy", "paw_hevy", "-m reward=default,paw_heavy"),
    ("-m 'model=choice(torque,muscel)'", "muscel", "-m 'model=choice(torque,muscle)'"),
    ("-m hydra/launcher=slrum", "slrum", "-m hydra/launcher=slurm"),
    ("-m hydra/sweeper=optune", "optune", "-m hydra/sweeper=optuna algo.gamma=0.8,0.9"),
    # Values.
    ("algo.timesteps=1e3", "algo.timesteps", "algo.timesteps=1000"),
    ("algo.timesteps=1.5", "algo.timesteps", "algo.timesteps=2"),
    ("algo.n_steps=many", "algo.n_steps", "algo.n_steps=98"),
    ("algo.gamma=much", "algo.gamma", "algo.gamma=0.9"),
    ("algo.gamma=1.01", "algo.gamma", "algo.gamma=1"),
    ("algo.gamma=null", "algo.gamma", ""),
    ("algo.gamma=[0.9]", "algo.gamma", "algo.gamma=0.9"),
    ("seed=null", "seed", ""),
    ("seed=-1", "seed", "seed=0"),
    (f"seed={'1' * 5000}", "seed", "seed=1"),
    ("video=perhaps", "video", "video=false"),
    ("pretrain.noise_spread=3", "pretrain.noise_spread", "pretrain.noise_spread=true"),
    ("device=gpu", "gpu", "device=cpu"),
    ("policy.net_arch_pi=64", "policy.net_arch_pi", "policy.net_arch_pi=[64]"),
    ("policy.net_arch_pi=[64,wide]", "policy.net_arch_pi[1]", "policy.net_arch_pi=[64,64]"),
    ("model.landmarks.paw=[a]", "model.landmarks.paw", "model.landmarks.paw=a"),
    ("env.observation=[qpos,sight]", "sight", "env.observation=[qpos]"),
    ("reward.kernel=expo", "expo", "reward.kernel=exp"),
    ("model.file=null", None, "model=osim model.osim=FILE.osim"),
    ("'seed=${sed}'", "seed", "'seed=${threads}'"),
    ("tracking.project=''", "tracking.project", "tracking.project=mine"),
    ("name=null", "name", ""),
    ("name=", "name", "name=mine"),
    ("\"name=' x'\"", "name", "name=x"),
    ("name=..", "name", "name=x"),
    ("name=.", "name", "name=x"),
    ("name=/x", "name", "name=x"),
    (f"name={LONG}", "name", f"name={LONG[:255]}"),
    (f"name={'ä' * 128}", "name", f"\"name='{'ä' * 127}'\""),
    ("\"name='a\nb'\"", "name", "\"name='a b'\""),
    # Words and options.
    ("seed", None, "seed=1"),
    ("model= muscle", None, "model=muscle"),
    ("[seed=1]", None, "seed=1"),
    ("seed: 1", None, "seed=1"),
    ("--seed=3", None, "seed=3"),
    ("--model muscle", None, "model=muscle"),
    ("-x", None, ""),
    ("--cfg=jobs", None, "--cfg=job"),
    ("--config-name=nope", None, "experiment=any_reach"),
    ("--config-path=conf", None, f"--config-dir={CONF}"),
    ("--config-dir=nowhere", None, f"--config-dir={CONF}"),
    ("--experimental-rerun=config.pickle", None, ""),
    ("hydra.searchpath=[mine]", "hydra.searchpath", f"--config-dir={CONF}"),
    (
        "hydra.launcher.partitoin=gpu -m hydra/launcher=slurm",
        "partitoin",
        "hydra.launcher.partition=gpu -m hydra/launcher=slurm",
    ),
    ("hydra.run.dri=x", "dri", "hydra.run.dir=x"),
    # Sweeps.
    ("seed=0,1", "seed", "-m seed=0,1"),
    ("seed=0,1", "seed", "seed=0"),
    ("policy.net_arch_pi=64,64", "policy.net_arch_pi", "policy.net_arch_pi=[64,64]"),
    ("kinematics.path=a,b.csv", "kinematics.path", "\"kinematics.path='a,b.csv'\""),
    ("hydra/launcher=local seed=0", None, "-m hydra/launcher=local seed=0"),
    ("hydra/sweeper=optuna", None, "-m hydra/sweeper=optuna 'algo.gamma=interval(0.8,0.9)'"),
    ("-m 'algo.gamma=interval(0.8,0.9)'", "algo.gamma", "-m hydra/sweeper=optuna 'algo.gamma=interval(0.8,0.9)'"),
    ("-m name=a,b seed=0,1", "name", "-m \"name='a,b'\" seed=0,1"),
]


def accept(line: str):
    """What run.py does with a command line until the first job begins."""
    words = check_command_line(shlex.split(line))
    places = [word.partition("=")[2] for word in words if word.startswith("--config-dir=")]
    words = [*(word for word in words if not word.startswith("-")), f"hydra.searchpath={places}"]
    register()
    with initialize_config_dir(str(CONF), version_base="1.3"):
        try:
            composed = hydra_compose("config", [one_job(word) for word in words])
        except (HydraException, OmegaConfBaseException) as error:
            raise explained(error) from error
    load(composed)


def one_job(word: str) -> str:
    override = parse(word)
    if not override.is_sweep_override():
        return word
    if not override.is_discrete_sweep():
        return f"{override.key_or_group}={override.value().start}"
    return f"{override.key_or_group}={next(override.sweep_string_iterator())}"


def some(cases, n, ids):
    """The cases of a table, of which every n-th is tried with the fast tests, for Hydra takes a tenth of a second."""
    marks = [() if i % n == 0 else pytest.mark.slow for i in range(len(cases))]
    return [pytest.param(*case, marks=mark, id=one) for case, mark, one in zip(cases, marks, ids, strict=True)]


def refused(line):
    """Whether a command line is refused before Hydra composes it."""
    try:
        check_command_line(shlex.split(line))
    except (ConfigError, UnknownNameError):
        return True
    return False


AT_ONCE = [case for case in WRONG if refused(case[0])]
COMPOSED = [case for case in WRONG if case not in AT_ONCE]


def names(cases):
    return [f"{i} {case[0][:40]}" for i, case in enumerate(cases)]


def check_refusal(caught, about):
    error = caught.value
    assert about is None or about == (error.name if isinstance(error, UnknownNameError) else error.key)
    assert "Exception" not in str(error)
    assert "http" not in str(error)


@pytest.mark.parametrize(("line", "about", "right"), AT_ONCE, ids=names(AT_ONCE))
def test_advice_for_a_wrong_command_line_works(line, about, right):
    with pytest.raises((ConfigError, UnknownNameError)) as caught:
        check_command_line(shlex.split(line))
    check_refusal(caught, about)
    if isinstance(caught.value, UnknownNameError) and right and "Did you mean" in str(caught.value):
        near = [name for name in caught.value.valid if f"Did you mean '{name}'?" in str(caught.value)]
        assert near[0] in right
    if right is not None:
        check_command_line(shlex.split(right))


@pytest.mark.slow
def test_what_is_advised_composes():
    for _, _, right in WRONG:
        if right is not None:
            accept(right)


@pytest.mark.parametrize(("line", "about", "right"), some(COMPOSED, 3, names(COMPOSED)))
def test_advice_for_wrong_values_works(line, about, right):
    with pytest.raises((ConfigError, UnknownNameError)) as caught:
        accept(line)
    check_refusal(caught, about)
    if right is not None:
        accept(right)


@settings(deadline=None, max_examples=20, derandomize=True)
@given(st.text(st.characters(exclude_categories=("C", "Z"), include_characters=" "), min_size=1, max_size=12))
@example("Müller")
@example("データ (1).csv")
@example("it's")
@example("a\\")
@example("\\'")
@example("a;b")
@example("a{1}")
@example("$(ls)")
@example("null")
@example("True")
@example("1_000")
@example("1e3")
@example("hf://a/b@main/c.xml")
def test_advice_to_quote_a_text_gives_that_text(text):
    word = f"kinematics.path={text}"
    try:
        check_command_line([word])
    except ConfigError as error:
        quotes = [part for part in str(error).split(": ") if "kinematics.path='" in part]
        (word,) = shlex.split(quotes[-1].removesuffix(".").partition(". A list")[0])
        assert parse(word).value() == text
    assert parse(override("kinematics.path", text)).value() == text


def test_advice_to_put_spaces_between_keys():
    with pytest.raises(ConfigError, match=r"Several keys have spaces between them: model=muscle pretrain=cmc\."):
        check_command_line(["model=muscle,pretrain=cmc"])
    assert check_command_line(["model=muscle", "pretrain=cmc"])


GLOBAL = "# @package _global_\n"
# Files of a user's, what the refusal is about, and what is right.
FILES = {
    "a misspelt key": (GLOBAL + "algo:\n  gama: 0.9\n", "gama", GLOBAL + "algo:\n  gamma: 0.9\n"),
    "a key of another group": (GLOBAL + "env: {batch_size: 98}\n", "batch_size", GLOBAL + "algo: {batch_size: 98}\n"),
    "a misspelt group": (GLOBAL + "aglo: {gamma: 0.9}\n", "aglo", GLOBAL + "algo: {gamma: 0.9}\n"),
    "keys below a value": (GLOBAL + "seed: {a: 1}\n", "seed", GLOBAL + "seed: 1\n"),
    "dots in a key": (GLOBAL + "algo.gamma: 0.9\n", "algo.gamma", GLOBAL + "algo:\n  gamma: 0.9\n"),
    "no package": ("seed: 1\n", None, GLOBAL + "seed: 1\n"),
    "another package": ("# @package mine\nseed: 1\n", None, GLOBAL + "seed: 1\n"),
    "a choice": (
        GLOBAL + "defaults: [override /model: musle]\n",
        "musle",
        GLOBAL + "defaults: [override /model: muscle]\n",
    ),
    "an optional choice": (
        GLOBAL + "defaults: [override /reward: paw_heavy, optional hyper_search]\n",
        None,
        GLOBAL + "defaults: [override /reward: paw_heavy]\n",
    ),
    "no slash": (
        GLOBAL + "defaults: [override model: muscle]\n",
        None,
        GLOBAL + "defaults: [override /model: muscle]\n",
    ),
    "no override": (GLOBAL + "defaults: [/model: muscle]\n", None, GLOBAL + "defaults: [override /model: muscle]\n"),
    "an experiment of its own": (
        GLOBAL + "defaults: [any_rech, _self_]\n",
        "any_rech",
        GLOBAL + "defaults: [any_reach, _self_]\n",
    ),
    "a type": (GLOBAL + "algo: {timesteps: 1e3}\n", "algo.timesteps", GLOBAL + "algo: {timesteps: 1000}\n"),
    "null": (GLOBAL + "seed: null\n", "seed", GLOBAL),
    "no group": (GLOBAL + "reward: 5\n", None, GLOBAL + "reward: {w_paw: 5}\n"),
    "a range": (GLOBAL + "algo: {gamma: 2}\n", "algo.gamma", GLOBAL + "algo: {gamma: 1}\n"),
    "a name": (GLOBAL + "device: gpu\n", "gpu", GLOBAL + "device: cuda\n"),
    "twice": (GLOBAL + "seed: 1\nseed: 2\n", None, GLOBAL + "seed: 2\n"),
    "a list": (GLOBAL + "- seed\n", None, GLOBAL + "seed: 1\n"),
    "a tab": (GLOBAL + "algo:\n\tgamma: 0.9\n", None, GLOBAL + "algo:\n  gamma: 0.9\n"),
    "a swept key": (GLOBAL + "hydra: {mode: MULTIRUN, sweeper: {params: {algo.gama: '0.8,0.9'}}}\n", "gama", None),
    "a swept choice": (
        GLOBAL + "hydra: {mode: MULTIRUN, sweeper: {params: {reward: 'default,smoth'}}}\n",
        "smoth",
        None,
    ),
    "a sweep of no keys": (GLOBAL + "hydra: {mode: MULTIRUN, sweeper: {params: [a]}}\n", None, None),
    "a sweep without params": (GLOBAL + "hydra: {mode: MULTIRUN, sweeper: {params: null}}\n", "", None),
    "nothing": ("", None, GLOBAL),
    "a choice as a value": (GLOBAL + "reward: smooth\n", None, GLOBAL + "defaults: [override /reward: smooth]\n"),
    "an experiment as a value": (GLOBAL + "experiment: any_reach\n", None, GLOBAL + "defaults: [any_reach]\n"),
    "an experiment that overrides itself": (GLOBAL + "defaults: [override /experiment: any_reach]\n", None, GLOBAL),
    "debug": (GLOBAL + "debug: quick\n", None, GLOBAL),
    "debug below defaults": (GLOBAL + "defaults: [override /debug: quick]\n", None, GLOBAL),
    "defaults that are no list": (GLOBAL + "defaults: 3\n", None, GLOBAL + "defaults: [_self_]\n"),
    "a group that does not exist": (
        GLOBAL + "defaults: [override /rewrd: smooth]\n",
        "rewrd",
        GLOBAL + "defaults: [override /reward: smooth]\n",
    ),
    "a circle": (GLOBAL + "defaults: [mine, _self_]\n", None, GLOBAL + "defaults: [_self_]\n"),
}


@pytest.mark.parametrize(("text", "about", "right"), some(list(FILES.values()), 3, FILES))
def test_advice_for_a_wrong_file_names_it_and_works(tmp_path, text, about, right):
    file = tmp_path / "experiment" / "mine.yaml"
    file.parent.mkdir()
    line = f"--config-dir={tmp_path} experiment=mine"
    file.write_text(text)
    if about == "":
        accept(line)
        return
    with pytest.raises((ConfigError, UnknownNameError)) as caught:
        accept(line)
    check_refusal(caught, about)
    assert any(place in str(caught.value) for place in (str(file), "experiment/mine", "out of range", "device"))
    if right is not None:
        file.write_text(right)
        accept(line)


TYPOS = "=,.+~@/'\"[]{}()$:;#\\ \tü0é-_%!nul"


def mistyped(text, draw):
    """A text with one to three letters lost, doubled, swapped or replaced."""
    for _ in range(draw.randint(1, 3)):
        i = draw.randrange(len(text) + 1)
        change = draw.choice(("lost", "added", "replaced", "doubled", "swapped"))
        letter = draw.choice(TYPOS)
        text = {
            "lost": text[:i] + text[i + 1 :],
            "added": text[:i] + letter + text[i:],
            "replaced": text[:i] + letter + text[i + 1 :],
            "doubled": text[:i] + text[i : i + 1] + text[i:],
            "swapped": text[:i] + text[i + 1 : i + 2] + text[i : i + 1] + text[i + 2 :],
        }[change]
    return text


SWEPT = "-m reward=default,paw_heavy seed=0,1 env.path_steps=5 name=a"
ALONE = "experiment=any_reach model.landmarks={paw:site:handm} policy.net_arch_pi=[8,8] kinematics.path=a/b.csv ~debug"


@pytest.mark.parametrize("n", [45, pytest.param(450, marks=pytest.mark.slow)])
@pytest.mark.parametrize("line", [SWEPT, ALONE])
def test_no_typo_ends_in_a_traceback(line, n, draws):
    for seed in range(draws(n)):
        draw = random.Random(seed)
        words = line.split()
        i = draw.randrange(len(words))
        words[i] = mistyped(words[i], draw)
        with contextlib.suppress(ConfigError, UnknownNameError):
            check_command_line(words)


THEIRS = """# @package _global_
defaults:
  - override /model: muscle
  - any_reach
  - _self_
seed: 3
env: {path_steps: 3}
algo:
  timesteps: 2000
  learning_rate: 1.0e-3
policy:
  net_arch_pi: [8, 8]
hydra:
  mode: MULTIRUN
  sweeper: {params: {seed: "0,1"}}
"""


@pytest.mark.parametrize("n", [9, pytest.param(100, marks=pytest.mark.slow)])
def test_no_typo_in_a_file_ends_in_a_traceback(tmp_path, n, draws):
    file = tmp_path / "experiment" / "mine.yaml"
    file.parent.mkdir()
    for seed in range(draws(n)):
        file.write_text(mistyped(THEIRS, random.Random(seed)))
        with contextlib.suppress(ConfigError, UnknownNameError):
            accept(f"--config-dir={tmp_path} experiment=mine")


def test_keys_of_a_file_of_a_group_stand_without_its_name(tmp_path):
    (tmp_path / "reward").mkdir()
    file = tmp_path / "reward" / "mine.yaml"
    line = f"--config-dir={tmp_path} reward=mine"
    file.write_text("defaults: [default, _self_]\nreward: {w_paw: 2}\n")
    with pytest.raises(UnknownNameError) as caught:
        accept(line)
    assert (caught.value.name, "reward/mine" in caught.value.kind) == ("reward", True)
    file.write_text("defaults: [default, _self_]\nw_paw: 2\n")
    accept(line)


def test_options_may_follow_words():
    assert check_command_line(["seed=1,2", "-m", "name=a"]) == ["-m", "seed=1,2", "name=a"]
    words = ["seed=1", "--cfg", "job", "name=a", "--multirun", f"--config-dir={CONF}", "device=cpu"]
    assert check_command_line(words)[-3:] == ["seed=1", "name=a", "device=cpu"]


@pytest.mark.parametrize(
    "words", [["seed=1", "name=a", "seed=2"], ["seed=2", "seed=2"], ["-m", "seed=1", "device=cpu", "seed=2,3"]]
)
def test_of_a_key_that_is_given_twice_it_is_said_which_counts(words, capsys):
    check_command_line(words)
    first, last = (word for word in words if word.startswith("seed"))
    assert capsys.readouterr().err == f"seed is given twice: {last} counts, {first} does not.\n"


def test_words_that_are_right_pass():
    check_overrides(["hydra.run.dir=x", "hydra/launcher=slurm", "seed=0,1", "debug=quick", "model=[torque]"])
    for line in ("-m 'model=glob(*)' ", "experiment=reward_comparison", "~experiment", "-m name=a"):
        check_command_line(shlex.split(line))


def test_choices_of_a_folder_that_the_command_line_names(tmp_path):
    (tmp_path / "experiment").mkdir()
    (tmp_path / "experiment" / "mine.yaml").write_text(GLOBAL + "seed: 3\n")
    check_command_line([f"--config-dir={tmp_path}", "experiment=mine"])
    with pytest.raises(UnknownNameError):
        check_command_line(["experiment=mine"])


@pytest.mark.parametrize(
    "line",
    [
        "experiment=mine",
        "reward=paw_hevy",
        "algo.timesteps=1e3",
        f"name={LONG}",
        "~seed",
        "--seed=1",
        "seed=0,1",
        "hydra/launcher=slurm -m",
    ],
)
def test_run_py_says_it_in_one_line_and_leaves_no_folder(tmp_path, monkeypatch, run_script, line):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", "/nowhere")  # without SLURM
    ended = run_script("run", *shlex.split(line))
    assert ended.status == 1
    assert ended.err.startswith("error: ")
    assert "Traceback" not in ended.err
    assert not (tmp_path / "outputs").exists()
