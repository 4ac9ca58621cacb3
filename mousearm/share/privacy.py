"""Search of what is to be shared for secrets, and for names and places of people and machines.

Known kinds of secrets are found by the detectors of detect-secrets, which only read here: no service is asked whether a
secret is one. Files that are no text are searched for runs of characters, also within what is compressed in them, as
the remarks in pictures may be.
"""

import html
import io
import os
import pwd
import re
import socket
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path

from mousearm.errors import RunError
from mousearm.text import first_lines

# Names of accounts and machines that tell nothing, because they are those of many.
_NOBODY = ("root", "user", "admin", "ubuntu", "debian", "runner", "jovyan", "docker", "guest", "student", "localhost")
_ENDS_OF_KEYS = ("KEY", "TOKEN", "SECRET", "PASSWORD", "PASSWD", "CREDENTIALS")
_SHORTEST_KEY = 8  # of what variables of the environment hold

# Revisions on the Hub (also as Markdown writes them) and versions, which look like addresses and keys.
_EVERYBODYS = re.compile(r"\bhf(?::|&#58;)//[\w./-]+@[\w.-]+|(?<===)[\d.]+")

# What people's own files have, and detect-secrets does not know, or knows in part: whether it is a secret; a pattern,
# with a group where it is a part; and hints, texts in small letters of which there must be one in a line for the
# pattern to be tried, a long word where there are none.
_PATTERNS = {
    "a key of Weights & Biases": (True, r"(?<![0-9a-f])(?=\d*[a-f])[0-9a-f]{40}(?![0-9a-f]{2})|wandb_v1_\w{20,}", ()),
    "a private key": (True, r"-*BEGIN [A-Z0-9 ]*PRIVATE KEY-*|PuTTY-User-Key-File", ("private key", "putty")),
    "a token": (
        True,
        r"(?:hf|npm|gsk|r8|api_org)_[0-9A-Za-z]{20,}|github_pat_\w{20,}|AIza[\w-]{30,}|ya29\.[\w-]{20,}"
        r"|(?<![a-z])(?:sk|pypi|xapp|xox[a-z]|gl[a-z]{2,5})-(?=[\w-]*\d)[\w-]{20,}|(?<=[Bb]earer )[\w.~+/=-]{20,}"
        r"|(?:dapi|dop_v1_|shp[a-z]{2}_|(?:key|token)(?:[-_=:]|[\"'] ?: ?[\"']))([0-9a-f]{32,})",
        (),
    ),
    "a password": (
        True,
        r"(?i:(?:passwort|passphrase|kennwort|\bpass|\bpw) ?[:=] ?((?=\S*\d)\S{6,})|login \S+ password (\S+))",
        ("pass", "pw", "kennwort"),
    ),
    "an e-mail address": (False, r"(?<![\w.+-])(?!git@)[\w.+-]+@(?:[\w-]+\.)+[A-Za-z]{2,}(?![\w@-])", ("@",)),
    # Of the system, and within models of OpenSim, paths are everybody's. Then those of networks, Windows, home folders.
    "a path": (
        False,
        r"/(?:(?<![\w./<)\]}~]/)|(?<=file:///))(?!(?:usr|bin|lib|dev|etc|proc|sys|ground|\w+set)/)"
        r"[A-Za-z0-9_][\w.@+~-]*/[^\s\"'`<>]+|\b(?:file|smb|afp|nfs|cifs|s?ftp|ssh)://[\w.@-]+/[^\s\"'`<>]+"
        r"|(?<![0-9A-Za-z])[A-Za-z]:\\+[^\s\"'`<>]{2,}|(?<![\\\w])\\{2,4}[\w.-]{2,}\\+[\w.$-]{2,}"
        r"|(?<![\w./])~(?:[a-z_][\w.-]*)?/[A-Za-z_.][^\s\"'`<>]+",
        ("/", "\\"),
    ),
    "an address of a machine": (
        False,
        r"(?<![\w.])(?:10(?:\.\d{1,3}){3}|(?:192\.168|172\.(?:1[6-9]|2\d|3[01]))(?:\.\d{1,3}){2})(?![\w.])"
        r"|(?<![\w:])(?:[0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}(?![\w:])"
        r"|(?<![\w:])(?=(?i:fe80|f[cd]..|2...):)(?=[0-9A-Fa-f:]*::|[0-9A-Fa-f]+(?::[0-9A-Fa-f]+){7})[0-9A-Fa-f:]{5,}",
        (".", ":"),
    ),
}
_HINTS = {"Basic Auth Credentials": ("://",), "Public IP (ipv4)": (".",), "Private Key": ("private key", "putty")}
_KEYWORDS = ("pass", "pwd", "secret", "key", "contrase")
_LONG_WORD = re.compile(r"[\w.+/=-]{13,}")
_LETTERS = re.compile(r"(?=[A-Z0-9]*[a-z])(?=[a-z0-9]*[A-Z])(?=[A-Za-z]*\d)[0-9A-Za-z]{20,}")
_CHANGES = 0.45  # among the neighbours in a random word; in a name in camel case there are fewer
_WORD = r"[^\s\"'`<>]*"

# Lines of meshes and recordings, which hold nothing but numbers.
_NUMBERS = re.compile(r"(?!.*\d\.\d+\.)(?:[vf]|v[tn])?[\d\s.,;eE+/-]*")
# Longer lines are searched in pieces that overlap, because patterns take the square of a length.
_PIECE, _OVERLAP = 2000, 300

_RUN = re.compile(rb"[\x20-\x7e]{8,}|(?:[\x20-\x7e]\x00){8,}")  # of ASCII, or of UTF-16
_NO_CHANCE = re.compile(r"[\w./\\:@~+$-]{10,}")  # what is hardly chance, if it looks like something in a film
_ESCAPED = re.compile(r"\\[ux]((?<=u)[0-9A-Fa-f]{4}|(?<=x)[0-9A-Fa-f]{2})")
_COMPRESSED = re.compile(rb"\x78[\x01\x5e\x9c\xda]")  # by zlib, as in PNG, PDF and HDF5
_MOST_UNPACKED = 1_000_000


@dataclass(frozen=True, slots=True)
class Private:
    """A text that must not be shared."""

    text: str  # as it is, or would be, in a file; found as a whole word, in any case
    what: str  # for messages
    is_secret: bool = False  # whether not even a message may repeat it

    def is_in(self, line: str, is_text: bool) -> bool:
        """True if a line holds the text as a word; of what is no text, where anything may stand beside it, if long."""
        text, line = self.text.lower(), line.lower()
        if not is_text or text not in line:
            return len(text) >= _SHORTEST_KEY and text in line
        return re.search(rf"(?<![A-Za-z0-9]){re.escape(text)}(?![A-Za-z0-9])", line) is not None

    @property
    def shown(self) -> str:
        """The text, of a secret only its beginning and its length."""
        beginning = self.text[:3] if len(self.text) >= 20 else ""
        return f"{beginning}…, {len(self.text)} characters" if self.is_secret else self.text


def private_texts(places: Sequence[Path | str], entity: str | None) -> list[Private]:
    """Texts that must not be shared: of this user and machine, these places, and the account of Weights & Biases."""
    paths = [Path.home(), Path.cwd(), *(Path(place).expanduser().absolute() for place in places)]
    keys = {name: value for name, value in os.environ.items() if name.upper().endswith(_ENDS_OF_KEYS)}
    host, users = socket.gethostname(), {os.environ.get(key, "") for key in ("LOGNAME", "USER")}
    with suppress(KeyError):  # as in a container
        account = pwd.getpwuid(os.getuid())
        full_name = account.pw_gecos.split(",")[0].strip()
        users |= {account.pw_name, full_name if " " in full_name else ""}
    hosts = (host, host.split(".")[0])
    names = dict.fromkeys(users, "your user name") | dict.fromkeys(hosts, "the name of this machine")
    return [
        *(Private(str(path), "a path of this machine") for path in dict.fromkeys(paths) if len(path.parts) > 1),
        *(Private(value, f"what {name} is", True) for name, value in keys.items() if len(value) >= _SHORTEST_KEY),
        *(Private(text, what) for text, what in names.items() if len(text) > 2 and text.lower() not in _NOBODY),
        *([Private(entity, "your account of Weights & Biases")] if entity else []),
    ]


def check_private(files: Mapping[str, bytes], private: Sequence[Private], allowed: Sequence[str] = ()) -> None:
    """Check that no file, contents by path, holds a private text, a secret, an address or a path, nor is named so.

    Allowed are texts of these that are no secret, such as a user name that is a common word. RunError names every file
    and line with another.
    """
    if found := find_private(files, private, allowed):
        lines = "\n  ".join(first_lines(found, most=20))
        raise RunError(
            f"This is not to be shared:\n  {lines}\nIf all may know it, say --allow TEXT, with all of the text as it "
            "stands there. Or remove it from the files of the run; without it a model or a reach is another one, with "
            "which a new run (another name=) is to be trained. Nothing was pushed."
        )


def find_private(files: Mapping[str, bytes], private: Sequence[Private], allowed: Sequence[str] = ()) -> list[str]:
    """Lines on what `check_private` refuses, each with its file and place."""
    wanted = [text for text in private if text.text not in allowed]
    search = _search(wanted, {text.lower() for text in allowed})
    return [line for name, content in files.items() for line in _found(name, content, search)]


def _found(name: str, content: bytes, search: Callable[[str, bool], list[Private]]) -> list[str]:
    """Messages on a file and its name, one per finding."""
    named = search((name.rpartition(".")[0] or name).replace("/", " "), True)
    for text in named:
        name = name.replace(text.text, text.shown)
    found = {text: f"the name of {name}: {text.what} ({text.shown})" for text in named}
    for place, line, is_text in _texts(content):
        found |= {(place, text): f"{name}, {place}: {text.what} ({text.shown})" for text in search(line, is_text)}
    return list(found.values())


def _texts(content: bytes) -> Iterator[tuple[str, str, bool]]:
    """Texts in a file and their places: its lines, if it is a text, and else its runs of characters; True if it is."""
    if b"\0" not in content:
        for number, line in enumerate(io.BytesIO(content), 1):
            text = line.decode("utf-8", errors="replace").rstrip("\r\n")
            yield f"line {number}", text, True
            if "&" in text or "\\" in text:  # what XML, JSON and YAML write of some letters
                yield f"line {number}", html.unescape(_ESCAPED.sub(lambda match: chr(int(match[1], 16)), text)), True
        return
    parts = [("byte", 0, content)]
    for match in _COMPRESSED.finditer(content):
        packed = memoryview(content)[match.start() : match.start() + _MOST_UNPACKED]
        with suppress(zlib.error):  # it only looked so
            unpacked = zlib.decompressobj().decompress(packed, _MOST_UNPACKED)
            parts.append(("compressed at byte", match.start(), unpacked))
    for what, start, part in parts:
        for run in _RUN.finditer(part):
            text = run[0].replace(b"\0", b"").decode("ascii")
            yield f"{what} {start or run.start()}", text, False


def _search(private: Sequence[Private], allowed: set[str]) -> Callable[[str, bool], list[Private]]:
    """A function that finds what is private in a line of a text, or in a run of characters of another file."""
    detectors, harmless = list(_detectors()), allowed | {"null", "none", "true", "false"}

    def search(line: str, is_text: bool) -> list[Private]:
        if _NUMBERS.fullmatch(line):
            return []
        found = [text for text in private if text.is_in(line, is_text)]
        bare = _EVERYBODYS.sub("", line).replace('\\"', '"')
        for start in range(0, len(bare), _PIECE):
            piece = bare[start : start + _PIECE + _OVERLAP]
            small, is_long = piece.lower(), _LONG_WORD.search(piece) is not None
            for what, is_secret, hints, detect in detectors:
                if any(hint in small for hint in hints) if hints else is_long:
                    known = [text.text for text in found if text.is_secret]
                    new = (text for text in detect(piece) if not any(text in other for other in known))
                    is_sure = is_text or is_secret
                    found += [Private(text, what, is_secret) for text in new if is_sure or _NO_CHANCE.match(text)]
        return [text for text in found if text.text.lower() not in harmless]

    return search


def _detectors() -> Iterator[tuple[str, bool, Sequence[str], Callable[[str], Iterator[str]]]]:
    """Findings in a line, each with whether it is a secret, its hints, and how it is found; secrets first.

    Of detect-secrets, what knows kinds of secrets, but not what takes all that looks random for one, as hashes do.
    """
    from detect_secrets.core.plugins.util import get_mapping_from_secret_type_to_class
    from detect_secrets.plugins.base import RegexBasedDetector
    from detect_secrets.plugins.keyword import REGEX_BY_FILETYPE, KeywordDetector
    from detect_secrets.util.filetype import FileType

    def matches(pattern: str, line: str) -> Iterator[str]:
        return (match[match.lastindex or 0] for match in re.finditer(pattern, line))

    def whole(detect: Callable[[str], Iterator[str]], line: str) -> Iterator[str]:  # they tell some by their beginning
        return (next(matches(f"{_WORD}{re.escape(text)}{_WORD}", line), text) for text in detect(line))

    ours = [(what, is_secret, hints, partial(matches, kind)) for what, (is_secret, kind, hints) in _PATTERNS.items()]
    yield from (one for one in ours if one[1])
    for what, kind in get_mapping_from_secret_type_to_class().items():
        if issubclass(kind, RegexBasedDetector):
            yield what, True, _HINTS.get(what, ()), partial(whole, kind().analyze_string)
    unquoted = REGEX_BY_FILETYPE[FileType.YAML]
    passwords = partial(KeywordDetector().analyze_string, denylist_regex_to_group=unquoted)
    yield "a password", True, _KEYWORDS, partial(whole, passwords)
    yield "a text as random as a key", True, (), partial(whole, _random_words)
    yield from (one for one in ours if not one[1])


def _random_words(line: str) -> Iterator[str]:
    """Words in which digits, small and large letters change as often as they would by chance."""
    for match in _LETTERS.finditer(line):
        kinds = [(letter.isdigit(), letter.isupper()) for letter in match[0]]
        if sum(a != b for a, b in pairwise(kinds)) >= _CHANGES * len(kinds):
            yield match[0]
