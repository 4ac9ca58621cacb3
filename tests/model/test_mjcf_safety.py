"""A model from elsewhere runs no code, reads nothing outside of its folder, and does not fill the memory."""

import os
import re
import struct

import pytest

from mousearm.config import LandmarksConfig, ModelConfig
from mousearm.errors import ModelError
from mousearm.model import load_arm
from mousearm.model.mjcf_safety import check_mjcf

LANDMARKS = LandmarksConfig("joint:shoulder", "joint:elbow", "site:paw")
TETRAHEDRON = "v 0 0 0\nv .01 0 0\nv 0 .01 0\nv 0 0 .01\nf 1 3 2\nf 1 2 4\nf 2 3 4\nf 1 4 3\n"


@pytest.fixture
def model(tmp_path, two_link_xml):
    """The two-link arm in a folder of its own, with something more at its beginning."""
    folder = tmp_path / "model"
    folder.mkdir()

    def write(more, name="arm.xml"):
        (folder / name).write_text(re.sub("(<mujoco[^>]*>)", rf"\1{more}", two_link_xml, count=1))
        return folder / name

    return write


def load(path):
    return load_arm(ModelConfig(file=str(path), osim=None, landmarks=LANDMARKS, joints=None, action_map="direct"))


def refused(path, *parts):
    with pytest.raises(ModelError) as caught:
        load(path)
    for part in parts:
        assert part in str(caught.value)


def test_parts_and_meshes_in_the_folder_are_read(model, tmp_path):
    path = model('<include file="parts/assets.xml"/>')
    (tmp_path / "model" / "parts").mkdir()
    (tmp_path / "model" / "parts" / "assets.xml").write_text(
        '<mujoco><compiler meshdir="meshes"/><asset><mesh name="bone" file="bone.obj"/></asset></mujoco>'
    )
    (tmp_path / "model" / "meshes").mkdir()
    (tmp_path / "model" / "meshes" / "bone.obj").write_text(TETRAHEDRON)
    assert load(path).model.nmesh == 1


@pytest.mark.parametrize("place", ["", "parts", "meshes", "meshes/parts", "parts/meshes"])
@pytest.mark.parametrize("compiler_in", ["", "arm.xml", "parts/assets.xml"])
def test_files_of_a_model_are_those_that_mujoco_reads(model, tmp_path, compiler_in, place):
    folder, compiler = tmp_path / "model", '<compiler meshdir="meshes"/><!-- <mesh file="note.obj"/> -->'
    path = model((compiler if compiler_in == "arm.xml" else "") + '<include file="parts/assets.xml"/>')
    for name in ("parts", "meshes/parts", "parts/meshes"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    part = (compiler if compiler_in.startswith("parts") else "") + '<asset><mesh name="b" file="bone.obj"/></asset>'
    (folder / "parts" / "assets.xml").write_text(f"<mujoco>{part}</mujoco>")
    (folder / place / "bone.obj").write_text(TETRAHEDRON)
    (folder / "note.obj").write_text("what only a comment names")
    files = {file.relative_to(folder).as_posix() for file in check_mjcf(path)}
    try:
        load(path)
        read = {f"{place}/bone.obj".removeprefix("/")}
    except ModelError:
        read = set()
    assert files == {"arm.xml", "parts/assets.xml"} | read


@pytest.mark.parametrize(
    "name",
    ["../bone.obj", "/etc/bone.obj", "meshes/../../bone.obj", "..\\bone.obj", "http://host/bone.obj", "C:/bone.obj"],
)
@pytest.mark.parametrize("element", ['<asset><mesh name="m" file="{}"/></asset>', '<include file="{}"/>'])
def test_files_elsewhere_are_refused(model, tmp_path, element, name):
    (tmp_path / "bone.obj").write_text(TETRAHEDRON)
    refused(
        model(element.format(name).replace("\\", r"\\")), "line 2", "is not in the model's folder", "put the file there"
    )


@pytest.mark.parametrize("key", ["meshdir", "texturedir", "assetdir"])
def test_folders_elsewhere_are_refused(model, key):
    refused(model(f'<compiler {key}=".."/>'), "/compiler: '..' is not in the model's folder")


@pytest.mark.parametrize("compiler", ["", '<compiler meshdir="meshes"/>'])
def test_links_that_lead_elsewhere_are_refused(model, tmp_path, compiler):
    (tmp_path / "bone.obj").write_text(TETRAHEDRON)
    path = model(compiler + '<asset><mesh name="m" file="bone.obj"/></asset>')
    place = path.parent / ("meshes" if compiler else "")
    place.mkdir(exist_ok=True)
    (place / "bone.obj").symlink_to(tmp_path / "bone.obj")
    refused(path, "bone.obj' is not in the model's folder")


def test_what_is_included_is_looked_through_too(model, tmp_path):
    path = model('<include file="a.xml"/>')
    (tmp_path / "model" / "a.xml").write_text('<mujoco><include file="b.xml"/></mujoco>')
    (tmp_path / "model" / "b.xml").write_text('<mujoco>\n<asset><mesh name="m" file="../x.obj"/></asset></mujoco>')
    refused(path, "b.xml, line 2: mujoco/asset/mesh[m]: '../x.obj'")


def test_a_model_that_includes_itself_ends(model):
    refused(model('<include file="arm.xml"/>'), "MuJoCo cannot compile")


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ('<extension><plugin plugin="mujoco.pid"/></extension>', "plugins are code that is not in the model"),
        ('<asset><mesh name="m" file="m.mjz"/></asset>', "'m.mjz' is of no kind that is read: .xml, .obj"),
        ('<asset><mesh name="m" file="m.obj" content_type="a/b"/></asset>', "content_type is refused"),
        ('<asset><model name="m" file="m.xml"/></asset>', "models within models are refused"),
        ('<worldbody><replicate count="2"><include file="m.xml"/></replicate></worldbody>', "is within <replicate>"),
        ('<option timestep="nan"/>', "timestep='nan' is not a number"),
        ('<compiler><lengthrange inttotal="1e9"/></compiler>', "a simulation of any length is refused"),
        ('<size nkey="2000000000"/>', "nkey='2000000000' asks for too much; at most 10000 is done"),
        ('<asset><texture name="t" type="2d" builtin="flat" width="100000" height="100000"/></asset>', "1e+10"),
        ('<asset><hfield name="h" nrow="100000" ncol="100000" size="1 1 1 1"/></asset>', "nrow x ncol comes to 1e+10"),
        ('<worldbody><flexcomp name="f" type="grid" count="999 999 999"/></worldbody>', "comes to 9.97e+08"),
        (
            "<worldbody>" + 3 * '<replicate count="999">' + "<site/>" + 3 * "</replicate>" + "</worldbody>",
            "comes to 9.98e+05",
        ),
        ("<worldbody>" + 200 * "<body>" + 200 * "</body>" + "</worldbody>", "more than 100 deep"),
    ],
)
def test_what_no_model_needs_is_refused(model, more, why):
    refused(model(more), "line 2", why)


def test_entities_are_refused(model):
    path = model("")
    path.write_text('<!DOCTYPE mujoco [<!ENTITY a SYSTEM "/etc/passwd">]>' + path.read_text().lstrip())
    refused(path, "line 1: declares a DOCTYPE")


def test_other_encodings_are_refused(model):
    path = model('<custom><text name="é" data="é"/></custom>')
    path.write_bytes(path.read_text().encode("latin-1"))
    refused(path, "line 2: not a whole XML file (not well-formed")


@pytest.mark.parametrize("compiler", ["", '<compiler meshdir="parts"/>', '<include file="parts/a.xml"/>'])
def test_what_is_named_is_not_waited_for_and_not_too_large(model, compiler):
    path = model(compiler + '<asset><mesh name="m" file="bone.obj"/></asset>')
    folder = path.parent / ("parts" if compiler else "")
    folder.mkdir(exist_ok=True)
    (folder / "a.xml").write_text("<mujoco/>")
    if "include" in compiler:
        folder = path.parent
    os.mkfifo(folder / "bone.obj")
    refused(path, "bone.obj cannot be read: it is a named pipe")
    (folder / "bone.obj").unlink()
    with (folder / "bone.obj").open("wb") as file:
        file.truncate(10**12)
    refused(path, "of such a file at most 50.0 MB are read")


def test_a_picture_that_would_fill_the_memory(model):
    path = model('<asset><texture name="t" type="2d" file="t.png"/></asset>')
    size = struct.pack(">II", 60_000, 60_000)
    (path.parent / "t.png").write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + size + bytes(9))
    refused(path, "t.png is a picture of 60000 x 60000")


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "arm.xml")
    refused(tmp_path / "arm.xml", "there is no file")
