//! Starting it all, in order: local AWS, simulators, template, the fields in the CRM, webhook registration.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use cosell_runtime::settings::CrmSystem;
use cosell_simulators::{Config, Ports, Simulators};
use tokio::process::Command;

use crate::functions::Functions;
use crate::ministack::MiniStack;
use crate::people::People;
use crate::seller::SALESFORCE_STAGES;
use crate::workspace;

/// The partner's identity in the simulators (their documented defaults).
const PARTNER_SECRET: &str = r#"{"client_id":"sim-partner-client","client_secret":"sim-partner-secret","refresh_token":"sim-partner-refresh-token"}"#;
const DYNAMICS_SECRET: &str =
    r#"{"client_id":"sim-dataverse-client","client_secret":"sim-dataverse-secret"}"#;
const SALESFORCE_SECRET: &str =
    r#"{"client_id":"sim-salesforce-client","client_secret":"sim-salesforce-secret"}"#;
const TEAM_PHONE: &str = "+46700000002";
/// Short, so that the poller, which runs every second here, does not list everything again and again. Longer than a change in
/// Salesforce needs until no further one can have its stamp.
const OVERLAP_SECONDS: u32 = 15;

/// Longer than any reconciliation.
const PATIENCE: Duration = Duration::from_mins(1);
const MOMENT: Duration = Duration::from_millis(20);

/// Everything, running. Dropping it stops everything.
#[derive(Debug)]
pub struct LocalStack {
    /// Which CRM the functions work with.
    pub crm: CrmSystem,
    /// The simulated systems.
    pub simulators: Simulators,
    /// The deployed functions.
    pub functions: Functions,
    ministack: MiniStack,
}

impl LocalStack {
    /// Starts on the given ports: `aws` for MiniStack, seven from `simulators`; 0 takes free ones.
    pub async fn start(crm: CrmSystem, aws: u16, simulators: u16) -> Result<Self> {
        Self::start_with(crm, aws, simulators, &[]).await
    }

    /// As [`Self::start`], with further parameters of the template.
    pub async fn start_with(
        crm: CrmSystem,
        aws: u16,
        simulators: u16,
        further: &[(&'static str, &str)],
    ) -> Result<Self> {
        let (ministack, simulators) =
            tokio::try_join!(MiniStack::start(aws), start_simulators(simulators))?;
        let mut parameters = parameters(crm, &simulators);
        parameters.extend(further.iter().map(|(name, value)| (*name, (*value).to_owned())));
        let functions = Functions::deploy(&ministack, "cosell-sync", &parameters).await?;
        let stack = Self { crm, simulators, functions, ministack };
        stack.install_fields().await?;
        stack.register_webhook().await?;
        Ok(stack)
    }

    /// Stands for the poller's schedule, whose shortest rate is a minute: runs it every `every`, for ever. A failing run is shown and
    /// repeated, as in the cloud.
    pub async fn keep_polling(&self, every: Duration) -> ! {
        let mut every = tokio::time::interval(every);
        every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            every.tick().await;
            if let Err(error) = self.functions.poll().await {
                eprintln!("{error:#}");
            }
        }
    }

    /// Runs the poller once and waits until everything that it, or anybody before it, has queued is worked off.
    pub async fn work_off(&self) -> Result<()> {
        let started = Instant::now();
        // Another run may be under way.
        while self.functions.poll().await?["skipped"] != false {
            tokio::time::sleep(MOMENT).await;
        }
        while self.functions.queued().await? > 0 {
            ensure!(started.elapsed() < PATIENCE, "the queue does not become empty");
            tokio::time::sleep(MOMENT).await;
        }
        Ok(())
    }

    /// The people who use both systems.
    pub fn people(&self) -> Result<People> {
        People::new(self.simulators.control.clone(), self.crm)
    }

    /// MiniStack's address.
    pub fn aws(&self) -> String {
        self.ministack.url()
    }

    /// Runs the operator's command line against this stack, with the consumer's settings, and returns what it prints.
    pub async fn cosell(&self, arguments: &[&str]) -> Result<String> {
        let output = |name: &str| self.functions.output(name).map(str::to_owned);
        let mut command = Command::new(workspace::binary("cosell")?);
        command
            .args(arguments)
            .envs(self.ministack.environment())
            .env("CRM", self.crm.to_string())
            .env("CRM_SECRET_ARN", output("CrmSecretArn")?)
            .env("DATAVERSE_URL", self.simulators.dataverse.as_str())
            .env("DATAVERSE_TENANT_ID", "sim-tenant")
            .env("SALESFORCE_URL", self.simulators.salesforce.as_str())
            .env("SALESFORCE_ON_HOLD_STAGE", SALESFORCE_STAGES[0])
            .env("SALESFORCE_ACTIVE_STAGE", SALESFORCE_STAGES[1])
            .env("TEAM_PHONE", TEAM_PHONE)
            .env("LINKS_TABLE", output("LinksTableName")?)
            .env("AUDIT_TABLE", output("AuditTableName")?)
            .env("PARTNER_CENTER_SECRET_ARN", output("PartnerCenterSecretArn")?)
            .env("PARTNER_CENTER_TENANT_ID", "sim-partner-tenant")
            .env("PARTNER_CENTER_URL", self.simulators.partner_center.as_str())
            .env("REGISTRATION_URL", self.simulators.registration.as_str())
            .env("ENTRA_URL", self.simulators.entra.as_str());
        let done = command.output().await.context("cannot run cosell")?;
        let problem = String::from_utf8_lossy(&done.stderr);
        let printed = String::from_utf8_lossy(&done.stdout);
        ensure!(
            done.status.success(),
            "`cosell {}` failed: {printed}{problem}",
            arguments.join(" ")
        );
        Ok(printed.into_owned())
    }

    /// The CRM starts as its vendor ships it.
    async fn install_fields(&self) -> Result<()> {
        self.cosell(&["crm", "install"]).await?;
        self.cosell(&["crm", "check"]).await.map(drop)
    }

    async fn register_webhook(&self) -> Result<()> {
        let url = self.functions.output("WebhookLocalUrl")?;
        self.cosell(&["webhook", "register", "--url", url]).await.map(drop)
    }
}

async fn start_simulators(base: u16) -> Result<Simulators> {
    let mut config = Config { ports: Ports::in_a_row(base), ..Config::default() };
    config.dataverse.install_columns = false;
    config.salesforce.install_fields = false;
    // The story's deals are in several currencies.
    config.salesforce.multi_currency = true;
    let started = Simulators::start(config).await;
    started.context(
        "the simulators could not be started; choose other ports with COSELL_SIMULATORS_PORT_BASE",
    )
}

/// The same template as in the cloud: only these differ.
fn parameters(crm: CrmSystem, simulators: &Simulators) -> Vec<(&'static str, String)> {
    let certificates = simulators.certificates.origin().ascii_serialization();
    let mut parameters = vec![
        ("PartnerCenterUrl", simulators.partner_center.to_string()),
        ("PartnerCenterTenantId", "sim-partner-tenant".into()),
        ("PartnerCenterSecretValue", PARTNER_SECRET.into()),
        ("EntraUrl", simulators.entra.to_string()),
        ("Crm", crm.to_string()),
        ("ReferralLinkBase", format!("{}referrals", simulators.control)),
        ("CertificateOrigins", certificates),
        ("AiaHosts", simulators.certificates.host_str().unwrap_or_default().into()),
        ("TrustRootPem", simulators.partner_center_service.trust_root_pem().to_owned()),
        ("TeamPhone", TEAM_PHONE.into()),
        // The schedule's shortest rate is a minute; here the program that started the stack calls the poller instead.
        ("PollerState", "DISABLED".into()),
        ("OverlapSeconds", OVERLAP_SECONDS.to_string()),
    ];
    parameters.extend(match crm {
        CrmSystem::Dynamics => vec![
            ("DataverseUrl", simulators.dataverse.to_string()),
            ("DataverseTenantId", "sim-tenant".into()),
            ("CrmSecretValue", DYNAMICS_SECRET.into()),
        ],
        CrmSystem::Salesforce => vec![
            ("SalesforceUrl", simulators.salesforce.to_string()),
            ("SalesforceOnHoldStage", SALESFORCE_STAGES[0].into()),
            ("SalesforceActiveStage", SALESFORCE_STAGES[1].into()),
            ("CrmSecretValue", SALESFORCE_SECRET.into()),
        ],
    });
    parameters
}
