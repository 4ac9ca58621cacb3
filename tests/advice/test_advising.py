"""``run.py --advise`` says what docs/choosing.md says, of the reaches at hand, and what it prints can be run."""

import re
import shlex
from pathlib import Path

import numpy as np
import pytest

from mousearm.advice import advise, answers, findings
from mousearm.advice.pace import Pace, pace_of
from mousearm.config import check_command_line, compose
from mousearm.errors import ConfigError
from mousearm.kinematics import generate, write_reaches

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "choosing.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def folder(tmp_path_factory, torque_arm):
    """Three short reaches of two sessions with 0.2 mm of noise, the second of them three times too fast for muscles."""
    made, rng = [], np.random.default_rng(1)
    for i, reach in enumerate(generate(torque_arm, 3, seed=5, frames=(45, 45))):
        name = f"mouse/{'monday' if i else 'tuesday'}/r{i}"
        noise = rng.normal(0, 2e-4, reach.landmarks.shape)
        time = reach.time / 3 if i == 1 else reach.time
        made.append(type(reach)(name, time, **{of: getattr(reach, of) for of in ("shoulder", "elbow", "paw")}))
        made[-1] = made[-1].moved(reach.landmarks + noise)
    path = tmp_path_factory.mktemp("advice") / "mine"
    write_reaches(made, path)
    (path / "mouse" / "monday" / "bad.csv").write_text("x,y\n")
    return path


@pytest.fixture(scope="module")
def found(folder):
    return findings.look_at(compose([f"kinematics.path={folder}"]))


@pytest.fixture(scope="module")
def text(folder, found):
    words = [f"kinematics.path={folder}", "debug=quick", "seed=4"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(answers, "pace_of", lambda _: Pace(60.0, 120.0, 20.0, 1.0))
        patch.setattr(answers, "look_at", lambda _: found)
        return advise(compose(words), words, 6)


def commands(text):
    lines = text.partition("== Commands ==\n")[2].replace("\\\n", "").splitlines()
    return [shlex.split(line) for line in lines]


def test_page_and_command_answer_the_same_questions(text):
    assert re.findall("^== (.*) ==$", text, re.MULTILINE) == [*re.findall("^## (.*)$", PAGE, re.MULTILINE), "Commands"]
    assert max(map(len, text.splitlines())) <= 80


def test_page_and_command_say_the_same():
    page = " ".join(PAGE.split())
    for said in (answers.ONE_MOTORS, answers.ONE_MUSCLES, f"{answers.WARM}, 11 s", f"{answers.COLD}, a minute"):
        assert said in page
    for what, n in answers.SEEDS.items():
        assert re.search(rf"\| {what} \| {n}", PAGE)
    assert f"fewer than {answers.FEW} reaches" in page
    assert f"A floor below {answers.TOLERABLE_MM:g} mm" in page
    assert f"more than {findings.MOST_LACKING:.0%} of its frames".replace("%", " %") in page
    assert "does not help networks of the default size with few arms" in page
    assert f"misses by more than {findings.BASELINE_MM:g} mm" in page


def test_what_it_prints_can_be_run_and_stands_on_the_page(text, folder):
    found = commands(text)
    for _, script, *words in found:
        assert (ROOT / script).is_file()
        if script == "run.py":
            check_command_line(words)
            compose([word for word in words if not word.startswith(("-", "seed=", "name="))])
        choices = {word for word in words if word.startswith(("experiment=", "pretrain=", "kinematics.on_bad="))}
        assert not [word for word in choices if word not in PAGE]
    check_command_line(["-m", *dict.fromkeys(re.findall(r"hydra/launcher=\w+", text))])
    for word in {*re.findall(r"(?:experiment|pretrain|model|kinematics\.\w+)=[a-z_]+", text)}:
        compose([word])
    run = next(words for _, script, *words in found if script == "run.py")
    assert run[:3] == [f"kinematics.path={folder}", "debug=quick", "seed=4"]
    assert run[3:6] == ["experiment=any_reach", "kinematics.split_by=session", "kinematics.on_bad=skip"]


def test_what_the_reaches_are_like_is_found(text):
    words = " ".join(text.split())
    assert "3 of 4 can be trained on; 1 animal and 2 sessions" in words
    assert "REFUSED mouse/monday/bad" in words
    assert "in mouse/monday/r1" in words  # the fastest
    assert re.search(r"noise 0\.(1[6-9]|2[0-4])", words)
    assert "--cutoff auto" in words
    assert "About 3 min for a run" in words
    assert "Your sweep of 6 runs: 20 min" in words


def test_what_is_too_fast_for_muscles_and_not_for_motors_is_told(found):
    beyond = {ability.kind: [one.reach for one in ability.demands if one.is_beyond] for ability in found.abilities}
    assert beyond == {"motors": [], "muscles": ["mouse/monday/r1"]}


def test_of_many_reaches_the_fastest_and_some_others_are_looked_at():
    speeds = np.random.default_rng(0).permutation(20) / 20
    items = [findings.Checked(str(i), Path(), None, _Measures(speed)) for i, speed in enumerate(speeds)]
    chosen = findings.some_of(items)
    assert len(chosen) == findings.MOST_LOOKED_AT
    assert {str(i) for i in np.argsort(speeds)[-4:]} < {item.name for item in chosen}
    assert [int(item.name) for item in chosen] == sorted(int(item.name) for item in chosen)
    assert findings.some_of(items[:3]) == items[:3]


class _Measures:
    def __init__(self, peak_speed):
        self.peak_speed = peak_speed


@pytest.mark.slow
def test_the_time_of_a_run_is_measured(configure):
    words = [
        "pretrain=cmc",
        "pretrain.num_envs=4",
        "pretrain.batch_size_after=null",
        "engine=mujoco",
        "threads=1",
        "env.num_envs=4",
        "algo.batch_size=196",
    ]
    found = pace_of(configure(*words, "algo.timesteps=4000", "algo.eval_freq=1000"))
    assert min(found) > 0
    assert found.total == found.imitation + found.by_reward + found.evaluations
    assert "imitation" in found.text()
    assert "without the other work" in Pace(60.0, 0.0, 0.0, 3.0).text()


def test_wrong_words_are_refused_as_in_a_run(run_script, tmp_path, monkeypatch):
    words_of_runs = [[word, "name=a"] for word in ("kinematics.path=nowhere.csv", "reward.w_pwa=1", "seed=1,2")]
    monkeypatch.chdir(tmp_path)
    for words in words_of_runs:
        advised, run = run_script("run", "--advise", *words), run_script("run", *words)
        assert (advised.status, advised.out) == (1, "")
        assert advised.err == run.err
    assert not (tmp_path / "outputs" / "a").exists()


def test_advice_to_leave_out_what_is_of_a_run(run_script, monkeypatch):
    refused = run_script("run", "--advise", "resume=outputs/first", "--cfg", "seed=2")
    assert (refused.status, refused.err.split("Leave out: ")[1]) == (1, "resume=outputs/first --cfg\n")
    monkeypatch.setattr("mousearm.advice.advise", lambda config, words, n: f"{config.seed} {words} {n}")
    assert run_script("run", "--advise", "seed=2").out == "2 ['seed=2'] 1\n"
    swept = run_script("run", "--advise", "-m", "seed=3,4", "model=torque,muscle", "reward.w_paw=2")
    assert swept.out == "3 ['seed=3', 'model=torque', 'reward.w_paw=2'] 4\n"


def test_long_commands_are_folded_between_words():
    command = answers._folded(shlex.join(["python", "run.py", *[f"a{i}=b c" for i in range(20)]]))
    assert shlex.split(command.replace("\\\n", "")) == ["python", "run.py", *[f"a{i}=b c" for i in range(20)]]
    assert max(map(len, command.splitlines())) <= 80
    with pytest.raises(ConfigError):
        check_command_line(["--advise"])
