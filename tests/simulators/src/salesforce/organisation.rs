//! One organisation: its objects, records, users, stages, sessions and switches.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::Options;
use super::cell::Cell;
use super::cursors::Cursors;
use super::deploy::Deployments;
use super::ids::{Ids, normal, with_checksum};
use super::lead_statuses::LeadStatus;
use super::objects;
use super::records::{Cells, Record, Records};
use super::refusal::{Outcome, Problem, Refusal};
use super::schema::{Field, Object};
use super::sessions::Sessions;
use super::stages::Stage;
use super::switches::Switches;
use crate::clock::Clock;

#[derive(Debug)]
pub(crate) struct Organisation {
    pub(crate) options: Options,
    pub(crate) clock: Clock,
    /// Scheme, host and port, without a slash at the end.
    pub(crate) origin: String,
    pub(crate) objects: Vec<Arc<Object>>,
    /// When an administrator last changed fields or permissions.
    pub(crate) objects_changed: Timestamp,
    pub(crate) records: Records,
    pub(crate) ids: Ids,
    pub(crate) stages: Vec<Stage>,
    pub(crate) lead_statuses: Vec<LeadStatus>,
    pub(crate) switches: Switches,
    pub(crate) sessions: Sessions,
    pub(crate) cursors: Cursors,
    pub(crate) deployments: Deployments,
    /// How many more writes each record refuses because another transaction holds it.
    pub(crate) locks: BTreeMap<String, u32>,
    /// When each call of the last 24 hours came.
    calls: VecDeque<Timestamp>,
    /// The user the application runs as.
    pub(crate) api_user: String,
    /// The user who works in the user interface, played by the control port.
    pub(crate) seller: String,
    pub(crate) tenant_id: String,
}

impl Organisation {
    pub(crate) fn new(clock: Clock, options: Options) -> Self {
        let user = |core: &str| with_checksum(core);
        let mut organisation = Self {
            origin: "http://127.0.0.1".into(),
            objects: objects::all(options.install_fields).into_iter().map(Arc::new).collect(),
            objects_changed: clock.now(),
            records: Records::default(),
            ids: Ids::default(),
            stages: Stage::standard(),
            lead_statuses: Vec::new(),
            switches: Switches::of(&options),
            sessions: Sessions::default(),
            cursors: Cursors::default(),
            deployments: Deployments::default(),
            locks: BTreeMap::new(),
            calls: VecDeque::new(),
            api_user: user("005Kd0000000Sy1"),
            seller: user("005Kd0000000Se2"),
            tenant_id: user("00DKd0000004xYz"),
            options,
            clock,
        };
        organisation.seed();
        organisation
    }

    fn seed(&mut self) {
        let text = |value: &str| Cell::Text(value.to_owned());
        let (api_user, seller) = (self.api_user.clone(), self.seller.clone());
        let username = self.options.username.clone();
        for (id, username, first, last) in [
            (&api_user, username.as_str(), "Co-sell", "Sync"),
            (&seller, "seller@northwind.example", "Omar", "Lind"),
        ] {
            let cells = [
                ("Username", text(username)),
                ("Email", text(username)),
                ("FirstName", text(first)),
                ("LastName", text(last)),
                ("Name", text(&format!("{first} {last}"))),
                ("IsActive", Cell::Bool(true)),
            ];
            self.plant("User", id.clone(), &cells);
        }
        let cells = [
            ("Name", text("Northwind")),
            ("InstanceName", text("SIM1")),
            ("OrganizationType", text("Developer Edition")),
            ("IsSandbox", Cell::Bool(false)),
        ];
        self.plant("Organization", self.tenant_id.clone(), &cells);
        self.note_custom_fields();
        self.plant_stages();
        self.set_lead_statuses(LeadStatus::standard()).ok();
    }

    /// Stores a record that no rule looks at.
    pub(crate) fn plant(&mut self, object: &'static str, id: String, cells: &[(&str, Cell)]) {
        let mut cells: Cells =
            cells.iter().map(|(name, cell)| ((*name).to_owned(), cell.clone())).collect();
        let now = Cell::moment(self.clock.now());
        cells.insert("Id".into(), Cell::Text(id.clone()));
        cells.insert("IsDeleted".into(), Cell::Bool(false));
        for stamp in ["CreatedDate", "LastModifiedDate", "SystemModstamp"] {
            cells.insert(stamp.into(), now.clone());
        }
        self.records.put(Record { id, object, cells, before: None, hidden_until: None });
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The object of this name, whatever its case; 404 when there is none.
    pub(crate) fn object(&self, name: &str) -> Outcome<Arc<Object>> {
        let found = self.objects.iter().find(|object| object.name.eq_ignore_ascii_case(name));
        found.cloned().ok_or_else(Refusal::not_found)
    }

    /// A field as the API user sees it: not when field-level security hides it.
    pub(crate) fn field<'a>(&self, object: &'a Object, name: &str) -> Option<&'a Field> {
        object.field(name).filter(|field| self.is_visible(object, field))
    }

    pub(crate) fn is_visible(&self, object: &Object, field: &Field) -> bool {
        let exists = self.switches.multi_currency || field.name != "CurrencyIsoCode";
        let full = format!("{}.{}", object.name, field.name);
        exists
            && !self.switches.hidden_fields.contains(&full)
            && (!field.by_grant || self.is_granted(object, field))
    }

    /// The record an id in a path names, as others see it (contract salesforce 3.13, item 3).
    pub(crate) fn existing(&self, object: &Object, id: &str) -> Outcome<Record> {
        let Some(id) = normal(id).filter(|id| id.starts_with(object.prefix)) else {
            let text = format!("{} ID: id value of incorrect type: {id}", object.name);
            return Err(Problem::new("MALFORMED_ID", text).about(&["Id"]).into());
        };
        let stored = self.records.get(object.name, &id);
        let record =
            stored.and_then(|record| record.seen(self.now())).ok_or_else(Refusal::not_found)?;
        if record.is_deleted() {
            return Err(Refusal::deleted());
        }
        Ok(record)
    }

    /// Counts one API call; 403 beyond the limit of 24 hours.
    pub(crate) fn count_call(&mut self) -> Outcome<()> {
        let now = self.now();
        let day_ago = now.saturating_sub(SignedDuration::from_hours(24)).unwrap_or(Timestamp::MIN);
        while self.calls.front().is_some_and(|call| *call <= day_ago) {
            self.calls.pop_front();
        }
        if self.calls.len() >= self.switches.daily_requests {
            let status = axum::http::StatusCode::FORBIDDEN;
            return Err(Refusal::new(
                status,
                "REQUEST_LIMIT_EXCEEDED",
                "TotalRequests Limit exceeded.",
            ));
        }
        self.calls.push_back(now);
        Ok(())
    }

    /// Calls of the last 24 hours.
    pub(crate) fn used_calls(&self) -> usize {
        self.calls.len()
    }
}
