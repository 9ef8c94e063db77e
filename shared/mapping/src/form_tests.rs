use std::collections::BTreeSet;

use serde_json::json;

use super::*;
use crate::Rule;
use cosell_model::crm::Phase;
use cosell_model::life_cycle::Stage;

#[test]
fn every_word_of_the_form_is_one_that_the_program_reads() {
    for stage in STAGES {
        assert!(serde_json::from_value::<Stage>(json!(stage)).is_ok(), "{stage}");
    }
    assert_eq!(json!(cosell_model::deal::DealKind::ALL), json!(DEALS));
    for phase in [PHASES, PHASES_FROM_LEADS, PHASES_OF_LEADS].concat() {
        assert!(serde_json::from_value::<Phase>(json!(phase)).is_ok(), "{phase}");
    }
    let mut rule = json!({ "default": "x", "values": {}, "crm_length": 1, "remedy": "", "transform": ["trim"], "fallback": ["x"], "when": {}, "from_crm": "x", "from_partner_center": "x" });
    for key in RULE
        .iter()
        .filter(|key| key.name != "off" && rule.get(key.name).is_none())
        .collect::<Vec<_>>()
    {
        rule[key.name] = match key.form {
            Form::OneOf(words) => json!(words[0]),
            _ => json!("x"),
        };
    }
    for key in RULE {
        if let Form::OneOf(words) = key.form {
            for word in words {
                let mut rule = rule.clone();
                rule[key.name] = json!(word);
                assert!(serde_json::from_value::<Rule>(rule).is_ok(), "{} = {word}", key.name);
            }
        }
    }
}

#[test]
fn no_key_stands_twice() {
    for keys in [
        FILE,
        LEAD,
        REGISTRATION,
        REASON,
        COLUMNS,
        HELP,
        VISIBILITY,
        VISIBILITY_VALUES,
        STAGE_TABLES,
        STAGE_TABLES_OF_LEADS,
        RULE,
    ] {
        let names: BTreeSet<&str> = keys.iter().map(|key| key.name).collect();
        assert_eq!(names.len(), keys.len());
    }
}
