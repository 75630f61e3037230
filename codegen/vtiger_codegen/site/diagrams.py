"""A module with those around it, and the map of all: where boxes stand and which lines join them.

Shapes only; the templates draw them as SVG and escape every label.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from ..text.literals import one_line
from .facts import CrmFacts, ModulePage

_WIDTH, _HEIGHT, _GAP = 190, 34, 12
_COLUMN: Final = 300
_MOST: Final = 14
"""Boxes in one column of a diagram; the tables below it have all."""
_RADIUS: Final = 330


@dataclass(frozen=True, slots=True)
class Box:
    """A module, or what stands for several."""

    x: float
    y: float
    width: float
    height: float
    label: str
    note: str = ""
    slug: str = ""
    """Of the page that it leads to."""
    main: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """Joins two boxes: a path of SVG."""

    path: str
    title: str
    ends: tuple[str, str] = ("", "")


@dataclass(frozen=True, slots=True)
class Diagram:
    width: float
    height: float
    boxes: tuple[Box, ...]
    lines: tuple[Line, ...]


def neighbourhood(module: ModulePage, crm: CrmFacts) -> Diagram:
    """Left what its records refer to, right who refers to them."""
    left = _grouped((target, meta.name) for meta, target in crm.references(module))
    right = _grouped(
        (source, meta.name) for source, meta in crm.referring.get(module.meta.name, [])
    )
    rows = max(len(left), len(right), 1)
    height = rows * (_HEIGHT + _GAP) + _GAP
    centre = Box(_COLUMN + 20, height / 2 - _HEIGHT / 2, _WIDTH, _HEIGHT, module.name, main=True)
    boxes, lines = [centre], []
    for side, found in ((0, left), (1, right)):
        x = 20 if side == 0 else 2 * _COLUMN + 20
        top = height / 2 - len(found) * (_HEIGHT + _GAP) / 2 + _GAP / 2
        for index, (label, slug, fields) in enumerate(found):
            box = Box(x, top + index * (_HEIGHT + _GAP), _WIDTH, _HEIGHT, label, "", slug)
            boxes.append(box)
            lines.append(_joined(centre, box, ", ".join(fields)))
    return Diagram(2 * _COLUMN + _WIDTH + 40, height, tuple(boxes), tuple(lines))


def _grouped(
    pairs: Iterable[tuple[ModulePage, str]],
) -> list[tuple[str, str, Sequence[str]]]:
    """(class, page, fields) of each module; of many the last stands for the rest."""
    found: dict[str, tuple[ModulePage, list[str]]] = {}
    for module, field in pairs:
        found.setdefault(module.meta.name, (module, []))[1].append(field)
    rows: list[tuple[str, str, Sequence[str]]] = [
        (one_line(module.name, 24), module.slug, fields) for module, fields in found.values()
    ]
    if len(rows) > _MOST:
        rest = len(rows) - _MOST + 1
        rows = [*rows[: _MOST - 1], (f"and {rest} more", "", ())]
    return rows


def _joined(centre: Box, box: Box, title: str) -> Line:
    right = box.x > centre.x
    x1 = centre.x + (centre.width if right else 0)
    x2 = box.x + (0 if right else box.width)
    y1, y2 = centre.y + centre.height / 2, box.y + box.height / 2
    middle = (x1 + x2) / 2
    path = f"M{x1:.1f} {y1:.1f} C{middle:.1f} {y1:.1f} {middle:.1f} {y2:.1f} {x2:.1f} {y2:.1f}"
    return Line(path, title)


@dataclass(frozen=True, slots=True)
class Spoke:
    """A module on the map: a point on the circle with its name outside."""

    x: float
    y: float
    angle: float
    """Degrees by which the name is turned."""
    flipped: bool
    label: str
    slug: str
    records: bool
    degree: int


@dataclass(frozen=True, slots=True)
class Map:
    size: float
    spokes: tuple[Spoke, ...]
    lines: tuple[Line, ...]


def map_of(crm: CrmFacts) -> Map:
    """Every module that refers or is referred to, on a circle, and who refers to whom."""
    pairs = sorted(
        {
            tuple(sorted((module.meta.name, target.meta.name)))
            for module in crm.modules.values()
            for _, target in crm.references(module)
            if target is not module
        }
    )
    degree: dict[str, int] = {}
    for pair in pairs:
        for name in pair:
            degree[name] = degree.get(name, 0) + 1
    names = [name for name in crm.modules if name in degree]
    size = 2 * _RADIUS + 360
    places, spokes = {}, []
    for index, name in enumerate(names):
        turn = 2 * math.pi * index / len(names) - math.pi / 2
        x = size / 2 + _RADIUS * math.cos(turn)
        y = size / 2 + _RADIUS * math.sin(turn)
        places[name] = (x, y)
        flipped = math.cos(turn) < 0
        angle = math.degrees(turn) + (180 if flipped else 0)
        module = crm.modules[name]
        label = one_line(module.name, 22)
        entity = module.meta.is_entity
        spokes.append(Spoke(x, y, angle, flipped, label, module.slug, entity, degree[name]))
    lines = []
    for first, second in pairs:
        (x1, y1), (x2, y2) = places[first], places[second]
        # Curves bend towards the middle, so that neighbours are not joined along the circle.
        cx, cy = (x1 + x2 + size) / 4, (y1 + y2 + size) / 4
        path = f"M{x1:.1f} {y1:.1f} Q{cx:.1f} {cy:.1f} {x2:.1f} {y2:.1f}"
        ends = (crm.modules[first].slug, crm.modules[second].slug)
        names_ = (crm.modules[first].name, crm.modules[second].name)
        lines.append(Line(path, f"{names_[0]} and {names_[1]}", ends))
    return Map(size, tuple(spokes), tuple(lines))
