use super::super::tests::{finds, found};
use super::*;
use strum::VariantArray;

const PHASES: [Phase; 5] = [Phase::OnHold, Phase::Open, Phase::Won, Phase::Lost, Phase::Qualified];

/// The lines of an override with one entry of a table, and what is found.
fn found_of(table: &str, entry: &str) -> Vec<String> {
    found(&format!("[{table}]\n{entry}"))
}

#[test]
fn a_stage_puts_the_record_where_it_can_be_meant_and_nowhere_else() {
    for (entry, expected) in [
        ("New = \"won\"", "a deal that goes on would be closed in the CRM; use on_hold or open"),
        ("Active = \"won\"", "a deal that goes on would be closed in the CRM; use open"),
        ("Active = \"lost\"", "a deal that goes on would be closed in the CRM; use open"),
        ("Active = \"on_hold\"", "a deal that was accepted would wait for somebody to accept it"),
        ("Won = \"lost\"", "a deal that is won would be lost in the CRM; use won"),
        ("Won = \"open\"", "a deal that is closed would be open in the CRM; use won"),
        ("Lost = \"won\"", "a deal that is not won would be won in the CRM; use lost"),
        ("Lost = \"on_hold\"", "a deal that is closed would be open in the CRM; use lost"),
        ("Declined = \"won\"", "a deal that is not won would be won in the CRM; use lost or open"),
        ("Expired = \"on_hold\"", "a referral that has ended cannot be accepted any more"),
    ] {
        let found = found_of("stages.to_crm", entry);
        assert_eq!(found.len(), 1, "{entry}: {found:#?}");
        let (stage, phase) = entry
            .replace('"', "")
            .split_once(" = ")
            .map(|(stage, phase)| (stage.to_owned(), phase.to_owned()))
            .unwrap();
        let start = format!(
            "own.toml:3:{}: error: [stages.to_crm] {stage} = {phase}: {expected}",
            stage.len() + 4
        );
        assert!(found[0].starts_with(&start), "{}\nis not\n{start}", found[0]);
    }
    for entry in [
        "New = \"open\"",
        "Expired = \"open\"",
        "Declined = \"open\"",
        "ClosedOtherwise = \"lost\"",
    ] {
        finds(&format!("[stages.to_crm]\n{entry}"), &[]);
    }
}

#[test]
fn a_phase_puts_the_referral_where_it_can_be_meant_and_nowhere_else() {
    for (entry, expected) in [
        (
            "open = \"Won\"",
            "a deal that goes on would be closed in Partner Center, which cannot be undone; use Active",
        ),
        ("open = \"Declined\"", "a deal that goes on would be closed in Partner Center"),
        ("open = \"New\"", "Partner Center takes no referral back to New; use Active"),
        ("on_hold = \"New\"", "Partner Center takes no referral back to New; leave it out"),
        (
            "on_hold = \"Active\"",
            "a deal that nobody has accepted yet would accept itself; leave it out",
        ),
        ("on_hold = \"Lost\"", "a deal that goes on would be closed in Partner Center"),
        ("won = \"Lost\"", "a deal that is won would be lost in Partner Center; use Won"),
        ("won = \"Active\"", "a deal that is closed would be open in Partner Center; use Won"),
        ("lost = \"Won\"", "a deal that is lost would be won in Partner Center; use Lost"),
        (
            "lost = \"Declined\"",
            "a deal that was accepted cannot be declined; for one that was not, there is lost_before_accepted; use Lost",
        ),
        ("lost = \"Expired\"", "only Microsoft sets that stage; use Lost"),
    ] {
        let found = found_of("stages.to_partner_center", entry);
        assert_eq!(found.len(), 1, "{entry}: {found:#?}");
        assert!(
            found[0].contains(&format!("{}: {expected}", entry.replace('"', ""))),
            "{found:#?}"
        );
        assert!(found[0].starts_with("own.toml:3:"), "{found:#?}");
    }
}

#[test]
fn a_lead_is_qualified_by_acceptance_only() {
    for (table, entry, expected) in [
        (
            "to_partner_center",
            "qualified = \"Won\"",
            "a deal that goes on would be closed in Partner Center",
        ),
        (
            "to_partner_center",
            "qualified = \"Lost\"",
            "a deal that goes on would be closed in Partner Center",
        ),
        (
            "to_partner_center",
            "open = \"Active\"",
            "a deal that nobody has accepted yet would accept itself",
        ),
        (
            "to_partner_center",
            "lost = \"Won\"",
            "a deal that is lost would be won in Partner Center",
        ),
        ("to_crm", "New = \"lost\"", "a deal that goes on would be closed in the CRM; use open"),
        ("to_crm", "Won = \"lost\"", "a deal that is won would be lost in the CRM; leave it out"),
    ] {
        let found = found_of(&format!("lead.stages.{table}"), entry);
        assert_eq!(found.len(), 1, "{entry}: {found:#?}");
        let start = format!("error: [lead.stages.{table}] {}: {expected}", entry.replace('"', ""));
        assert!(found[0].contains(&start), "{}\nhas not\n{start}", found[0]);
    }
    finds("[lead.stages.to_crm]\nExpired = \"open\"\nActive = \"open\"", &[]);
}

/// What can be meant never comes back as something else: a record that follows its referral does
/// not move it on.
#[test]
fn a_record_that_follows_its_referral_never_moves_it_to_another_outcome() {
    for table in [Table::Opportunities, Table::Leads] {
        for stage in Stage::VARIANTS {
            for phase in phases_of(table, *stage) {
                let back = stage_of(table, phase);
                let is_same = back.is_none_or(|back| {
                    back == *stage || (back == Stage::Lost) == (phase == Phase::Lost)
                });
                assert!(is_same, "{stage} → {phase} → {back:?}");
            }
        }
        for phase in PHASES {
            let stage = stage_of(table, phase);
            assert!(stage.is_none_or(|stage| Stage::New.may_become(stage)), "{phase}");
        }
    }
}

#[test]
fn reasons_are_sent_with_stages_that_the_sync_sets_and_are_those_that_partner_center_offers() {
    finds(
        "[stages.reasons]\nExpired = \"Too late\"\nNew = \"Others\"\nLost = \"Customer did not repsond\"\n\
         Declined = \" \"\nWon = \"We were quick\"",
        &[
            "own.toml:3:11: warning: [stages.reasons] Expired has no effect, since the sync never \
             sets that stage",
            "own.toml:4:7: warning: [stages.reasons] New has no effect",
            "own.toml:5:8: warning: [stages.reasons] Lost: Partner Center offers no reason \
             `Customer did not repsond`; did you mean `Customer did not respond`?",
            "own.toml:6:12: error: [stages.reasons] Declined is empty",
        ],
    );
}

#[test]
fn the_column_of_a_reason_is_one_and_its_values_tell_one_reason_from_another() {
    finds(
        "[stages.reason]\ncolumn = \"new lost reason\"",
        &["own.toml:3:10: error: no CRM column can be called `new lost reason`"],
    );
    finds(
        "[stages.reason]\ncolumn = \"new_lostreason\"\n[stages.reason.values]\n\
         \"Not a custommer\" = 1\n\"Others\" = 2\n\"Proposed timeline too short\" = 2",
        &[
            "own.toml:5:1: warning: [stages.reason]: Partner Center offers no reason `Not a \
             custommer`; did you mean `Not a customer`?",
            "own.toml:7:33: error: [stages.reason]: `Proposed timeline too short` and `Others` are \
             both `2` in the CRM",
        ],
    );
}

#[test]
fn stages_that_only_microsoft_sets_are_not_sent() {
    finds(
        "[stages]\nlost_before_accepted = \"Active\"\n[stages.to_partner_center]\n\
         lost = \"Expired\"",
        &[
            "own.toml:3:24: error: [stages] lost_before_accepted = Active does not end a referral \
             as lost",
            "own.toml:5:8: error: [stages.to_partner_center] lost = Expired: only Microsoft sets \
             that stage; use Lost",
        ],
    );
}
