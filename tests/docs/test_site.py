"""The site is built without a warning, holds what it is made of, and needs no network."""

import os
import re
import runpy
import shutil
import subprocess
import sys

import pytest
from pages import ROOT

key_entries = runpy.run_path(str(ROOT / "docs" / "generated.py"))["key_entries"]
BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--site-dir", str(folder)]
    quiet = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    built = subprocess.run(command, cwd=ROOT, env=quiet, capture_output=True, text=True, timeout=600, check=False)
    assert built.returncode == 0, built.stderr
    return folder


def text_of(page):
    return page.read_text(encoding="utf-8")


def test_nothing_is_loaded_from_elsewhere(site):
    for page in site.rglob("*.html"):
        loaded = re.findall(r"<(?:script|img|iframe|source)[^>]*\ssrc=\"?([^\"\s>]+)", text_of(page))
        loaded += re.findall(
            r"<link[^>]*rel=\"?(?:stylesheet|preload|preconnect)[^>]*href=\"?([^\"\s>]+)", text_of(page)
        )
        assert [url for url in loaded if re.match(r"(https?:)?//", url)] == [], page


def test_every_key_can_be_linked_to(site):
    page = text_of(site / "configuration.html")
    for entries in key_entries().values():
        for entry in entries:
            assert f'id="{entry.name}"' in page or f"id={entry.name}" in page


def test_the_api_is_there(site):
    names = re.findall(r'id="(mousearm\.[\w.]+)"', "".join(map(text_of, (site / "api").glob("*.html"))))
    assert {
        "mousearm.env.gym_env.TrackingEnv.step",
        "mousearm.agent.Agent.load",
        "mousearm.kinematics.read_csv",
    } <= set(names)


@pytest.mark.skipif(BROWSER is None, reason="there is no browser: apt-get install chromium")
def test_a_browser_finds_a_key_without_a_network_or_a_server(site, tmp_path):
    fixed = ["--headless=new", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path}", "--dump-dom"]
    offline = ["--host-resolver-rules=MAP * ~NOTFOUND", "--virtual-time-budget=20000"]
    page = f"{(site / 'index.html').as_uri()}?q=path_spacing"
    done = subprocess.run([BROWSER, *fixed, *offline, page], capture_output=True, text=True, timeout=300, check=True)
    results = done.stdout[done.stdout.index("md-search-result__list") :]
    assert "configuration.html?h=path+spacing#env.path_spacing" in results
