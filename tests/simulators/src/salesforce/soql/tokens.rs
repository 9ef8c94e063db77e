//! A query cut into tokens.

use super::refusals::malformed;
use crate::salesforce::refusal::Outcome;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
    /// A keyword, a path, or a relative date such as `LAST_N_DAYS:7`.
    Word(String),
    /// A quoted string; `pattern` keeps a backslash before what stands for itself in LIKE.
    Quoted {
        text: String,
        pattern: String,
    },
    /// A number, date or datetime, as written.
    Plain(String),
    Symbol(&'static str),
    End,
}

#[derive(Clone, Debug)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) at: usize,
}

/// Longer symbols first.
const SYMBOLS: [&str; 11] = ["<=", ">=", "!=", "<>", "=", "<", ">", "(", ")", ",", "*"];

pub(super) fn tokens(query: &str) -> Outcome<Vec<Token>> {
    let characters: Vec<char> = query.chars().collect();
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(character) = characters.get(at) {
        let start = at;
        let kind = if character.is_whitespace() {
            at += 1;
            continue;
        } else if *character == '\'' {
            quoted(query, &characters, &mut at)?
        } else if character.is_ascii_digit() || matches!(character, '-' | '+') {
            Kind::Plain(run(&characters, &mut at, |next| {
                next.is_ascii_alphanumeric() || ":.+-".contains(next)
            }))
        } else if character.is_ascii_alphabetic() {
            Kind::Word(run(&characters, &mut at, |next| {
                next.is_ascii_alphanumeric() || "_.:".contains(next)
            }))
        } else {
            let starts = |symbol: &&&str| {
                symbol.chars().eq(characters[at..].iter().copied().take(symbol.len()))
            };
            let symbol = SYMBOLS.iter().find(starts);
            let Some(symbol) = symbol else {
                return Err(malformed(query, at, &format!("unexpected token: '{character}'")));
            };
            at += symbol.len();
            Kind::Symbol(symbol)
        };
        found.push(Token { kind, at: start });
    }
    found.push(Token { kind: Kind::End, at: characters.len() });
    Ok(found)
}

fn run(characters: &[char], at: &mut usize, belongs: impl Fn(char) -> bool) -> String {
    let start = *at;
    *at += 1;
    while characters.get(*at).is_some_and(|next| belongs(*next)) {
        *at += 1;
    }
    characters[start..*at].iter().collect()
}

/// A string in single quotes with the escapes of contract salesforce 3.1; any other escape is an
/// error.
fn quoted(query: &str, characters: &[char], at: &mut usize) -> Outcome<Kind> {
    let start = *at;
    let (mut text, mut pattern) = (String::new(), String::new());
    *at += 1;
    loop {
        let character = characters
            .get(*at)
            .ok_or_else(|| malformed(query, start, "unterminated string literal"))?;
        *at += 1;
        match character {
            '\'' => return Ok(Kind::Quoted { text, pattern }),
            '\\' => {
                let escaped = characters.get(*at).copied().unwrap_or_default();
                let meant = match escaped {
                    'n' | 'N' => '\n',
                    'r' | 'R' => '\r',
                    't' | 'T' => '\t',
                    'b' | 'B' => '\u{8}',
                    'f' | 'F' => '\u{c}',
                    '\'' | '"' | '\\' | '_' | '%' => escaped,
                    _ => {
                        return Err(malformed(
                            query,
                            *at - 1,
                            &format!("illegal escape: '\\{escaped}'"),
                        ));
                    }
                };
                *at += 1;
                text.push(meant);
                if matches!(meant, '\\' | '_' | '%') {
                    pattern.push('\\');
                }
                pattern.push(meant);
            }
            other => {
                text.push(*other);
                pattern.push(*other);
            }
        }
    }
}
