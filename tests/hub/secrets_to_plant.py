"""Secrets of many kinds, made up here, and files of many kinds that can carry one."""

import base64
import io
import json
import random
import string
import zlib

import h5py
import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from safetensors.numpy import save

_RANDOM = random.Random(16)


def some(n, letters=string.ascii_letters + string.digits):
    return "".join(_RANDOM.choices(letters, k=n))


def hexadecimal(n):
    return some(n, "0123456789abcdef")


def token(**content):
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")


UPPER = string.ascii_uppercase + string.digits
LOWER = string.ascii_lowercase + string.digits

# By kind; each is a text as it stands in somebody's file.
SECRETS = {
    "Hugging Face": [f"hf_{some(34)}", f"token: hf_{some(37)}", f"https://user:hf_{some(34)}@huggingface.co/lab/arm"],
    "Weights & Biases": [hexadecimal(40), f"wandb login {hexadecimal(40)}", f"local-{hexadecimal(40)}"],
    "Weights & Biases, new": [f"wandb_v1_{some(40)}"],
    "GitHub": [f"{kind}_{some(36)}" for kind in ("ghp", "gho", "ghs")] + [f"github_pat_{some(22)}_{some(59)}"],
    "GitLab": [f"glpat-{some(20)}", f"gldt-{some(20)}"],
    "OpenAI": [f"sk-{some(20)}T3BlbkFJ{some(20)}", f"sk-proj-{some(40)}"],
    "Anthropic": [f"sk-ant-api03-{some(60)}"],
    "AWS": [f"AKIA{some(16, UPPER)}", f"ASIA{some(16, UPPER)}", f"aws_secret_access_key = '{some(40)}'"],
    "Google": [f"AIza{some(35)}", f"ya29.{some(60)}"],
    "private key": [
        f"-----BEGIN {kind}PRIVATE KEY-----" for kind in ("", "RSA ", "OPENSSH ", "EC ", "ENCRYPTED ", "DSA ")
    ],
    "Slack": [f"xoxb-{some(12, '123456789')}-{some(12, '123456789')}-{some(24)}", f"xapp-1-{some(40)}"],
    "Stripe": [f"sk_live_{some(24)}"],
    "PyPI": [f"pypi-AgEIcHlwaS5vcmc{some(80)}"],
    "npm": [f"npm_{some(36)}"],
    "SendGrid": [f"SG.{some(22)}.{some(43)}"],
    "Discord": [f"M{some(23)}.{some(6)}.{some(27)}"],
    "Telegram": [f"123456789:{some(35)}"],
    "Twilio": [f"SK{some(32, LOWER)}"],
    "Azure": [f"AccountKey={some(86)}=="],
    "JSON Web Token": [f"{token(alg='HS256', typ='JWT')}.{token(sub='jane')}.{some(43)}"],
    "Mailgun, DigitalOcean, Shopify, Jupyter": [
        *(f"key-{hexadecimal(32)}", f"dop_v1_{hexadecimal(64)}", f"shpat_{hexadecimal(32)}"),
        f"http://localhost:8888/?token={hexadecimal(48)}",
    ],
    "Kaggle": [f'{{"username":"jane","key":"{hexadecimal(32)}"}}'],
    "of a service that nobody knows": [f"hvs.{some(90)}", f"lin_api_{some(40)}", f"xai-{some(80)}", some(32)],
    "public key": [f"ssh-rsa AAAAB3NzaC1yc2E{some(60)}"],
    "bearer": [f"Authorization: Bearer {some(40)}"],
    "password": ["password: Tr0ub4dor&3", 'passwd = "correct-horse"', "db_password=hunter2hunter2"],
    "password, in German": ["Passwort: geheim123"],
    "address with a password": ["postgres://jane:s3cr3t-word@db.lab.example/reaches", "ftp://u:pass1word@10.0.0.3/x"],
    "e-mail": ["jane.doe@uni-ulm.de", "J.Doe+mice@lab.neuro.ox.ac.uk", "mailto:mouse@example.org"],
    "address of a machine": ["ssh 134.60.17.200 (mine)", "http://141.14.251.3:8080/x"],
    "address in a network": [
        "192.168.3.17 ",
        "(00:1A:2B:3C:4D:5E)",
        "smb://nas01/lab/x",
        "2001:db8:85a3::8a2e:370:7334",
    ],
    "path of a cluster": [
        *("/gpfs/bwfor/home/ul/jane", "/users/jdoe/mice", "/lustre/work/lab/x", "/nfs/mouse1/raw", "/u/jdoe/arm.xml"),
        *("/n/holylabs/LABS/x", "/oak/stanford/groups/lab", "/Volumes/LabDisk/mice", "/beegfs/data/jd"),
        *("host:/export/home/jd", "--path=/ihome/jd/x", "file:///scratch/jane/x.whl"),
    ],
    "path of a person": ["/home/jane/x", "/Users/Jane/Desktop/x", "~/private/arm.xml", "~jane/mice"],
    "Windows": [r"C:\Users\Jane\arm.xml", r"D:\\lab\\mice", r"\\server01\share$\mice", "C:/Users/jane/arm.xml"],
    "machine": ["ran on gpu-node-17", "gpu-node-17.cluster.example", "GPU-NODE-17"],
    "user": ["by jane_doe", "Jane Doe", "squeue -u jane_doe"],
    "account": ["entity: janes-lab"],
    "variable": ["the key is sesame-open-123"],
}


def png(text=None, **chunks):
    """A picture with what a program may remark in it: plain, compressed, international, or as a camera does."""
    info, image = PngInfo(), Image.fromarray(np.arange(3072, dtype=np.uint8).reshape(32, 32, 3))
    if text is not None:
        info.add_text("Author", text)
    if "packed" in chunks:
        info.add_text("Comment", chunks["packed"], zip=True)
    if "international" in chunks:
        info.add_itxt("Source", chunks["international"], zip=True)
    exif = image.getexif()
    if "camera" in chunks:
        exif[0x9C9C] = chunks["camera"].encode("utf-16-le")  # XPComment
    image.save(file := io.BytesIO(), "png", pnginfo=info, exif=exif if len(exif) else None)
    return file.getvalue()


def hdf5(write):
    with h5py.File(file := io.BytesIO(), "w") as opened:
        write(opened)
    return file.getvalue()


def attribute(text):
    return hdf5(lambda file: file.attrs.update({"rate": 150.0, "author": text}))


def packed_data(text):
    data = np.array([text.encode(), b"x" * 200])
    return hdf5(lambda file: file.create_dataset("notes", data=data, compression="gzip"))


def pdf(text):
    stream = zlib.compress(f"BT (figure of) Tj ({text}) Tj ET".encode())
    return b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\x00\n1 0 obj << /Length 1 >> stream\n" + stream + b"\nendstream endobj\n%%EOF"


def pdf_information(text):
    return b"%PDF-1.4\n%\xe2\xe3\xcf\x00\n1 0 obj << /Author (" + text.encode() + b") /Title (x) >> endobj\n%%EOF"


def events(text):
    """An event file of TensorBoard with a text in it."""
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary, SummaryMetadata
    from tensorboard.compat.proto.tensor_pb2 import TensorProto

    content = TensorProto(dtype="DT_STRING", string_val=[text.encode()])
    plugin = SummaryMetadata(plugin_data=SummaryMetadata.PluginData(plugin_name="text"))
    summary = Summary(value=[Summary.Value(tag="note", metadata=plugin, tensor=content)])
    event = Event(wall_time=1.7e9, step=1, summary=summary).SerializeToString()
    return len(event).to_bytes(8, "little") + b"\x01\x02\x03\x04" + event + b"\x05\x06\x07\x08"


def film(text):
    return (
        b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00\xa9cmt\x00\x00\x00\x00data\x00\x00\x00\x01" + text.encode() + b"\0"
    )


# By the name of the file, what makes one with a text in it.
CARRIERS = {
    "model/arm.xml": lambda text: f"<mujoco>\n<!-- made from\n {text} -->\n</mujoco>".encode(),
    "model/bone.stl": lambda text: text.encode().ljust(80, b"\0") + bytes(4),
    "model/bone.obj": lambda text: f"# {text}\nv 0.1 0.2 0.3\nf 1 1 1\n".encode(),
    "config.yaml": lambda text: f"name: first\nnote: {text}\nseed: 1\n".encode(),
    "environment.txt": lambda text: f"torch==2.6.0\n{text}\n".encode(),
    "one_line.json": lambda text: json.dumps({"filler": "word " * 3000, "note": text, "more": "word " * 500}).encode(),
    "kinematics/one.csv": lambda text: f"time,paw_x\n0,1\n# {text}\n".encode(),
    "figures/a.png": png,
    "figures/b.png": lambda text: png(packed=text),
    "figures/c.png": lambda text: png(international=text),
    "figures/d.png": lambda text: png(camera=text),
    "figures/a.pdf": pdf,
    "figures/b.pdf": pdf_information,
    "tensorboard/events.out.tfevents.1": events,
    "recording.h5": attribute,
    "notes.h5": packed_data,
    "replay.mp4": film,
    "best/policy.safetensors": lambda text: save({"w": np.zeros(4, np.float32)}, {"note": text}),
}
