//! The grammar of `$filter` (contract dynamics365 3.3): text to expression, without looking at the
//! schema.

use jiff::Timestamp;
use uuid::Uuid;

use super::cell::Cell;
use super::payload::{date, moment};
use super::refusal::{Outcome, Refusal};

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Expr {
    And(Box<Expr>, Box<Expr>),
    Or(Box<Expr>, Box<Expr>),
    Not(Box<Expr>),
    Compare {
        path: Path,
        comparison: Comparison,
        literal: Cell,
    },
    Text {
        test: TextTest,
        path: Path,
        pattern: String,
    },
    /// `Microsoft.Dynamics.CRM.In`: values as written, without their double quotes.
    In {
        path: Path,
        values: Vec<String>,
    },
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Comparison {
    Eq,
    Ne,
    Gt,
    Ge,
    Lt,
    Le,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum TextTest {
    Contains,
    StartsWith,
    EndsWith,
}

/// `name`, or `customerid_account/name`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Path {
    pub(crate) navigation: Option<String>,
    pub(crate) property: String,
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Word(String),
    /// `'…'`
    Text(String),
    /// `"…"`, only in the arrays of query functions.
    Member(String),
    Sign(char),
}

/// Reads a decoded `$filter` text.
pub(crate) fn parse(text: &str) -> Outcome<Expr> {
    let mut parser = Parser { tokens: tokens(text)?, at: 0 };
    let expr = parser.any_of()?;
    match parser.peek() {
        None => Ok(expr),
        Some(_) => Err(syntax("Syntax error: text after the end of the filter expression")),
    }
}

fn syntax(message: &str) -> Refusal {
    Refusal::query(format!("{message} in the $filter query option."))
}

fn tokens(text: &str) -> Outcome<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let (token, length) = match first {
            '(' | ')' | ',' | '=' | '[' | ']' => (Token::Sign(first), 1),
            '\'' => quoted(rest)?,
            '"' => {
                let inner = rest[1..]
                    .split_once('"')
                    .ok_or_else(|| syntax("There is an unterminated literal"))?
                    .0;
                (Token::Member(inner.into()), inner.len() + 2)
            }
            _ => {
                let end = rest
                    .find(|c: char| c.is_whitespace() || "(),=[]'\"".contains(c))
                    .unwrap_or(rest.len());
                (Token::Word(rest[..end].into()), end)
            }
        };
        tokens.push(token);
        rest = rest[length..].trim_start();
    }
    Ok(tokens)
}

/// A string literal at the start of `rest`, its quotes doubled inside, and its length as written.
fn quoted(rest: &str) -> Outcome<(Token, usize)> {
    let mut end = 1;
    loop {
        end += rest[end..]
            .find('\'')
            .ok_or_else(|| syntax("There is an unterminated string literal"))?;
        if !rest[end + 1..].starts_with('\'') {
            return Ok((Token::Text(rest[1..end].replace("''", "'")), end + 1));
        }
        end += 2;
    }
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
}

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn next(&mut self) -> Outcome<Token> {
        let token =
            self.peek().cloned().ok_or_else(|| syntax("Syntax error: expression expected"))?;
        self.at += 1;
        Ok(token)
    }

    fn accept_word(&mut self, word: &str) -> bool {
        let found = matches!(self.peek(), Some(Token::Word(next)) if next == word);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, sign: char) -> Outcome<()> {
        match self.next()? {
            Token::Sign(found) if found == sign => Ok(()),
            _ => Err(syntax(&format!("Syntax error: '{sign}' expected"))),
        }
    }

    fn any_of(&mut self) -> Outcome<Expr> {
        let mut left = self.all_of()?;
        while self.accept_word("or") {
            left = Expr::Or(Box::new(left), Box::new(self.all_of()?));
        }
        Ok(left)
    }

    fn all_of(&mut self) -> Outcome<Expr> {
        let mut left = self.term()?;
        while self.accept_word("and") {
            left = Expr::And(Box::new(left), Box::new(self.term()?));
        }
        Ok(left)
    }

    fn term(&mut self) -> Outcome<Expr> {
        if self.accept_word("not") {
            return Ok(Expr::Not(Box::new(self.term()?)));
        }
        match self.next()? {
            Token::Sign('(') => {
                let inner = self.any_of()?;
                self.expect(')')?;
                Ok(inner)
            }
            Token::Word(word) if self.peek() == Some(&Token::Sign('(')) => self.function(&word),
            Token::Word(word) => self.comparison(&word),
            _ => Err(syntax("Syntax error: a property name is expected")),
        }
    }

    fn function(&mut self, name: &str) -> Outcome<Expr> {
        self.expect('(')?;
        let test = match name {
            "contains" => TextTest::Contains,
            "startswith" => TextTest::StartsWith,
            "endswith" => TextTest::EndsWith,
            "Microsoft.Dynamics.CRM.In" => return self.in_list(),
            _ => {
                return Err(Refusal::query(format!(
                    "An unknown function with name '{name}' was found."
                )));
            }
        };
        let path = self.path()?;
        self.expect(',')?;
        let Token::Text(pattern) = self.next()? else {
            return Err(syntax(&format!("'{name}' takes a string in single quotes")));
        };
        self.expect(')')?;
        Ok(Expr::Text { test, path, pattern })
    }

    fn in_list(&mut self) -> Outcome<Expr> {
        self.named("PropertyName")?;
        let Token::Text(property) = self.next()? else {
            return Err(syntax("PropertyName is a string in single quotes"));
        };
        self.expect(',')?;
        self.named("PropertyValues")?;
        self.expect('[')?;
        let mut values = Vec::new();
        loop {
            match self.next()? {
                Token::Member(value) => values.push(value),
                _ => return Err(syntax("PropertyValues are strings in double quotes")),
            }
            match self.next()? {
                Token::Sign(',') => {}
                Token::Sign(']') => break,
                _ => return Err(syntax("Syntax error: ',' or ']' expected")),
            }
        }
        self.expect(')')?;
        Ok(Expr::In { path: path(&property), values })
    }

    fn named(&mut self, name: &str) -> Outcome<()> {
        if self.accept_word(name) {
            return self.expect('=');
        }
        Err(syntax(&format!("parameter '{name}' expected")))
    }

    fn path(&mut self) -> Outcome<Path> {
        match self.next()? {
            Token::Word(word) => Ok(path(&word)),
            _ => Err(syntax("Syntax error: a property name is expected")),
        }
    }

    fn comparison(&mut self, word: &str) -> Outcome<Expr> {
        let Token::Word(operator) = self.next()? else {
            return Err(syntax("Syntax error: an operator is expected"));
        };
        let comparison = match operator.as_str() {
            "eq" => Comparison::Eq,
            "ne" => Comparison::Ne,
            "gt" => Comparison::Gt,
            "ge" => Comparison::Ge,
            "lt" => Comparison::Lt,
            "le" => Comparison::Le,
            other => {
                return Err(syntax(&format!("Syntax error: '{other}' is not an operator")));
            }
        };
        let literal = match self.next()? {
            Token::Text(text) => Cell::Text(text),
            Token::Word(word) => {
                literal(&word).ok_or_else(|| syntax(&format!("'{word}' is not a literal")))?
            }
            _ => return Err(syntax("Syntax error: a literal is expected")),
        };
        Ok(Expr::Compare { path: path(word), comparison, literal })
    }
}

fn path(word: &str) -> Path {
    match word.split_once('/') {
        Some((navigation, property)) => {
            Path { navigation: Some(navigation.into()), property: property.into() }
        }
        None => Path { navigation: None, property: word.into() },
    }
}

/// A bare literal: null, true, number, guid, date, moment with offset.
pub(crate) fn literal(word: &str) -> Option<Cell> {
    match word {
        "null" => return Some(Cell::Null),
        "true" => return Some(Cell::Bool(true)),
        "false" => return Some(Cell::Bool(false)),
        _ => {}
    }
    if let Ok(id) = Uuid::parse_str(word) {
        return (word.len() == 36).then_some(Cell::Guid(id));
    }
    if let Ok(number) = word.parse() {
        return Some(Cell::Int(number));
    }
    if word.starts_with(|c: char| c.is_ascii_digit() || c == '-') {
        if let Ok(number) = word.parse() {
            return Some(Cell::Number(number));
        }
        return date(word).or_else(|| word.parse::<Timestamp>().ok().and_then(|_| moment(word)));
    }
    None
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn and_binds_tighter_than_or() {
        let expr = parse("a eq 1 or b eq 2 and not (c ne null)").unwrap();
        let Expr::Or(_, right) = expr else { panic!("or is the root") };
        assert!(matches!(*right, Expr::And(_, _)));
    }

    #[test]
    fn doubled_quotes_are_one_quote() {
        let Expr::Compare { literal, .. } = parse("name eq 'O''Neill'").unwrap() else {
            panic!("a comparison")
        };
        assert_eq!(literal, Cell::Text("O'Neill".into()));
    }

    #[test]
    fn literals_are_typed() {
        assert_eq!(literal("-5"), Some(Cell::Int(-5)));
        assert_eq!(literal("1.5"), Some(Cell::Number(1.5)));
        assert!(matches!(literal("2026-11-30"), Some(Cell::Date(_))));
        assert!(matches!(literal("2026-11-30T01:02:03Z"), Some(Cell::Moment(_))));
        assert!(matches!(literal("77aa0f10-3c1d-4c2b-8c11-5f0e9a7b6c5d"), Some(Cell::Guid(_))));
        assert_eq!(literal("Won"), None);
    }

    #[test]
    fn broken_filters_are_refused() {
        for text in [
            "name eq",
            "name eq 'x",
            "(name eq 'x'",
            "name is 'x'",
            "name eq 'x' 'y'",
            "length(name) eq 2",
            "",
        ] {
            assert_eq!(parse(text).unwrap_err().code, "0x80060888", "{text}");
        }
    }
}
