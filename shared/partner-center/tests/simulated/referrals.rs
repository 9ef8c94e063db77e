//! Reading, listing, creating, changing.

use cosell_model::id::ETag;
use cosell_model::life_cycle::Stage as Status;
use cosell_simulators::partner_center::Role;
use cosell_sync::FailureKind;
use cosell_sync::port::{PartnerCenter as _, PatchOperation, PatchVerb};
use serde_json::{Value as Json, json};

use crate::stage::{Stage, answer, content, deal, part};

fn replace(path: &str, value: Json) -> PatchOperation {
    PatchOperation { op: PatchVerb::Replace, path: path.into(), value }
}

#[tokio::test]
async fn a_created_referral_is_read_back_with_its_etag_and_request_id() {
    let stage = Stage::new().await;
    for status in [201, 200] {
        stage.switch(|switches| switches.create_status = status);
        let created = stage.referrals.create(&deal("OPP-1")).await.unwrap();
        assert_eq!(
            (created.stage, created.external_reference.as_deref()),
            (Status::Active, Some("OPP-1"))
        );
        assert!(created.request_id.is_some());
        let read = stage.referrals.get(created.id).await.unwrap().unwrap();
        assert_eq!((read.etag, read.engagement), (created.etag, created.engagement));
    }
}

#[tokio::test]
async fn what_is_not_visible_to_us_does_not_exist() {
    let stage = Stage::new().await;
    assert_eq!(
        stage.referrals.get("c7c1e1f0-8a51-4f0d-b1a7-2d6a64d3f9aa".parse().unwrap()).await.unwrap(),
        None
    );
    let created = stage.referrals.create(&deal("OPP-1")).await.unwrap();
    for hidden_status in [403, 404] {
        stage.switch(|switches| {
            switches.role = Role::User;
            switches.user_email = "somebody.else@halcyon.example".into();
            switches.hidden_status = hidden_status;
        });
        assert_eq!(stage.referrals.get(created.id).await.unwrap(), None, "{hidden_status}");
    }
}

#[tokio::test]
async fn changes_come_from_all_pages_oldest_first_whatever_the_next_link_looks_like() {
    for broken_next_link in [false, true] {
        let stage = Stage::new().await;
        stage.switch(|switches| {
            switches.page_size = 2;
            switches.broken_next_link = broken_next_link;
        });
        let mut ids = Vec::new();
        for n in 0..5 {
            ids.push(stage.referrals.create(&deal(&format!("OPP-{n}"))).await.unwrap());
        }
        let first = stage
            .referrals
            .patch(ids[0].id, &ids[0].etag, &[replace("/details/dealValue", json!(1))])
            .await
            .unwrap();
        let changes = stage.referrals.changed_since(ids[1].updated).await.unwrap();
        let expected: Vec<_> = ids[1..]
            .iter()
            .chain([&first])
            .map(|referral| (referral.id, referral.updated))
            .collect();
        assert_eq!(
            changes.iter().map(|change| (change.id, change.updated)).collect::<Vec<_>>(),
            expected
        );
        assert_eq!(
            stage.simulators.journal.count("partner-center", "GET", "/v1.0/engagements/referrals?"),
            3
        );
        assert!(
            stage
                .referrals
                .changed_since(first.updated + jiff::SignedDuration::from_secs(1))
                .await
                .unwrap()
                .is_empty()
        );
    }
}

#[tokio::test]
async fn a_change_needs_the_current_etag() {
    let stage = Stage::new().await;
    let created = stage.referrals.create(&deal("OPP-1")).await.unwrap();
    let changed = stage
        .referrals
        .patch(created.id, &created.etag, &[replace("/details/dealValue", json!(205_000))])
        .await
        .unwrap();
    assert_eq!(changed.get("details.dealValue").and_then(Json::as_f64), Some(205_000.0));
    assert_ne!(changed.etag, created.etag);
    let outdated = stage
        .referrals
        .patch(created.id, &created.etag, &[replace("/details/dealValue", json!(1))])
        .await
        .unwrap_err();
    assert_eq!(outdated.kind, FailureKind::Stale);
    let after = stage.referrals.get(created.id).await.unwrap().unwrap();
    assert_eq!(after.etag, changed.etag, "the stale change left no trace");
}

#[tokio::test]
async fn a_change_answered_without_a_body_is_read_back() {
    let stage = Stage::new().await;
    let created = stage.referrals.create(&deal("OPP-1")).await.unwrap();
    stage.fault("partner-center", "PATCH", answer(204, None));
    let read = stage
        .referrals
        .patch(created.id, &created.etag, &[replace("/details/notes", json!("x"))])
        .await
        .unwrap();
    assert_eq!(read.id, created.id);
    assert_eq!(stage.calls("partner-center", "GET"), 1);
}

#[tokio::test]
async fn a_change_answered_with_a_part_of_the_referral_is_read_back_whole() {
    let stage = Stage::new().await;
    let created = stage.referrals.create(&deal("OPP-1")).await.unwrap();
    stage.fault("partner-center", "PATCH", content(&part(&created)));
    let operations = [replace("/details/notes", json!("x"))];
    let read = stage.referrals.patch(created.id, &created.etag, &operations).await.unwrap();
    assert_eq!(read.get("details.currency"), Some(&json!("SEK")));
    assert_eq!(stage.calls("partner-center", "GET"), 1);
    let whole = stage.referrals.patch(created.id, &created.etag, &operations).await.unwrap();
    assert_eq!(whole.get("details.notes"), Some(&json!("x")));
    assert_eq!(stage.calls("partner-center", "GET"), 1, "a whole answer needs no reading");
}

#[tokio::test]
async fn a_closed_referral_answers_stale_so_that_the_engine_looks_again() {
    let stage = Stage::new().await;
    let created = stage.referrals.create(&deal("OPP-1")).await.unwrap();
    let won = [replace("/status", json!("Closed")), replace("/substatus", json!("Won"))];
    let closed = stage.referrals.patch(created.id, &created.etag, &won).await.unwrap();
    assert_eq!(closed.stage, Status::Won);
    let failure = stage
        .referrals
        .patch(created.id, &closed.etag, &[replace("/details/notes", json!("x"))])
        .await
        .unwrap_err();
    assert_eq!(failure.kind, FailureKind::Stale);
    assert_eq!(
        stage.referrals.patch(created.id, &ETag::new("\"\n\""), &won).await.unwrap_err().kind,
        FailureKind::Transient
    );
}
