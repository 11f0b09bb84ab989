"""The size and the structure of the code: files, public names, parameters, comments, imports.

    python benchmarks/house.py [ROOT]

ROOT is the root of a checkout, this one by default. Nothing is imported: all is read from source.
``tests/test_imports.py`` holds the import rules with the same functions.
"""

from __future__ import annotations

import ast
import io
import sys
import tokenize
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import networkx

PACKAGE = "m3n_sklearn"

FLOORS: tuple[frozenset[str], ...] = (
    frozenset(
        [
            "_version",
            "_typing",
            "_validation",
            "_channel_names",
            "_flat_rows",
            "_tables",
            "_warn",
            "_compat",
            "_files",
            "_array_files",
            "_plain_content",
            "_safe_pickle",
            "_hashing",
            "_engines",
            "_text_files",
            "_torch",
            "_checkpoints",
            "_saving",
            "_parallel",
            "_distributed",
            "_training",
            "_even_clock",
            "_clock",
            "_persistence",
            "_hub",
            "_labels",
            "_times",
        ]
    ),
    frozenset({"skeleton"}),
    frozenset({"_windows", "motion"}),
    frozenset({"recording"}),
    frozenset({"_inputs", "procedural", "body"}),
    frozenset({"simulation", "text", "nets"}),
    frozenset({"_splits", "datasets", "pretraining"}),
    frozenset({"classification", "temporal", "video"}),
    frozenset({"evaluation", "deploy"}),
    frozenset({"inspection"}),
)
"""Rooms and top-level modules from the ground up; a room imports only from the floors below it.

The helpers of the ground floor may import each other.
"""


LAZY = frozenset(
    [
        (f"{PACKAGE}._windows._windows", f"{PACKAGE}.inspection"),
        (f"{PACKAGE}.motion._motion", f"{PACKAGE}.inspection"),
        (f"{PACKAGE}.recording._recording", f"{PACKAGE}.inspection"),
    ]
)
"""The exception: `plot` and the HTML reprs of the nouns import `inspection` inside of methods."""


class Import(NamedTuple):
    """One name that a module imports from another module of the package."""

    module: str
    line: int
    target: str
    name: str


class Tree:
    """The modules of a package and what they import.

    Parameters
    ----------
    root : Path
        The root of a checkout.
    """

    def __init__(self, root: Path) -> None:
        self.paths = dict(_modules(root))
        self.trees = {name: ast.parse(path.read_text("utf-8")) for name, path in self.paths.items()}
        self.imports = [each for name in self.paths for each in self._imports_of(name)]
        """What modules import, without the imports of `LAZY`."""

    def _imports_of(self, module: str) -> Iterator[Import]:
        lazy = {id(node) for node in self._inside(module)}
        for each, node in self._all_imports_of(module):
            if (each.module, each.target) not in LAZY or id(node) not in lazy:
                yield each

    def _inside(self, module: str) -> Iterator[ast.AST]:
        """Yield what runs when a function is called, or never: `if TYPE_CHECKING`."""
        for node in ast.walk(self.trees[module]):
            is_typing = isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
            if is_typing or isinstance(node, ast.FunctionDef):
                yield from ast.walk(node)

    def _all_imports_of(self, module: str) -> Iterator[tuple[Import, ast.AST]]:
        for node in ast.walk(self.trees[module]):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    if alias.name.split(".")[0] == PACKAGE:
                        yield Import(module, node.lineno, alias.name, ""), node
            elif isinstance(node, ast.ImportFrom):
                target = self._absolute(module, node)
                if target.split(".")[0] != PACKAGE:
                    continue
                for alias in node.names:
                    deeper = f"{target}.{alias.name}"
                    found = deeper if deeper in self.paths else target
                    yield Import(module, node.lineno, found, alias.name), node

    def _absolute(self, module: str, node: ast.ImportFrom) -> str:
        if node.level == 0:
            return node.module or ""
        parts = module.split(".")
        if self.paths[module].name != "__init__.py":
            parts = parts[:-1]
        parts = parts[: len(parts) - (node.level - 1)]
        return ".".join([*parts, *([node.module] if node.module else [])])

    def upward(self) -> list[Import]:
        """Imports that do not go to a lower floor."""
        floor_of = {room: i for i, rooms in enumerate(FLOORS) for room in rooms}
        wrong = []
        for each in self.imports:
            here, there = room_of(each.module), room_of(each.target)
            if here in ("", there):
                continue
            if (
                here not in floor_of
                or there not in floor_of
                or floor_of[there] > floor_of[here]
                or floor_of[there] == floor_of[here] > 0
            ):
                wrong.append(each)
        return wrong

    def into_private(self) -> list[Import]:
        """Imports of a private module of another room, past the room's ``__init__``."""
        return [
            each
            for each in self.imports
            if room_of(each.module) != room_of(each.target) and each.target.count(".") > 1
        ]

    def circles(self) -> list[list[str]]:
        """Groups of files that import each other in a circle."""
        graph = networkx.DiGraph((each.module, each.target) for each in self.imports)
        return [
            sorted(group)
            for group in networkx.strongly_connected_components(graph)
            if len(group) > 1
        ]

    def public_names(self) -> dict[str, list[str]]:
        """Names in the ``__all__`` of the package and of every module without an underscore."""
        found = {}
        for module, tree in self.trees.items():
            if any(part.startswith("_") for part in module.split(".")):
                continue
            for node in tree.body:
                if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
                    names = [n.value for n in ast.walk(node.value) if isinstance(n, ast.Constant)]
                    found[module] = [name for name in names if isinstance(name, str)]
        return found

    def parameters(self) -> dict[str, int]:
        """Parameters of the public classes' ``__init__`` and of the largest public functions."""
        public = {name for names in self.public_names().values() for name in names}
        counts = {}
        for tree in self.trees.values():
            for node in tree.body:
                if isinstance(node, ast.ClassDef) and node.name in public:
                    for item in node.body:
                        if isinstance(item, ast.FunctionDef) and item.name == "__init__":
                            counts[node.name] = _count_arguments(item) - 1
                    if node.name not in counts:
                        fields = [item for item in node.body if isinstance(item, ast.AnnAssign)]
                        counts[node.name] = sum("ClassVar" not in ast.unparse(f) for f in fields)
                elif isinstance(node, ast.FunctionDef) and node.name in public:
                    counts[node.name] = _count_arguments(node)
        return counts

    def density(self) -> tuple[int, int, int]:
        """Count lines of code, docstring lines and comment lines."""
        code = docs = comments = 0
        for module, path in self.paths.items():
            text = path.read_text("utf-8")
            doc_lines = set()
            for node in ast.walk(self.trees[module]):
                if (
                    isinstance(node, ast.Expr)
                    and isinstance(node.value, ast.Constant)
                    and isinstance(node.value.value, str)
                ):
                    doc_lines |= set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
            coded = set()
            for token in tokenize.generate_tokens(io.StringIO(text).readline):
                if token.type == tokenize.COMMENT:
                    if not token.line[: token.start[1]].strip():
                        comments += 1
                elif token.type not in (
                    tokenize.NL,
                    tokenize.NEWLINE,
                    tokenize.INDENT,
                    tokenize.DEDENT,
                    tokenize.ENDMARKER,
                ):
                    coded |= set(range(token.start[0], token.end[0] + 1))
            code += len(coded - doc_lines)
            docs += len(doc_lines)
        return code, docs, comments


def room_of(module: str) -> str:
    """Return the room, or the top-level module, that a module belongs to."""
    return module.split(".")[1] if "." in module else ""


def _modules(root: Path) -> Iterator[tuple[str, Path]]:
    for path in sorted((root / PACKAGE).rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path


def _count_arguments(function: ast.FunctionDef) -> int:
    arguments = function.args
    return len(arguments.posonlyargs) + len(arguments.args) + len(arguments.kwonlyargs)


def main() -> None:
    tree = Tree(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[1])
    code, docs, comments = tree.density()
    names = tree.public_names()
    distinct = {name for each in names.values() for name in each}
    print(f"files                   {len(tree.paths):6d}")
    print(f"lines of code           {code:6d}")
    print(f"docstring lines         {docs:6d}")
    print(f"comment lines           {comments:6d}   {100 * comments / code:.1f} per 100 of code")
    print(f"public modules          {len(names):6d}")
    print(f"public import paths     {sum(map(len, names.values())):6d}")
    print(f"distinct public names   {len(distinct):6d}")
    print(f"upward imports          {len(tree.upward()):6d}")
    print(f"imports past a room     {len(tree.into_private()):6d}")
    print(f"circles                 {len(tree.circles()):6d}")
    print("parameters of the largest:")
    for name, count in Counter(tree.parameters()).most_common(12):
        print(f"  {name:28s} {count:3d}")


if __name__ == "__main__":
    main()
