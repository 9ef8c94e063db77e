//! The story that `make run` and `make demo` play: one deal from each side, an edit each way, an acceptance, a win.

use std::time::{Duration, Instant};

use crate::crm::CrmSystem;
use anyhow::Result;
use serde_json::json;

use crate::LocalStack;
use crate::people::People;
use crate::seller::{Deal, Entry, Stage};

/// Two runs of the local stack's poller.
const REST: Duration = Duration::from_secs(2);

/// One step: what happened, and how long it took from the change to the confirmed write in the other system.
#[derive(Clone, Debug)]
pub struct Step {
    /// What a person did, and where it was seen.
    pub what: String,
    /// From the change to seeing it in the other system.
    pub took: Duration,
}

/// A finished story.
#[derive(Clone, Debug, Default)]
pub struct Story {
    /// The steps.
    pub steps: Vec<Step>,
    /// The opportunities of the two pairs.
    pub opportunities: Vec<String>,
}

impl Story {
    /// Plays it; each step waits until the other system shows the change. `tell` is called after each step.
    pub async fn play(stack: &LocalStack, mut tell: impl FnMut(&Step)) -> Result<Self> {
        let people = stack.people()?;
        let mut teller = Teller {
            crm: match people.crm {
                CrmSystem::Dynamics => "Dynamics",
                CrmSystem::Salesforce => "Salesforce",
            },
            story: Self::default(),
            tell: &mut tell,
        };
        inbound(&people, &mut teller).await?;
        outbound(&people, &mut teller).await?;
        Ok(teller.story)
    }
}

struct Teller<'a> {
    crm: &'static str,
    story: Story,
    tell: &'a mut dyn FnMut(&Step),
}

impl Teller<'_> {
    fn step(&mut self, started: Instant, what: impl Into<String>) {
        let step = Step { what: what.into(), took: started.elapsed() };
        (self.tell)(&step);
        self.story.steps.push(step);
    }

    fn told(&self, what: &str) -> String {
        what.replace("{crm}", self.crm)
    }

    /// Lets our own writes come back and find nothing to do, so that the next step is measured alone: otherwise their
    /// notices would pick up its change before it is announced.
    async fn rest(&self) {
        tokio::time::sleep(REST).await;
    }
}

/// A deal that starts in Partner Center.
async fn inbound(people: &People, teller: &mut Teller<'_>) -> Result<()> {
    let started = Instant::now();
    let referral = people.microsoft_invites("Fleet telemetry pilot").await?;
    let what = teller
        .told("Microsoft invites us in Partner Center: an opportunity appears in {crm}, on hold");
    let is_here =
        |deal: &Deal| deal.referral == referral && deal.is_synced() && deal.stage == Stage::OnHold;
    let opportunity = people.see_deal(&what, is_here).await?.id;
    teller.step(started, what);
    teller.story.opportunities.push(opportunity.clone());
    people
        .see_referral("the CRM ID", |row| {
            row["id"] == json!(referral) && row["externalReferenceId"] == json!(opportunity)
        })
        .await?;

    teller.rest().await;
    let started = Instant::now();
    people.seller_enters(&opportunity, &[Entry::Active]).await?;
    let what = teller
        .told("the seller takes it off hold in {crm}: the referral is accepted in Partner Center");
    people
        .see_referral(&what, |row| row["id"] == json!(referral) && row["status"] == "Active")
        .await?;
    teller.step(started, what);

    teller.rest().await;
    let started = Instant::now();
    people
        .edits_referral(
            &referral,
            json!({ "details": { "notes": "The customer wants 60 lorries." } }),
        )
        .await?;
    let what =
        teller.told("somebody edits the notes in Partner Center: the description changes in {crm}");
    people
        .see_deal(&what, |deal| {
            deal.id == opportunity && deal.notes == "The customer wants 60 lorries."
        })
        .await?;
    teller.step(started, what);
    Ok(())
}

/// A deal that starts in the CRM.
async fn outbound(people: &People, teller: &mut Teller<'_>) -> Result<()> {
    teller.rest().await;
    let opportunity = people.seller_prepares("Cold-store rollout").await?;
    teller.story.opportunities.push(opportunity.clone());
    teller.rest().await;
    let started = Instant::now();
    people.seller_enters(&opportunity, &[Entry::Sync]).await?;
    let what = teller
        .told("the seller flags an opportunity in {crm}: a referral appears in Partner Center");
    let referral =
        people.see_referral(&what, |row| row["externalReferenceId"] == json!(opportunity)).await?;
    teller.step(started, what);
    let what = teller.told("… and its identifier, its link and ✔ come back to {crm}");
    people
        .see_deal(&what, |deal| {
            deal.id == opportunity && referral["id"] == json!(deal.referral) && deal.is_synced()
        })
        .await?;
    teller.step(started, what);

    teller.rest().await;
    let started = Instant::now();
    people.seller_enters(&opportunity, &[Entry::Value(205_000)]).await?;
    let what = teller
        .told("the seller edits the revenue in {crm}: the deal value changes in Partner Center");
    people
        .see_referral(&what, |row| {
            row["id"] == referral["id"] && row["details"]["dealValue"].as_f64() == Some(205_000.0)
        })
        .await?;
    teller.step(started, what);

    teller.rest().await;
    let started = Instant::now();
    people.seller_wins(&opportunity).await?;
    let what =
        teller.told("the seller wins it in {crm}: the referral is closed as won in Partner Center");
    people
        .see_referral(&what, |row| row["id"] == referral["id"] && row["substatus"] == "Won")
        .await?;
    teller.step(started, what);
    Ok(())
}
