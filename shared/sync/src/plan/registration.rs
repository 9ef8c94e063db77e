//! Registering a won deal with Microsoft (contract partner-center 2.9, 3.6): once, and only when all that Microsoft asks for is there.

use jiff::Timestamp;
use serde_json::{Map, Value as Json, json};

use super::body::set;
use super::win::can_be_registered;
use cosell_mapping::Carried;
use cosell_mapping::{Mapping, Registration, Situation};
use cosell_model::crm::{CrmRecord, Phase};
use cosell_model::life_cycle::Stage;
use cosell_model::patch::{PatchOperation, PatchVerb};
use cosell_model::referral::Referral;

/// What to do about the registration of a deal.
#[derive(Clone, Debug, PartialEq)]
pub enum NewRegistration {
    /// Nothing (yet): it is not wanted, the deal is not won on both sides, or Microsoft has not answered.
    Nothing,
    /// It stands in Partner Center.
    Done,
    /// Make it.
    Register(Box<PatchOperation>),
    /// It cannot be made; every sentence names what is wrong and its remedy, for the seller.
    Tell(Vec<String>),
}

/// Whether this pair's deal may be one to register: only then Microsoft's half needs reading.
pub fn may_be_registered(mapping: &Mapping, referral: &Referral, record: &CrmRecord) -> bool {
    mapping.registering().is_some() && referral.stage == Stage::Won && record.phase == Phase::Won
}

/// Decides on the registration of a deal. `microsoft` is Microsoft's half, where the engagement has one that we see.
pub fn plan_registration(
    mapping: &Mapping,
    referral: &Referral,
    microsoft: Option<&Referral>,
    record: &CrmRecord,
) -> NewRegistration {
    let Some(registration) =
        mapping.registering().filter(|_| may_be_registered(mapping, referral, record))
    else {
        return NewRegistration::Nothing;
    };
    if is_registered(referral) {
        return NewRegistration::Done;
    }
    if !can_be_registered(referral.deal(microsoft.is_some())) {
        return NewRegistration::Nothing;
    }
    // Without a half of Microsoft's that we see, Partner Center knows better than we do.
    match microsoft.map(|half| half.stage) {
        None | Some(Stage::Active | Stage::Won) => {}
        Some(Stage::New) => return NewRegistration::Nothing,
        Some(stage) => {
            let why = format!(
                "Microsoft's answer to it is {stage}, and only deals that Microsoft accepted are taken."
            );
            return NewRegistration::Tell(vec![format!("{NOT_REGISTERED}: {why}")]);
        }
    }
    let situation = Situation::of(referral, microsoft.is_some());
    let (body, problems) = body(registration, situation, referral, record);
    if problems.is_empty() {
        NewRegistration::Register(Box::new(PatchOperation {
            op: PatchVerb::Add,
            path: "/registrations/-".into(),
            value: body,
        }))
    } else {
        NewRegistration::Tell(
            std::iter::once(format!("{NOT_REGISTERED}:")).chain(problems).collect(),
        )
    }
}

const NOT_REGISTERED: &str = "The won deal is not registered with Microsoft";

/// An answer may leave out an empty list; the status tells as well.
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
) -> (Json, Vec<String>) {
    let mut body = Json::Object(registration.create.clone());
    let mut problems = Vec::new();
    solutions(&mut body, referral, &mut problems);
    for rule in registration.rules_of_creation().filter(|rule| rule.applies(situation)) {
        match rule.carried_to_partner_center(record, true) {
            Carried::Written { json, .. } => set(&mut body, rule.partner_center.as_str(), json),
            Carried::Missing => {
                problems.push(format!("{} is missing: {}", rule.label, rule.remedy))
            }
            Carried::Unfit(error) => {
                problems.push(format!("{}: {error}. {}", rule.label, rule.remedy))
            }
            Carried::Elsewhen(_) | Carried::Empty | Carried::Inapplicable => {}
        }
    }
    amounts(&mut body);
    problems.extend(dates(registration, &body).filter(|_| problems.is_empty()));
    (body, problems)
}

/// The deal's solutions, each with what `[registration.create]` says of the one at its place, or else of the first.
fn solutions(body: &mut Json, referral: &Referral, problems: &mut Vec<String>) {
    let given = body.get("solutionDetails").and_then(Json::as_array).cloned().unwrap_or_default();
    let sold = referral.get("details.requirements.solutions").and_then(Json::as_array);
    let text = |solution: &Json, name: &str| {
        cosell_model::referral::lookup(solution, name).and_then(Json::as_str).map(str::to_owned)
    };
    let mut details = Vec::new();
    for (at, solution) in sold.into_iter().flatten().enumerate() {
        let Some(id) = text(solution, "id") else {
            continue;
        };
        let detail = given.get(at).or(given.first()).filter(|detail| detail.is_object());
        let mut detail = detail.cloned().unwrap_or_else(|| Json::Object(Map::new()));
        detail["id"] = json!(id);
        if let Some(name) = text(solution, "name") {
            detail["name"] = json!(name);
        }
        details.push(detail);
    }
    if details.is_empty() {
        problems
            .push("The deal has no solution: add a co-sell-ready one in Partner Center.".into());
    }
    body["solutionDetails"] = Json::Array(details);
}

/// The contract's currency is its solutions' too, and its value is that of an only one.
fn amounts(body: &mut Json) {
    let (value, currency) =
        (body["contract"]["value"].clone(), body["contract"]["currency"].clone());
    let Some(details) = body["solutionDetails"].as_array_mut() else {
        return;
    };
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
fn dates(registration: &Registration, body: &Json) -> Option<String> {
    const START: &str = "contract.startDateTime";
    const SIGN: &str = "contract.signDateTime";
    let at = |path: &str| -> Option<Timestamp> {
        cosell_model::referral::lookup(body, path)?.as_str()?.parse().ok()
    };
    let label = |path: &'static str| {
        let rule = registration.rules.iter().find(|rule| rule.partner_center.is(path));
        rule.map_or(path, |rule| rule.label.as_str())
    };
    match (at(START), at(SIGN)) {
        (Some(start), Some(sign)) if start < sign => {
            Some(format!("{} is before {}: correct one of the two.", label(START), label(SIGN)))
        }
        (Some(_), Some(_)) => None,
        (start, _) => {
            let label = label(if start.is_none() { START } else { SIGN });
            Some(format!("{label} is missing."))
        }
    }
}
