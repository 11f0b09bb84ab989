"""Write the pages of the API reference from the rooms' ``__all__``.

A room is a public package directly below ``m3n_sklearn``. Its page has its docstring and one
table each for classes, functions and constants; autosummary writes a page for each class and
function. Names that only the top level has get a page of their own. Nothing is listed by hand, so
a new public name needs no edit here.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import sys
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from textwrap import indent
from types import GenericAlias, ModuleType
from typing import Any

from docutils.nodes import Element, Node
from sphinx.addnodes import pending_xref

PACKAGE = "m3n_sklearn"


def rooms() -> list[ModuleType]:
    """Packages below the top level that have public names, by name."""
    top = importlib.import_module(PACKAGE)
    names = sorted(
        info.name
        for info in pkgutil.iter_modules(top.__path__)
        if info.ispkg and not info.name.startswith("_")
    )
    packages = [importlib.import_module(f"{PACKAGE}.{name}") for name in names]
    return [package for package in packages if package.__all__]


def homes() -> dict[str, str]:
    """Full name of the page for each name of the top level."""
    top = importlib.import_module(PACKAGE)
    places = {}
    for name in top.__all__:
        if name.startswith("__"):
            continue
        value = getattr(top, name)
        found = [
            f"{room.__name__}.{name}"
            for room in rooms()
            if name in room.__all__ and getattr(room, name) is value
        ]
        places[name] = found[0] if found else f"{PACKAGE}.{name}"
    return places


def _kinds(module: ModuleType, names: list[str]) -> dict[str, list[str]]:
    kinds: dict[str, list[str]] = {"Classes": [], "Functions": [], "Constants": []}
    for name in names:
        value = getattr(module, name)
        if inspect.isclass(value) and not isinstance(value, GenericAlias):
            kinds["Classes"].append(name)
        else:
            kinds["Functions" if inspect.isroutine(value) else "Constants"].append(name)
    return {kind: found for kind, found in kinds.items() if found}


def constant_docs(value: Any, name: str) -> str:
    """The string below the assignment of a constant, wherever in the package that is."""
    for module_name, module in sorted(sys.modules.items()):
        ours = module_name.startswith(PACKAGE) and getattr(module, name, None) is value
        if not ours or not str(module.__file__).endswith(".py"):
            continue
        body = ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8")).body
        for statement, following in pairwise(body):
            targets = getattr(statement, "targets", [getattr(statement, "target", None)])
            if not any(getattr(target, "id", None) == name for target in targets):
                continue
            if isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant):
                return inspect.cleandoc(str(following.value.value))
    raise ValueError(f"{name} is public, but there is not a docstring below its assignment")


def _tables(module: ModuleType, names: list[str]) -> list[str]:
    lines = [f".. currentmodule:: {module.__name__}", ""]
    for kind, found in _kinds(module, names).items():
        lines += [f".. rubric:: {kind}", ""]
        if kind == "Constants":
            for name in found:
                text = constant_docs(getattr(module, name), name)
                lines += [f".. py:data:: {name}", "", indent(text, "   "), ""]
            continue
        lines += [".. autosummary::", "   :toctree: generated", "   :nosignatures:", ""]
        lines += [f"   {name}" for name in found] + [""]
    return lines


def room_page(room: ModuleType) -> str:
    """The page of one room."""
    title = room.__name__.replace("_", "\\_")
    intro = inspect.getdoc(room) or ""
    lines = [title, "=" * len(title), "", f".. module:: {room.__name__}", "", intro, ""]
    return "\n".join(lines + _tables(room, list(room.__all__)))


def index_page() -> str:
    """The first page: rooms, and the names that the top level has."""
    top = importlib.import_module(PACKAGE)
    lines = [
        "API reference",
        "=============",
        "",
        "Each public name has one home. Names that most scripts need can be imported from the top "
        "level as well.",
        "",
        ".. list-table::",
        "   :widths: 30 70",
        "",
    ]
    for room in rooms():
        short = room.__name__.removeprefix(f"{PACKAGE}.")
        summary = " ".join((inspect.getdoc(room) or "").split("\n\n")[0].split())
        lines += [f"   * - :doc:`{room.__name__} <{short}>`", f"     - {summary}"]
    places = homes()
    elsewhere = {name: home for name, home in places.items() if home != f"{PACKAGE}.{name}"}
    only_here = [name for name in places if name not in elsewhere]
    lines += ["", "Top level", "---------", "", f".. module:: {PACKAGE}", ""]
    lines += _tables(top, only_here)
    lines += [
        ".. rubric:: Also importable from the top level",
        "",
        ", ".join(f":py:obj:`{name} <{home}>`" for name, home in elsewhere.items()) + ".",
        "",
        ".. toctree::",
        "   :hidden:",
        "",
        *(f"   {room.__name__.removeprefix(f'{PACKAGE}.')}" for room in rooms()),
        "",
    ]
    return "\n".join(lines)


def write_pages(app: Any, config: Any) -> None:
    """Write all pages below ``api``; a page that did not change keeps its time stamp."""
    folder = Path(app.srcdir) / "api"
    folder.mkdir(exist_ok=True)
    pages = {"index": index_page()}
    pages |= {room.__name__.rpartition(".")[2]: room_page(room) for room in rooms()}
    for path in folder.glob("*.rst"):
        if path.stem not in pages:
            path.unlink()
    current = set(homes().values()) | {
        f"{room.__name__}.{name}" for room in rooms() for name in room.__all__
    }
    for path in (folder / "generated").glob("*.rst"):  # of names that have moved or gone
        if path.stem not in current:
            path.unlink()
    for name, text in pages.items():
        path = folder / f"{name}.rst"
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def template_context() -> dict[str, dict[str, Any]]:
    """What the templates of the class and function pages look up, by full name."""
    members, gallery = {}, {}
    top = importlib.import_module(PACKAGE)
    places = homes()
    for module in [top, *rooms()]:
        for name in module.__all__:
            full = f"{module.__name__}.{name}"
            value = getattr(module, name)
            if inspect.isclass(value):
                members[full] = public_members(value)
            # examples may import a name from its home or from the top level
            short = f"{PACKAGE}.{name}"
            gallery[full] = f"{full} {short}" if places.get(name) == full != short else full
    return {"public_members": members, "gallery": gallery}


def public_members(cls: type) -> list[str]:
    """Properties and methods that the page of a class documents: its own, and scikit-learn's.

    What other bases bring, such as ``tuple.count`` or hooks of ``torch.nn.Module``, is left out.
    """
    properties, methods = [], []
    for member in dir(cls):
        if member.startswith("_"):
            continue
        owner = next((base for base in cls.__mro__ if member in vars(base)), cls)
        if owner.__module__.partition(".")[0] not in (PACKAGE, "sklearn"):
            continue
        value = inspect.getattr_static(cls, member)
        if isinstance(value, property | cached_property):
            properties.append(member)
        elif callable(getattr(cls, member, None)) and not inspect.isclass(value):
            methods.append(member)
    return properties + methods


def resolve_alias(app: Any, env: Any, node: pending_xref, contnode: Element) -> Node | None:
    """Link ``m3n_sklearn.Motion`` to the page of its home, ``m3n_sklearn.motion.Motion``."""
    if node.get("refdomain") != "py":
        return None
    target = node["reftarget"].removeprefix(f"{PACKAGE}.")
    name, dot, member = target.partition(".")
    home = app.config.m3n_homes.get(name)
    if home is None or home == f"{PACKAGE}.{name}":
        return None
    return env.get_domain("py").resolve_xref(
        env, node["refdoc"], app.builder, node["reftype"], home + dot + member, node, contnode
    )


def setup(app: Any) -> dict[str, bool]:
    app.add_config_value("m3n_homes", homes(), "")
    app.connect("config-inited", write_pages)
    app.connect("missing-reference", resolve_alias, priority=400)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
