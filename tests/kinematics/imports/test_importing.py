"""Units, axes, side, rate, gaps, names and folders: what is done, and how each way of being wrong ends."""

import re
import shutil

import numpy as np
import pytest
from test_cleaning import known
from tracked_files import RATE, arm, write_anipose, write_dlc_h5, write_sto, write_trc

from mousearm.errors import KinematicsError, OutputError, UnknownNameError
from mousearm.kinematics import read_reaches
from mousearm.kinematics.imports import CutRule, ImportOptions
from mousearm.kinematics.imports.conversion import read_axes, to_metres
from mousearm.trajectory import ELBOW, PAW, SHOULDER


@pytest.fixture
def take(tmp_path):
    """A recording in millimetres, OpenSim's axes, with changes of its points."""

    def write(n_frames=60, name="take.csv", change=lambda points: points, **options):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        write_anipose(path, change(1e3 * arm(n_frames)), **options)
        return path

    return write


class TestUnits:
    @pytest.mark.parametrize(("unit", "factor"), [("m", 1), ("cm", 100), ("mm", 1000)])
    def test_the_right_unit(self, take, bring_in, points_of, unit, factor):
        _, (reach,) = bring_in(take(change=lambda points: 1e-3 * factor * points), unit=unit)
        np.testing.assert_allclose(points_of(reach), arm(60), atol=5.1e-8)

    def test_the_unit_that_would_fit_is_named(self, take, refused):
        refused(
            take(),
            "in m, the medians of upper arm and forearm are 1.2e+04 and 1.4e+04 mm; a mouse has 6 to 25 mm. "
            "--units mm would fit.",
            unit="m",
        )

    def test_no_unit(self, take, refused):
        refused(take(), "units: mm  # --units; upper arm and forearm are 12 and 14 in it", unit=None)

    def test_no_unit_fits(self, take, refused):
        refused(take(change=lambda points: 30 * points), "No unit of m, cm, mm fits both", "are the --points right?")

    def test_one_segment_is_not_a_mouses(self, take, refused):
        def far(points):
            points[:, PAW] = points[:, ELBOW] + [40, 0, 0]
            return points

        refused(take(change=far), "are 12 and 40 mm; a mouse has 6 to 25 mm")

    def test_the_file_says_something_else(self, tmp_path, refused):
        write_trc(tmp_path / "a.trc", 1e3 * arm(9))
        refused(tmp_path / "a.trc", "in cm, the medians of", "are 120 and 140 mm", "--units mm would fit", unit="cm")

    def test_the_file_is_wrong_about_itself(self, tmp_path, refused):
        write_trc(tmp_path / "a.trc", arm(9))
        refused(tmp_path / "a.trc", "are 0.012 and 0.014 mm", "--units m would fit", unit=None)


class TestAxes:
    def test_by_hand(self, take, bring_in):
        # A file with x to the left, y backwards, z up: forward is -y, up z, right -x.
        axes = read_axes("-y z -x")
        np.testing.assert_array_equal(to_metres(np.array([1.0, 2.0, 3.0]), "mm", axes, "right"), [-2e-3, 3e-3, -1e-3])
        (imported,), _ = bring_in(take(), axes="-y z -x")
        assert "axes      forward = -y, up = z, right = -x (--axes)" in imported.text()

    def test_left_is_mirrored_to_right(self):
        np.testing.assert_array_equal(to_metres(np.array([1.0, 2, 3]), "m", read_axes("x,y,z"), "left"), [1, 2, -3])

    def test_axes_undo_a_rotation(self, take, bring_in, points_of):
        _, (reach,) = bring_in(take(change=lambda points: points[:, :, [2, 0, 1]]), axes="y z x")
        np.testing.assert_allclose(points_of(reach), arm(60), atol=5.1e-8)

    def test_side(self, take, bring_in, points_of):
        imported, (reach,) = bring_in(take(), side="left")
        np.testing.assert_allclose(points_of(reach), arm(60) * [1, 1, -1], atol=5.1e-8)
        assert "side      left (--side), mirrored to the right arm that the model is" in imported[0].text()

    def test_the_model_is_a_right_arm(self, muscle_arm):
        # Breast muscles start in the middle of the body: left of a right shoulder, which is MuJoCo's -x.
        import mujoco

        data = mujoco.MjData(muscle_arm.model)
        data.qpos[:] = muscle_arm.rest_qpos
        mujoco.mj_kinematics(muscle_arm.model, data)
        shoulder = muscle_arm.landmark_positions(muscle_arm.rest_qpos[None])[0, 0]
        assert data.site("Pectoralis_Major-Origin").xpos[0] < shoulder[0] - 0.005

    @pytest.mark.parametrize("text", ["x y", "x y y", "x y zz", "--x y z", "x y w"])
    def test_what_are_no_axes(self, text):
        with pytest.raises(KinematicsError, match="name the file's axes that point forward, up and right, each once"):
            read_axes(text)

    def test_a_mirror_image(self):
        with pytest.raises(KinematicsError, match=r"would mirror the animal: with x forward and z up, right is -y"):
            read_axes("x z y")

    def test_axes_of_a_calibration_must_be_said(self, take, refused):
        refused(take(), "axes: F U R  # --axes; forward, up, right: in x z -y z is up and y to the left", axes=None)


class TestRate:
    def test_must_be_said(self, take, refused):
        refused(take(), "rate: HZ  # --rate; frames that were filmed per second", rate=None)

    def test_dropped_frames_are_gaps(self, take, bring_in, points_of):
        frames = np.delete(np.arange(60), [20, 21])
        points = 1e3 * arm(60)
        path = take(58, change=lambda _: points[frames], frames=frames)
        imported, (reach,) = bring_in(path)
        assert "gaps      3 filled (6 positions, the longest gap 13.33 ms of 30 ms allowed)" in imported[0].text()
        np.testing.assert_allclose(points_of(reach), arm(60), atol=2e-4)
        np.testing.assert_allclose(points_of(reach)[frames], arm(60)[frames], atol=5.1e-8)

    def test_frames_in_disorder(self, take, refused):
        refused(take(5, frames=[0, 1, 3, 3, 4]), "row 5: frame 3 follows frame 3; frame numbers must increase")

    def test_a_number_out_of_all_proportion(self, take, refused):
        text = "row 5: 9999999996 frames are missing before this one, and 9999999996 beside the 5 of the file"
        refused(take(5, frames=[0, 1, 2, 9_999_999_999, 10**10]), text, "Correct the frame number or time")

    def test_numbers_that_no_frame_has(self, tmp_path, take, refused):
        refused(take(5, frames=[0, 1, 2, 3, 1e300]), "row 6, column fnum: 1e+300 is not a frame number")
        write_sto(tmp_path / "a.sto", 1e3 * arm(4))
        text = (tmp_path / "a.sto").read_text()
        for i, time in enumerate(("0", "1e-300", "2e-300", "1")):
            text = text.replace(f"\n{i / RATE:.16g}\t", f"\n{time}\t")
        (tmp_path / "a.sto").write_text(text)
        refused(tmp_path / "a.sto", "times are too uneven")

    def test_times_of_a_film_that_were_rounded(self, tmp_path, bring_in):
        write_sto(tmp_path / "a.sto", 1e3 * arm(60))
        text = (tmp_path / "a.sto").read_text()
        for i in range(60):
            text = text.replace(f"\n{i / RATE:.16g}\t", f"\n{i / RATE:.3f}\t", 1)
        (tmp_path / "a.sto").write_text(text)
        _, (reach,) = bring_in(tmp_path / "a.sto")
        assert reach.rate == pytest.approx(150, rel=2e-3)
        assert reach.n_frames == 60

    def test_contradictions(self, tmp_path, refused):
        write_trc(tmp_path / "a.trc", 1e3 * arm(9), rate=100)
        refused(tmp_path / "a.trc", "its times run at 150 Hz, but the file's DataRate is 100 Hz", rate=None)
        write_trc(tmp_path / "a.trc", 1e3 * arm(9))
        refused(tmp_path / "a.trc", "its times run at 150 Hz, but --rate is 200 Hz", rate=200.0)

    def test_uneven_times(self, tmp_path, refused):
        write_sto(tmp_path / "a.sto", 1e3 * arm(9))
        path = tmp_path / "a.sto"
        good = path.read_text()
        path.write_text(good.replace(f"\n{4 / RATE:.16g}\t", "\n0.032\t"))
        refused(path, "row 12, column time: times are too uneven: only 0.2 of a mean interval before 0.0333333333 s")
        path.write_text(good.replace(f"\n{4 / RATE:.16g}\t", "\n0.01\t"))
        refused(path, "row 11, column time: time goes back")

    def test_too_few_frames(self, take, refused):
        refused(take(2), "2 frames; a reach needs at least 3")


class TestGaps:
    def lose(self, *where):
        def change(points):
            for frames, point in where:
                points[frames, point] = np.nan
            return points

        return change

    def test_short_ones_are_filled_and_ends_left_out(self, take, bring_in, points_of):
        path = take(change=self.lose((slice(0, 3), PAW), (slice(20, 24), ELBOW), (slice(58, 60), SHOULDER)))
        imported, (reach,) = bring_in(path)
        assert reach.n_frames == 55
        np.testing.assert_allclose(reach.time[0], 3 / RATE, atol=1e-7)
        np.testing.assert_allclose(points_of(reach), arm(60)[3:58], atol=2e-4)
        assert "gaps      1 filled (4 positions, the longest gap 26.67 ms of 30 ms allowed)" in imported[0].text()
        assert "ends      5 frames without all points left out" in imported[0].text()

    def test_long_ones_are_refused(self, take, refused):
        path = take(change=self.lose((slice(20, 25), ELBOW)))
        text = "row 22: from here on the elbow was not seen for 33.33 ms; gaps of up to 30 ms are filled"
        refused(path, text, "Raise --max-gap, or split the session there with --cut")

    def test_a_higher_bound(self, take, bring_in):
        _, (reach,) = bring_in(take(change=self.lose((slice(20, 25), ELBOW))), max_gap_ms=40.0)
        assert reach.n_frames == 60

    def test_a_point_that_is_never_seen(self, take, refused):
        refused(take(change=self.lose((slice(None), SHOULDER))), "the shoulder is never seen. Check --points")

    def test_points_that_are_never_seen_together(self, take, refused):
        refused(
            take(change=self.lose((slice(0, 30), ELBOW), (slice(30, 60), SHOULDER))), "never seen in the same frame"
        )

    def test_unlikely_points_are_gaps(self, take, bring_in, points_of):
        likelihood = np.full((60, 3), 0.9)
        likelihood[30, PAW], likelihood[31, PAW] = 0.5, np.nan
        path = take(change=lambda points: points + 50 * (likelihood < 0.6)[:, :, None], likelihood=likelihood)
        imported, (reach,) = bring_in(path, min_likelihood=0.6)
        np.testing.assert_allclose(points_of(reach), arm(60), atol=2e-4)
        assert "unlikely  2 points below 0.6 taken as not seen" in imported[0].text()

    def test_no_likelihood(self, tmp_path, refused):
        write_dlc_h5(tmp_path / "a.h5", 1e3 * arm(9))
        refused(tmp_path / "a.h5", "says no likelihood", "--min-likelihood 0.6 cannot be kept", min_likelihood=0.6)


class TestNoise:
    """150 um of noise are planted in a session of three known reaches."""

    @pytest.fixture
    def noisy(self, tmp_path):
        path = tmp_path / "day.csv"
        write_anipose(path, 1e3 * known(noise=1.5e-4))
        return path

    def test_it_is_measured_and_kept_with_every_reach(self, noisy, bring_in):
        (imported,), reaches = bring_in(noisy, cut=CutRule())
        for reach in reaches:
            np.testing.assert_allclose([*reach.measured_noise_mm.values()], 0.15, rtol=0.1)
            assert (reach.cutoff, reach.versions) == (None, {})
        assert re.search(r"noise     shoulder 0.1\d, elbow 0.1\d, paw 0.1\d mm per axis", imported.text())
        assert "filter    none (--cutoff)" in imported.text()

    def test_advice_of_a_cutoff_is_near_the_best(self, noisy, bring_in, points_of):
        (imported,), _ = bring_in(noisy, cut=CutRule())
        told = re.search(r"known     paw to (.+) mm; to (.+) mm with --cutoff (.+) or auto", imported.text())
        unfiltered, promised, best = map(float, told.groups())
        assert unfiltered == pytest.approx(1e3 * 1.5e-4 * np.sqrt(8 / np.pi), rel=0.1)

        def error(**options):
            shutil.rmtree(noisy.parent / "out")
            _, reaches = bring_in(noisy, cut=CutRule(), **options)
            truth = [known()[round(of.time[0] * RATE) :][: of.n_frames] for of in reaches]
            off = [points_of(of)[:, PAW] - true[:, PAW] for of, true in zip(reaches, truth, strict=True)]
            return reaches, 1e3 * np.linalg.norm(np.concatenate(off), axis=1).mean()

        reaches, found = error(cutoff="auto")
        assert {of.cutoff for of in reaches} == {best}
        assert found == pytest.approx(promised, abs=0.02)
        for other in (best / 2, best * 2):
            assert error(cutoff=other)[1] > found

    def test_what_was_recorded_stays_beside_what_is_filtered(self, noisy, bring_in):
        _, filtered = bring_in(noisy, cutoff="auto")
        shutil.rmtree(noisy.parent / "out")
        _, recorded = bring_in(noisy)
        np.testing.assert_allclose(filtered[0].versions["recorded"], recorded[0].landmarks, atol=1.1e-7)

    def test_without_noise_no_filter_is_advised_or_chosen(self, tmp_path, take, bring_in):
        (imported,), (reach,) = bring_in(take(), cutoff="auto")
        assert reach.cutoff is None
        assert "filter    none (--cutoff auto)" in imported.text()
        assert imported.text().count("--cutoff") == 1

    def test_all_files_have_the_same_cutoff(self, tmp_path, bring_in):
        for name, noise in (("a.csv", 5e-5), ("b.csv", 3e-4)):
            write_anipose(tmp_path / name, 1e3 * known(noise=noise))
        _, reaches = bring_in(tmp_path / "a.csv", tmp_path / "b.csv", cutoff="auto")
        assert len({of.cutoff for of in reaches}) == 1
        paws = [reach.measured_noise_mm["paw"] for reach in reaches]
        np.testing.assert_allclose(paws, [0.05, 0.3], rtol=0.1)

    def test_of_a_handful_of_frames_nothing_is_said(self, take, bring_in):
        (imported,), (reach,) = bring_in(take(10))
        assert "known     too few frames to tell how well" in imported.text()
        assert reach.measured_noise_mm == {}


class TestFolder:
    def test_notes_are_kept(self, tmp_path, take, bring_in):
        imported, _ = bring_in(take())
        assert (tmp_path / "out" / "import.txt").read_text() == imported[0].text() + "\n"
        assert "filter    none (--cutoff)" in imported[0].text()
        assert [reach.name for reach in read_reaches(tmp_path / "out")] == ["take"]

    def test_an_empty_folder_is_fine(self, tmp_path, take, bring_in):
        (tmp_path / "out").mkdir()
        bring_in(take())
        assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "take.csv"]

    def test_what_is_there_stays(self, tmp_path, take, bring_in):
        bring_in(take())
        before = (tmp_path / "out" / "take.csv").read_text()
        with pytest.raises(OutputError, match=r"\(--out\) exists already.*Give another folder"):
            bring_in(take(30))
        assert (tmp_path / "out" / "take.csv").read_text() == before

    def test_one_bad_file_and_nothing_is_written(self, tmp_path, take, refused):
        bad = take(name="bad.csv", change=lambda points: 30 * points)
        refused([bad, take(name="good.csv")])
        refused([bad, take(name="good.csv")][::-1][1:])

    def test_same_names_in_different_folders(self, tmp_path, take, bring_in):
        bring_in(take(name="monday/take.csv"), take(name="friday/take.csv"))
        assert [reach.name for reach in read_reaches(tmp_path / "out")] == ["friday/take", "monday/take"]

    def test_names_that_cannot_be_told_apart(self, tmp_path, take, refused):
        write_trc(tmp_path / "take.trc", 1e3 * arm(9))
        refused([take(), tmp_path / "take.trc"], "has the name of another file but for its suffix")
        refused([take(), take()], "is given twice")

    def test_a_folder_that_cannot_be_made(self, tmp_path, take, options):
        from mousearm.kinematics.imports import import_reaches

        (tmp_path / "file").write_text("")
        with pytest.raises(OutputError, match="cannot be made: File exists"):
            import_reaches([take()], tmp_path / "file" / "out", options())


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"rate": 0.0}, "--rate 0: give the frames per second"),
        ({"rate": float("nan")}, "--rate nan"),
        ({"min_likelihood": 1.5}, "--min-likelihood 1.5: give a number from 0 to 1"),
        ({"max_gap_ms": -1.0}, "--max-gap -1: give a number of ms"),
        ({"cutoff": 0.0}, "--cutoff 0: give a frequency above 0 Hz"),
    ],
)
def test_options_out_of_range(change, text):
    with pytest.raises(KinematicsError, match=text):
        ImportOptions(**change)


def test_names_in_options():
    for change, text in (
        ({"points": {"pow": "hand"}}, r"landmark \(--points\) named 'pow'. Did you mean 'paw'"),
        ({"unit": "inch"}, r"unit \(--units\) named 'inch'.*cm, m, mm"),
        ({"side": "lefty"}, r"side \(--side\) named 'lefty'. Did you mean 'left'"),
    ):
        with pytest.raises(UnknownNameError, match=text):
            ImportOptions(**change)
