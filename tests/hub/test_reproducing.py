import json
import shutil

import pytest

from mousearm.agent import reproduce
from mousearm.door import SEAL
from mousearm.errors import KinematicsError, RunError
from mousearm.hub.download import fetch
from mousearm.share.contents import gather, push_contents


def test_a_run_reproduces_itself_to_the_last_bit(trained_once):
    comparison = reproduce(trained_once)
    assert comparison.largest_mm == 0
    assert "Reproduced: every error is the same, to the last bit." in comparison.text()


def test_what_was_shared_through_the_hub_is_reproduced(hub, log_in, trained):
    log_in()
    shared = push_contents(gather(trained, "jane/agent", kinematics=True), "jane/agent", False, "Share")
    shutil.rmtree(trained)
    assert reproduce(fetch(shared).path).largest_mm == 0


def test_reaches_that_are_not_shared_are_asked_for_and_must_be_the_same(hub, log_in, trained, reaches, tmp_path):
    log_in()
    folder = fetch(push_contents(gather(trained, "jane/agent"), "jane/agent", True, "Share")).path
    with pytest.raises(RunError, match=r"the agent comes without. It was evaluated on 2: mouse_1/.*--kinematics PATH"):
        reproduce(folder)
    assert reproduce(folder, str(reaches)).largest_mm == 0
    others = shutil.copytree(reaches, tmp_path / "others")
    with (others / "mouse_1" / "two.csv").open("a") as file:
        file.write("\n")
    with pytest.raises(KinematicsError, match=r"two.csv: has changed since the split was made"):
        reproduce(folder, str(others))


def rewrite(run, name, text):
    """Put something else into a file of a run, and take away what would tell."""
    (run / name).write_text(text)
    (run / SEAL).unlink(missing_ok=True)


@pytest.mark.parametrize(
    ("off_mm", "verdict"),
    [
        (0.0005, "Reproduced: no error differs by more than 0.0005 mm (tolerance 0.001 mm)."),
        (0.002, "NOT reproduced: errors differ by up to 0.002 mm (tolerance 0.001 mm)."),
    ],
)
def test_other_numbers_are_told(trained, off_mm, verdict):
    evaluation = json.loads((trained / "evaluation.json").read_text())
    evaluation["reaches"][1]["elbow_mm"]["max"] += off_mm
    rewrite(trained, "evaluation.json", json.dumps(evaluation))
    comparison = reproduce(trained)
    assert comparison.largest_mm == pytest.approx(off_mm)
    assert verdict in comparison.text()


def test_an_arm_that_diverges_now_is_not_reproduced(trained):
    evaluation = json.loads((trained / "evaluation.json").read_text())
    evaluation["reaches"][0]["completed"] = False
    rewrite(trained, "evaluation.json", json.dumps(evaluation))
    assert reproduce(trained).largest_mm == float("inf")


def test_what_is_no_agent_is_explained(tmp_path):
    (tmp_path / "welle.zip").touch()
    with pytest.raises(RunError, match=r"no config.yaml. scripts/import_agent.py makes a run of welle.zip"):
        reproduce(tmp_path)


def test_a_shared_agent_cannot_lead_out_of_its_folder(trained):
    text = (trained / "config.yaml").read_text()
    rewrite(trained, "config.yaml", text.replace("path: ", "path: run:../../secret #", 1))
    with pytest.raises(RunError, match="leads out of the run folder"):
        reproduce(trained)


def test_a_shared_agent_runs_no_code(trained):
    text = (trained / "config.yaml").read_text()
    evil = text.replace("seed: 0", "seed: !!python/object/apply:os.system ['touch proof']")
    rewrite(trained, "config.yaml", evil)
    with pytest.raises(RunError, match="a tag"):
        reproduce(trained)
    assert not (trained / "proof").exists()
