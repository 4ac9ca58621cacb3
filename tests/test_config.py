import dataclasses
import re

import pytest
from omegaconf import OmegaConf

from mousearm.config import CONF, Config, check_group_files, check_overrides, compose, load, read_saved, to_yaml
from mousearm.errors import ConfigError, RunError, UnknownNameError
from mousearm.paths import resolve
from mousearm.registry import ACTION_MAPS, EFFORTS, KERNELS
from mousearm.retarget.reference import METHODS

# All but those in conf/hydra, which are about Hydra itself; tests/sweep builds the launchers.
GROUP_FILES = sorted(path.relative_to(CONF) for path in CONF.glob("*/*.yaml"))


def choice(path) -> str:
    return f"{path.parent.as_posix()}={path.stem}"


def keys(kind: type, prefix: str = "") -> list[str]:
    """Every key of the schema, with its path."""
    found = []
    for field in dataclasses.fields(kind):
        key = f"{prefix}{field.name}"
        found += keys(field.type, f"{key}.") if dataclasses.is_dataclass(field.type) else [key]
    return found


def plain(config: Config):
    return OmegaConf.create(to_yaml(config))


def refused(kind, text, *overrides):
    with pytest.raises(kind, match=re.escape(text)) as caught:
        compose(["name=test", *overrides])
    return caught.value


@pytest.mark.parametrize("overrides", [["model=osim"], ["model.osim=arm.osim"], ["model.file=null"]])
def test_one_model_is_given(overrides):
    refused(ConfigError, "give one of them, and null for the other", *overrides)


def test_lengths_belong_to_a_fitted_model():
    text = "model.forearm_mm=15.0 scales the model, but model.fit=none: add model.fit=animal."
    refused(ConfigError, text, "model.forearm_mm=15")
    model = compose(["model.fit=animal", "model.forearm_mm=15"]).model
    assert (model.fit, model.upper_arm_mm, model.forearm_mm) == ("animal", None, 15.0)


@pytest.mark.parametrize("length", [1.9, 61, "nan"])
def test_lengths_of_no_mouse(length):
    text = f"model.upper_arm_mm={float(length)} is out of range: 2 to 60 mm."
    refused(ConfigError, text, "model.fit=animal", f"model.upper_arm_mm={length}")


def test_a_run_saved_before_models_could_be_fitted():
    saved = plain(compose(["name=test"]))
    for key in ("fit", "upper_arm_mm", "forearm_mm"):
        del saved["model"][key]
    assert load(saved) == compose(["name=test"])


def test_a_run_saved_before_reaches_could_be_split_by_session():
    saved = plain(compose(["name=test"]))
    for group, names in {"kinematics": ("split_by", "on_bad"), "env": ("path_spacing", "sampling")}.items():
        for name in names:
            del saved[group][name]
    assert load(saved) == compose(["name=test"])


def test_defaults_compose():
    assert isinstance(compose(), Config)


@pytest.mark.parametrize("path", GROUP_FILES, ids=choice)
def test_every_file_composes(path):
    to_be_given = {"model=osim": ["model.osim=arm.osim"]}
    config = compose(["name=test", choice(path), *to_be_given.get(choice(path), [])])
    assert load(plain(config)) == config


@pytest.mark.parametrize("path", GROUP_FILES, ids=choice)
def test_every_key_of_a_file_is_one_of_the_schema(path):
    text = (CONF / path).read_text(encoding="utf-8")
    loaded = OmegaConf.to_container(OmegaConf.create(text))
    loaded.pop("defaults", None)
    swept = loaded.pop("hydra", {}).get("sweeper", {}).get("params", {})
    prefix = "" if "@package _global_" in text else f"{path.parent.as_posix()}."
    known = keys(Config)
    for key in flatten(loaded, prefix):
        assert key in known
    for key, values in swept.items():
        choices = [path.stem for path in GROUP_FILES if path.parent.as_posix() == key]
        assert set(str(values).split(",")) <= set(choices) if choices else key in known


def is_sweep(path) -> bool:
    """Whether a file sweeps; a search draws its jobs, which tests/sweep composes."""
    text = (CONF / path).read_text(encoding="utf-8")
    return "MULTIRUN" in text and "override /hydra/sweeper: optuna" not in text


SWEEPS = [path for path in GROUP_FILES if is_sweep(path)]


@pytest.mark.parametrize("path", SWEEPS, ids=choice)
def test_the_first_and_the_last_job_of_a_sweep_compose(path):
    text = (CONF / path).read_text(encoding="utf-8")
    swept = {key: str(values).split(",") for key, values in OmegaConf.create(text).hydra.sweeper.params.items()}
    jobs = [[f"{key}={values[i]}" for key, values in swept.items()] for i in (0, -1)]
    first, last = (compose(["name=test", choice(path), *job]) for job in jobs)
    assert first != last
    assert text.splitlines()[1].startswith(f"# python run.py {choice(path)} ")


def flatten(values: dict, prefix: str) -> list[str]:
    found = []
    for name, value in values.items():
        found += flatten(value, f"{prefix}{name}.") if isinstance(value, dict) else [f"{prefix}{name}"]
    return found


def test_two_compositions_do_not_touch_each_other():
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


def test_round_trip():
    config = compose(["name=test", "model=muscle", "model.joints=[elbow_flex]", "algo.target_kl=0.02", "seed=7"])
    assert load(plain(config)) == config


def test_overrides_arrive():
    config = compose(["name=test", "reward=paw_heavy", "reward.w_effort=2", "env.path_steps=5", "algo.n_steps=00143"])
    assert (config.reward.w_paw, config.reward.w_effort, config.env.path_steps) == (1.6, 2.0, 5)
    assert config.algo.n_steps == 143  # not octal 99


@pytest.mark.parametrize(
    ("override", "text"),
    [
        ("algo.learning_rte=1", "configuration key in algo named 'learning_rte'. Did you mean 'learning_rate'?"),
        ("rewards.w_paw=1", "configuration key at the top level named 'rewards'. Did you mean 'reward'?"),
        ("model.landmarks.hand=a", "in model.landmarks named 'hand'. Those that exist: elbow, paw, shoulder."),
        ("+reward.w_new=1", "configuration key in reward named 'w_new'"),
        ("++extra=1", "configuration key at the top level named 'extra'"),
    ],
)
def test_misspelt_key(override, text):
    refused(UnknownNameError, text, override)


def test_misspelt_key_of_a_saved_configuration():
    saved = plain(compose(["name=test"]))
    saved.algo.gama = 0.9
    with pytest.raises(ConfigError, match=r"full_key: algo\.gama"):
        load(saved)


def test_key_below_a_value():
    refused(ConfigError, "algo.gamma.x: algo.gamma is a value, it has no keys below it.", "algo.gamma.x=1")


@pytest.mark.parametrize(
    ("override", "key"),
    [
        ("algo.gamma=much", "algo.gamma"),
        ("algo.gamma=null", "algo.gamma"),
        ("algo.n_steps=1.5", "algo.n_steps"),
        ("algo.n_steps=[1]", "algo.n_steps"),
        ("video=perhaps", "video"),
        ("policy.net_arch_pi=[64,wide]", "policy.net_arch_pi[1]"),
        ("policy.net_arch_pi=64", "policy.net_arch_pi"),
        ("model.landmarks.paw=[a]", "model.landmarks.paw"),
        ("seed=one", "seed"),
    ],
)
def test_wrong_type_names_the_full_key(override, key):
    assert f"full_key: {key}" in str(refused(ConfigError, key, override))


@pytest.mark.parametrize(
    ("override", "text"),
    [
        ("algo.gamma=1.01", "algo.gamma=1.01 is out of range: 0 to 1."),
        ("algo.batch_size=1", "algo.batch_size=1 is out of range: 2 or more control steps."),
        ("algo.learning_rate=0", "algo.learning_rate=0.0 is out of range: finite, above 0."),
        ("algo.learning_rate_final=-1", "algo.learning_rate_final=-1.0 is out of range"),
        ("algo.timesteps=0", "algo.timesteps=0 is out of range"),
        ("env.control_dt=0", "env.control_dt=0.0 is out of range: 0.00001 to 0.1 s."),
        ("env.n_substeps=0", "env.n_substeps=0 is out of range: 1 to 1000."),
        ("env.num_envs=0", "env.num_envs=0 is out of range"),
        ("env.observation=[]", "env.observation=[] is out of range: at least one term."),
        ("env.path_steps=-1", "env.path_steps=-1 is out of range"),
        ("env.path_spacing=0", "env.path_spacing=0 is out of range: 1 to 1000"),
        ("env.random_start=1.5", "env.random_start=1.5 is out of range"),
        ("env.divergence_penalty=-1", "env.divergence_penalty=-1.0 is out of range"),
        ("kinematics.max_residual_mm=0", "kinematics.max_residual_mm=0.0 is out of range"),
        ("kinematics.train_ratio=0", "kinematics.train_ratio=0.0 is out of range"),
        ("reward.w_paw=-1", "reward.w_paw=-1.0 is out of range: finite, 0 or more."),
        ("reward.sigma_mm=[]", "reward.sigma_mm=[] is out of range"),
        ("reward.sigma_mm=[1,0]", "reward.sigma_mm=[1.0, 0.0] is out of range: at least one width, each above 0 mm."),
        ("policy.lstm_hidden_size=0", "policy.lstm_hidden_size=0 is out of range"),
        ("policy.net_arch_vf=[8,0]", "policy.net_arch_vf=[8, 0] is out of range: at most 16 sizes of 1 to 8192."),
        ("policy.net_arch_pi=[9999999999]", "policy.net_arch_pi=[9999999999] is out of range"),
        ("++policy={lstm_hidden_size:8192,n_lstm_layers:9}", "policy.lstm_hidden_size^2=603979776 is out of range"),
        ("algo.n_steps=1000000", "algo.n_steps x env.num_envs=16000000 is out of range: at most 10000000 steps"),
        ("policy.log_std_init=2", "policy.log_std_init=2.0 is out of range"),
        ("seed=-1", "seed=-1 is out of range"),
        ("threads=-1", "threads=-1 is out of range"),
        ("name=' x'", "name=' x' is out of range: a folder below outputs, without outer spaces."),
        ("name=''", "name='' is out of range"),
    ],
)
def test_out_of_range(override, text):
    refused(ConfigError, text, override)


def test_both_landmark_weights_zero():
    refused(ConfigError, "reward.w_elbow + reward.w_paw=0 is out of range", "reward.w_elbow=0", "reward.w_paw=0")


FLOATS = [
    *("env.control_dt", "env.random_start", "env.divergence_penalty", "kinematics.max_residual_mm"),
    *("kinematics.train_ratio", "reward.w_bone_diff", "reward.w_elbow", "reward.w_action", "policy.log_std_init"),
    *("algo.learning_rate", "algo.learning_rate_final", "algo.gamma", "algo.gae_lambda", "algo.clip_range"),
    *("algo.clip_range_vf", "algo.ent_coef", "algo.vf_coef", "algo.max_grad_norm", "algo.target_kl"),
]


@pytest.mark.parametrize("key", FLOATS)
def test_not_a_number_is_out_of_range_everywhere(key):
    refused(ConfigError, f"{key}=nan is out of range", f"{key}=nan")


@pytest.mark.parametrize("key", [key for key in FLOATS if key != "kinematics.max_residual_mm"])
def test_infinity_is_out_of_range_everywhere_but_for_a_bound(key):
    refused(ConfigError, f"{key}=inf is out of range", f"{key}=inf")


@pytest.mark.parametrize(
    ("key", "table"),
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
def test_choices_are_those_that_the_module_offers(key, table):
    error = refused(UnknownNameError, f"There is no choice for {key} named 'nothing'", f"{key}=nothing")
    assert error.valid == sorted(table)
    for name in table:
        compose(["name=test", f"{key}={name}"])


def test_missing_value():
    refused(ConfigError, "No value is given for model.file. Give one as KEY=VALUE.", "model.file=???")
    saved = plain(compose(["name=test"]))
    del saved["seed"]
    with pytest.raises(ConfigError, match="missing mandatory value: seed"):
        load(saved)


def test_unknown_choice_of_a_group_lists_the_files():
    error = refused(ConfigError, "Could not find 'model/wing'", "model=wing")
    assert "muscle" in str(error)
    assert "torque" in str(error)


def test_malformed_override():
    refused(ConfigError, "missing EQUAL", "seed")


def test_command_line_options_and_hydras_own_keys_pass():
    check_overrides(["-m", "--cfg=job", "hydra.run.dir=x", "hydra/launcher=slurm", "seed=0,1", "debug=quick", "~seed"])


def test_names_are_kept_as_text():
    assert compose(["name=2024"]).name == "2024"


class TestSaved:
    """A configuration from elsewhere is data."""

    @pytest.fixture
    def saved(self, tmp_path):
        def write(text):
            (tmp_path / "config.yaml").write_text(text)
            return tmp_path / "config.yaml"

        return write

    def test_it_is_what_was_saved(self, saved, configure):
        config = configure("model=muscle", "model.fit=animal", "env.path_steps=5", "tracking.tags=[a,'b: c']")
        assert read_saved(saved(to_yaml(config))) == config

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
            ("a: '" + 100_000 * "x" + "'", r"larger than 100 kB \(100\.005 kB\)"),
        ],
    )
    def test_what_is_more_than_data_is_refused(self, saved, monkeypatch, tmp_path, text, why):
        monkeypatch.chdir(tmp_path)
        with pytest.raises(RunError, match=r"config\.yaml .*" + why):
            read_saved(saved(text))
        assert [path.name for path in tmp_path.iterdir()] == ["config.yaml"]

    def test_a_target_is_no_key(self, saved, configure):
        text = to_yaml(configure()).replace("model:\n", "model:\n  _target_: os.system\n")
        with pytest.raises(ConfigError, match="_target_"):
            read_saved(saved(text))


class TestGroupFiles:
    """A file of a group cannot make Hydra run code."""

    @pytest.fixture
    def theirs(self, tmp_path):
        def write(text, name="experiment/theirs.yaml"):
            path = tmp_path / "theirs" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            return [f"--config-dir={tmp_path / 'theirs'}", "experiment=theirs"]

        return write

    def test_those_of_the_project_pass(self, theirs):
        check_group_files([])
        check_group_files(theirs("# @package _global_\ndefaults:\n  - override /model: muscle\nname: hydra\n"))
        sweep = "hydra: {mode: MULTIRUN, sweeper: {params: {seed: '0,1'}}}\n"
        check_group_files(theirs(f"# @package _global_\n{sweep}"))
        check_group_files(theirs(f"# @package _global_\ndefaults:\n  - override /hydra/sweeper: optuna\n{sweep}"))

    @pytest.mark.parametrize(
        "text",
        [
            "# @package _global_\nhydra: {callbacks: {a: {_target_: os.system, command: 'touch proof'}}}\n",
            "# @package _global_\nhydra:\n  job_logging: {handlers: {a: {class: subprocess.Popen, args: [ls]}}}\n",
            "# @package _global_\nhydra: {mode: MULTIRUN, sweeper: {params: {seed: '0,1'}, _target_: os.system}}\n",
            "# @package _global_\nhydra: {mode: MULTIRUN, sweeper: {params: {hydra.job_logging.a: '0,1'}}}\n",
            "# @package hydra.callbacks\na: {b: 1}\n",
            "defaults:\n  - /reward@hydra.callbacks: theirs\n",
            "defaults:\n  - override /hydra/job_logging: theirs\n",
            "defaults:\n  - override /hydra/sweeper: theirs\n",
            "defaults:\n  - {override /hydra/sweeper: optuna, override /hydra/callbacks: theirs}\n",
            "defaults:\n  - /hydra/callbacks/theirs\n",
            '"\\x68ydra": {callbacks: {}}\n',
            "model: {file: {_target_: os.system}}\n",
        ],
    )
    def test_what_speaks_of_hydra_is_refused(self, theirs, text):
        with pytest.raises(ConfigError, match=r"theirs\.yaml: '.*' names code, or says how Hydra runs it"):
            check_group_files(theirs(text))

    def test_run_py_refuses_it_before_hydra_calls_it(self, run_script, theirs, tmp_path, monkeypatch):
        proof = tmp_path / "proof"
        evil = f"{{_target_: pathlib.Path.touch, _args_: [{{_target_: pathlib.Path, _args_: ['{proof}']}}]}}"
        arguments = theirs(f"# @package _global_\nhydra: {{callbacks: {{a: {evil}}}}}\n")
        monkeypatch.chdir(tmp_path)
        refused = run_script("run", *arguments, f"hydra.run.dir={tmp_path / 'out'}", "model=none")
        assert refused.status == 1
        assert "error: " in refused.err
        assert "theirs.yaml: 'hydra' names code" in refused.err
        assert not proof.exists()
        assert not (tmp_path / "out").exists()

    def test_a_file_that_cannot_be_read(self, theirs):
        with pytest.raises(ConfigError, match=r"theirs\.yaml cannot be read: line 1: a tag"):
            check_group_files(theirs("a: !!python/name:os.system"))


@pytest.mark.parametrize(
    "text", ["package:../errors.py", "package:/etc/passwd", "x" * 5000, "~nobody_of_that_name/a", "package:a/../../b"]
)
def test_what_is_no_path(text):
    with pytest.raises(ConfigError, match="cannot be used as a path"):
        resolve(text, "model")
