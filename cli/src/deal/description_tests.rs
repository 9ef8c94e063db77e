use cosell_runtime::config::Environment;
use cosell_wiring::MappingSettings;
use insta::assert_snapshot;
use serde_json::{Value as Json, json};

use super::*;

const REFERRAL: &str = "c7c1e1f0-8a51-4f0d-b1a7-2d6a64d3f9aa";

fn mapping() -> Mapping {
    let settings = Environment::of([("CRM", "dynamics")]).read(MappingSettings::read).unwrap();
    cosell_wiring::mapping(&settings).unwrap()
}

fn link(more: &Json) -> Link {
    let mut link = json!({
        "referral": REFERRAL, "crm": { "system": "dynamics", "entity": "opportunity", "id": "o1" },
        "version": 1,
        "created": "2026-09-01T08:00:00Z", "updated": "2026-09-02T08:00:00.5Z"
    });
    link.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    serde_json::from_value(link).unwrap()
}

fn now() -> Timestamp {
    "2026-09-03T08:00:00Z".parse().unwrap()
}

fn shown_with(more: &Json) -> String {
    of(&mapping(), &link(more), now())
}

/// What is shown below the two sides of a linked deal in this state.
fn shown_in(state: &Json) -> String {
    let text = shown_with(&json!({ "state": state }));
    let (_, below) = text.split_once("\nstate").unwrap();
    format!("state{below}")
}

#[test]
fn a_deal_in_sync_is_its_identity_and_state() {
    let engagement = "0d2ad5a5-6a59-4b1f-8a40-1a2a3b4c5d6e";
    let text = shown_with(&json!({
        "engagement": engagement, "state": { "state": "in-sync" },
        "state_since": "2026-09-02T08:00:00Z"
    }));
    assert_snapshot!(text);
}

#[test]
fn each_state_says_what_is_behind_it_and_what_helps() {
    let field_missing = json!({ "code": "field-missing", "field": "customer_country" });
    let currency = json!({ "code": "currency-differs", "field": "deal_value" });
    let until = "2026-09-04T08:05:00Z";
    let merged =
        json!({ "record_merged": { "system": "dynamics", "entity": "opportunity", "id": "o2" } });
    let states = [
        json!({ "state": "new" }),
        json!({
            "state": "partly-synced", "fields": ["deal_value", "stage"], "blocked": false,
            "reasons": [currency]
        }),
        json!({ "state": "partly-synced", "fields": ["customer_country", "help"], "blocked": true,
            "reasons": [{ "code": "help-blocked" }, field_missing] }),
        json!({ "state": "waiting", "for_what": "answer", "until": until }),
        json!({ "state": "waiting", "for_what": "win-date", "until": until }),
        json!({ "state": "waiting", "for_what": "acceptance", "fields": ["deal_value"] }),
        json!({ "state": "waiting", "for_what": "referral", "until": until }),
        json!({ "state": "needs-decision", "fields": ["closing_date"] }),
        json!({ "state": "paused", "until": until }),
        json!({ "state": "paused", "until": "2026-09-03T07:59:00Z" }),
        json!({
            "state": "failing", "attempts": 3, "since": "2026-09-03T07:00:00Z",
            "last": "2026-09-03T07:40:00Z", "cause": "the CRM transient (503)",
            "next": "2026-09-03T08:10:00Z"
        }),
        json!({ "state": "off", "reason": "switched-off" }),
        json!({ "state": "disconnected", "reason": "record_deleted" }),
        json!({ "state": "disconnected", "reason": merged }),
        json!({ "state": "disconnected", "reason": "referral_invisible" }),
        json!({ "state": "disconnected", "reason": "unlinked" }),
        json!({ "state": "refused", "reasons": [field_missing, { "code": "change-to-retry" }] }),
    ];
    let shown: Vec<String> = states.iter().map(shown_in).collect();
    let text = shown.join("\n");
    assert_snapshot!(text);
}

#[test]
fn a_deal_that_is_not_linked_shows_its_state_too() {
    let deal = |state: &Json| -> UnlinkedDeal {
        serde_json::from_value(json!({ "state": state, "updated": "2026-09-02T08:00:00.5Z" }))
            .unwrap()
    };
    let refused = deal(&json!({
        "state": "refused",
        "reasons": [{ "code": "field-missing", "field": "customer_country" }]
    }));
    let key = link(&json!({})).crm;
    let of_record = of_unlinked(&mapping(), &Subject::Crm(key), &refused);
    let off = deal(&json!({ "state": "off", "reason": "private" }));
    let of_referral = of_unlinked(&mapping(), &Subject::Referral(REFERRAL.parse().unwrap()), &off);
    let failing =
        deal(&json!({ "state": "failing", "attempts": 1, "since": "2026-09-03T07:00:00Z",
        "last": "2026-09-03T07:00:00Z", "cause": "Partner Center throttled",
        "next": "2026-09-03T07:00:05Z" }));
    let lead = cosell_model::crm::CrmKey {
        system: "dynamics".into(),
        entity: "lead".into(),
        id: "l1".into(),
    };
    let of_lead = of_unlinked(&mapping(), &Subject::Crm(lead), &failing);
    let text = [of_record, of_referral, of_lead].join("\n");
    assert_snapshot!(text);
}

#[test]
fn what_is_a_matter_of_time_and_what_comes_of_a_win_are_shown() {
    let text = shown_with(&json!({
        "state": {
            "state": "partly-synced", "fields": ["registration"], "blocked": true,
            "reasons": [{ "code": "registration-blocked" }]
        },
        "win_deferred_until": "2026-09-04T08:05:00Z", "registering": "started",
        "warned": { (REFERRAL): { "expires": "2026-09-07T08:00:00Z", "days": 5 } }
    }));
    assert_snapshot!(text);
}

#[test]
fn a_conflict_shows_both_values_and_how_to_resolve_it() {
    let since = "2026-09-02T08:00:00Z";
    let text = shown_with(&json!({
        "state": { "state": "needs-decision", "fields": ["close date"] },
        "conflicts": {
            "close date": {
                "partner_center": { "date": "2027-03-31" }, "crm": "nothing", "since": since
            },
            "name": {
                "partner_center": { "text": "a" }, "crm": { "text": "b" }, "since": since,
                "decision": "crm"
            },
        }
    }));
    assert_snapshot!(text);
}

#[test]
fn a_write_without_a_known_outcome_is_shown() {
    let values = json!({ "partner_center": "nothing", "crm": "nothing" });
    let write =
        json!({ "name": { "side": "crm", "values": values, "since": "2026-09-02T08:00:00Z" } });
    let text = shown_with(&json!({ "write_ahead": write }));
    assert!(
        text.contains(
            "being written         Deal name (name) in CRM since 2026-09-02T08:00:00Z, outcome not \
             known yet\n"
        ),
        "{text}"
    );
}

#[test]
fn each_disconnection_names_its_reason_since_when_and_the_remedy() {
    for (reason, why, remedy) in [
        (json!("record_deleted"), "no longer exists", "restore the record"),
        (json!("referral_invisible"), "not visible", "role in Partner Center"),
        (json!("unlinked"), "an operator unlinked", "--opportunity o1"),
    ] {
        let text = shown_with(&json!({
            "state": { "state": "disconnected", "reason": reason },
            "disconnected": { "reason": reason, "since": "2026-09-02T08:00:00Z" }
        }));
        assert!(
            text.contains("since                 2026-09-02T08:00:00Z\n")
                && text.contains(why)
                && text.contains(remedy),
            "{text}"
        );
    }
}

#[test]
fn a_side_says_what_it_belongs_to() {
    let link =
        link(&json!({ "disconnected": { "reason": "unlinked", "since": "2026-09-02T08:00:00Z" } }));
    let side = Subject::Crm(link.crm.clone());
    assert_eq!(
        of_side(&side, Some(&link)),
        format!(
            "opportunity o1: was linked with referral {REFERRAL}, disconnected \
             2026-09-02T08:00:00Z: an operator unlinked the deal\n"
        )
    );
    assert_eq!(of_side(&side, None), "opportunity o1: not linked\n");
}
