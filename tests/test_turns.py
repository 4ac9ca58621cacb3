"""Work by turns: who goes on when, what is shared, what is raised."""

import time

import pytest

from mousearm.turns import Turns, others_go_on


class Number:
    """Something shared, with a number that whoever works may change."""

    def __init__(self):
        self.value = 0

    def state(self):
        return {"value": self.value}

    def restore(self, state):
        self.value = state["value"]


def counting(shared, begin, seen):
    """Work that counts on in the shared number, and notes who was there between its steps."""

    def work():
        shared.value = begin
        for _ in range(3):
            shared.value += 1
            seen.append(begin)
            with others_go_on():
                pass
        return shared.value

    return work


def test_each_finds_what_is_shared_as_it_left_it_and_they_go_on_in_order():
    shared, seen = Number(), []
    assert Turns([shared]).run([counting(shared, begin, seen) for begin in (10, 20, 30)], 3) == [13, 23, 33]
    # Whoever comes first begins; from when all are there, each waits for the two others.
    assert sorted(seen) == [10] * 3 + [20] * 3 + [30] * 3
    alone = Number()
    assert Turns([alone]).run([counting(alone, begin, []) for begin in (10, 20, 30)], 1) == [13, 23, 33]


def test_without_its_keeping_they_would_disturb_one_another():
    """The planted mistake that the test above is to see."""
    shared = Number()

    def work():
        shared.value = 0
        for _ in range(50):
            shared.value += 1
            with others_go_on():
                time.sleep(1e-3)
        return shared.value

    assert Turns([shared]).run([work, work], 2) == [50, 50]
    assert Turns().run([work, work], 2) != [50, 50]


def test_one_at_a_time_is_at_work_and_others_go_on_while_it_is_away():
    at_work, most, away_together = [], [], []
    away = []

    def work():
        for _ in range(20):
            at_work.append(1)
            most.append(len(at_work))
            time.sleep(2e-4)
            at_work.pop()
            with others_go_on():
                away.append(1)
                time.sleep(2e-3)
                away_together.append(len(away))
                away.pop()

    Turns().run([work] * 4, 4)
    assert max(most) == 1
    assert max(away_together) > 1


def test_no_more_at_once_than_is_asked_for():
    begun, most = set(), []

    def work(name):
        def do():
            begun.add(name)
            for _ in range(5):
                with others_go_on():
                    time.sleep(1e-3)
                most.append(len(begun))
            begun.remove(name)

        return do

    Turns().run([work(name) for name in range(6)], 2)
    assert max(most) == 2


def test_an_error_waits_until_the_others_are_over():
    done = []

    def fail():
        raise KeyError("mine")

    def work():
        for _ in range(3):
            with others_go_on():
                pass
        done.append(1)

    with pytest.raises(KeyError, match="mine"):
        Turns().run([fail, work, work], 2)
    assert done == [1, 1]


def test_work_alone_has_nobody_to_wait_for():
    with others_go_on():
        assert True
    assert Turns().run([], 4) == []
