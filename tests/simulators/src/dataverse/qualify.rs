//! QualifyLead: a lead becomes an account, a contact and an opportunity (contract dynamics365 2.8).

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::cell::Cell;
use super::organisation::Organisation;
use super::refusal::{Outcome, Refusal};
use super::rows::{Cells, Row, cell};
use super::states::{self, OPEN};

const QUALIFIED: i64 = 1;

/// Lead columns and where they go.
const TO_ACCOUNT: &[(&str, &str)] = &[
    ("companyname", "name"),
    ("telephone1", "telephone1"),
    ("websiteurl", "websiteurl"),
    ("address1_line1", "address1_line1"),
    ("address1_city", "address1_city"),
    ("address1_postalcode", "address1_postalcode"),
    ("address1_country", "address1_country"),
    ("transactioncurrencyid", "transactioncurrencyid"),
];
const TO_CONTACT: &[(&str, &str)] = &[
    ("firstname", "firstname"),
    ("lastname", "lastname"),
    ("jobtitle", "jobtitle"),
    ("emailaddress1", "emailaddress1"),
    ("telephone1", "telephone1"),
    ("mobilephone", "mobilephone"),
];
const TO_OPPORTUNITY: &[(&str, &str)] = &[
    ("subject", "name"),
    ("description", "description"),
    ("estimatedamount", "estimatedvalue"),
    ("estimatedclosedate", "estimatedclosedate"),
    ("budgetamount", "budgetamount"),
    ("transactioncurrencyid", "transactioncurrencyid"),
];

const PARAMETERS: [&str; 8] = [
    "CreateAccount",
    "CreateContact",
    "CreateOpportunity",
    "Status",
    "OpportunityCurrencyId",
    "OpportunityCustomerId",
    "SourceCampaignId",
    "ProcessInstanceId",
];

struct Parameters {
    creates_account: bool,
    creates_contact: bool,
    creates_opportunity: bool,
    status: Option<i64>,
    customer: Cell,
    currency: Cell,
}

impl Organisation {
    /// Qualifies an open lead; the answer lists the rows made.
    pub(crate) fn qualify(
        &mut self,
        actor: Uuid,
        lead: Uuid,
        body: &Map<String, Value>,
    ) -> Outcome<Value> {
        let parameters = self.parameters(body)?;
        let leads = self.set("leads")?;
        let row = self.row("lead", lead)?.clone();
        if row.get("statecode").as_int() != Some(OPEN) {
            return Err(Refusal::bad("0x80048408", "The lead is already closed."));
        }
        let mut changes = Cells::new();
        if let Some(status) = parameters.status {
            changes.insert("statuscode".into(), Cell::Int(status));
        }
        states::settle(&leads, QUALIFIED, &mut changes)?;

        let (mut account, mut contact) =
            (row.get("parentaccountid").clone(), row.get("parentcontactid").clone());
        let mut made = Vec::new();
        if parameters.creates_account {
            account = self.make(actor, "account", copied(&row, TO_ACCOUNT), &mut made)?;
            changes.insert("parentaccountid".into(), account.clone());
        }
        if parameters.creates_contact {
            let mut cells = copied(&row, TO_CONTACT);
            cells.insert("parentcustomerid".into(), account.clone());
            contact = self.make(actor, "contact", cells, &mut made)?;
            changes.insert("parentcontactid".into(), contact.clone());
        }
        if parameters.creates_opportunity {
            let mut cells = copied(&row, TO_OPPORTUNITY);
            let bearers = [parameters.customer, account.clone(), contact.clone()];
            let bearer = bearers.into_iter().find(|bearer| !bearer.is_null());
            cells.insert("customerid".into(), bearer.unwrap_or(Cell::Null));
            cells.insert("parentaccountid".into(), account);
            cells.insert("parentcontactid".into(), contact);
            cells.insert("originatingleadid".into(), Cell::lookup("lead", lead));
            if !parameters.currency.is_null() {
                cells.insert("transactioncurrencyid".into(), parameters.currency);
            }
            let opportunity = self.make(actor, "opportunity", cells, &mut made)?;
            changes.insert("qualifyingopportunityid".into(), opportunity);
        }
        self.amend(&leads, actor, lead, changes)?;
        Ok(json!({
            "@odata.context": format!("{}$metadata#Collection(Microsoft.Dynamics.CRM.crmbaseentity)", self.api_root()),
            "value": made
        }))
    }

    fn parameters(&self, body: &Map<String, Value>) -> Outcome<Parameters> {
        let known = |name: &&String| name.starts_with('@') || PARAMETERS.contains(&name.as_str());
        if let Some(name) = body.keys().find(|name| !known(name)) {
            return Err(Refusal::bad(
                "0x80048d19",
                format!(
                    "The parameter '{name}' in the request payload is not a valid parameter for \
                     the operation 'QualifyLead'."
                ),
            ));
        }
        let flag =
            |name: &str| body.get(name).and_then(Value::as_bool).ok_or_else(|| missing(name));
        let status = body.get("Status").and_then(Value::as_i64).ok_or_else(|| missing("Status"))?;
        let mut customer = self.named_row(body, "OpportunityCustomerId", "account")?;
        if customer.is_null() {
            customer = self.named_row(body, "OpportunityCustomerId", "contact")?;
        }
        Ok(Parameters {
            creates_account: flag("CreateAccount")?,
            creates_contact: flag("CreateContact")?,
            creates_opportunity: flag("CreateOpportunity")?,
            status: Some(status).filter(|status| *status > 0),
            customer,
            currency: self.named_row(body, "OpportunityCurrencyId", "transactioncurrency")?,
        })
    }

    /// The row of an entity parameter such as `{"accountid": "…"}`, which must exist.
    fn named_row(&self, body: &Map<String, Value>, parameter: &str, table: &str) -> Outcome<Cell> {
        let id = body.get(parameter).and_then(|entity| entity.get(format!("{table}id")));
        let Some(text) = id.and_then(Value::as_str) else {
            return Ok(Cell::Null);
        };
        let invalid = |_| {
            Refusal::bad(
                "0x80040203",
                format!("Invalid argument of QualifyLead: {parameter} has no GUID."),
            )
        };
        let id = Uuid::parse_str(text).map_err(invalid)?;
        self.row(table, id).map(|_| Cell::lookup(table, id))
    }

    fn make(
        &mut self,
        actor: Uuid,
        name: &str,
        mut cells: Cells,
        made: &mut Vec<Value>,
    ) -> Outcome<Cell> {
        let table = self.schema.by_name(name).ok_or_else(|| Refusal::no_segment(name))?;
        states::settle_new(&table, &mut cells)?;
        let id = self.insert(&table, actor, cells)?;
        made.push(json!({
            "@odata.type": format!("#Microsoft.Dynamics.CRM.{name}"),
            table.id_column.clone(): id.to_string()
        }));
        Ok(Cell::lookup(name, id))
    }
}

fn copied(row: &Row, columns: &[(&str, &str)]) -> Cells {
    let cells = columns.iter().map(|(from, to)| ((*to).to_owned(), cell(&row.cells, from).clone()));
    cells.collect()
}

fn missing(name: &str) -> Refusal {
    Refusal::bad("0x80040203", format!("Invalid argument of QualifyLead: {name} is missing."))
}
