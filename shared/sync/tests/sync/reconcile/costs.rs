//! What a reconciliation costs: the calls, in order. Every figure of the table in ARCHITECTURE.md
//! is asserted here.

use super::*;

/// The calls of one reconciliation. `links.read_by_record` is two reads in DynamoDB when the record
/// is linked: the pointer and the link; `links.create` one transaction.
async fn calls(stage: &Stage, subject: &Subject) -> Vec<&'static str> {
    stage.script.take_all_calls();
    stage.reconcile(subject, "measured").await.unwrap();
    stage.script.take_all_calls()
}

async fn linked() -> (Stage, Subject) {
    let stage = Stage::with_opportunity();
    stage.until_quiet(&opportunity()).await;
    let referral = Subject::Referral(stage.the_link().referral);
    (stage, referral)
}

#[tokio::test]
async fn a_private_deal_from_the_crm_is_four_calls_in_three_rounds() {
    let stage = Stage::with_opportunity();
    let expected = [
        "links.read_by_record",
        // Side by side.
        "crm.get",
        "pc.search",
        "claims.take",
        "links.read_by_record",
        "audit",
        "pc.create",
        "links.create",
        "crm.update",
        "links.save",
        "audit",
        "claims.give",
    ];
    assert_eq!(calls(&stage, &opportunity()).await, expected);
}

#[tokio::test]
async fn a_co_sell_deal_from_the_crm_is_one_call_more() {
    let stage = Stage::with_opportunity();
    stage.world.edit_record(OPPORTUNITY, ask_for_help);
    let calls = calls(&stage, &opportunity()).await;
    let upstream: Vec<_> =
        calls.iter().filter(|call| call.starts_with("pc.") || call.starts_with("crm.")).collect();
    assert_eq!(upstream, [&"crm.get", &"pc.search", &"pc.create", &"pc.create", &"crm.update"]);
    assert_eq!(calls.len(), 14);
}

#[tokio::test]
async fn an_inbound_referral_is_four_calls() {
    let stage = Stage::with_referral();
    let expected = [
        "links.read",
        "pc.get",
        "crm.find",
        "claims.take",
        "links.read",
        "audit",
        "crm.upsert",
        "links.create",
        "pc.patch",
        "links.save",
        "audit",
        "claims.give",
    ];
    assert_eq!(calls(&stage, &referral()).await, expected);
}

#[tokio::test]
async fn an_update_from_the_crm_is_two_reads_a_write_and_a_word_to_the_seller() {
    let (stage, _) = linked().await;
    stage.world.edit_record(OPPORTUNITY, |record| {
        drop(record.fields.insert("estimatedvalue".into(), json!(205_000)));
    });
    let expected = [
        "links.read_by_record",
        // Side by side.
        "pc.get",
        "crm.get",
        "audit",
        "links.save",
        "pc.patch",
        "crm.update",
        "links.save",
        "audit",
    ];
    assert_eq!(calls(&stage, &opportunity()).await, expected);
}

#[tokio::test]
async fn an_update_from_partner_center_is_two_reads_and_a_write() {
    let (stage, referral) = linked().await;
    let mut body = stage.referrals()[0].clone();
    body["details"]["dealValue"] = json!(205_000);
    stage.world.put_referral(stage.the_link().referral, body);
    let expected = [
        "links.read",
        // Side by side.
        "pc.get",
        "crm.get",
        "audit",
        "links.save",
        "crm.update",
        "links.save",
        "audit",
    ];
    assert_eq!(calls(&stage, &referral).await, expected);
}

#[tokio::test]
async fn an_echo_or_a_duplicate_is_two_reads() {
    let (stage, referral) = linked().await;
    assert_eq!(calls(&stage, &referral).await, ["links.read", "pc.get", "crm.get"]);
    assert_eq!(calls(&stage, &opportunity()).await, ["links.read_by_record", "pc.get", "crm.get"]);
}

#[tokio::test]
async fn a_disconnected_or_paused_deal_costs_nothing_upstream() {
    let (stage, referral) = linked().await;
    let order = Order { now: stage.now, id: "order" };
    stage.engine.unlink(stage.the_link().referral, order).await.unwrap();
    assert_eq!(calls(&stage, &referral).await, ["links.read"]);
}

#[tokio::test]
async fn help_that_is_chosen_later_is_two_calls_more_than_an_update() {
    let (stage, _) = linked().await;
    stage.world.edit_record(OPPORTUNITY, ask_for_help);
    let expected = [
        "links.read_by_record",
        // Side by side.
        "pc.get",
        "crm.get",
        "claims.take",
        "audit",
        "links.save",
        "pc.patch",
        "links.read",
        "pc.in_engagement",
        "pc.create",
        "links.save",
        "crm.update",
        "links.save",
        "audit",
        "claims.give",
    ];
    assert_eq!(calls(&stage, &opportunity()).await, expected);
}

#[tokio::test]
async fn an_echo_of_a_deal_with_microsoft_is_three_reads() {
    let stage = Stage::with_opportunity();
    stage.world.edit_record(OPPORTUNITY, ask_for_help);
    stage.reconcile(&opportunity(), "makes it").await.unwrap();
    let expected = ["links.read_by_record", "pc.get", "crm.get", "pc.get"];
    assert_eq!(calls(&stage, &opportunity()).await, expected);
}
