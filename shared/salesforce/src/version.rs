//! A record's version, and what its one-second stamps can tell (contract salesforce 2, 3.7).
//!
//! `If-Unmodified-Since` compares seconds: a write in the very second of the record's last change
//! passes unseen. So a version also says when it was read, by the service's own clock. Read well
//! after the last change, it is *settled*: whatever comes after it has a later stamp. Otherwise it
//! must be read again, in a later second at least, and compared.

use std::fmt;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use cosell_crm::Fields;
use cosell_model::crm::Phase;
use jiff::{SignedDuration, Timestamp};

/// For the clocks of the servers that answer and of those that store.
const SKEW: i64 = 1;

/// Stamps are taken inside a transaction and seen when it ends: so much later a change of the same
/// second may still appear.
const LATE: i64 = 10;

/// What a version says. Its text is opaque to everybody else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Version {
    /// `LastModifiedDate`, seconds; a fraction counts as a whole one.
    modified: i64,
    /// `SystemModstamp`, seconds.
    stamp: i64,
    /// The service's clock when it was read, seconds; 0 when it did not say.
    read: i64,
    pub(crate) phase: Phase,
    /// Of the mapped fields' values.
    digest: u64,
}

impl Version {
    pub(crate) fn new(
        modified: Timestamp,
        stamp: Timestamp,
        read: Option<Timestamp>,
        phase: Phase,
        fields: &Fields,
    ) -> Self {
        let whole = |at: Timestamp| at.as_second() + i64::from(at.subsec_nanosecond() > 0);
        Self {
            modified: whole(modified),
            stamp: whole(stamp),
            read: read.map_or(0, Timestamp::as_second),
            phase,
            digest: digest(fields),
        }
    }

    /// Reads the text of a version of ours.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('.');
        let mut number = || parts.next()?.parse().ok();
        let (modified, stamp, read) = (number()?, number()?, number()?);
        let phase = [Phase::OnHold, Phase::Open, Phase::Won, Phase::Lost, Phase::Qualified];
        let phase =
            phase.into_iter().zip(PHASES).find(|(_, name)| parts.clone().next() == Some(name))?.0;
        let digest = u64::from_str_radix(parts.nth(1)?, 16).ok()?;
        Some(Self { modified, stamp, read, phase, digest })
    }

    /// Whether any later change has a later stamp.
    pub(crate) fn is_settled(&self) -> bool {
        self.read > self.modified + LATE
    }

    /// How long until a change has another stamp than the one that was read.
    pub(crate) fn unsettled_for(&self) -> std::time::Duration {
        let seconds = (self.modified + SKEW + 1 - self.read).clamp(0, SKEW + 1);
        std::time::Duration::from_secs(seconds.unsigned_abs())
    }

    /// Whether both are of the same state of the record, whenever they were read. Automation that
    /// moves `SystemModstamp` alone changes none of the values.
    pub(crate) fn is_of_same_state(&self, other: &Self) -> bool {
        (self.modified, self.phase, self.digest) == (other.modified, other.phase, other.digest)
    }

    /// For `If-Unmodified-Since`.
    pub(crate) fn http_date(&self) -> String {
        let at = Timestamp::UNIX_EPOCH.saturating_add(SignedDuration::from_secs(self.modified));
        at.unwrap_or(Timestamp::UNIX_EPOCH).strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
    }
}

/// The version of a record in a list: what tells the queue one change from another. A record of
/// which a further change may still get the same stamp has another version as its stamp grows old,
/// so that it is reconciled again when that change would have been missed.
pub(crate) fn listed(stamp: &str, modified: Timestamp, read: Option<Timestamp>) -> String {
    match read.map(|read| read.as_second() - modified.as_second()) {
        // Within the stamp's own second each list counts. After it, what is committed late can wait
        // until the stamp has settled.
        Some(age) if age <= LATE => format!("{stamp}+{}", age.min(SKEW + 2)),
        _ => stamp.to_owned(),
    }
}

const PHASES: [&str; 5] = ["hold", "open", "won", "lost", "qualified"];

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let phase = match self.phase {
            Phase::OnHold => PHASES[0],
            Phase::Open => PHASES[1],
            Phase::Won => PHASES[2],
            Phase::Lost => PHASES[3],
            Phase::Qualified => PHASES[4],
        };
        write!(f, "{}.{}.{}.{phase}.{:x}", self.modified, self.stamp, self.read, self.digest)
    }
}

fn digest(fields: &Fields) -> u64 {
    let mut hasher = DefaultHasher::new();
    for (name, value) in fields {
        (name, value.to_string()).hash(&mut hasher);
    }
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn version(modified: &str, read: &str, name: &str) -> Version {
        let at = |time: &str| format!("2026-08-20T14:03:{time}Z").parse().unwrap();
        let fields = Fields::from([("Name".to_owned(), json!(name))]);
        Version::new(at(modified), at(modified), Some(at(read)), Phase::OnHold, &fields)
    }

    #[test]
    fn a_version_survives_its_text() {
        let version = version("27", "40", "Wave 2");
        assert_eq!(Version::parse(&version.to_string()), Some(version));
        for foreign in ["", "W/\"7\"", "1.2.3", "1.2.3.open", "1.2.3.sold.ff"] {
            assert_eq!(Version::parse(foreign), None, "{foreign}");
        }
    }

    #[test]
    fn what_is_read_in_the_second_of_its_change_is_not_settled() {
        for (read, settled, wait) in [
            ("27", false, 2),
            ("28", false, 1),
            ("29", false, 0),
            ("37", false, 0),
            ("38", true, 0),
        ] {
            let version = version("27", read, "Wave 2");
            assert_eq!(
                (version.is_settled(), version.unsettled_for().as_secs()),
                (settled, wait),
                "{read}"
            );
        }
        assert!(
            !version("27.4", "38", "Wave 2").is_settled(),
            "a fraction counts as a whole second"
        );
    }

    #[test]
    fn a_listed_version_changes_until_no_further_change_can_have_its_stamp() {
        let at = |second: i64| Timestamp::from_second(1_787_234_600 + second).unwrap();
        let listed = |read| listed("S", at(0), Some(at(read)));
        let versions: Vec<String> = [-1, 0, 1, 2, 3, 4, 10, 11, 300].map(listed).into();
        assert_eq!(versions, ["S+-1", "S+0", "S+1", "S+2", "S+3", "S+3", "S+3", "S", "S"]);
        assert_eq!(super::listed("S", at(0), None), "S");
    }

    #[test]
    fn another_value_under_the_same_stamps_is_another_state() {
        assert!(version("27", "27", "Wave 2").is_of_same_state(&version("27", "29", "Wave 2")));
        assert!(!version("27", "27", "Wave 2").is_of_same_state(&version("27", "29", "Wave 3")));
    }

    #[test]
    fn the_http_date_is_that_of_the_last_change() {
        assert_eq!(version("27", "40", "").http_date(), "Thu, 20 Aug 2026 14:03:27 GMT");
    }
}
