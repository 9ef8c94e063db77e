//! The catalogue of co-sell fields against the shipped mappings.

#![allow(clippy::unwrap_used, missing_docs)]

use cosell_crm::Descriptor;
use cosell_crm::field::Kind;
use cosell_mapping::{Mapping, Placeholders};
use cosell_mapping_check::parse;
use cosell_model::path::ColumnPath;
use cosell_wiring::CRMS;

/// A CRM, and the mapping that ships for it.
struct Shipped {
    crm: &'static Descriptor,
    mapping: Mapping,
    placeholders: Placeholders,
}

fn shipped() -> Vec<Shipped> {
    let placeholders = Placeholders::from([
        ("prefix", "nwcs".to_owned()),
        ("team_phone", "+46700000002".to_owned()),
    ]);
    let of = |crm: &&'static Descriptor| Shipped {
        crm,
        mapping: parse(&crm.mapped, crm.mapping.shipped.text, &placeholders).unwrap(),
        placeholders: placeholders.clone(),
    };
    CRMS.0.iter().map(of).collect()
}

impl Shipped {
    fn field(&self, label: &str) -> (ColumnPath, Kind) {
        let field = self.crm.fields.iter().find(|field| field.label == label).unwrap();
        ((self.crm.field_name)(field, &self.placeholders).into(), field.kind)
    }

    fn length(&self, label: &str) -> usize {
        match self.field(label).1 {
            Kind::Text { length } | Kind::LongText { length } => length as usize,
            other => panic!("{label} is {other:?}"),
        }
    }
}

#[test]
fn the_shipped_mappings_name_these_fields_and_their_lengths() {
    for shipped in shipped() {
        let columns = &shipped.mapping.columns;
        let named = [
            ("Sync with Partner Center", &columns.sync),
            ("Referral Identifier", &columns.referral_id),
            ("Referral Link", &columns.referral_link),
            ("Audit", &columns.audit),
            ("Sync status", &columns.sync_status),
            ("Microsoft CRM Identifier", &columns.microsoft_crm_id),
        ];
        for (label, name) in named {
            assert_eq!(&shipped.field(label).0, name);
        }
        assert_eq!(shipped.length("Audit"), columns.audit_length);
        assert_eq!(shipped.length("Sync status"), columns.sync_status_length);
        let products = shipped.mapping.rules.iter().find(|rule| rule.name == "solutions").unwrap();
        assert_eq!(shipped.field("Products").0, products.crm);
        assert_eq!(Some(shipped.length("Products")), products.crm_length);
    }
}

#[test]
fn the_shipped_mappings_have_the_values_of_the_help() {
    for shipped in shipped() {
        let help = &shipped.mapping.help;
        let (name, kind) = shipped.field("How can Microsoft help?");
        let Kind::Choice(choices) = kind else { panic!("not a choice") };
        assert_eq!(name, help.column);
        assert_eq!(choices.len(), help.values.len());
        for choice in choices {
            assert_eq!(
                *help.values[choice.code.unwrap()].json(),
                (shipped.crm.choice_value)(choice),
                "{}",
                choice.label
            );
        }
    }
}

#[test]
fn the_shipped_mappings_have_the_values_of_the_visibility() {
    for shipped in shipped() {
        let visibility = shipped.mapping.visibility.as_ref().unwrap();
        let (name, kind) = shipped.field("Referral Visibility");
        let Kind::Choice([private, microsoft]) = kind else { panic!("not a choice of two") };
        assert_eq!(name, visibility.column);
        let values = &visibility.values;
        assert_eq!(
            (values.private.json(), values.microsoft.json()),
            (&(shipped.crm.choice_value)(private), &(shipped.crm.choice_value)(microsoft))
        );
    }
}

#[test]
fn names_are_unique_and_help_fits_where_it_is_shown() {
    for shipped in shipped() {
        for (position, field) in shipped.crm.fields.iter().enumerate() {
            assert!(field.help.chars().count() <= 255 && !field.help.is_empty(), "{}", field.label);
            for other in &shipped.crm.fields[position + 1..] {
                assert!(!field.name.eq_ignore_ascii_case(other.name), "{}", field.name);
            }
        }
    }
}
