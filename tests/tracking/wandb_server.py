"""As much of a Weights & Biases server as its client needs to log in, upload runs and resume them, on this computer.

Which questions the client asks, and what it takes for an answer, is W&B's; the answers here are those of a server that
keeps everything in memory. History lives at the offsets that the client names, as on the real one: a run that is not
resumed overwrites what was there.
"""

import json
import re
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

_FILE_STREAM = re.compile(r"/files/(?P<entity>[^/]+)/(?P<project>[^/]+)/(?P<run>[^/]+)/file_stream")
_UPLOAD = re.compile(r"/storage/(?P<run>[^/]+)/(?P<name>.+)")
ENTITY = "lab"


@dataclass
class StoredRun:
    """What the server has of a run."""

    id: str
    project: str
    fields: dict[str, Any] = field(default_factory=dict)  # as of UpsertBucket: displayName, groupName, tags ...
    config: dict[str, Any] = field(default_factory=dict)
    summary: dict[str, Any] = field(default_factory=dict)
    lines: dict[str, dict[int, str]] = field(default_factory=dict)  # of streamed files, by line number
    files: dict[str, bytes] = field(default_factory=dict)
    exit_codes: list[int] = field(default_factory=list)
    preempting: bool = False

    @property
    def history(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.stream("wandb-history.jsonl")]

    def stream(self, name: str) -> list[str]:
        return [line for _, line in sorted(self.lines.get(name, {}).items())]

    def take(self, streamed: dict[str, Any]) -> None:
        for name, chunk in streamed.get("files", {}).items():
            if name == "wandb-summary.json":
                self.summary = json.loads(chunk["content"][-1])
            else:
                numbered = enumerate(chunk["content"], chunk["offset"])
                self.lines.setdefault(name, {}).update(numbered)
        self.preempting |= bool(streamed.get("preempting"))
        if streamed.get("complete"):
            self.exit_codes.append(streamed["exitcode"])

    def resume_status(self) -> dict[str, Any]:
        """What a client must know to go on with the run."""

        def tail(name: str) -> str:
            return json.dumps(self.stream(name)[-1:])

        return {
            **{"id": self.id, "name": self.id, "displayName": self.fields.get("displayName")},
            **{"tags": self.fields.get("tags") or [], "notes": None},
            "summaryMetrics": json.dumps(self.summary),
            "config": json.dumps(self.config),
            "historyLineCount": len(self.stream("wandb-history.jsonl")),
            "eventsLineCount": len(self.stream("wandb-events.jsonl")),
            "logLineCount": len(self.stream("output.log")),
            "historyTail": tail("wandb-history.jsonl"),
            "eventsTail": tail("wandb-events.jsonl"),
            "wandbConfig": json.dumps({"t": 1}),
        }


class WandbServer:
    """The server, while it is used as a context; ``key`` is the only one that it knows.

    Attributes:
        runs: what was uploaded, by id.
        requests: how often the client streamed data.
    """

    key = "local" + 35 * "0"

    def __init__(self) -> None:
        self.runs: dict[str, StoredRun] = {}
        self.log: list[str] = []
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"server_state": self}))
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"

    def __enter__(self) -> "WandbServer":
        threading.Thread(target=self._http.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()

    def answer(self, query: str, variables: dict[str, Any]) -> dict[str, Any]:
        """The data that answers a GraphQL request."""
        name = re.search(r"(?:query|mutation)\s+(\w+)", query)
        operation = name.group(1) if name else ""
        self.log.append(operation)
        match operation:
            case "Viewer":
                teams = {"edges": [{"node": {"name": ENTITY}}]}
                who = {"id": "1", "entity": ENTITY, "username": "mouse", "email": "", "flags": "{}", "teams": teams}
                return {"viewer": who}
            case "ServerFeaturesQuery":
                return {"serverInfo": {"features": []}}
            case "RunResumeStatus":
                run = self.runs.get(variables["name"])
                model = {"id": "p", "name": variables["project"], "entity": {"id": "e", "name": ENTITY}}
                return {"model": {**model, "bucket": run.resume_status() if run else None}}
            case "UpsertBucket":
                return {"upsertBucket": self._upsert(variables)}
            case "CreateRunFiles":
                run_id, names = variables["run"], variables["files"]
                files = [{"name": name, "uploadUrl": f"{self.url}/storage/{run_id}/{name}"} for name in names]
                return {"createRunFiles": {"runID": run_id, "uploadHeaders": [], "files": files}}
            case "MarkRunFilesUploaded":
                return {"markRunFilesUploaded": {"success": True}}
        return {}

    def _upsert(self, variables: dict[str, Any]) -> dict[str, Any]:
        inserted = variables["name"] not in self.runs
        run = self.runs.setdefault(variables["name"], StoredRun(variables["name"], variables.get("project") or "none"))
        run.fields |= {key: value for key, value in variables.items() if value is not None}
        if variables.get("config"):
            run.config = json.loads(variables["config"])
        project = {"id": "p", "name": run.project, "entity": {"id": "e", "name": ENTITY}}
        bucket = {
            **{"id": run.id, "name": run.id, "displayName": run.fields.get("displayName"), "description": None},
            **{"config": json.dumps(run.config), "sweepName": None, "project": project},
            "historyLineCount": len(run.stream("wandb-history.jsonl")),
        }
        return {"bucket": bucket, "inserted": inserted}


class _Handler(BaseHTTPRequestHandler):
    server_state: WandbServer

    def do_POST(self) -> None:
        body = json.loads(self._body() or b"{}")
        if self.path.rstrip("/") == "/graphql":
            self._reply({"data": self.server_state.answer(body["query"], body.get("variables") or {})})
        elif found := _FILE_STREAM.match(self.path):
            self.server_state.runs[found["run"]].take(body)
            self._reply({"limits": {}})
        else:
            self._reply({}, 404)

    def do_PUT(self) -> None:
        found = _UPLOAD.match(self.path)
        assert found
        self.server_state.runs[found["run"]].files[found["name"]] = self._body()
        self._reply({})

    def do_GET(self) -> None:
        self._reply({})

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _reply(self, content: Any, status: int = 200) -> None:
        text = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, format: str, *args: Any) -> None:
        self.server_state.log.append(self.path)
