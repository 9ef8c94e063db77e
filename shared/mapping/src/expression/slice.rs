//! Slices, which are refused: the engine does not tell what `name[:7]` names, so it would not be
//! read from the CRM.

/// Whether the expression has a slice. `{'a': 1}` is none, nor is a colon in quotation marks or in
/// the text around.
pub(super) fn is_in(source: &str) -> bool {
    let mut rest = source;
    while let Some(at) = rest.find(['{']) {
        let inside = &rest[at + 1..];
        rest = match inside.chars().next() {
            Some('{' | '%') => {
                let (found, length) = code(&inside[1..]);
                if found {
                    return true;
                }
                &inside[1 + length..]
            }
            _ => inside,
        };
    }
    false
}

/// Looks through code to its end: whether a slice was found, and how long it is.
fn code(text: &str) -> (bool, usize) {
    let mut open = Vec::new();
    let mut quote = None;
    let mut before = ' ';
    for (at, c) in text.char_indices() {
        let escaped = std::mem::replace(&mut before, c) == '\\';
        if let Some(mark) = quote {
            quote = Some(mark).filter(|_| c != mark || escaped);
            continue;
        }
        match c {
            '\'' | '"' => quote = Some(c),
            '[' | '{' | '(' => open.push(c),
            ':' if open.last() == Some(&'[') => return (true, at),
            '}' if open.is_empty() => return (false, at),
            ']' | '}' | ')' => drop(open.pop()),
            _ => {}
        }
    }
    (false, text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slice_is_found_and_what_only_looks_like_one_is_not() {
        for text in [
            "{{ name[:7] }}",
            "a: [b] {{ x }} {% if name[1:] %}{% endif %}",
            "{{ {'a': name[0:2]} }}",
            "{{ '[' ~ a[ :2] }}",
        ] {
            assert!(is_in(text), "{text}");
        }
        for text in [
            "[a:b] {{ name }} [c:d]",
            "{{ '[:]' }}",
            "{{ {'a': 1}['a'] }}",
            "{{ a[0] }}: {x:[y]}",
            "{{ [{'a': b}] }}",
            "{% if a %}[x:y]{% endif %}",
            "{{ name",
            "{",
        ] {
            assert!(!is_in(text), "{text}");
        }
    }
}
