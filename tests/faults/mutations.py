"""Damage to files, drawn from a seeded generator: what disks, editors, other programs and bad people make of them."""

import re

NUMBER = re.compile(rb"-?\d+\.?\d*(?:[eE][-+]?\d+)?")
NUMBERS = (
    *(b"nan", b"-inf", b"inf", b"1e308", b"-1e300", b"1e-320", b"0", b"-1", b"4294967297", b"9" * 5000),
    *(b"", b"x", b"1_0", b"0x10"),
)
TEXTS = (
    *(b"\0", b"\xff\xfe", b"\x1b[2J", "ä€𝄞".encode(), b"\r", b"\t", b",,,,", b"'", b'"', b"%s%n", b"<!--"),
    *(b"../" * 20, b"${oc.env:HOME}"),
)
NESTS = ((b"[", b"]"), (b"{a: ", b"}"), (b"<body>", b"</body>"), (b"(", b")"))


def truncate(data, rng):
    return data[: rng.randrange(len(data) + 1)]


def empty(data, rng):
    return b"" if rng.random() < 0.3 else data[: rng.randrange(1, 40)]


def flip_bits(data, rng):
    damaged = bytearray(data)
    for _ in range(rng.randrange(1, 9)):
        damaged[rng.randrange(len(damaged))] ^= 1 << rng.randrange(8)
    return bytes(damaged)


def insert(data, rng):
    at = rng.randrange(len(data) + 1)
    return data[:at] + rng.choice(TEXTS) * rng.choice((1, 1, 100)) + data[at:]


def overwrite(data, rng):
    at, n = rng.randrange(len(data)), rng.randrange(1, 64)
    return data[:at] + rng.randbytes(n) + data[at + n :]


def change_number(data, rng):
    return _change(NUMBER, data, rng, lambda _: rng.choice(NUMBERS))


def change_word(data, rng):
    words = re.findall(rb"\w+", data) or [b"a"]
    return _change(re.compile(rb"\w+"), data, rng, lambda _: rng.choice(words))


def delete_line(data, rng):
    lines = data.splitlines(keepends=True)
    del lines[rng.randrange(len(lines))]
    return b"".join(lines)


def swap_lines(data, rng):
    lines = data.splitlines(keepends=True)
    a, b = rng.randrange(len(lines)), rng.randrange(len(lines))
    lines[a], lines[b] = lines[b], lines[a]
    return b"".join(lines)


def repeat_lines(data, rng):
    lines = data.splitlines(keepends=True)
    at = rng.randrange(len(lines))
    return b"".join([*lines[:at], *lines[at : at + 3] * rng.choice((2, 50)), *lines[at:]])


def nest(data, rng):
    at, (begin, end) = rng.randrange(len(data) + 1), rng.choice(NESTS)
    return data[:at] + begin * 2000 + end * 2000 + data[at:]


def encode_again(data, rng):
    return data.decode("latin-1").encode(rng.choice(("utf-16", "utf-8-sig", "utf-32", "cp037")))


MUTATIONS = (
    *(truncate, empty, flip_bits, insert, overwrite, delete_line, swap_lines, repeat_lines, nest, encode_again),
    *(change_number, change_number, change_number, change_word, change_word),
)


def damage(data, rng):
    """The data with one to three of the mutations."""
    for mutation in rng.choices(MUTATIONS, k=rng.choice((1, 1, 1, 2, 3))):
        data = mutation(data, rng) if data else data
    return data


def _change(pattern, data, rng, make):
    found = list(pattern.finditer(data))
    if not found:
        return data
    match = rng.choice(found)
    return data[: match.start()] + make(match) + data[match.end() :]
