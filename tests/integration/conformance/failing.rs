//! Services that are slow, down, or do not let us in.

use std::time::Duration;

use cosell_model::crm::{CrmKey, CrmRecord};
use cosell_simulators::faults::Action;
use cosell_sync::FailureKind;
use serde_json::json;

use super::bench::{Bench, Field, customer_deal, referral};

super::scenarios![
    who_asks_too_much_learns_how_long_to_wait,
    a_service_that_is_down_is_asked_again_later,
    dead_credentials_stop_the_work_until_they_are_corrected,
    a_key_of_another_crm_is_rejected_before_anything_is_sent,
    no_failure_shows_the_customer,
];

async fn who_asks_too_much_learns_how_long_to_wait(bench: Bench) {
    let (id, record) = bench.deal().await;
    let seconds = |seconds| FailureKind::Throttled { retry_after: Duration::from_secs(seconds) };
    bench.throttles();
    assert_eq!(bench.crm.find_by_referral(id).await.unwrap_err().kind, seconds(17));
    bench.throttles();
    assert_eq!(
        bench.update(&record, &[(Field::Notes, json!("x"))]).await.unwrap_err().kind,
        seconds(17)
    );
    bench.throttles();
    assert_eq!(bench.crm.changed_since(record.modified).await.unwrap_err().kind, seconds(17));
    assert!(
        bench.update(&record, &[(Field::Notes, json!("x"))]).await.is_ok(),
        "nothing was written meanwhile"
    );
}

async fn a_service_that_is_down_is_asked_again_later(bench: Bench) {
    let (_, record) = bench.deal().await;
    let html = Action::Status {
        status: 503,
        retry_after: None,
        code: None,
        body: Some("<html>Down for maintenance</html>".to_owned()),
        content_type: Some("text/html".to_owned()),
    };
    for action in [html, Action::DropBeforeEffect, Action::DropAfterEffect] {
        bench.fault(0, action.clone());
        let failure = bench.crm.get(&record.key).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Transient, "{action:?}: {failure}");
        assert_eq!(bench.crm.get(&record.key).await.unwrap().unwrap().fields, record.fields);
    }
}

async fn dead_credentials_stop_the_work_until_they_are_corrected(bench: Bench) {
    bench.secret_becomes("expired");
    let failure = bench.crm.find_by_referral(referral()).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Credentials, "{failure}");
    assert!(
        failure.message.contains("secret") && !failure.message.contains("expired;"),
        "{failure}"
    );
    assert_eq!(bench.requests(), 0, "nothing is sent without a token");
    let right = bench.name(Field::Name);
    bench.secret_becomes(if right == "name" {
        "sim-dataverse-secret"
    } else {
        "sim-salesforce-secret"
    });
    assert!(bench.crm.find_by_referral(referral()).await.is_ok());
}

async fn a_key_of_another_crm_is_rejected_before_anything_is_sent(bench: Bench) {
    let (_, record) = bench.deal().await;
    bench.simulators.journal.clear();
    let other = |system: &str, entity: &str, id: &str| CrmKey {
        system: system.to_owned(),
        entity: entity.to_owned(),
        id: id.to_owned(),
    };
    let (system, id) = (record.key.system.as_str(), record.key.id.as_str());
    for key in [
        other("hubspot", "opportunity", id),
        other(system, "lead", id),
        other(system, "opportunity", "' or name ne '"),
        other(system, "opportunity", ""),
    ] {
        assert_eq!(bench.crm.get(&key).await.unwrap_err().kind, FailureKind::Rejected, "{key}");
        let theirs = CrmRecord { key, ..record.clone() };
        let failure = bench.update(&theirs, &[(Field::Notes, json!("x"))]).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Rejected, "{}", theirs.key);
    }
    assert_eq!(bench.requests(), 0);
}

async fn no_failure_shows_the_customer(bench: Bench) {
    bench.deal().await;
    for skip in 0..8 {
        for action in [Action::DropBeforeEffect, Action::DropAfterEffect] {
            bench.simulators.faults.clear();
            bench.fault(skip, action);
            let Err(failure) = bench.crm.upsert(referral(), &bench.write(&customer_deal())).await
            else {
                continue;
            };
            let shown = format!("{failure} {failure:?} {:?}", failure.source);
            for secret in ["Neill", "oneill", "1011", "Fabrikam"] {
                assert!(!shown.contains(secret), "{shown}");
            }
        }
    }
}
