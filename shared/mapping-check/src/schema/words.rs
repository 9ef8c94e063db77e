//! Words that depend on where they stand: the phases that each table's records can have.

use super::{unknown_entry, unknown_word};
use crate::diagnostic::Diagnostics;
use crate::node::Node;

/// The phases of one table's records.
struct Phases {
    /// Where a referral's stage can put a record.
    to_crm: &'static [&'static str],
    /// Where a record can stand.
    to_partner_center: &'static [&'static str],
}

const OF_OPPORTUNITIES: Phases = Phases {
    to_crm: &["on_hold", "open", "won", "lost"],
    to_partner_center: &["on_hold", "open", "won", "lost"],
};
/// Qualifying a lead is the seller's: no referral puts a record there.
const OF_LEADS: Phases =
    Phases { to_crm: &["open", "lost"], to_partner_center: &["open", "lost", "qualified"] };

pub(super) fn check(root: Node<'_>, diagnostics: &mut Diagnostics) {
    let lead = root.get("lead");
    for (table, phases) in [(Some(root), OF_OPPORTUNITIES), (lead, OF_LEADS)] {
        if let Some(stages) = table.and_then(|table| table.get("stages")) {
            check_phases(stages, &phases, diagnostics);
        }
    }
}

fn check_phases(stages: Node<'_>, phases: &Phases, diagnostics: &mut Diagnostics) {
    let entries = |table: &str| stages.get(table).into_iter().flat_map(Node::entries);
    for (stage, entry) in entries("to_crm") {
        let phase = entry.value.text().filter(|phase| !phases.to_crm.contains(phase));
        if let Some(phase) = phase {
            unknown_word(stage, phase, phases.to_crm, entry.value.place(), diagnostics);
        }
    }
    let known = phases.to_partner_center;
    for (phase, entry) in entries("to_partner_center").filter(|(phase, _)| !known.contains(phase)) {
        unknown_entry("to_partner_center", phase, known, entry.key, diagnostics);
    }
}

#[cfg(test)]
mod tests {
    use cosell_model::crm::Phase;
    use serde_json::json;

    use super::*;

    #[test]
    fn every_phase_is_one_that_the_program_reads() {
        for phases in [OF_OPPORTUNITIES, OF_LEADS] {
            for phase in [phases.to_crm, phases.to_partner_center].concat() {
                assert!(serde_json::from_value::<Phase>(json!(phase)).is_ok(), "{phase}");
            }
        }
    }
}
