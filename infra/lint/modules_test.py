"""Tests of modules.py on small crates."""

import contextlib
import io
import pathlib
import tempfile
import unittest

import modules


def checked(files: dict[str, str]) -> tuple[int, str]:
    """What the check says of a crate `deal` with these files."""
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        for name, text in files.items():
            file = root / "shared/deal/src" / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        said = io.StringIO()
        with contextlib.redirect_stderr(said):
            return modules.main(root), said.getvalue()


ONE_WAY = {"lib.rs": "mod a;\nmod b;\n", "a.rs": "use crate::b::B;\n", "b.rs": "pub struct B;\n"}
CYCLE = {**ONE_WAY, "b.rs": "use super::a;\npub struct B;\n"}
IN_TESTS = {**ONE_WAY, "b.rs": "pub struct B;\n#[cfg(test)]\nmod tests {\n    use crate::a;\n}\n"}


class Modules(unittest.TestCase):
    def test_one_way_is_right(self) -> None:
        self.assertEqual(checked(ONE_WAY), (0, ""))

    def test_a_cycle_is_named(self) -> None:
        code, said = checked(CYCLE)
        self.assertEqual(code, 1)
        self.assertIn("a -> b", said)

    def test_what_tests_import_does_not_count(self) -> None:
        self.assertEqual(checked(IN_TESTS), (0, ""))


if __name__ == "__main__":
    unittest.main()
