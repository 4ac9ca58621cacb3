"""As much of a Weights & Biases server as a report needs: who asks, what is there, and the report itself."""

import base64
import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ENTITY, PROJECT = "lab", "mousearm"
KEY = "local" + 35 * "0"


class ReportServer:
    """The server, while it is used as a context.

    Attributes:
        summaries: what the project's runs say of themselves, by their ids.
        reports: what was saved, as the fields of the request; ``spec`` is read.
        strangers: requests that came without the key.
    """

    def __init__(self):
        self.summaries, self.reports, self.strangers = {}, [], 0
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"state": self}))
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"

    def __enter__(self):
        threading.Thread(target=self._http.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._http.shutdown()
        self._http.server_close()

    def answer(self, operation, variables):
        """The data that answers a GraphQL request."""
        here = (variables.get("entityName") or variables.get("entity"), variables.get("project")) == (ENTITY, PROJECT)
        match operation:
            case "Viewer" | "GetDefaultEntity":
                teams = {"edges": [{"node": {"name": ENTITY}}]}
                return {"viewer": {"id": "1", "entity": ENTITY, "username": "mouse", "flags": "{}", "teams": teams}}
            case "Runs":
                return {"project": self._runs(json.loads(variables["filters"])) if here else None}
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

    def _runs(self, filters):
        runs = [_run(name, summary) for name, summary in self.summaries.items() if name in filters["name"]["$in"]]
        return {"internalId": "4711", "runCount": len(runs), "readOnly": False, "runs": _page(runs)}


def _page(nodes):
    edges = [{"node": node, "cursor": str(i)} for i, node in enumerate(nodes)]
    return {"edges": edges, "pageInfo": {"__typename": "PageInfo", "endCursor": None, "hasNextPage": False}}


def _run(name, summary):
    empty = ("sweepName", "group", "jobType", "commit", "description", "notes", "systemMetrics")
    run = dict.fromkeys(empty) | {"tags": [], "readOnly": False, "historyLineCount": 1, "state": "finished"}
    run |= {"createdAt": "2026-01-01T00:00:00Z", "heartbeatAt": "2026-01-01T00:00:00Z", "projectId": "4711"}
    run |= {"id": f"storage of {name}", "name": name, "displayName": name, "user": {"name": "m", "username": "mouse"}}
    return run | {"summaryMetrics": json.dumps(summary), "config": "{}", "historyKeys": {}}


class _Handler(BaseHTTPRequestHandler):
    state: ReportServer

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path != "/graphql":  # the client's own statistics
            self._reply({})
        elif self.headers.get("Authorization") != f"Basic {base64.b64encode(f'api:{KEY}'.encode()).decode()}":
            self.state.strangers += 1
            self._reply({"errors": [{"message": "user is not logged in"}]}, 401)
        else:
            asked = json.loads(body)
            operation = re.search(r"(?:query|mutation)\s+(\w+)", asked["query"])[1]
            self._reply({"data": self.state.answer(operation, asked.get("variables") or {})})

    def _reply(self, content, status=200):
        text = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, format, *args):
        pass
