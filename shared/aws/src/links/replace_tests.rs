use cosell_model::link::{DisconnectReason, Disconnected};
use cosell_sync::FailureKind;
use cosell_sync::port::{Known, Links};

use super::super::tests::{engagement, link, linked, links, opportunity, referral};
use super::*;

/// A pair that was linked and is disconnected, as it is stored.
async fn disconnected(links: &DynamoLinks, link: Link) -> Link {
    links.create(&link).await.unwrap();
    let disconnected = Disconnected { reason: DisconnectReason::Unlinked, since: link.created };
    links.save(&Link { disconnected: Some(disconnected), ..link }).await.unwrap()
}

/// As [`link`], made later.
fn new_link(n: u128, crm: &str) -> Link {
    Link { created: "2026-09-02T08:00:00Z".parse().unwrap(), ..link(n, crm) }
}

fn in_engagement(n: u128, link: Link) -> Link {
    Link { engagement: Some(engagement(n)), ..link }
}

#[tokio::test]
async fn a_referral_gets_another_record() {
    let links = links().await;
    let old = disconnected(&links, link(1, "o1")).await;
    let new = new_link(1, "o2");
    links.replace(&[old], &new).await.unwrap();
    assert_eq!(links.by_referral(referral(1)).await.unwrap(), linked(&new));
    assert_eq!(links.by_crm(&opportunity("o2")).await.unwrap(), linked(&new));
    assert_eq!(links.by_crm(&opportunity("o1")).await.unwrap(), Known::Nothing);
    links.create(&link(2, "o1")).await.unwrap();
}

#[tokio::test]
async fn a_record_gets_another_referral() {
    let links = links().await;
    let old = disconnected(&links, link(1, "o1")).await;
    let new = new_link(2, "o1");
    links.replace(&[old], &new).await.unwrap();
    assert_eq!(links.by_referral(referral(2)).await.unwrap(), linked(&new));
    assert_eq!(links.by_crm(&opportunity("o1")).await.unwrap(), linked(&new));
    assert_eq!(links.by_referral(referral(1)).await.unwrap(), Known::Nothing);
    links.create(&link(1, "o2")).await.unwrap();
}

#[tokio::test]
async fn sides_of_two_pairs_become_one() {
    let links = links().await;
    let olds =
        [disconnected(&links, link(1, "o1")).await, disconnected(&links, link(2, "o2")).await];
    let new = new_link(1, "o2");
    links.replace(&olds, &new).await.unwrap();
    assert_eq!(links.by_referral(referral(1)).await.unwrap(), linked(&new));
    assert_eq!(links.by_crm(&opportunity("o2")).await.unwrap(), linked(&new));
    assert_eq!(links.by_referral(referral(2)).await.unwrap(), Known::Nothing);
    assert_eq!(links.by_crm(&opportunity("o1")).await.unwrap(), Known::Nothing);
    assert_eq!(links.save(&new).await.unwrap().version, 2, "it counts from the first version");
}

#[tokio::test]
async fn two_that_nobody_linked_are_linked() {
    let links = links().await;
    let new = in_engagement(7, new_link(1, "o1"));
    links.replace(&[], &new).await.unwrap();
    assert_eq!(links.by_crm(&opportunity("o1")).await.unwrap(), linked(&new));
    assert_eq!(links.by_engagement(engagement(7)).await.unwrap(), Some(new));
}

#[tokio::test]
async fn a_pair_saved_since_it_was_read_stays_as_it_is() {
    let links = links().await;
    let first = disconnected(&links, in_engagement(7, link(1, "o1"))).await;
    let read = disconnected(&links, in_engagement(8, link(2, "o2"))).await;
    let saved = links.save(&read).await.unwrap();
    // The changed one is once overwritten and once taken away.
    for (n, crm) in [(2, "o1"), (1, "o2")] {
        let new = in_engagement(9, new_link(n, crm));
        let refused = links.replace(&[first.clone(), read.clone()], &new).await.unwrap_err();
        assert_eq!(refused.kind, FailureKind::Stale);
        assert_eq!(links.by_crm(&opportunity("o1")).await.unwrap(), linked(&first));
        assert_eq!(links.by_crm(&opportunity("o2")).await.unwrap(), linked(&saved));
        assert_eq!(links.by_engagement(engagement(7)).await.unwrap().as_ref(), Some(&first));
        assert_eq!(links.by_engagement(engagement(8)).await.unwrap().as_ref(), Some(&saved));
        assert_eq!(links.by_engagement(engagement(9)).await.unwrap(), None);
    }
}

#[tokio::test]
async fn another_pair_in_the_way_is_not_touched() {
    let links = links().await;
    let old = disconnected(&links, link(1, "o1")).await;
    let other = link(2, "o2");
    links.create(&other).await.unwrap();
    for new in [new_link(1, "o2"), new_link(2, "o1")] {
        let refused = links.replace(std::slice::from_ref(&old), &new).await.unwrap_err();
        assert_eq!(refused.kind, FailureKind::Stale);
        assert_eq!(links.by_crm(&opportunity("o1")).await.unwrap(), linked(&old));
        assert_eq!(links.by_crm(&opportunity("o2")).await.unwrap(), linked(&other));
        assert_eq!(links.by_referral(referral(1)).await.unwrap(), linked(&old));
        assert_eq!(links.by_referral(referral(2)).await.unwrap(), linked(&other));
    }
}

#[tokio::test]
async fn an_engagement_never_leads_to_a_pair_that_is_gone() {
    let links = links().await;
    let olds = [
        disconnected(&links, in_engagement(7, link(1, "o1"))).await,
        disconnected(&links, in_engagement(8, link(2, "o2"))).await,
    ];
    let new = in_engagement(8, new_link(3, "o1"));
    links.replace(&olds, &new).await.unwrap();
    let pointer =
        |n| links.table.get::<Pointer>(Box::leak(engagement_key(engagement(n)).into_boxed_str()));
    assert!(pointer(7).await.unwrap().is_none());
    assert_eq!(pointer(8).await.unwrap().unwrap().referral, referral(3));
}

#[tokio::test]
async fn an_engagement_keeps_leading_to_another_living_pair() {
    let links = links().await;
    let first = in_engagement(7, link(1, "o1"));
    links.create(&first).await.unwrap();
    let old = disconnected(&links, in_engagement(7, link(2, "o2"))).await;
    links.replace(&[old], &in_engagement(7, new_link(2, "o3"))).await.unwrap();
    assert_eq!(links.by_engagement(engagement(7)).await.unwrap(), Some(first));
}
