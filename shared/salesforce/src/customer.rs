//! The customer's account and contact: found if possible, made with the opportunity otherwise.

use cosell_crm::customer::Terms;
use cosell_crm::{Fields, Write};
use serde_json::{Value as Json, json};

use crate::composite::{Answers, Part};
use crate::dialect::DIALECT;
use crate::error::SalesforceError;
use crate::rest_api::{Answer, Call, query};
use crate::soql;

pub(crate) const ACCOUNT: &str = "account";
pub(crate) const CONTACT: &str = "contact";
const DUPLICATE_RULE: &str = "Sforce-Duplicate-Rule-Header";

/// Who one of them is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Customer {
    /// Nobody: what is known does not tell it from others.
    Nobody,
    /// A record that exists, by id.
    Found(String),
    /// To be made from these fields.
    New {
        fields: Fields,
        /// Whether to save despite a duplicate rule that only warns.
        despite_duplicates: bool,
    },
}

/// Both of a deal.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Customers {
    pub(crate) account: Customer,
    pub(crate) contact: Customer,
}

/// The queries that look for both.
pub(crate) fn searches(write: &Write, doing: &str) -> Vec<Part> {
    let accounts = DIALECT.account.terms(&write.account).map(|terms| {
        let condition = condition(&terms);
        (
            ACCOUNT,
            format!("SELECT Id FROM Account WHERE {condition} ORDER BY CreatedDate, Id LIMIT 1"),
        )
    });
    let contacts = DIALECT.contact.terms(&write.contact, accounts.is_some()).map(|terms| {
        let (condition, is_by_name) = (condition(&terms), terms[0].0 != DIALECT.contact.mail);
        let within = if is_by_name { " AND AccountId != null" } else { "" };
        (
            CONTACT,
            format!(
                "SELECT Id, AccountId FROM Contact WHERE {condition}{within} ORDER BY CreatedDate, \
                 Id LIMIT 200"
            ),
        )
    });
    let part = |(reference, soql): (&'static str, String)| {
        Part::new(reference, Call::get(query(&soql), doing))
    };
    [accounts, contacts].into_iter().flatten().map(part).collect()
}

fn condition(terms: &Terms<'_>) -> String {
    let equal = terms.iter().map(|(field, value)| format!("{field} = {}", soql::text(value)));
    equal.collect::<Vec<_>>().join(" AND ")
}

impl Customers {
    /// What the searches found. A contact belongs to the deal's account; without an account, to
    /// any.
    pub(crate) fn read(write: &Write, answers: &mut Answers) -> Result<Self, SalesforceError> {
        let account = match answers.take(ACCOUNT).map(Answer::accepted).transpose()? {
            None => Customer::Nobody,
            Some(found) => match found.rows()?.first() {
                Some(row) => Customer::Found(id(&found, row)?),
                None => Customer::new(&write.account),
            },
        };
        let contact = match answers.take(CONTACT).map(Answer::accepted).transpose()? {
            None => Customer::Nobody,
            Some(found) => {
                let belongs = |row: &&Json| match &account {
                    Customer::Nobody => true,
                    Customer::Found(id) => row["AccountId"] == json!(id),
                    Customer::New { .. } => false,
                };
                match found.rows()?.iter().find(belongs) {
                    Some(row) => Customer::Found(id(&found, row)?),
                    // Salesforce has no contact without a last name.
                    None if !has_last_name(&write.contact) => Customer::Nobody,
                    None => Customer::new(&write.contact),
                }
            }
        };
        let customers = Self { account, contact };
        customers.log_omissions(write);
        Ok(customers)
    }

    /// What is left out is logged by field names: a deal is worth more than its customer's card.
    fn log_omissions(&self, write: &Write) {
        if self.account == Customer::Nobody && !write.account.is_empty() {
            tracing::info!("left out the customer's account: `Account/Name` is empty");
        }
        if self.contact == Customer::Nobody && !write.contact.is_empty() {
            tracing::info!(
                "left out the customer's contact: `Contact/LastName` is empty, or nothing tells it \
                 from others"
            );
        }
    }

    /// The parts that make what is new, before the opportunity.
    pub(crate) fn parts(&self, doing: &str) -> Vec<Part> {
        let mut contact = self.contact.part(CONTACT, "sobjects/Contact", doing);
        if let Some(contact) = &mut contact {
            self.account.link(contact, "AccountId", ACCOUNT);
        }
        [self.account.part(ACCOUNT, "sobjects/Account", doing), contact]
            .into_iter()
            .flatten()
            .collect()
    }

    /// Names both in the opportunity.
    pub(crate) fn link(&self, deal: &mut Part) {
        self.account.link(deal, "AccountId", ACCOUNT);
        self.contact.link(deal, "ContactId", CONTACT);
    }

    /// What an earlier try made stays, where its parts were sent one by one.
    pub(crate) fn keep(&mut self, answers: &Answers) {
        if answers.one_by_one {
            self.account.keep(answers.get(ACCOUNT));
            self.contact.keep(answers.get(CONTACT));
        }
    }

    /// Takes a duplicate rule's hint: where it only warns, what is new is saved all the same, since
    /// our own search kept it apart from others; where it blocks, the one record it found is used.
    /// `false` where neither is possible.
    pub(crate) fn heed_duplicates(&mut self, reference: &str, refused: &Json) -> bool {
        match reference {
            ACCOUNT => self.account.heed_duplicates("001", refused),
            CONTACT => self.contact.heed_duplicates("003", refused),
            _ => false,
        }
    }
}

impl Customer {
    fn new(fields: &Fields) -> Self {
        Self::New { fields: fields.clone(), despite_duplicates: false }
    }

    fn part(&self, reference: &'static str, path: &str, doing: &str) -> Option<Part> {
        let Self::New { fields, despite_duplicates } = self else {
            return None;
        };
        let body = fields.clone().into_iter().collect();
        let call = Call::new(reqwest::Method::POST, path, doing).body(body).once(true);
        Some(Part::new(
            reference,
            if *despite_duplicates { save_despite_duplicates(call) } else { call },
        ))
    }

    fn link(&self, part: &mut Part, field: &'static str, reference: &'static str) {
        match (self, &mut part.call.body) {
            (Self::Found(id), Some(body)) => body[field] = json!(id),
            (Self::New { .. }, _) => part.links.push((field, reference)),
            _ => {}
        }
    }

    fn keep(&mut self, answer: Option<&Answer>) {
        let made = answer.filter(|answer| answer.status.is_success());
        if let (Self::New { .. }, Some(id)) =
            (&*self, made.and_then(|answer| answer.body["id"].as_str()))
        {
            *self = Self::Found(id.to_owned());
        }
    }

    /// `prefix` is that of the object's ids: a rule on contacts may find a lead.
    fn heed_duplicates(&mut self, prefix: &str, refused: &Json) -> bool {
        let Self::New { despite_duplicates, .. } = self else {
            return false;
        };
        let hint = DuplicateHint::read(refused);
        match hint.only_match.filter(|id| id.starts_with(prefix)) {
            _ if hint.allows_saving => {
                if *despite_duplicates {
                    return false;
                }
                *despite_duplicates = true;
            }
            Some(id) => {
                tracing::info!(
                    salesforce.id = %id,
                    "a duplicate rule blocks a new record: the one it found is used"
                );
                *self = Self::Found(id);
            }
            None => return false,
        }
        true
    }
}

/// Saves despite a duplicate rule that only warns (contract salesforce 3.11).
pub(crate) fn save_despite_duplicates(call: Call) -> Call {
    call.header(DUPLICATE_RULE, "allowSave=true")
}

/// What a duplicate rule says (contract salesforce 4.4).
pub(crate) struct DuplicateHint {
    pub(crate) allows_saving: bool,
    only_match: Option<String>,
}

impl DuplicateHint {
    pub(crate) fn read(refused: &Json) -> Self {
        let problem = refused.as_array().and_then(|problems| problems.first()).unwrap_or(refused);
        // The service itself misspells it.
        let result = problem
            .get("duplicateResut")
            .or_else(|| problem.get("duplicateResult"))
            .unwrap_or(&Json::Null);
        let matches = result["matchResults"].as_array().into_iter().flatten();
        let records =
            matches.flat_map(|found| found["matchRecords"].as_array().into_iter().flatten());
        let mut ids: Vec<&str> =
            records.filter_map(|found| found["record"]["Id"].as_str()).collect();
        ids.sort_unstable();
        ids.dedup();
        Self {
            allows_saving: result["allowSave"].as_bool().unwrap_or_default(),
            only_match: if let [id] = ids.as_slice() { Some((*id).to_owned()) } else { None },
        }
    }
}

fn id(answer: &Answer, row: &Json) -> Result<String, SalesforceError> {
    row["Id"].as_str().map(str::to_owned).ok_or_else(|| answer.lacks("the record's id"))
}

fn has_last_name(contact: &Fields) -> bool {
    let name = contact.get(DIALECT.contact.last_name).and_then(Json::as_str);
    name.is_some_and(|name| !name.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(account: &[(&str, &str)], contact: &[(&str, &str)]) -> Vec<String> {
        let fields = |pairs: &[(&str, &str)]| {
            pairs.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect()
        };
        let write =
            Write { account: fields(account), contact: fields(contact), ..Write::default() };
        let decoded = |part: Part| {
            let url = url::Url::parse(&format!("https://x.example/{}", part.call.path)).unwrap();
            let query = url.query_pairs().next().unwrap().1.into_owned();
            query.split(" WHERE ").nth(1).unwrap().split(" ORDER BY").next().unwrap().to_owned()
        };
        searches(&write, "").into_iter().map(decoded).collect()
    }

    #[test]
    fn a_contact_is_known_by_mail_or_else_by_name_within_an_account() {
        let account = [("Name", "Fabrikam"), ("BillingPostalCode", "903 26")];
        let by_account = "Name = 'Fabrikam' AND BillingPostalCode = '903 26'";
        let full =
            [("FirstName", "Ann"), ("LastName", "O'Neill"), ("Email", "ann@fabrikam.example")];
        assert_eq!(asked(&account, &full), [by_account, "Email = 'ann@fabrikam.example'"]);
        let named = [("FirstName", "Ann"), ("LastName", "O'Neill"), ("Email", " ")];
        let by_name = r"FirstName = 'Ann' AND LastName = 'O\'Neill' AND AccountId != null";
        assert_eq!(asked(&account, &named), [by_account, by_name]);
    }

    #[test]
    fn who_cannot_be_identified_is_not_looked_for() {
        assert!(asked(&[("Name", " ")], &[("LastName", "Ek")]).is_empty());
        assert_eq!(asked(&[("Name", "Fabrikam")], &[("Phone", "1")]).len(), 1);
    }

    fn refused(key: &str, allow: bool, ids: &[&str]) -> Json {
        let records: Vec<Json> = ids.iter().map(|id| json!({"record": {"Id": id}})).collect();
        json!([
            {
                "errorCode": "DUPLICATES_DETECTED",
                key: {"allowSave": allow, "matchResults": [{"matchRecords": records}]}
            }
        ])
    }

    #[test]
    fn a_rule_that_blocks_is_heeded_in_both_spellings() {
        for key in ["duplicateResut", "duplicateResult"] {
            let mut customer = Customer::new(&Fields::new());
            assert!(customer.heed_duplicates("001", &refused(key, false, &["001A"])));
            assert_eq!(customer, Customer::Found("001A".to_owned()), "{key}");
        }
        // Several, none, and a lead.
        for found in [&["001A", "001B"][..], &[], &["00QA"]] {
            let mut customer = Customer::new(&Fields::new());
            assert!(
                !customer.heed_duplicates("001", &refused("duplicateResut", false, found)),
                "{found:?}"
            );
        }
    }

    #[test]
    fn a_rule_that_only_warns_is_passed_once() {
        let mut customer = Customer::new(&Fields::new());
        let warned = refused("duplicateResut", true, &["001A"]);
        assert!(customer.heed_duplicates("001", &warned));
        assert!(matches!(customer, Customer::New { despite_duplicates: true, .. }));
        assert!(!customer.heed_duplicates("001", &warned), "but not tried again and again");
    }
}
