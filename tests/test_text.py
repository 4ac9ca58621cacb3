import pytest

from mousearm.text import (
    columns,
    display_name,
    facts,
    first_lines,
    listed,
    markdown_table,
    number,
    numeric_columns,
    plural,
    shortened,
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
    assert display_name("elbow_flex_r") == "elbow flex r"
