"""A small Hub: what huggingface_hub asks of the real one, over HTTP, for repositories in memory.

Files of certain suffixes are large ones (LFS): they have a SHA-256, and are fetched from, and put into, a storage.
"""

import base64
import hashlib
import json
import re
from dataclasses import dataclass, field

import yaml
from local_server import LocalHandler, LocalServer

LARGE = (".safetensors", ".mp4", ".zip", ".bin")
TOKEN = "hf_" + "x" * 34
STRANGER = "hf_" + "y" * 34  # a token that is valid, but has no access to what is gated


def is_large(path):
    return path.endswith(LARGE)


def git_name(content):
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


@dataclass
class Repository:
    """Files by commit, and the commit of each branch and tag."""

    kind: str
    name: str
    private: bool = False
    gated: bool = False
    commits: dict = field(default_factory=dict)
    refs: dict = field(default_factory=dict)

    def commit(self, files, message="", branch="main"):
        """The repository consists of these files from now on; gives the commit."""
        text = json.dumps([self.refs.get(branch), message, sorted((p, git_name(c)) for p, c in files.items())])
        oid = hashlib.sha1(text.encode()).hexdigest()
        self.commits[oid] = dict(files)
        self.refs[branch] = oid
        return oid

    @property
    def files(self):
        return self.commits[self.refs["main"]]


class Hub(LocalServer):
    """The server, while it is used as a context.

    Attributes:
        repositories: by kind and name.
        cut: for paths of files, after how many bytes the connection breaks, once.
        tampered: for paths of files, what is sent instead of what is there.
    """

    def __init__(self):
        super().__init__(Handler)
        self.repositories = {}
        self.storage = {}
        self.cut = {}
        self.tampered = {}
        self.storage_url = f"http://localhost:{self.server_address[1]}/storage"  # another host, as the real one's is

    def add(self, name, files, kind="model", **about):
        repository = Repository(kind, name, **about)
        repository.commit(files)
        self.repositories[kind, name] = repository
        return repository


class Handler(LocalHandler):
    def handle_request(self):
        for method, pattern, answer in ROUTES:
            found = re.fullmatch(pattern, self.asked)
            if found and self.command in method.split("|"):
                return answer(self, **found.groupdict())
        return self.refuse(404, "EntryNotFound")

    @property
    def token(self):
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        return token if token in (TOKEN, STRANGER) else None

    def refuse(self, status, code):
        self.answer({"error": code}, status, {"X-Error-Code": code, "X-Error-Message": code})

    def find(self, prefix, name):
        """The repository, if whoever asks may see it."""
        kind = {"models": "model", "": "model", "datasets": "dataset"}[(prefix or "").strip("/")]
        found = self.server.repositories.get((kind, name))
        if found is None or (found.private and self.token != TOKEN):
            self.refuse(404 if self.token else 401, "RepoNotFound")
            return None, None
        return found, kind

    def commit_of(self, repository, revision):
        oid = repository.refs.get(revision, revision if revision in repository.commits else None)
        if oid is None:
            self.refuse(404, "RevisionNotFound")
        return oid

    def info(self, prefix, name, revision=None):
        repository, _ = self.find(prefix, name)
        if repository and (oid := self.commit_of(repository, revision or "main")):
            siblings = [{"rfilename": path} for path in repository.commits[oid]]
            about = {"private": repository.private, "gated": "manual" if repository.gated else False}
            self.answer({"id": name, "sha": oid, "tags": [], "siblings": siblings, **about})

    def tree(self, prefix, name, revision):
        repository, _ = self.find(prefix, name)
        if repository and (oid := self.commit_of(repository, revision)):
            self.answer([entry(path, content) for path, content in repository.commits[oid].items()])

    def resolve(self, prefix, name, revision, path):
        repository, _ = self.find(prefix, name)
        if not repository or not (oid := self.commit_of(repository, revision)):
            return
        if repository.gated and self.token != TOKEN:
            self.refuse(403 if self.token else 401, "GatedRepo")
        elif path not in repository.commits[oid]:
            self.refuse(404, "EntryNotFound")
        else:
            self.give(path, repository.commits[oid][path], {"X-Repo-Commit": oid})

    def give(self, path, content, headers):
        if not is_large(path):
            sent = self.server.tampered.get(path, content)
            self.send_part(path, sent, {**headers, "ETag": f'"{git_name(content)}"'})
            return
        sha256 = hashlib.sha256(content).hexdigest()
        self.server.storage[sha256] = content
        linked = {"X-Linked-Etag": f'"{sha256}"', "X-Linked-Size": str(len(content))}
        self.answer(b"", 302, {**headers, **linked, "Location": f"{self.server.storage_url}/{sha256}?signature=secret"})

    def stored(self, sha256):
        self.send_part(sha256, self.server.storage[sha256], {"ETag": f'"{sha256}"'})

    def send_part(self, path, content, headers):
        wanted = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range") or "")
        start = int(wanted[1]) if wanted else 0
        part = {"Content-Range": f"bytes {start}-{len(content) - 1}/{len(content)}"} if wanted else {}
        breaks = self.server.cut.pop(path, None) if self.command == "GET" else None
        if breaks is None:
            self.answer(content[start:], 206 if wanted else 200, {**headers, **part, "Accept-Ranges": "bytes"})
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[:breaks])
        self.wfile.flush()
        self.close_connection = True

    def create(self):
        if self.token is None:
            return self.refuse(401, "Unauthorized")
        wanted = json.loads(self.body)
        key = wanted.get("type", "model"), f"{wanted['organization']}/{wanted['name']}"
        if key in self.server.repositories:
            return self.answer({"error": "exists", "url": f"{self.server.url}/{key[1]}"}, 409)
        self.server.add(key[1], {".gitattributes": b"*.bin filter=lfs\n"}, key[0])
        self.server.repositories[key].private = wanted.get("visibility") == "private"
        return self.answer({"url": f"{self.server.url}/{key[1]}", "id": key[1]})

    def check_card(self):
        text = json.loads(self.body)["content"]
        head = yaml.safe_load(text.split("---\n")[1])
        good = isinstance(head.get("license"), str) and all(isinstance(tag, str) for tag in head["tags"])
        self.answer({"errors": [] if good else [{"message": "no license"}], "warnings": []}, 200 if good else 400)

    def preupload(self, prefix, name, revision):
        files = json.loads(self.body)["files"]
        modes = ("regular", "lfs")
        self.answer(
            {
                "files": [
                    {"path": file["path"], "uploadMode": modes[is_large(file["path"])], "shouldIgnore": False}
                    for file in files
                ]
            }
        )

    def batch(self, name):
        objects = [
            {**thing, "actions": {"upload": {"href": f"{self.server.storage_url}/{thing['oid']}"}}}
            for thing in json.loads(self.body)["objects"]
        ]
        self.answer({"transfer": "basic", "objects": objects})

    def store(self, sha256):
        assert hashlib.sha256(self.body).hexdigest() == sha256
        self.server.storage[sha256] = self.body
        self.answer(b"")

    def write(self, prefix, name, revision):
        repository, _ = self.find(prefix, name)
        if not repository:
            return
        if self.token != TOKEN:
            return self.refuse(403, "Forbidden")
        header, *operations = [json.loads(line) for line in self.body.splitlines()]
        files = dict(repository.files)
        for operation in operations:
            value = operation["value"]
            if operation["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif operation["key"] == "lfsFile":
                files[value["path"]] = self.server.storage[value["oid"]]
            else:
                del files[value["path"]]
        oid = repository.commit(files, header["value"]["summary"])
        self.answer({"commitUrl": f"{self.server.url}/{name}/commit/{oid}", "commitOid": oid})


def entry(path, content):
    about = {"type": "file", "path": path, "size": len(content), "oid": git_name(content)}
    if is_large(path):
        sha256 = hashlib.sha256(content).hexdigest()
        pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{sha256}\nsize {len(content)}\n".encode()
        lfs = {"oid": sha256, "size": len(content), "pointerSize": len(pointer)}
        about |= {"oid": git_name(pointer), "lfs": lfs}
    return about


NAME, REVISION = r"(?P<name>[^/]+/[^/]+)", r"(?P<revision>[^/]+)"
API = rf"/api/(?P<prefix>models|datasets)/{NAME}"
ROUTES = [
    ("GET", API, Handler.info),
    ("GET", f"{API}/revision/{REVISION}", Handler.info),
    ("GET", f"{API}/tree/{REVISION}", Handler.tree),
    ("GET|HEAD", rf"/(?P<prefix>datasets/)?{NAME}/resolve/{REVISION}/(?P<path>.+)", Handler.resolve),
    ("GET|HEAD", r"/storage/(?P<sha256>\w+)", Handler.stored),
    ("PUT", r"/storage/(?P<sha256>\w+)", Handler.store),
    ("POST", "/api/repos/create", Handler.create),
    ("POST", "/api/validate-yaml", Handler.check_card),
    ("POST", f"{API}/preupload/{REVISION}", Handler.preupload),
    ("POST", rf"/{NAME}\.git/info/lfs/objects/batch", Handler.batch),
    ("POST", f"{API}/commit/{REVISION}", Handler.write),
]
