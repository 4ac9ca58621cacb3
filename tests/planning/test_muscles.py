"""Families of movements, movements that follow EMG, and costs found again, on a planar arm whose truth is known."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from planar import planar_setup, planted

from mousearm.config import InverseConfig
from mousearm.emg.envelope import EmgTarget
from mousearm.emg_comparison.traces import pearson
from mousearm.errors import ConfigError, EmgError
from mousearm.optimal import trajectories
from mousearm.planning.family import Family, build_family
from mousearm.planning.fit import Fit, common_gains, regression, vertex
from mousearm.planning.informed import MUSCLE, REACH, inform, mean_envelope
from mousearm.planning.inverse import Costs, invert
from mousearm.planning.muscle_tables import family_verdict, informed_verdict, inverse_verdict
from mousearm.planning.muscles import Movements, Solver, common_scale

EMG = EmgTarget(np.zeros((1, 4, 1)), np.array([[1.0], [0], [0]]), ("one",), "activation")


@pytest.fixture(scope="module")
def setup(tmp_path_factory):
    """Three short reaches of the planar arm; what is found of them is forgotten after these tests."""
    folder = tmp_path_factory.mktemp("planar")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trajectories, "cache_folder", lambda: folder)
        yield planar_setup(folder, 3, steps=12)


def movements(activation):
    """Movements of one reach that are known by their activations (T, nu) alone."""
    activation = np.array(activation, dtype=float)[None]
    return Movements("some", "here", activation, activation, np.zeros((1, 2)), 0.0)


def test_correlations_know_frames_that_both_have():
    one = np.array([[np.nan, 1, 2, 4, 9], [0, 0, 0, 0, 0.0]]).T
    other = np.array([[5, 2, 4, 8, np.nan], [1, 2, 3, 4, 5.0]]).T
    np.testing.assert_allclose(pearson(one, other), [1, 0])
    assert common_scale(one[:, :1], other[:, :1]) == pytest.approx(0.5)


def test_a_muscle_is_determined_where_all_do_the_same_and_free_where_each_does_its_own():
    wave = np.array([0, 0.1, 0.3, 0.1])
    same = [movements(np.stack([wave, wave * share, 0 * wave], axis=1)) for share in (0.0, 2.0)]
    family = Family(("one",), ("fixed", "loose", "idle"), same, [], 0.1, 0.01, EMG)
    by_name = {one.name: one for one in family.muscles()}
    assert {name: one.verdict for name, one in by_name.items()} == {
        **{"fixed": "determined", "loose": "free", "idle": "not used"}
    }
    assert (by_name["fixed"].width, by_name["fixed"].shared) == (0, 1)
    # Frame 0 does not count. Ranges 0.2, 0.6, 0.2; variances over members 0.01, 0.09, 0.01, of all six 0.0522.
    loose = by_name["loose"]
    assert (loose.width, loose.widest) == (pytest.approx(1 / 3), pytest.approx(0.6))
    assert loose.shared == pytest.approx(1 - (0.11 / 3) / np.var([0, 0, 0, 0.2, 0.6, 0.2]))


def test_the_mean_of_others_is_at_the_same_share_of_a_reach_and_knows_not_its_own():
    values = np.full((3, 5, 1), np.nan)
    values[0, :3, 0], values[1, :, 0], values[2, :, 0] = [0, 1, 2], 7, [0, 0, 4, 0, 0]
    emg = EmgTarget(values, np.ones((1, 1)), ("one",), "activation")
    mean = mean_envelope(emg, np.array([3, 5, 5]), "abc", "mmm", 0.1)
    np.testing.assert_allclose(mean[0, :3, 0], [3.5, 5.5, 3.5])
    np.testing.assert_allclose(mean[1, :, 0], [0, 0.25, 2.5, 0.75, 1])  # 0, 0.5, 1, 1.5, 2 and 0, 0, 4, 0, 0
    with pytest.raises(EmgError, match="Give a folder of two or more"):
        mean_envelope(emg.of(np.array([0])), np.array([3]), "a", "m", 0.1)


def test_what_is_left_of_emg_is_what_no_gain_and_offset_of_a_channel_explain():
    """Over all reaches together, or of each alone; with the gains of others a reach has what they do not explain."""
    rng = np.random.default_rng(0)
    shown = rng.random((3, 9, 1))
    recorded = 3 * shown + 0.5
    recorded[2] = 2 * shown[2]  # of another scale
    recorded[1, 4:] = np.nan
    fit = Fit.of(shown, recorded)
    np.testing.assert_allclose(fit.r, 1)
    apart = Costs(None, EmgTarget(recorded, EMG.weights, EMG.channels, ""), InverseConfig(), True)
    together = replace(apart, each_scaled=False)
    nothing = np.log(1e-9)
    assert apart.loss(fit, [0, 1, 2]) == together.loss(fit, [0, 1]) == pytest.approx(nothing)
    assert together.tested(fit, fit, 1, [0]) == pytest.approx(nothing)
    missed = recorded[2] - 3 * shown[2] - 0.5
    assert together.tested(fit, fit, 2, [0]) == pytest.approx(np.log(np.square(missed).mean() / recorded[2].var()))
    assert together.loss(Fit.of(-shown, recorded), [0]) == pytest.approx(
        0, abs=1e-12
    )  # muscles do not pull the other way


def test_a_reach_that_muscles_do_not_explain_does_not_drown_the_others():
    """Noise of a size of its own in each reach: gains are of those that agree, and each tells by its logarithm."""
    rng = np.random.default_rng(0)
    shown = rng.random((4, 30, 1))
    recorded = 3 * shown + 0.5 + np.array([0.01, 0.02, 0.01, 2])[:, None, None] * rng.normal(size=shown.shape)
    fit, everyone = Fit.of(shown, recorded), np.ones((1, 4))
    gain, offset = common_gains(fit.sums, everyone)
    assert (gain.item(), offset.item()) == (pytest.approx(3, rel=0.01), pytest.approx(0.5, abs=0.01))
    assert abs(regression(fit.sums.sum(axis=0))[0].item() / 3 - 1) > 0.05
    costs = Costs(None, EmgTarget(recorded, EMG.weights, EMG.channels, ""), InverseConfig())
    shares = np.square(recorded - gain * shown - offset).mean(axis=1) / recorded.var(axis=1)
    assert costs.loss(fit, range(4)) == pytest.approx(np.log(shares).mean())
    weights = np.geomspace(0.03, 0.9, 8)
    at = 2 * np.log(weights / 0.11) ** 2 + 1
    np.testing.assert_allclose(vertex(weights, np.stack([at, weights, -weights])), [0.11, 0.03, 0.9])


@pytest.mark.slow
@pytest.mark.usefixtures("compiler")
@pytest.mark.parametrize("noise", [0.0, 0.1])
def test_a_cost_is_found_again_by_what_its_muscles_do(setup, noise):
    """Of a weight that is not on the grid, with EMG whose scale is not known, and slow noise in parts of its s.d."""
    kinematics = replace(setup.config.kinematics, emg="planted below")
    setup = replace(setup, config=replace(setup.config, kinematics=kinematics))
    one, rng = Solver(setup), np.random.default_rng(1)
    truth = one.swept(setup.config.optimal, [0.035, 0.05, 0.072])[0.05]  # the cheapest that a search finds, too
    emg = planted(setup, one.replayed("truth", truth).activation)
    slow = np.apply_along_axis(np.convolve, 1, rng.normal(size=emg.values.shape), np.full(3, 3**-0.5), "same")
    emg = emg._replace(values=emg.values + noise * np.nanstd(emg.values, axis=(0, 1)) * slow)
    asked = InverseConfig(trials=4, ratio=1.2, w_effort=[0.03, 0.085], powers=[2, 3], efforts=["excitation"])
    found = invert(one, emg, ["m"] * 3, asked, 0)
    assert found.chosen.w_effort == pytest.approx(0.05, rel=0.2)
    assert found.between == pytest.approx(0.05, rel=0.2)
    assert found.chosen.power == 2
    assert found.left < max(0.01, 2 * noise**2)
    low, high = found.interval()["w_effort"]
    assert low <= found.chosen.w_effort <= high
    assert len(found.folds) == 3
    assert f"Between the weights that were tried {found.between:.3g} would leave least." in inverse_verdict(found)
    end = next(one for one in found.costs.fits if one.w_effort == max(found.searched))
    assert "end of what was searched" in inverse_verdict(replace(found, chosen=end))
    swept, slack = found.costs.swept[2, "excitation"], 1.001
    for weight, other in product(swept, swept):  # no weight has movements that another one finds dearer than its own
        for row, (own, lent) in enumerate(zip(swept[weight], swept[other], strict=True)):
            assert own.cost <= slack * one.price(row, lent, other, weight)


@pytest.mark.slow
@pytest.mark.usefixtures("compiler")
def test_the_emg_of_a_reach_that_is_left_out_changes_nothing_that_is_chosen_without_it_and_tested_on_it(
    setup, tmp_path, monkeypatch
):
    """To the bit: movements nearest to the EMG of the others, the cost that these choose, and the movement it tests."""
    kinematics = replace(setup.config.kinematics, emg="planted below")
    one, out, kind = Solver(replace(setup, config=replace(setup.config, kinematics=kinematics))), 1, (2, "excitation")
    asked = InverseConfig(trials=2, ratio=1.4, w_effort=[0.05, 0.07], powers=[2])
    truth = one.performed("truth", replace(setup.config.optimal, w_effort=0.06))
    emg = planted(setup, truth.activation)

    def searched(name, recorded):
        monkeypatch.setattr(trajectories, "cache_folder", lambda: tmp_path / name)  # all is searched again
        values = emg.values.copy()
        values[out] = recorded
        found = invert(one, emg._replace(values=values), ["m"] * 3, asked, 0)
        near = [way for of in found.costs.near[kind].values() for row, way in enumerate(of) if row != out]
        tested = [of[out] for of in found.costs.swept[kind].values()]
        return found.folds[out], [array for way in near + tested for array in way[1:]]

    fold, movements = searched("as planted", emg.values[out])
    other, same = searched("another", emg.values[out, ::-1] + np.random.default_rng(0).random(emg.values[out].shape))
    assert (fold.chosen, fold.fitted) == (other.chosen, other.fitted)
    for array, again in zip(movements, same, strict=True):
        np.testing.assert_array_equal(array, again, strict=True)
    assert fold.tested != other.tested


@pytest.mark.slow
@pytest.mark.usefixtures("compiler")
def test_families_and_movements_that_follow_emg(setup):
    """EMG of co-contracting muscles: from two channels the third is known better than without."""
    setup = replace(setup, references=setup.references[:2])
    kinematics = replace(setup.config.kinematics, emg="planted below")
    one = Solver(replace(setup, config=replace(setup.config, kinematics=kinematics)))
    level = one.performed("truth", replace(one.setup.config.optimal, level=0.2))
    emg = planted(one.setup, level.activation)
    informed = inform(one, emg, ["m"] * 2, 3.0)
    assert informed.scale > 0
    assert {(gain.left_out, gain.channel) for gain in informed.gains()} == {
        (kind, channel) for kind in (MUSCLE, REACH) for channel in emg.channels
    }
    used = informed.reach_out.shown(emg)[:, 1:] - informed.scale * informed.mean_envelope[:, 1:]
    without = informed.plain.shown(emg)[:, 1:] - informed.scale * informed.mean_envelope[:, 1:]
    assert np.square(used).mean() < 0.3 * np.square(without).mean()  # it follows what it is given
    assert "leave one muscle out" in informed_verdict(informed).lower()
    family = build_family(one, [0.1], 0.5, [level], emg)
    assert {"effort weight 0.1", "co-contraction 0.1", "start chosen"} <= {member.name for member in family.members}
    assert family.matches()[-1] == pytest.approx(1)  # the truth itself
    assert "best: truth" in family_verdict(family)
    with pytest.raises(ConfigError, match="Give --within") as refused:
        build_family(one, [0.1], 1e-9)
    limit = float(str(refused.value).rpartition("--within ")[2].partition(" ")[0])
    assert len(build_family(one, [0.1], limit).members) >= 2
