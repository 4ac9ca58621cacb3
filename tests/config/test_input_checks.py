import pytest

from mousearm.config import check_group_files, check_overrides, compose
from mousearm.errors import ConfigError, UnknownNameError


@pytest.mark.parametrize(
    ("override", "place", "name", "near"),
    [
        ("algo.learning_rte=1", "in algo", "learning_rte", "learning_rate"),
        ("rewards.w_paw=1", "at the top level", "rewards", "reward"),
        ("model.landmarks.hand=a", "in model.landmarks", "hand", "paw"),
        ("+reward.w_new=1", "in reward", "w_new", "w_paw"),
        ("++extra=1", "at the top level", "extra", "env"),
    ],
)
def test_misspelt_key(override, place, name, near):
    with pytest.raises(UnknownNameError) as caught:
        compose(["name=test", override])
    assert (caught.value.kind, caught.value.name) == (f"configuration key {place}", name)
    assert near in caught.value.valid


@pytest.mark.parametrize(
    ("words", "group", "name"),
    [
        (["experiment=muscle_from_scrach"], "experiment", "muscle_from_scrach"),
        (["debug="], "debug", ""),
        (["debug=slow"], "debug", "slow"),
        (["model=[torque]"], None, None),
        (["-m", "reward=default,paw_hevy"], "reward", "paw_hevy"),
        (["-m", "model=choice(torque,muscel)"], "model", "muscel"),
        (["-m", "model=glob(*)", "experiment=null"], None, None),
        (["policy@policy=lsmt"], "policy", "lsmt"),
        (["++experiment=any_rech"], "experiment", "any_rech"),
        (["experiment=3"], "experiment", "3"),
    ],
    ids=str,
)
def test_a_choice_that_does_not_exist_is_refused(words, group, name):
    if group is None:
        check_overrides(words)
        return
    with pytest.raises(UnknownNameError) as caught:
        check_overrides(words)
    assert (caught.value.kind, caught.value.name) == (f"choice of the group {group}", name)


def test_choices_of_a_folder_that_the_command_line_names(tmp_path):
    (tmp_path / "experiment").mkdir()
    (tmp_path / "experiment" / "mine.yaml").write_text("# @package _global_\nseed: 3\n")
    check_overrides(["--config-dir", str(tmp_path), "experiment=mine"])
    with pytest.raises(UnknownNameError):
        check_overrides(["experiment=mine"])


def test_a_choice_that_a_file_names_is_refused(tmp_path, run_script):
    (tmp_path / "experiment").mkdir()
    (tmp_path / "experiment" / "mine.yaml").write_text("# @package _global_\ndefaults: [{override /model: musle}]\n")
    ended = run_script("run", "--config-dir", str(tmp_path), "experiment=mine", f"hydra.run.dir={tmp_path / 'run'}")
    assert ended.status == 1
    assert "model/musle" in ended.out + ended.err
    assert not (tmp_path / "run").exists()


def test_key_below_a_value():
    with pytest.raises(ConfigError, match=r"^algo\.gamma\.x: algo\.gamma is a value, it has no keys below it\.$"):
        check_overrides(["algo.gamma.x=1"])


def test_command_line_options_and_hydras_keys_pass():
    check_overrides(["-m", "--cfg=job", "hydra.run.dir=x", "hydra/launcher=slurm", "seed=0,1", "debug=quick", "~seed"])


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
