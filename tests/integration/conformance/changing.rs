//! Changing deals that somebody else may change, too.

use cosell_model::crm::{CrmWrite, Phase};
use cosell_sync::FailureKind;
use serde_json::{Value as Json, json};

use super::bench::{Bench, Field};

super::scenarios![
    an_update_changes_what_it_names_and_gives_back_what_is_stored,
    nothing_clears_a_field,
    a_record_that_changed_is_not_overwritten,
    a_version_is_good_for_one_change,
    a_deleted_deal_is_absent_and_never_made_anew,
    a_deal_is_closed_and_reopened,
    a_closed_deal_changes_together_with_its_phase,
    what_the_seller_closes_or_reopens_is_seen,
    a_phase_that_it_has_already_costs_no_change,
    a_text_that_is_too_long_is_rejected_by_name_and_nothing_is_half_written,
    a_value_that_the_crm_computes_stays_and_is_shown,
    a_customer_that_other_deals_share_is_not_changed,
];

async fn an_update_changes_what_it_names_and_gives_back_what_is_stored(bench: Bench) {
    let (_, record) = bench.deal().await;
    let updated = bench
        .update(&record, &[(Field::Value, json!(275_000.5)), (Field::Close, json!("2027-01-31"))])
        .await
        .unwrap();
    assert_eq!((updated.key.clone(), updated.phase), (record.key.clone(), record.phase));
    for (field, value) in [
        (Field::Value, json!(275_000.5)),
        (Field::Close, json!("2027-01-31")),
        (Field::Name, json!("Fabrikam wave 2")),
    ] {
        assert_eq!(bench.get(&updated, field), &value);
    }
    assert_eq!(bench.read_later(&record.key).await.fields, updated.fields);
}

async fn nothing_clears_a_field(bench: Bench) {
    let (_, record) = bench.deal().await;
    let updated = bench.update(&record, &[(Field::Notes, Json::Null)]).await.unwrap();
    assert!(bench.get(&updated, Field::Notes).is_null());
    assert!(bench.get(&bench.read_later(&record.key).await, Field::Notes).is_null());
}

async fn a_record_that_changed_is_not_overwritten(bench: Bench) {
    let (_, record) = bench.deal().await;
    bench.seller_enters(&record.key, &[(Field::Name, json!("The seller's"))]).await;
    let failure = bench.update(&record, &[(Field::Name, json!("Ours"))]).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Stale, "{failure}");
    let failure = bench.bring(&record, Phase::Won).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Stale, "{failure}");
    let now = bench.read_later(&record.key).await;
    assert_eq!((bench.get(&now, Field::Name), now.phase), (&json!("The seller's"), Phase::Open));
    assert!(bench.update(&now, &[(Field::Name, json!("Ours"))]).await.is_ok());
}

async fn a_version_is_good_for_one_change(bench: Bench) {
    let (_, record) = bench.deal().await;
    let updated = bench.update(&record, &[(Field::Notes, json!("One"))]).await.unwrap();
    let failure = bench.update(&record, &[(Field::Notes, json!("Two"))]).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Stale, "{failure}");
    let again = bench.update(&updated, &[(Field::Notes, json!("Three"))]).await.unwrap();
    assert_eq!(bench.get(&again, Field::Notes), &json!("Three"), "right behind the first");
}

async fn a_deleted_deal_is_absent_and_never_made_anew(bench: Bench) {
    let (id, record) = bench.deal().await;
    bench.seller_deletes(&record.key).await;
    assert!(bench.crm.get(&record.key).await.unwrap().is_none());
    assert!(bench.crm.find_by_referral(id).await.unwrap().is_none());
    for failure in [
        bench.update(&record, &[(Field::Name, json!("x"))]).await.unwrap_err(),
        bench.bring(&record, Phase::Won).await.unwrap_err(),
    ] {
        assert_eq!(failure.kind, FailureKind::Stale, "{failure}");
    }
    assert_eq!(bench.counts().await[0], 0);
}

async fn a_deal_is_closed_and_reopened(bench: Bench) {
    let (_, mut record) = bench.deal().await;
    for phase in [
        Phase::Won,
        Phase::Lost,
        Phase::Open,
        Phase::OnHold,
        Phase::Lost,
        Phase::OnHold,
        Phase::Won,
    ] {
        record = bench.bring(&record, phase).await.unwrap();
        assert_eq!(record.phase, phase);
        record = bench.read_later(&record.key).await;
        assert_eq!(record.phase, phase);
    }
}

async fn a_closed_deal_changes_together_with_its_phase(bench: Bench) {
    let (_, record) = bench.deal().await;
    let won = bench.bring(&record, Phase::Won).await.unwrap();
    let corrected = bench.write(&[(Field::Notes, json!("Corrected"))]);
    let alone = bench.crm.update(&won, &corrected).await;
    if bench.locks_what_is_closed() {
        let failure = alone.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Rejected, "{failure}");
    } else {
        assert_eq!(alone.unwrap().phase, Phase::Won);
    }
    let now = bench.read_later(&won.key).await;
    let lost = CrmWrite { phase: Some(Phase::Lost), ..corrected };
    let updated = bench.crm.update(&now, &lost).await.unwrap();
    assert_eq!(
        (updated.phase, bench.get(&updated, Field::Notes)),
        (Phase::Lost, &json!("Corrected"))
    );
}

async fn what_the_seller_closes_or_reopens_is_seen(bench: Bench) {
    let (_, record) = bench.deal().await;
    bench.people.seller_wins(&record.key.id).await.unwrap();
    assert_eq!(bench.read_later(&record.key).await.phase, Phase::Won);
    bench.seller_reopens(&record.key).await;
    assert_eq!(bench.read_later(&record.key).await.phase, Phase::Open);
}

async fn a_phase_that_it_has_already_costs_no_change(bench: Bench) {
    let (_, record) = bench.deal().await;
    let same = bench.bring(&record, Phase::Open).await.unwrap();
    assert_eq!((same.modified, &same.fields), (record.modified, &record.fields));
}

async fn a_text_that_is_too_long_is_rejected_by_name_and_nothing_is_half_written(bench: Bench) {
    let (_, record) = bench.deal().await;
    let long = "Norrsken ".repeat(60);
    let failure = bench
        .update(&record, &[(Field::Name, json!(long)), (Field::Notes, json!("New"))])
        .await
        .unwrap_err();
    assert_eq!(failure.kind, FailureKind::Rejected);
    assert!(
        failure.message.contains(bench.name(Field::Name)) && !failure.message.contains("Norrsken"),
        "{failure}"
    );
    assert_eq!(bench.read_later(&record.key).await.fields, record.fields);
}

async fn a_value_that_the_crm_computes_stays_and_is_shown(bench: Bench) {
    let (_, record) = bench.deal().await;
    bench.value_is_computed(&record.key).await;
    let record = bench.read_later(&record.key).await;
    let before = bench.get(&record, Field::Value).clone();
    let change = [(Field::Value, json!(7)), (Field::Notes, json!("New"))];
    let updated = bench.update(&record, &change).await.unwrap();
    assert_eq!(
        (bench.get(&updated, Field::Value), bench.get(&updated, Field::Notes)),
        (&before, &json!("New"))
    );
}

async fn a_customer_that_other_deals_share_is_not_changed(bench: Bench) {
    let (_, record) = bench.deal().await;
    bench.simulators.journal.clear();
    for field in [Field::Customer, Field::ContactMail] {
        let failure = bench.update(&record, &[(field, json!("Contoso"))]).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Rejected);
        assert!(
            failure.message.contains(bench.name(field)) && !failure.message.contains("Contoso"),
            "{failure}"
        );
    }
    assert_eq!(bench.requests(), 0);
}
