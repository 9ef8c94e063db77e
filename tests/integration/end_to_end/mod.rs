//! The whole stack: the template on MiniStack, the real functions, queue, tables and secrets, the simulators.
//!
//! Each scenario is a test of its own with each CRM; [`stacks`] are shared, and each scenario uses deals of its own.

mod audit_log;
mod cosell;
mod domain;
mod guards;
mod leads;
mod scenarios;
mod stacks;

/// Makes each scenario a test with each CRM, on one of the [`stacks`] and with its [turn](stacks::Turn).
macro_rules! with_each_crm {
    ($stacks:ident: $($scenario:ident => $turn:ident),* $(,)?) => {
        mod with_dynamics {
            use $crate::end_to_end::stacks::{$stacks, Turn};
            $(#[test]
            fn $scenario() {
                $stacks.play(cosell_runtime::settings::CrmSystem::Dynamics, Turn::$turn, super::$scenario);
            })*
        }
        mod with_salesforce {
            use $crate::end_to_end::stacks::{$stacks, Turn};
            $(#[test]
            fn $scenario() {
                $stacks.play(cosell_runtime::settings::CrmSystem::Salesforce, Turn::$turn, super::$scenario);
            })*
        }
    };
}
use with_each_crm;
