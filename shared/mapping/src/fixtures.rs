//! A deal in sync, for tests.
#![allow(dead_code, reason = "two crates share it")]

use cosell_model::crm::{CrmKey, CrmRecord, Phase};
use cosell_model::referral::Referral;
use jiff::Timestamp;
use serde_json::{Value as Json, json};

/// The id of [`record`].
pub(crate) const RECORD: &str = "6a0d1c52-7b1e-4f6c-9d3a-2f1b0c9e8d77";

pub(crate) fn now() -> Timestamp {
    "2026-11-21T10:00:00Z".parse().unwrap()
}

pub(crate) fn referral_body() -> Json {
    json!({
        "id": "c7c1e1f0-8a51-4f0d-b1a7-2d6a64d3f9aa", "engagementId": "0f6f2b57-7f4e-4c8d-8c0e-55c7a1d4e3b2", "eTag": "\"1\"",
        "name": "Cold-store rollout", "externalReferenceId": RECORD,
        "status": "Active", "substatus": "Accepted", "updatedDateTime": "2026-11-20T10:00:00.0000000Z",
        "type": "Independent", "qualification": "SalesQualified", "direction": "Outgoing", "target": [],
        "consent": { "consentToShareReferralWithMicrosoftSellers": false },
        "customerProfile": { "name": "Norrsken", "address": { "addressLine1": "Hamngatan 4", "city": "Umeå", "country": "SE", "postalCode": "90326" } },
        "details": {
            "dealValue": 184_000.0, "currency": "SEK", "closingDateTime": "2026-09-30T00:00:00Z", "notes": "Two warehouses.",
            "requirements": { "solutions": [{ "id": "SOL-71402-QKD", "type": "Name" }] }
        }
    })
}

pub(crate) fn referral(change: impl FnOnce(&mut Json)) -> Referral {
    let mut body = referral_body();
    change(&mut body);
    Referral::parse(body, None, None).unwrap()
}

pub(crate) fn record(change: impl FnOnce(&mut CrmRecord)) -> CrmRecord {
    let fields = json!({
        "nwcs_syncwithpartnercenter": true, "name": "Cold-store rollout", "estimatedvalue": 184_000, "estimatedclosedate": "2026-09-30",
        "transactioncurrencyid/isocurrencycode": "SEK", "description": "Two warehouses.", "nwcs_products": "SOL-71402-QKD",
        "customerid_account/name": "Norrsken", "customerid_account/address1_line1": "Hamngatan 4", "customerid_account/address1_city": "Umeå",
        "customerid_account/address1_country": "SE", "owninguser/firstname": "Omar", "owninguser/lastname": "Lind",
        "owninguser/internalemailaddress": "omar.lind@halcyon.example"
    });
    let mut record = CrmRecord {
        key: CrmKey { system: "dynamics".into(), entity: "opportunity".into(), id: RECORD.into() },
        version: "W/\"1\"".into(),
        modified: "2026-11-20T10:00:00Z".parse().unwrap(),
        phase: Phase::Open,
        fields: serde_json::from_value(fields).unwrap(),
        merged_into: None,
        converted_into: None,
        request_id: None,
    };
    change(&mut record);
    record
}

pub(crate) fn set(record: &mut CrmRecord, column: &str, value: Json) {
    record.fields.insert(column.into(), value);
}
