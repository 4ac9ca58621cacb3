import pytest

from mousearm.document import (
    Document,
    Section,
    as_html,
    as_markdown,
    list_block,
    picture_block,
    table_block,
    text_block,
    warning_block,
)
from mousearm.plots import page

NASTY = '<b>"&'


def drawn():
    with page(20) as figure:
        figure.subplots()
    return figure


def blocks(text):
    picture = picture_block(drawn, text, text)
    table = table_block(([text], [[text]]), kinds=[text])
    return [text_block(text), list_block([text]), warning_block([text]), picture, table]


def test_text_stays_text():
    whole = as_html(NASTY, NASTY, [Section(NASTY, blocks(NASTY))])
    assert "<b>" not in whole
    # The title twice, source, heading, text, list, warning; two of the picture, three of the table.
    assert whole.count("&lt;b&gt;&quot;&amp;") == 12


def test_markdown_has_all_but_pictures():
    text = as_markdown("a", [Section("", [text_block("b")]), Section("c", blocks("d")), Section("e", [blocks("f")[3]])])
    assert text == "# a\n\nb\n\n## c\n\nd\n\n- d\n\n**d**\n\n| d   |\n| --- |\n| d   |\n"


def test_columns_of_numbers_stand_to_the_right_but_for_the_first():
    rows = [["1", "0.5", "-2 to 3", "1"], ["2", "–", "4 (5 ms)", "none"]]
    html = table_block((["name", "a", "b", "c"], rows)).html()
    assert [f'<th class="number">{name}</th>' in html for name in ("name", "a", "b", "c")] == [False, True, True, False]


@pytest.mark.parametrize("block", [list_block, warning_block])
def test_no_lines_are_nothing(block):
    assert (block([]).html(), block([]).markdown) == ("", "")


def test_a_document_is_its_page_markdown_figures_and_tables(tmp_path):
    sections = [Section("one", [picture_block(drawn, "a figure", name="drawn"), picture_block(drawn, "on the page")])]
    tables = {"rows": [{"a": 1}], "none": []}
    path = Document("report", "title", "source", sections, tables, {"other.json": "{}"}).write(tmp_path / "new")
    files = {"report.html", "report.md", "drawn.png", "drawn.pdf", "rows.csv", "other.json"}
    assert {file.name for file in path.parent.iterdir()} == files
    assert path.read_text().count("data:image/png") == 2
