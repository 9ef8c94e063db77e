//! The settings of each program, read from the environment variables that the template sets.

use cosell_crm::CrmSettings;
use cosell_model::deadline::Deadlines;
use cosell_model::flapping::FlappingLimits;
use cosell_runtime::config::{Environment, Noted};
use cosell_runtime::settings::PartnerCenterSettings;
use cosell_sync::Policy;
use jiff::SignedDuration;
use url::Url;

use crate::CRMS;
use crate::mapping::MappingSettings;

const LINKS_EXAMPLE: &str = "cosell-sync-LinksTable-1ABC2DEF3GHIJ";
const REFERRAL_LINKS: &str = "https://partner.microsoft.com/dashboard/v2/referrals/v2/cosell";

/// Both systems.
#[derive(Clone, Debug)]
pub struct SystemSettings {
    /// Partner Center.
    pub partner_center: PartnerCenterSettings,
    /// The CRM.
    pub crm: CrmSettings,
    /// The mapping between them; it has `TEAM_PHONE`, the deal team's telephone number in new
    /// referrals.
    pub mapping: MappingSettings,
    /// `SYNC_LEADS`: whether leads are brought to the CRM.
    pub sync_leads: bool,
    /// `REGISTER_DEALS`: whether won deals are registered with Microsoft, even where the mapping
    /// does not say so.
    pub register_deals: bool,
    /// `REFRESH_TOKEN_AGE_SECONDS`: how old the stored refresh token must be before a newer one
    /// replaces it.
    pub refresh_token_age: SignedDuration,
}

impl SystemSettings {
    /// Reads the variables named at the fields and in [`PartnerCenterSettings`] and
    /// [`CrmSettings`].
    pub fn read(environment: &Environment) -> Result<Self, Noted> {
        let partner_center = PartnerCenterSettings::read(environment);
        let crm = CrmSettings::read(CRMS, environment);
        let mapping = MappingSettings::read(environment);
        let register_deals = environment.flag("REGISTER_DEALS", false);
        let age = environment
            .parsed_or("REFRESH_TOKEN_AGE_SECONDS", cosell_aws::secrets::MINIMUM_AGE.as_secs());
        let sync_leads = sync_leads(environment);
        Ok(Self {
            partner_center: partner_center?,
            crm: crm?,
            mapping: mapping?,
            sync_leads: sync_leads?,
            register_deals: register_deals?,
            refresh_token_age: SignedDuration::from_secs(age?),
        })
    }
}

/// The engine's: of whoever looks at pairs.
#[derive(Clone, Debug)]
pub struct EngineSettings {
    /// Both systems.
    pub systems: SystemSettings,
    /// `LINKS_TABLE`.
    pub links_table: String,
    /// `AUDIT_TABLE`.
    pub audit_table: String,
    /// `AUDIT_RETENTION_DAYS`; unset keeps audit entries for ever.
    pub audit_retention_days: Option<u32>,
    /// `MARK_NAMES`: whether ✔ or ✘ stands beside the deal's name in the CRM.
    pub mark_names: bool,
    /// `SYNC_PRIVATE`, `SYNC_LEADS`, `REFERRAL_LINK_BASE`, `DEADLINE_WARNING_DAYS`.
    pub policy: Policy,
}

impl EngineSettings {
    /// Reads the variables named at the fields. `TEAM_PHONE` is required here: Partner Center
    /// refuses a deal without it.
    pub fn read(environment: &Environment) -> Result<Self, Noted> {
        let systems = SystemSettings::read(environment);
        let team_phone = environment.required("TEAM_PHONE", "+46700000002");
        let links_table = environment.required("LINKS_TABLE", LINKS_EXAMPLE);
        let audit_table =
            environment.required("AUDIT_TABLE", "cosell-sync-AuditTable-1ABC2DEF3GHIJ");
        let planning = PlanningSettings::read(environment);
        let retention = environment
            .optional("AUDIT_RETENTION_DAYS")
            .map(|_| environment.parsed("AUDIT_RETENTION_DAYS", "400"));
        team_phone?;
        let PlanningSettings { mark_names, policy } = planning?;
        Ok(Self {
            systems: systems?,
            links_table: links_table?,
            audit_table: audit_table?,
            audit_retention_days: retention.transpose()?,
            mark_names,
            policy,
        })
    }
}

/// What decides beside the mapping.
#[derive(Clone, Debug)]
pub struct PlanningSettings {
    /// `MARK_NAMES`: whether ✔ or ✘ stands beside the deal's name in the CRM.
    pub mark_names: bool,
    /// `SYNC_PRIVATE`, `SYNC_LEADS`, `REFERRAL_LINK_BASE`, `DEADLINE_WARNING_DAYS`.
    pub policy: Policy,
}

impl PlanningSettings {
    /// Reads the variables named at the fields; none must be set.
    pub fn read(environment: &Environment) -> Result<Self, Noted> {
        let mark_names = environment.flag("MARK_NAMES", false);
        let sync_private = environment.flag("SYNC_PRIVATE", true);
        let sync_leads = sync_leads(environment);
        let deadlines = deadlines(environment);
        let referral_link_base = environment.optional("REFERRAL_LINK_BASE");
        Ok(Self {
            mark_names: mark_names?,
            policy: Policy {
                sync_private: sync_private?,
                sync_leads: sync_leads?,
                referral_link_base: referral_link_base.unwrap_or_else(|| REFERRAL_LINKS.to_owned()),
                flapping: FlappingLimits::default(),
                deadlines: deadlines?,
                words: cosell_sync::render::Words::default(),
            },
        })
    }
}

/// The consumer's.
#[derive(Clone, Debug)]
pub struct ConsumerSettings {
    /// What it looks at pairs with.
    pub engine: EngineSettings,
    /// `QUEUE_URL`: to hold a failed message back.
    pub queue_url: String,
}

impl ConsumerSettings {
    /// Reads the variables named at the fields and in [`EngineSettings`].
    pub fn read(environment: &Environment) -> Result<Self, Noted> {
        let engine = EngineSettings::read(environment);
        let queue_url = queue_url(environment);
        Ok(Self { engine: engine?, queue_url: queue_url? })
    }
}

/// The poller's.
#[derive(Clone, Debug)]
pub struct PollerSettings {
    /// Both systems.
    pub systems: SystemSettings,
    /// `LINKS_TABLE`: for cursors and the lease.
    pub links_table: String,
    /// `QUEUE_URL`.
    pub queue_url: String,
    /// `DEADLINE_WARNING_DAYS`: how many days before an invitation expires its seller is warned.
    pub deadlines: Deadlines,
    /// `OVERLAP_SECONDS`: how far each poll reaches back behind the one before.
    pub overlap: SignedDuration,
}

impl PollerSettings {
    /// Reads the variables named at the fields.
    pub fn read(environment: &Environment) -> Result<Self, Noted> {
        let systems = SystemSettings::read(environment);
        let links_table = environment.required("LINKS_TABLE", LINKS_EXAMPLE);
        let queue_url = queue_url(environment);
        let deadlines = deadlines(environment);
        let overlap = environment.parsed_or("OVERLAP_SECONDS", 300_i64);
        Ok(Self {
            systems: systems?,
            links_table: links_table?,
            queue_url: queue_url?,
            deadlines: deadlines?,
            overlap: SignedDuration::from_secs(overlap?.max(0)),
        })
    }
}

/// The webhook registration's.
#[derive(Clone, Debug)]
pub struct RegistrationSettings {
    /// For the token.
    pub partner_center: PartnerCenterSettings,
    /// `REGISTRATION_URL`: the Partner Center API, another host than the referrals'.
    pub url: Url,
    /// `REGISTRATION_AUDIENCE`: the resource its token is asked for.
    pub audience: String,
}

impl RegistrationSettings {
    /// Reads the variables named at the fields.
    pub fn read(environment: &Environment) -> Result<Self, Noted> {
        use cosell_partner_center::registration::{DEFAULT_AUDIENCE, DEFAULT_URL};
        let partner_center = PartnerCenterSettings::read(environment);
        let url = environment.base_url("REGISTRATION_URL", Some(DEFAULT_URL), DEFAULT_URL);
        let audience = environment
            .optional("REGISTRATION_AUDIENCE")
            .unwrap_or_else(|| DEFAULT_AUDIENCE.to_owned());
        Ok(Self { partner_center: partner_center?, url: url?, audience })
    }
}

pub(crate) fn sync_leads(environment: &Environment) -> Result<bool, Noted> {
    environment.flag("SYNC_LEADS", true)
}

fn deadlines(environment: &Environment) -> Result<Deadlines, Noted> {
    environment.parsed_or("DEADLINE_WARNING_DAYS", Deadlines::default())
}

fn queue_url(environment: &Environment) -> Result<String, Noted> {
    environment
        .required("QUEUE_URL", "https://sqs.eu-west-1.amazonaws.com/123456789012/cosell-sync.fifo")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_missing_variable_is_named_at_once() {
        let error = Environment::of([
            ("SYNC_PRIVATE", "perhaps"),
            ("MARK_NAMES", "maybe"),
            ("DEADLINE_WARNING_DAYS", "soon"),
        ])
        .read(ConsumerSettings::read)
        .unwrap_err()
        .to_string();
        for variable in [
            "PARTNER_CENTER_TENANT_ID",
            "DATAVERSE_URL",
            "CRM_SECRET_ARN",
            "TEAM_PHONE",
            "LINKS_TABLE",
            "AUDIT_TABLE",
            "QUEUE_URL",
            "SYNC_PRIVATE",
            "MARK_NAMES",
            "DEADLINE_WARNING_DAYS",
        ] {
            assert!(error.contains(variable), "{variable} is not named in {error}");
        }
    }

    #[test]
    fn a_crm_that_there_is_no_adapter_for_is_named_with_those_that_there_are() {
        let error = Environment::of([("CRM", "hubspot")]).read(SystemSettings::read).unwrap_err();
        let of_crm = error.problems.iter().filter(|problem| problem.variable == "CRM");
        let wrong: Vec<&str> = of_crm.map(|problem| problem.wrong.as_str()).collect();
        assert_eq!(wrong, ["cannot be read: must be `dynamics` or `salesforce`"]);
    }
}
