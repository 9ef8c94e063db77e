//! The subset of OData `$filter` that the list knows (contract partner-center 3.3), as a small
//! parser and its evaluation.

use jiff::Timestamp;
use serde_json::Value;
use uuid::Uuid;

/// A parsed filter.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Filter {
    Compare {
        pointer: String,
        operator: Operator,
        literal: Literal,
    },
    And(Box<Filter>, Box<Filter>),
    Or(Box<Filter>, Box<Filter>),
    /// Any member of `team` fits.
    AnyMember(Box<Filter>),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Operator {
    Eq,
    Ne,
    Gt,
    Ge,
    Lt,
    Le,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Literal {
    Null,
    Text(String),
    Date(Timestamp),
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Text,
    Date,
    Guid,
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Word(String),
    Quoted(String),
    Open,
    Close,
}

/// Names and kinds a filter may use; `id` and `name` are not printed in the documents but are plain
/// columns.
const FIELDS: &[(&str, Kind)] = &[
    ("id", Kind::Guid),
    ("engagementId", Kind::Guid),
    ("name", Kind::Text),
    ("status", Kind::Text),
    ("substatus", Kind::Text),
    ("qualification", Kind::Text),
    ("type", Kind::Text),
    ("direction", Kind::Text),
    ("customerProfile/address/country", Kind::Text),
    ("createdDateTime", Kind::Date),
    ("updatedDateTime", Kind::Date),
];

const MEMBER_FIELDS: &[&str] = &["email", "firstName", "lastName"];

/// Parses a filter; the error says what was not understood.
pub(crate) fn parse(source: &str, external_reference: bool) -> Result<Filter, String> {
    let mut parser =
        Parser { tokens: tokens(source)?, position: 0, external_reference, variable: None };
    let filter = parser.or()?;
    match parser.next() {
        None => Ok(filter),
        Some(token) => Err(format!("Unexpected {token:?} after the end of the filter.")),
    }
}

fn tokens(source: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut rest = source.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '(' => {
                tokens.push(Token::Open);
                1
            }
            ')' => {
                tokens.push(Token::Close);
                1
            }
            '\'' => {
                let (text, length) = quoted(rest)?;
                tokens.push(Token::Quoted(text));
                length
            }
            _ => {
                let length = rest
                    .find(|letter: char| letter.is_whitespace() || "()'".contains(letter))
                    .unwrap_or(rest.len());
                tokens.push(Token::Word(rest[..length].to_owned()));
                length
            }
        };
        rest = rest[length..].trim_start();
    }
    Ok(tokens)
}

/// A text in single quotes; a doubled quote stands for one. Answers the text and how many bytes it
/// took.
fn quoted(source: &str) -> Result<(String, usize), String> {
    let mut text = String::new();
    let mut letters = source.char_indices().skip(1).peekable();
    while let Some((index, letter)) = letters.next() {
        if letter != '\'' {
            text.push(letter);
        } else if letters.next_if(|(_, next)| *next == '\'').is_some() {
            text.push('\'');
        } else {
            return Ok((text, index + 1));
        }
    }
    Err("A quote is not closed.".to_owned())
}

struct Parser {
    tokens: Vec<Token>,
    position: usize,
    external_reference: bool,
    variable: Option<String>,
}

impl Parser {
    fn next(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.position).cloned();
        self.position += 1;
        token
    }

    fn take(&mut self, wanted: &Token) -> bool {
        let found = self.tokens.get(self.position) == Some(wanted);
        self.position += usize::from(found);
        found
    }

    fn word(&mut self, what: &str) -> Result<String, String> {
        match self.next() {
            Some(Token::Word(word)) => Ok(word),
            other => Err(format!("Expected {what}, found {other:?}.")),
        }
    }

    fn close(&mut self) -> Result<(), String> {
        if self.take(&Token::Close) {
            Ok(())
        } else {
            Err("A parenthesis is not closed.".to_owned())
        }
    }

    fn or(&mut self) -> Result<Filter, String> {
        let mut left = self.and()?;
        while self.take(&Token::Word("or".to_owned())) {
            left = Filter::Or(Box::new(left), Box::new(self.and()?));
        }
        Ok(left)
    }

    fn and(&mut self) -> Result<Filter, String> {
        let mut left = self.term()?;
        while self.take(&Token::Word("and".to_owned())) {
            left = Filter::And(Box::new(left), Box::new(self.term()?));
        }
        Ok(left)
    }

    fn term(&mut self) -> Result<Filter, String> {
        if self.take(&Token::Open) {
            let inner = self.or()?;
            self.close()?;
            return Ok(inner);
        }
        let path = self.word("a property")?;
        if self.take(&Token::Open) {
            return self.lambda(&path);
        }
        let (pointer, kind) = self.field(&path)?;
        let operator = operator(&self.word("an operator")?)?;
        let literal = self.literal(kind, &path)?;
        Ok(Filter::Compare { pointer, operator, literal })
    }

    /// `team/any(t:t/email eq '…')`, after the opening parenthesis.
    fn lambda(&mut self, path: &str) -> Result<Filter, String> {
        if path != "team/any" || self.variable.is_some() {
            return Err(format!("The function {path} is not supported."));
        }
        let word = self.word("a variable")?;
        let (variable, rest) = word.split_once(':').ok_or("Expected a variable and a colon.")?;
        if !rest.is_empty() {
            self.position -= 1;
            self.tokens[self.position] = Token::Word(rest.to_owned());
        }
        self.variable = Some(variable.to_owned());
        let inner = self.or()?;
        self.variable = None;
        self.close()?;
        Ok(Filter::AnyMember(Box::new(inner)))
    }

    fn field(&self, path: &str) -> Result<(String, Kind), String> {
        let unknown = || format!("{path} cannot be used in $filter.");
        if let Some(variable) = &self.variable {
            let (first, field) = path.split_once('/').ok_or_else(unknown)?;
            let known = first == variable && MEMBER_FIELDS.contains(&field);
            return if known { Ok((format!("/{field}"), Kind::Text)) } else { Err(unknown()) };
        }
        if path == "externalReferenceId" && self.external_reference {
            return Ok((format!("/{path}"), Kind::Text));
        }
        let (_, kind) = FIELDS.iter().find(|(name, _)| *name == path).ok_or_else(unknown)?;
        Ok((format!("/{path}"), *kind))
    }

    fn literal(&mut self, kind: Kind, path: &str) -> Result<Literal, String> {
        let wrong = || format!("The value does not fit {path}: texts are quoted, dates are not.");
        match (self.next(), kind) {
            (Some(Token::Word(word)), _) if word == "null" => Ok(Literal::Null),
            (Some(Token::Word(word)), Kind::Date) => {
                word.parse().map(Literal::Date).map_err(|_| wrong())
            }
            (Some(Token::Word(word) | Token::Quoted(word)), Kind::Guid) => {
                word.parse::<Uuid>().map(|id| Literal::Text(id.to_string())).map_err(|_| wrong())
            }
            (Some(Token::Quoted(text)), Kind::Text) => Ok(Literal::Text(text)),
            _ => Err(wrong()),
        }
    }
}

fn operator(word: &str) -> Result<Operator, String> {
    match word {
        "eq" => Ok(Operator::Eq),
        "ne" => Ok(Operator::Ne),
        "gt" => Ok(Operator::Gt),
        "ge" => Ok(Operator::Ge),
        "lt" => Ok(Operator::Lt),
        "le" => Ok(Operator::Le),
        other => Err(format!("The operator {other} is not supported.")),
    }
}

impl Filter {
    /// Whether a document fits.
    pub(crate) fn fits(&self, document: &Value) -> bool {
        match self {
            Self::And(left, right) => left.fits(document) && right.fits(document),
            Self::Or(left, right) => left.fits(document) || right.fits(document),
            Self::AnyMember(inner) => document["team"]
                .as_array()
                .is_some_and(|team| team.iter().any(|member| inner.fits(member))),
            Self::Compare { pointer, operator, literal } => {
                let value = document.pointer(pointer).and_then(Value::as_str);
                match literal {
                    Literal::Null => match operator {
                        Operator::Eq => value.is_none(),
                        Operator::Ne => value.is_some(),
                        _ => false,
                    },
                    Literal::Text(text) => operator.holds(value, Some(text.as_str())),
                    Literal::Date(date) => operator.holds(
                        value.and_then(|value| value.parse::<Timestamp>().ok()),
                        Some(*date),
                    ),
                }
            }
        }
    }
}

impl Operator {
    fn holds<T: PartialOrd>(self, left: Option<T>, right: Option<T>) -> bool {
        match self {
            Self::Eq => left == right,
            Self::Ne => left != right,
            _ => match (left, right) {
                (Some(left), Some(right)) => match self {
                    Self::Gt => left > right,
                    Self::Ge => left >= right,
                    Self::Lt => left < right,
                    _ => left <= right,
                },
                _ => false,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn fits(filter: &str) -> bool {
        let document = json!({
            "engagementId": "0f6f2b57-7f4e-4c8d-8c0e-55c7a1d4e3b2", "name": "O'Hara (new)",
            "status": "New", "direction": "Incoming",
            "updatedDateTime": "2026-03-04T09:12:33.4810276Z", "externalReferenceId": null,
            "customerProfile": { "address": { "country": "SE" } },
            "team": [{ "email": "a@b.example" }],
        });
        parse(filter, true).unwrap().fits(&document)
    }

    #[test]
    fn the_documented_forms_are_understood() {
        assert!(fits("direction eq 'Incoming' and status eq 'New'"));
        assert!(!fits("direction eq 'Incoming' and status eq 'Closed'"));
        assert!(fits(
            "status eq 'Closed' or (status eq 'New' and customerProfile/address/country eq 'SE')"
        ));
        assert!(fits("engagementId eq 0F6F2B57-7f4e-4c8d-8c0e-55c7a1d4e3b2"));
        assert!(fits("engagementId eq '0f6f2b57-7f4e-4c8d-8c0e-55c7a1d4e3b2'"));
        assert!(fits(
            "updatedDateTime gt 2026-03-04T09:12:33.4810275Z and updatedDateTime le \
             2026-03-04T09:12:33.4810276Z"
        ));
        assert!(fits("team/any(t:t/email eq 'a@b.example')"));
        assert!(fits(
            "team/any(t: t/email eq 'x' or t/email eq 'a@b.example') and name eq 'O''Hara (new)'"
        ));
        assert!(fits("externalReferenceId eq null"));
        assert!(fits("status ne 'Closed'"));
    }

    #[test]
    fn what_the_service_is_not_known_to_understand_is_refused() {
        for filter in [
            "contains(name, 'x')",
            "details/dealValue gt 5",
            "updatedDateTime gt '2026-03-04T09:12:33Z'",
            "status eq New",
            "status eq 'New' and",
            "(status eq 'New'",
            "name eq 'open",
            "status in 'New'",
            "team/any(t:x/email eq 'a')",
        ] {
            assert!(parse(filter, true).is_err(), "{filter} should be refused");
        }
        assert!(parse("externalReferenceId eq 'x'", false).is_err());
    }
}
