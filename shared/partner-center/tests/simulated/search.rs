//! Finding referrals by engagement and by external reference, however little a list tells.

use cosell_model::id::ReferralId;
use cosell_model::referral::{Referral, ReferralKind};
use cosell_sync::FailureKind;
use cosell_sync::port::PartnerCenter as _;
use serde_json::{Value as Json, json};

use crate::stage::{Stage, answer, content, deal, part};

const RECORD: &str = "6a0d1c52-7b1e-4f6c-9d3a-2f1b0c9e8d77";
const DAY: i64 = 24 * 60 * 60;

fn ids(found: &[Referral]) -> Vec<ReferralId> {
    found.iter().map(|referral| referral.id).collect()
}

impl Stage {
    async fn created(&self, reference: &str) -> Referral {
        self.referrals.create(&deal(reference)).await.unwrap()
    }

    async fn found(&self, reference: &str) -> Vec<Referral> {
        self.referrals.by_external_reference(reference).await.unwrap()
    }

    /// The next list has these rows.
    fn lists(&self, rows: &[Json]) {
        self.fault("partner-center", "GET", content(&json!({ "value": rows })));
    }
}

#[tokio::test]
async fn an_external_reference_is_found_with_and_without_the_services_filter() {
    let stage = Stage::new().await;
    let reference = "O'Neill & Söner + 1";
    let expected = stage.created(reference).await.id;
    stage.created("OPP-2").await;
    for filter in [true, false] {
        stage.switch(|switches| switches.filter_external_reference = filter);
        assert_eq!(ids(&stage.found(reference).await), [expected], "service filters: {filter}");
        assert!(stage.found("o'neill & söner + 1").await.is_empty());
    }
}

#[tokio::test]
async fn an_id_is_filtered_by_as_dynamics_writes_it_and_compared_however_it_is_written() {
    const BRACED: &str = "{6A0D1C52-7B1E-4F6C-9D3A-2F1B0C9E8D77}";
    let stage = Stage::new().await;
    let braced = stage.created(BRACED).await.id;
    let plain = stage.created(RECORD).await.id;
    stage.created("6a0d1c52-7b1e-4f6c-9d3a-2f1b0c9e8d78").await;
    assert_eq!(ids(&stage.found(BRACED).await), [plain]);
    stage.switch(|switches| switches.filter_external_reference = false);
    let mut found = ids(&stage.found(RECORD).await);
    found.sort_unstable();
    let mut expected = [braced, plain];
    expected.sort_unstable();
    assert_eq!(found, expected);
}

#[tokio::test]
async fn a_salesforce_id_is_found_however_a_person_typed_it() {
    const ID: &str = "006Kd00000AbC1xIAF";
    let mut stage = Stage::new().await;
    stage.referrals = stage.referrals.with_record_ids(cosell_salesforce::RECORD_IDS);
    let mut expected = Vec::new();
    for spelling in [ID, "006Kd00000AbC1x"] {
        expected.push(stage.created(spelling).await.id);
    }
    // Another record: of the core alone the case counts.
    stage.created("006Kd00000abC1x").await;
    expected.sort_unstable();
    let found = async || {
        let mut found = ids(&stage.found(ID).await);
        found.sort_unstable();
        found
    };
    assert_eq!(found().await, expected);
    stage.switch(|switches| switches.filter_external_reference = false);
    assert_eq!(found().await, expected);
    expected.push(stage.created("006KD00000ABC1XIAF").await.id);
    expected.sort_unstable();
    assert_eq!(found().await, expected);
}

#[tokio::test]
async fn a_referral_of_long_ago_is_found_without_the_services_filter() {
    let stage = Stage::new().await;
    stage.switch(|switches| {
        switches.filter_external_reference = false;
        switches.page_size = 2;
    });
    let old = stage.created("OPP-1").await;
    // In steps: an unused refresh token dies after 90 days.
    for n in 0..10 {
        stage.simulators.clock.advance(80 * DAY);
        stage.created(&format!("OPP-1{n}")).await;
    }
    assert_eq!(ids(&stage.found("OPP-1").await), [old.id]);
}

#[tokio::test]
async fn a_filtered_row_that_does_not_say_its_reference_is_read_and_compared() {
    let stage = Stage::new().await;
    let (ours, other) = (stage.created("OPP-1").await, stage.created("OPP-2").await);
    stage.lists(&[part(&other), part(&ours)]);
    let found = stage.found("OPP-1").await;
    assert_eq!(ids(&found), [ours.id]);
    assert_eq!(found[0].get("details.currency"), Some(&json!("SEK")), "and is whole");
}

#[tokio::test]
async fn a_shortened_row_with_the_reference_is_read_whole() {
    let stage = Stage::new().await;
    let ours = stage.created("OPP-1").await;
    let mut row = part(&ours);
    row["externalReferenceId"] = json!("OPP-1");
    stage.lists(&[
        row,
        json!({ "id": "not read, since it says another", "externalReferenceId": null }),
    ]);
    let found = stage.found("OPP-1").await;
    assert_eq!((ids(&found), found[0].has("details")), (vec![ours.id], true));
}

#[tokio::test]
async fn shortened_rows_are_read_even_when_the_service_does_not_filter() {
    let stage = Stage::new().await;
    let (ours, other) = (stage.created("OPP-1").await, stage.created("OPP-2").await);
    for status in [400, 422, 501] {
        stage.fault("partner-center", "GET", answer(status, None));
        let mut unreadable = part(&other);
        unreadable["id"] = json!("c7c1e1f0-8a51-4f0d-b1a7-2d6a64d3f9aa");
        stage.lists(&[unreadable, part(&other), part(&ours)]);
        assert_eq!(ids(&stage.found("OPP-1").await), [ours.id], "{status}");
    }
}

#[tokio::test]
async fn a_row_that_may_be_ours_and_cannot_be_read_is_not_overlooked() {
    let stage = Stage::new().await;
    let mut row = part(&stage.created("OPP-1").await);
    row["id"] = json!("c7c1e1f0-8a51-4f0d-b1a7-2d6a64d3f9aa");
    stage.lists(&[row]);
    let failure = stage.referrals.by_external_reference("OPP-1").await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Transient);
}

#[tokio::test]
async fn an_engagement_has_the_partners_half_and_microsofts_whole_even_if_its_rows_are_shortened() {
    let stage = Stage::new().await;
    let mut body = deal("OPP-1");
    body["type"] = json!("Shared");
    body["consent"]["consentToShareReferralWithMicrosoftSellers"] = json!(true);
    body["target"] = json!([{ "type": "SolutionProfile", "id": "SOL-71402-QKD" }]);
    let own = stage.referrals.create(&body).await.unwrap();
    let engagement = own.engagement.unwrap();
    body["engagementId"] = json!(engagement);
    body["target"] = json!([{ "type": "BusinessProfileLocation", "id": "msft" }]);
    body["inviteContext"] =
        json!({ "assistanceRequestCode": "ProofOfConceptOrDemo", "notes": "Demo, please." });
    let half = stage.referrals.create(&body).await.unwrap();
    let other = stage.created("OPP-2").await;
    let mut bare = part(&half);
    bare.as_object_mut().unwrap().remove("engagementId");
    for shortened in [
        None,
        Some([part(&own), part(&half), part(&other)]),
        Some([part(&own), bare, part(&other)]),
    ] {
        if let Some(rows) = &shortened {
            stage.lists(rows);
        }
        let found = stage.referrals.in_engagement(engagement).await.unwrap();
        let kinds: Vec<_> = found.iter().map(|referral| (referral.id, referral.kind)).collect();
        assert_eq!(
            kinds,
            [(own.id, ReferralKind::Opportunity), (half.id, ReferralKind::MicrosoftReferral)]
        );
        assert!(found.iter().all(|referral| referral.has("details")));
    }
}

#[tokio::test]
async fn all_that_wait_for_an_answer_are_listed_whole() {
    let stage = Stage::new().await;
    let mut shared = deal(RECORD);
    shared["consent"]["consentToShareReferralWithMicrosoftSellers"] = json!(true);
    let own = stage.referrals.create(&shared).await.unwrap();
    let mut half = shared;
    half["engagementId"] = json!(own.engagement);
    half["target"] = json!([{ "type": "BusinessProfileLocation", "id": "msft" }]);
    half["inviteContext"] = json!({ "assistanceRequestCode": "GeneralOrOther" });
    let half = stage.referrals.create(&half).await.unwrap();
    for shortened in [false, true] {
        if shortened {
            stage.lists(&[json!({ "id": half.id, "status": "New" }), json!({ "id": own.id })]);
        }
        let pending = stage.referrals.pending().await.unwrap();
        assert_eq!(ids(&pending), [half.id], "shortened: {shortened}");
        assert_eq!(pending[0].kind, ReferralKind::MicrosoftReferral);
        assert!(pending[0].expires().is_some(), "14 days are left");
    }
}
