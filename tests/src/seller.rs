//! What a seller sees and enters, whatever the CRM calls it.

use crate::crm::CrmSystem;
use anyhow::{Context, Result};
use reqwest::Method;
use serde_json::{Value as Json, json};

use crate::people::People;

/// A deal as the seller sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct Deal {
    /// The opportunity's id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Where it stands.
    pub stage: Stage,
    /// Description.
    pub notes: String,
    /// Referral Identifier.
    pub referral: String,
    /// Referral Link.
    pub link: String,
    /// Sync status.
    pub status: String,
    /// Audit.
    pub audit: String,
    /// Microsoft CRM Identifier.
    pub microsoft_id: String,
    /// Whether Microsoft's sellers may see it, as Referral Visibility says.
    pub visible: bool,
}

/// Where a deal stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Nobody has accepted it yet.
    OnHold,
    /// Being worked on.
    Open,
    /// Won or lost.
    Closed,
}

/// What a seller enters.
#[derive(Clone, Copy, Debug)]
pub enum Entry {
    /// Switches "Sync with Partner Center" on.
    Sync,
    /// Asks Microsoft for a proof of concept.
    Help,
    /// Fills in Products, or clears it.
    Products(Option<&'static str>),
    /// Changes the deal's value.
    Value(u32),
    /// Takes the deal off hold.
    Active,
    /// Says whether Microsoft's sellers may see the deal.
    Visible(bool),
}

/// The on-hold and active stages of the local Salesforce organisation.
pub(crate) const SALESFORCE_STAGES: [&str; 2] = ["Prospecting", "Qualification"];

/// The entry as the CRM's field and value.
fn field(crm: CrmSystem, entry: Entry) -> (&'static str, Json) {
    let dynamics = crm == CrmSystem::Dynamics;
    let either = |ours, theirs| if dynamics { ours } else { theirs };
    match entry {
        Entry::Sync => {
            (either("nwcs_syncwithpartnercenter", "Msp_Sync_With_Partner_Center__c"), json!(true))
        }
        Entry::Help if dynamics => ("nwcs_howcanmicrosofthelp", json!(412_000_002)),
        Entry::Help => ("Msp_How_Can_Microsoft_Help__c", json!("Proof of concept or demo")),
        Entry::Products(products) => (either("nwcs_products", "Msp_Products__c"), json!(products)),
        Entry::Value(value) => (either("estimatedvalue", "Amount"), json!(value)),
        Entry::Visible(visible) if dynamics => {
            ("nwcs_referralvisibility", json!(412_000_000 + u32::from(visible)))
        }
        Entry::Visible(visible) => (
            "Msp_Referral_Visibility__c",
            json!(if visible { "Microsoft sellers" } else { "Only my organisation" }),
        ),
        Entry::Active if dynamics => ("statuscode", json!(1)),
        Entry::Active => ("StageName", json!(SALESFORCE_STAGES[1])),
    }
}

impl Deal {
    fn of_dynamics(row: &Json) -> Self {
        let stage = match (row["statecode"].as_i64(), row["statuscode"].as_i64()) {
            (Some(0), Some(2)) => Stage::OnHold,
            (Some(0), _) => Stage::Open,
            _ => Stage::Closed,
        };
        Self {
            id: text(row, "opportunityid"),
            name: text(row, "name"),
            stage,
            notes: text(row, "description"),
            referral: text(row, "nwcs_referralid"),
            link: text(row, "nwcs_referrallink"),
            status: text(row, "nwcs_syncstatus"),
            audit: text(row, "nwcs_audit"),
            microsoft_id: text(row, "nwcs_microsoftcrmid"),
            visible: row["nwcs_referralvisibility"] == json!(412_000_001),
        }
    }

    fn of_salesforce(row: &Json) -> Self {
        let stage = match (&row["IsClosed"], row["StageName"].as_str()) {
            (Json::Bool(true), _) => Stage::Closed,
            (_, Some(name)) if name == SALESFORCE_STAGES[0] => Stage::OnHold,
            _ => Stage::Open,
        };
        Self {
            id: text(row, "Id"),
            name: text(row, "Name"),
            stage,
            notes: text(row, "Description"),
            referral: text(row, "Msp_Referral_Id__c"),
            link: text(row, "Msp_Referral_Link__c"),
            status: text(row, "Msp_Sync_Status__c"),
            audit: text(row, "Msp_Audit__c"),
            microsoft_id: text(row, "Msp_Microsoft_Crm_Id__c"),
            visible: row["Msp_Referral_Visibility__c"] == json!("Microsoft sellers"),
        }
    }

    /// Whether the sync has brought both sides together.
    pub fn is_synced(&self) -> bool {
        self.status == "✔ Synced"
    }
}

fn text(row: &Json, name: &str) -> String {
    row[name].as_str().unwrap_or_default().to_owned()
}

impl People {
    /// The seller makes a complete opportunity, not yet flagged; returns its id.
    pub async fn seller_prepares(&self, name: &str) -> Result<String> {
        match self.crm {
            CrmSystem::Dynamics => self.prepare_in_dynamics(name).await,
            CrmSystem::Salesforce => self.prepare_in_salesforce(name).await,
        }
    }

    async fn prepare_in_dynamics(&self, name: &str) -> Result<String> {
        let account = json!({
            "name": "Norrsken Kylteknik AB", "address1_line1": "Hamngatan 4",
            "address1_city": "Umeå",
            "address1_postalcode": "90326", "address1_country": "SE"
        });
        let account = self.make("dataverse/rows/accounts", &account, "accountid").await?;
        let contact = json!({
            "firstname": "Ida", "lastname": "Ek", "emailaddress1": "ida.ek@norrsken.example",
            "telephone1": "+46900000001"
        });
        let contact = self.make("dataverse/rows/contacts", &contact, "contactid").await?;
        let opportunity = json!({
            "name": name, "estimatedvalue": 184_000, "estimatedclosedate": "2027-03-31",
            "nwcs_products": "SOL-71402-QKD",
            "customerid_account@odata.bind": format!("/accounts({account})"),
            "parentcontactid@odata.bind": format!("/contacts({contact})")
        });
        self.make("dataverse/rows/opportunities", &opportunity, "opportunityid").await
    }

    async fn prepare_in_salesforce(&self, name: &str) -> Result<String> {
        let account = json!({
            "Name": "Norrsken Kylteknik AB", "BillingStreet": "Hamngatan 4", "BillingCity": "Umeå",
            "BillingPostalCode": "90326", "BillingCountry": "SE"
        });
        let account = self.make("salesforce/rows/Account", &account, "Id").await?;
        let contact = json!({
            "FirstName": "Ida", "LastName": "Ek", "Email": "ida.ek@norrsken.example",
            "Phone": "+46900000001", "AccountId": account
        });
        let contact = self.make("salesforce/rows/Contact", &contact, "Id").await?;
        let opportunity = json!({
            "Name": name, "StageName": SALESFORCE_STAGES[1], "Amount": 184_000,
            "CloseDate": "2027-03-31",
            "Msp_Products__c": "SOL-71402-QKD", "AccountId": account, "ContactId": contact
        });
        self.make("salesforce/rows/Opportunity", &opportunity, "Id").await
    }

    async fn make(&self, path: &str, row: &Json, id: &str) -> Result<String> {
        let made = self.call(Method::POST, &format!("control/{path}"), row).await?;
        let id = made[id].as_str().map(str::to_owned);
        id.with_context(|| format!("the new row of {path} has no id"))
    }

    /// The seller enters something in an opportunity, all at once.
    pub async fn seller_enters(&self, id: &str, entries: &[Entry]) -> Result<()> {
        let change = entries.iter().map(|entry| field(self.crm, *entry));
        let change: serde_json::Map<String, Json> =
            change.map(|(name, value)| (name.to_owned(), value)).collect();
        self.seller_edits(id, Json::Object(change)).await
    }

    /// The seller changes fields of an opportunity, by the CRM's own names.
    pub async fn seller_edits(&self, id: &str, change: Json) -> Result<()> {
        let path = match self.crm {
            CrmSystem::Dynamics => format!("control/dataverse/rows/opportunities/{id}"),
            CrmSystem::Salesforce => format!("control/salesforce/rows/Opportunity/{id}"),
        };
        self.call(Method::PATCH, &path, &change).await.map(drop)
    }

    /// The seller sets, or clears, the e-mail address of an opportunity's contact.
    pub async fn seller_sets_contact_email(
        &self,
        opportunity: &str,
        email: Option<&str>,
    ) -> Result<()> {
        let (id, contact, column, path) = match self.crm {
            CrmSystem::Dynamics => (
                "opportunityid",
                "_parentcontactid_value",
                "emailaddress1",
                "control/dataverse/rows/contacts",
            ),
            CrmSystem::Salesforce => {
                ("Id", "ContactId", "Email", "control/salesforce/rows/Contact")
            }
        };
        let rows = self.rows().await?;
        let row = rows.iter().find(|row| row[id] == opportunity).context("no such opportunity")?;
        let contact = row[contact].as_str().context("the opportunity has no contact")?;
        let change = json!({ column: email });
        self.call(Method::PATCH, &format!("{path}/{contact}"), &change).await.map(drop)
    }

    /// The seller closes an opportunity as won.
    pub async fn seller_wins(&self, id: &str) -> Result<()> {
        let (method, path, body) = match self.crm {
            CrmSystem::Dynamics => {
                (Method::POST, format!("control/dataverse/opportunities/{id}/win"), json!({}))
            }
            CrmSystem::Salesforce => (
                Method::PATCH,
                format!("control/salesforce/rows/Opportunity/{id}"),
                json!({ "StageName": "Closed Won" }),
            ),
        };
        self.call(method, &path, &body).await.map(drop)
    }

    /// The seller makes an opportunity of a lead.
    pub async fn seller_qualifies_lead(&self, id: &str) -> Result<()> {
        let path = match self.crm {
            CrmSystem::Dynamics => format!("control/dataverse/leads/{id}/qualify"),
            CrmSystem::Salesforce => format!("control/salesforce/leads/{id}/convert"),
        };
        self.call(Method::POST, &path, &json!({})).await.map(drop)
    }

    /// The seller turns a lead down.
    pub async fn seller_disqualifies_lead(&self, id: &str) -> Result<()> {
        let (path, change) = match self.crm {
            CrmSystem::Dynamics => (
                format!("control/dataverse/rows/leads/{id}"),
                json!({ "statecode": 2, "statuscode": 7 }),
            ),
            CrmSystem::Salesforce => (
                format!("control/salesforce/rows/Lead/{id}"),
                json!({ "Status": "Closed - Not Converted" }),
            ),
        };
        self.call(Method::PATCH, &path, &change).await.map(drop)
    }

    /// The seller closes an opportunity as lost.
    pub async fn seller_loses(&self, id: &str) -> Result<()> {
        let (method, path, body) = match self.crm {
            CrmSystem::Dynamics => {
                (Method::POST, format!("control/dataverse/opportunities/{id}/lose"), json!({}))
            }
            CrmSystem::Salesforce => (
                Method::PATCH,
                format!("control/salesforce/rows/Opportunity/{id}"),
                json!({ "StageName": "Closed Lost" }),
            ),
        };
        self.call(method, &path, &body).await.map(drop)
    }

    /// All opportunities.
    pub async fn deals(&self) -> Result<Vec<Deal>> {
        let read = match self.crm {
            CrmSystem::Dynamics => Deal::of_dynamics,
            CrmSystem::Salesforce => Deal::of_salesforce,
        };
        Ok(self.rows().await?.iter().map(read).collect())
    }

    /// All opportunities, as the CRM stores them.
    pub async fn rows(&self) -> Result<Vec<Json>> {
        let path = match self.crm {
            CrmSystem::Dynamics => "control/dataverse/rows/opportunities",
            CrmSystem::Salesforce => "control/salesforce/rows/Opportunity",
        };
        let rows = self.call(Method::GET, path, &Json::Null).await?;
        let list = rows
            .as_array()
            .or_else(|| rows["value"].as_array())
            .or_else(|| rows["records"].as_array());
        list.cloned().context("the CRM did not list opportunities")
    }

    /// Waits until some opportunity is as `wanted`; returns it.
    pub async fn see_deal(&self, what: &str, wanted: impl Fn(&Deal) -> bool) -> Result<Deal> {
        self.wait_for(what, "the CRM", async || Ok(self.deals().await?.into_iter().find(&wanted)))
            .await
    }

    /// As [`Self::see_deal`], as the CRM stores it.
    pub async fn see_row(&self, what: &str, wanted: impl Fn(&Json) -> bool) -> Result<Json> {
        self.wait_for(what, "the CRM", async || Ok(self.rows().await?.into_iter().find(&wanted)))
            .await
    }
}
