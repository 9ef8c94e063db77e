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

impl Organisation {
    /// Qualifies an open lead; the answer lists the rows made.
    pub(crate) fn qualify(&mut self, actor: Uuid, lead: Uuid, body: &Map<String, Value>) -> Outcome<Value> {
        let flag = |name: &str| {
            let value = body.get(name).and_then(Value::as_bool);
            value.ok_or_else(|| Refusal::bad("0x80040203", format!("Invalid argument of QualifyLead: {name} is missing.")))
        };
        let wants = (flag("CreateAccount")?, flag("CreateContact")?, flag("CreateOpportunity")?);
        let status = body.get("Status").and_then(Value::as_i64).filter(|status| *status > 0);
        let leads = self.set("leads")?;
        let row = self.row("lead", lead)?.clone();
        if row.get("statecode").as_int() != Some(OPEN) {
            return Err(Refusal::bad("0x80048408", "The lead is already closed."));
        }
        let mut changes = Cells::new();
        if let Some(status) = status {
            changes.insert("statuscode".into(), Cell::Int(status));
        }
        states::settle(&leads, QUALIFIED, &mut changes)?;

        let named = named_row(body, "OpportunityCustomerId", "accountid");
        let mut customer = named.map_or_else(|| row.get("parentaccountid").clone(), |id| Cell::lookup("account", id));
        let (mut contact, mut made) = (row.get("parentcontactid").clone(), Vec::new());
        if wants.0 {
            customer = self.make(actor, "account", copied(&row, TO_ACCOUNT), &mut made)?;
        }
        if wants.1 {
            let mut cells = copied(&row, TO_CONTACT);
            cells.insert("parentcustomerid".into(), customer.clone());
            contact = self.make(actor, "contact", cells, &mut made)?;
        }
        if wants.2 {
            let mut cells = copied(&row, TO_OPPORTUNITY);
            let bearer = if customer.is_null() { contact.clone() } else { customer.clone() };
            cells.insert("customerid".into(), bearer);
            cells.insert("parentaccountid".into(), customer);
            cells.insert("parentcontactid".into(), contact);
            cells.insert("originatingleadid".into(), Cell::lookup("lead", lead));
            if let Some(id) = named_row(body, "OpportunityCurrencyId", "transactioncurrencyid") {
                cells.insert("transactioncurrencyid".into(), Cell::lookup("transactioncurrency", id));
            }
            let opportunity = self.make(actor, "opportunity", cells, &mut made)?;
            changes.insert("qualifyingopportunityid".into(), opportunity);
        }
        self.amend(&leads, actor, lead, changes)?;
        Ok(
            json!({"@odata.context": format!("{}$metadata#Collection(Microsoft.Dynamics.CRM.crmbaseentity)", self.api_root()), "value": made}),
        )
    }

    fn make(&mut self, actor: Uuid, name: &str, mut cells: Cells, made: &mut Vec<Value>) -> Outcome<Cell> {
        let table = self.schema.by_name(name).ok_or_else(|| Refusal::no_segment(name))?;
        states::settle_new(&table, &mut cells)?;
        let id = self.insert(&table, actor, cells)?;
        made.push(json!({"@odata.type": format!("#Microsoft.Dynamics.CRM.{name}"), table.id_column.clone(): id.to_string()}));
        Ok(Cell::lookup(name, id))
    }
}

fn copied(row: &Row, columns: &[(&str, &str)]) -> Cells {
    let cells = columns.iter().map(|(from, to)| ((*to).to_owned(), cell(&row.cells, from).clone()));
    cells.collect()
}

/// The id in an entity parameter such as `{"accountid": "…"}`.
fn named_row(body: &Map<String, Value>, parameter: &str, id: &str) -> Option<Uuid> {
    Uuid::parse_str(body.get(parameter)?.get(id)?.as_str()?).ok()
}
