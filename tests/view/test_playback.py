import numpy as np
import pytest

from mousearm.errors import ConfigError, UnknownNameError
from mousearm.view import Playback
from mousearm.view.playback import CONTROLS

DT = 1 / 150


@pytest.fixture
def playback(build_simulator):
    return Playback(build_simulator())


def press(playback, *keys):
    for key in keys:
        next(control for control in CONTROLS if control.window_key == key).do(playback)


def test_time_goes_on_as_fast_as_it_is_told_to(playback):
    assert (playback.reach, playback.time, playback.playing) == (0, 0, True)
    playback.advance(0.2)
    assert playback.time == pytest.approx(0.02)
    playback.speed = 0.5
    playback.advance(0.02)
    assert playback.time == pytest.approx(0.03)
    assert playback.frame.time == pytest.approx(0.03)


def test_nothing_moves_while_it_is_paused(playback):
    press(playback, "SPACE")
    playback.advance(1.0)
    assert playback.time == 0
    press(playback, "SPACE")
    playback.advance(0.1)
    assert playback.time > 0


def test_the_last_frame_stays_for_a_moment_and_then_it_begins_again(playback):
    playback.advance(100.0)
    assert playback.time == pytest.approx(9 * DT)
    playback.advance(0.5)
    assert playback.time == pytest.approx(9 * DT)
    playback.advance(0.2)
    assert playback.time == 0


def test_single_steps_pause_and_go_from_frame_to_frame(playback):
    press(playback, "RIGHT", "RIGHT", "RIGHT")
    assert not playback.playing
    assert playback.time == pytest.approx(3 * DT)
    press(playback, "LEFT")
    assert playback.time == pytest.approx(2 * DT)


def test_a_step_from_between_two_frames_goes_to_one_of_them(playback):
    playback.seek(2.4 * DT)
    press(playback, "RIGHT")
    assert playback.time == pytest.approx(3 * DT)
    playback.seek(2.4 * DT)
    press(playback, "LEFT")
    assert playback.time == pytest.approx(2 * DT)


@pytest.mark.parametrize("frame", range(10))
def test_rounding_never_swallows_or_doubles_a_step(playback, frame):
    playback.seek(frame * DT)
    press(playback, "RIGHT")
    assert round(playback.time / DT) == min(frame + 1, 9)
    playback.seek(frame * DT)
    press(playback, "LEFT")
    assert round(playback.time / DT) == max(frame - 1, 0)


def test_no_step_leaves_the_reach(playback):
    press(playback, "LEFT")
    assert playback.time == 0
    playback.seek(99.0)
    press(playback, "RIGHT")
    assert playback.time == pytest.approx(9 * DT)


def test_reaches_follow_one_another_in_a_ring(playback):
    playback.advance(0.1)
    press(playback, "DOWN")
    assert (playback.trial.name, playback.time) == ("short", 0)
    press(playback, "DOWN")
    assert playback.trial.name == "long"
    press(playback, "UP")
    assert playback.trial.name == "short"


def test_speeds_are_those_of_the_list(build_simulator):
    playback = Playback(build_simulator(), speed=0.3)
    seen = []
    for key in ["PAGE_UP"] * 3 + ["PAGE_DOWN"] * 8:
        press(playback, key)
        seen.append(playback.speed)
    assert seen == [0.5, 1.0, 1.0, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.01, 0.01]


def test_switching_the_controller_off_changes_what_follows_and_not_what_was(build_simulator, hanging):
    playback = Playback(build_simulator(arm=hanging))
    before = playback.trial
    playback.seek(4.3 * DT)
    press(playback, "ENTER")
    after = playback.trial
    assert not playback.driven
    assert playback.time == pytest.approx(4 * DT)
    np.testing.assert_array_equal(after.qpos[:5], before.qpos[:5])
    assert not np.allclose(after.qpos[6], before.qpos[6])
    assert after.end == pytest.approx(64 * DT)


def test_switching_twice_at_the_same_time_is_not_to_have_switched(build_simulator, hanging):
    playback = Playback(build_simulator(arm=hanging))
    before = playback.trial
    playback.seek(4 * DT)
    press(playback, "ENTER", "ENTER")
    assert playback.driven
    np.testing.assert_array_equal(playback.trial.qpos, before.qpos)


def test_the_controller_comes_back_from_then_on(build_simulator):
    playback = Playback(build_simulator())
    playback.seek(2 * DT)
    press(playback, "ENTER")
    playback.seek(5 * DT)
    press(playback, "ENTER")
    assert playback.trial.driven[:7].tolist() == [True, True, False, False, False, True, True]
    # A switch before those that were takes their place.
    playback.seek(1 * DT)
    press(playback, "ENTER")
    assert playback.trial.driven[:7].tolist() == [True] + [False] * 6


def test_what_was_switched_is_seen_again_until_the_reach_is_restarted(build_simulator):
    playback = Playback(build_simulator())
    playback.seek(3 * DT)
    press(playback, "ENTER")
    playback.seek(playback.trial.end)
    playback.advance(1.0)
    assert playback.time == 0
    assert playback.driven
    playback.seek(5 * DT)
    assert not playback.driven
    press(playback, "BACKSPACE")
    assert playback.time == 0
    assert playback.trial.driven.all()


def test_the_ghost_comes_and_goes(playback):
    press(playback, "8")
    assert playback.ghost
    press(playback, "8")
    assert not playback.ghost


def test_it_begins_with_the_reach_that_was_asked_for(build_simulator):
    assert Playback(build_simulator(), "short").trial.name == "short"
    with pytest.raises(UnknownNameError, match=r"no reach named 'shrt'\. Did you mean 'short'\? .* long, short"):
        Playback(build_simulator(), "shrt")


@pytest.mark.parametrize("speed", [0.0, -1.0, 1.1, float("nan")])
def test_a_speed_that_cannot_be_is_refused(build_simulator, speed):
    with pytest.raises(ConfigError, match=r"the speed .* 0\.1 shows a reach ten times slower"):
        Playback(build_simulator(), speed=speed)


def test_every_key_does_one_thing():
    for keys in zip(*((control.window_key, control.page_key) for control in CONTROLS), strict=True):
        assert len(set(keys)) == len(CONTROLS)
