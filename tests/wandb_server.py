"""As much of a Weights & Biases server as its client needs to log in, upload and resume runs, and save reports.

Which questions the client asks, and what it takes for an answer, is W&B's; the answers here are those of a server that
keeps everything in memory. History lives at the offsets that the client names, as on the real one: a run that is not
resumed overwrites what was there.
"""

import base64
import json
import re
from dataclasses import dataclass, field
from typing import Any

from local_server import LocalHandler, LocalServer

_FILE_STREAM = re.compile(r"/files/(?P<entity>[^/]+)/(?P<project>[^/]+)/(?P<run>[^/]+)/file_stream")
_UPLOAD = re.compile(r"/storage/(?P<run>[^/]+)/(?P<name>.+)")
ENTITY, PROJECT = "lab", "mousearm"
KEY = "local" + 35 * "0"


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

    def listed(self) -> dict[str, Any]:
        """The run as a list of runs shows it."""
        empty = ("sweepName", "group", "jobType", "commit", "description", "notes", "systemMetrics")
        run = dict.fromkeys(empty) | {"tags": [], "readOnly": False, "historyLineCount": 1, "state": "finished"}
        run |= {"createdAt": "2026-01-01T00:00:00Z", "heartbeatAt": "2026-01-01T00:00:00Z", "projectId": "4711"}
        run |= {"id": f"storage of {self.id}", "name": self.id, "displayName": self.id}
        run |= {"user": {"name": "m", "username": "mouse"}}
        return run | {"summaryMetrics": json.dumps(self.summary), "config": "{}", "historyKeys": {}}

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


class WandbServer(LocalServer):
    """The server, while it is used as a context; ``KEY`` is the only key that it knows.

    Attributes:
        runs: what was uploaded, by id.
        reports: what was saved, as the fields of the request; ``spec`` is read.
        strangers: how many requests came without the key.
    """

    def __init__(self) -> None:
        super().__init__(_Handler)
        self.runs: dict[str, StoredRun] = {}
        self.reports: list[dict[str, Any]] = []
        self.strangers = 0

    def store(self, run_id: str, summary: dict[str, Any]) -> None:
        """Put a run of this project here that says this of itself."""
        self.runs[run_id] = StoredRun(run_id, PROJECT, summary=summary)

    def answer(self, operation: str, variables: dict[str, Any]) -> dict[str, Any]:
        """The data that answers a GraphQL request."""
        match operation:
            case "Viewer" | "GetDefaultEntity":
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
            case "Runs":
                return {"project": self._listed(variables)}
            case "ProjectInternalId":
                return {"project": {"id": "p", "internalId": "4711"}}
            case "GetProjects":
                project = {"id": "p", "name": PROJECT, "entityName": ENTITY, "createdAt": "2026-01-01T00:00:00Z"}
                project |= {"__typename": "Project", "isBenchmark": False, "user": None}
                return {"models": _page([project])}
            case "upsertView":
                self.reports.append(variables | {"spec": json.loads(variables["spec"])})
                place = {"id": "p", "name": variables["projectName"], "entityName": variables["entityName"]}
                same = {key: variables[key] for key in ("type", "name", "displayName", "description", "spec")}
                return {"upsertView": {"view": {"id": "Vmlldzox", "project": place, **same}, "inserted": True}}
        raise AssertionError(f"The client asks {operation}, which the server does not know.")

    def _listed(self, variables: dict[str, Any]) -> dict[str, Any] | None:
        """The runs with certain names; None for a project that does not exist."""
        if (variables.get("entityName") or variables.get("entity"), variables.get("project")) != (ENTITY, PROJECT):
            return None
        wanted = json.loads(variables["filters"])["name"]["$in"]
        runs = [run.listed() for run in self.runs.values() if run.id in wanted]
        return {"internalId": "4711", "runCount": len(runs), "readOnly": False, "runs": _page(runs)}

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


def _page(nodes: list[dict[str, Any]]) -> dict[str, Any]:
    edges = [{"node": node, "cursor": str(i)} for i, node in enumerate(nodes)]
    return {"edges": edges, "pageInfo": {"__typename": "PageInfo", "endCursor": None, "hasNextPage": False}}


class _Handler(LocalHandler):
    server: WandbServer

    def handle_request(self) -> None:
        if self.path.rstrip("/") == "/graphql":
            self._graphql(json.loads(self.body))
            return
        if found := _FILE_STREAM.match(self.path):
            self.server.runs[found["run"]].take(json.loads(self.body))
        elif self.command == "PUT" and (found := _UPLOAD.match(self.path)):
            self.server.runs[found["run"]].files[found["name"]] = self.body
        self.answer({})  # to the client's own statistics too

    def _graphql(self, asked: dict[str, Any]) -> None:
        if self.headers.get("Authorization") != f"Basic {base64.b64encode(f'api:{KEY}'.encode()).decode()}":
            self.server.strangers += 1
            self.answer({"errors": [{"message": "user is not logged in"}]}, 401)
            return
        found = re.search(r"(?:query|mutation)\s+(\w+)", asked["query"])
        operation = found[1] if found else ""
        self.answer({"data": self.server.answer(operation, asked.get("variables") or {})})
