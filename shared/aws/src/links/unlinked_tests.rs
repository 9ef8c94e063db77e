//! What is kept of deals that are not linked, where their link would stand.

use std::sync::Arc;

use cosell_model::notice::{Notice, OffReason};
use cosell_model::state::DealState;
use cosell_sync::FailureKind;

use super::tests::{engagement, link, linked, links, opportunity, referral};
use super::*;

fn refused() -> UnlinkedDeal {
    let notice = Notice::IdentifierUnreadable;
    UnlinkedDeal {
        state: DealState::Refused { reasons: vec![notice.clone()] },
        state_since: Some("2026-09-01T08:00:00Z".parse().unwrap()),
        notified: [notice.key()].into(),
        updated: Some("2026-09-01T09:00:00Z".parse().unwrap()),
    }
}

fn off() -> UnlinkedDeal {
    UnlinkedDeal {
        state: DealState::Off { reason: OffReason::NotFlagged },
        ..UnlinkedDeal::default()
    }
}

/// Both sides of the deal that [`link`] links.
fn sides(n: u128, crm: &str) -> [Subject; 2] {
    [Subject::Referral(referral(n)), Subject::Crm(opportunity(crm))]
}

async fn known(links: &DynamoLinks, subject: &Subject) -> Known {
    match subject {
        Subject::Referral(id) => links.by_referral(*id).await.unwrap(),
        Subject::Crm(key) => links.by_crm(key).await.unwrap(),
    }
}

#[tokio::test]
async fn a_deal_that_is_not_linked_is_known_by_its_latest_state() {
    let links = links().await;
    for subject in sides(1, "o1") {
        assert_eq!(known(&links, &subject).await, Known::Nothing);
        for deal in [off(), refused(), off(), UnlinkedDeal::default()] {
            links.save_unlinked(&subject, &deal).await.unwrap();
            assert_eq!(known(&links, &subject).await, Known::Unlinked(deal));
        }
    }
    for subject in sides(2, "o2") {
        assert_eq!(known(&links, &subject).await, Known::Nothing, "another deal");
    }
}

#[tokio::test]
async fn a_deal_that_is_linked_by_now_keeps_its_link() {
    let links = links().await;
    let link = link(1, "o1");
    links.create(&link).await.unwrap();
    for subject in sides(1, "o1") {
        links.save_unlinked(&subject, &refused()).await.unwrap();
    }
    for subject in sides(1, "o1") {
        assert_eq!(known(&links, &subject).await, linked(&link));
    }
    assert_eq!(links.save(&link).await.unwrap().version, 2, "its version was not touched");
}

#[tokio::test]
async fn a_creation_takes_the_place_of_what_was_kept_of_both_sides() {
    let links = links().await;
    for subject in sides(1, "o1") {
        links.save_unlinked(&subject, &refused()).await.unwrap();
    }
    let link = link(1, "o1");
    links.create(&link).await.unwrap();
    for subject in sides(1, "o1") {
        assert_eq!(known(&links, &subject).await, linked(&link));
    }
    let saved = links.save(&link).await.unwrap();
    assert_eq!(known(&links, &Subject::Referral(referral(1))).await, linked(&saved));
}

#[tokio::test]
async fn a_creation_that_is_refused_leaves_what_was_kept() {
    let links = links().await;
    let first = link(1, "o1");
    links.create(&first).await.unwrap();
    let [second, _] = sides(2, "o1");
    links.save_unlinked(&second, &refused()).await.unwrap();
    let failure = links.create(&link(2, "o1")).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Stale);
    assert_eq!(known(&links, &second).await, Known::Unlinked(refused()));
    assert_eq!(links.by_crm(&opportunity("o1")).await.unwrap(), linked(&first));
}

#[tokio::test]
async fn a_replacement_takes_the_place_of_what_was_kept() {
    let links = links().await;
    let old = link(1, "o1");
    links.create(&old).await.unwrap();
    let [_, other_record] = sides(1, "o2");
    links.save_unlinked(&other_record, &refused()).await.unwrap();
    let new = Link { created: "2026-09-02T08:00:00Z".parse().unwrap(), ..link(1, "o2") };
    links.replace(&[old], &new).await.unwrap();
    for subject in sides(1, "o2") {
        assert_eq!(known(&links, &subject).await, linked(&new));
    }

    for subject in sides(3, "o3") {
        links.save_unlinked(&subject, &refused()).await.unwrap();
    }
    let unlinked_before = link(3, "o3");
    links.replace(&[], &unlinked_before).await.unwrap();
    for subject in sides(3, "o3") {
        assert_eq!(known(&links, &subject).await, linked(&unlinked_before));
    }
}

#[tokio::test]
async fn a_side_that_a_replacement_gives_up_is_known_by_its_state_again() {
    let links = links().await;
    let old = link(1, "o1");
    links.create(&old).await.unwrap();
    let new = Link { created: "2026-09-02T08:00:00Z".parse().unwrap(), ..link(1, "o2") };
    links.replace(&[old], &new).await.unwrap();
    let [_, record] = sides(1, "o1");
    assert_eq!(known(&links, &record).await, Known::Nothing);
    links.save_unlinked(&record, &off()).await.unwrap();
    assert_eq!(known(&links, &record).await, Known::Unlinked(off()));
}

#[tokio::test]
async fn states_that_race_with_a_creation_never_outlive_it() {
    let links = Arc::new(links().await);
    for n in 1..=8 {
        let crm = format!("o{n}");
        let mut racers = tokio::task::JoinSet::new();
        for subject in sides(n, &crm).into_iter().cycle().take(8) {
            let links = Arc::clone(&links);
            racers.spawn(async move { links.save_unlinked(&subject, &refused()).await.unwrap() });
        }
        let (creator, link) = (Arc::clone(&links), link(n, &crm));
        let created = link.clone();
        racers.spawn(async move { creator.create(&created).await.unwrap() });
        racers.join_all().await;
        for subject in sides(n, &crm) {
            assert_eq!(known(&links, &subject).await, linked(&link));
        }
    }
}

#[tokio::test]
async fn a_pointer_that_was_read_before_its_link_was_taken_away_leads_nowhere() {
    let links = links().await;
    for key in [crm_key(&opportunity("o1")), engagement_key(engagement(7))] {
        let pointer = links.table.item(&key, &Pointer { referral: referral(1) }).unwrap();
        links.table.put(pointer).send().await.unwrap();
    }
    let [gone, _] = sides(1, "o1");
    links.save_unlinked(&gone, &refused()).await.unwrap();
    assert_eq!(links.by_crm(&opportunity("o1")).await.unwrap(), Known::Nothing);
    assert_eq!(links.by_engagement(engagement(7)).await.unwrap(), None);
}
