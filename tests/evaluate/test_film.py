import imageio.v2 as imageio
import numpy as np
import pytest
from PIL import Image, ImageDraw

from mousearm.config import compose
from mousearm.errors import ConfigError, RenderError, UnknownNameError
from mousearm.evaluate.film import FilmPanel, Shot, film
from mousearm.model import load_arm
from mousearm.render import TARGET_COLOURS, Picture, view
from mousearm.trajectory import LANDMARKS, Trial

T = 7
DT = 0.02
SIZE = (320, 240)
CAPTION = 60  # rows of pixels from the top in which nothing but the caption is written


def load(model):
    arm = load_arm(compose([f"model={model}"]).model)
    try:
        with Picture(arm.model, 32, 32):
            return arm
    except RenderError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def arm():
    return load("torque")


def trial(arm, lived=T, name="wave"):
    """Elbow and shoulder bend in 120 ms, muscles go from rest to full activation; targets are off by 3 mm along y."""
    share = np.linspace(0, 1, T)[:, None]
    qpos = arm.rest_qpos + share * np.resize([0.4, 0, 0, -0.4], arm.nq)
    landmarks = arm.landmark_positions(qpos)
    return Trial(
        name=name,
        dt=DT,
        diverged=lived < T,
        targets=landmarks + np.array([0, 0.003, 0]),
        landmarks=landmarks[:lived],
        qpos=qpos[:lived],
        activation=(share * np.ones(arm.na))[:lived],
    )


def watch(path):
    with imageio.get_reader(path) as reader:
        return np.stack([np.asarray(frame) for frame in reader]), reader.get_meta_data()


def like(pictures, colour):
    """Which pixels have the hue of a colour, bright or in shade."""
    pixels = pictures.astype(float)
    direction = np.array(colour) / np.linalg.norm(colour)
    return (pixels @ direction > 0.97 * np.linalg.norm(pixels, axis=-1)) & (pixels.max(axis=-1) > 60)


@pytest.mark.parametrize("model", ["torque", pytest.param("muscle", marks=pytest.mark.slow)])
def test_a_film_shows_the_reach_with_targets_where_they_should_be(model, tmp_path):
    arm = load(model)
    shown = trial(arm)
    film([Shot(shown, arm.model)], tmp_path / "top.mp4", speed=0.25, fps=20, size=SIZE, camera="top")
    frames, meta = watch(tmp_path / "top.mp4")

    assert meta["codec"] == "h264"
    assert meta["pix_fmt"].startswith("yuv420p")
    assert meta["fps"] == pytest.approx(20)
    # 0.12 s four times slower at 20 a second are 9.6 intervals, so 11 pictures; half a second holds 10 more.
    assert frames.shape == (21, 240, 320, 3)

    # A sphere fills its middle, which lines along the paths do not; that of the elbow goes behind the arm at the end.
    camera, filled = view(arm.model, "top", shown.points), []  # looks down; x is to the right, y upwards
    for i, picture in enumerate(frames[:11]):
        targets = shown.at(i / 80).targets
        for name, colour in zip(("elbow", "paw"), TARGET_COLOURS, strict=True):
            x, y, z = targets[LANDMARKS.index(name)] - camera.lookat
            half = (camera.distance - z) * np.tan(np.radians(arm.model.vis.global_.fovy) / 2)
            row, column = (round(SIZE[1] / 2 * part) for part in (1 - y / half, SIZE[0] / SIZE[1] + x / half))
            filled.append(like(picture, colour)[row - 1 : row + 2, column - 1 : column + 2].sum() >= 8)
    assert np.mean(filled) > 0.85

    below = frames[:, CAPTION:].astype(int)  # where there is no caption
    assert np.abs(below[0] - below[10]).max() > 100
    assert np.abs(below[11] - below[20]).max() < 40  # only the codec's noise
    red = like(below, (0.86, 0.08, 0.10)).sum(axis=(1, 2))
    if arm.na:
        assert red[10] > red[0] + 100


def test_a_film_ends_where_the_simulation_diverged(arm, tmp_path):
    film([Shot(trial(arm, lived=3), arm.model)], tmp_path / "part.mp4", speed=0.25, fps=20, size=(64, 48))
    film([Shot(trial(arm, lived=1), arm.model)], tmp_path / "none.mp4", speed=0.25, fps=20, size=(64, 48))
    assert len(watch(tmp_path / "part.mp4")[0]) == 15  # 0.04 s are 3.2 intervals: 5 pictures, and 10 held
    assert len(watch(tmp_path / "none.mp4")[0]) == 11


@pytest.fixture
def texts(monkeypatch):
    """All that is written on pictures, in order, with its colour."""
    written, write = [], ImageDraw.ImageDraw.text

    def spy(self, xy, text, **options):
        written.append((text, options["fill"]))
        return write(self, xy, text, **options)

    monkeypatch.setattr(ImageDraw.ImageDraw, "text", spy)
    return written


def test_captions_say_whose_it_is_the_errors_the_time_and_the_speed(arm, tmp_path, texts):
    lost = trial(arm, lived=3)
    film([Shot(lost, arm.model, "WWWWWW" * 9)], tmp_path / "part.mp4", speed=0.25, fps=20, size=SIZE)
    first, last = texts[:6], texts[-6:]
    elbow, paw = (tuple(round(255 * part) for part in colour) for colour in TARGET_COLOURS)
    assert first[:2] == [("elbow error 3.00 mm", elbow), ("paw error 3.00 mm", paw)]
    short = first[2][0]
    assert short.startswith("WW")  # the title has lost its middle, so as to fit
    assert "…" in short[2:-2]
    assert [text for text, _ in first[3:]] == ["0 of 120 ms", "wave, 4 times slower", "spheres and lines: recorded"]
    assert last[3] == ("diverged after 40 ms", (180, 0, 0))


def test_a_caption_is_written_in_its_corner_and_nowhere_else(arm):
    def drawn(title):
        shot = Shot(trial(arm, lived=1), arm.model, title)
        return FilmPanel(shot, lambda frame: np.full((*SIZE[::-1], 3), 128, np.uint8), "legend", SIZE, 0.1).draw(0.0)

    differs = (drawn("first") != drawn("WWWWWW" * 9)).any(axis=-1)
    assert differs[:CAPTION, :160].any()
    assert not differs[CAPTION:].any()
    assert not differs[:, 198:].any()  # where the errors stand


def gif(path):
    """Its pictures, and for how long (ms) each is shown."""
    with Image.open(path) as image:
        pictures, durations = [], []
        for i in range(image.n_frames):
            image.seek(i)
            pictures.append(np.asarray(image.convert("RGB")))
            durations.append(image.info["duration"])
        assert image.info["loop"] == 0  # for ever
    return np.stack(pictures), durations


@pytest.mark.slow
def test_a_gif_shows_the_same(arm, tmp_path):
    for kind in ("mp4", "gif"):
        film([Shot(trial(arm), arm.model)], tmp_path / f"wave.{kind}", speed=0.25, fps=20, size=SIZE)
    pictures, durations = gif(tmp_path / "wave.gif")
    # The last of 11 pictures is held for ten more, which Pillow stores as one.
    assert durations == [50] * 10 + [550]
    assert pictures.shape == (11, 240, 320, 3)
    frames = watch(tmp_path / "wave.mp4")[0][:11]
    assert np.abs(pictures.astype(int) - frames).mean() < 4


@pytest.mark.slow
def test_arms_side_by_side_have_one_clock_and_one_that_diverged_stands_still(arm, tmp_path):
    shots = [Shot(trial(arm), arm.model, "a"), Shot(trial(arm, lived=3), arm.model, "b")]
    film(shots, tmp_path / "two.gif", speed=0.25, fps=20, size=SIZE)
    pictures, _ = gif(tmp_path / "two.gif")
    assert pictures.shape == (11, 240, 640, 3)
    left, right = (pictures[:, CAPTION:, side].astype(int) for side in (slice(0, 320), slice(322, 640)))
    assert np.abs(left[2][:, 2:] - right[2]).max() < 30  # 40 ms: both are where they should be
    assert np.abs(right[4] - right[10]).max() < 30
    assert np.abs(left[4] - left[10]).max() > 100
    alarm = (pictures[:, :CAPTION, 320:480].astype(int) @ [1, -1, -1] > 100).any(axis=(1, 2))
    assert alarm.tolist() == [False] * 4 + [True] * 7  # from 40 ms on, 3.2 pictures


@pytest.mark.parametrize(("n", "rows", "columns"), [(4, 2, 2), pytest.param(5, 2, 3, marks=pytest.mark.slow)])
def test_panels_are_arranged_in_rows(arm, tmp_path, n, rows, columns):
    film([Shot(trial(arm, lived=1), arm.model)] * n, tmp_path / "all.gif", fps=10, size=(64, 48))
    (whole,), _ = gif(tmp_path / "all.gif")
    assert whole.shape == (48 * rows, 64 * columns, 3)
    panels = whole.reshape(rows, 48, columns, 64, 3).swapaxes(1, 2).reshape(-1, 48, 64, 3)
    seen = [like(panel, TARGET_COLOURS[1]).any() for panel in panels]
    assert seen == [True] * n + [False] * (rows * columns - n)
    assert (panels[n:, 2:, 2:] > 245).all()  # but for the lines between panels


def test_what_cannot_be_a_film_leaves_the_older_one(arm, tmp_path):
    old = tmp_path / "wave.gif"
    old.write_text("old")
    with pytest.raises(ValueError, match="fps=30: a GIF shows each picture for a whole number of hundredths"):
        film([Shot(trial(arm), arm.model)], old, fps=30, size=SIZE)
    with pytest.raises(UnknownNameError, match=r"no kind of film \(wave.avi\) named '.avi'.* exist: .gif, .mp4"):
        film([Shot(trial(arm), arm.model)], tmp_path / "wave.avi", size=SIZE)
    with pytest.raises(RenderError, match=r"wave.gif cannot be made: File exists"):
        film([Shot(trial(arm, lived=1), arm.model)], old / "wave.gif", size=(64, 48))
    assert [path.name for path in tmp_path.iterdir()] == ["wave.gif"]
    assert old.read_text() == "old"


def test_a_machine_that_cannot_draw_leaves_no_file(arm, tmp_path, monkeypatch):
    monkeypatch.setattr("mousearm.render._obstacle", lambda: "no OpenGL")
    with pytest.raises(RenderError, match="This machine cannot draw"):
        film([Shot(trial(arm), arm.model)], tmp_path / "wave.mp4", size=SIZE)
    assert not list(tmp_path.iterdir())


def test_a_machine_without_encoder_says_what_to_install(arm, tmp_path, monkeypatch):
    def missing():
        raise RuntimeError("No ffmpeg exe could be found.")

    monkeypatch.setattr("imageio_ffmpeg.get_ffmpeg_exe", missing)
    with pytest.raises(RenderError, match="Install ffmpeg"):
        film([Shot(trial(arm), arm.model)], tmp_path / "wave.mp4", size=SIZE)


@pytest.mark.parametrize(
    ("bad", "kind", "text"),
    [
        ({"speed": 0.0}, ConfigError, "the speed 0 is not above 0"),
        ({"fps": 0}, ValueError, "fps=0 must be above 0"),
        ({"size": (321, 240)}, ValueError, "must be even"),
        ({"size": (0, 240)}, ValueError, "must be even and above 0"),
    ],
)
def test_numbers_that_cannot_be_filmed_are_refused(arm, tmp_path, bad, kind, text):
    with pytest.raises(kind, match=text):
        film([Shot(trial(arm), arm.model)], tmp_path / "wave.mp4", **bad)


def test_an_unknown_camera_is_refused_with_those_that_exist(arm, tmp_path):
    with pytest.raises(UnknownNameError, match=r"named 'sdie'. Did you mean 'side'\? Those that exist: back, front"):
        film([Shot(trial(arm), arm.model)], tmp_path / "wave.mp4", camera="sdie", size=SIZE)
    assert not list(tmp_path.iterdir())
