"""XML of ISO 20022 messages: read without trust, and checked against the message's own schema.

Our own small reader instead of the library's: it knows the line of each element, and a document type (and with it every
entity, inner or outer) ends the reading at once.
"""

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from xml.parsers import expat

import xmlschema

from anxin.bank.errors import BadFile, UnknownMessage
from anxin.core.tables import CellError

SCHEMAS = Path(__file__).parent / "schemas"
NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:"
# Versions that differ from one we have a schema of in nothing a report on wages holds (schemas/README.md).
CHECKED_AS = {"pain.002.001.10": "pain.002.001.12"}
MAX_BYTES = 64 * 1024 * 1024
MAX_DEPTH = 64
MAX_ERRORS = 200  # then the rest need not be counted

Element = ElementTree.Element


@dataclass(frozen=True)
class Document:
    """A well-formed message. `message` is such as `pain.002.001.12`."""

    name: str
    message: str
    root: Element
    lines: dict[Element, int]

    def error(self, element: Element, field: str, problem: str, value: str = "") -> CellError:
        return CellError(self.lines.get(element, 0), field, value, problem)


def read_document(content: bytes, name: str) -> Document:
    """Return the message in `content`. Raises BadFile, naming line and element, where it is not one."""
    if len(content) > MAX_BYTES:
        raise BadFile(name, [CellError(1, "", "", f"longer than {MAX_BYTES} bytes")])
    builder, lines = ElementTree.TreeBuilder(), dict[Element, int]()
    parser = expat.ParserCreate(namespace_separator="}")
    path: list[str] = []

    def fail(problem: str) -> BadFile:
        return BadFile(name, [CellError(parser.CurrentLineNumber, "/".join(path), "", problem)])

    def start(tag: str, attributes: dict[str, str]) -> None:
        path.append(tag.rpartition("}")[2])
        if len(path) > MAX_DEPTH:
            raise fail(f"nested deeper than {MAX_DEPTH}")
        lines[builder.start(_qualified(tag), {_qualified(key): value for key, value in attributes.items()})] = (
            parser.CurrentLineNumber
        )

    def end(tag: str) -> None:
        path.pop()
        builder.end(_qualified(tag))

    def refuse(*_: Any) -> None:
        raise fail("a document type is not allowed")

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = builder.data
    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(content, True)
    except expat.ExpatError as error:
        raise fail(expat.ErrorString(error.code)) from error
    except (UnicodeDecodeError, LookupError) as error:
        raise fail(str(error)) from error
    root = builder.close()
    namespace, _, tag = root.tag.removeprefix("{").rpartition("}")
    if tag != "Document" or not namespace.startswith(NAMESPACE):
        raise BadFile(name, [CellError(lines[root], tag, namespace, f"not a Document of {NAMESPACE}…")])
    return Document(name, namespace.removeprefix(NAMESPACE), root, lines)


def schema_errors(document: Document) -> list[CellError]:
    """Return where the document breaks its schema. Raises UnknownMessage where there is none of it here."""
    document = _as_checked(document)
    schema, errors = _schema(document.message), list[CellError]()
    try:
        errors += _errors_of(schema, document)
    except (ArithmeticError, ValueError) as error:  # the library's own, such as a year of 20 digits
        errors.append(document.error(document.root, "Document", str(error)))
    return errors


def _errors_of(schema: xmlschema.XMLSchema, document: Document) -> Iterator[CellError]:
    for error in islice(schema.iter_errors(document.root, use_location_hints=False), MAX_ERRORS):
        places = (getattr(error, "invalid_child", None), error.elem, document.root)
        element = next(each for each in places if each is not None)
        tag = element.tag.rpartition("}")[2]
        yield document.error(element, tag, error.reason or error.message, (element.text or "").strip()[:70])


def _as_checked(document: Document) -> Document:
    """Return the same in the words of the version whose schema it is checked against; lines are those of the original."""
    message = CHECKED_AS.get(document.message)
    if message is None:
        return document
    root = deepcopy(document.root)
    lines = {}
    for original, element in zip(document.root.iter(), root.iter(), strict=True):
        element.tag = original.tag.replace(f"{{{NAMESPACE}{document.message}}}", f"{{{NAMESPACE}{message}}}", 1)
        lines[element] = document.lines[original]
    return Document(document.name, message, root, lines)


def known_messages(kind: str = "") -> list[str]:
    have = [file.stem for file in SCHEMAS.glob("*.xsd")]
    return sorted(message for message in (*have, *CHECKED_AS) if message.startswith(kind))


def text_at(element: Element, path: str) -> str:
    """Return the text at a path of plain names such as `Refs/EndToEndId`; empty where there is none."""
    found = at(element, path)
    return (found.text or "").strip() if found is not None else ""


def at(element: Element, path: str) -> Element | None:
    return element.find("/".join(f"{{*}}{step}" for step in path.split("/")))


def all_at(element: Element, path: str) -> list[Element]:
    return element.findall("/".join(f"{{*}}{step}" for step in path.split("/")))


@cache
def _schema(message: str) -> xmlschema.XMLSchema:
    if not (SCHEMAS / f"{message}.xsd").is_file():
        raise UnknownMessage(message=message, known=", ".join(known_messages()))
    return xmlschema.XMLSchema(SCHEMAS / f"{message}.xsd", allow="local", defuse="always")


def _qualified(name: str) -> str:
    return "{" + name if "}" in name else name
