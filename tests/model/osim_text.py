"""OpenSim files of two rods, piece by piece, and the model that comes of one at a pose."""

import mujoco


def offset(name, parent, translation="0 0 0", orientation="0 0 0"):
    return f"""<PhysicalOffsetFrame name="{name}"><socket_parent>{parent}</socket_parent>
      <translation>{translation}</translation><orientation>{orientation}</orientation></PhysicalOffsetFrame>"""


def pin(name, parent, child, coordinate, extra="<range>-1.5 1.5</range><clamped>true</clamped>"):
    return f"""<PinJoint name="{name}"><socket_parent_frame>in</socket_parent_frame>
      <socket_child_frame>out</socket_child_frame>
      <coordinates><Coordinate name="{coordinate}">{extra}</Coordinate></coordinates>
      <frames>{parent}{child}</frames></PinJoint>"""


def points(*where):
    return "".join(
        f"""<PathPoint name="p{i}"><socket_parent_frame>/bodyset/{body}</socket_parent_frame>
        <location>{location}</location></PathPoint>"""
        for i, (body, location) in enumerate(where)
    )


def muscle(path, kind="DeGrooteFregly2016Muscle", name="flexor", wraps="", extra=""):
    return f"""<{kind} name="{name}"><GeometryPath name="path"><PathPointSet><objects>{path}</objects></PathPointSet>
      <PathWrapSet><objects>{wraps}</objects></PathWrapSet></GeometryPath>
      <max_isometric_force>0.2</max_isometric_force><optimal_fiber_length>0.004</optimal_fiber_length>
      <tendon_slack_length>0.001</tendon_slack_length>{extra}</{kind}>"""


# Two rods of 10 mm along x, hinged about z; y is up, as in OpenSim.
SHOULDER = pin("shoulder", offset("in", "/ground"), offset("out", "/bodyset/upper"), "lift")
ELBOW = pin("elbow", offset("in", "/bodyset/upper", "0.01 0 0"), offset("out", "/bodyset/fore"), "bend")
FLEXOR = muscle(points(("upper", "0.007 0 0"), ("fore", "0.004 0 0")))
PAW = """<Marker name="paw"><socket_parent_frame>/bodyset/fore</socket_parent_frame>
    <location>0.01 0 0</location></Marker>"""


def document(joints=SHOULDER + ELBOW, forces=FLEXOR, markers=PAW, wraps="", version="40500", rest=""):
    body = "<mass>0.001</mass><mass_center>0.005 0 0</mass_center><inertia>2e-9 9e-9 9e-9 0 0 0</inertia>"
    return f"""<?xml version="1.0" encoding="UTF-8" ?>
<OpenSimDocument Version="{version}"><Model name="two_link">
  <Ground name="ground"/>
  <BodySet name="bodyset"><objects>
    <Body name="upper">{body}<WrapObjectSet><objects>{wraps}</objects></WrapObjectSet></Body>
    <Body name="fore">{body}</Body>
  </objects></BodySet>
  <JointSet name="jointset"><objects>{joints}</objects></JointSet>
  <ForceSet name="forceset"><objects>{forces}</objects></ForceSet>
  <MarkerSet name="markerset"><objects>{markers}</objects></MarkerSet>{rest}
</Model></OpenSimDocument>"""


def roll(radius, ends, side="all"):
    """Two rods with a roll at the elbow; the muscle ends at (-x, y) and (x, y) mm of it in upper arm and forearm."""
    cylinder = f"""<WrapCylinder name="roll"><translation>0.01 0 0</translation><radius>{radius}</radius>
      <quadrant>{side}</quadrant><length>0.02</length></WrapCylinder>"""
    x, y = ends
    over = muscle(
        points(("upper", f"{0.01 - x} {y} 0"), ("fore", f"{x} {y} 0")),
        wraps='<PathWrap name="w"><wrap_object>roll</wrap_object><range>-1 -1</range></PathWrap>',
    )
    return document(forces=over, wraps=cylinder)


def at(xml, **joints):
    """Model and data at a pose."""
    model = mujoco.MjModel.from_xml_string(xml)
    data = mujoco.MjData(model)
    for name, value in joints.items():
        data.joint(name).qpos = value
    mujoco.mj_forward(model, data)
    return model, data
