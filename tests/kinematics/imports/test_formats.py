"""Every format, as its program writes it, gives the numbers that were written."""

from itertools import permutations

import numpy as np
import pandas
import pytest
import tracked_files as files
from tracked_files import MARKS, POINTS, RATE, WRITERS, arm

from mousearm.kinematics.imports import read_markers
from mousearm.trajectory import ELBOW, LANDMARKS, PAW

NAMES = dict(zip(LANDMARKS, MARKS, strict=True))


def save(tmp_path, name, points, **options):
    path = tmp_path / name
    WRITERS[name](path, points, **options)
    return path


@pytest.mark.parametrize("name", WRITERS)
def test_round_trip(tmp_path, bring_in, points_of, name):
    points = arm(40)
    imported, (reach,) = bring_in(save(tmp_path, name, 1e3 * points))
    np.testing.assert_allclose(points_of(reach), points, atol=5.1e-8)  # written to a tenth of a micrometre
    np.testing.assert_allclose(reach.time, np.arange(40) / RATE, atol=5.1e-8)
    assert reach.name == imported[0].reaches[0].name == name.rsplit(".", 1)[0]


@pytest.mark.parametrize("name", WRITERS)
def test_points_are_found_by_name_in_any_order(tmp_path, monkeypatch, name):
    points = 1e3 * arm(12)
    for order in map(list, permutations(range(len(MARKS)))):
        monkeypatch.setattr(files, "MARKS", tuple(MARKS[i] for i in order))
        found = read_markers(save(tmp_path, name, points[:, order]), NAMES)
        np.testing.assert_allclose(found.points, points, rtol=1e-12)


@pytest.mark.parametrize("name", WRITERS)
def test_a_point_that_was_not_seen_is_nan(tmp_path, name):
    points = 1e3 * arm(12)
    points[4, ELBOW], points[7:9, PAW] = np.nan, np.nan
    found = read_markers(save(tmp_path, name, points), NAMES)
    np.testing.assert_allclose(found.points, points, rtol=1e-12)


@pytest.mark.parametrize("name", ["dlc.csv", "dlc.h5"])
def test_a_point_at_infinity_was_not_seen(tmp_path, name):
    points = arm(12)
    points[4, ELBOW] = np.inf, -np.inf, np.inf
    found = read_markers(save(tmp_path, name, points), NAMES)
    assert np.isnan(found.points[4, ELBOW]).all()
    assert np.isnan(found.points).sum() == 3


@pytest.mark.parametrize("name", ["dlc.csv", "dlc.h5", "anipose.csv"])
def test_likelihood_and_frames(tmp_path, name):
    likelihood = np.random.default_rng(1).uniform(size=(12, 3))
    found = read_markers(save(tmp_path, name, 1e3 * arm(12), likelihood=likelihood), NAMES)
    np.testing.assert_allclose(found.likelihood, likelihood)
    np.testing.assert_array_equal(found.frames, np.arange(12))
    assert (found.time, found.unit, found.rate, found.axes) == (None, None, None, None)


@pytest.mark.parametrize("name", ["dlc.csv", "dlc.h5"])
def test_deeplabcut_itself_writes_no_likelihood(tmp_path, name):
    assert read_markers(save(tmp_path, name, arm(5)), NAMES).likelihood is None


@pytest.mark.parametrize("name", ["dlc.csv", "dlc.h5"])
def test_several_animals(tmp_path, refused, name):
    points = arm(12)
    path = save(tmp_path, name, points, individual="mouse1")
    found = read_markers(path, {mark: f"mouse1/{point}" for mark, point in NAMES.items()})
    np.testing.assert_allclose(found.points, points)
    refused(path, "--points shoulder=NAME", "named 'sh1'", "mouse1/elbow, mouse1/hand, mouse1/sh1")


def test_rows_are_lines_of_the_file(tmp_path):
    headers = {"dlc.csv": 3, "anipose.csv": 1, "markers.trc": 6, "table.sto": 6, "vectors.sto": 5, "simm.mot": 6}
    for name, n_header in headers.items():
        path = save(tmp_path, name, arm(5))
        found = read_markers(path, NAMES)
        assert list(found.rows) == [n_header + 1 + i for i in range(5)]
        assert len(path.read_text().splitlines()) == n_header + 5


def test_what_a_trc_file_says_of_itself(tmp_path):
    found = read_markers(save(tmp_path, "markers.trc", arm(5), unit="meters", start=2.0), NAMES)
    assert (found.unit, found.rate, found.axes, found.frames) == ("m", 150, "x y z", None)
    np.testing.assert_allclose(found.time, 2 + np.arange(5) / RATE)


def test_a_trc_file_needs_neither_units_nor_axes_nor_rate(tmp_path, bring_in, points_of):
    points = arm(20)
    imported, (reach,) = bring_in(save(tmp_path, "markers.trc", 1e3 * points), unit=None, axes=None, rate=None)
    np.testing.assert_allclose(points_of(reach), points, atol=5.1e-8)
    text = imported[0].text()
    assert "unit      mm (the file says so); median upper arm 12.00 mm, forearm 14.00 mm" in text
    assert "axes      forward = x, up = y, right = z (the convention of OpenSim, as --axes is not given)" in text
    assert "20 frames at 150 Hz (its times)" in text


def test_a_trc_file_of_a_windows_program(tmp_path):
    path = save(tmp_path, "markers.trc", arm(5))
    lines = path.read_text().split("\n")
    del lines[5]  # some write no blank line below the header
    path.write_bytes("\r\n".join(lines).encode())
    np.testing.assert_allclose(read_markers(path, NAMES).points, arm(5))


@pytest.mark.parametrize("suffixes", [("_x", "_y", "_z"), ("_tx", "_ty", "_tz"), ("_X", "_Y", "_Z")])
def test_names_of_columns_in_tables(tmp_path, suffixes):
    path = save(tmp_path, "table.sto", arm(5), suffixes=suffixes, unit="m")
    found = read_markers(path, NAMES)
    np.testing.assert_allclose(found.points, arm(5))
    assert (found.unit, found.rate) == ("m", 150)


def test_the_projects_own_files_can_be_cleaned_too(tmp_path, bring_in, points_of):
    points = arm(20)
    table = {f"{mark}_{axis}": points[:, i, k] for i, mark in enumerate(NAMES) for k, axis in enumerate("xyz")}
    pandas.DataFrame({"time": 3 + np.arange(20) / RATE} | table).to_csv(tmp_path / "own.csv", index=False)
    _, (reach,) = bring_in(tmp_path / "own.csv", points={}, unit="m", rate=None)
    np.testing.assert_allclose(points_of(reach), points, atol=5.1e-8)
    assert reach.time[0] == 3


def test_as_opensim_itself_writes(tmp_path, bring_in, points_of):
    opensim = pytest.importorskip("opensim", reason="OpenSim is not installed (pip install opensim)")
    points = arm(20)
    table = opensim.TimeSeriesTableVec3()
    table.setColumnLabels(MARKS)
    for frame, row in enumerate(1e3 * points):
        vectors = opensim.RowVectorVec3(len(MARKS))
        for i, point in enumerate(row):
            vectors[i] = opensim.Vec3(*point)
        table.appendRow(frame / RATE, vectors)
    table.addTableMetaDataString("DataRate", "150")
    table.addTableMetaDataString("Units", "mm")
    paths = [tmp_path / name for name in ("m.trc", "v.sto", "f.sto")]
    opensim.TRCFileAdapter().write(table, str(paths[0]))
    opensim.STOFileAdapterVec3.write(table, str(paths[1]))
    opensim.STOFileAdapter.write(table.flatten(), str(paths[2]))
    _, reaches = bring_in(*paths, unit=None, axes=None, rate=None)
    assert len(reaches) == 3
    for reach in reaches:
        np.testing.assert_allclose(points_of(reach), points, atol=5.1e-8)


class TestRefused:
    def test_no_file(self, tmp_path, refused):
        for name in ("a.csv", "a.h5", "a.trc", "a.mot"):
            refused(tmp_path / name, "cannot be read: No such file or directory. Correct the name")

    def test_unknown_format(self, tmp_path, refused):
        path = tmp_path / "a.abc"
        path.write_bytes(b"abc")
        refused(path, "is not named as a file in", ".h5", ".trc", "Write its positions as CSV")

    @pytest.mark.parametrize("name", WRITERS)
    def test_unknown_point(self, tmp_path, refused, name):
        path = save(tmp_path, name, 1e3 * arm(5))
        refused(path, "(--points shoulder=NAME) named 'sh'", "Did you mean 'sh1'?", points={**POINTS, "shoulder": "sh"})

    @pytest.mark.parametrize(("name", "row"), [("dlc.csv", 6), ("anipose.csv", 4), ("markers.trc", 9), ("simm.mot", 9)])
    def test_text_in_a_cell(self, tmp_path, refused, name, row):
        points = 1e3 * arm(8)
        points[2, ELBOW, 1] = 77.125
        path = save(tmp_path, name, points)
        assert "77.125" in path.read_text()
        path.write_text(path.read_text().replace("77.125", "lost"))
        refused(path, f"row {row}, column elbow", "'lost' is not a number", "leave the cell empty")

    @pytest.mark.parametrize(("name", "row"), [("dlc.csv", 8), ("anipose.csv", 6), ("table.sto", 11)])
    def test_cut_off(self, tmp_path, refused, name, row):
        path = save(tmp_path, name, 1e3 * arm(5))
        delimiter = "\t" if name.endswith("sto") else ","
        path.write_text(path.read_text().rstrip().rsplit(delimiter, 2)[0] + "\n")
        refused(path, f"row {row}: has", "instead of the", "Is the file cut off")

    @pytest.mark.parametrize(("name", "said"), [("markers.trc", "NumFrames=9"), ("simm.mot", "datarows=9")])
    def test_rows_are_missing(self, tmp_path, refused, name, said):
        path = save(tmp_path, name, 1e3 * arm(9))
        path.write_text("\n".join(path.read_text().splitlines()[:-2]) + "\n")
        refused(path, f"says {said}, but has 7 rows of data. Is the file cut off? Export it again or")

    def test_pictures_of_one_camera(self, tmp_path, refused):
        table = pandas.DataFrame(np.ones((5, 9)), columns=files.columns(["x", "y", "likelihood"]))
        table.to_csv(tmp_path / "a.csv")
        table.to_hdf(tmp_path / "a.h5", key="df_with_missing", format="table")
        sleap = {"track": "", "frame_idx": range(5), "instance.score": 1.0, "hand.x": 1.0, "hand.y": 2.0}
        pandas.DataFrame(sleap).to_csv(tmp_path / "sleap.csv", index=False)
        for name in ("a.csv", "a.h5", "sleap.csv"):
            refused(tmp_path / name, "have x and y but no z", "Triangulate them first")

    def test_labelled_pictures(self, tmp_path, refused):
        table = files.deeplabcut(1e3 * arm(5))
        table.index = [f"labeled-data/film/img{i}.png" for i in range(5)]
        table.to_csv(tmp_path / "a.csv")
        table.to_hdf(tmp_path / "a.h5", key="df_with_missing", format="table")
        refused(tmp_path / "a.csv", "row 4, column frame: 'labeled-data/film/img0.png' is not a frame number")
        refused(tmp_path / "a.h5", "frame 1, column frame: 'labeled-data/film/img0.png' is not a frame number")

    def test_other_hdf5(self, tmp_path, refused):
        (tmp_path / "text.h5").write_text("hello")
        refused(tmp_path / "text.h5", "is not HDF5 of DeepLabCut 3D", "Write its positions as CSV")
        pandas.DataFrame({"a": [1.0]}).to_hdf(tmp_path / "fixed.h5", key="a")
        refused(tmp_path / "fixed.h5", "it has 0 tables of pandas with format='table'")
        levels = pandas.MultiIndex.from_product([["a"], ["b"]], names=["one", "two"])
        pandas.DataFrame([[1.0]], columns=levels).to_hdf(tmp_path / "plain.h5", key="a", format="table")
        refused(tmp_path / "plain.h5", "DeepLabCut 3D has scorer, (individuals,) bodyparts and coords")

    def test_frame_numbers_that_are_none(self, tmp_path, refused):
        path = tmp_path / "a.csv"
        files.write_anipose(path, 1e3 * arm(4), frames=[0, 1, 1.5, 2])
        refused(path, "row 4, column fnum: 1.5 is not a frame number. Write a whole number")

    def test_no_points(self, tmp_path, refused):
        path = tmp_path / "a.mot"
        files.write_table(path, ["Coordinates", "nRows=1"], ["elbow_flex", "wrist_angle"], [["0", "1", "2"]])
        refused(path, "no point was found", "such as paw_x, paw_y, paw_z")

    def test_two_columns_of_one_name(self, tmp_path, refused):
        path = save(tmp_path, "anipose.csv", 1e3 * arm(5))
        path.write_text(path.read_text().replace("elbow_y", "elbow_x", 1))
        refused(path, "elbow has two columns for x (7 and 8). Rename one.")

    def test_other_files_with_the_suffix(self, tmp_path, refused):
        for name, text in (("a.sto", "time\tx\n0\t1\n"), ("b.trc", "PathFileType\t4\n")):
            (tmp_path / name).write_text(text)
        refused(tmp_path / "b.trc", "ends after row 1, within its header")
        refused(tmp_path / "a.sto", "has no line endheader")

    def test_headers_of_trc(self, tmp_path, refused):
        path = save(tmp_path, "markers.trc", 1e3 * arm(5))
        good = path.read_text()
        for old, new, text in (
            ("\tmm\t", "\tinches\t", "says Units=inches; only m, cm, mm are known"),
            ("Frame#\tTime", "Time\tFrame#", "row 4: does not start with Frame# and Time"),
            ("\t5\t3\t", "\t5\t4\t", "says NumMarkers=4, but has 3 markers in row 4"),
        ):
            assert old in good
            path.write_text(good.replace(old, new))
            refused(path, text)

    def test_tables_of_other_things(self, tmp_path, refused):
        path = save(tmp_path, "vectors.sto", 1e3 * arm(5))
        path.write_text(path.read_text().replace("Vec3", "Quaternion"))
        refused(path, "DataType=Quaternion is not a position")
        files.write_table(path, ["version=3"], ["a"], [["0", "1"]])
        path.write_text(path.read_text().replace("time", "frame"))
        refused(path, "row 3: the first column is 'frame'; it must be time")

    @pytest.mark.parametrize("name", ["a.csv", "a.trc", "a.sto"])
    def test_not_a_text_file(self, tmp_path, refused, name):
        (tmp_path / name).write_bytes(b"\x89HDF\r\n")
        refused(tmp_path / name, "is an HDF5 file. Give it with the suffix .h5")
