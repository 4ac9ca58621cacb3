import csv
import io
import re
from html import unescape

import pytest
from markdown_it import MarkdownIt

from mousearm.text import (
    TERMINAL,
    code_block,
    columns,
    csv_cell,
    display_name,
    facts,
    first_lines,
    is_plain,
    listed,
    markdown,
    markdown_table,
    number,
    numeric_columns,
    plural,
    printable,
    shortened,
    wrapped,
)

# Names as they are, and as people would like them to be.
HONEST = (
    "reach_00",
    "mouse 1/monday/reach_3",
    "Müller+2",
    "手",
    "a-b (2)",
    "x_1 < 2 & 3 > 1",
    "[0, 1]",
    "1e-3",
    "-1.5",
)
HOSTILE = (
    *("\x1b[2J\x1b[31mred", "\x9b2J", "\r0.000 mm", "a\x07b", "\u202egnp.exe", "\ud800", "a\x00b", "x\u2028y"),
    *(
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "&lt;b&gt;",
        "[x](https://a.b)",
        "![x](https://a.b)",
    ),
    *(
        "**bold** _i_ ~~gone~~",
        "`code`",
        "https://a.b",
        "www.a.b",
        "<!-- x",
        "a\nb",
        "[x]: y",
        "x|y",
        "a\\",
        "```\n# x",
    ),
    *("=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "=1"),
)


def test_columns_are_aligned():
    assert columns([["a", "long", "x"], ["bcd", "e", ""]]) == ["a    long  x", "bcd  e"]
    assert columns([["a", "long"], ["bcd", "5"]], right=[1]) == ["a    long", "bcd     5"]


def test_facts_stand_in_a_column():
    assert facts({"run": "x", "left out": 3}) == "run          x\nleft out     3"


def test_numbers_of_a_markdown_table_stand_to_the_right():
    assert markdown_table(["name", "mm"], [["a", "0.25"], ["reach", "–"]]).splitlines() == [
        "| name  |   mm |",
        "| ----- | ---: |",
        "| a     | 0.25 |",
        "| reach |    – |",
    ]


def test_cells_cannot_spoil_a_markdown_table_and_long_ones_do_not_widen_it():
    head, _, row = markdown_table(["a", "b"], [["x|y\nz\\", 61 * "w"]], right=[]).splitlines()
    assert head == "| a        | b   |"
    assert row == f"| x\\|y z\\\\ | {61 * 'w'} |"


def test_columns_of_numbers():
    assert numeric_columns([["1", "0.5", "-2 to 3", "1", ""], ["2", "–", "4 (5 ms)", "none", "3"]]) == {1, 2, 4}
    assert numeric_columns([]) == set()


@pytest.mark.parametrize(("value", "text"), [(1.25, "1.2"), (None, "–"), (float("nan"), "–")])
def test_number(value, text):
    assert number(value, ".1f") == text


def test_names_and_counts():
    assert [plural(n, "reach", "reaches") for n in (0, 1, 2)] == ["0 reaches", "1 reach", "2 reaches"]
    assert plural(2, "run") == "2 runs"
    assert [listed(["a", "b", "c"], most) for most in (2, 3)] == ["a, b and 1 more", "a, b, c"]
    assert [first_lines(["a", "b", "c"], most) for most in (1, 3)] == [["a", "and 2 more"], ["a", "b", "c"]]
    assert [shortened(name, 4) for name in ("abcd", "abcde")] == ["abcd", "…cde"]
    names = {"elbow_flex_r": "elbow flex r", "PronatorTeres": "Pronator teres", "Deltoid_A": "Deltoid A"}
    names |= {"Subscapularis_SuperiorHead": "Subscapularis superior head", "FCR": "FCR", "joint 3": "joint 3"}
    assert {name: display_name(name) for name in names} == names


@pytest.mark.parametrize("name", HONEST)
def test_honest_names_stay_as_they_are(name):
    assert printable(name) == markdown(name) == csv_cell(name) == name
    assert is_plain(name)


@pytest.mark.parametrize("name", HOSTILE)
def test_no_name_orders_a_terminal_about(name):
    shown = printable(f"a\tb\n{name}")
    assert all(character.isprintable() or character in "\n\t" for character in shown)
    assert printable(shown) == shown
    assert shown.startswith("a\tb\n")
    assert "\x1b" not in "".join([*columns([[name, "x"]]), facts({"x": name}), markdown_table([name], [[name]])])


@pytest.mark.parametrize("name", HOSTILE)
def test_no_name_is_more_than_text_in_markdown(name):
    line = markdown(name)
    assert "\n" not in line
    text = f"{markdown_table(['a', 'b'], [[name, 'end']])}\n\nx {line} x\n"
    page = MarkdownIt("commonmark").enable("table").render(text)
    tags = {"table", "thead", "tbody", "tr", "th", "td", "p"}
    assert {tag.strip("/") for tag in re.findall(r"<([\w/!]+)", page)} == tags
    assert "<td>end</td>" in page
    assert unescape(page[page.index("<p>x ") + 5 : page.rindex(" x</p>")]) == " ".join(printable(name).split())


@pytest.mark.parametrize("text", ["a: b", "x\n```\n# title", "````", "a\n``````\nb"])
def test_nothing_ends_a_block_of_code(text):
    block = code_block(text, "yaml").split("\n")
    fence = block[-1]
    assert block[0] == f"{fence}yaml"
    assert not any(line.strip().startswith(fence) for line in block[1:-1])


@pytest.mark.parametrize("name", HOSTILE)
def test_no_cell_of_a_csv_file_is_a_formula(name):
    text = io.StringIO(newline="")
    csv.writer(text).writerow([csv_cell(name)])
    (cell,) = next(csv.reader(io.StringIO(text.getvalue(), newline="")))
    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))
    assert cell.removeprefix("'") == name


def test_numbers_of_a_csv_file_stay_numbers():
    for value in (-1.5, 0, None, True, "-1.5", "+3e-4", "-inf", "-.5"):
        assert csv_cell(value) is value


def test_wrapped_lines_are_short_and_words_stay_whole():
    text = "try --long-option=1 " * 9 + "x" * 100
    lines = wrapped(text, "- ", "  ")
    assert max(map(len, lines[:-1])) <= TERMINAL < len(lines[-1])
    assert lines[0].startswith("- try")
    assert all(line.startswith("  ") for line in lines[1:])
    assert " ".join(line[2:] for line in lines) == text
