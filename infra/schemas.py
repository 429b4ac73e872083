"""The schema registry: the events' published contract, so that teams can generate bindings for their language."""

import json
from typing import Any

from aws_cdk import aws_eventschemas as eventschemas
from constructs import Construct

from infra.stage import Stage
from shared.model.events import CONTRACT, SOURCE, Event, Taken


class Schemas(Construct):
    """One OpenAPI 3 schema for each event, which is what the registry takes."""

    def __init__(self, scope: Construct, id: str, *, stage: Stage) -> None:
        super().__init__(scope, id)
        registry = eventschemas.CfnRegistry(
            self,
            "Registry",
            registry_name=stage.qualified_name,
            description="What Earshot puts on its bus, and takes from it",
        )
        for event in CONTRACT:
            name = event.detail_type
            schema = eventschemas.CfnSchema(
                self,
                name,
                registry_name=stage.qualified_name,
                schema_name=f"{SOURCE}@{name}",
                type="OpenApi3",
                description=event.__doc__,
                content=json.dumps(openapi(event)),
            )
            schema.add_resource_dependency(registry)


def openapi(event: type[Event] | type[Taken]) -> dict[str, Any]:
    """The event with its envelope as an OpenAPI 3.0 document; `detail` is the JSON Schema of the class, translated."""
    detail = event.model_json_schema(ref_template="#/components/schemas/{model}", mode="serialization")
    definitions = detail.pop("$defs", {})
    text = {"type": "string"}
    envelope = {
        "type": "object",
        "required": ["detail-type", "source", "detail", "id", "time", "account", "region", "version", "resources"],
        "x-amazon-events-detail-type": event.detail_type,
        **({"x-amazon-events-source": event.source} if event.source else {}),
        "properties": {
            "detail": {"$ref": f"#/components/schemas/{event.__name__}"},
            "time": {"type": "string", "format": "date-time"},
            "resources": {"type": "array", "items": text},
            **dict.fromkeys(("account", "detail-type", "id", "region", "source", "version"), text),
        },
    }
    return {
        "openapi": "3.0.0",
        "info": {"title": event.detail_type, "version": str(event.model_fields["version"].default)},
        "paths": {},
        "components": {
            "schemas": {
                "AWSEvent": envelope,
                event.__name__: _as_3_0(detail),
                **{name: _as_3_0(definition) for name, definition in definitions.items()},
            }
        },
    }


def _as_3_0(schema: Any) -> Any:
    """OpenAPI 3.0 knows neither `const` nor a type `null`, and allows nothing beside a `$ref`."""
    if isinstance(schema, list):
        return [_as_3_0(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    schema = {key: _as_3_0(value) for key, value in schema.items()}
    if "const" in schema:
        schema["enum"] = [schema.pop("const")]
    options = [option for option in schema.get("anyOf", []) if option != {"type": "null"}]
    if len(options) < len(schema.get("anyOf", [])):
        del schema["anyOf"]
        schema |= {"nullable": True} | (options[0] if len(options) == 1 else {"anyOf": options})
    if "$ref" in schema and len(schema) > 1:
        schema["allOf"] = [{"$ref": schema.pop("$ref")}]
    return schema
