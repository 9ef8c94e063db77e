use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use cosell_model::audit::Side;
use cosell_model::field::Field;
use cosell_model::flapping::{Activity, FlappingLimits};
use cosell_model::link::{
    DisconnectReason, Disconnected, DroppedWrite, LastSynced, OpenConflict, Registering, Step,
    Warned, WriteAhead,
};
use cosell_model::microsoft::Microsoft;
use cosell_model::notice::{Notice, Refusal};
use cosell_model::state::DealState;
use cosell_model::value::Value;
use cosell_sync::FailureKind;
use uuid::Uuid;

use super::*;
use crate::local::LocalTables;

pub(super) fn referral(n: u128) -> ReferralId {
    ReferralId::new(Uuid::from_u128(n))
}

pub(super) fn engagement(n: u128) -> EngagementId {
    EngagementId::new(Uuid::from_u128(n))
}

pub(super) fn opportunity(id: &str) -> CrmKey {
    CrmKey { system: "dynamics".into(), entity: "opportunity".into(), id: id.into() }
}

pub(super) fn link(n: u128, crm: &str) -> Link {
    let last_synced = LastSynced {
        partner_center: Value::Number("184000.5".parse().unwrap()),
        crm: Value::List(vec!["a".into(), "b".into()]),
    };
    let date = LastSynced {
        partner_center: Value::Date(jiff::civil::date(2026, 9, 30)),
        crm: Value::Nothing,
    };
    let dropped_writes = DroppedWrite {
        partner_center: last_synced.partner_center.clone(),
        at: "2026-09-01T08:00:00Z".parse().unwrap(),
    };
    let warned = Warned { expires: "2026-09-15T08:00:00Z".parse().unwrap(), days: 5 };
    Link {
        referral: referral(n),
        engagement: None,
        microsoft_referral: Some(referral(900)),
        microsoft: Microsoft::default(),
        crm: opportunity(crm),
        lead: None,
        last_synced: [("value".into(), last_synced), ("close date".into(), date)].into(),
        write_ahead: BTreeMap::new(),
        in_doubt: BTreeSet::new(),
        state: DealState::InSync,
        state_since: Some("2026-09-01T08:00:00Z".parse().unwrap()),
        notified: BTreeSet::new(),
        audited: BTreeSet::new(),
        crm_version: "W/\"1\"".into(),
        referral_etag: "\"2\"".into(),
        steps: [Step::MicrosoftInvitationStarted, Step::MicrosoftInvited].into(),
        phase_refused: None,
        dropped_writes: [("value".into(), dropped_writes)].into(),
        conflicts: BTreeMap::new(),
        win_deferred_until: Some("2026-09-04T08:05:00Z".parse().unwrap()),
        warned: [(referral(900), warned)].into(),
        registering: Some(Registering::Refused {
            reasons: vec![Notice::RegistrationWithoutSolution],
            sent: Some(
                serde_json::json!({ "contract": { "value": 205_000, "term": "Finite" }, "solutionDetails": [] }),
            ),
        }),
        activity: Activity::default(),
        disconnected: None,
        version: FIRST_VERSION,
        created: "2026-09-01T08:00:00Z".parse().unwrap(),
        updated: "2026-09-01T08:00:00.123456789Z".parse().unwrap(),
    }
}

pub(super) fn linked(link: &Link) -> Known {
    Known::Linked(Box::new(link.clone()))
}

pub(super) async fn links() -> DynamoLinks {
    DynamoLinks::new(LocalTables::start().await.links())
}

#[tokio::test]
async fn a_link_is_found_whole_from_each_side() {
    let links = links().await;
    let conflict = OpenConflict {
        partner_center: Value::text("a"),
        crm: Value::Bool(true),
        since: "2026-09-01T08:00:00Z".parse().unwrap(),
        decision: Some(Side::Crm),
    };
    let write_ahead =
        WriteAhead { side: Side::Crm, values: LastSynced::default(), since: conflict.since };
    let refusal = Refusal { sentence: "the CRM rejected it".into(), code: Some("400".into()) };
    let refused = Notice::WriteRefused { refusal };
    let mut activity = Activity::default();
    let tripped = FlappingLimits::default().note(
        &mut activity,
        conflict.since,
        &vec![(Field::from("value"), Side::PartnerCenter); 20],
    );
    assert!(tripped.is_some());
    let link = Link {
        engagement: Some(engagement(7)),
        disconnected: Some(Disconnected {
            reason: DisconnectReason::RecordMerged(opportunity("o9")),
            since: conflict.since,
        }),
        write_ahead: [("name".into(), write_ahead)].into(),
        in_doubt: ["value".into()].into(),
        state: DealState::PartlySynced {
            fields: ["name".into()].into(),
            blocked: true,
            reasons: vec![refused.clone()],
        },
        notified: [refused.key()].into(),
        audited: [refused.key()].into(),
        phase_refused: Some(refused),
        conflicts: [("name".into(), conflict)].into(),
        activity,
        ..link(1, "o1")
    };
    links.create(&link).await.unwrap();
    assert_eq!(links.by_referral(link.referral).await.unwrap(), linked(&link));
    assert_eq!(links.by_crm(&link.crm).await.unwrap(), linked(&link));
    assert_eq!(links.by_engagement(engagement(7)).await.unwrap().as_ref(), Some(&link));
    assert_eq!(links.by_referral(referral(2)).await.unwrap(), Known::Nothing);
    assert_eq!(links.by_crm(&opportunity("o2")).await.unwrap(), Known::Nothing);
    assert_eq!(links.by_engagement(engagement(8)).await.unwrap(), None);
}

#[tokio::test]
async fn neither_side_is_ever_linked_twice() {
    let links = links().await;
    links.create(&link(1, "o1")).await.unwrap();
    for second in [link(1, "o2"), link(2, "o1"), link(1, "o1")] {
        assert_eq!(links.create(&second).await.unwrap_err().kind, FailureKind::Stale);
    }
    let nothing = Known::Nothing;
    assert_eq!(links.by_referral(referral(2)).await.unwrap(), nothing, "all items or none");
    assert_eq!(links.by_crm(&opportunity("o2")).await.unwrap(), nothing, "all items or none");
}

#[tokio::test]
async fn of_sixteen_referrals_that_race_for_one_opportunity_one_is_linked() {
    let links = Arc::new(links().await);
    let mut racers = tokio::task::JoinSet::new();
    for n in 1..=16 {
        let links = Arc::clone(&links);
        racers.spawn(async move {
            links.create(&link(n, "o1")).await.map(|()| n).map_err(|failure| failure.kind)
        });
    }
    let outcomes = racers.join_all().await;
    let won: Vec<u128> = outcomes.iter().filter_map(|outcome| outcome.ok()).collect();
    assert_eq!(won.len(), 1, "{outcomes:?}");
    assert!(
        outcomes.iter().all(|outcome| matches!(outcome, Ok(_) | Err(FailureKind::Stale))),
        "{outcomes:?}"
    );
    let link = links.by_crm(&opportunity("o1")).await.unwrap().link().unwrap();
    assert_eq!(link.referral, referral(won[0]));
}

#[tokio::test]
async fn a_save_counts_the_version_and_refuses_what_was_read_before_it() {
    let links = links().await;
    let read = link(1, "o1");
    links.create(&Link { version: 0, ..read.clone() }).await.unwrap();

    let first = Link { referral_etag: "\"3\"".into(), ..read.clone() };
    let saved = links.save(&first).await.unwrap();
    assert_eq!(saved, Link { version: 2, ..first });
    assert_eq!(links.by_referral(read.referral).await.unwrap(), linked(&saved));

    let late =
        links.save(&Link { referral_etag: "\"4\"".into(), ..read.clone() }).await.unwrap_err();
    assert_eq!(late.kind, FailureKind::Stale);
    assert_eq!(
        links.by_referral(read.referral).await.unwrap(),
        linked(&saved),
        "the refused save left no trace"
    );
    assert_eq!(links.save(&saved).await.unwrap().version, 3);
}

#[tokio::test]
async fn a_save_of_what_was_read_before_another_link_took_its_place_is_refused() {
    let links = links().await;
    let read = link(1, "o1");
    links.create(&read).await.unwrap();
    let new = Link { created: "2026-09-02T08:00:00Z".parse().unwrap(), ..link(1, "o2") };
    links.replace(std::slice::from_ref(&read), &new).await.unwrap();
    // Both count from the first version.
    assert_eq!(links.save(&read).await.unwrap_err().kind, FailureKind::Stale);
    assert_eq!(links.by_referral(read.referral).await.unwrap(), linked(&new));
}

#[tokio::test]
async fn a_save_repeated_after_its_answer_was_lost_is_the_same_save() {
    let links = links().await;
    let link = link(1, "o1");
    links.create(&link).await.unwrap();
    let saved = links.save(&link).await.unwrap();
    assert_eq!(links.save(&link).await.unwrap(), saved);
}

#[tokio::test]
async fn an_unlinked_referral_cannot_be_saved() {
    assert_eq!(links().await.save(&link(1, "o1")).await.unwrap_err().kind, FailureKind::Stale);
}

#[tokio::test]
async fn the_engagement_points_to_the_first_of_our_referrals() {
    let links = links().await;
    links.create(&Link { engagement: Some(engagement(7)), ..link(1, "o1") }).await.unwrap();
    links.create(&Link { engagement: Some(engagement(7)), ..link(2, "o2") }).await.unwrap();
    assert_eq!(links.by_engagement(engagement(7)).await.unwrap().unwrap().referral, referral(1));
    assert!(links.by_referral(referral(2)).await.unwrap().link().is_some());
}

#[tokio::test]
async fn an_engagement_learnt_later_is_found_after_the_save() {
    let links = links().await;
    let link = link(1, "o1");
    links.create(&link).await.unwrap();
    links.save(&Link { engagement: Some(engagement(7)), ..link }).await.unwrap();
    assert_eq!(links.by_engagement(engagement(7)).await.unwrap().unwrap().referral, referral(1));
}

#[tokio::test]
async fn a_missing_table_stops_the_work_instead_of_refusing_the_deal() {
    let local = LocalTables::start().await;
    let links = DynamoLinks::new(Table::of_client(local.links().client().clone(), "absent"));
    let failure = links.by_referral(referral(1)).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Credentials);
    assert_eq!(failure.code.as_deref(), Some("ResourceNotFoundException"));
}

#[tokio::test]
async fn an_item_of_another_form_is_reported_without_its_content() {
    let local = LocalTables::start().await;
    let table = local.links();
    let key = referral_key(referral(1));
    table
        .put(table.item(&key, &serde_json::json!({"referral": "Fabrikam"})).unwrap())
        .send()
        .await
        .unwrap();
    let failure = DynamoLinks::new(table).by_referral(referral(1)).await.unwrap_err();
    assert!(failure.message.contains(&key), "{failure}");
    assert!(!format!("{failure:?}").contains("Fabrikam"), "{failure:?}");
}
