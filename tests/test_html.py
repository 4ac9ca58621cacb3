from mousearm.html import bullets, document, paragraph, picture, table, warning

NASTY = '<b>"&'


def test_text_stays_text():
    parts = [
        paragraph(NASTY),
        bullets([NASTY]),
        warning([NASTY]),
        picture(b"", NASTY),
        table([NASTY], [[NASTY]], [NASTY]),
    ]
    page = document(NASTY, parts)
    assert "<b>" not in page
    assert page.count("&lt;b&gt;&quot;&amp;") == 8  # a table has three, a page its title


def test_columns_of_numbers_stand_to_the_right_but_for_the_first():
    rows = [["1", "0.5", "-2 to 3", "1"], ["2", "–", "4 (5 ms)", "none"]]
    page = table(["name", "a", "b", "c"], rows)
    assert [f'<th class="number">{name}</th>' in page for name in ("name", "a", "b", "c")] == [False, True, True, False]


def test_nothing_to_warn_of_is_nothing():
    assert warning([]) == ""
    assert "<td" not in table(["a"], [])
