//! A trial as JSON, for programs.

use cosell_mapping::Carried;
use cosell_sync::plan::{FieldTrial, NewRecord, NewReferral, Trial};
use serde_json::{Value as Json, json};

use super::description::{self, Way};

/// A new CRM record.
pub(super) fn of_record(trial: &Trial<'_, NewRecord>) -> Json {
    let plan = match &trial.plan {
        NewRecord::Create(write) => json!({ "create": true, "phase": write.phase }),
        NewRecord::Skip(reason) => json!({ "create": false, "reason": reason }),
    };
    whole("crm", plan, trial, Way::to_crm)
}

/// A new referral.
pub(super) fn of_referral(trial: &Trial<'_, NewReferral>) -> Json {
    let plan = match &trial.plan {
        NewReferral::Create { help, .. } => json!({ "create": true, "help": help }),
        NewReferral::Reject(problems) => json!({ "create": false, "problems": problems }),
        NewReferral::Skip(reason) => json!({ "create": false, "reason": reason }),
    };
    whole("partner_center", plan, trial, Way::to_partner_center)
}

fn whole<'a, Plan>(
    side: &str,
    mut plan: Json,
    trial: &Trial<'a, Plan>,
    way: fn(&FieldTrial<'a>) -> Way<'a>,
) -> Json {
    plan["side"] = json!(side);
    plan["fields"] = trial.fields.iter().map(|each| field(each, &way(each))).collect();
    plan["besides"] = json!(trial.besides);
    plan
}

fn field(field: &FieldTrial<'_>, way: &Way<'_>) -> Json {
    let mut json = json!({
        "rule": field.rule.name, "label": field.rule.label, "from": field.from, "there": field.there, "to": way.to(),
        "becomes": match field.carried {
            Carried::Written { .. } => "written",
            Carried::Elsewhen(_) => "not_now",
            Carried::Inapplicable => "not_for_this_deal",
            Carried::Empty => "empty",
            Carried::Missing => "missing",
            Carried::Unfit(_) => "unfit",
        },
    });
    if let Carried::Written { json: written, cut, default } = &field.carried {
        json["written"] = written.clone();
        json["cut"] = json!(cut);
        json["default"] = json!(default);
    } else {
        json["why"] = json!(description::why_not(field, way));
    }
    json
}
