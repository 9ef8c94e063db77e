//! From tokens to a query; anything outside the subset is refused as malformed.

use super::literals::Literal;
use super::refusals::malformed;
use super::tokens::{Kind, Token, tokens};
use super::{Comparison, Condition, Name, Order, Query, Selection, Test};
use crate::salesforce::refusal::{Outcome, Refusal};

pub(crate) fn parse(text: &str) -> Outcome<Query> {
    let mut parser = Parser { text, tokens: tokens(text)?, next: 0 };
    let query = parser.query(false)?;
    match parser.peek() {
        Kind::End => Ok(query),
        _ => Err(parser.unexpected()),
    }
}

struct Parser<'a> {
    text: &'a str,
    tokens: Vec<Token>,
    next: usize,
}

impl Parser<'_> {
    /// The last token is the end, which is never passed.
    fn here(&self) -> &Token {
        &self.tokens[self.next.min(self.tokens.len() - 1)]
    }

    fn peek(&self) -> &Kind {
        &self.here().kind
    }

    fn unexpected(&self) -> Refusal {
        let token = self.here();
        let shown = match &token.kind {
            Kind::Word(text) | Kind::Plain(text) | Kind::Quoted { text, .. } => format!("'{text}'"),
            Kind::Symbol(symbol) => format!("'{symbol}'"),
            Kind::End => "'<EOF>'".into(),
        };
        malformed(self.text, token.at, &format!("unexpected token: {shown}"))
    }

    fn is_word(&self, word: &str) -> bool {
        matches!(self.peek(), Kind::Word(text) if text.eq_ignore_ascii_case(word))
    }

    fn skip_word(&mut self, word: &str) -> bool {
        let found = self.is_word(word);
        self.next += usize::from(found);
        found
    }

    fn word(&mut self, word: &str) -> Outcome<()> {
        if self.skip_word(word) { Ok(()) } else { Err(self.unexpected()) }
    }

    fn skip_symbol(&mut self, symbol: &str) -> bool {
        let found = matches!(self.peek(), Kind::Symbol(found) if *found == symbol);
        self.next += usize::from(found);
        found
    }

    fn symbol(&mut self, symbol: &str) -> Outcome<()> {
        if self.skip_symbol(symbol) { Ok(()) } else { Err(self.unexpected()) }
    }

    fn name(&mut self) -> Outcome<Name> {
        let at = self.here().at;
        match self.peek().clone() {
            Kind::Word(text) if !text.contains(':') => {
                self.next += 1;
                Ok(Name { text, at })
            }
            _ => Err(self.unexpected()),
        }
    }

    fn query(&mut self, is_inner: bool) -> Outcome<Query> {
        self.word("SELECT")?;
        let selection = self.selection()?;
        self.word("FROM")?;
        let object = self.name()?;
        let condition = if self.skip_word("WHERE") { Some(self.condition()?) } else { None };
        let mut query = Query {
            text: self.text.to_owned(),
            selection,
            object,
            condition,
            order: Vec::new(),
            limit: None,
            offset: 0,
        };
        if is_inner {
            return Ok(query);
        }
        if self.skip_word("ORDER") {
            self.word("BY")?;
            query.order = self.order()?;
        }
        if self.skip_word("LIMIT") {
            query.limit = Some(self.count()?);
        }
        if self.skip_word("OFFSET") {
            query.offset = self.count()?;
        }
        Ok(query)
    }

    fn selection(&mut self) -> Outcome<Selection> {
        if self.skip_word("COUNT") {
            self.symbol("(")?;
            self.symbol(")")?;
            return Ok(Selection::Count);
        }
        if self.skip_word("FIELDS") {
            self.symbol("(")?;
            let which = self.name()?.text.to_uppercase();
            self.symbol(")")?;
            return Ok(Selection::All(which));
        }
        let mut fields = vec![self.name()?];
        while self.skip_symbol(",") {
            fields.push(self.name()?);
        }
        Ok(Selection::Fields(fields))
    }

    fn order(&mut self) -> Outcome<Vec<Order>> {
        let mut orders = Vec::new();
        loop {
            let name = self.name()?;
            let descending = self.skip_word("DESC");
            if !descending {
                self.skip_word("ASC");
            }
            let mut nulls_last = false;
            if self.skip_word("NULLS") {
                nulls_last = self.skip_word("LAST");
                if !nulls_last {
                    self.word("FIRST")?;
                }
            }
            orders.push(Order { name, descending, nulls_last });
            if !self.skip_symbol(",") {
                return Ok(orders);
            }
        }
    }

    fn count(&mut self) -> Outcome<usize> {
        let count = match self.peek() {
            Kind::Plain(text) => text.parse().ok(),
            _ => None,
        };
        let count = count.ok_or_else(|| self.unexpected())?;
        self.next += 1;
        Ok(count)
    }

    /// Terms joined by AND only or by OR only: a mixture needs parentheses, and so does NOT beside
    /// others.
    fn condition(&mut self) -> Outcome<Condition> {
        if self.skip_word("NOT") {
            return Ok(Condition::Not(Box::new(self.term()?)));
        }
        let first = self.term()?;
        let (is_and, is_or) = (self.is_word("AND"), self.is_word("OR"));
        let word = match (is_and, is_or) {
            (true, _) => "AND",
            (_, true) => "OR",
            _ => return Ok(first),
        };
        let mut terms = vec![first];
        while self.skip_word(word) {
            terms.push(self.term()?);
        }
        Ok(if is_and { Condition::And(terms) } else { Condition::Or(terms) })
    }

    fn term(&mut self) -> Outcome<Condition> {
        if self.skip_symbol("(") {
            let inner = self.condition()?;
            self.symbol(")")?;
            return Ok(inner);
        }
        let name = self.name()?;
        let test = self.test()?;
        Ok(Condition::Test { name, test })
    }

    fn test(&mut self) -> Outcome<Test> {
        if self.skip_word("LIKE") {
            let Kind::Quoted { pattern, .. } = self.peek().clone() else {
                return Err(self.unexpected());
            };
            self.next += 1;
            return Ok(Test::Like(pattern));
        }
        for (word, negated) in [("INCLUDES", false), ("EXCLUDES", true)] {
            if self.skip_word(word) {
                let values = self.list()?.into_iter().filter_map(|value| match value {
                    Literal::Text(text) => Some(text),
                    _ => None,
                });
                return Ok(Test::Includes { negated, values: values.collect() });
            }
        }
        let negated = self.skip_word("NOT");
        if negated || self.is_word("IN") {
            self.word("IN")?;
            return self.in_list(negated);
        }
        let comparison = match self.peek() {
            Kind::Symbol("=") => Comparison::Equal,
            Kind::Symbol("!=" | "<>") => Comparison::NotEqual,
            Kind::Symbol("<") => Comparison::Less,
            Kind::Symbol("<=") => Comparison::LessOrEqual,
            Kind::Symbol(">") => Comparison::Greater,
            Kind::Symbol(">=") => Comparison::GreaterOrEqual,
            _ => return Err(self.unexpected()),
        };
        self.next += 1;
        Ok(Test::Compare(comparison, self.literal()?))
    }

    fn in_list(&mut self, negated: bool) -> Outcome<Test> {
        let start = self.next;
        self.symbol("(")?;
        if self.is_word("SELECT") {
            let query = Box::new(self.query(true)?);
            self.symbol(")")?;
            return Ok(Test::InQuery { negated, query });
        }
        self.next = start;
        let values = self.list()?;
        Ok(Test::In { negated, values })
    }

    fn list(&mut self) -> Outcome<Vec<Literal>> {
        self.symbol("(")?;
        let mut values = vec![self.literal()?];
        while self.skip_symbol(",") {
            values.push(self.literal()?);
        }
        self.symbol(")")?;
        Ok(values)
    }

    fn literal(&mut self) -> Outcome<Literal> {
        let literal = match self.peek() {
            Kind::Quoted { text, .. } => Some(Literal::Text(text.clone())),
            Kind::Plain(text) => Literal::plain(text),
            Kind::Word(word) => Literal::word(word),
            _ => None,
        };
        let literal = literal.ok_or_else(|| self.unexpected())?;
        self.next += 1;
        Ok(literal)
    }
}
