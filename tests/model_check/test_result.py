from mousearm.model_check.result import Result, result_table


def test_only_a_failure_tells_what_to_do():
    good = Result("one", True, "1 mm", "2 mm", "never shown")
    bad = Result("second", False, "3 mm", "2 mm", "shrink it")
    assert result_table([good, bad]).splitlines() == [
        "pass  one     1 mm  2 mm",
        "FAIL  second  3 mm  2 mm",
        "      -> shrink it",
    ]
