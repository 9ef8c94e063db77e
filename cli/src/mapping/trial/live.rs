//! A live record, and its pair if it has one. Reads; takes no claim, makes no link, writes nothing.

use anyhow::{Result, anyhow};
use cosell_model::id::ReferralId;
use cosell_model::link::{DisconnectReason, Link};
use cosell_model::message::Subject;
use cosell_model::referral::ReferralKind;
use cosell_runtime::clock;
use cosell_sync::Engine;
use cosell_sync::plan::{Halves, plan_update};
use cosell_wiring::EngineSettings;
use serde_json::{Value as Json, json};

use super::{Answer, Existing, creation, description};
use crate::record::{self, link_of, told};

/// Tries the other half of a live record, and what a look at its pair would write.
pub(super) async fn tried(referral: Option<&str>, opportunity: Option<&str>) -> Result<Answer> {
    let settings = cosell_wiring::read(EngineSettings::read)?;
    let subject = match (referral, opportunity) {
        (Some(id), _) => Subject::Referral(id.parse::<ReferralId>()?),
        (None, Some(id)) => {
            Subject::Crm(record::opportunity(settings.systems.crm.connection.system(), id)?)
        }
        (None, None) => return Err(anyhow!("give --referral or --opportunity")),
    };
    let engine = cosell_wiring::operators_engine(settings, &crate::aws().await?)?;
    of(&engine, &subject).await
}

async fn of(engine: &Engine, subject: &Subject) -> Result<Answer> {
    let half = match subject {
        Subject::Referral(id) => {
            engine.partner_center.get(*id).await.map(|found| found.map(Existing::from))
        }
        Subject::Crm(key) => engine.crm.get(key).await.map(|found| found.map(Existing::from)),
    };
    let half = half.map_err(|failure| told(&failure))?.ok_or_else(|| {
        anyhow!("{subject} does not exist, or the deployment's user cannot see it")
    })?;
    let new = creation(&engine.mapping, &engine.policy, &half, clock::now());
    let pair = match link_of(&*engine.links, subject).await? {
        Some(link) => Some(update(engine, &link, half).await?),
        None => counterpart(engine, &half).await?.as_deref().map(description::of_counterpart),
    };
    Ok(match pair {
        Some(pair) => Answer {
            text: format!("{pair}\nWithout its counterpart, one would be made so:\n{}", new.text),
            json: json!({ "pair": pair.lines().collect::<Vec<_>>(), "without_counterpart": new.json }),
        },
        None => new,
    })
}

/// What a look would find before it makes anything.
async fn counterpart(engine: &Engine, half: &Existing) -> Result<Option<String>> {
    match half {
        Existing::Referral(referral) => {
            let found =
                engine.crm.find_by_referral(referral.id).await.map_err(|failure| told(&failure))?;
            Ok(found.map(|record| format!("{} {}", record.key.entity, record.key.id)))
        }
        Existing::Record(record) => {
            let found = engine.partner_center.by_external_reference(&record.key.id).await;
            let found = found.map_err(|failure| told(&failure))?;
            let own =
                found.into_iter().find(|referral| referral.kind != ReferralKind::MicrosoftReferral);
            Ok(own.map(|referral| format!("Referral {}", referral.id)))
        }
    }
}

async fn update(engine: &Engine, link: &Link, half: Existing) -> Result<String> {
    if let Some(tombstone) =
        link.tombstone.as_ref().filter(|tombstone| tombstone.reason == DisconnectReason::Unlinked)
    {
        return Ok(description::of_idle(link, &description::why_parted(&tombstone.reason)));
    }
    let (referral, record) = match half {
        Existing::Referral(referral) => {
            let record = engine.crm.get(&link.crm).await.map_err(|failure| told(&failure))?;
            (Some(*referral), record)
        }
        Existing::Record(record) => {
            let referral =
                engine.partner_center.get(link.referral).await.map_err(|failure| told(&failure))?;
            (referral, Some(*record))
        }
    };
    Ok(match Halves::of(referral, record) {
        Halves::Parted(reason, _) => description::of_idle(link, &description::why_parted(&reason)),
        Halves::Both(_, record)
            if record.get(engine.mapping.columns.sync.as_str()) != &Json::Bool(true) =>
        {
            description::of_idle(link, "Sync with Partner Center is switched off")
        }
        Halves::Both(referral, record) => {
            let update = plan_update(&engine.mapping, link, &referral, &record, clock::now());
            description::of_update(&engine.mapping, link, &update)
        }
    })
}
