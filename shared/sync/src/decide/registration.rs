//! Registering a won deal with Microsoft (contract partner-center 2.9, 3.6): once, and only when
//! all that Microsoft asks for is there.

use cosell_mapping::{Carried, Mapping, Registration, Situation};
use cosell_model::audit::Side;
use cosell_model::crm::{CrmRecord, Phase};
use cosell_model::field::Field;
use cosell_model::life_cycle::Stage;
use cosell_model::link::Registering;
use cosell_model::message::Cause;
use cosell_model::notice::Notice;
use cosell_model::patch::{PatchOperation, PatchVerb};
use cosell_model::referral::{Referral, lookup};
use cosell_model::value::Value;
use jiff::Timestamp;
use serde_json::{Map, Value as Json, json};

use super::base::field;
use super::body::set;
use super::case::Case;
use super::win_hold::can_be_registered;
use crate::pair::Pair;
use crate::plan::{Action, Effect, Plan};

/// Whether a registration may be made, or was asked for: only then Microsoft's answer is read.
pub(crate) fn is_open(mapping: &Mapping, pair: &Pair) -> bool {
    let done = pair.link.as_ref().is_some_and(|link| link.registering == Some(Registering::Done));
    let (Some(referral), Some(record)) = (&pair.referral, &pair.record) else { return false };
    !done && is_won(mapping, referral, record)
}

fn is_won(mapping: &Mapping, referral: &Referral, record: &CrmRecord) -> bool {
    mapping.registering().is_some() && referral.stage == Stage::Won && record.phase == Phase::Won
}

pub(super) fn decide(case: &Case<'_>, plan: &mut Plan) {
    plan.memory.registering.clone_from(&case.link.registering);
    if case.link.registering == Some(Registering::Done)
        || !is_won(case.mapping, case.referral, case.record)
    {
        return;
    }
    let Some(registration) = case.mapping.registering() else { return };
    if is_registered(case.referral) {
        // Asked for by us, and its answer was lost: it is new to the seller.
        plan.notices.extend(case.link.registering.is_some().then_some(Notice::Registered));
        plan.memory.registering = Some(Registering::Done);
        return;
    }
    if !can_be_registered(case.referral.deal(case.microsoft().is_some())) {
        return;
    }
    // Without a Microsoft referral that we see, Partner Center knows better than we do.
    match case.microsoft().map(|microsoft| microsoft.stage) {
        None | Some(Stage::Active | Stage::Won) => register(case, plan, registration),
        Some(Stage::New) => {}
        Some(stage) => block(plan, vec![Notice::RegistrationDeclined { stage }]),
    }
}

fn block(plan: &mut Plan, reasons: Vec<Notice>) {
    plan.notices.extend(reasons.iter().cloned());
    plan.memory.registering = Some(Registering::Refused { reasons, sent: None });
}

fn register(case: &Case<'_>, plan: &mut Plan, registration: &Registration) {
    let situation = Situation::of(case.referral, case.microsoft().is_some());
    let (body, problems) = body(registration, situation, case.referral, case.record);
    if !problems.is_empty() {
        return block(plan, [vec![Notice::RegistrationBlocked], problems].concat());
    }
    if let Some(Registering::Refused { reasons, sent: Some(sent) }) = &case.link.registering
        && *sent == body
        && !may_be_taken_now(case)
    {
        plan.notices.extend(reasons.iter().cloned());
        return;
    }
    plan.notices.push(Notice::Registered);
    plan.effects.push(Effect {
        field: Field::Registration,
        side: Side::PartnerCenter,
        before: Value::Nothing,
        after: Value::Nothing,
        overruled: None,
        is_final: true,
        action: Action::Register(PatchOperation {
            op: PatchVerb::Add,
            path: "/registrations/-".into(),
            value: body,
        }),
    });
}

/// The same registration is not sent again to a service that refused it, unless an operator orders
/// it, or the Microsoft referral was not known then.
fn may_be_taken_now(case: &Case<'_>) -> bool {
    let is_new =
        case.microsoft().is_some_and(|known| case.link.microsoft_referral != Some(known.id));
    is_new || case.pair.cause == Cause::Operator
}

/// An answer may leave out an empty list; the status says it as well.
fn is_registered(referral: &Referral) -> bool {
    let listed = referral
        .get("registrations")
        .and_then(Json::as_array)
        .is_some_and(|registrations| !registrations.is_empty());
    let status = referral.get("registrationStatus").and_then(Json::as_str).unwrap_or_default();
    listed || !(status.is_empty() || status.eq_ignore_ascii_case("None"))
}

fn body(
    registration: &Registration,
    situation: Situation,
    referral: &Referral,
    record: &CrmRecord,
) -> (Json, Vec<Notice>) {
    let mut body = Json::Object(registration.create.clone());
    let mut problems = Vec::new();
    solutions(&mut body, referral, &mut problems);
    let rules = registration.rules_of_creation();
    for rule in rules.filter(|rule| rule.applies(situation)) {
        match rule.carried_to_partner_center(record, true) {
            Carried::Written { json, .. } => set(&mut body, rule.partner_center.as_str(), json),
            Carried::Missing => problems.push(Notice::FieldMissing { field: field(&rule) }),
            Carried::Unfit(error) => {
                let reason = error.to_string();
                problems.push(Notice::FieldUnfit { field: field(&rule), reason });
            }
            Carried::Elsewhen(_) | Carried::Empty | Carried::Inapplicable => {}
        }
    }
    amounts(&mut body);
    problems.extend(dates(registration, &body).filter(|_| problems.is_empty()));
    (body, problems)
}

/// The deal's solutions, each with what `[registration.create]` says of the one at its place, or
/// else of the first.
fn solutions(body: &mut Json, referral: &Referral, problems: &mut Vec<Notice>) {
    let given = body.get("solutionDetails").and_then(Json::as_array).cloned().unwrap_or_default();
    let sold = referral.get("details.requirements.solutions").and_then(Json::as_array);
    let text = |solution: &Json, name: &str| {
        lookup(solution, name).and_then(Json::as_str).map(str::to_owned)
    };
    let mut details = Vec::new();
    for (at, solution) in sold.into_iter().flatten().enumerate() {
        let Some(id) = text(solution, "id") else { continue };
        let detail = given.get(at).or(given.first()).filter(|detail| detail.is_object());
        let mut detail = detail.cloned().unwrap_or_else(|| Json::Object(Map::new()));
        detail["id"] = json!(id);
        if let Some(name) = text(solution, "name") {
            detail["name"] = json!(name);
        }
        details.push(detail);
    }
    if details.is_empty() {
        problems.push(Notice::RegistrationWithoutSolution);
    }
    body["solutionDetails"] = Json::Array(details);
}

/// The contract's currency is its solutions' too, and its value is that of an only one.
fn amounts(body: &mut Json) {
    let (value, currency) =
        (body["contract"]["value"].clone(), body["contract"]["currency"].clone());
    let Some(details) = body["solutionDetails"].as_array_mut() else { return };
    let only = details.len() == 1;
    for detail in details {
        for (name, amount) in
            [("value", Some(&value).filter(|_| only)), ("currency", Some(&currency))]
        {
            if let Some(amount) = amount.filter(|amount| !amount.is_null())
                && detail[name].is_null()
            {
                detail[name] = amount.clone();
            }
        }
        // What was only asked for must not be sent as null.
        if let Some(detail) = detail.as_object_mut() {
            detail.retain(|_, value| !value.is_null());
        }
    }
}

/// The start may not precede the signature (contract partner-center 2.9).
fn dates(registration: &Registration, body: &Json) -> Option<Notice> {
    const START: &str = "contract.startDateTime";
    const SIGN: &str = "contract.signDateTime";
    let at = |path: &str| -> Option<Timestamp> { lookup(body, path)?.as_str()?.parse().ok() };
    let label = |path: &'static str| {
        let mut rules = registration.rules.iter();
        let rule = rules.find(|rule| rule.partner_center.as_str().eq_ignore_ascii_case(path));
        rule.map_or(path, |rule| rule.label.as_str()).to_owned()
    };
    match (at(START), at(SIGN)) {
        (Some(start), Some(sign)) if start < sign => {
            Some(Notice::RegistrationDates { start: label(START), sign: label(SIGN) })
        }
        (Some(_), Some(_)) => None,
        (None, _) => Some(Notice::RegistrationDateMissing { label: label(START) }),
        (Some(_), None) => Some(Notice::RegistrationDateMissing { label: label(SIGN) }),
    }
}
