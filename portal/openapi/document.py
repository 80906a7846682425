"""The OpenAPI description of every address, made from the routes and the forms; the same each time.

What a page's form takes is read from the class that its view names, so that nothing is said twice.
The description is for tests, for operators with a firewall of their own, and for reviewers; no
address serves it.
"""

import inspect
from collections.abc import Callable, Iterator
from dataclasses import is_dataclass
from types import FunctionType
from typing import Any

from flask import Flask
from flask_wtf import FlaskForm
from werkzeug.routing import Rule
from werkzeug.routing.converters import AnyConverter, IntegerConverter
from wtforms import BooleanField, DateField, IntegerField, MultipleFileField, SelectField
from wtforms.fields.core import UnboundField
from wtforms.validators import Length

from portal.auth.gate import PUBLIC, roles_for

Schema = dict[str, Any]
# What every page may answer, asked or sent a form.
STATUSES = ("200", "303", "400", "403", "404", "405", "409", "413", "422", "429")
SAID = {
    "200": "The page, file or object.",
    "303": "Go on to another page: after a form, or to sign in.",
    "400": "The form is too old or broken, or the host is not ours.",
    "403": "Not for this role.",
    "404": "There is no such thing, or not for this reader.",
    "405": "Not this way.",
    "409": "Somebody was quicker; the page shows what changed and keeps what was typed.",
    "413": "Too large.",
    "422": "Something has to be corrected; the page says what and keeps what was typed.",
    "429": "Too often; Retry-After says when to try again.",
    "503": "A part of the service is away; the object says which.",
}
OTHER = {"home.health": ("200", "503")}
FILES = "multipart/form-data"
PLAIN = "application/x-www-form-urlencoded"


def document(app: Flask) -> dict[str, Any]:
    """The whole description, as JSON holds it."""
    paths: dict[str, dict[str, Any]] = {}
    rules = [rule for rule in app.url_map.iter_rules() if rule.endpoint != "static"]
    for rule in sorted(rules, key=lambda one: (_path(one), one.endpoint)):
        for method in sorted((rule.methods or set()) & {"GET", "POST"}):
            view = app.view_functions[rule.endpoint]
            paths.setdefault(_path(rule), {})[method.lower()] = _operation(rule, method, view)
    return {
        "openapi": "3.1.0",
        "info": {"title": "诉求通 suqiutong", "version": "1"},
        "paths": paths,
        "components": {
            "securitySchemes": {
                "session": {"type": "apiKey", "in": "cookie", "name": "suqiutong"},
            }
        },
    }


def _path(rule: Rule) -> str:
    """`/tickets/{number}` for the rule `/tickets/<number>`."""
    return "".join(f"{{{part}}}" if dynamic else part for dynamic, part in rule._trace[1:])


def _operation(rule: Rule, method: str, view: Callable[..., Any]) -> dict[str, Any]:
    public = rule.endpoint in PUBLIC
    roles = "everybody" if public else ", ".join(sorted(roles_for(rule.endpoint)))
    statuses = OTHER.get(rule.endpoint, STATUSES)
    found: dict[str, Any] = {
        "operationId": f"{rule.endpoint}.{method.lower()}",
        "summary": (inspect.getdoc(view) or rule.endpoint).splitlines()[0],
        "description": f"For: {roles}",
        "responses": {one: {"description": SAID[one]} for one in statuses},
    }
    if not public:
        found["security"] = [{"session": []}]
    parameters = [_parameter(name, one) for name, one in sorted(rule._converters.items())]
    if parameters:
        found["parameters"] = parameters
    if method == "POST":
        found["requestBody"] = _body(view)
    return found


def _parameter(name: str, converter: Any) -> dict[str, Any]:
    schema: Schema = {"type": "string", "minLength": 1}
    if isinstance(converter, IntegerConverter):
        schema = {"type": "integer", "minimum": 0}
    elif isinstance(converter, AnyConverter):
        schema = {"type": "string", "enum": sorted(converter.items)}
    return {"name": name, "in": "path", "required": True, "schema": schema}


def _body(view: Callable[..., Any]) -> dict[str, Any]:
    """The form of a view; where it names none, whatever is sent besides the token is not read."""
    fields: dict[str, Schema] = {}
    kind = PLAIN
    for form in forms_of(view):
        for name, field in _fields(form):
            fields[name] = _field(field)
            kind = FILES if fields[name].get("contentMediaType") else kind
    properties = {"csrf_token": {"type": "string"}, **dict(sorted(fields.items()))}
    schema = {"type": "object", "required": ["csrf_token"], "properties": properties}
    return {"required": True, "content": {kind: {"schema": schema}}}


def forms_of(view: Callable[..., Any]) -> list[type[FlaskForm]]:
    """The form classes that a view names, itself or through its module's own functions."""
    found: dict[str, type[FlaskForm]] = {}
    for one in _named(inspect.unwrap(view), 2):
        form = getattr(one, "form", None) if is_dataclass(type(one)) else one
        if isinstance(form, type) and issubclass(form, FlaskForm) and form is not FlaskForm:
            found[form.__qualname__] = form
    return [found[name] for name in sorted(found)]


def _named(view: Any, depth: int) -> Iterator[Any]:
    """What a function's names and closure hold, and what the functions among them hold."""
    if not isinstance(view, FunctionType):
        return
    held = [cell.cell_contents for cell in view.__closure__ or ()]
    held += [view.__globals__[n] for n in view.__code__.co_names if n in view.__globals__]
    for one in held:
        yield one
        own = isinstance(one, FunctionType) and one.__module__ == view.__module__
        if own and depth:
            yield from _named(one, depth - 1)


def _fields(form: type[FlaskForm]) -> Iterator[tuple[str, UnboundField]]:
    for name in dir(form):
        field = getattr(form, name, None)
        if isinstance(field, UnboundField):
            yield name, field


def _field(field: UnboundField) -> Schema:
    """What a field takes, as far as its class tells."""
    kind = field.field_class
    if issubclass(kind, MultipleFileField):
        return {"type": "array", "items": {"type": "string"}, "contentMediaType": "*/*"}
    if issubclass(kind, BooleanField):
        return {"type": "string", "enum": ["y", ""]}
    if issubclass(kind, IntegerField):
        return {"type": "string", "pattern": "^-?[0-9]{1,6}$"}
    if issubclass(kind, DateField):
        return {"type": "string", "format": "date"}
    most = next((one.max for one in _validators(field) if isinstance(one, Length)), -1)
    choice = issubclass(kind, SelectField)
    return {"type": "string"} | ({"maxLength": most} if most > 0 and not choice else {})


def _validators(field: UnboundField) -> list[Any]:
    given = field.kwargs.get("validators") or (field.args[1] if len(field.args) > 1 else ())
    return list(given or ())
