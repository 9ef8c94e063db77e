import unittest

import words


def found(listed: str, text: str, path: str = "a.rs") -> list[tuple[int, str]]:
    return [(hit.line, hit.word.retired) for hit in words.hits(path, text, words.words(listed))]


class Words(unittest.TestCase):
    def test_a_word_is_found_in_any_case_and_inside_names(self):
        for text in ["a seller is told", "Told once", "told_before", "is_told", "MicrosoftTold", "TOLD", "TOLD_ONCE", "toldBefore"]:
            self.assertEqual(found("all | told | notify", text), [(1, "told")], text)

    def test_a_word_is_not_found_inside_another(self):
        for text in ["untold", "stolden", "UNTOLD", "Retold"]:
            self.assertEqual(found("all | told | notify", text), [], text)

    def test_a_phrase_is_found_in_names_and_across_the_lines_of_a_comment(self):
        for text in ["in step", "In step", "InStep", "in_step", "in-step", "IN_STEP", "in\nstep", "/// in\n/// step", "//! in\n  //! step"]:
            self.assertEqual(found("all | in step | in sync", text), [(1, "in step")], text)
        for text in ["in steps", "within step", "in. Step"]:
            self.assertEqual(found("all | in step | in sync", text), [], text)

    def test_a_name_with_capitals_or_signs_is_found_literally(self):
        self.assertEqual(found("code | Look | `Reconciliation`", "fn look(a: Look, b: Lookup, c: LookAt)"), [(1, "Look")])
        self.assertEqual(found("all | Outside:: | `System`", "is Outside::Store"), [(1, "Outside::")])
        self.assertEqual(found("all | not-kept | dropped-write", "a not-kept\nis not kept"), [(1, "not-kept")])

    def test_a_word_of_the_code_may_stand_in_a_document(self):
        self.assertEqual(found("code | Look | `Reconciliation`", "Look", "a.md"), [])

    def test_a_hit_names_its_line(self):
        self.assertEqual(found("all | cure | remedy", "fine\n\ncure, cure\n"), [(3, "cure"), (3, "cure")])

    def test_an_allowance_is_for_its_files_and_its_word_and_must_be_needed(self):
        listed = words.words("all | cure | remedy\nall | told | notify")
        hits = words.hits("docs/a.md", "cure told", listed)
        allowed = words.rows("docs/*.md | cure | a quotation\nb.md | * | a quotation")
        rest, needless = words.left(hits, allowed)
        self.assertEqual([hit.word.retired for hit in rest], ["told"])
        self.assertEqual([row[0] for row in needless], ["b.md"])

    def test_a_line_without_all_its_columns_is_refused(self):
        for text in ["told", "all | told |", "told | notify", "rust | told | notify"]:
            with self.assertRaises(ValueError, msg=text):
                words.words(text)


if __name__ == "__main__":
    unittest.main()
