//! The connector's own columns in the CRM: identifier, link, Microsoft's id, Sync status, Audit,
//! and the mark beside the deal's name.

use std::collections::BTreeMap;

use cosell_mapping::{Mapping, Mark};
use cosell_model::crm::{CrmRecord, CrmWrite, Phase};
use cosell_model::id::ReferralId;
use cosell_model::notice::Notice;
use cosell_model::referral::Referral;
use cosell_model::state::DealState;
use cosell_model::value::Value;
use jiff::Timestamp;
use serde_json::Value as Json;

use crate::policy::Policy;
use crate::render::{cut, cut_lines, is_line, minute};

/// Between an Audit line's time and its text.
const GAP: &str = "  ";

/// What a deal's columns are made of.
pub(crate) struct Connector<'a> {
    pub(crate) mapping: &'a Mapping,
    pub(crate) policy: &'a Policy,
    pub(crate) now: Timestamp,
    /// The referral, once there is one.
    pub(crate) referral: Option<ReferralId>,
    /// Microsoft's own id of the deal, once Microsoft accepted.
    pub(crate) microsoft_crm_id: Option<String>,
    /// The deal's name in Partner Center, as far as it is known.
    pub(crate) name: Option<Value>,
    /// Whether the name's mark may go along.
    pub(crate) marks: bool,
    /// Whether something else is written to the record with these columns.
    pub(crate) writes_besides: bool,
    /// The columns that are written with these.
    pub(crate) planned: BTreeMap<String, Json>,
}

impl<'a> Connector<'a> {
    pub(crate) fn new(mapping: &'a Mapping, policy: &'a Policy, now: Timestamp) -> Self {
        Self {
            mapping,
            policy,
            now,
            referral: None,
            microsoft_crm_id: None,
            name: None,
            marks: true,
            writes_besides: false,
            planned: BTreeMap::new(),
        }
    }

    /// The columns that `record` lacks, and those that say something new. The name's mark goes
    /// along with what is written anyway; for its own sake nothing is.
    pub(crate) fn columns(
        &self,
        record: &CrmRecord,
        state: &DealState,
        unread: &[&Notice],
    ) -> BTreeMap<String, Json> {
        let mut columns = self.identity();
        if let Some(id) = self.referral {
            let column = self.mapping.columns.referral_id.to_string();
            columns.insert(column, Json::from(id.to_string()));
        }
        columns.extend(self.says(state));
        columns.retain(|column, value| record.get(column) != value);
        if unread.iter().any(|notice| is_line(notice)) {
            let before = record.get(&self.mapping.columns.audit).as_str();
            let audit = self.mapping.columns.audit.to_string();
            columns.insert(audit, Json::from(self.audit(before, unread)));
        }
        if self.marks && (self.writes_besides || !columns.is_empty()) {
            columns.extend(self.marked_name(record, state));
        }
        columns
    }

    /// The same of a record that is closed: what its seller reads, and nothing else. One that was
    /// merged away and a lead that was converted take nothing.
    pub(crate) fn notes_of_closed(
        &self,
        record: &CrmRecord,
        state: &DealState,
        unread: &[&Notice],
    ) -> BTreeMap<String, Json> {
        if takes_nothing(record) {
            return BTreeMap::new();
        }
        let own = [self.mapping.columns.audit.as_str(), self.mapping.columns.sync_status.as_str()];
        let mut columns = self.columns(record, state, unread);
        columns.retain(|column, _| own.contains(&column.as_str()));
        columns
    }

    /// What takes a status and its mark off the record of a deal that never took part.
    pub(crate) fn silent(&self, record: &CrmRecord) -> BTreeMap<String, Json> {
        let status = self.mapping.columns.sync_status.to_string();
        if record.get(&status).is_null() || takes_nothing(record) {
            return BTreeMap::new();
        }
        let mark = self.marked_name(record, &DealState::New).filter(|_| !record.is_read_only());
        [(status, Json::Null)].into_iter().chain(mark).collect()
    }

    /// What a new record gets. Its identifier is the upsert's key, not a column.
    pub(crate) fn introduce(&self, write: &mut CrmWrite, state: &DealState, notices: &[Notice]) {
        write.fields.extend(self.identity());
        // The switch is the seller's own: set when we make the record, never again.
        write.fields.insert(self.mapping.columns.sync.to_string(), Json::from(true));
        write.fields.extend(self.says(state));
        let lines: Vec<&Notice> = notices.iter().collect();
        if lines.iter().any(|notice| is_line(notice)) {
            let audit = self.mapping.columns.audit.to_string();
            write.fields.insert(audit, Json::from(self.audit(None, &lines)));
        }
        let Some(rule) = self.mapping.marked_name() else { return };
        let name = write.fields.get(rule.crm.as_str()).and_then(Json::as_str);
        let marked = name.and_then(|name| rule.with_mark(name, mark(state), self.name.as_ref()));
        if let Some(marked) = marked {
            write.fields.insert(rule.crm.as_str().to_owned(), Json::from(marked));
        }
    }

    fn identity(&self) -> BTreeMap<String, Json> {
        let columns = &self.mapping.columns;
        let link = self.referral.map(|id| {
            (columns.referral_link.to_string(), Json::from(self.policy.referral_link(id)))
        });
        let microsoft = self
            .microsoft_crm_id
            .clone()
            .map(|id| (columns.microsoft_crm_id.to_string(), Json::from(id)));
        link.into_iter().chain(microsoft).collect()
    }

    fn says(&self, state: &DealState) -> [(String, Json); 1] {
        let columns = &self.mapping.columns;
        let text =
            cut(&(self.policy.words.status)(self.mapping, state), columns.sync_status_length);
        [(columns.sync_status.to_string(), Json::from(text))]
    }

    /// Newest first: what no longer fits falls off the old end.
    fn audit(&self, before: Option<&str>, notices: &[&Notice]) -> String {
        let (at, words) = (minute(self.now), self.policy.words.sentence);
        let lines = notices.iter().filter(|notice| is_line(notice));
        let mut text: Vec<String> =
            lines.map(|notice| format!("{at}{GAP}{}", words(self.mapping, notice))).collect();
        text.extend(before.map(str::to_owned));
        cut_lines(&text.join("\n"), self.mapping.columns.audit_length)
    }

    fn marked_name(&self, record: &CrmRecord, state: &DealState) -> Option<(String, Json)> {
        let rule = self.mapping.marked_name()?;
        let column = rule.crm.as_str();
        let present = record.get(column);
        let name = self.planned.get(column).unwrap_or(present).as_str()?;
        let marked = Json::from(rule.with_mark(name, mark(state), self.name.as_ref())?);
        let changes = marked != *present || self.planned.contains_key(column);
        changes.then(|| (column.to_owned(), marked))
    }
}

/// The mark beside the deal's name: ✔ where every synced field agrees, ✘ where a person must act,
/// else none.
fn mark(state: &DealState) -> Option<Mark> {
    match state {
        DealState::InSync => Some(Mark::Synced),
        DealState::PartlySynced { blocked: true, .. } | DealState::Refused { .. } => {
            Some(Mark::Failed)
        }
        _ => None,
    }
}

/// Microsoft's own id of the deal, which appears when Microsoft accepts.
pub(crate) fn microsoft_crm_id(referral: &Referral) -> Option<String> {
    let id = referral.get("trackingInfo.microsoftMsxId").and_then(Json::as_str);
    id.filter(|id| !id.is_empty()).map(str::to_owned)
}

/// Merged away or converted: not even its status can be written.
fn takes_nothing(record: &CrmRecord) -> bool {
    record.merged_into.is_some() || record.phase == Phase::Qualified
}

#[cfg(test)]
mod tests;
