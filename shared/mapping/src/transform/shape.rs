//! What transforms take and give.

use super::Transform;
use cosell_model::value::Kind;

/// What a transform takes or gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Text.
    Text,
    /// A number.
    Number,
    /// A day.
    Day,
    /// Several texts.
    List,
}

impl Shape {
    /// How a sentence speaks of it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Number => "a number",
            Self::Day => "a day",
            Self::List => "a list",
        }
    }

    /// What a value of this kind is like; `None` for those that have rules of their own.
    pub fn of(kind: Kind) -> Option<Self> {
        match kind {
            Kind::Text | Kind::Country => Some(Self::Text),
            Kind::Money => Some(Self::Number),
            Kind::Date => Some(Self::Day),
            Kind::Bool | Kind::Choice | Kind::Solutions => None,
        }
    }

    /// The kind of a value of this shape.
    pub fn kind(self) -> Kind {
        match self {
            Self::Text | Self::List => Kind::Text,
            Self::Number => Kind::Money,
            Self::Day => Kind::Date,
        }
    }
}

impl Transform {
    /// What it takes.
    pub fn takes(&self) -> Shape {
        match self {
            Self::Round(_) | Self::Times(_) => Shape::Number,
            Self::Days(_) | Self::EndOfMonth | Self::DateAs(_) => Shape::Day,
            Self::First | Self::Last | Self::Join(_) => Shape::List,
            _ => Shape::Text,
        }
    }

    /// What it gives.
    pub fn gives(&self) -> Shape {
        match self {
            Self::Round(_) | Self::Times(_) => Shape::Number,
            Self::Days(_) | Self::EndOfMonth | Self::DateFrom(_) => Shape::Day,
            _ => Shape::Text,
        }
    }

    /// Whether what it does can be undone. Blanks at the ends and small fractions are no loss:
    /// there it does the same both ways.
    pub fn can_be_undone(&self) -> bool {
        !matches!(
            self,
            Self::Upper
                | Self::Lower
                | Self::Title
                | Self::FirstLine
                | Self::OneLine
                | Self::Limit(_)
                | Self::EndOfMonth
                | Self::First
                | Self::Last
                | Self::Join(_)
        )
    }
}
