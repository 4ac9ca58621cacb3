"""Every command on the pages is one that the programs accept, and is run by a test or listed with a reason."""

import argparse
import re
import runpy
import shlex
import sys

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import IntervalSweep
from not_run import NOT_RUN, reason
from pages import KINDS, PAGES, ROOT, blocks, inline_commands, page_name

from mousearm.config import CONF, check_overrides

PROGRAM = re.compile(r"python (run|scripts/\w+)\.py\b")
# What a command prints may name commands, but not at the beginning of a line.
COMMAND_LINE = re.compile(rf"^\s*(\$ *)?{PROGRAM.pattern}", re.MULTILINE)


def known_here(page) -> bool:
    """Whether a page's commands need nothing but the source; what a page adds to it is there when it is run."""
    return not any(block.title or block.kind == "diff" for block in blocks(page))


def calls() -> dict[str, str]:
    """Every call of a program, in blocks and in sentences, with the first page that makes it."""
    found: dict[str, str] = {}
    for page in filter(known_here, PAGES):
        fenced = [command for block in blocks(page) if block.kind == "sh" for command in block.commands]
        for command in [*filter(PROGRAM.match, fenced), *inline_commands(page)]:
            found.setdefault(command, page_name(page))
    return found


CALLS = [pytest.param(command, id=f"{page} {command}"[:90]) for command, page in calls().items()]


class Parsed(Exception):  # noqa: N818  # nothing went wrong
    """Carries what a program's command line was understood as."""


@pytest.mark.parametrize("page", PAGES, ids=page_name)
def test_every_block_says_what_it_is(page):
    text = page.read_text(encoding="utf-8")
    assert text.count("\n```") % 2 == 0, "a fence that is indented or not closed is not seen"
    for block in blocks(page):
        assert block.title or block.kind in KINDS, f"{block.place}: write one of {KINDS} after the fence, or a title"
        assert not (block.title and (ROOT / block.title).exists()), f"{block.place}: {block.title} is there already"
        if block.kind == "text":
            assert not COMMAND_LINE.search(block.text), f"{block.place} looks like commands: write sh after the fence"


def test_every_reason_is_needed():
    commands = [command for page in PAGES for block in blocks(page) if block.kind == "sh" for command in block.commands]
    assert [beginning for beginning in NOT_RUN if not any(c.startswith(beginning) for c in commands)] == []


@pytest.mark.parametrize("command", CALLS)
def test_the_program_accepts_it(command, monkeypatch, configure):
    plain = re.sub(r"\$\w+|\$\{[^}]*\}", "1", command)  # a variable of a loop may stand for a number
    words = shlex.split(plain.partition(" && ")[0])[1:]
    assert (ROOT / words[0]).is_file(), f"there is no {words[0]}"
    if words[0] == "run.py":
        accept_overrides(words[1:], configure)
    elif len(words) > 1:  # alone it names the program
        given = parse(words, monkeypatch)
        accept_overrides(getattr(given, "overrides", []), configure)


def parse(words, monkeypatch) -> argparse.Namespace:
    """What a script's own parser makes of its command line; nothing else of it is run."""

    def stop_after(method):
        def parse_and_stop(self, *arguments):
            raise Parsed(method(self, *arguments))

        return parse_and_stop

    for name in ("parse_args", "parse_intermixed_args"):
        monkeypatch.setattr(argparse.ArgumentParser, name, stop_after(getattr(argparse.ArgumentParser, name)))
    monkeypatch.setattr(sys, "argv", words)
    with pytest.raises(Parsed) as caught:
        runpy.run_path(str(ROOT / words[0]), run_name="__main__")
    return caught.value.args[0]


def accept_overrides(words, configure):
    """Compose the first and the last job of what a command line says."""
    words = [word for word in words if not word.startswith(("-", "resume="))]
    words = [re.sub(r"=(FILE|FOLDER|NAME|PATH|N|NEW_FOLDER)\b", r"=1", word) for word in words]
    check_overrides(words)
    parsed = [OverridesParser.create().parse_override(word) for word in words]
    for override in parsed:
        if override.is_hydra_override() and "/" in override.key_or_group:
            assert (CONF / override.key_or_group / f"{override.value()}.yaml").is_file()
    ours = [override for override in parsed if not override.is_hydra_override()]
    for job in {tuple(one_value(override, job) for override in ours) for job in (0, -1)} - {()}:
        configure(*job)


def one_value(override, job: int) -> str:
    """An override as the first job (0) or the last one (-1) has it; of an interval its lower or upper end."""
    if not override.is_sweep_override():
        return override.input_line
    value = override.value()
    if isinstance(value, IntervalSweep):
        return f"{override.key_or_group}={(value.start, value.end)[job]}"
    return f"{override.key_or_group}={list(override.sweep_string_iterator())[job]}"


def test_both_ends_of_what_a_sweep_varies_are_composed():
    words = ["a=1", "a=1,2,3", "a=tag(log,interval(0.1,2.5))", "a=int(interval(4,20))"]
    parsed = OverridesParser.create().parse_overrides(words)
    assert [one_value(override, 0) for override in parsed] == ["a=1", "a=1", "a=0.1", "a=4"]
    assert [one_value(override, -1) for override in parsed] == ["a=1", "a=3", "a=2.5", "a=20"]


def test_a_reason_is_found_by_the_beginning_of_a_command():
    assert reason("make train") is not None
    assert reason("python run.py") is None
