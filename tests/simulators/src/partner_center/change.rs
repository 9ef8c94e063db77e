//! Changing a referral: the rules that PATCH and PUT share, with the concurrency check (contract
//! partner-center 3.4, 3.5).

use axum::http::StatusCode;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::json_patch::{self, Operation};
use super::options::Options;
use super::refusal::Refusal;
use super::store::{Cause, Owner, Store, Stored, text};
use super::switches::Switches;
use super::{deal_registration, rules, shape};

/// A write on one referral, as received.
pub(crate) struct Write<'a> {
    pub(crate) id: &'a str,
    pub(crate) if_match: Option<&'a str>,
    pub(crate) switches: &'a Switches,
    pub(crate) options: &'a Options,
    pub(crate) now: Timestamp,
}

impl Write<'_> {
    /// Carries out a PATCH and answers the stored result.
    pub(crate) fn patch(
        &self,
        store: &mut Store,
        operations: &[Operation],
    ) -> Result<Value, Refusal> {
        let before = self.current(store)?;
        let registration = |operation: &Operation| {
            operation.path.to_ascii_lowercase().starts_with("/registrations")
        };
        if !operations.iter().all(registration) {
            self.open(&before)?;
        }
        let mut document = before.document.clone();
        for operation in operations {
            json_patch::apply(&mut document, operation)?;
        }
        self.finish(store, &before, document)
    }

    /// Carries out a PUT and answers the stored result.
    pub(crate) fn replace(&self, store: &mut Store, body: Value) -> Result<Value, Refusal> {
        if self.if_match.is_none() {
            return Err(Refusal::invalid("If-Match", "PUT needs the header If-Match."));
        }
        let before = self.current(store)?;
        self.open(&before)?;
        let mut document = before.document.clone();
        let body = shape::camel_case(body);
        let Some(members) = body.as_object() else {
            return Err(Refusal::invalid("referral", "The body must be one JSON object."));
        };
        for (name, value) in members
            .iter()
            .filter(|(name, _)| !matches!(name.as_str(), "links" | "eTag" | "updatedDateTime"))
        {
            if document.get(name).is_some() {
                document[name.as_str()] = value.clone();
            }
        }
        self.finish(store, &before, document)
    }

    fn current(&self, store: &Store) -> Result<Stored, Refusal> {
        let stored = store.visible(self.id, self.switches)?.clone();
        let etag = text(&stored.document, "/eTag");
        if self.if_match.is_some_and(|wanted| wanted != "*" && wanted != etag) {
            return Err(Refusal::whole(
                StatusCode::PRECONDITION_FAILED,
                "The ETag does not match.",
            ));
        }
        if stored.owner == Owner::Microsoft {
            return Err(Refusal::whole(
                StatusCode::FORBIDDEN,
                "This referral is Microsoft's: only Microsoft changes it.",
            ));
        }
        Ok(stored)
    }

    fn open(&self, before: &Stored) -> Result<(), Refusal> {
        if before.document["status"] == "Closed" {
            Err(rules::terminal(self.switches.terminal_status))
        } else {
            Ok(())
        }
    }

    fn finish(
        &self,
        store: &mut Store,
        before: &Stored,
        mut document: Value,
    ) -> Result<Value, Refusal> {
        shape::check(&mut document)?;
        let asked_for_help =
            store.referral_of(text(&before.document, "/engagementId"), Owner::Microsoft).is_some();
        rules::locks(&before.document, &mut document, asked_for_help, self.switches.locked_fields)?;
        if document["registrations"] != before.document["registrations"] {
            deal_registration::check(before, &mut document, store, self)?;
        }
        rules::transition(&before.document, &document)?;
        rules::settle(&before.document, &mut document, self.now);
        document["lastModifiedVia"] = json!(self.options.client_id);
        Ok(store.put(Stored { document, owner: before.owner }, self.now, Cause::OwnWrite))
    }
}
