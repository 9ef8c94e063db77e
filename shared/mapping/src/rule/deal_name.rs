//! The deal's name, which may carry a mark in the CRM.

use super::Rule;
use crate::mark::{Mark, bare};
use cosell_model::value::Value;

impl Rule {
    /// Whether this is the deal's name.
    pub fn is_name(&self) -> bool {
        self.partner_center == "name"
    }

    /// A text of the name's column with this mark instead of the marks it has; `None` when that
    /// cannot be.
    ///
    /// The name is cut where both do not fit, but only if it stands `there`, in Partner Center, in
    /// full: what a seller entered is nowhere else until it was sent.
    pub fn with_mark(
        &self,
        text: &str,
        mark: Option<Mark>,
        there: Option<&Value>,
    ) -> Option<String> {
        let name = bare(text);
        let Some(mark) = mark else {
            return Some(name.to_owned());
        };
        let cut = self.cut(name);
        let whole = matches!(there, Some(Value::Text(there)) if bare(there).starts_with(name));
        if name.is_empty() || (cut.len() < name.len() && !whole) {
            return None;
        }
        Some(format!("{} {cut}", mark.sign()))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::fixtures::{record, set};
    use crate::tests::shipped;

    fn rule() -> Rule {
        let rules = shipped().marking_names().rules;
        rules.into_iter().find(Rule::is_name).unwrap()
    }

    #[test]
    fn the_name_is_read_without_marks_whoever_put_them_there() {
        for text in [
            "Fabrikam wave 2",
            "✔ Fabrikam wave 2",
            "✘Fabrikam wave 2",
            " ✔\u{fe0f} ✘  Fabrikam wave 2",
        ] {
            let marked = record(|record| set(record, "name", json!(text)));
            assert_eq!(rule().read_crm(&marked).unwrap(), Value::text("Fabrikam wave 2"), "{text}");
        }
        let nothing = record(|record| set(record, "name", json!("✔ ")));
        assert!(rule().read_crm(&nothing).unwrap().is_nothing());
    }

    #[test]
    fn a_sign_inside_a_name_or_in_another_column_is_the_sellers() {
        let inside = record(|record| {
            set(record, "name", json!("Fabrikam ✔"));
            set(record, "description", json!("✔ done"));
        });
        assert_eq!(rule().read_crm(&inside).unwrap(), Value::text("Fabrikam ✔"));
        let notes = shipped().rules.into_iter().find(|rule| rule.name == "notes").unwrap();
        assert_eq!(notes.read_crm(&inside).unwrap(), Value::text("✔ done"));
    }

    #[test]
    fn the_name_is_cut_and_not_the_mark() {
        let long = "x".repeat(400);
        let (there, failed) = (Value::text(long.clone()), Some(Mark::Failed));
        let marked = rule().with_mark(&long[..300], failed, Some(&there)).unwrap();
        assert_eq!(marked, format!("✘ {}", "x".repeat(298)));
        assert_eq!(
            rule().with_mark(&marked, failed, None),
            Some(marked.clone()),
            "as often as you like"
        );
        assert_eq!(rule().with_mark(&long[..300], None, None).unwrap().len(), 300);
        assert_eq!(
            rule().across_to_crm(&Value::text(long.clone())).unwrap(),
            Value::text("x".repeat(298))
        );
        let unmarked = shipped().rules.into_iter().find(Rule::is_name).unwrap();
        assert_eq!(
            unmarked.across_to_crm(&Value::text(long)).unwrap(),
            Value::text("x".repeat(300))
        );
    }

    #[test]
    fn a_name_that_partner_center_does_not_have_is_not_cut() {
        let long = "x".repeat(299);
        for there in [None, Some(Value::Nothing), Some(Value::text("x".repeat(298)))] {
            assert_eq!(rule().with_mark(&long, Some(Mark::Synced), there.as_ref()), None);
        }
        assert_eq!(rule().with_mark("✔ ", Some(Mark::Synced), None), None, "there is no name");
    }

    #[test]
    fn a_name_that_is_only_created_here_is_not_marked() {
        let mut mapping = shipped();
        mapping
            .rules
            .iter_mut()
            .filter(|rule| rule.is_name())
            .for_each(|rule| rule.to_crm = crate::rule::When::Create);
        assert!(mapping.marking_names().marked_name().is_none());
    }
}
