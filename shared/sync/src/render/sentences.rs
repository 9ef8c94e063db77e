//! One sentence for each notice.

use cosell_mapping::Mapping;
use cosell_model::audit::Side;
use cosell_model::field::Field;
use cosell_model::life_cycle::Stage;
use cosell_model::link::DisconnectReason;
use cosell_model::notice::{Inviter, Notice, OffReason};
use cosell_model::value::Value;

use super::text::shown;
use super::{label, labels, minute, remedy};

/// The sentence of a notice, for sellers and for the audit log. It may hold customer data: never
/// for a log.
#[expect(clippy::too_many_lines, reason = "a table of sentences, one for each notice")]
pub fn sentence(mapping: &Mapping, notice: &Notice) -> String {
    let name = |field: &Field| label(mapping, field).to_owned();
    let with_remedy = |text: String, field: &Field| {
        format!("{text} {}", remedy(mapping, field)).trim_end().to_owned()
    };
    match notice {
        Notice::ReferralCreated { referral: None } => "Created in Partner Center.".into(),
        Notice::ReferralCreated { referral: Some(id) } => {
            format!("Created in Partner Center as referral {id}.")
        }
        Notice::RecordCreated { record: None } => "Created from Partner Center.".into(),
        Notice::RecordCreated { record: Some(record) } => {
            format!("Created in the CRM as {record}.")
        }
        Notice::Adopted => "An existing counterpart was found and linked.".into(),
        Notice::FieldLeftEmpty { field, reason } => {
            format!("{} was left empty: {reason}.", name(field))
        }
        Notice::FieldMissing { field } => match remedy(mapping, field) {
            "" => format!("{} is missing.", name(field)),
            remedy => format!("{} is missing: {remedy}", name(field)),
        },
        Notice::FieldUnfit { field, reason } => {
            with_remedy(format!("{} was not sent: {reason}.", name(field)), field)
        }
        Notice::SolutionMissing { field } => {
            let text = "is missing: Microsoft helps with deals that name a solution.";
            match field {
                Some(field) => with_remedy(format!("{} {text}", name(field)), field),
                None => format!("Products {text}"),
            }
        }
        Notice::AttributeMissing { attribute, field } => {
            let all = cosell_model::deal::SERVICES_ATTRIBUTES.join(", ");
            let text = format!("is missing: a services co-sell deal needs all of {all}, or none.");
            match field {
                Some(field) => with_remedy(format!("{} {text}", name(field)), field),
                None => format!("{attribute} {text}"),
            }
        }
        Notice::ChangeToRetry => "Then switch Sync with Partner Center off and on, or change this record otherwise: that makes the sync try again.".into(),
        Notice::Sent { fields, stage } => {
            let stage = stage.map(|stage| format!("stage ({stage})"));
            format!("Sent to Partner Center: {}.", listed(mapping, stage, fields))
        }
        Notice::Received { fields, phase } => {
            let phase = phase.map(|phase| format!("stage ({phase})"));
            format!("Received from Partner Center: {}.", listed(mapping, phase, fields))
        }
        Notice::ReasonGiven { reason } => {
            ended(&format!("Reason given in Partner Center: {reason}"))
        }
        Notice::ConflictResolved { field, rule } if rule == "ask" => {
            format!("{} had changed on both sides; your administrator decided.", name(field))
        }
        Notice::ConflictResolved { field, rule } => {
            format!("{} had changed on both sides; resolved by the rule `{rule}`.", name(field))
        }
        Notice::DecisionNeeded { field } => format!(
            "{} was changed here and in Partner Center: both keep their value until your administrator decides.",
            name(field)
        ),
        Notice::DecisionMade { winner } => {
            format!("An operator decided for the value in {}.", place(*winner))
        }
        Notice::CurrencyDiffers { field } => format!(
            "{} is not written while the deal has another currency in Partner Center than here.",
            name(field)
        ),
        Notice::ReferralClosed { field } => format!(
            "{} was not sent: the referral is closed in Partner Center, which cannot be changed any more.",
            name(field)
        ),
        Notice::RecordClosed { field } => {
            format!("{} was not written: the record is closed in the CRM.", name(field))
        }
        Notice::AcceptanceNeeded { field } => {
            format!("{} is sent once the deal is accepted or off hold.", name(field))
        }
        Notice::CannotBeEmptied { field, side } => {
            with_remedy(format!("{} cannot be emptied in {}.", name(field), place(*side)), field)
        }
        Notice::FieldUnreadable { field, side, reason } => with_remedy(
            format!("{} cannot be read in {}: {reason}.", name(field), place(*side)),
            field,
        ),
        Notice::NotConvertible { field, side, reason } => with_remedy(
            format!("{} could not be sent to {}: {reason}.", name(field), place(*side)),
            field,
        ),
        Notice::Locked { fields } => format!(
            "Changed here and not sent, because Microsoft locks it once a deal exists: {}.",
            labels(mapping, fields)
        ),
        Notice::OneWay { field, side: Side::Crm } => format!(
            "{} differs: it only comes from Partner Center, so a change here is not sent.",
            name(field)
        ),
        Notice::OneWay { field, side: Side::PartnerCenter } => format!(
            "{} differs: it only goes to Partner Center, so a change there does not come here.",
            name(field)
        ),
        Notice::StageFinal { phase, stage } => format!(
            "The record is {phase}, but the referral is closed ({stage}) in Partner Center, which is final."
        ),
        Notice::StageNotAllowed { from, to } => {
            format!("Partner Center does not let a referral go from {from} to {to}.")
        }
        Notice::FieldRefused { fields, refusal } => {
            let names: Vec<&str> = fields.iter().map(|field| label(mapping, field)).collect();
            let were = if names.len() == 1 { "was" } else { "were" };
            ended(&format!("{} {were} refused: {}", names.join(" and "), refusal.sentence))
        }
        Notice::WriteRefused { refusal } => ended(&refusal.sentence),
        Notice::PhaseRefused { phase, refusal } => ended(&format!(
            "The record could not be brought to the phase {phase}: {}",
            refusal.sentence
        )),
        Notice::DroppedWrite { field, value: Value::Nothing, .. } => {
            format!("{} was not taken over by the CRM.", name(field))
        }
        Notice::DroppedWrite { field, at, value } => format!(
            "{} was not taken over by the CRM at {} (it may be calculated there, as from product lines); Partner Center has {}.",
            name(field),
            minute(*at),
            shown(value)
        ),
        Notice::Flapping { fields, until } => format!(
            "{} keeps changing back and forth; another automation seems to set it. This deal is synced again from {}.",
            labels(mapping, fields),
            minute(*until)
        ),
        other => of_the_deal(other).unwrap_or_else(|| of_identifiers(other)),
    }
}

/// Help, visibility, deadlines, registration and the link.
fn of_the_deal(notice: &Notice) -> Option<String> {
    Some(match notice {
        Notice::HelpRequested => "Microsoft was asked to help.".into(),
        Notice::HelpBlocked => "Microsoft was not asked to help yet.".into(),
        Notice::HelpRefused { refusal } => format!(
            "{} It is tried again when the deal changes, or when you clear How can Microsoft help? for some minutes and choose anew.",
            ended(&format!("Microsoft could not be asked to help: {}", refusal.sentence))
        ),
        Notice::HelpUnreadable { reason } => format!("How can Microsoft help?: {reason}."),
        Notice::HelpAlreadyRequested => "Microsoft was asked to help already: How can Microsoft help? can be neither changed nor taken back there. Set it back here.".into(),
        Notice::HelpReferralClosed => {
            "How can Microsoft help? was not sent: the referral is closed in Partner Center. Set it back here.".into()
        }
        Notice::HelpIncoming => "How can Microsoft help? was not sent: whoever invited you to this deal takes part in it already. Clear it here.".into(),
        Notice::MicrosoftDecided { stage, reason } => {
            let decided = decided(*stage);
            match reason {
                Some(reason) => {
                    format!("{}: {}.", decided.trim_end_matches('.'), reason.trim_end_matches('.'))
                }
                None => decided.to_owned(),
            }
        }
        Notice::VisibilityRestored => "Referral Visibility was set back: what Microsoft's sellers could see once stays visible to them.".into(),
        Notice::VisibilityRecordClosed => {
            "Referral Visibility was not written: the record is closed in the CRM.".into()
        }
        Notice::VisibilityUnreadable { reason } => format!("Referral Visibility: {reason}."),
        Notice::VisibilityReferralClosed => {
            "Referral Visibility was not sent: the referral is closed in Partner Center.".into()
        }
        Notice::VisibilityIncoming => "Referral Visibility was not sent: whoever invited you decides who sees this deal.".into(),
        Notice::DeadlineNear { by, days, inviter } => {
            let by = minute(*by);
            let left = match days {
                1 => "less than a day is left".to_owned(),
                days => format!("less than {days} days are left"),
            };
            match inviter {
                Inviter::Us => format!(
                    "Microsoft has until {by} to answer, or your request for help expires: {left}."
                ),
                Inviter::Partner => {
                    format!("Answer by {by}, or the partner's invitation expires: {left}.")
                }
                Inviter::Microsoft => {
                    format!("Answer by {by}, or Microsoft's invitation expires: {left}.")
                }
            }
        }
        Notice::WinDeferred { until } => format!(
            "The deal is sent as won on {}, because Microsoft rejects the registration of deals won within 72 hours.",
            minute(*until)
        ),
        Notice::Registered => "The won deal was registered with Microsoft.".into(),
        Notice::RegistrationBlocked => "The won deal is not registered with Microsoft yet.".into(),
        Notice::RegistrationDeclined { stage } => format!(
            "The won deal is not registered with Microsoft: Microsoft's answer to it is {stage}, and only deals that Microsoft accepted are taken."
        ),
        Notice::RegistrationWithoutSolution => {
            "The deal has no solution: add a co-sell-ready one in Partner Center.".into()
        }
        Notice::RegistrationDates { start, sign } => {
            format!("{start} is before {sign}: correct one of the two.")
        }
        Notice::RegistrationDateMissing { label } => format!("{label} is missing."),
        Notice::RegistrationRefused { refusal } => {
            ended(&format!("The won deal is not registered with Microsoft: {}", refusal.sentence))
        }
        Notice::Disconnected { reason } => {
            format!("Not synced any more: {}.", disconnect_reason(reason))
        }
        Notice::Restored { reason } => {
            format!("Both sides are there again (it was: {}).", disconnect_reason(reason))
        }
        Notice::Unlinked => "Unlinked by your administrator: nothing is synced with Partner Center any more.".into(),
        Notice::Linked { record: Some(record) } => {
            format!("Linked with {record} by an operator.")
        }
        Notice::Linked { record: None } => "Linked again by an operator.".into(),
        Notice::Off { reason } => format!("Not synced: {}.", off_reason(reason)),
        _ => return None,
    })
}

/// Identifiers that contradict each other, and leads.
fn of_identifiers(notice: &Notice) -> String {
    match notice {
        Notice::CounterpartClosed { referral, stage } => format!(
            "Referral {referral}, which names this record, is already closed in Partner Center ({stage}), and that is final: make a new opportunity for a new deal."
        ),
        Notice::CounterpartRecordClosed { referral, phase } => format!(
            "Referral {referral} is open, but names a record that is already {phase} as its CRM ID: clear the CRM ID in Partner Center."
        ),
        Notice::ReferenceUnreadable { entity } => format!(
            "The referral's CRM ID is not the id of any {entity} of this CRM: clear it in Partner Center, or set it to the {entity}'s id."
        ),
        Notice::ReferenceTaken { entity, referral } => format!(
            "The {entity} that the referral's CRM ID names is already linked with referral {referral}: clear the CRM ID in Partner Center."
        ),
        Notice::ReferenceOfAnother { entity } => format!(
            "The {entity} that the referral's CRM ID names carries another Referral Identifier: clear the CRM ID in Partner Center."
        ),
        Notice::ReferenceMissing { entity } => format!(
            "The referral's CRM ID names no {entity}: clear it in Partner Center, or set it to the {entity}'s id."
        ),
        Notice::NamedByAnother { referral } => format!(
            "Referral {referral} names this record as its CRM ID but is linked with another one: correct the CRM ID in Partner Center."
        ),
        Notice::IdentifierUnreadable => {
            "Referral Identifier is not a referral's id: clear it.".into()
        }
        Notice::IdentifierOfAnother { lead: true } => "Referral Identifier belongs to another lead (were the two merged?): ask your administrator to link this one, or clear it.".into(),
        Notice::IdentifierOfAnother { lead: false } => "Referral Identifier belongs to another opportunity (was this one copied?): clear it to create a deal of its own.".into(),
        Notice::IdentifierInvisible => "Referral Identifier names a referral that the sync's service account cannot see: correct or clear it.".into(),
        Notice::LeadReferralOver { referral, stage } => {
            let how = stage.map_or_else(
                || "is not visible to the sync's service account".to_owned(),
                |stage| format!("is already closed ({stage}), and that is final"),
            );
            format!("Referral {referral} of its lead {how}: make a new opportunity for a new deal.")
        }
        Notice::LeadElsewhere { opportunity, referral } => format!(
            "This opportunity was made of a lead whose deal goes on as opportunity {opportunity} (referral {referral}): switch Sync with Partner Center off here."
        ),
        Notice::LeadOfAnother { referral, other } => format!(
            "Its lead is linked with referral {referral}, but this opportunity with referral {other}: your administrator must unlink one of the two."
        ),
        Notice::LeadWithoutOpportunity => "The lead was qualified without an opportunity: nothing is synced. Make an opportunity for it, and ask your administrator to link that one.".into(),
        Notice::LeadNotConverted { refusal } => ended(&format!(
            "Accepted in Partner Center, but no opportunity could be made of the lead: {}",
            refusal.sentence
        )),
        Notice::GoesOnFromLead => "Goes on from the lead.".into(),
        Notice::LeadAccepted { opportunity } => format!(
            "Accepted in Partner Center: the deal goes on as opportunity {opportunity}. Close this lead without converting it."
        ),
        Notice::LeadQualified { record } => {
            format!("The lead became {record}, and the deal goes on there.")
        }
        other => other.code().to_owned(),
    }
}

/// A sentence that quotes a service or a person, whose words may end or not.
fn ended(text: &str) -> String {
    let text = text.trim_end();
    if text.ends_with(['.', '!', '?', '…']) { text.to_owned() } else { format!("{text}.") }
}

fn place(side: Side) -> &'static str {
    match side {
        Side::PartnerCenter => "Partner Center",
        Side::Crm => "the CRM",
    }
}

fn listed(mapping: &Mapping, stage: Option<String>, fields: &[Field]) -> String {
    let names = fields.iter().map(|field| label(mapping, field).to_owned());
    stage.into_iter().chain(names).collect::<Vec<_>>().join(", ")
}

fn decided(stage: Stage) -> &'static str {
    match stage {
        Stage::New => "Microsoft has not answered yet.",
        Stage::Active => "Microsoft accepted to help.",
        Stage::Declined => "Microsoft declined to help.",
        Stage::Expired => {
            "Microsoft did not answer in time: the deal goes on as yours alone; speak to your contact at Microsoft."
        }
        Stage::Won => "Microsoft closed its side of the deal as won.",
        Stage::Lost => "Microsoft closed its side of the deal as lost.",
        Stage::ClosedOtherwise => "Microsoft closed its side of the deal.",
    }
}

/// Why a deal is disconnected; completes "Not synced any more: …".
pub fn disconnect_reason(reason: &DisconnectReason) -> String {
    match reason {
        DisconnectReason::RecordDeleted => "the record no longer exists in the CRM".into(),
        DisconnectReason::RecordMerged(into) => {
            format!("the record was merged into {} {}", into.entity, into.id)
        }
        DisconnectReason::ReferralInvisible => "the referral is not visible to the sync's service account any more (deleted, or a missing role in Partner Center)".into(),
        DisconnectReason::Unlinked => "an operator unlinked the deal".into(),
    }
}

pub(super) fn off_reason(reason: &OffReason) -> String {
    match reason {
        OffReason::NotFlagged => "Sync with Partner Center is not set".into(),
        OffReason::SwitchedOff => "Sync with Partner Center was switched off".into(),
        OffReason::ReferralInvisible => {
            "the referral is not visible to the sync's service account".into()
        }
        OffReason::RecordGone => "the record no longer exists in the CRM".into(),
        OffReason::RecordMerged => "the record was merged into another one".into(),
        OffReason::LeadsOff => "it is a lead, and leads are not synced".into(),
        OffReason::NoLeadTable => "it is a lead, and the mapping has no table of leads".into(),
        OffReason::LeadsOffNow => "the deal is a lead, and leads are not synced any more".into(),
        OffReason::LeadOfOurOwn => {
            "leads are not sent to Partner Center: qualify it and share the opportunity".into()
        }
        OffReason::Private => "it is private, and private deals are not synced".into(),
        OffReason::KeptPrivate => {
            "Microsoft's sellers are not to see it, and private deals are not synced".into()
        }
        OffReason::ClosedBefore => "it was closed before it was ever synced".into(),
        OffReason::RecordClosedBefore(phase) => {
            format!("the record was already {phase} when it was first read")
        }
        OffReason::MicrosoftReferral => {
            "it is the Microsoft referral of an engagement that is not synced".into()
        }
        OffReason::NoEngagement => "the Microsoft referral names no engagement".into(),
        OffReason::NotOurEngagement => "the engagement holds no referral of ours".into(),
        OffReason::BecameOpportunity(id) => {
            format!("the lead became opportunity {id}, and the deal goes on there")
        }
        OffReason::Unlinked => "an operator unlinked the deal".into(),
    }
}
