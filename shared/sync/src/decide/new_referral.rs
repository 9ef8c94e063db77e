//! A flagged CRM record without a referral: the referral is made, and Microsoft is asked where its
//! seller chose help.

use crate::identity::is_on;
use std::collections::BTreeMap;

use cosell_mapping::{Mapping, Situation, phase_value, stage_value};
use cosell_model::audit::Side;
use cosell_model::crm::CrmRecord;
use cosell_model::deal::DealKind;
use cosell_model::field::Field;
use cosell_model::life_cycle::Stage;
use cosell_model::link::LastSynced;
use cosell_model::notice::{Notice, OffReason};
use cosell_model::referral::Referral;
use cosell_model::state::DealState;
use cosell_model::value::Value;
use serde_json::{Value as Json, json};

use super::body::{Purpose, body_of};
use super::{base, new_record};
use crate::pair::Pair;
use crate::plan::{Action, Effect, HelpRequest, Invitation, Plan};
use crate::policy::Rules;

pub(super) fn decide(rules: Rules<'_>, pair: &Pair) -> Plan {
    let Some(record) = &pair.record else { return Plan::default() };
    let mapping = rules.mapping_of(pair.table);
    if let Some(reason) = outside(mapping, record) {
        let notice = Notice::Off { reason: reason.clone() };
        return Plan::ending(DealState::Off { reason }, vec![notice]);
    }
    let help = mapping.help_code(record.get(&mapping.help.column));
    let visible = mapping.visibility_of(record);
    let mut problems = Vec::new();
    if let Err(error) = &help {
        problems.push(Notice::HelpUnreadable { reason: error.to_string() });
    }
    if let Err(error) = &visible {
        problems.push(Notice::VisibilityUnreadable { reason: error.to_string() });
    }
    let help = help.map(|code| code.map(str::to_owned));
    let kind = kind_of_new(mapping, record);
    let (cosell, visible) = (kind == DealKind::Cosell, kind != DealKind::Private);
    if !visible && !rules.policy.sync_private {
        let reason = OffReason::KeptPrivate;
        let notice = Notice::Off { reason: reason.clone() };
        return Plan::ending(DealState::Off { reason }, vec![notice]);
    }
    match body_of(mapping, record, Purpose { cosell, visible, known: None }) {
        Ok(body) if problems.is_empty() => creation(record, body, help.ok().flatten(), visible),
        body => {
            problems.extend(body.err().into_iter().flatten());
            problems.push(Notice::ChangeToRetry);
            Plan::refused(problems)
        }
    }
}

/// The kind of deal that this record's seller asks for. A choice that cannot be read is one
/// nevertheless: what it needs is notified with it.
pub fn kind_of_new(mapping: &Mapping, record: &CrmRecord) -> DealKind {
    let help = mapping.help_code(record.get(&mapping.help.column));
    match mapping.visibility_of(record) {
        _ if !matches!(help, Ok(None)) => DealKind::Cosell,
        Ok(None | Some(false)) => DealKind::Private,
        _ => DealKind::PartnerLed,
    }
}

fn outside(mapping: &Mapping, record: &CrmRecord) -> Option<OffReason> {
    if record.merged_into.is_some() {
        // Whoever merged it decides what becomes of the referral.
        Some(OffReason::RecordMerged)
    } else if !is_on(mapping, record) {
        Some(OffReason::NotFlagged)
    } else if record.phase.is_closed() {
        Some(OffReason::RecordClosedBefore(record.phase))
    } else {
        None
    }
}

fn creation(record: &CrmRecord, body: Json, help: Option<String>, visible: bool) -> Plan {
    let effect = |field, after, is_final, action| Effect {
        field,
        side: Side::PartnerCenter,
        before: Value::Nothing,
        after,
        overruled: None,
        is_final,
        action,
    };
    let mut plan = Plan::default();
    plan.notices.push(Notice::ReferralCreated { referral: None });
    let invitation = help.map(|help| {
        let digest = cosell_model::digest::digest(&format!("{help}{body}"));
        Invitation { help, body: body.clone(), digest }
    });
    let reference = Value::text(record.key.id.clone());
    plan.effects.push(effect(Field::Reference, reference, visible, Action::CreateReferral(body)));
    if let Some(invitation) = invitation {
        plan.help = HelpRequest::Ready;
        plan.notices.push(Notice::HelpRequested);
        let after = Value::text(invitation.help.clone());
        plan.effects.push(effect(Field::Help, after, true, Action::RequestHelp(invitation)));
    }
    plan
}

/// The body of the Microsoft referral: the partner's own body, in its engagement, addressed to
/// Microsoft (contract partner-center 3.1).
pub(crate) fn microsoft_body(
    invitation: &Invitation,
    engagement: cosell_model::id::EngagementId,
) -> Json {
    let mut body = invitation.body.clone();
    body["engagementId"] = json!(engagement);
    body["target"] = json!([{ "type": "BusinessProfileLocation", "id": "msft" }]);
    body["inviteContext"] = json!({ "assistanceRequestCode": invitation.help });
    body
}

/// What a new link starts with: what was stored as it was answered, and as it was sent where the
/// answer left it out. A referral that was found instead may have been edited since: then all
/// counts as it was sent.
pub(crate) fn start(
    mapping: &Mapping,
    referral: &Referral,
    record: &CrmRecord,
    answered: bool,
) -> BTreeMap<Field, LastSynced> {
    let mut synced = new_record::start(mapping, referral, record);
    let situation = Situation::of(referral, false);
    let there = mapping.rules.iter().filter(|rule| rule.applies(situation));
    let sent = there.filter(|rule| rule.to_partner_center.on_create());
    for rule in sent.filter(|rule| !answered || !referral.has(rule.partner_center.as_str())) {
        if let Ok(crm) = rule.read_crm(record) {
            let partner_center = rule.across_to_partner_center(&crm).unwrap_or_default();
            synced.insert(base::field(rule), LastSynced { partner_center, crm });
        }
    }
    if !answered {
        // Born accepted (contract partner-center 2.10).
        let partner_center = stage_value(Stage::Active);
        let crm = phase_value(record.phase);
        synced.insert(Field::Stage, LastSynced { partner_center, crm });
    }
    synced
}
