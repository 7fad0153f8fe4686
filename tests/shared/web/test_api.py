"""The API as it describes itself: every route behind a policy, a description that holds, answers as described."""

import json
import re
from collections.abc import Iterator
from typing import Any

import httpx
import schemathesis
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from schemathesis.core.result import Ok

from shared.identity.guard import policy_of, routes_without_policy
from shared.web.commands import Recorded
from tests.shared.web.site import HERE, Council

METHODS = {"get", "post"}


def operations(description: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, found in description["paths"].items():
        for method, operation in found.items():
            yield path, method, operation


async def test_every_route_has_a_policy(council: Council) -> None:
    assert routes_without_policy(council.app) == []


async def test_a_command_s_route_asks_for_the_command_itself(council: Council) -> None:
    asked = {path: policy_of(route) for route in council.app.routes if (path := getattr(route, "path", ""))}
    assert all(policy for policy in asked.values() if policy is not None)
    description = council.app.openapi()
    assert "/council/motions/{identity}/move-motion" in description["paths"]
    assert not any("lapse" in path for path in description["paths"])


async def test_every_reference_of_the_description_leads_somewhere(council: Council) -> None:
    description = council.app.openapi()
    wanted = set(re.findall(r'"\$ref": "#/components/schemas/([^"]+)"', json.dumps(description)))
    assert wanted and wanted <= set(description["components"]["schemas"])


async def test_every_schema_of_the_description_is_one(council: Council) -> None:
    for schema in council.app.openapi()["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


async def test_every_operation_says_what_it_is_and_how_it_fails(council: Council) -> None:
    found = list(operations(council.app.openapi()))
    ids = [operation["operationId"] for _, _, operation in found]
    assert len(ids) == len(set(ids))
    for path, method, operation in found:
        assert method in METHODS and operation["summary"] and operation["tags"], path
        if path.startswith("/council"):
            failures = {status: said for status, said in operation["responses"].items() if status >= "400"}
            assert {"401", "403"} <= set(failures), path
            assert all("application/problem+json" in said["content"] for said in failures.values()), path


async def test_a_command_s_body_is_described_by_its_fields(council: Council) -> None:
    description = council.app.openapi()
    operation = description["paths"]["/council/motions/{identity}/carry-motion"]["post"]
    schema = description["components"]["schemas"]["CarryMotion"]
    assert operation["requestBody"]["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/CarryMotion"}
    assert "I carry this motion" in operation["description"] and "chair" in operation["description"]
    assert schema["required"] == ["rationale"] and set(Recorded.model_fields) == {"log", "stream", "version", "position", "events"}


_kept: dict[int, Any] = {}


def described(council: Council) -> list[Any]:
    """The operations of the council, read once."""
    if id(council) not in _kept:
        schema = schemathesis.openapi.from_dict(council.app.openapi())
        _kept[id(council)] = [found.ok() for found in schema.get_all_operations() if isinstance(found, Ok)]
    return [operation for operation in _kept[id(council)] if operation.path.startswith("/council")]


@given(st.data())
@settings(max_examples=120, deadline=None)
async def test_whatever_is_sent_is_answered_as_described(council: Council, data: st.DataObject) -> None:
    found = described(council)
    operation = data.draw(st.sampled_from(found))
    case = data.draw(operation.as_strategy())
    # Waiting for what never comes is described elsewhere.
    (case.headers or {}).pop("Minutebook-After", None)
    (case.query or {}).pop("after", None) if operation.method == "post" else None
    wanted = case.as_transport_kwargs(base_url=HERE)
    request = httpx.Request(
        wanted["method"],
        wanted["url"],
        params=wanted.get("params") or None,
        headers={**wanted.get("headers", {}), **council.as_("p-okafor")},
        json=wanted.get("json"),
        content=wanted.get("data") if isinstance(wanted.get("data"), bytes | str) else None,
    )
    answer = await council.http.send(request)
    assert answer.status_code < 500 or answer.status_code == 503 or "break-motion" in str(answer.url), answer.text
    said = {int(status) for status in operation.definition.raw["responses"]}
    assert answer.status_code in said or answer.status_code in (404, 405) or "break-motion" in str(answer.url), (
        answer.status_code,
        answer.text,
    )
    if answer.is_error:
        problem = answer.json()
        assert answer.headers["content-type"] == "application/problem+json" and problem["rule"] and problem["detail"]
