//! What becomes of each field when a side of a deal is made.

use cosell_mapping::{Carried, Mapping, Rule, Situation, When};
use cosell_model::audit::Side;
use cosell_model::crm::{CrmRecord, CrmWrite};
use cosell_model::deal::DealKind;
use cosell_model::referral::{Referral, ReferralKind};
use cosell_sync::decide::kind_of_new;
use cosell_sync::pair::{Pair, Standing};
use cosell_sync::plan::{Action, Plan};
use cosell_sync::policy::{Rules, Table};
use serde::Serialize;
use serde_json::Value as Json;

use super::Existing;

/// A side that is made, field by field.
#[derive(Serialize)]
pub(super) struct Creation<'a> {
    /// The side that is made.
    pub(super) side: Side,
    /// Whether the plan makes it, or would if nothing stood in the way; else it only shows the
    /// mapping.
    pub(super) planned: bool,
    /// Every rule, in the mapping's order.
    pub(super) fields: Vec<MadeField<'a>>,
}

/// One rule's field. Values are customer data.
#[derive(Serialize)]
pub(super) struct MadeField<'a> {
    pub(super) rule: &'a str,
    pub(super) label: &'a str,
    /// The path or column that it is read from.
    pub(super) from: String,
    /// The value as it is there, null when there is none.
    pub(super) there: Json,
    /// The path or column that it is written to.
    pub(super) to: &'a str,
    #[serde(flatten)]
    pub(super) becomes: Becomes,
    #[serde(skip)]
    pub(super) limits: Limits,
}

/// What becomes of a field.
#[derive(Serialize)]
#[serde(tag = "becomes", rename_all = "snake_case")]
pub(super) enum Becomes {
    Written {
        written: Json,
        /// How many characters at its end are left out.
        cut: usize,
        /// Whether it is the rule's default.
        default: bool,
    },
    NotNow {
        why: String,
    },
    NotForThisDeal {
        why: String,
    },
    Empty {
        why: String,
    },
    Missing {
        why: String,
    },
    Unfit {
        why: String,
    },
}

/// What limits a written field.
#[derive(Default)]
pub(super) struct Limits {
    /// Characters that the column takes.
    pub(super) room: Option<usize>,
    /// Microsoft locks it once the referral exists.
    pub(super) locked: bool,
}

impl<'a> Creation<'a> {
    /// The side that this pair lacks.
    pub(super) fn planned(rules: Rules<'a>, pair: &Pair, plan: &Plan) -> Option<Self> {
        let mapping = rules.mapping_of(pair.table);
        match (&pair.standing, &pair.referral, &pair.record) {
            (Standing::NewRecord, Some(referral), _) => {
                let write = plan.effects.iter().find_map(|effect| match &effect.action {
                    Action::CreateRecord { write, .. } => Some(write),
                    _ => None,
                });
                Some(Self { planned: true, ..Self::of_record(mapping, referral, write) })
            }
            (Standing::NewReferral, _, Some(record)) => {
                Some(Self { planned: true, ..Self::of_referral(mapping, record) })
            }
            _ => None,
        }
    }

    /// The other side of what is there, were it to be made.
    pub(super) fn anew(rules: Rules<'a>, existing: &Existing) -> Option<Self> {
        match existing {
            Existing::Referral(referral) if referral.kind == ReferralKind::MicrosoftReferral => {
                None
            }
            Existing::Referral(referral) => {
                let table = super::sample::table_of(rules, referral);
                Some(Self::of_record(rules.mapping_of(table), referral, None))
            }
            Existing::Record(record) if record.key.entity == rules.deals.entity => {
                Some(Self::of_referral(rules.mapping_of(Table::Opportunities), record))
            }
            // Leads are never sent.
            Existing::Record(_) => None,
        }
    }

    fn of_record(mapping: &'a Mapping, referral: &Referral, write: Option<&CrmWrite>) -> Self {
        let field = |rule: &'a Rule| {
            let mut carried = rule.carried_to_crm(referral);
            // The name may have got its mark meanwhile.
            if let Carried::Written { json, .. } = &mut carried
                && let Some(written) = write.and_then(|write| write.fields.get(rule.crm.as_str()))
            {
                json.clone_from(written);
            }
            let there = match &rule.from_partner_center {
                Some(_) => {
                    let value = rule.read_partner_center(referral);
                    value.map(|value| value.to_json()).unwrap_or_default()
                }
                None => referral.get(rule.partner_center.as_str()).cloned().unwrap_or_default(),
            };
            let computed = rule.from_partner_center.as_ref().map(ToString::to_string);
            MadeField {
                rule: rule.name.as_str(),
                label: &rule.label,
                from: computed.unwrap_or_else(|| rule.partner_center.as_str().to_owned()),
                there,
                to: rule.crm.as_str(),
                becomes: becomes(rule, carried, "to_crm"),
                limits: Limits { room: rule.crm_length, locked: false },
            }
        };
        Self { side: Side::Crm, planned: false, fields: mapping.rules.iter().map(field).collect() }
    }

    fn of_referral(mapping: &'a Mapping, record: &CrmRecord) -> Self {
        let kind = kind_of_new(mapping, record);
        let field = |rule: &'a Rule| {
            let column = rule.column_of(record);
            let there = match &rule.from_crm {
                Some(_) => rule.read_crm(record).map(|value| value.to_json()).unwrap_or_default(),
                None => record.get(column).clone(),
            };
            let carried = if rule.applies(Situation::of_new(kind)) {
                rule.carried_to_partner_center(record, kind == DealKind::Cosell)
            } else {
                Carried::Inapplicable
            };
            let computed = rule.from_crm.as_ref().map(ToString::to_string);
            MadeField {
                rule: rule.name.as_str(),
                label: &rule.label,
                from: computed.unwrap_or_else(|| column.to_string()),
                there,
                to: rule.partner_center.as_str(),
                becomes: becomes(rule, carried, "to_partner_center"),
                limits: Limits { room: None, locked: rule.is_locked() },
            }
        };
        let fields = mapping.rules.iter().map(field).collect();
        Self { side: Side::PartnerCenter, planned: false, fields }
    }
}

/// What becomes of a field, and why it is not written; `key` is the rule's for this direction.
fn becomes(rule: &Rule, carried: Carried, key: &str) -> Becomes {
    let remedied = |why: String| format!("{why}. {}", rule.remedy).trim_end().to_owned();
    match carried {
        Carried::Written { json, cut, default } => Becomes::Written { written: json, cut, default },
        Carried::Elsewhen(When::Update) => Becomes::NotNow {
            why: format!("not on creation, only when it changes later ({key} = \"update\")"),
        },
        Carried::Elsewhen(_) => {
            Becomes::NotNow { why: format!("not in this direction ({key} = \"never\")") }
        }
        Carried::Inapplicable => Becomes::NotForThisDeal {
            why: "the rule is not there for such a deal (when)".to_owned(),
        },
        Carried::Empty => Becomes::Empty { why: "there is nothing to write".to_owned() },
        Carried::Missing => {
            Becomes::Missing { why: remedied("it is required and missing".to_owned()) }
        }
        Carried::Unfit(error) => Becomes::Unfit { why: remedied(error.to_string()) },
    }
}
