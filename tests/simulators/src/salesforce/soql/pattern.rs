//! LIKE: `%` for any characters, `_` for one, a backslash before what stands for itself; case does
//! not matter.

pub(super) fn like(text: &str, pattern: &str) -> bool {
    let fold = |text: &str| text.to_lowercase().chars().collect::<Vec<char>>();
    matches(&fold(text), &fold(pattern))
}

fn matches(text: &[char], pattern: &[char]) -> bool {
    match pattern {
        [] => text.is_empty(),
        ['%', rest @ ..] => (0..=text.len()).any(|skipped| matches(&text[skipped..], rest)),
        ['_', rest @ ..] => !text.is_empty() && matches(&text[1..], rest),
        ['\\', literal, rest @ ..] | [literal, rest @ ..] => {
            text.first() == Some(literal) && matches(&text[1..], rest)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::like;

    #[test]
    fn wildcards_and_escapes_are_distinguished() {
        for (text, pattern, fits) in [
            ("Litware pilot", "litware%", true),
            ("Litware pilot", "%pilot", true),
            ("Litware pilot", "pilot", false),
            ("abc", "a_c", true),
            ("abbc", "a_c", false),
            ("100%", "100\\%", true),
            ("1000", "100\\%", false),
            ("a\\b", "a\\\\b", true),
            ("", "%", true),
        ] {
            assert_eq!(like(text, pattern), fits, "{text} LIKE {pattern}");
        }
    }
}
