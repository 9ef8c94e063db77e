//! The body of a new referral: what the mapping fills, and what follows from the deal's kind (contract partner-center 3.1).

use serde_json::{Map, Value as Json, json};

use cosell_mapping::Carried;
use cosell_mapping::{Mapping, Rule, Situation, attributes, solutions};
use cosell_model::crm::CrmRecord;
use cosell_model::deal::DealKind;
use cosell_model::referral::{Referral, lookup};

const CUSTOMER: &str = "customerProfile.";
const SOLUTIONS: &str = "details.requirements.solutions";

/// What the new referral is made for.
#[derive(Clone, Copy)]
pub(super) struct Purpose<'a> {
    /// Microsoft is asked to help.
    pub(super) cosell: bool,
    /// Microsoft's sellers may see the deal.
    pub(super) visible: bool,
    /// The referral that the deal has already: what Microsoft locks stays as it is there.
    pub(super) known: Option<&'a Referral>,
}

impl Purpose<'_> {
    fn deal(self) -> DealKind {
        match (self.cosell, self.visible) {
            (true, _) => DealKind::Cosell,
            (false, true) => DealKind::PartnerLed,
            (false, false) => DealKind::Private,
        }
    }
}

/// The body, or everything that is missing or unfit, in the seller's words.
pub(super) fn body_of(
    mapping: &Mapping,
    record: &CrmRecord,
    purpose: Purpose<'_>,
) -> Result<Json, Vec<String>> {
    let mut body = Json::Object(mapping.create.clone());
    let mut problems = Vec::new();
    let situation = Situation::of_new(purpose.deal());
    for rule in mapping.rules.iter().filter(|rule| rule.applies(situation)) {
        if let Some(json) = purpose.known.and_then(|referral| locked_there(rule, referral)) {
            set(&mut body, rule.partner_center.as_str(), json.clone());
            continue;
        }
        match rule.carried_to_partner_center(record, purpose.cosell) {
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
    problems.extend(attributes::lacking(mapping, &body));
    if purpose.cosell {
        problems.extend(without_solution(mapping, &body, &problems));
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    identify(&mut body, record, purpose);
    Ok(body)
}

/// Microsoft helps with deals that name a solution, whatever the mapping requires. Says nothing of what `told` says already.
fn without_solution(mapping: &Mapping, body: &Json, told: &[String]) -> Option<String> {
    if lookup(body, SOLUTIONS).and_then(Json::as_array).is_some_and(|all| !all.is_empty()) {
        return None;
    }
    let mut rules = mapping.rules.iter();
    let rule = rules.find(|rule| rule.partner_center.is(SOLUTIONS));
    let (label, remedy) =
        rule.map_or(("Products", ""), |rule| (rule.label.as_str(), rule.remedy.as_str()));
    let missing =
        format!("{label} is missing: Microsoft helps with deals that name a solution. {remedy}");
    (!told.iter().any(|told| told.starts_with(label))).then(|| missing.trim_end().to_owned())
}

/// The customer as the referral has it: Microsoft locks it once a deal exists, and its half must not tell another.
fn locked_there<'a>(rule: &Rule, referral: &'a Referral) -> Option<&'a Json> {
    let is_customer = rule
        .partner_center
        .as_str()
        .get(..CUSTOMER.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(CUSTOMER));
    let there =
        referral.get(rule.partner_center.as_str()).filter(|_| is_customer && rule.is_locked())?;
    is_something(there).then_some(there)
}

fn is_something(json: &Json) -> bool {
    !json.is_null() && json.as_str().is_none_or(|text| !text.trim().is_empty())
}

/// The parts that follow from the deal's kind rather than from a field.
fn identify(body: &mut Json, record: &CrmRecord, purpose: Purpose<'_>) {
    body["externalReferenceId"] = json!(record.key.id);
    body["type"] = json!(if purpose.cosell { "Shared" } else { "Independent" });
    body["consent"]["consentToShareReferralWithMicrosoftSellers"] = json!(purpose.visible);
    let solutions = lookup(body, SOLUTIONS).and_then(Json::as_array);
    let mut ids = solutions.into_iter().flatten().filter_map(|solution| solution["id"].as_str());
    let own_solution = ids.find(|id| solutions::is_catalogued(id)).map(str::to_owned);
    body["target"] = match own_solution {
        Some(id) if purpose.cosell => json!([{ "type": "SolutionProfile", "id": id }]),
        _ => json!([]),
    };
}

/// The customer contacts as the referral is to have them, when it lacks something of the one that `body` names: a deal that was not
/// shared with Microsoft may have been made without.
pub(super) fn contact(mapping: &Mapping, referral: &Referral, body: &Json) -> Option<Json> {
    const TEAM: &str = "customerProfile.team";
    let rules = mapping.rules.iter().filter(|rule| rule.to_partner_center.on_create());
    let mut lacking = rules
        .filter_map(|rule| {
            Some((rule.partner_center.as_str(), below(rule.partner_center.as_str(), TEAM)?))
        })
        .filter(|(path, _)| !referral.get(path).is_some_and(is_something))
        .filter_map(|(path, inside)| Some((inside, lookup(body, path)?)))
        .peekable();
    lacking.peek()?;
    let mut team = referral.get(TEAM).filter(|team| team.is_array()).cloned().unwrap_or_default();
    for (inside, json) in lacking {
        set(&mut team, inside, json.clone());
    }
    Some(team)
}

/// What is left of a path below `root`.
fn below<'a>(path: &'a str, root: &str) -> Option<&'a str> {
    let start = path.get(..root.len()).filter(|start| start.eq_ignore_ascii_case(root))?;
    path[start.len()..].strip_prefix('.')
}

/// Sets a dotted path, making the objects and arrays on the way.
pub(super) fn set(body: &mut Json, path: &str, value: Json) {
    if let Some(kind) = attributes::kind_of(path) {
        let list = attributes::with(lookup(body, attributes::LIST), kind, &value);
        return set(body, attributes::LIST, list);
    }
    let mut at = body;
    for segment in path.split('.') {
        at = if let Ok(index) = segment.parse::<usize>() {
            if !at.is_array() {
                *at = Json::Array(Vec::new());
            }
            let Json::Array(items) = at else { return };
            while items.len() <= index {
                items.push(Json::Object(Map::new()));
            }
            &mut items[index]
        } else {
            if !at.is_object() {
                *at = Json::Object(Map::new());
            }
            &mut at[segment]
        };
    }
    *at = value;
}
