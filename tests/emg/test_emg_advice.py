"""EMG that is refused is taken when what the message says has been done."""

from dataclasses import replace

import emg_files as emg
import numpy as np
import pytest

from mousearm.emg import load_folder
from mousearm.emg.importing import write_envelopes
from mousearm.emg.mapping import PUBLISHED, PUBLISHED_MUSCLES, read_map, read_pairs
from mousearm.emg.recording import EmgOptions
from mousearm.emg.synthetic import RawEmgModel, raw_emg

GOOD = emg.signals()
TIME = np.arange(1200) / emg.RATE
TIMED = {"rate": None}
ONE = ("biceps=Biceps_Long_Head",)


def timed(name="time_s", length=1.0, **changes):
    return {name: TIME * length, **GOOD, **changes}


def changed(channel="biceps", **at):
    """Good columns, with other values in one of them at a slice."""
    values = GOOD[channel].copy()
    for place, value in at.items():
        first, _, last = place.removeprefix("from").partition("to")
        values[int(first) : int(last)] = value
    return {**GOOD, channel: values}


CLIPPED = {**GOOD, "biceps": np.clip(GOOD["biceps"], -5e-5, 5e-5)}
COUNTS = {name: np.round(values * 1e7) for name, values in GOOD.items()}
GAP = changed(from500to504=np.nan)
LONG_GAP = changed(from100to1150=np.nan)
LOST = {name: np.delete(values, slice(600, 620)) for name, values in timed().items()}
UNEVEN = {**timed(), "time_s": np.round(TIME, 2)}
LATE = {"offset_s": 0.2, "align": None}
SHORT = {name: values[:500] for name, values in GOOD.items()}
HOLES = {**timed(), "time_s": np.where(np.arange(1200) == 5, np.nan, TIME)}
SIZES = {name: np.abs(values) for name, values in GOOD.items()}
SLOW = {name: values[::20] for name, values in SIZES.items()}

# What the file has and the options say, what is said, channel and fault, and what to have or to say instead.
FILES = [
    (timed(), {**TIMED, "time_unit": "ms"}, "Leave --time-unit out, or", "", "time", timed(), TIMED),
    (GOOD, {"rate": None}, "Give --rate HZ, or --align span if it lasts", "", "rate", GOOD, {"rate": 2000.0}),
    (GOOD, {"rate": None}, "Give --rate HZ, or --align span if it lasts", "", "rate", GOOD, {"align": "span"}),
    (timed("time"), {"rate": 1000.0}, "Leave --rate out if the times are right", "", "rate", timed("time"), TIMED),
    (timed("time", 1e3), TIMED, ": give --time-unit ", "", "rate", timed("time", 1e3), {**TIMED, "time_unit": "ms"}),
    (
        timed("time_us", 1e3),
        TIMED,
        "correct the unit in the name of its column",
        "",
        "rate",
        timed("time_ms", 1e3),
        TIMED,
    ),
    (
        SLOW,
        {"rate": 100.0},
        ", or give --kind envelope if it is one",
        "",
        "rate",
        SLOW,
        {"rate": 100.0, "kind": "envelope"},
    ),
    (GOOD, {"rate": 1e6}, "correct --rate, --stretch or --align", "", "rate", GOOD, {}),
    (GOOD, {"align": None}, ", or --offset-s.", "", "align", GOOD, {}),
    (GOOD, {"align": None}, ", or --offset-s.", "", "align", GOOD, {"align": None, "offset_s": -0.1}),
    (GOOD, {"align": "clock"}, "Give --align start, or --offset-s SECONDS", "", "align", GOOD, {"offset_s": -0.1}),
    (
        GOOD,
        {"align": "span", "stretch": 2.0},
        "Leave --offset-s and --stretch out, or",
        "",
        "align",
        GOOD,
        {"align": "span"},
    ),
    (GOOD, {"align": "span", "stretch": 2.0}, "or give --align start", "", "align", GOOD, {"stretch": 2.0}),
    (
        GOOD,
        LATE,
        "Correct --rate, --time-unit, --offset-s, --stretch or --align,",
        "",
        "cover",
        GOOD,
        {"offset_s": -0.1},
    ),
    (GOOD, LATE, "to take what there is", "", "cover", GOOD, {**LATE, "min_cover": 0.38}),
    (SHORT, {}, "to take what there is", "", "cover", SHORT, {"min_cover": 0.76}),
    (UNEVEN, TIMED, "Remove the column and give --rate, if times were rounded", "", "time", GOOD, {}),
    (HOLES, TIMED, "Write one, or remove the row", "", "time", timed(), TIMED),
    (LOST, TIMED, "Allow it by --max-gap-ms", "", "gap", LOST, {**TIMED, "max_gap_ms": 11.0}),
    (
        LOST,
        TIMED,
        ", or cut the file there",
        "",
        "gap",
        {n: v[:600] for n, v in LOST.items()},
        {**TIMED, "min_cover": 0.9},
    ),
    (GAP, {}, "Fill it by --max-gap-ms", "biceps", "gap", GAP, {"max_gap_ms": 3.0}),
    (
        LONG_GAP,
        {},
        "or leave the channel out by naming the others",
        "biceps",
        "gap",
        LONG_GAP,
        ("triceps=Triceps_Long_Head",),
    ),
    (LONG_GAP, {"rate": None, "align": "span"}, "Cut the file there", "biceps", "gap", GOOD, {}),
    (changed(from0to1200=2.0), {}, "Name the right channel in --muscles, or leave", "biceps", "constant", GOOD, {}),
    (
        changed(from0to600=1.0, from600to1200=0.0),
        {},
        "as a dead electrode or a trigger",
        "biceps",
        "constant",
        GOOD,
        {},
    ),
    (GOOD, {"kind": None}, "Give --kind raw or --kind envelope", "", "kind", GOOD, {}),
    (SIZES, {}, "Give --kind envelope, or the raw recording", "biceps", "kind", SIZES, {"kind": "envelope"}),
    (SIZES, {}, "Give --kind envelope, or the raw recording", "biceps", "kind", GOOD, {}),
    (GOOD, {"kind": "envelope"}, "as of raw EMG. Give --kind raw", "biceps", "kind", GOOD, {}),
    (GOOD, {"unit": None}, ", which are scaled all the same", "biceps", "unit", GOOD, {"unit": "mV"}),
    (GOOD, {"unit": None}, ", which are scaled all the same", "biceps", "unit", GOOD, {"unit": "none"}),
    (COUNTS, {}, "Give --unit", "biceps", "unit", COUNTS, {"unit": "counts"}),
    (
        {f"{n}_V": v for n, v in COUNTS.items()},
        {},
        "Correct the unit in the file to",
        "biceps",
        "unit",
        COUNTS,
        {"unit": "counts"},
    ),
    (
        {n: v * 1e6 for n, v in GOOD.items()},
        {},
        "than any amplifier gives",
        "biceps",
        "unit",
        {n: v * 1e6 for n, v in GOOD.items()},
        {"unit": "uV"},
    ),
    (CLIPPED, {}, "or take it by --max-saturated", "biceps", "saturated", CLIPPED, {"max_saturated": 1.0}),
    (CLIPPED, {}, "Leave it out by naming the others", "biceps", "saturated", CLIPPED, ("triceps=Triceps_Long_Head",)),
    ({**GOOD, "triceps": GOOD["biceps"]}, {}, "Leave one of them out of --muscles", "triceps", "double", GOOD, ONE),
    (
        {"bizeps": GOOD["biceps"], "x": TIME},
        {},
        "Correct the name in --muscles, or leave it out",
        "biceps",
        "channel",
        GOOD,
        {},
    ),
    ({"biceps (V)": TIME, **GOOD}, {}, "two columns have the name", "biceps", "channel", GOOD, {}),
    (GOOD, {"band_high_hz": 1000.0}, ", or leave it out.", "", "band", GOOD, {"band_high_hz": 900.0}),
    (GOOD, {"band_low_hz": 950.0}, "Lower --band-low-hz or --low-pass-hz", "", "band", GOOD, {"band_low_hz": 40.0}),
    (GOOD, {"notch_hz": 999.0}, "Leave it out, or say 50 or 60", "", "band", GOOD, {"notch_hz": 50.0}),
    (GOOD, {"low_pass_hz": 2.0}, "or raise --low-pass-hz", "", "length", GOOD, {"low_pass_hz": 6.0}),
    (GOOD, {"low_pass_hz": 2.0}, "Give a longer recording", "", "length", emg.signals(n=4000), {"low_pass_hz": 2.0}),
    ({n: v[:1] for n, v in GOOD.items()}, {}, "Export it again", "", "length", GOOD, {}),
]


@pytest.mark.parametrize("i", range(len(FILES)), ids=[f"{i}-{of[4]}" for i, of in enumerate(FILES)])
def test_advice_on_a_file(tmp_path, i):
    columns, options, says, channel, fault, right_columns, right_options = FILES[i]
    path = emg.write_csv(tmp_path / "demo_emg.csv", columns)
    error = next(one for one in emg.examined([path], options).refusals if one.fault == fault)
    assert says in " ".join(str(error).split()), error
    assert (error.file, error.channel) == (str(path), channel)
    muscles = right_options if isinstance(right_options, tuple) else emg.MAP
    path = emg.write_csv(path, right_columns)
    again = emg.examined([path], right_options if isinstance(right_options, dict) else {}, muscles)
    assert not again.refusals, again.refusals
    assert len(again.envelopes) == 1


def test_advice_on_options():
    said = emg.told("Give a finite number, or leave it out", EmgOptions, offset_s=float("nan"))
    assert str(said).startswith("--offset-s is nan.")
    said = emg.told("Raise --band-high-hz", EmgOptions, band_low_hz=100.0, band_high_hz=50.0)
    assert ", or lower --band-low-hz." in str(said)
    assert EmgOptions(offset_s=0.0, band_low_hz=40.0, band_high_hz=50.0)
    assert EmgOptions(band_low_hz=100.0, band_high_hz=500.0)


def test_advice_on_units_of_a_session(tmp_path):
    """A file in mV is scaled with one in V; one in counts is not."""
    (demo,) = emg.demo_reaches()
    reaches = [replace(demo, name=name) for name in ("a", "b")]
    first = emg.write_csv(tmp_path / "a_emg.csv", GOOD)
    other = emg.write_csv(tmp_path / "b_emg.csv", {f"{n}_mV": 1e3 * values for n, values in GOOD.items()})
    one, same = emg.examined([first, other], reaches=reaches).envelopes
    np.testing.assert_allclose(one.values, same.values, rtol=1e-6)
    emg.write_csv(other, {f"{n} (counts)": np.round(1e7 * values) for n, values in GOOD.items()})
    error, _ = emg.examined([first, other], reaches=reaches).refusals
    assert "Correct one, or give --over file" in str(error)
    assert (error.file, error.channel, error.fault) == (str(other), "biceps", "unit")
    assert not emg.examined([first, other], reaches=reaches, over="file").refusals


def test_advice_on_made_emg():
    emg.told(", and a --saturation above 0", RawEmgModel, rate=1000.0)
    emg.told("amplitudes and shares must be at least 0", RawEmgModel, hum=-1.0)
    assert len(raw_emg(np.arange(2.0), np.zeros((2, 1)), RawEmgModel(rate=1700.0), 0)[0]) == 1701


def test_advice_on_which_muscles_channels_show(tmp_path):
    forces, file = emg.FORCES, tmp_path / "map.yaml"
    emg.told("Say which muscles channels show, as --muscles", read_map, [PUBLISHED], forces)
    emg.told(": write CHANNEL=MUSCLE,MUSCLE, or give a YAML file", read_map, ["a=Biceps_Long_Head", "b"], forces)
    twice = ["a=Biceps_Long_Head", "a=Biceps_Short_Head"]
    emg.told("Name all its muscles at once, with commas", read_map, twice, forces)
    for text, says in (
        ("a: [", "Write CHANNEL: [MUSCLE, MUSCLE] in each line"),
        ("7", "holds no channels. Write CHANNEL: [MUSCLE, MUSCLE] in each line"),
        ("a: {Biceps_Long_Head: -1}", "must be numbers above 0. Correct them"),
    ):
        file.write_text(text)
        emg.told(says, read_map, [str(file)], forces)
    file.write_text("a: [Biceps_Long_Head, Biceps_Short_Head]")
    for words in (["a=Biceps_Long_Head,Biceps_Short_Head"], [str(file)]):
        assert read_map(words, forces, "peak_force").of("a") == {"Biceps_Long_Head": 0.25, "Biceps_Short_Head": 0.75}
    arm = dict.fromkeys({muscle for of in PUBLISHED_MUSCLES.values() for muscle in of}, 1.0)
    ready = read_map([PUBLISHED], arm)
    emg.told("Say which muscles they show, as --muscles ch1=", ready.chosen, ["ch1"], tmp_path)
    assert ready.chosen(["TriLong", "ch1"], tmp_path) == ["TriLong"]
    assert read_map(["ch1=Biceps_Long_Head"], arm).chosen(["ch1"], tmp_path) == ["ch1"]


def test_advice_on_whose_a_file_is(tmp_path):
    path = emg.write_csv(tmp_path / "x.csv", GOOD)
    (error,) = emg.examined([path]).refusals
    assert "Call it REACH_emg" in str(error)
    assert ", or say --match" in str(error)
    (error,) = emg.examined([path], align="span").refusals
    assert "Name it by --match FILE=REACH" in str(error)
    emg.told(": write FILE=REACH, the name of a file", read_pairs, ["x.csv"], ["demo"])
    assert not emg.examined([path], pairs=read_pairs(["x.csv=demo"], ["demo"])).refusals
    own = emg.write_csv(tmp_path / "demo_emg.csv", GOOD)
    (error,) = emg.examined([own, path], pairs={"x.csv": "demo"}).refusals
    assert "Leave one out, or say --match FILE=REACH" in str(error)
    found = emg.examined([own])
    assert not found.refusals
    write_envelopes(found, tmp_path)
    emg.told("Give --overwrite to replace it, or another --out", write_envelopes, found, tmp_path)
    write_envelopes(found, tmp_path, overwrite=True)
    write_envelopes(found, tmp_path / "other")
    assert load_folder(tmp_path / "other")["demo"].channels == ("biceps", "triceps")


def test_advice_on_folders(tmp_path):
    (raw := tmp_path / "raw").mkdir()
    path = emg.write_csv(raw / "demo_emg.csv", GOOD)
    (error,) = emg.examined([raw]).refusals
    assert f"is a folder. Name its files, such as {raw}/*.csv" in str(error)
    for none in (raw, tmp_path / "nowhere"):
        emg.told("Import EMG first, by scripts/import_emg.py, or name the folder that it was", load_folder, none)
    write_envelopes(emg.examined(sorted(raw.glob("*.csv"))), tmp_path / "envelopes")
    assert list(load_folder(tmp_path / "envelopes")) == [path.stem.removesuffix("_emg")]


def test_advice_on_the_reach_that_a_file_may_be_of(tmp_path):
    (demo,) = emg.demo_reaches()
    reaches = [replace(demo, name=name) for name in ("a_demo", "b_demo", "c")]
    path = emg.write_csv(tmp_path / "demo_emg.csv", GOOD)
    (error,) = emg.examined([path], reaches=reaches).refusals
    assert "Say which, by --match" in str(error)
    assert not emg.examined([path], reaches=reaches, pairs={"demo_emg.csv": "b_demo"}).refusals
    session = emg.write_csv(tmp_path / "session.csv", timed())
    (error,) = emg.examined([session], rate=None, align="clock", offset_s=5.0).refusals
    assert "Correct --offset-s or --time-unit" in str(error)
    assert not emg.examined([session], rate=None, align="clock").refusals
