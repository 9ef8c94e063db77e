use cosell_model::notice::{Notice, Refusal};
use cosell_model::state::UnlinkedDeal;
use cosell_sync::port::Links;

use super::super::tests::{link, links, opportunity, referral};
use super::*;

fn at(minute: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + 60 * minute).unwrap()
}

fn refused() -> DealState {
    DealState::Refused { reasons: vec![Notice::IdentifierUnreadable] }
}

fn unlinked(state: DealState, minute: i64) -> UnlinkedDeal {
    UnlinkedDeal::default().in_state(state, at(minute))
}

async fn subjects(links: &DynamoLinks, state: &str) -> Vec<Subject> {
    let deals = links.needing_a_person(state, None).await.unwrap();
    deals.into_iter().map(|deal| deal.subject).collect()
}

#[tokio::test]
async fn a_linked_deal_is_listed_exactly_while_it_needs_a_person() {
    let links = links().await;
    let (in_sync, subject) = (link(1, "o1"), Subject::Referral(referral(1)));
    links.create(&in_sync).await.unwrap();
    assert_eq!(subjects(&links, "in-sync").await, []);

    let needs_decision = DealState::NeedsDecision { fields: ["name".into()].into() };
    let saved = links.save(&in_sync.in_state(needs_decision.clone(), at(1))).await.unwrap();
    let listed = NeedsPerson {
        subject: subject.clone(),
        crm: Some(opportunity("o1")),
        state: needs_decision,
        since: at(1),
    };
    assert_eq!(links.needing_a_person("needs-decision", None).await.unwrap(), [listed]);

    // Another state is another list.
    let saved = links.save(&saved.in_state(refused(), at(2))).await.unwrap();
    assert_eq!(subjects(&links, "needs-decision").await, []);
    assert_eq!(subjects(&links, "refused").await, [subject]);

    links.save(&saved.in_state(DealState::InSync, at(3))).await.unwrap();
    assert_eq!(subjects(&links, "refused").await, []);
}

#[tokio::test]
async fn the_time_stays_while_the_state_lasts() {
    let links = links().await;
    let refusal = Refusal { sentence: "the CRM rejected it".into(), code: None };
    let again = DealState::Refused { reasons: vec![Notice::WriteRefused { refusal }] };
    let link = link(1, "o1").in_state(refused(), at(1));
    links.create(&link).await.unwrap();
    links.save(&link.in_state(again.clone(), at(2))).await.unwrap();
    let listed = links.needing_a_person("refused", None).await.unwrap();
    assert_eq!((listed[0].since, &listed[0].state), (at(1), &again));
}

#[tokio::test]
async fn a_deal_that_is_not_linked_is_listed_until_it_is_linked() {
    let links = links().await;
    let subjects_of_one = [Subject::Referral(referral(1)), Subject::Crm(opportunity("o1"))];
    for (subject, minute) in subjects_of_one.iter().zip(1..) {
        links.save_unlinked(subject, &unlinked(refused(), minute)).await.unwrap();
    }
    assert_eq!(subjects(&links, "refused").await, subjects_of_one);
    let listed = links.needing_a_person("refused", None).await.unwrap();
    assert_eq!((listed[1].since, &listed[1].crm), (at(2), &None));

    let [referral_side, _] = &subjects_of_one;
    links.save_unlinked(referral_side, &unlinked(DealState::InSync, 3)).await.unwrap();
    assert_eq!(subjects(&links, "refused").await, subjects_of_one[1..]);

    links.create(&link(1, "o1")).await.unwrap();
    assert_eq!(subjects(&links, "refused").await, []);
}

#[tokio::test]
async fn a_long_list_comes_in_pages_the_longest_standing_first() {
    let links = links().await;
    // A page ends at 1 MB, so that each holds three or four of these. Every other one has the time
    // of the one before.
    let long = Notice::FieldUnfit { field: "notes".into(), reason: "x".repeat(300_000) };
    let state = DealState::Refused { reasons: vec![long] };
    for n in (0..10).rev() {
        let subject = Subject::Referral(referral(n));
        let deal = unlinked(state.clone(), i64::try_from(n / 2).unwrap());
        links.save_unlinked(&subject, &deal).await.unwrap();
    }
    let (mut listed, mut pages) = (Vec::new(), 0);
    loop {
        let page = links.needing_a_person("refused", listed.last()).await.unwrap();
        if page.is_empty() {
            break;
        }
        pages += 1;
        listed.extend(page);
    }
    assert!(pages > 1, "{pages}");
    let times: Vec<Timestamp> = listed.iter().map(|deal| deal.since).collect();
    assert_eq!(times, [0, 0, 1, 1, 2, 2, 3, 3, 4, 4].map(at));
    let mut subjects: Vec<&Subject> = listed.iter().map(|deal| &deal.subject).collect();
    subjects.sort();
    subjects.dedup();
    assert_eq!(subjects.len(), 10, "each once");
}

#[tokio::test]
async fn a_page_goes_on_behind_a_deal_that_is_listed_no_more() {
    let links = links().await;
    let subject = |n| Subject::Referral(referral(n));
    for n in 1..=2 {
        let minute = i64::try_from(n).unwrap();
        links.save_unlinked(&subject(n), &unlinked(refused(), minute)).await.unwrap();
    }
    let page = links.needing_a_person("refused", None).await.unwrap();
    links.save_unlinked(&subject(1), &unlinked(DealState::InSync, 3)).await.unwrap();
    let next = links.needing_a_person("refused", page.first()).await.unwrap();
    assert_eq!(next, page[1..]);
}
