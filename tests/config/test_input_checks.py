import pytest

from mousearm.config.input_checks import check_group_files
from mousearm.errors import ConfigError


class TestGroupFiles:
    """A file of a group cannot make Hydra run code."""

    @pytest.fixture
    def theirs(self, tmp_path):
        def write(text, name="experiment/theirs.yaml"):
            path = tmp_path / "theirs" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            return [tmp_path / "theirs"]

        return write

    def test_those_of_the_project_pass(self, theirs):
        check_group_files([])
        check_group_files(theirs("# @package _global_\ndefaults:\n  - override /model: muscle\nname: hydra\n"))
        sweep = "hydra: {mode: MULTIRUN, sweeper: {params: {seed: '0,1'}}}\n"
        check_group_files(theirs(f"# @package _global_\n{sweep}"))
        check_group_files(theirs(f"# @package _global_\ndefaults:\n  - override /hydra/sweeper: optuna\n{sweep}"))
        check_group_files(theirs("# @package _global_\ndefaults:\n  - override /hydra/launcher: side_by_side\n"))

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
            "defaults:\n  - override /hydra/launcher: slurm\n",
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
        (folder,) = theirs(f"# @package _global_\nhydra: {{callbacks: {{a: {evil}}}}}\n")
        monkeypatch.chdir(tmp_path)
        refused = run_script(
            "run", "--config-dir", folder, "experiment=theirs", f"hydra.run.dir={tmp_path / 'out'}", "model=none"
        )
        assert refused.status == 1
        assert "error: " in refused.err
        assert "theirs.yaml: 'hydra' names code" in refused.err
        assert not proof.exists()
        assert not (tmp_path / "out").exists()

    def test_a_file_that_cannot_be_read(self, theirs):
        with pytest.raises(ConfigError, match=r"theirs\.yaml cannot be read: line 1: a tag"):
            check_group_files(theirs("a: !!python/name:os.system"))
