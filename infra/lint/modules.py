"""Finds import cycles between the modules of the crates in `shared/`.

A module is a file. A parent that declares a child does not import it; a `use` or a path into it does. What tests import does not
count. Exits with 1 and names each cycle.
"""

import re
import sys
from pathlib import Path

DECLARED = re.compile(r"^\s*(?:pub(?:\([^)]*\))?\s+)?mod\s+(\w+)\s*;", re.M)
USE = re.compile(r"\buse\s+((?:crate|super|self)::[^;]+);", re.S)
PATH = re.compile(r"(?<![\w:])((?:crate|super)(?:::\w+)+)")
RE_EXPORT = re.compile(r"\bpub(?:\([^)]*\))?\s+use\s+[^;]+;", re.S)


def without_tests(text: str) -> str:
    """The text up to its unit tests, without comments and strings."""
    text = re.sub(r"//[^\n]*", "", text)
    text = re.sub(r'"(?:\\.|[^"\\])*"', '""', text)
    text = re.sub(r"#\[cfg\(test\)\]\s*(?:#\[[^\]]*\]\s*)*mod\s+\w+\s*;", "", text)
    start = re.search(r"#\[cfg\(test\)\]\s*(?:#\[[^\]]*\]\s*)*mod\s+\w+\s*\{", text)
    return text[: start.start()] if start else text


def modules(source: Path) -> dict[tuple[str, ...], Path]:
    """The modules of a crate by their path, as its files declare them."""
    found: dict[tuple[str, ...], Path] = {}

    def visit(name: tuple[str, ...], file: Path) -> None:
        found[name] = file
        folder = file.parent if file.name in ("lib.rs", "mod.rs") else file.with_suffix("")
        for child in DECLARED.findall(without_tests(file.read_text())):
            for candidate in (folder / f"{child}.rs", folder / child / "mod.rs"):
                if candidate.is_file():
                    visit((*name, child), candidate)

    if (source / "lib.rs").is_file():
        visit((), source / "lib.rs")
    return found


def spread(text: str) -> list[str]:
    """`a::{b, c::d}` as `a::b` and `a::c::d`."""
    text = re.sub(r"\s+as\s+\w+", "", text)
    text = re.sub(r"\s", "", text)
    brace = text.find("{")
    if brace < 0:
        return [text]
    depth, parts, part = 0, [], ""
    for sign in text[brace + 1 : text.rindex("}")]:
        if sign == "," and depth == 0:
            parts.append(part)
            part = ""
            continue
        depth += (sign == "{") - (sign == "}")
        part += sign
    parts.append(part)
    return [whole for part in parts if part for whole in spread(text[:brace] + part)]


def imports(name: tuple[str, ...], file: Path, known: dict[tuple[str, ...], Path]) -> set[tuple[str, ...]]:
    """The modules that a module imports from."""
    text = without_tests(file.read_text())
    own = re.sub(RE_EXPORT, "", text) if file.name in ("lib.rs", "mod.rs") else text
    paths = [path for use in USE.findall(own) for path in spread(use)]
    paths += PATH.findall(re.sub(USE, "", own))
    found = set()
    for path in paths:
        segments = path.split("::")
        at = list(name)
        if segments[0] == "crate":
            at = []
        else:
            while segments and segments[0] == "super":
                at = at[:-1]
                segments = segments[1:]
            segments = ["", *segments]
        for segment in segments[1:]:
            if (*at, segment) not in known:
                break
            at.append(segment)
        if tuple(at) != name:
            found.add(tuple(at))
    # The crate's root and a folder's own file only re-export: what they name stands elsewhere.
    return {target for target in found if target}


def cycles(graph: dict[tuple[str, ...], set[tuple[str, ...]]]) -> list[list[tuple[str, ...]]]:
    """The strongly connected parts of more than one module (Tarjan)."""
    index, low, stack, on, order, result = {}, {}, [], set(), iter(range(10**9)), []

    def visit(node: tuple[str, ...]) -> None:
        index[node] = low[node] = next(order)
        stack.append(node)
        on.add(node)
        for target in sorted(graph.get(node, ())):
            if target not in index:
                visit(target)
                low[node] = min(low[node], low[target])
            elif target in on:
                low[node] = min(low[node], index[target])
        if low[node] == index[node]:
            part = []
            while True:
                last = stack.pop()
                on.discard(last)
                part.append(last)
                if last == node:
                    break
            if len(part) > 1:
                result.append(sorted(part))

    sys.setrecursionlimit(10_000)
    for node in sorted(graph):
        if node not in index:
            visit(node)
    return result


def cycles_of(crate: Path) -> list[str]:
    """The cycles of a crate, in words."""
    known = modules(crate / "src")
    graph = {name: imports(name, file, known) for name, file in known.items()}
    found = []
    for part in cycles(graph):
        lines = [f"shared/{crate.name}: these modules import each other:"]
        for name in part:
            back = ["::".join(target) for target in sorted(graph[name]) if target in part]
            lines.append(f"    {'::'.join(name)} -> {', '.join(back)}")
        found.append("\n".join(lines))
    return found


def main(root: Path) -> int:
    """Prints what is wrong; 1 if anything is."""
    wrong = []
    for crate in sorted(path for path in (root / "shared").iterdir() if (path / "src").is_dir()):
        wrong += cycles_of(crate)
    for line in wrong:
        print(line, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1] if len(sys.argv) > 1 else ".")))
