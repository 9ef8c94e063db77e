use std::sync::Mutex;

use serde_json::json;

use super::*;
use crate::fixtures::DIALECT;

fn fields(pairs: &[(&str, &str)]) -> Fields {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect()
}

/// A CRM that has the account `Fabrikam`, and within it the contact of `ann@fabrikam.example`.
#[derive(Default)]
struct Book(Mutex<Vec<String>>);

#[async_trait]
impl Customers for Book {
    type Id = String;
    type Error = std::convert::Infallible;

    async fn find(
        &self,
        what: Customer,
        terms: &Terms<'_>,
        account: Option<&String>,
    ) -> Result<Option<String>, Self::Error> {
        self.0.lock().unwrap().push(format!("find {what:?} {} in {account:?}", terms[0].1));
        Ok(match (what, terms[0].1) {
            (Customer::Account, "Fabrikam") => Some("a1".to_owned()),
            (Customer::Contact, "ann@fabrikam.example") => Some("c1".to_owned()),
            _ => None,
        })
    }

    async fn make(
        &self,
        what: Customer,
        _: &Fields,
        account: Option<&String>,
    ) -> Result<String, Self::Error> {
        self.0.lock().unwrap().push(format!("make {what:?} in {account:?}"));
        Ok("new".to_owned())
    }
}

async fn chosen(
    account: &[(&str, &str)],
    contact: &[(&str, &str)],
    named: Named<String>,
) -> (Chosen<String>, Vec<String>) {
    let book = Book::default();
    let write = Write { account: fields(account), contact: fields(contact), ..Write::default() };
    let Ok(chosen) = found_or_made(&book, &DIALECT, &write, named).await;
    (chosen, book.0.into_inner().unwrap())
}

#[test]
fn a_contact_is_known_by_mail_or_else_by_name_within_the_account() {
    let contact = DIALECT.contact;
    let full = fields(&[("first", "Ann"), ("last", "O'Neill"), ("mail", "ann@fabrikam.example")]);
    for within in [true, false] {
        assert_eq!(contact.terms(&full, within).unwrap(), [("mail", "ann@fabrikam.example")]);
    }
    let named = fields(&[("first", "Ann"), ("last", "O'Neill"), ("mail", " ")]);
    assert_eq!(contact.terms(&named, true).unwrap(), [("first", "Ann"), ("last", "O'Neill")]);
    assert_eq!(contact.terms(&named, false), None);
    assert_eq!(contact.terms(&fields(&[("first", "Ann")]), true), None);
}

#[test]
fn an_account_is_known_by_its_name_and_its_postal_code_where_there_is_one() {
    let terms = |pairs: &[(&'static str, &'static str)]| {
        let account = fields(pairs);
        let terms = DIALECT.account.terms(&account)?;
        Some(terms.into_iter().map(|(column, text)| format!("{column}={text}")).collect::<Vec<_>>())
    };
    assert_eq!(terms(&[("name", "Fabrikam")]).unwrap(), ["name=Fabrikam"]);
    assert_eq!(
        terms(&[("name", "Fabrikam"), ("code", "903 26")]).unwrap(),
        ["name=Fabrikam", "code=903 26"]
    );
    assert_eq!(terms(&[("name", " "), ("code", "903 26")]), None);
}

#[tokio::test]
async fn who_exists_is_found_and_the_contact_is_looked_for_within_the_account() {
    let (chosen, calls) =
        chosen(&[("name", "Fabrikam")], &[("mail", "ann@fabrikam.example")], Named::default())
            .await;
    assert_eq!((chosen.account.as_deref(), chosen.contact.as_deref()), (Some("a1"), Some("c1")));
    assert_eq!(
        calls,
        ["find Account Fabrikam in None", "find Contact ann@fabrikam.example in Some(\"a1\")"]
    );
}

#[tokio::test]
async fn who_does_not_exist_is_made_and_the_contact_belongs_to_the_account() {
    let (_, calls) = chosen(&[("name", "Contoso")], &[("last", "Ek")], Named::default()).await;
    assert_eq!(
        calls,
        [
            "find Account Contoso in None",
            "make Account in None",
            "find Contact Ek in Some(\"new\")",
            "make Contact in Some(\"new\")"
        ]
    );
}

#[tokio::test]
async fn whom_a_record_names_already_stays_and_whom_nothing_tells_apart_is_left_out() {
    let named = Named { has_customer: true, account: Some("a9".to_owned()), has_contact: false };
    let (chosen_of_named, calls) = chosen(&[("name", "Fabrikam")], &[("last", "Ek")], named).await;
    assert_eq!(calls, ["find Contact Ek in Some(\"a9\")", "make Contact in Some(\"a9\")"]);
    assert_eq!(chosen_of_named.account, None, "it has one");
    let (nobody, calls) = chosen(&[("name", " ")], &[("last", "Ek")], Named::default()).await;
    assert_eq!((nobody, calls), (Chosen { account: None, contact: None }, Vec::new()));
}
