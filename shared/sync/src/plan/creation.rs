//! Making the missing half: a CRM record for a referral, a referral for a CRM record.

use jiff::Timestamp;
use serde_json::{Value as Json, json};

use super::body::{Purpose, body_of};
use super::{Note, Policy, Told};
use crate::built_in_fields::{HELP, VISIBILITY};
use cosell_mapping::Carried;
use cosell_mapping::Mapping;
use cosell_model::crm::{CrmRecord, CrmWrite, Phase};
use cosell_model::id::EngagementId;
use cosell_model::referral::{Referral, ReferralKind};

/// What to do about a referral that has no CRM record.
#[derive(Clone, Debug, PartialEq)]
pub enum NewRecord {
    /// Create it.
    Create(CrmWrite),
    /// Not for us, and why.
    Skip(String),
}

/// Decides on a referral that has no CRM record.
pub fn plan_record(
    mapping: &Mapping,
    policy: &Policy,
    referral: &Referral,
    now: Timestamp,
) -> NewRecord {
    if let Some(reason) = not_for_us(policy, referral) {
        return NewRecord::Skip(reason);
    }
    let mut write = CrmWrite::default();
    let mut notes = vec!["Created from Partner Center.".to_owned()];
    for rule in &mapping.rules {
        match rule.carried_to_crm(referral) {
            Carried::Written { json, .. } => drop(write.fields.insert(rule.crm.to_string(), json)),
            Carried::Unfit(error) => notes.push(format!("{} was left empty: {error}.", rule.label)),
            Carried::Elsewhen(_) | Carried::Empty | Carried::Missing | Carried::Inapplicable => {}
        }
    }
    mapping.show_visibility(referral, &mut write);
    introduce(mapping, policy, referral, &mut write, &Note::Synced(notes), now);
    NewRecord::Create(write)
}

/// What every new record gets besides its fields: its phase, and what the seller is told.
fn introduce(
    mapping: &Mapping,
    policy: &Policy,
    referral: &Referral,
    write: &mut CrmWrite,
    note: &Note,
    now: Timestamp,
) {
    // A new record is open; only another phase needs saying.
    let phase = mapping.stages.to_crm.get(&referral.stage).copied();
    write.phase = phase.filter(|phase| *phase != Phase::Open);
    let told = Told {
        mapping,
        policy,
        referral: Some(referral.id),
        microsoft_crm_id: microsoft_crm_id(referral),
        news: Vec::new(),
        now,
        marks: true,
        name: None,
    };
    told.add_to(write, None, note);
}

/// The record of a referral whose CRM refused the whole: its name, and what the seller must know. Later looks fill the rest, field by
/// field, as far as it is taken.
pub fn plan_bare_record(
    mapping: &Mapping,
    policy: &Policy,
    referral: &Referral,
    problem: String,
    now: Timestamp,
) -> CrmWrite {
    let mut write = CrmWrite::default();
    for rule in mapping.rules.iter().filter(|rule| rule.is_name()) {
        if let Carried::Written { json, .. } = rule.carried_to_crm(referral) {
            write.fields.insert(rule.crm.to_string(), json);
        }
    }
    introduce(mapping, policy, referral, &mut write, &Note::Failed(vec![problem]), now);
    write
}

/// Microsoft's own id of the deal, which appears when Microsoft accepts.
pub fn microsoft_crm_id(referral: &Referral) -> Option<String> {
    referral
        .get("trackingInfo.microsoftMsxId")
        .and_then(Json::as_str)
        .filter(|id| !id.is_empty())
        .map(str::to_owned)
}

pub(super) fn not_for_us(policy: &Policy, referral: &Referral) -> Option<String> {
    let shared = referral.is_visible_to_microsoft();
    match referral.kind {
        ReferralKind::Lead if !policy.sync_leads => {
            Some("it is a lead, and leads are not synced".into())
        }
        ReferralKind::MicrosoftReferral => {
            Some("it is Microsoft's half of an engagement that is not synced".into())
        }
        _ if referral.stage.is_terminal() => Some("it was closed before it was ever synced".into()),
        ReferralKind::Opportunity if !shared && !policy.sync_private => {
            Some("it is private, and private deals are not synced".into())
        }
        ReferralKind::Opportunity | ReferralKind::Lead => None,
    }
}

/// What to do about a referral and a record that name each other but are not linked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Adoption {
    /// Link them. `invite` when the record asks for Microsoft's help and the referral is our own: then Microsoft's half is looked
    /// for, and made if it is missing.
    Link {
        /// Whether Microsoft's half belongs to it.
        invite: bool,
    },
    /// Not for us, and why.
    Skip(String),
    /// A person must decide; the sentence is for the seller.
    Tell(String),
}

/// Decides on a referral and a record that name each other but are not linked.
pub fn plan_adoption(
    mapping: &Mapping,
    policy: &Policy,
    referral: &Referral,
    record: &CrmRecord,
) -> Adoption {
    if record.get(mapping.columns.sync.as_str()) != &Json::Bool(true) {
        return Adoption::Skip("Sync with Partner Center is not set".into());
    }
    // A record that carries the identifier was paired before (its link was lost, or its creation died half-way): it follows.
    let paired = record
        .get(mapping.columns.referral_id.as_str())
        .as_str()
        .is_some_and(|id| id.eq_ignore_ascii_case(&referral.id.to_string()));
    if referral.stage.is_terminal() && !record.phase.is_closed() && !paired {
        // Linking them would close the seller's deal; making another referral might be a duplicate.
        return Adoption::Tell(format!(
            "Referral {}, which names this record, is already closed in Partner Center ({}), and that is final: make a new opportunity for a new deal.",
            referral.id, referral.stage
        ));
    }
    if referral.stage.is_terminal() && !record.phase.is_closed() {
        return Adoption::Link { invite: false };
    }
    if record.phase.is_closed()
        && !referral.stage.is_terminal()
        && !paired
        && !referral.is_outgoing()
    {
        // Linking them would close Microsoft's deal for good, because somebody typed the id of an old opportunity.
        return Adoption::Tell(format!(
            "Referral {} is open, but names a record that is already {} as its CRM ID: clear the CRM ID in Partner Center.",
            referral.id, record.phase
        ));
    }
    let asks = matches!(mapping.help_code(record.get(mapping.help.column.as_str())), Ok(Some(_)));
    let shares = asks || mapping.visibility_of(record) == Ok(Some(true));
    let policy = Policy {
        // A private deal that its seller wants to share is none for long.
        sync_private: policy.sync_private || (shares && referral.is_outgoing()),
        ..policy.clone()
    };
    if let Some(reason) = not_for_us(&policy, referral) {
        return Adoption::Skip(reason);
    }
    let kind = referral.get("type").and_then(Json::as_str).unwrap_or_default();
    Adoption::Link { invite: asks && kind.eq_ignore_ascii_case("Shared") && referral.is_outgoing() }
}

/// What to do about a flagged CRM record that has no referral.
#[derive(Clone, Debug, PartialEq)]
pub enum NewReferral {
    /// Create it.
    Create {
        /// The body of the partner's own referral.
        body: Json,
        /// How Microsoft is asked to help: then Microsoft's half follows, see [`NewReferral::invitation`].
        help: Option<String>,
    },
    /// It lacks something; every sentence names a field and its remedy, for the seller.
    Reject(Vec<String>),
    /// Not for us, and why.
    Skip(String),
}

impl NewReferral {
    /// The body of Microsoft's half: the partner's own body, in its engagement, addressed to Microsoft (contract partner-center 3.1).
    pub fn invitation(own: &Json, engagement: EngagementId, help: &str) -> Json {
        let mut body = own.clone();
        body["engagementId"] = json!(engagement);
        body["target"] = json!([{ "type": "BusinessProfileLocation", "id": "msft" }]);
        body["inviteContext"] = json!({ "assistanceRequestCode": help });
        body
    }
}

/// What is missing often belongs to the account or the contact, whose change does not show on the record.
pub(super) const AGAIN: &str = "Then switch Sync with Partner Center off and on, or change this record otherwise: that makes the sync look again.";

/// Decides on a flagged CRM record that has no referral.
pub fn plan_referral(mapping: &Mapping, policy: &Policy, record: &CrmRecord) -> NewReferral {
    if record.get(mapping.columns.sync.as_str()) != &Json::Bool(true) {
        return NewReferral::Skip("Sync with Partner Center is not set".into());
    }
    if record.phase.is_closed() {
        return NewReferral::Skip(format!(
            "the record was already {} when it was first last_synced",
            record.phase
        ));
    }
    let help = mapping.help_code(record.get(mapping.help.column.as_str()));
    let visible = mapping.visibility_of(record);
    let unread = [(HELP, help.as_ref().err()), (VISIBILITY, visible.as_ref().err())];
    let unread =
        unread.into_iter().filter_map(|(field, error)| Some((mapping.label(field), error?)));
    let mut problems: Vec<String> =
        unread.map(|(label, error)| format!("{label}: {error}.")).collect();
    let help = help.map(|code| code.map(str::to_owned));
    // A wish that cannot be read is one nevertheless: what it needs is told with it.
    let cosell = !matches!(help, Ok(None));
    let visible = cosell || !matches!(visible, Ok(None | Some(false)));
    if !visible && !policy.sync_private {
        return NewReferral::Skip(
            "Microsoft's sellers are not to see it, and private deals are not synced".into(),
        );
    }
    let purpose = Purpose { cosell, visible, known: None };
    match body_of(mapping, record, purpose) {
        Ok(body) if problems.is_empty() => NewReferral::Create { body, help: help.ok().flatten() },
        body => {
            problems.extend(body.err().into_iter().flatten());
            problems.push(AGAIN.to_owned());
            NewReferral::Reject(problems)
        }
    }
}
