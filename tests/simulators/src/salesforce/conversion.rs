//! A person converts a lead in the user interface (contract salesforce 2.2, "Conversion").

use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::cell::Cell;
use super::organisation::Organisation;
use super::records::Record;
use super::refusal::{Outcome, Refusal};

const ADDRESS: [&str; 5] = ["Street", "City", "State", "PostalCode", "Country"];

/// What the person chooses.
#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Conversion {
    /// Whether an opportunity is made, too.
    opportunity: bool,
    /// The account to use; a new one without.
    account: Option<String>,
    /// The opportunity to use, which stays as it is; a new one without.
    into: Option<String>,
    /// Custom fields of the lead that the administrator mapped to those of the opportunity with the
    /// same name.
    mapped: Vec<String>,
}

impl Default for Conversion {
    fn default() -> Self {
        Self { opportunity: true, account: None, into: None, mapped: Vec::new() }
    }
}

impl Organisation {
    /// All or nothing.
    pub(crate) fn convert(&mut self, id: &str, wanted: &Conversion) -> Outcome<()> {
        let lead = self.existing(&*self.object("Lead")?, id)?;
        if lead.get("IsConverted").as_bool() == Some(true) {
            return Err(Refusal::bad(
                "CANNOT_UPDATE_CONVERTED_LEAD",
                "cannot reference converted lead",
            ));
        }
        let before = self.records.clone();
        let converted = self.make_from(&lead, wanted);
        if converted.is_err() {
            self.records = before;
        }
        converted
    }

    fn make_from(&mut self, lead: &Record, wanted: &Conversion) -> Outcome<()> {
        let account = match &wanted.account {
            Some(account) => self.existing(&*self.object("Account")?, account)?.id,
            None => self.make("Account", &account(lead))?,
        };
        let contact = self.make("Contact", &contact(lead, &account))?;
        let opportunity = match &wanted.into {
            Some(chosen) => Some(self.existing(&*self.object("Opportunity")?, chosen)?.id),
            None if wanted.opportunity => {
                let body = self.opportunity(lead, &account, &contact, &wanted.mapped);
                Some(self.make("Opportunity", &body)?)
            }
            None => None,
        };
        let mut cells = lead.cells.clone();
        cells.extend([
            ("Status".into(), Cell::Text(self.converted_status().to_owned())),
            ("IsConverted".into(), Cell::Bool(true)),
            ("ConvertedDate".into(), Cell::Date(self.today())),
            ("ConvertedAccountId".into(), Cell::Text(account)),
            ("ConvertedContactId".into(), Cell::Text(contact)),
            ("ConvertedOpportunityId".into(), opportunity.map_or(Cell::Null, Cell::Text)),
        ]);
        let object = self.object("Lead")?;
        self.store(&object, &lead.id, cells, Some(lead.cells.clone()), &self.as_seller());
        Ok(())
    }

    fn make(&mut self, object: &str, body: &Map<String, Value>) -> Outcome<String> {
        let object = self.object(object)?;
        self.create(&object, &self.as_seller(), body)
    }

    fn opportunity(
        &self,
        lead: &Record,
        account: &str,
        contact: &str,
        mapped: &[String],
    ) -> Map<String, Value> {
        let stage = self.stages.iter().find(|stage| stage.active && !stage.closed);
        let mut body = fields(
            lead,
            &[("Company", "Name"), ("LeadSource", "LeadSource"), ("OwnerId", "OwnerId")],
        );
        body.insert(
            "StageName".into(),
            stage.map_or("Prospecting", |stage| stage.name.as_str()).into(),
        );
        body.insert("CloseDate".into(), end_of_quarter(self.today()).to_string().into());
        body.insert("AccountId".into(), account.into());
        body.insert("ContactId".into(), contact.into());
        body.extend(mapped.iter().map(|name| (name.clone(), lead.get(name).to_json())));
        body
    }

    fn today(&self) -> Date {
        self.now().to_zoned(TimeZone::UTC).date()
    }
}

fn account(lead: &Record) -> Map<String, Value> {
    let mut body = fields(lead, &[("Company", "Name"), ("Phone", "Phone"), ("OwnerId", "OwnerId")]);
    body.extend(address(lead, "Billing"));
    body
}

fn contact(lead: &Record, account: &str) -> Map<String, Value> {
    let same = ["FirstName", "LastName", "Email", "Phone", "Description", "LeadSource", "OwnerId"];
    let mut body = fields(lead, &same.map(|name| (name, name)));
    body.extend(address(lead, "Mailing"));
    body.insert("AccountId".into(), account.into());
    body
}

fn address(lead: &Record, prefix: &str) -> Map<String, Value> {
    let given = ADDRESS.iter().filter(|part| !lead.get(part).is_null());
    given.map(|part| (format!("{prefix}{part}"), lead.get(part).to_json())).collect()
}

/// Fields of the lead under the names they have on the new record; the empty ones are left out.
fn fields(lead: &Record, names: &[(&str, &str)]) -> Map<String, Value> {
    let given = names.iter().filter(|(from, _)| !lead.get(from).is_null());
    given.map(|(from, to)| ((*to).to_owned(), lead.get(from).to_json())).collect()
}

/// The fiscal year is the calendar year.
fn end_of_quarter(day: Date) -> Date {
    let month = (day.month() + 2) / 3 * 3;
    Date::new(day.year(), month, 1).map_or(day, Date::last_of_month)
}
