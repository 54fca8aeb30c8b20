"""The schemas: up to date, sound, and of one mind with the models on every document."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from jsonschema.validators import extend

from reconciler.manifest.constraints import Form
from reconciler.manifest.json_schema import schemas
from reconciler.manifest.manifest_form import ManifestForm
from reconciler.manifest.settings_form import SettingsForm
from reconciler.manifest.validation import check

ROOT = Path(__file__).parents[2]
MANIFEST = json.loads(schemas()["manifest.schema.json"])
SETTINGS = json.loads(schemas()["settings.schema.json"])

Schema = Mapping[str, Any]


def _pattern(
    _validator: object, pattern: str, instance: object, _schema: object
) -> Iterator[jsonschema.ValidationError]:
    """JSON Schema's patterns are ECMA-262's, in which `$` does not match before a line's end."""
    exact = re.sub(r"\$$", r"\\Z", pattern)
    if isinstance(instance, str) and not re.search(exact, instance):
        yield jsonschema.ValidationError(f"{instance!r} does not match {pattern!r}")


Validator = extend(  # type: ignore[no-untyped-call]  # jsonschema leaves it untyped
    jsonschema.Draft202012Validator, {"pattern": _pattern}
)

JUNK = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**6), 10**6)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(["", "x", "true", "1", "unlimited", "0 6 * * *", "2026-12-01", "1h\n", "a/b"])
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


def instances(schema: Schema, root: Schema) -> st.SearchStrategy[Any]:
    """Mostly what a schema describes, now and then anything else: many near misses."""
    return st.one_of(*[described(schema, root)] * 9, JUNK)


def _with_line_end(text: str) -> str:
    return f"{text}\n"


def described(schema: Schema, root: Schema) -> st.SearchStrategy[Any]:
    if "$ref" in schema:
        return described(root["$defs"][schema["$ref"].rpartition("/")[2]], root)
    if "oneOf" in schema:
        return st.one_of([described(one, root) for one in schema["oneOf"]])
    if "enum" in schema or "const" in schema:
        return st.sampled_from(schema.get("enum") or [schema["const"]])
    match schema.get("type"):
        case "string":
            pattern: str = schema.get("pattern", "^.{0,20}$")
            text = st.from_regex(pattern, fullmatch=True)
            return st.one_of(text, text.map(_with_line_end), st.text(max_size=3))
        case "boolean":
            return st.booleans()
        case "integer":
            whole = st.integers(schema["minimum"] - 1, schema["maximum"] + 1)
            return whole | whole.map(float)
        case "number":
            return st.floats(-1, 70) | st.integers(-1, 70)
        case "array":
            return st.lists(instances(schema["items"], root), max_size=3)
        case "object" if "properties" in schema:
            return mappings(schema, root)
        case "object":
            keys = described({"type": "string", **schema.get("propertyNames", {})}, root)
            values = instances(schema.get("additionalProperties", {}), root)
            return st.dictionaries(keys, values, max_size=3)
    return JUNK


def mappings(schema: Schema, root: Schema) -> st.SearchStrategy[dict[str, Any]]:
    values = {key: instances(value, root) for key, value in schema["properties"].items()}
    required = set(schema.get("required", []))

    @st.composite
    def mapping(draw: st.DrawFn) -> dict[str, Any]:
        keys = draw(st.sets(st.sampled_from(sorted(values)), max_size=5)) | required
        if draw(st.integers(0, 9)) == 0:
            keys ^= {draw(st.sampled_from([*sorted(required), "unknown", ""]))}
        return {key: draw(values.get(key, JUNK)) for key in sorted(keys)}

    return mapping()


MANIFESTS = mappings(MANIFEST, MANIFEST)
WHEN_AND_WHAT = {
    key: described(MANIFEST["properties"][key], MANIFEST)
    for key in ("schedule", "at", "after", "function", "code")
}


@st.composite
def manifests(draw: st.DrawFn) -> dict[str, Any]:
    """Documents that have when and what more often than chance would give them."""
    document = draw(MANIFESTS)
    for keys in (("schedule", "at", "after"), ("function", "code")):
        if draw(st.integers(0, 4)):
            kept = draw(st.sampled_from(keys))
            for key in keys:
                if not (kept == "after" and key == "schedule" and draw(st.booleans())):
                    document.pop(key, None)
            document[kept] = draw(WHEN_AND_WHAT[kept])
    if draw(st.integers(0, 1)):
        document["name"] = draw(st.sampled_from(["job", "poller", "poller-2", "poller-x", "a--b"]))
    return document


def agree(document: object, form: type[Form], schema: Schema) -> bool:
    """Asserts that schema and model say the same of a document, and returns what they say."""
    by_model = isinstance(check(document, form), form)  # type: ignore[arg-type]  # any JSON
    by_schema = Validator(schema).is_valid(document)
    assert by_model == by_schema, document
    return by_model


@settings(max_examples=600)
@given(manifests() | JUNK)
@example({"name": "job\n", "schedule": "1d", "function": "a/b"})
@example({"name": "job", "schedule": "1d", "function": "a/b", "retries": 3.0})
@example({"name": "job", "schedule": "1d", "function": "a/b", "retries": True})
@example({"name": "job", "schedule": "1d", "function": "a/b", "cpu": 1})
@example({"name": "job", "schedule": None, "at": "2026-12-01T09:00Z", "function": "a/b"})
@example({"name": "job", "schedule": ["1d", "1d"], "function": "a/b"})
@example({"name": "job", "schedule": "1d", "function": "a/b", "labels": {"\n": "x"}})
def test_schema_and_model_agree_on_every_manifest(document: object) -> None:
    agree(document, ManifestForm, MANIFEST)


@settings(max_examples=300)
@given(instances(SETTINGS, SETTINGS))
@example({"crons": 5.0})
@example({"crons": "unlimited\n"})
@example({"environments": {"a b": {}}})
def test_schema_and_model_agree_on_every_settings(document: object) -> None:
    agree(document, SettingsForm, SETTINGS)


SOUND: dict[str, Any] = {
    "name": "daily-sync",
    "schedule": ["0 6 * * *", "90m"],
    "at": "2026-12-01T09:00+01:00",
    "after": {"extract": {"within": "7d", "on": "ended", "by": "09:00"}, "rates": {}},
    "timezone": "America/Argentina/Buenos_Aires",
    "function": "my.app/Class.method",
    "code": "jobs/rates.py::refresh",
    "args": {"window": "24h", "deep": [1, None, {"": 2.5}]},
    "start": "2026-12-01",
    "end": "2026-12-01 09:00:00Z",
    "allow": {"owner": {"reason": "moves", "until": "2026-12-31"}},
    "exclude": ["2026-12-24..2027-01-02", "* * * * 6", {"calendar": "holidays/DE.ics"}],
    "suspend": {"until": "2026-12-01", "reason": "moving"},
    "overlap": "queue",
    "catchup": "none",
    "deadline": "1d2h3m4s",
    "tolerance": "15m",
    "delivery": "at-most-once",
    "retries": {"max": 3.0, "backoff": "30s", "factor": 2},
    "timeout": "10m",
    "alerts": {"failures": 3, "to": [{"secret": "alerting", "key": "URL"}, {"url": "https://a/b"}]},
    "ping": {"secret": "pings", "key": "NIGHTLY"},
    "protect": True,
    "formerly": "nightly-sync",
    "environments": ["production", "staging"],
    "description": "Two\nlines.",
    "owner": "data",
    "labels": {"tier": "1", "example.com/team": ""},
    "resources": {"cpu": 2, "memory": "4Gi", "gpu": "L4", "secrets": ["api"]},
    "image": {"python": "3.12", "pip": ["requests==2.32.0"], "apt": ["curl"], "uv_sync": True},
    "cpu": [0.5, 2],
    "memory": ["512Mi", 2048],
    "gpu": ["H100:2", "B200+"],
    "secrets": ["api-key", {"name": "db", "keys": ["URL"]}, {"from_env": ["API_KEY"]}],
    "volumes": {"/data/rates": "rates"},
    "env": {"MODE": ""},
    "region": ["us-east", "eu"],
    "max_containers": 3.0,
    "min_containers": 0,
    "scaledown_window": "2m",
    "concurrency": 10,
    "include": ["prompts/**", "a b.txt"],
}


def with_key(key: str, value: object) -> dict[str, object]:
    when = {} if key == "at" else {"schedule": "1d"}
    needs_code = key == "code" or MANIFEST["dependentRequired"].get(key) == ["code"]
    target = {"code": "a.py::f"} if needs_code else {"function": "a/b"}
    return {"name": "job", **when, **target, key: value}


def test_schema_and_model_accept_each_key() -> None:
    """Without this, the tests above could agree by refusing everything."""
    assert set(SOUND) == set(MANIFEST["properties"])
    for key, value in SOUND.items():
        assert agree(with_key(key, value), ManifestForm, MANIFEST), key


@pytest.mark.parametrize("key", sorted(SOUND))
def test_schema_and_form_accept_the_same_values_of_a_key(key: str) -> None:
    assert not agree(with_key(key, None), ManifestForm, MANIFEST)

    @settings(max_examples=40, database=None)
    @given(instances(MANIFEST["properties"][key], MANIFEST))
    def compare(value: object) -> None:
        agree(with_key(key, value), ManifestForm, MANIFEST)

    compare()


@pytest.mark.parametrize("name", sorted(schemas()))
def test_the_schema_files_are_generated_from_the_forms(name: str) -> None:
    written = json.loads((ROOT / "schema" / name).read_text(encoding="utf-8"))
    assert written == json.loads(schemas()[name]), "run python -m reconciler.manifest.json_schema"


@pytest.mark.parametrize("schema", [MANIFEST, SETTINGS], ids=["manifest", "settings"])
def test_the_schemas_are_sound_and_say_something_about_every_key(schema: Schema) -> None:
    jsonschema.Draft202012Validator.check_schema(schema)
    for mapping in [schema, *schema.get("$defs", {}).values()]:
        assert mapping["additionalProperties"] is False
        assert [key for key, value in mapping["properties"].items() if not explained(value)] == []


def explained(value: Schema) -> bool:
    return len(value.get("description", "")) > 10
