//! What people do in the two systems: Microsoft's seller and the partner's manager in Partner
//! Center, the seller in the CRM.
//!
//! Through the simulators' control port, which stands for their screens; nothing here knows how the
//! sync works. What the seller does is in [`crate::seller`].

use std::time::{Duration, Instant};

use crate::crm::CrmSystem;
use anyhow::{Context, Result, bail, ensure};
use reqwest::Method;
use serde_json::{Value as Json, json};

/// How long a change may take to arrive before it counts as lost.
const PATIENCE: Duration = Duration::from_mins(1);

/// The people, and what they see.
#[derive(Clone, Debug)]
pub struct People {
    pub(crate) crm: CrmSystem,
    control: reqwest::Url,
    http: reqwest::Client,
}

impl People {
    /// People at the simulators with this control address, whose sellers work in `crm`.
    pub fn new(control: reqwest::Url, crm: CrmSystem) -> Result<Self> {
        Ok(Self { crm, control, http: cosell_http::client()? })
    }

    /// Microsoft's seller invites the partner to a deal; returns the referral's id.
    pub async fn microsoft_invites(&self, name: &str) -> Result<String> {
        let referral = self
            .call(
                Method::POST,
                "control/partner-center/inbound",
                &json!({ "kind": "co-sell", "name": name }),
            )
            .await?;
        id(&referral, "id")
    }

    /// Microsoft sends a lead; returns the referral's id.
    pub async fn microsoft_sends_lead(&self, name: &str) -> Result<String> {
        let body = json!({ "kind": "lead", "name": name });
        let referral = self.call(Method::POST, "control/partner-center/inbound", &body).await?;
        id(&referral, "id")
    }

    /// A customer asks for an offer in a marketplace, without leaving a contact; returns the
    /// referral's id.
    pub async fn customer_asks_in_marketplace(&self, name: &str) -> Result<String> {
        let body = json!({
            "kind": "lead", "name": name, "qualification": "Direct",
            "inviteContext": { "invitedBy": null }, "customerProfile": { "team": [] }
        });
        let referral = self.call(Method::POST, "control/partner-center/inbound", &body).await?;
        id(&referral, "id")
    }

    /// The CRM that the sellers work in.
    pub fn crm(&self) -> CrmSystem {
        self.crm
    }

    /// Nobody answers an invitation in its 14 days.
    pub async fn invitation_expires(&self, id: &str) -> Result<()> {
        self.call(
            Method::POST,
            &format!("control/partner-center/referrals/{id}/expire"),
            &json!({}),
        )
        .await
        .map(drop)
    }

    /// Somebody edits a referral in Partner Center.
    pub async fn edits_referral(&self, id: &str, change: Json) -> Result<()> {
        self.call(Method::POST, &format!("control/partner-center/referrals/{id}/edit"), &change)
            .await
            .map(drop)
    }

    /// Microsoft accepts a deal it was asked to help with.
    pub async fn microsoft_accepts(&self, id: &str) -> Result<()> {
        self.happens_to(id, "microsoft-accepts").await
    }

    /// Microsoft declines a deal it was asked to help with.
    pub async fn microsoft_declines(&self, id: &str) -> Result<()> {
        self.happens_to(id, "microsoft-declines").await
    }

    async fn happens_to(&self, id: &str, what: &str) -> Result<()> {
        let path = format!("control/partner-center/referrals/{id}/{what}");
        self.call(Method::POST, &path, &json!({})).await.map(drop)
    }

    /// All referrals, as Partner Center stores them.
    pub async fn referrals(&self) -> Result<Vec<Json>> {
        let state = self.call(Method::GET, "control/state", &Json::Null).await?;
        let referrals = &state["partner_center"]["referrals"];
        match referrals {
            Json::Array(referrals) => Ok(referrals.clone()),
            Json::Object(referrals) => Ok(referrals.values().cloned().collect()),
            _ => bail!("Partner Center did not list referrals"),
        }
    }

    /// Waits until some referral is as `wanted`; returns it.
    pub async fn see_referral(&self, what: &str, wanted: impl Fn(&Json) -> bool) -> Result<Json> {
        self.wait_for(what, "Partner Center", async || {
            Ok(self.referrals().await?.into_iter().find(&wanted))
        })
        .await
    }

    pub(crate) async fn wait_for<T>(
        &self,
        what: &str,
        at: &str,
        look: impl AsyncFn() -> Result<Option<T>>,
    ) -> Result<T> {
        let started = Instant::now();
        while started.elapsed() < PATIENCE {
            if let Some(found) = look().await? {
                return Ok(found);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        bail!("{what}: not seen in {at} after {} s", PATIENCE.as_secs())
    }

    pub(crate) async fn call(&self, method: Method, path: &str, body: &Json) -> Result<Json> {
        let request = self.http.request(method, self.control.join(path)?);
        let request = if body.is_null() { request } else { request.json(body) };
        let answer = request.send().await.with_context(|| format!("no answer from {path}"))?;
        let status = answer.status();
        let text = answer.text().await?;
        ensure!(status.is_success(), "{path} answered {status}: {text}");
        Ok(if text.is_empty() { Json::Null } else { serde_json::from_str(&text)? })
    }
}

fn id(row: &Json, name: &str) -> Result<String> {
    row[name].as_str().map(str::to_owned).with_context(|| format!("the new row has no {name}"))
}
