//! Starting it all, in order: local AWS, simulators, template, webhook registration.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use cosell_simulators::{Config, Ports, Simulators};
use tokio::process::Command;

use crate::functions::Functions;
use crate::ministack::MiniStack;
use crate::people::People;
use crate::workspace;

/// The partner's identity in the simulators (their documented defaults).
const PARTNER_SECRET: &str =
    r#"{"client_id":"sim-partner-client","client_secret":"sim-partner-secret","refresh_token":"sim-partner-refresh-token"}"#;
const CRM_SECRET: &str = r#"{"client_id":"sim-dataverse-client","client_secret":"sim-dataverse-secret"}"#;
/// Short, so that the poller, which runs every second here, does not look at everything again and again.
const OVERLAP_SECONDS: u32 = 10;

/// Everything, running. Dropping it stops everything.
#[derive(Debug)]
pub struct LocalStack {
    /// Both simulated systems.
    pub simulators: Simulators,
    /// The deployed functions.
    pub functions: Functions,
    ministack: MiniStack,
}

impl LocalStack {
    /// Starts on the given ports: `aws` for MiniStack, seven from `simulators`; 0 takes free ones.
    pub async fn start(aws: u16, simulators: u16) -> Result<Self> {
        let (ministack, simulators) = tokio::try_join!(MiniStack::start(aws), start_simulators(simulators))?;
        let functions = Functions::deploy(&ministack, "cosell-sync", &parameters(&simulators)).await?;
        let stack = Self {
            simulators,
            functions,
            ministack,
        };
        stack.register_webhook().await?;
        Ok(stack)
    }

    /// Stands for the poller's schedule, whose shortest rate is a minute: runs it every `every`, for ever. A failing run is told and
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

    /// The people who use both systems.
    pub fn people(&self) -> Result<People> {
        People::new(self.simulators.control.clone())
    }

    /// MiniStack's address.
    pub fn aws(&self) -> String {
        self.ministack.url()
    }

    /// Runs the operator's command line against this stack and returns what it prints.
    pub async fn cosell(&self, arguments: &[&str]) -> Result<String> {
        let output = |name: &str| self.functions.output(name).map(str::to_owned);
        let mut command = Command::new(workspace::binary("cosell")?);
        command
            .args(arguments)
            .envs(self.ministack.environment())
            .env("LINKS_TABLE", output("LinksTableName")?)
            .env("AUDIT_TABLE", output("AuditTableName")?)
            .env("PARTNER_CENTER_SECRET_ARN", output("PartnerCenterSecretArn")?)
            .env("PARTNER_CENTER_TENANT_ID", "sim-partner-tenant")
            .env("PARTNER_CENTER_URL", self.simulators.partner_center.as_str())
            .env("REGISTRATION_URL", self.simulators.registration.as_str())
            .env("ENTRA_URL", self.simulators.entra.as_str());
        let done = command.output().await.context("cannot run cosell")?;
        let problem = String::from_utf8_lossy(&done.stderr);
        ensure!(done.status.success(), "`cosell {}` failed: {problem}", arguments.join(" "));
        Ok(String::from_utf8_lossy(&done.stdout).into_owned())
    }

    async fn register_webhook(&self) -> Result<()> {
        let url = self.functions.output("WebhookLocalUrl")?;
        self.cosell(&["webhook", "register", "--url", url]).await.map(drop)
    }
}

async fn start_simulators(base: u16) -> Result<Simulators> {
    let ports = Ports::in_a_row(base);
    let started = Simulators::start(Config {
        ports,
        ..Config::default()
    })
    .await;
    started.context("the simulators could not be started; choose other ports with COSELL_SIMULATORS_PORT_BASE")
}

/// The same template as in the cloud: only these differ.
fn parameters(simulators: &Simulators) -> Vec<(&'static str, String)> {
    let certificates = simulators.certificates.origin().ascii_serialization();
    vec![
        ("PartnerCenterUrl", simulators.partner_center.to_string()),
        ("PartnerCenterTenantId", "sim-partner-tenant".into()),
        ("PartnerCenterSecretValue", PARTNER_SECRET.into()),
        ("EntraUrl", simulators.entra.to_string()),
        ("DataverseUrl", simulators.dataverse.to_string()),
        ("DataverseTenantId", "sim-tenant".into()),
        ("CrmSecretValue", CRM_SECRET.into()),
        ("ReferralLinkBase", format!("{}referrals", simulators.control)),
        ("CertificateOrigins", certificates),
        ("AiaHosts", simulators.certificates.host_str().unwrap_or_default().into()),
        ("TrustRootPem", simulators.partner_center_service.trust_root_pem().to_owned()),
        ("TeamPhone", "+46700000002".into()),
        // The schedule's shortest rate is a minute; here the program that started the stack calls the poller instead.
        ("PollerState", "DISABLED".into()),
        ("OverlapSeconds", OVERLAP_SECONDS.to_string()),
    ]
}
