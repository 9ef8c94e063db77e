"""Finds retired words: names that the project has replaced by a standard term (docs/glossary.md).

Reads the tracked files of the kinds in KINDS. `words.txt` has the words with their standard terms, `words-allowed.txt` the
places that may keep one. Prints each hit with file, line, word and standard term, and ends with 1 if there is any.
`--count` prints how often each word stands where, instead.
"""

import argparse
import collections
import fnmatch
import pathlib
import re
import subprocess
import sys
import typing

ROOT = pathlib.Path(__file__).resolve().parents[2]
HERE = pathlib.Path(__file__).resolve().parent
KINDS = (".rs", ".md", ".toml", ".json", ".yaml", "Makefile")

# Between two words of a phrase: blanks, the beginning of a comment's next line, or what joins the parts of a name.
BETWEEN = r"(?:[ \t_-]+|[ \t]*\n[ \t]*(?:///?|//!|#)?[ \t]*)"


class Word(typing.NamedTuple):
    retired: str
    standard: str
    code_only: bool
    pattern: re.Pattern


class Hit(typing.NamedTuple):
    path: str
    line: int
    word: Word


def pattern(retired: str) -> re.Pattern:
    """Lower case and blanks: a word or phrase in any case, and as a part of a name. Anything else: that name, literally."""
    if re.fullmatch(r"[a-z' ]+", retired):
        parts = retired.split(" ")
        either = BETWEEN.join(f"[{part[0]}{part[0].upper()}]{part[1:]}" for part in parts)
        camel = "".join(part.capitalize() for part in parts)
        constant = "_".join(part.upper() for part in parts)
        begins = r"(?:(?<![A-Za-z])|(?<=[a-z0-9])(?=[A-Z]))"
        return re.compile(f"{begins}(?:{either}|{camel}|{constant}(?![A-Z]))(?![a-z])")
    ends = r"(?![A-Za-z0-9_])" if retired[-1].isalnum() else ""
    return re.compile(rf"(?<![A-Za-z0-9_]){re.escape(retired)}{ends}")


def rows(text: str) -> list[list[str]]:
    """The lines of a table of three columns with `|` between them; `#` begins a comment."""
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip() and not line.startswith("#"):
            cells = [cell.strip() for cell in line.split("|")]
            if len(cells) != 3 or not all(cells):
                raise ValueError(f"line {number}: three columns are needed: {line}")
            found.append(cells)
    return found


def words(text: str) -> list[Word]:
    found = []
    for where, retired, standard in rows(text):
        if where not in ("all", "code"):
            raise ValueError(f"`{retired}`: the first column says `all` or `code`, not `{where}`")
        found.append(Word(retired, standard, where == "code", pattern(retired)))
    return found


def hits(path: str, text: str, listed: list[Word]) -> list[Hit]:
    found = []
    for word in listed:
        if not (word.code_only and path.endswith(".md")):
            starts = (match.start() for match in word.pattern.finditer(text))
            found += [Hit(path, text.count("\n", 0, start) + 1, word) for start in starts]
    return sorted(found, key=lambda hit: hit.line)


def left(found: list[Hit], allowed: list[list[str]]) -> tuple[list[Hit], list[list[str]]]:
    """The hits that nothing allows, and the allowances that nothing needs."""
    rest, needed = [], set()
    for hit in found:
        fits = [
            number
            for number, (path, retired, _) in enumerate(allowed)
            if fnmatch.fnmatchcase(hit.path, path) and retired in ("*", hit.word.retired)
        ]
        needed.update(fits)
        if not fits:
            rest.append(hit)
    return rest, [row for number, row in enumerate(allowed) if number not in needed]


def tracked() -> list[str]:
    # A checkout may belong to another user than the one who builds.
    listing = ["git", "-c", "safe.directory=*", "ls-files", "-z"]
    output = subprocess.run(listing, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return [path for path in output.split("\0") if path.endswith(KINDS) and (ROOT / path).is_file()]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", action="store_true", help="how often each word stands where")
    arguments = parser.parse_args()

    listed = words((HERE / "words.txt").read_text(encoding="utf-8"))
    allowed = rows((HERE / "words-allowed.txt").read_text(encoding="utf-8"))
    found = []
    for path in tracked():
        found += hits(path, (ROOT / path).read_text(encoding="utf-8"), listed)
    found, needless = left(found, allowed)

    if arguments.count:
        counts = collections.Counter((hit.word.retired, pathlib.Path(hit.path).suffix or hit.path) for hit in found)
        for (retired, kind), count in sorted(counts.items(), key=lambda item: (item[0][1], -item[1])):
            print(f"{count:6}  {kind:9} {retired}")
    else:
        for hit in found:
            print(f"{hit.path}:{hit.line}: `{hit.word.retired}` is not used any more; write {hit.word.standard}")
    for path, retired, _ in needless:
        print(f"infra/lint/words-allowed.txt: nothing in {path} needs `{retired}` any more")
    if found:
        print(f"{len(found)} retired words; docs/glossary.md explains the standard terms")
    return 1 if found or needless else 0


if __name__ == "__main__":
    sys.exit(main())
