//! What the seller sees in the CRM: identifier, link, sync status and the Audit field.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Value as Json;

use super::Policy;
use cosell_mapping::{Mapping, Mark};
use cosell_model::crm::{CrmRecord, CrmWrite};
use cosell_model::id::ReferralId;
use cosell_model::value::Value;

/// The sync status of a deal that is in step.
const SYNCED: &str = "✔ Synced";

/// Between an Audit line's time and its text.
const GAP: &str = "  ";

/// What to tell the seller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// In step; the sentences join the Audit field.
    Synced(Vec<String>),
    /// Something the seller must mend; told once, while the status does not say so already.
    Failed(Vec<String>),
    /// In step but for these fields, by label, which wait for an operator; the sentences join the Audit field.
    Waiting(Vec<String>, Vec<String>),
    /// In step, and something comes at a time that the status names; the sentences join the Audit field.
    Pending(String, Vec<String>),
    /// Nothing crosses any more; told as a failure is, but the name's mark goes.
    Parted(Vec<String>),
}

impl Note {
    fn mark(&self) -> Option<Mark> {
        match self {
            Self::Synced(_) | Self::Waiting(..) | Self::Pending(..) => Some(Mark::Synced),
            Self::Failed(_) => Some(Mark::Failed),
            Self::Parted(_) => None,
        }
    }
}

/// The pair's identity as the seller sees it.
#[derive(Clone, Debug)]
pub struct Told<'a> {
    /// The mapping, for the column names.
    pub mapping: &'a Mapping,
    /// For the link.
    pub policy: &'a Policy,
    /// The referral, once there is one.
    pub referral: Option<ReferralId>,
    /// Microsoft's own id of the deal, once Microsoft accepted.
    pub microsoft_crm_id: Option<String>,
    /// What joins the Audit field whether the deal is in step or not.
    pub news: Vec<String>,
    /// Our clock, for the Audit line.
    pub now: Timestamp,
    /// Whether the name's mark may go along.
    pub marks: bool,
    /// The deal's name in Partner Center, as far as it is known.
    pub name: Option<Value>,
}

impl Told<'_> {
    /// Adds the connector's columns to `write`, only where `record` lacks them or there is something new to say. The name's mark goes
    /// along with what is written anyway; for its own sake nothing is.
    ///
    /// `record` is `None` when the record is about to be created.
    pub fn add_to(&self, write: &mut CrmWrite, record: Option<&CrmRecord>, note: &Note) {
        let columns = &self.mapping.columns;
        let mut set = |column: &str, value: Json| {
            if record.is_none_or(|record| *record.get(column) != value) {
                write.fields.insert(column.to_owned(), value);
            }
        };
        if let Some(id) = self.referral {
            // On creation the identifier is the upsert's key, not a column of the body.
            if record.is_some() {
                set(columns.referral_id.as_str(), Json::from(id.to_string()));
            }
            set(columns.referral_link.as_str(), Json::from(self.policy.referral_link(id)));
            // The switch is the seller's own: set when we make the record, never again.
            if record.is_none() {
                set(columns.sync.as_str(), Json::from(true));
            }
        }
        if let Some(id) = &self.microsoft_crm_id {
            set(columns.microsoft_crm_id.as_str(), Json::from(id.clone()));
        }
        let (status, lines) = match note {
            Note::Synced(lines) => (SYNCED.to_owned(), lines),
            Note::Failed(lines) | Note::Parted(lines) => (format!("✘ {}", lines.join(" ")), lines),
            Note::Pending(status, lines) => (format!("⚠ {status}"), lines),
            Note::Waiting(fields, lines) => (format!("⚠ Conflict: {}", fields.join(", ")), lines),
        };
        set(columns.sync_status.as_str(), Json::from(cut(&status, columns.sync_status_length)));
        let repeats = matches!(note, Note::Failed(_) | Note::Parted(_));
        let told_before = repeats && record.is_some_and(|record| self.told_last(record, lines));
        if !self.news.is_empty() || (!lines.is_empty() && !told_before) {
            // The news below, so that a failure that is told again is known by its lines.
            let lines = [lines.as_slice(), &self.news].concat();
            set(columns.audit.as_str(), Json::from(self.audit_text(record, &lines)));
        }
        if self.marks && !write.is_empty() {
            self.mark_name(write, record, note.mark());
        }
    }

    fn mark_name(&self, write: &mut CrmWrite, record: Option<&CrmRecord>, mark: Option<Mark>) {
        let Some(rule) = self.mapping.marked_name() else {
            return;
        };
        let present = record.map_or(&Json::Null, |record| record.get(rule.crm.as_str()));
        let name = write.fields.get(rule.crm.as_str()).unwrap_or(present);
        let marked = name
            .as_str()
            .and_then(|name| rule.with_mark(name, mark, self.name.as_ref()))
            .map(Json::from);
        if let Some(marked) = marked.filter(|marked| marked != present) {
            write.fields.insert(rule.crm.to_string(), marked);
        }
    }

    /// Whether these very lines are the newest in the Audit field. The status alone would not do: it is cut short.
    fn told_last(&self, record: &CrmRecord, lines: &[String]) -> bool {
        let audit = record.get(self.mapping.columns.audit.as_str()).as_str().unwrap_or_default();
        let newest = audit.lines().map(|line| line.split_once(GAP).map_or(line, |(_, told)| told));
        lines.iter().map(String::as_str).eq(newest.take(lines.len()))
    }

    /// Newest first: what no longer fits falls off the old end.
    fn audit_text(&self, record: Option<&CrmRecord>, lines: &[String]) -> String {
        let at = minute(self.now);
        let mut text: Vec<String> = lines.iter().map(|line| format!("{at}{GAP}{line}")).collect();
        let before =
            record.and_then(|record| record.get(self.mapping.columns.audit.as_str()).as_str());
        text.extend(before.map(str::to_owned));
        cut_lines(&text.join("\n"), self.mapping.columns.audit_length)
    }
}

/// As many lines of the Audit field as a seller sees without scrolling.
const LATELY: usize = 8;

/// Whether the seller finds this among the newest lines: what lasts need not be said at every look.
pub fn told_lately(mapping: &Mapping, record: &CrmRecord, sentence: &str) -> bool {
    let audit = record.get(mapping.columns.audit.as_str()).as_str().unwrap_or_default();
    audit.lines().take(LATELY).any(|line| line.contains(sentence))
}

/// Cuts a text of several lines. A CRM may keep a line break as two characters: a text that is too long would be refused for good.
fn cut_lines(text: &str, length: usize) -> String {
    let mut used = 0;
    let fits = text.chars().take_while(|c| {
        used += if *c == '\n' { 2 } else { 1 };
        used <= length
    });
    let kept = fits.count();
    if kept == text.chars().count() { text.to_owned() } else { cut(text, kept) }
}

/// A time as the seller reads it.
pub(super) fn minute(at: Timestamp) -> String {
    at.to_zoned(TimeZone::UTC).strftime("%Y-%m-%d %H:%M UTC").to_string()
}

pub(super) fn cut(text: &str, length: usize) -> String {
    if text.chars().count() <= length {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(length.saturating_sub(1)).collect();
    short.push('…');
    short
}
