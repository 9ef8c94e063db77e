//! The recipes of `docs/mapping.md`: each must be sound over the shipped mappings, and change
//! something.

#![allow(missing_docs)]

use cosell_mapping::Placeholders;
use cosell_mapping_check::{Crm, Examination, MappingFile};
use serde_json::Value as Json;

const DOCUMENT: &str = include_str!("../../../docs/mapping.md");
const README: &str = include_str!("../../../infra/mapping/own/README.md");

fn shipped(crm: &str) -> MappingFile<'static> {
    match crm {
        "dynamics" => MappingFile {
            name: "dynamics.toml",
            text: include_str!("../../../infra/mapping/dynamics.toml"),
        },
        _ => MappingFile {
            name: "salesforce.toml",
            text: include_str!("../../../infra/mapping/salesforce.toml"),
        },
    }
}

fn examined(crm: &'static str, own: Option<MappingFile<'_>>) -> Examination {
    let placeholders = Placeholders::from([
        ("prefix", "nwcs".to_owned()),
        ("team_phone", "+46700000002".to_owned()),
    ]);
    let mapped = Crm::of_guids(crm).with_currency_lookup("transactioncurrencyid");
    Examination::of(&mapped, shipped(crm), own, &placeholders)
}

fn effective(examination: &Examination) -> Option<Json> {
    serde_json::to_value(examination.mapping()?).ok()
}

/// The TOML blocks of a document: the CRM that one is for, where it is for one only, the line
/// before its first, and its text.
fn recipes(document: &str) -> Vec<(Option<&str>, usize, String)> {
    let mut recipes = Vec::new();
    let mut lines = document.lines().enumerate();
    while let Some((at, line)) = lines.next() {
        let Some(crm) = line.strip_prefix("```toml") else {
            continue;
        };
        let text: Vec<&str> =
            lines.by_ref().map(|(_, line)| line).take_while(|line| *line != "```").collect();
        recipes.push((Some(crm.trim()).filter(|crm| !crm.is_empty()), at + 1, text.join("\n")));
    }
    recipes
}

#[test]
fn every_recipe_is_without_fault_and_changes_the_mapping() {
    for (name, document, least) in
        [("docs/mapping.md", DOCUMENT, 12), ("infra/mapping/own/README.md", README, 1)]
    {
        let recipes = recipes(document);
        assert!(recipes.len() >= least, "{name}: {} recipes", recipes.len());
        for (only, line, text) in recipes {
            let crms = ["dynamics", "salesforce"]
                .into_iter()
                .filter(|crm| only.is_none_or(|only| only == *crm));
            let mut tried = 0;
            for crm in crms {
                tried += 1;
                let own = MappingFile { name, text: &text };
                let examination = examined(crm, Some(own));
                assert_eq!(examination.diagnostics, [], "{name}, line {line}, for {crm}");
                let changed = effective(&examination);
                assert!(changed.is_some(), "{name}, line {line}, for {crm}");
                assert_ne!(
                    changed,
                    effective(&examined(crm, None)),
                    "{name}, line {line}, for {crm}"
                );
            }
            assert!(tried > 0, "{name}, line {line}: no CRM is called {only:?}");
        }
    }
}
