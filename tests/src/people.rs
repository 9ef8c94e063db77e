//! What people do in the two systems: Microsoft's seller and the partner's manager in Partner Center, the seller in the CRM.
//!
//! Through the simulators' control port, which stands for their screens; nothing here knows how the sync works.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use reqwest::Method;
use serde_json::{Value as Json, json};

/// How long a change may take to arrive before it counts as lost.
const PATIENCE: Duration = Duration::from_mins(1);

/// The people, and what they see.
#[derive(Clone, Debug)]
pub struct People {
    control: reqwest::Url,
    http: reqwest::Client,
}

impl People {
    /// People at the simulators with this control address.
    pub fn new(control: reqwest::Url) -> Result<Self> {
        Ok(Self {
            control,
            http: cosell_runtime::http::client()?,
        })
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

    /// Somebody edits a referral in Partner Center.
    pub async fn edits_referral(&self, id: &str, change: Json) -> Result<()> {
        self.call(Method::POST, &format!("control/partner-center/referrals/{id}/edit"), &change)
            .await
            .map(drop)
    }

    /// Microsoft accepts a deal it was asked to help with.
    pub async fn microsoft_accepts(&self, id: &str) -> Result<()> {
        self.call(
            Method::POST,
            &format!("control/partner-center/referrals/{id}/microsoft-accepts"),
            &json!({}),
        )
        .await
        .map(drop)
    }

    /// The seller makes a complete opportunity, not yet flagged; returns its id.
    pub async fn seller_prepares(&self, name: &str) -> Result<String> {
        let account = json!({
            "name": "Norrsken Kylteknik AB", "address1_line1": "Hamngatan 4", "address1_city": "Umeå",
            "address1_postalcode": "90326", "address1_country": "SE"
        });
        let account = id(
            &self.call(Method::POST, "control/dataverse/rows/accounts", &account).await?,
            "accountid",
        )?;
        let contact =
            json!({ "firstname": "Ida", "lastname": "Ek", "emailaddress1": "ida.ek@norrsken.example", "telephone1": "+46900000001" });
        let contact = id(
            &self.call(Method::POST, "control/dataverse/rows/contacts", &contact).await?,
            "contactid",
        )?;
        let opportunity = json!({
            "name": name, "estimatedvalue": 184_000, "estimatedclosedate": "2027-03-31", "nwcs_products": "SOL-71402-QKD",
            "customerid_account@odata.bind": format!("/accounts({account})"), "parentcontactid@odata.bind": format!("/contacts({contact})")
        });
        id(
            &self
                .call(Method::POST, "control/dataverse/rows/opportunities", &opportunity)
                .await?,
            "opportunityid",
        )
    }

    /// The seller edits an opportunity.
    pub async fn seller_edits(&self, id: &str, change: Json) -> Result<()> {
        self.call(Method::PATCH, &format!("control/dataverse/rows/opportunities/{id}"), &change)
            .await
            .map(drop)
    }

    /// The seller closes an opportunity as won.
    pub async fn seller_wins(&self, id: &str) -> Result<()> {
        self.call(Method::POST, &format!("control/dataverse/opportunities/{id}/win"), &json!({}))
            .await
            .map(drop)
    }

    /// All opportunities, as the CRM shows them.
    pub async fn opportunities(&self) -> Result<Vec<Json>> {
        let rows = self.call(Method::GET, "control/dataverse/rows/opportunities", &Json::Null).await?;
        let rows = rows.get("value").cloned().unwrap_or(rows);
        rows.as_array().cloned().context("the CRM did not list opportunities")
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

    /// Waits until some opportunity is as `wanted`; returns it.
    pub async fn see_opportunity(&self, what: &str, wanted: impl Fn(&Json) -> bool) -> Result<Json> {
        let started = Instant::now();
        while started.elapsed() < PATIENCE {
            if let Some(found) = self.opportunities().await?.into_iter().find(&wanted) {
                return Ok(found);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        bail!("{what}: not seen in the CRM after {} s", PATIENCE.as_secs())
    }

    /// Waits until some referral is as `wanted`; returns it.
    pub async fn see_referral(&self, what: &str, wanted: impl Fn(&Json) -> bool) -> Result<Json> {
        let started = Instant::now();
        while started.elapsed() < PATIENCE {
            if let Some(found) = self.referrals().await?.into_iter().find(&wanted) {
                return Ok(found);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        bail!("{what}: not seen in Partner Center after {} s", PATIENCE.as_secs())
    }

    async fn call(&self, method: Method, path: &str, body: &Json) -> Result<Json> {
        let request = self.http.request(method, self.control.join(path)?);
        let request = if body.is_null() { request } else { request.json(body) };
        let answer = request.send().await.with_context(|| format!("no answer from {path}"))?;
        let status = answer.status();
        let text = answer.text().await?;
        ensure!(status.is_success(), "{path} answered {status}: {text}");
        Ok(if text.is_empty() {
            Json::Null
        } else {
            serde_json::from_str(&text)?
        })
    }
}

fn id(row: &Json, name: &str) -> Result<String> {
    row[name]
        .as_str()
        .map(str::to_owned)
        .with_context(|| format!("the new row has no {name}"))
}
