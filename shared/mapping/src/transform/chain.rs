//! The transforms of a rule, one behind the other.

use super::Transform;
use crate::{ConversionError, Rule, When};
use cosell_model::value::{Kind, Value};

/// What a transform takes or gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    Text,
    Number,
    Day,
    List,
}

impl Shape {
    /// How a sentence speaks of it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Number => "a number",
            Self::Day => "a day",
            Self::List => "a list",
        }
    }

    /// What a value of this kind is like; `None` for those that have rules of their own.
    pub(crate) fn of(kind: Kind) -> Option<Self> {
        match kind {
            Kind::Text | Kind::Country => Some(Self::Text),
            Kind::Money => Some(Self::Number),
            Kind::Date => Some(Self::Day),
            Kind::Bool | Kind::Choice | Kind::Solutions => None,
        }
    }

    fn kind(self) -> Kind {
        match self {
            Self::Text | Self::List => Kind::Text,
            Self::Number => Kind::Money,
            Self::Day => Kind::Date,
        }
    }
}

impl Transform {
    /// What it takes.
    pub(crate) fn takes(&self) -> Shape {
        match self {
            Self::Round(_) | Self::Times(_) => Shape::Number,
            Self::Days(_) | Self::EndOfMonth | Self::DateAs(_) => Shape::Day,
            Self::First | Self::Last | Self::Join(_) => Shape::List,
            _ => Shape::Text,
        }
    }

    /// What it gives.
    pub(crate) fn gives(&self) -> Shape {
        match self {
            Self::Round(_) | Self::Times(_) => Shape::Number,
            Self::Days(_) | Self::EndOfMonth | Self::DateFrom(_) => Shape::Day,
            _ => Shape::Text,
        }
    }

    /// Whether what it does can be undone. Blanks at the ends and small fractions are no loss:
    /// there it does the same both ways.
    pub(crate) fn can_be_undone(&self) -> bool {
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

impl Rule {
    /// Whether the rule goes from the CRM to Partner Center only: its transforms are carried out in
    /// that direction.
    pub(crate) fn is_outward(&self) -> bool {
        self.to_crm == When::Never
    }

    /// Whether the path names all items of a list: `customerProfile.team.*.email`.
    pub(crate) fn is_listing(&self) -> bool {
        self.partner_center.split('.').any(|segment| segment == "*")
    }

    /// What the CRM's column holds: the rule's kind, or what the transforms make of it or take.
    pub fn crm_kind(&self) -> Kind {
        let shape = if self.is_outward() {
            self.transform.first().map(Transform::takes)
        } else {
            self.transform.last().map(Transform::gives)
        };
        shape.map_or(self.kind, Shape::kind)
    }

    pub(crate) fn transformed_to_crm(&self, value: Value) -> Result<Value, ConversionError> {
        let mut steps = self.transform.iter();
        if self.is_outward() {
            steps.rev().try_fold(value, |value, step| step.undone(value))
        } else {
            steps.try_fold(value, |value, step| step.done(value))
        }
    }

    pub(crate) fn transformed_to_partner_center(
        &self,
        value: Value,
    ) -> Result<Value, ConversionError> {
        let mut steps = self.transform.iter();
        if self.is_outward() {
            steps.try_fold(value, |value, step| step.done(value))
        } else {
            steps.rev().try_fold(value, |value, step| step.undone(value))
        }
    }
}
