//! Making deals, finding them, listing them.

use cosell_model::crm::{CrmWrite, Phase};
use cosell_simulators::faults::Action;
use cosell_sync::FailureKind;
use jiff::SignedDuration;
use serde_json::json;

use super::bench::{Bench, Field, customer_deal, deal, referral};

super::scenarios![
    a_new_deal_is_the_same_however_it_is_found,
    a_repeated_create_gives_one_deal_one_customer_and_one_contact,
    a_repeated_create_leaves_what_it_does_not_name,
    a_customer_is_found_by_name_and_postal_code,
    a_new_deal_can_wait_on_hold_and_the_seller_takes_it_off,
    the_owner_is_read_with_the_deal,
    an_unknown_currency_is_rejected_by_name_and_nothing_is_made,
    a_lost_answer_is_an_unknown_outcome_and_repeating_gives_one_deal,
    odd_texts_arrive_as_they_are,
    flagged_deals_that_changed_are_listed_oldest_first,
];

async fn a_new_deal_is_the_same_however_it_is_found(bench: Bench) {
    let id = referral();
    assert!(bench.crm.find_by_referral(id).await.unwrap().is_none());
    let made = bench.crm.upsert(id, &bench.write(&customer_deal())).await.unwrap();
    assert_eq!(bench.get(&made, Field::Referral), &json!(id.to_string()));
    assert_eq!(bench.get(&made, Field::Value), &json!(250_000.0));
    assert_eq!(bench.get(&made, Field::Close), &json!("2026-11-30"));
    assert_eq!(bench.get(&made, Field::Currency), &json!("EUR"));
    assert_eq!(bench.get(&made, Field::Customer), &json!("O'Neill & Sons"));
    assert_eq!(bench.get(&made, Field::ContactMail), &json!("ann@oneill.example"));
    assert_eq!((made.phase, made.merged_into.as_ref()), (Phase::Open, None));
    let found = bench.crm.find_by_referral(id).await.unwrap().unwrap();
    let read = bench.crm.get(&made.key).await.unwrap().unwrap();
    for other in [found, read] {
        assert_eq!((&other.key, &other.fields, other.phase), (&made.key, &made.fields, made.phase));
    }
}

async fn a_repeated_create_gives_one_deal_one_customer_and_one_contact(bench: Bench) {
    let id = referral();
    let first = bench.crm.upsert(id, &bench.write(&customer_deal())).await.unwrap();
    let second = bench.crm.upsert(id, &bench.write(&customer_deal())).await.unwrap();
    assert_eq!((&first.key, bench.mapped(&first)), (&second.key, bench.mapped(&second)));
    bench.crm.upsert(referral(), &bench.write(&customer_deal())).await.unwrap();
    assert_eq!(bench.counts().await, [2, 1, 1], "another deal of the same customer");
}

async fn a_repeated_create_leaves_what_it_does_not_name(bench: Bench) {
    let (id, record) = bench.deal().await;
    let again =
        bench.crm.upsert(id, &bench.write(&[(Field::Notes, json!("Second try"))])).await.unwrap();
    assert_eq!(
        (&again.key, bench.get(&again, Field::Name)),
        (&record.key, &json!("Fabrikam wave 2"))
    );
    assert_eq!(bench.get(&again, Field::Notes), &json!("Second try"));
    assert_ne!(again.version, record.version);
}

async fn a_customer_is_found_by_name_and_postal_code(bench: Bench) {
    bench.crm.upsert(referral(), &bench.write(&customer_deal())).await.unwrap();
    let mut elsewhere = customer_deal();
    elsewhere.push((Field::PostalCode, json!("9711 LX")));
    bench.crm.upsert(referral(), &bench.write(&elsewhere)).await.unwrap();
    assert_eq!(bench.counts().await, [2, 2, 2], "and a contact belongs to its customer");
}

async fn a_new_deal_can_wait_on_hold_and_the_seller_takes_it_off(bench: Bench) {
    let waiting = CrmWrite { phase: Some(Phase::OnHold), ..bench.write(&deal()) };
    let record = bench.crm.upsert(referral(), &waiting).await.unwrap();
    assert_eq!(record.phase, Phase::OnHold);
    bench.seller_reopens(&record.key).await;
    let record = bench.read_later(&record.key).await;
    assert_eq!(record.phase, Phase::Open);
    let record = bench.bring(&record, Phase::OnHold).await.unwrap();
    assert_eq!(record.phase, Phase::OnHold);
}

/// Of whom the deal team is made.
async fn the_owner_is_read_with_the_deal(bench: Bench) {
    let (_, made) = bench.deal().await;
    let id = bench.people.seller_prepares("A seller's own").await.unwrap();
    let key = bench.record_ids().key(&made.key.entity, &id).unwrap();
    let record = bench.crm.get(&key).await.unwrap().unwrap();
    let mail = bench.get(&record, Field::OwnerMail).as_str().unwrap_or_default();
    assert!(mail.contains('@'), "{mail}");
}

async fn an_unknown_currency_is_rejected_by_name_and_nothing_is_made(bench: Bench) {
    let mut fields = customer_deal();
    fields.push((Field::Currency, json!("XPF")));
    let failure = bench.crm.upsert(referral(), &bench.write(&fields)).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Rejected, "{failure}");
    assert!(failure.message.contains("currency XPF"), "{failure}");
    assert_eq!(bench.counts().await, [0, 0, 0]);
}

async fn a_lost_answer_is_an_unknown_outcome_and_repeating_gives_one_deal(bench: Bench) {
    let id = referral();
    let fields = bench.write(&customer_deal());
    // Whichever of its requests it is that loses its answer.
    let mut lost = 0;
    for skip in 0..12 {
        bench.simulators.faults.clear();
        bench.fault(skip, Action::DropAfterEffect);
        if let Err(failure) = bench.crm.upsert(id, &fields).await {
            let kinds = [FailureKind::OutcomeUnknown, FailureKind::Transient];
            assert!(kinds.contains(&failure.kind), "{failure}");
            lost += usize::from(failure.kind == FailureKind::OutcomeUnknown);
        }
    }
    bench.simulators.faults.clear();
    assert!(lost > 0, "no write was met");
    bench.crm.upsert(id, &fields).await.unwrap();
    assert_eq!(bench.counts().await, [1, 1, 1]);
}

async fn odd_texts_arrive_as_they_are(bench: Bench) {
    let texts = [
        r"O'Neill \' OR Name != '",
        "Use @{deal.id} and {prefix}",
        "100 % \"sure\" + a&b=c#d/e?f",
        "Ωmega – 渋谷 🚚",
        "line one\nline two",
    ];
    for text in texts {
        let mut fields = customer_deal();
        fields.extend([
            (Field::Notes, json!(text)),
            (Field::Customer, json!(text.replace('\n', " "))),
        ]);
        let record = bench.crm.upsert(referral(), &bench.write(&fields)).await.unwrap();
        let read = bench.crm.get(&record.key).await.unwrap().unwrap();
        assert_eq!(bench.get(&read, Field::Notes), &json!(text));
        assert_eq!(bench.get(&read, Field::Customer), &json!(text.replace('\n', " ")));
        // The customer is found again by the same odd name.
        bench.crm.upsert(referral(), &bench.write(&fields)).await.unwrap();
    }
    assert_eq!(bench.counts().await, [10, 5, 5]);
}

async fn flagged_deals_that_changed_are_listed_oldest_first(bench: Bench) {
    let (_, first) = bench.deal().await;
    let (_, second) = bench.deal().await;
    let mut fields = deal();
    fields.push((Field::Sync, json!(false)));
    bench.crm.upsert(referral(), &bench.write(&fields)).await.unwrap();
    bench.simulators.clock.advance(3);
    bench.seller_enters(&first.key, &[(Field::Notes, json!("Later"))]).await;
    let since = second.modified - SignedDuration::from_secs(60);
    let listed = bench.crm.changed_since(since).await.unwrap();
    let keys: Vec<_> = listed.iter().map(|change| &change.key).collect();
    assert_eq!(keys, [&second.key, &first.key], "the one that is not flagged is left out");
    assert!(listed.is_sorted_by_key(|change| change.modified));
    let recent =
        bench.crm.changed_since(second.modified + SignedDuration::from_secs(1)).await.unwrap();
    assert_eq!(recent.iter().map(|change| &change.key).collect::<Vec<_>>(), [&first.key]);
}
