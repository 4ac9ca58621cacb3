"""How the pages are read: a command that was not seen would not be checked."""

import pages
import pytest
from pages import blocks, inline_commands
from small import TRAINING, made_small

PAGE = """# A page

```sh
python run.py name=a   # a remark

python scripts/x.py \\
    --out b
```

Call `python run.py reward=smooth`, or `python scripts/y.py [--json FILE]`, or `python run.py -m ...`; `make train` too.

```yaml title="conf/reward/mine.yaml"
w_paw: 2
```

```
unnamed
```
"""


@pytest.fixture
def page(tmp_path, monkeypatch):
    monkeypatch.setattr(pages, "ROOT", tmp_path)
    path = tmp_path / "page.md"
    path.write_text(PAGE)
    return path


def test_blocks_are_found_in_order_with_their_lines(page):
    found = blocks(page)
    assert [(block.place, block.kind, block.title) for block in found] == [
        ("page.md:3", "sh", None),
        ("page.md:12", "yaml", "conf/reward/mine.yaml"),
        ("page.md:16", "", None),
    ]
    assert found[1].text == "w_paw: 2\n"


def test_commands_are_whole_lines_without_remarks(page):
    assert blocks(page)[0].commands == ["python run.py name=a", "python scripts/x.py      --out b"]


def test_calls_within_sentences_are_found_and_forms_are_not(page):
    assert list(inline_commands(page)) == ["python run.py reward=smooth"]


def test_commands_are_made_small_by_words_behind_them():
    assert made_small(["run.py", "seed=1"]) == ["run.py", "seed=1", *TRAINING, "video=false"]
    assert made_small(["run.py", "--help"]) == ["run.py", "--help"]
    assert made_small(["scripts/compare.py", "a"]) == ["scripts/compare.py", "a"]
    assert made_small(["scripts/make_synthetic.py", "out", "--n", "320"])[-2:] == ["--n", "8"]
    queued = made_small(["scripts/sweep.py", "submit", "--", "seed=0,1"])
    assert queued[:3] == ["run.py", "-m", "seed=0,1"]
