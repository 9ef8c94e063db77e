#![doc = include_str!("../README.md")]

pub mod attributes;
mod code;
mod columns;
mod condition;
mod conversion_error;
mod crm;
mod expression;
mod help;
mod lead;
mod load;
mod mapping;
mod mark;
mod observation;
pub mod paths;
pub mod registration;
mod rule;
pub mod solutions;
mod stages;
mod transform;
mod visibility;

pub use code::Code;
pub use columns::Columns;
pub use condition::{Condition, Direction, Situation};
pub use conversion_error::ConversionError;
pub use crm::{ColumnNames, Crm};
pub use expression::{Expression, ExpressionError};
pub use help::Help;
pub use lead::LeadTable;
pub use load::{MappingError, Placeholders, TEAM_PHONE, filled};
pub use mapping::Mapping;
pub use mark::Mark;
pub use observation::{Observation, Unreadable, phase_value, stage_value};
pub use registration::{RegisterWhen, Registration};
pub use rule::carried::Carried;
pub use rule::{ConflictRule, Required, Rule, When};
pub use stages::{OnHoldEdits, ReasonColumn, Stages};
pub use transform::shape::Shape;
pub use transform::{Transform, TransformError, TransformName};
pub use visibility::{Visibility, VisibilityValues};

#[cfg(test)]
mod fixtures;
#[cfg(test)]
mod tests;
