import json
from dataclasses import asdict, replace

import pytest
import yaml

from mousearm.config import read_saved, to_yaml
from mousearm.errors import RunError
from mousearm.files import SEAL, write_sealed
from mousearm.rundir.folder import RunFolder
from mousearm.share.contents import ShareOptions, gather, write_contents

ALWAYS = {
    *(
        "README.md",
        "config.yaml",
        "environment.txt",
        "evaluation.json",
        "origin.json",
        "sha256sums.txt",
        "split.json",
        "status.json",
    ),
    *("best/manifest.json", "best/policy.safetensors", "best/state.json"),
}
PICTURES = {f"figures/mouse_1/{name}.png" for name in ("one", "two")} | {"figures/generalisation.png"}
MODEL = {"model/torque.xml", "model/forelimb.xml"}
REACHES = {f"kinematics/mouse_1/{name}.csv" for name in ("one", "two")}


def gathered(run, **choices):
    return gather(run, ShareOptions("jane/agent", **choices))


def test_what_evaluates_the_network_is_shared_and_no_reach_unless_asked(trained):
    contents = gathered(trained)
    assert set(contents.files) == ALWAYS | PICTURES | MODEL
    assert "The reaches themselves are not shared (--with-kinematics)" in contents.text()
    assert "Names of reaches, hashes of their files" in contents.text()
    assert "Your model is shared: torque.xml and the files that it names." in contents.text()
    assert set(gathered(trained, kinematics=True, pictures=False).files) == ALWAYS | MODEL | REACHES


def test_the_shared_configuration_names_no_place_of_this_machine(trained, tmp_path):
    contents = gathered(trained)
    config = yaml.safe_load(contents.files["config.yaml"])
    assert config["model"]["file"] == "run:model/torque.xml"
    assert config["kinematics"]["path"] == "run:kinematics"
    write_contents(contents, tmp_path / "shared")
    found = RunFolder(tmp_path / "shared").saved_config()
    assert found.model.file == str(tmp_path / "shared" / "model" / "torque.xml")
    assert found.kinematics.path == str(tmp_path / "shared" / "kinematics")


def test_what_ships_with_the_program_is_named_not_copied(trained):
    change(trained, lambda config: replace(config, model=replace(config.model, file="package:torque.xml")))
    contents = gathered(trained)
    assert not MODEL & set(contents.files)
    assert yaml.safe_load(contents.files["config.yaml"])["model"]["file"] == "package:torque.xml"


def test_account_host_and_changes_of_the_code_are_left_out(trained):
    tracking = {"wandb": "online", "entity": "janes-lab", "group": "secret", "tags": ["draft"]}
    change(trained, lambda config: replace(config, tracking=replace(config.tracking, **tracking)))
    config = RunFolder(trained).saved_config()
    text = (trained / "environment.txt").read_text().partition("$ git diff HEAD\n")[0]
    write_sealed(trained / "environment.txt", text + "$ git diff HEAD\n+password = 'mouse'\n")
    files = gathered(trained).files
    shared = yaml.safe_load(files["config.yaml"])["tracking"]
    public = {"wandb": "disabled", "project": "mousearm", "entity": None, "group": None, "tags": []}
    assert shared == {**asdict(config.tracking), **public}
    assert set(json.loads(files["status.json"])) == {"state", "steps", "reason", "key"}
    assert files["environment.txt"].decode() == text + "$ git diff HEAD\n(there were changes, which are not shared)\n"


def test_a_run_that_is_not_finished_is_not_shared(trained):
    status = json.loads((trained / "status.json").read_text())
    del status["sha256"]
    (trained / "status.json").write_text(json.dumps({**status, "state": "interrupted", "reason": "SIGTERM"}))
    with pytest.raises(RunError, match=r"is interrupted \(SIGTERM\), not finished. .*run.py resume="):
        gathered(trained)


def spoil_network(run):
    (run / "best" / "policy.safetensors").write_bytes(b"x")


def lose_evaluation(run):
    (run / "evaluation.json").unlink()


def lose_model(run):
    change(run, lambda config: replace(config, model=replace(config.model, file="package:muscle.xml")))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (spoil_network, "The best network cannot be shared: .* is damaged"),
        (lose_evaluation, "There is no .*evaluation.json"),
        (lose_model, "The model is not the one that"),
    ],
)
def test_what_would_not_be_reproduced_is_not_shared(trained, damage, message):
    damage(trained)
    with pytest.raises(RunError, match=message):
        gathered(trained)


def test_a_private_text_in_any_file_is_refused(trained):
    (trained / "environment.txt").write_text(f"torch @ file://{trained}/torch.whl\n")
    change(trained, lambda config: replace(config, name="of-jane_doe"))
    with pytest.raises(RunError, match="This is not to be shared") as error:
        gathered(trained)
    assert f"environment.txt, line 1: a path of this machine ({trained})" in str(error.value)
    assert "config.yaml, line" in str(error.value)
    assert "README.md, line" in str(error.value)
    (trained / "evaluation.json").write_text((trained / "evaluation.json").read_text() + " ")
    (trained / "environment.txt").unlink()
    with pytest.raises(RunError, match=r"evaluation\.json has changed since it was written"):
        gather(trained, ShareOptions("jane/agent"), allowed=["jane_doe"])
    (trained / SEAL).unlink()
    gather(trained, ShareOptions("jane/agent"), allowed=["jane_doe"])


def test_a_folder_of_something_else_is_not_written_into(trained, tmp_path):
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "mine").touch()
    with pytest.raises(RunError, match=r"is there already\. Give a new folder"):
        write_contents(gathered(trained), tmp_path / "there")


def change(run, how):
    """Change the saved configuration of a run."""
    file = run / "config.yaml"
    write_sealed(file, to_yaml(how(read_saved(file))))
