import json
import os
import re
import shutil
from dataclasses import asdict, replace

import pytest
import yaml
from secrets_to_plant import SECRETS, png

from mousearm.config import read_saved, to_yaml
from mousearm.door import SEAL
from mousearm.errors import ModelError, OutputError, RunError
from mousearm.files import write_sealed
from mousearm.model import load_arm, model_hashes
from mousearm.rundir.folder import RunFolder
from mousearm.share.contents import gather, write_contents

ALWAYS = {
    *("README.md", "config.yaml", "environment.txt", "evaluation.json", "origin.json", "split.json", "status.json"),
    "sha256sums.txt",
    *("best/manifest.json", "best/policy.safetensors", "best/state.json"),
}
PICTURES = {f"figures/mouse_1/{name}.png" for name in ("one", "two")} | {"figures/generalisation.png"}
MODEL = {"model/torque.xml", "model/forelimb.xml"}
REACHES = {f"kinematics/mouse_1/{name}.csv" for name in ("one", "two")}


def gathered(run, **choices):
    return gather(run, "jane/agent", **choices)


def test_what_evaluates_the_network_is_shared_and_no_reach_unless_asked(trained):
    contents = gathered(trained)
    assert set(contents.files) == ALWAYS | PICTURES | MODEL
    assert "The reaches themselves are not shared (--with-kinematics)" in contents.text()
    assert "Names of reaches, hashes of their files" in contents.text()
    assert "Your model is shared: torque.xml and the files that it names." in contents.text()
    assert max(map(len, contents.text().splitlines())) <= 80
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
    edit(trained / "status.json", state="interrupted", reason="SIGTERM", sha256=None)
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
    (trained / "environment.txt").write_text(f"torch==2 @ file://{trained}/torch.whl\n")
    change(trained, lambda config: replace(config, name="of-jane_doe"))
    with pytest.raises(RunError, match="This is not to be shared") as error:
        gathered(trained)
    assert f"environment.txt, line 1: a path of this machine ({trained})" in str(error.value)
    assert "config.yaml, line" in str(error.value)
    assert "README.md, line" in str(error.value)
    (trained / "evaluation.json").write_text((trained / "evaluation.json").read_text() + " ")
    (trained / "environment.txt").unlink()
    with pytest.raises(RunError, match=r"evaluation\.json has changed since it was written"):
        gather(trained, "jane/agent", allowed=["jane_doe"])
    (trained / SEAL).unlink()
    gather(trained, "jane/agent", allowed=["jane_doe"])


def test_a_folder_of_something_else_is_not_written_into(trained, tmp_path):
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "mine").touch()
    with pytest.raises(OutputError, match=r"\(--to\) exists already"):
        write_contents(gathered(trained), tmp_path / "there")


@pytest.fixture
def hostile(trained, own_model):
    """Make the run one whose model, in the run's own folder, has something more in it."""

    def make(more):
        model = trained / "model"
        shutil.copytree(own_model.parent, model)
        (model / own_model.name).write_text(own_model.read_text().replace("</mujoco>", f"{more}</mujoco>"))
        change(trained, lambda config: replace(config, model=replace(config.model, file=f"run:model/{own_model.name}")))
        edit(trained / "origin.json", model=model_hashes(RunFolder(trained).saved_config().model))
        return trained

    return make


NAMED_BY_NO_ELEMENT = """
<!-- mesh file=".env" --> <!-- <include file="../.env"/> --> <!-- mesh file="../../secret.txt" -->
<!-- mesh file="/etc/passwd" --> <!-- <compiler meshdir="../.."/> <mesh file="secret.txt"/> -->
<!-- texture file="holiday.png" --> <!-- file='sub/../.env' --> <!-- file="figures/.netrc" -->
<custom><text name="a" data="file=.env"/><text name="b" data='file="holiday.png"'/></custom>
"""


def test_only_files_that_elements_name_are_shared_and_each_is_listed(hostile, tmp_path):
    run = hostile(NAMED_BY_NO_ELEMENT)
    for place in (run / "model" / ".env", run / ".env", run / "best" / ".env", run / "figures" / ".netrc"):
        place.write_text("password=x")
    (run / "model" / "holiday.png").write_bytes(b"x")
    (tmp_path / "secret.txt").write_text("x")
    for name in ("origin.json", "evaluation.json"):
        edit(run / name, note="a diary")
    contents = gathered(run, kinematics=True)
    assert set(contents.files) <= ALWAYS | PICTURES | MODEL | REACHES
    assert not any(b"a diary" in content for content in contents.files.values())
    listed = [line.split("|")[1].strip() for line in contents.files["README.md"].decode().splitlines() if "|" in line]
    assert set(contents.files) <= set(listed)
    assert all(name in contents.text() for name in contents.files)
    write_contents(contents, tmp_path / "shared")
    assert load_arm(RunFolder(tmp_path / "shared").saved_config().model).nu > 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["outputs", "secret.txt", "shared"]


def test_planted_secrets_are_told_and_nothing_is_written(hostile, tmp_path, run_script):
    planted = [text for texts in SECRETS.values() for text in texts if not {"<", "&", "--"} & {*text, text[:2]}]
    run = hostile("<!--\n" + "\n".join(f"{text} end" for text in planted if "--" not in text) + "\n-->")
    (run / "figures" / "generalisation.png").write_bytes(png(packed=planted[0]))
    with pytest.raises(RunError) as error:
        gathered(run)
    told = str(error.value)
    n_more = int(re.search(r"and (\d+) more", told)[1])
    assert 20 + n_more >= 40
    assert "model/torque.xml, line " in told
    ran = run_script("share", run, "jane/agent", "--yes", "--to", tmp_path / "shared")
    assert ran.status == 1
    assert not (tmp_path / "shared").exists()


@pytest.mark.parametrize(
    "more",
    [
        '<asset><mesh name="m" file="../../secret.obj"/></asset>',
        '<asset><mesh name="m" file="/tmp/secret.obj"/></asset>',
        '<asset><mesh name="m" file=".env"/></asset>',
        '<asset><texture name="t" type="2d" file="link.png"/></asset>',
        '<include file="../origin.xml"/>',
        '<asset><mesh name="m" file="missing.obj"/></asset>',
    ],
)
def test_a_model_that_asks_for_files_elsewhere_is_not_shared(hostile, tmp_path, more):
    run = hostile("")
    (tmp_path / "secret.png").write_bytes(b"x")
    (run / "model" / "link.png").symlink_to(tmp_path / "secret.png")
    main = run / "model" / "torque.xml"
    main.write_text(main.read_text().replace("</mujoco>", f"{more}</mujoco>"))
    edit(run / "origin.json", model=None)
    with pytest.raises(ModelError):
        gathered(run)


@pytest.mark.parametrize(
    "name",
    [
        *(
            "environment.txt",
            "evaluation.json",
            "origin.json",
            "split.json",
            "best/policy.safetensors",
            "best/state.json",
        ),
        *("figures/generalisation.png", "figures/mouse_1/one.png", "videos/film.mp4", "figures/mouse_1"),
    ],
)
@pytest.mark.parametrize("kind", ["link", "pipe"])
def test_what_is_no_file_of_the_run_is_not_shared(trained, tmp_path, name, kind):
    place, secret = trained / name, tmp_path / "secret"
    place.parent.mkdir(exist_ok=True)
    if place.exists():
        place.rename(secret)
    elif kind == "link":
        secret.write_bytes(b"x")
    if kind == "link":
        place.symlink_to(secret)
    else:
        os.mkfifo(place)
    if (name, kind) == ("figures/mouse_1", "pipe"):  # then there are no such figures
        assert not set(gathered(trained).files) & {f"figures/mouse_1/{reach}.png" for reach in ("one", "two")}
        return
    with pytest.raises(RunError):
        gathered(trained)


def test_advice_to_share_without_pictures(trained, tmp_path):
    film = trained / "videos" / "film.mp4"
    film.parent.mkdir()
    (tmp_path / "film.mp4").write_bytes(b"x")
    film.symlink_to(tmp_path / "film.mp4")
    with pytest.raises(RunError, match="Put the file itself there"):
        gathered(trained)
    assert set(gathered(trained, pictures=False).files) == ALWAYS | MODEL
    shutil.copy(tmp_path / "film.mp4", film.with_suffix(".new"))
    film.with_suffix(".new").rename(film)
    assert gathered(trained).files["replay.mp4"] == b"x"


def test_a_run_that_recorded_no_hashes_cannot_ask_for_files(trained):
    edit(trained / "origin.json", model=None, split=None)
    with pytest.raises(RunError, match=r"has no hash of .*torque\.xml.* Train it again"):
        gathered(trained)


def test_reaches_without_hashes_are_not_shared(trained):
    edit(trained / "origin.json", split=None)
    edit(trained / "split.json", sha256={})
    assert set(gathered(trained).files) == ALWAYS | MODEL | PICTURES
    with pytest.raises(RunError, match=r"has no hash of .*one\.csv.* Train it again"):
        gathered(trained, kinematics=True)


@pytest.mark.parametrize("name", ["../../../x", "/etc/x", "mouse_1/../../x", "a\0b", "x" * 300])
def test_names_of_reaches_lead_nowhere(trained, name):
    evaluation = json.loads((trained / "evaluation.json").read_text())
    for reach in evaluation["reaches"]:
        reach["name"] = name
    edit(trained / "evaluation.json", **evaluation)
    with pytest.raises(RunError):
        gathered(trained)


def test_nothing_in_the_card_is_markup(trained):
    evaluation = json.loads((trained / "evaluation.json").read_text())
    evaluation["reaches"][0]["name"] = "<script>alert(1)</script> [x](http://y) | `z`"
    edit(trained / "evaluation.json", **evaluation)
    card = gathered(trained).files["README.md"].decode()
    assert "<script" not in card
    assert "](http://y)" not in card


def edit(file, **values):
    """Change values of a JSON file of a run, None for one that is not there, and what would tell that it was."""
    content = json.loads(file.read_text()) | values
    file.write_text(json.dumps({key: value for key, value in content.items() if value is not None}))
    (file.parent / SEAL).unlink(missing_ok=True)


def change(run, how):
    """Change the saved configuration of a run."""
    file = run / "config.yaml"
    write_sealed(file, to_yaml(how(read_saved(file))))
