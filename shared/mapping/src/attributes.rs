//! A deal's attributes: a list of `{type, id}`, in which a rule names one by its type, as in `….attributes.SolutionArea` (contract
//! partner-center 2.6).

use serde_json::{Value as Json, json};

use crate::mapping::Mapping;
use cosell_model::deal::SERVICES_ATTRIBUTES;
use cosell_model::referral::lookup;

/// Where they stand.
pub const LIST: &str = "details.requirements.additionalRequirements.attributes";

/// The attribute's type, where a path names an attribute by it.
pub fn kind_of(path: &str) -> Option<&str> {
    let start = path.get(..LIST.len()).filter(|start| start.eq_ignore_ascii_case(LIST))?;
    let kind = path[start.len()..].strip_prefix('.')?;
    let by_type =
        !kind.is_empty() && !kind.contains('.') && !kind.bytes().all(|byte| byte.is_ascii_digit());
    by_type.then_some(kind)
}

/// The list with this attribute set, and the others as they are; without it when there is nothing to set.
pub fn with(list: Option<&Json>, kind: &str, id: &Json) -> Json {
    let items = list.and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
    let is_it = |item: &Json| {
        lookup(item, "type").and_then(Json::as_str).is_some_and(|of| of.eq_ignore_ascii_case(kind))
    };
    let others = items.iter().filter(|item| !is_it(item)).cloned();
    let own = (!id.is_null()).then(|| json!({ "type": kind, "id": id }));
    others.chain(own).collect()
}

/// What a services co-sell deal lacks, in the seller's words: it needs all of its attributes or none (contract partner-center 3.1).
pub fn lacking(mapping: &Mapping, body: &Json) -> Vec<String> {
    let has = |kind: &str| {
        let id = lookup(body, &format!("{LIST}.{kind}"));
        id.is_some_and(|id| !id.is_null() && id != "")
    };
    if !SERVICES_ATTRIBUTES.iter().any(|kind| has(kind)) {
        return Vec::new();
    }
    let missing = SERVICES_ATTRIBUTES.iter().filter(|kind| !has(kind));
    let texts = missing.map(|kind| {
        let rule = mapping.rules.iter().find(|rule| {
            kind_of(rule.partner_center.as_str()).is_some_and(|of| of.eq_ignore_ascii_case(kind))
        });
        let (label, remedy) =
            rule.map_or((*kind, ""), |rule| (rule.label.as_str(), rule.remedy.as_str()));
        let all = SERVICES_ATTRIBUTES.join(", ");
        let text = format!(
            "{label} is missing: a services co-sell deal needs all of {all}, or none. {remedy}"
        );
        text.trim_end().to_owned()
    });
    texts.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attribute_is_named_by_its_type_and_not_by_a_number() {
        assert_eq!(kind_of(&format!("{LIST}.PartnerRole")), Some("PartnerRole"));
        assert_eq!(kind_of(&LIST.to_lowercase()), None);
        assert_eq!(kind_of(&format!("{LIST}.0.id")), None);
        assert_eq!(kind_of(&format!("{LIST}.0")), None);
    }

    #[test]
    fn one_is_replaced_added_or_taken_away_and_the_others_stay() {
        let list = json!([{ "type": "CustomerMarketplaceIntent", "id": "Yes" }, { "Type": "partnerrole", "id": "old" }]);
        assert_eq!(
            with(Some(&list), "PartnerRole", &json!("new")),
            json!([list[0], { "type": "PartnerRole", "id": "new" }])
        );
        assert_eq!(with(Some(&list), "PartnerRole", &Json::Null), json!([list[0]]));
        assert_eq!(
            with(None, "PartnerRole", &json!("x")),
            json!([{ "type": "PartnerRole", "id": "x" }])
        );
    }
}
