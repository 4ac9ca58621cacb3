import copy
import dataclasses
from functools import reduce
from pathlib import Path

import pytest
from hydra import compose as hydra_compose
from hydra import initialize_config_dir
from omegaconf import OmegaConf

from mousearm.config import CONF, Config, compose, load, loading, read_saved, to_yaml
from mousearm.config.loading import compose_unchecked
from mousearm.errors import ConfigError, RunError, UnknownNameError
from mousearm.registry import ACTION_MAPS, EFFORTS, KERNELS, OBSERVATIONS, REWARDS
from mousearm.retarget import METHODS

# All but those in conf/hydra, which are about Hydra itself; tests/sweep builds the launchers.
GROUP_FILES = sorted(path.relative_to(CONF) for path in CONF.glob("*/*.yaml"))
FOLDERS = sorted({path.parent for path in GROUP_FILES})


def choice(path) -> str:
    return f"{path.parent.as_posix()}={path.stem}"


def together() -> list[tuple[str, ...]]:
    """Choices to compose in one go, among which is every file: experiments alone, and of each other group one."""
    groups = {folder: [choice(path) for path in GROUP_FILES if path.parent == folder] for folder in FOLDERS}
    alone = [(one,) for name in ("debug", "experiment") for one in groups.pop(Path(name))]
    most = max(len(choices) for choices in groups.values())
    return [*alone, *(tuple(choices[i % len(choices)] for choices in groups.values()) for i in range(most))]


def keys(kind: type, prefix: str = "") -> list[str]:
    """Every key of the schema, with its path."""
    found = []
    for field in dataclasses.fields(kind):
        key = f"{prefix}{field.name}"
        found += keys(field.type, f"{key}.") if dataclasses.is_dataclass(field.type) else [key]
    return found


@pytest.fixture(scope="module")
def default():
    """The default configuration."""
    return compose(["name=test"])


@pytest.fixture(scope="module")
def saved(default):
    """The default configuration as a run saves it."""
    return to_yaml(default)


@pytest.fixture(scope="module")
def read(saved):
    """What is read of it, to be merged or copied."""
    return OmegaConf.create(saved)


@pytest.fixture(scope="module")
def refused(read):
    """Change keys of the default configuration, and load what must be refused; gives the error."""

    def call(kind, *changes):
        changed = OmegaConf.merge(read, OmegaConf.from_dotlist(list(changes)))
        with pytest.raises(kind) as caught:
            load(changed)
        return caught.value

    return call


def flatten(values: dict, prefix: str) -> list[str]:
    found = []
    for name, value in values.items():
        found += flatten(value, f"{prefix}{name}.") if isinstance(value, dict) else [f"{prefix}{name}"]
    return found


def is_sweep(path) -> bool:
    """Whether a file sweeps; a search draws its jobs, which tests/sweep composes."""
    text = (CONF / path).read_text(encoding="utf-8")
    return "MULTIRUN" in text and "override /hydra/sweeper: optuna" not in text


class TestGroups:
    """Every file in conf/ composes, and names keys that exist."""

    @pytest.mark.parametrize("choices", together(), ids=" ".join)
    def test_every_file_composes(self, choices):
        to_be_given = ["model.osim=arm.osim"] if "model=osim" in choices else []
        config = compose(["name=test", *choices, *to_be_given])
        config.check_start()
        assert load(OmegaConf.create(to_yaml(config))) == config

    def test_no_file_is_left_out(self):
        assert sorted({one for choices in together() for one in choices}) == sorted(map(choice, GROUP_FILES))

    def test_every_key_of_a_file_is_one_of_the_schema(self):
        known = set(keys(Config))
        for path in GROUP_FILES:
            text = (CONF / path).read_text(encoding="utf-8")
            loaded = OmegaConf.to_container(OmegaConf.create(text))
            loaded.pop("defaults", None)
            swept = loaded.pop("hydra", {}).get("sweeper", {}).get("params", {})
            prefix = "" if "@package _global_" in text else f"{path.parent.as_posix()}."
            assert set(flatten(loaded, prefix)) <= known, path
            for key, values in swept.items():
                choices = [other.stem for other in GROUP_FILES if other.parent.as_posix() == key]
                assert set(str(values).split(",")) <= set(choices) if choices else key in known, path

    @pytest.mark.parametrize("path", [path for path in GROUP_FILES if is_sweep(path)], ids=choice)
    def test_the_first_and_the_last_job_of_a_sweep_compose(self, path):
        text = (CONF / path).read_text(encoding="utf-8")
        swept = {key: str(values).split(",") for key, values in OmegaConf.create(text).hydra.sweeper.params.items()}
        jobs = [[f"{key}={values[i]}" for key, values in swept.items()] for i in (0, -1)]
        first, last = (compose(["name=test", choice(path), *job]) for job in jobs)
        assert first != last
        assert text.splitlines()[1].startswith(f"# python run.py {choice(path)} ")

    def test_an_unknown_choice_lists_the_files(self):
        with pytest.raises(UnknownNameError) as caught:
            compose(["model=wing"])
        assert (caught.value.kind, caught.value.name) == ("choice of the group model", "wing")
        assert {"muscle", "torque"} <= set(caught.value.valid)

    def test_what_an_experiment_sets_holds_below_the_command_line(self, tmp_path):
        """Every key at the top level, set in an experiment of the user's."""
        values = {
            **{"name": "theirs", "seed": 7, "threads": 3, "network_threads": 2, "device": "cpu", "video": False},
            **{"max_minutes": 5.0, "engine": "mujoco", "start_from": "theirs"},
        }
        assert set(values) == {f.name for f in dataclasses.fields(Config) if not dataclasses.is_dataclass(f.type)}
        (tmp_path / "experiment").mkdir()
        theirs = OmegaConf.to_yaml(OmegaConf.create(values))
        (tmp_path / "experiment" / "mine.yaml").write_text(f"# @package _global_\n{theirs}")
        with initialize_config_dir(str(CONF), version_base="1.3"):
            search = f"hydra.searchpath=[file://{tmp_path}]"
            composed = load(hydra_compose("config", ["experiment=mine", search]))
            above = load(hydra_compose("config", ["experiment=mine", "seed=8", search]))
        assert {name: getattr(composed, name) for name in values} == values
        assert above == dataclasses.replace(composed, seed=8)


class TestComposed:
    """What the command line says arrives, and touches nothing else."""

    def test_overrides_arrive(self):
        words = ["reward=paw_heavy", "reward.w_effort=2", "env.path_steps=5", "algo.n_steps=00143", "name=2024"]
        config = compose(words)
        assert (config.reward.w_paw, config.reward.w_effort, config.env.path_steps) == (1.6, 2.0, 5)
        assert config.algo.n_steps == 143  # not octal 99
        assert config.name == "2024"

    def test_two_compositions_do_not_touch_each_other(self):
        first = compose(["name=first", "reward=paw_heavy", "policy.net_arch_pi=[8]"])
        text = to_yaml(first)
        second = compose(["name=second"])
        second.policy.net_arch_pi.append(3)
        second.env.observation.clear()
        assert to_yaml(first) == text
        third = compose(["name=second"])
        assert third.policy.net_arch_pi == [64]
        assert third.env.observation
        assert third.reward != first.reward

    def test_round_trip(self):
        config = compose(["name=test", "model=muscle", "model.joints=[elbow_flex]", "algo.target_kl=0.02", "seed=7"])
        assert load(OmegaConf.create(to_yaml(config))) == config

    @pytest.mark.parametrize("words", [[], ["model=muscle", "reward.w_paw=2", "kinematics.path='1'", "name=${seed}"]])
    def test_typed_as_omegaconf_does(self, words):
        composed = compose_unchecked(["name=test", "algo.target_kl=1", "condition=delay", *words])
        typed = OmegaConf.to_object(OmegaConf.merge(OmegaConf.structured(Config), composed))
        assert to_yaml(load(composed)) == to_yaml(typed)
        assert load(composed) == typed

    def test_malformed_override(self):
        with pytest.raises(ConfigError, match="is no KEY=VALUE"):
            compose(["seed"])

    def test_a_value_that_is_to_be_given(self):
        with pytest.raises(ConfigError, match=r"^No value is given for model\.file\. Give one as KEY=VALUE\.$"):
            compose(["name=test", "model.file=???"])


class TestValues:
    """Values are of their type, in their range, and of the names that exist."""

    @pytest.mark.parametrize(
        ("change", "key"),
        [
            ("algo.gamma=much", "algo.gamma"),
            ("algo.gamma=null", "algo.gamma"),
            ("algo.n_steps=1.5", "algo.n_steps"),
            ("algo.n_steps=[1]", "algo.n_steps"),
            ("video=perhaps", "video"),
            ("policy.net_arch_pi=[64,wide]", "policy.net_arch_pi[1]"),
            ("policy.net_arch_pi=64", "policy.net_arch_pi"),
            ("model.landmarks.paw=[a]", "model.landmarks.paw"),
            ("reward.w_paw=heavy", "reward.w_paw"),
            ("seed=one", "seed"),
        ],
    )
    def test_a_wrong_type_names_the_full_key(self, refused, change, key):
        assert refused(ConfigError, change).key == key

    @pytest.mark.parametrize(
        "change",
        [
            *("algo.gamma=1.01", "algo.batch_size=1", "algo.learning_rate=0", "algo.learning_rate_final=-1"),
            *("algo.timesteps=-1", "env.control_dt=0", "env.n_substeps=0", "env.num_envs=0", "env.observation=[]"),
            *("env.path_steps=-1", "env.path_spacing=0", "env.random_start=1.5", "env.divergence_penalty=-1"),
            *("kinematics.max_residual_mm=0", "kinematics.train_ratio=0", "reward.w_paw=-1", "reward.sigma_mm=[]"),
            *("reward.sigma_mm=[1,0]", "policy.lstm_hidden_size=0", "policy.net_arch_vf=[8,0]"),
            *("policy.net_arch_pi=[9999999999]", "policy.log_std_init=2", "seed=-1", "threads=-1", "name=' x'"),
            "name=''",
        ],
    )
    def test_out_of_range(self, refused, change):
        error = refused(ConfigError, change)
        assert error.key == change.partition("=")[0]
        assert " is out of range: " in str(error)

    @pytest.mark.parametrize(
        ("changes", "key"),
        [
            (
                ["policy.lstm_hidden_size=8192", "policy.n_lstm_layers=9"],
                "policy.n_lstm_layers x policy.lstm_hidden_size^2",
            ),
            (["algo.n_steps=1000000"], "algo.n_steps x env.num_envs"),
            (["reward.w_elbow=0", "reward.w_paw=0"], "reward.w_elbow + reward.w_paw"),
            (["reward.w_bone_diff=0", "reward.w_action=0"], "the sum of all reward weights"),
        ],
    )
    def test_out_of_range_together(self, refused, changes, key):
        assert refused(ConfigError, *changes).key == key

    @pytest.mark.parametrize(
        "key",
        [
            *("env.control_dt", "env.random_start", "env.divergence_penalty", "kinematics.max_residual_mm"),
            *("kinematics.train_ratio", "reward.w_bone_diff", "reward.w_elbow", "reward.w_action"),
            *("algo.learning_rate", "algo.learning_rate_final", "algo.gamma", "algo.gae_lambda", "algo.clip_range"),
            *("algo.clip_range_vf", "algo.ent_coef", "algo.vf_coef", "algo.max_grad_norm", "algo.target_kl"),
            "policy.log_std_init",
        ],
    )
    def test_what_is_not_a_finite_number_is_out_of_range_but_for_a_bound(self, refused, key):
        for value in ("nan", "inf") if key != "kinematics.max_residual_mm" else ("nan",):
            assert refused(ConfigError, f"{key}={value}").key == key

    @pytest.mark.parametrize(
        ("key", "names"),
        [
            ("model.action_map", ACTION_MAPS),
            ("model.fit", ("none", "animal")),
            ("kinematics.retarget", METHODS),
            ("kinematics.split_by", ("file", "session", "animal")),
            ("kinematics.on_bad", ("refuse", "skip")),
            ("env.sampling", ("uniform", "hard")),
            ("reward.kernel", KERNELS),
            ("reward.effort", EFFORTS),
        ],
    )
    def test_choices_are_those_that_the_module_offers(self, refused, read, key, names):
        error = refused(UnknownNameError, f"{key}=nothing")
        assert (error.kind, error.valid) == (f"choice for {key}", sorted(names))
        for name in names:
            loaded = load(OmegaConf.merge(read, OmegaConf.from_dotlist([f"{key}={name}"])))
            assert reduce(getattr, key.split("."), loaded) == name

    def test_advice_for_a_minibatch_that_is_larger_than_the_rollout(self):
        words = ["env.num_envs=4", "algo.n_steps=98", "algo.batch_size=393"]
        with pytest.raises(ConfigError, match=r"Give algo\.batch_size=392 or less") as caught:
            compose(words).check_start()
        assert caught.value.key == "algo.batch_size"
        compose([*words, "algo.batch_size=392"]).check_start()

    def test_advice_where_nothing_would_be_learned(self):
        with pytest.raises(ConfigError, match=r"Give algo\.timesteps=300000, or pretrain=cmc") as caught:
            compose(["algo.timesteps=0"]).check_start()
        assert caught.value.key == "algo.timesteps"
        for word in ("algo.timesteps=300000", "pretrain=cmc"):
            compose(["algo.timesteps=0", word]).check_start()

    def test_terms_are_those_of_the_registries(self, refused, default):
        assert refused(UnknownNameError, "env.observation=[qpos,sight]").valid == sorted(OBSERVATIONS)
        weights = [name for name in default.reward.__dict__ if name.startswith("w_")]
        assert weights == ["w_bone_diff", *(f"w_{name}" for name in REWARDS)]

    @pytest.mark.parametrize("changes", [["model.file=null"], ["model.osim=arm.osim"]])
    def test_one_model_is_given(self, refused, changes):
        assert "give one of them, and null for the other" in str(refused(ConfigError, *changes))

    def test_lengths_belong_to_a_fitted_model(self, refused):
        text = "model.forearm_mm=15.0 scales the model, but model.fit=none: add model.fit=animal."
        assert str(refused(ConfigError, "model.forearm_mm=15")) == text
        model = compose(["model.fit=animal", "model.forearm_mm=15"]).model
        assert (model.fit, model.upper_arm_mm, model.forearm_mm) == ("animal", None, 15.0)
        for length in ("1.9", "61", "nan"):  # of no mouse
            assert refused(ConfigError, "model.fit=animal", f"model.upper_arm_mm={length}").key == "model.upper_arm_mm"


class TestSaved:
    """A configuration from elsewhere is data."""

    @pytest.fixture
    def write(self, tmp_path):
        def call(text):
            (tmp_path / "config.yaml").write_text(text)
            return tmp_path / "config.yaml"

        return call

    def test_it_is_what_was_saved(self, write, configure):
        config = configure("model=muscle", "model.fit=animal", "env.path_steps=5", "tracking.tags=[a,'b: c']")
        assert read_saved(write(to_yaml(config))) == config

    @pytest.mark.parametrize(
        ("group", "names"),
        [
            ("model", ("fit", "upper_arm_mm", "forearm_mm")),
            ("kinematics", ("split_by", "on_bad")),
            ("env", ("path_spacing", "sampling")),
            ("reward", ("w_effort", "w_qvel", "w_qpos")),
        ],
    )
    def test_a_run_saved_before_a_key_existed(self, default, read, group, names):
        older = copy.deepcopy(read)
        for name in names:
            del older[group][name]
        assert load(older) == default

    def test_a_key_that_is_missing_or_misspelt(self, read):
        changed = copy.deepcopy(read)
        del changed["seed"]
        with pytest.raises(ConfigError, match="missing mandatory value: seed"):
            load(changed)
        changed = copy.deepcopy(read)
        changed.algo.gama = 0.9
        with pytest.raises(UnknownNameError) as caught:
            load(changed)
        assert (caught.value.kind, caught.value.name) == ("configuration key in algo", "gama")

    @pytest.mark.parametrize(
        ("text", "why"),
        [
            ("name: !!python/object/apply:os.system [touch proof]", r"line 1: a tag \(.*os\.system\)"),
            ("name: !!python/object/apply:pathlib.Path [a]", "a tag"),
            ("name: !!set {a, b}", "a tag"),
            ("a: &a [x]\nb: *a", r"line 2: an alias \(\*a\)"),
            ("a: " + 30 * "[" + 30 * "]", "line 1: values within values, more than 20 deep"),
            ("a: [1", "cannot be read"),
            ("[a]: 1", "cannot be read"),
            ("a: \x07", "cannot be read"),
            ("a: ${oc.env:HOME}", r"holds the interpolation '\$\{oc\.env:HOME\}'"),
            ("${oc.env:HOME}: 1", "holds the interpolation"),
            ("- 1", "holds no configuration"),
            ("", "holds no configuration"),
            ("a: '" + 100_000 * "x" + "'", "at most 0.1 MB"),
        ],
    )
    def test_what_is_more_than_data_is_refused(self, write, monkeypatch, tmp_path, text, why):
        monkeypatch.chdir(tmp_path)
        with pytest.raises(RunError, match=r"config\.yaml .*" + why):
            read_saved(write(text))
        assert [path.name for path in tmp_path.iterdir()] == ["config.yaml"]

    def test_a_target_is_not_a_key(self, write, saved):
        with pytest.raises(UnknownNameError, match="_target_"):
            read_saved(write(saved.replace("model:\n", "model:\n  _target_: os.system\n")))


@pytest.mark.parametrize(
    "words",
    [
        ["name=a", "model=muscle", "reward.w_paw=2", "reward=paw_heavy", "env.observation=[qpos,qvel]"],
        ["experiment=any_reach", "kinematics.path='a b, c'", "policy.net_arch_pi=[]", "seed=4", "name=run_${seed}"],
        ["name=a", "condition=delay", "debug=quick", "algo.target_kl=null", "tracking.tags=['1',b]"],
    ],
)
def test_tests_compose_what_hydra_composes(hydra_remembers, words):
    assert loading.hydra_compose is hydra_remembers
    remembered = compose_unchecked(words)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loading, "hydra_compose", hydra_compose)
        assert remembered == compose_unchecked(words)
        assert to_yaml(load(remembered)) == to_yaml(compose(words))
