"""The page of a comparison in a real browser."""

import json
import shutil
import subprocess

import numpy as np
import pytest
from page_tables import Tables
from PIL import Image

from mousearm.report.comparison import compare
from mousearm.report.page import write_report

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(BROWSER is None, reason="there is no browser: apt-get install chromium"),
]


@pytest.fixture
def page(sweep):
    """The page of a comparison of two rewards and three seeds."""
    return write_report(compare([sweep]), sweep / "comparison")


@pytest.fixture
def browse(tmp_path):
    """Open a page in a headless browser without a network; gives what the options ask it to print."""

    def open_page(page, *options):
        fixed = ["--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", f"--user-data-dir={tmp_path}"]
        offline = ["--host-resolver-rules=MAP * ~NOTFOUND", "--window-size=1280,2600"]
        command = [BROWSER, *fixed, *offline, *options, page.as_uri()]
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=600).stdout

    return open_page


def test_a_browser_shows_the_numbers_of_evaluation_json(sweep, page, browse):
    tables = Tables(browse(page, "--dump-dom")).found
    means = [json.loads((sweep / str(job) / "evaluation.json").read_text())["train"] for job in range(6)]
    paw, elbow = ([mean[f"{point}_mm"]["mean"] for mean in means] for point in ("paw", "elbow"))
    assert [row[:5] for row in tables["runs"][1:]] == [
        [f"rewards/{job}", ("default", "smooth")[job // 3], str(job % 3), f"{paw[job]:.3f}", f"{elbow[job]:.3f}"]
        for job in range(6)
    ]
    assert [row[:4] for row in tables["groups"][1:]] == [
        [reward, "3", "0, 1, 2", f"{np.mean(paw[first : first + 3]):.3f}"]
        for reward, first in (("default", 0), ("smooth", 3))
    ]


def test_a_browser_shows_the_figures(page, browse, tmp_path):
    browse(page, f"--screenshot={tmp_path / 'page.png'}")
    pixels = np.asarray(Image.open(tmp_path / "page.png").convert("RGB"))[:, 100:]  # without the edge of warnings
    for colour in ("#0072B2", "#D55E00"):  # of the two groups; nothing but the figures has them
        wanted = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
        assert (pixels == wanted).all(axis=2).sum() > 100
