//! The transforms of a rule, one behind the other.

use super::{Rule, When};
use crate::conversion_error::ConversionError;
use crate::transform::Transform;
use crate::transform::shape::Shape;
use cosell_model::value::{Kind, Value};

impl Rule {
    /// Whether the rule goes from the CRM to Partner Center only: its transforms are carried out in
    /// that direction.
    pub fn is_outward(&self) -> bool {
        self.to_crm == When::Never
    }

    /// Whether the path names all items of a list: `customerProfile.team.*.email`.
    pub fn is_listing(&self) -> bool {
        self.partner_center.as_str().split('.').any(|segment| segment == "*")
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
