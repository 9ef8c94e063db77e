//! How hostile a run is; drawn from its seed.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use cosell_fakes::{CrmServices, Versions};
use cosell_mapping::Mapping;
use cosell_sync::{FailureKind, System};
use fastrand::Rng;
use jiff::{SignedDuration, Timestamp};

use crate::features::Feature;
use crate::mappings::Names;

/// The weather of a run.
#[expect(clippy::struct_excessive_bools, reason = "each is a trait of its own, drawn by itself")]
#[derive(Clone, Debug)]
pub(crate) struct Weather {
    /// Of a thousand calls, how many fail before they take effect.
    pub(crate) fail_before: u32,
    /// Of a thousand calls, how many take effect and then fail.
    pub(crate) fail_after: u32,
    /// Of a thousand writes to the two systems, how many hang: the caller gives up, and they take
    /// effect later.
    pub(crate) hang: u32,
    /// Of a thousand steps of an invocation, how many end in a crash.
    pub(crate) crash: u32,
    /// Of a thousand steps, how many begin an outage of one side.
    pub(crate) outages: u32,
    /// Of a hundred webhooks, how many are lost.
    pub(crate) lost_webhooks: u32,
    /// Of a hundred webhooks, how many come again later.
    pub(crate) repeated_webhooks: u32,
    /// How many seconds a search or a list may be behind.
    pub(crate) lag: u32,
    /// Longest text the CRM keeps of a description; the rest is cut silently.
    pub(crate) description_length: usize,
    /// The CRM rounds amounts to whole numbers.
    pub(crate) rounds: bool,
    /// The CRM silently ignores the close date.
    pub(crate) ignores_date: bool,
    /// Few deals, few fields, and people who change their minds: everything meets everything.
    pub(crate) narrow: bool,
    /// Automations on both sides insist on their own deal name.
    pub(crate) robots: bool,
    /// Longest name the CRM takes; people cannot enter more, and a longer one of ours is refused.
    pub(crate) name_length: usize,
    /// Names carry marks in the CRM.
    pub(crate) marks: bool,
    /// Some of what Microsoft sends are leads.
    pub(crate) leads: bool,
    /// The CRM converts leads for us; else their sellers alone do, and we make an opportunity
    /// beside the lead.
    pub(crate) converts: bool,
    /// The CRM is a Salesforce.
    pub(crate) salesforce: bool,
    /// Services refuse this and that.
    pub(crate) refuses: bool,
    /// Won deals are registered.
    pub(crate) registers: bool,
    /// Invitations expire.
    pub(crate) expires: bool,
    /// How many hours after its end an invitation is closed by the service, at most.
    pub(crate) expires_late: u32,
    /// People empty fields that may be empty.
    pub(crate) clears: bool,
    /// People empty fields that a referral cannot do without.
    pub(crate) clears_required: bool,
    /// Sellers edit leads before they are opportunities.
    pub(crate) edits_leads: bool,
    /// Sellers clear or rewrite Audit and Sync status.
    pub(crate) rewrites: bool,
    /// The CRM refuses any change of some records.
    pub(crate) shuts: bool,
    /// Sellers reopen closed deals.
    pub(crate) reopens: bool,
}

impl Weather {
    pub(crate) fn of(rng: &mut Rng, features: &BTreeSet<Feature>) -> Self {
        let robots = rng.u32(0..32) == 0;
        // A fight is watched in fair weather, which lets it go on undisturbed.
        let storm = if robots { 0 } else { rng.u32(0..3) };
        let mut plays = |feature| rng.u32(0..3) == 0 && features.contains(&feature) && !robots;
        let salesforce = plays(Feature::Salesforce);
        let refuses = plays(Feature::Refusals);
        let registers = plays(Feature::Registration);
        let expires = plays(Feature::Expiry);
        let clears = plays(Feature::Clearing);
        let clears_required = plays(Feature::ClearingRequired);
        let reopens = plays(Feature::Reopening);
        let shuts = plays(Feature::ShutRecords);
        Self {
            fail_before: storm * rng.u32(0..40),
            fail_after: storm * rng.u32(0..40),
            hang: storm * rng.u32(0..250),
            crash: storm * rng.u32(0..30),
            outages: storm * rng.u32(0..12),
            lost_webhooks: rng.u32(0..60),
            repeated_webhooks: rng.u32(0..40),
            lag: rng.u32(0..80),
            description_length: rng.usize(4..40),
            rounds: rng.bool(),
            ignores_date: rng.u32(0..5) == 0,
            narrow: rng.u32(0..3) == 0 || robots,
            robots,
            name_length: usize::MAX,
            marks: false,
            leads: rng.u32(0..3) == 0 && !robots,
            converts: rng.bool() && !salesforce,
            salesforce,
            refuses: refuses || shuts,
            registers,
            expires,
            expires_late: rng.u32(0..7),
            clears,
            clears_required,
            edits_leads: features.contains(&Feature::LeadEdits),
            rewrites: features.contains(&Feature::Rewriting),
            shuts,
            reopens,
        }
    }

    /// Takes from the mapping how long names may be, and whether they are marked.
    pub(crate) fn fit(self, mapping: &Mapping) -> Self {
        let name = mapping.rules.iter().find(|rule| rule.name == "name");
        Self {
            name_length: name.and_then(|rule| rule.crm_length).unwrap_or(usize::MAX),
            marks: name.is_some_and(|rule| rule.marked),
            ..self
        }
    }

    /// Whether days pass.
    pub(crate) fn days(&self) -> bool {
        self.registers || self.expires
    }

    /// What the CRM is like in this weather.
    pub(crate) fn crm(&self, names: &Names) -> CrmServices {
        let of = |field| names.column(false, field).unwrap_or_default().to_owned();
        let set = |field, on: bool| on.then(|| of(field)).into_iter().collect();
        let copied = if self.salesforce { &SALESFORCE_COPIES[..] } else { &DYNAMICS_COPIES[..] };
        CrmServices {
            cuts: [(of("notes"), self.description_length)].into(),
            limits: [(of("name"), self.name_length)].into(),
            rounds: set("deal_value", self.rounds),
            ignores: set("closing_date", self.ignores_date),
            closed_takes_notes: self.salesforce,
            cannot_convert: !self.converts,
            copied: copied.iter().map(|(from, to)| ((*from).into(), (*to).into())).collect(),
            versions: if self.salesforce { Versions::Seconds } else { Versions::Counted },
            ..CrmServices::default()
        }
    }
}

/// The columns of a lead that a conversion copies, and where they go: not all that is mapped, as in
/// real CRMs.
const DYNAMICS_COPIES: [(&str, &str); 4] = [
    ("subject", "name"),
    ("estimatedamount", "estimatedvalue"),
    ("estimatedclosedate", "estimatedclosedate"),
    ("transactioncurrencyid/isocurrencycode", "transactioncurrencyid/isocurrencycode"),
];
const SALESFORCE_COPIES: [(&str, &str); 2] =
    [("Company", "Name"), ("CurrencyIsoCode", "CurrencyIsoCode")];

/// Sides that answer nothing for a while.
#[derive(Debug, Default)]
pub(crate) struct Outages {
    since: BTreeMap<u8, (Timestamp, FailureKind)>,
}

fn number(system: System) -> u8 {
    match system {
        System::PartnerCenter => 0,
        System::Crm => 1,
        System::Aws | System::Internal => 2,
    }
}

impl Outages {
    /// A side breaks down: it is down, asks to wait, or does not know us any more.
    pub(crate) fn begin(&mut self, system: System, now: Timestamp, rng: &mut Rng) -> FailureKind {
        let kind = match (rng.u32(0..3), system) {
            (0, _) | (_, System::Aws) => FailureKind::Transient,
            (1, _) => FailureKind::Throttled { retry_after: Duration::from_secs(rng.u64(1..90)) },
            _ => FailureKind::Credentials,
        };
        let until = now + SignedDuration::from_secs(rng.i64(20..900));
        self.since.insert(number(system), (until, kind));
        kind
    }

    /// How a call to `system` fails now, if its side is out.
    pub(crate) fn failing(&self, system: System, now: Timestamp) -> Option<FailureKind> {
        self.since.get(&number(system)).filter(|(until, _)| *until > now).map(|(_, kind)| *kind)
    }
}
