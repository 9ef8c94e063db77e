//! The story that `make run` and `make demo` play: one deal from each side, an edit each way, an acceptance, a win.

use std::time::{Duration, Instant};

use anyhow::Result;
use cosell_runtime::settings::CrmSystem;
use serde_json::json;

use crate::LocalStack;
use crate::people::People;
use crate::seller::{Deal, Entry, Stage};

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
    /// Plays it; each step waits until the other system shows the change. `show` is called after each step.
    pub async fn play(stack: &LocalStack, mut show: impl FnMut(&Step)) -> Result<Self> {
        let people = stack.people()?;
        let mut narrator = Narrator {
            crm: match people.crm {
                CrmSystem::Dynamics => "Dynamics",
                CrmSystem::Salesforce => "Salesforce",
            },
            story: Self::default(),
            stack,
            show: &mut show,
        };
        inbound(&people, &mut narrator).await?;
        outbound(&people, &mut narrator).await?;
        Ok(narrator.story)
    }
}

struct Narrator<'a> {
    crm: &'static str,
    story: Story,
    stack: &'a LocalStack,
    show: &'a mut dyn FnMut(&Step),
}

impl Narrator<'_> {
    fn step(&mut self, started: Instant, what: impl Into<String>) {
        let step = Step { what: what.into(), took: started.elapsed() };
        (self.show)(&step);
        self.story.steps.push(step);
    }

    fn worded(&self, what: &str) -> String {
        what.replace("{crm}", self.crm)
    }

    /// Lets our own writes come back and find nothing to do, so that the next step is measured alone: otherwise their notices would
    /// pick up its change before it is announced.
    async fn rest(&self) -> Result<()> {
        self.stack.work_off().await
    }
}

/// A deal that starts in Partner Center.
async fn inbound(people: &People, narrator: &mut Narrator<'_>) -> Result<()> {
    let started = Instant::now();
    let referral = people.microsoft_invites("Fleet telemetry pilot").await?;
    let what = narrator
        .worded("Microsoft invites us in Partner Center: an opportunity appears in {crm}, on hold");
    let is_here =
        |deal: &Deal| deal.referral == referral && deal.is_synced() && deal.stage == Stage::OnHold;
    let opportunity = people.see_deal(&what, is_here).await?.id;
    narrator.step(started, what);
    narrator.story.opportunities.push(opportunity.clone());
    people
        .see_referral("the CRM ID", |row| {
            row["id"] == json!(referral) && row["externalReferenceId"] == json!(opportunity)
        })
        .await?;

    narrator.rest().await?;
    let started = Instant::now();
    people.seller_enters(&opportunity, &[Entry::Active]).await?;
    let what = narrator.worded(
        "the seller takes it off hold in {crm}: the referral is accepted in Partner Center",
    );
    people
        .see_referral(&what, |row| row["id"] == json!(referral) && row["status"] == "Active")
        .await?;
    narrator.step(started, what);

    narrator.rest().await?;
    let started = Instant::now();
    people
        .edits_referral(
            &referral,
            json!({ "details": { "notes": "The customer wants 60 lorries." } }),
        )
        .await?;
    let what = narrator
        .worded("somebody edits the notes in Partner Center: the description changes in {crm}");
    people
        .see_deal(&what, |deal| {
            deal.id == opportunity && deal.notes == "The customer wants 60 lorries."
        })
        .await?;
    narrator.step(started, what);
    Ok(())
}

/// A deal that starts in the CRM.
async fn outbound(people: &People, narrator: &mut Narrator<'_>) -> Result<()> {
    narrator.rest().await?;
    let opportunity = people.seller_prepares("Cold-store rollout").await?;
    narrator.story.opportunities.push(opportunity.clone());
    narrator.rest().await?;
    let started = Instant::now();
    people.seller_enters(&opportunity, &[Entry::Sync]).await?;
    let what = narrator
        .worded("the seller flags an opportunity in {crm}: a referral appears in Partner Center");
    let referral =
        people.see_referral(&what, |row| row["externalReferenceId"] == json!(opportunity)).await?;
    narrator.step(started, what);
    let what = narrator.worded("… and its identifier, its link and ✔ come back to {crm}");
    people
        .see_deal(&what, |deal| {
            deal.id == opportunity && referral["id"] == json!(deal.referral) && deal.is_synced()
        })
        .await?;
    narrator.step(started, what);

    narrator.rest().await?;
    let started = Instant::now();
    people.seller_enters(&opportunity, &[Entry::Value(205_000)]).await?;
    let what = narrator
        .worded("the seller edits the revenue in {crm}: the deal value changes in Partner Center");
    people
        .see_referral(&what, |row| {
            row["id"] == referral["id"] && row["details"]["dealValue"].as_f64() == Some(205_000.0)
        })
        .await?;
    narrator.step(started, what);

    narrator.rest().await?;
    let started = Instant::now();
    people.seller_wins(&opportunity).await?;
    let what = narrator
        .worded("the seller wins it in {crm}: the referral is closed as won in Partner Center");
    people
        .see_referral(&what, |row| row["id"] == referral["id"] && row["substatus"] == "Won")
        .await?;
    narrator.step(started, what);
    Ok(())
}
