"""The description of the interface (OpenAPI 3.1)."""

from __future__ import annotations

from typing import Any

from ..extension.discovery import version_of
from .uploads import FIELD

_NUMBER = {"type": ["number", "null"]}
_PAIR = {"type": ["array", "null"], "items": {"type": "number"}, "minItems": 2, "maxItems": 2}
_SIZE = {**_PAIR, "items": {"type": "integer"}, "description": "Width and height in pixels."}
_PICTURE = {"type": "string", "description": "A data: address of a PNG."}


def description(most: int) -> dict[str, Any]:
    """The whole of it.

    Args:
        most: bytes that a request may have.
    """
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "VEIQA",
            "version": version_of("veiqa") or "0",
            "summary": "The quality of an image without a reference, and where it is lost.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": {
            "/v1/score": {"post": _score(most)},
            "/health": {"get": _health()},
            "/metrics": {"get": _metrics()},
        },
        "components": {"schemas": {"Result": _result(), "Maps": _maps(), "Pair": _pair(), "Error": _error()}},
    }


def _score(most: int) -> dict[str, Any]:
    binary: dict[str, Any] = {"schema": {}}
    refusals = {
        "400": "no image, or a malformed form",
        "403": "asked for by a page from elsewhere",
        "408": "the image came too slowly",
        "413": f"more than {most:,} bytes",
        "421": "for a host that the server does not answer for",
        "422": "an image that cannot be scored",
        "500": "scoring failed",
        "504": "it took longer than the server allows",
    }
    return {
        "summary": "Score an image.",
        "operationId": "score",
        "parameters": [
            _query("maps", {"type": "string", "enum": ["0", "1"], "default": "0"}, "1: with maps, which takes longer."),
            _query("name", {"type": "string"}, "What the image is called, where the body is the image itself."),
        ],
        "requestBody": {
            "required": True,
            "description": "The bytes of an image file, or a form with one file.",
            "content": {
                "image/*": binary,
                "application/octet-stream": binary,
                "multipart/form-data": {
                    "schema": {"type": "object", "required": [FIELD], "properties": {FIELD: {"type": "string"}}},
                    "encoding": {FIELD: {"contentType": "image/*, application/octet-stream"}},
                },
            },
        },
        "responses": {
            "200": _json("The result.", "Result"),
            **{status: _error_response(text) for status, text in refusals.items()},
            "503": {
                **_error_response("too many requests wait, or too little memory"),
                "headers": {"Retry-After": {"description": "Seconds.", "schema": {"type": "integer"}}},
            },
        },
    }


def _health() -> dict[str, Any]:
    properties = {
        "status": {"const": "ok"},
        "veiqa": {"type": "string", "description": "The version."},
        "recipe": {"type": "string", "description": "Its name and digest."},
        "calibrated": {"type": "boolean", "description": "Whether scores are on a scale of quality."},
        "threads": {"type": "integer"},
    }
    schema = {"type": "object", "required": list(properties), "properties": properties}
    content = {"application/json": {"schema": schema}}
    return {
        "summary": "Whether the server answers, and with which recipe.",
        "operationId": "health",
        "responses": {"200": {"description": "It does.", "content": content}},
    }


def _metrics() -> dict[str, Any]:
    return {
        "summary": "Requests, seconds and the queue, as Prometheus reads them.",
        "operationId": "metrics",
        "responses": {
            "200": {"description": "The figures.", "content": {"text/plain": {"schema": {"type": "string"}}}}
        },
    }


def _result() -> dict[str, Any]:
    values = {"type": "object", "additionalProperties": _NUMBER}
    properties = {
        "image": {"type": "string", "description": "The client's name of it."},
        "score": {**_NUMBER, "description": "Quality; higher is better. None without a fitted or other mapper."},
        "interval": {**_PAIR, "description": "The score's 90 % interval."},
        "scale": {**_PAIR, "description": "The worst and the best score."},
        "distortion": {
            "type": ["object", "null"],
            "additionalProperties": {"type": "number"},
            "description": "The probability of each distortion type.",
        },
        "novelty": {**_NUMBER, "description": "Above 1 the image is unlike those fitted on, and the score a guess."},
        "size": _SIZE,
        "judged_size": _SIZE,
        "similarities": {**values, "description": "By branch."},
        "methods": {**values, "description": "By output of a method."},
        "flags": {"type": "array", "items": {"type": "string"}, "description": "Remarks that qualify the numbers."},
        "error": {"type": "null"},
        "recipe": {"type": "string", "description": "Its name and digest."},
    }
    return {
        "type": "object",
        "required": list(properties),
        "properties": {**properties, "maps": {"anyOf": [_ref("Maps"), {"type": "null"}]}},
    }


def _maps() -> dict[str, Any]:
    quality = {
        "map": {**_PICTURE, "description": "In colours, from black, nothing lost, to yellow, the most that can be."},
        "most": {"type": "number", "description": "Points that the brightest colour stands for."},
        "text": {"type": "string", "description": "What the map shows, in words."},
    }
    properties = {
        "image": _PICTURE,
        "quality": {
            "type": ["object", "null"],
            "required": list(quality),
            "properties": quality,
            "description": "Where quality is lost; null without a calibrated score.",
        },
        "explanations": {"type": "array", "items": _ref("Pair"), "description": "Those that shape the map most."},
    }
    return {"type": "object", "required": list(properties), "properties": properties}


def _pair() -> dict[str, Any]:
    properties = {
        "title": {"type": "string", "description": "PRI, network, layer and explainer."},
        "influence": {**_NUMBER, "description": "How much it shapes the quality map, in points."},
        "similarities": {"type": "object", "additionalProperties": {"type": "number"}},
        **dict.fromkeys(("pri", "input_vei", "pri_vei", "difference"), _PICTURE),
    }
    return {"type": "object", "required": list(properties), "properties": properties}


def _error() -> dict[str, Any]:
    return {"type": "object", "required": ["error"], "properties": {"error": {"type": "string"}}}


def _query(name: str, schema: dict[str, Any], text: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "schema": schema, "description": text}


def _json(text: str, schema: str) -> dict[str, Any]:
    return {"description": text, "content": {"application/json": {"schema": _ref(schema)}}}


def _error_response(text: str) -> dict[str, Any]:
    return _json(text[:1].upper() + text[1:] + ".", "Error")


def _ref(schema: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{schema}"}
