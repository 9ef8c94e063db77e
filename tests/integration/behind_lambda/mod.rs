//! A real function binary behind a simulated Lambda Runtime API.

mod adoption;
mod aws;
mod batch;
mod consumer;
mod crash;
mod failures;
mod leads;
mod operator;
mod races;
mod throttling;
mod trial;
mod webhook;
mod world;

use std::fs::File;
use std::process::Stdio;
use std::time::Duration;

use cosell_simulators::Simulators;
use cosell_tests::crm::CrmSystem;
use cosell_tests::workspace;
use lambda_simulator::{InvocationState, Simulator, SimulatorPhase};
use serde_json::Value as Json;
use tokio::process::{Child, Command};

/// Nothing listens there: whoever is sent to it gets its connection refused.
const NOWHERE: &str = "http://127.0.0.1:9";

/// The consumer's in the template; the simulator's own 3 s leave a batch no time to start.
const DEADLINE: Duration = Duration::from_mins(2);

/// The settings that everything which runs the engine reads: both simulated systems, and DynamoDB
/// at `endpoint`.
async fn settings(
    crm: CrmSystem,
    simulators: &Simulators,
    endpoint: String,
) -> Vec<(&'static str, String)> {
    vec![
        ("CRM", crm.to_string()),
        ("SALESFORCE_URL", simulators.salesforce.to_string()),
        ("SALESFORCE_ON_HOLD_STAGE", "Prospecting".into()),
        ("AWS_ENDPOINT_URL_DYNAMODB", endpoint),
        ("AWS_ENDPOINT_URL_SECRETS_MANAGER", aws::secrets().await),
        ("LINKS_TABLE", "links".into()),
        ("AUDIT_TABLE", "audit".into()),
        ("PARTNER_CENTER_URL", simulators.partner_center.to_string()),
        ("PARTNER_CENTER_TENANT_ID", "sim-partner-tenant".into()),
        ("PARTNER_CENTER_SECRET_ARN", "partner-center".into()),
        ("ENTRA_URL", simulators.entra.to_string()),
        ("DATAVERSE_URL", simulators.dataverse.to_string()),
        ("DATAVERSE_TENANT_ID", "sim-tenant".into()),
        ("CRM_SECRET_ARN", crm.to_string()),
        ("TEAM_PHONE", "+46700000002".into()),
    ]
}

/// A running function.
struct Function {
    lambda: Simulator,
    // Its drop ends the process.
    process: Child,
    log: std::path::PathBuf,
}

impl Function {
    /// Starts `name` from the workspace's binaries with nothing but these variables.
    async fn start(name: &str, variables: &[(&str, String)]) -> Self {
        let lambda = Simulator::builder()
            .function_name(name)
            .invocation_timeout(DEADLINE)
            .build()
            .await
            .unwrap();
        let log = std::env::temp_dir().join(format!("cosell-{name}-{}.log", uuid::Uuid::new_v4()));
        let file = File::create(&log).unwrap();
        let mut command = Command::new(workspace::binary(name).unwrap());
        command
            .env_clear()
            .envs(lambda.lambda_env_vars())
            // Dummy keys and no metadata service: nothing can reach a real account.
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("AWS_ENDPOINT_URL", NOWHERE)
            .envs(variables.iter().map(|(name, value)| (*name, value.as_str())))
            .stdout(file.try_clone().unwrap())
            .stderr(file)
            .stdin(Stdio::null())
            .kill_on_drop(true);
        let process = command.spawn().unwrap();
        Self { lambda, process, log }
    }

    /// Waits until it asks for its first event: from then on it asks nobody anything on its own
    /// account.
    async fn ready(self) -> Self {
        let ready =
            self.lambda.wait_for_phase(SimulatorPhase::Ready, Duration::from_secs(30)).await;
        ready.unwrap_or_else(|error| panic!("{error}; its log:\n{}", self.log()));
        self
    }

    /// Invokes it and returns its answer.
    async fn invoke(&self, payload: Json) -> Json {
        let invocation = self.begin(payload).await;
        self.answer(&invocation).await
    }

    /// Hands it an event; returns the invocation.
    async fn begin(&self, payload: Json) -> String {
        self.lambda.enqueue_payload(payload).await
    }

    /// Invokes it, and returns what it failed with.
    async fn fail(&self, payload: Json) -> String {
        let invocation = self.begin(payload).await;
        let done = self.end(&invocation).await;
        done.error
            .unwrap_or_else(|| panic!("the function succeeded; its log:\n{}", self.log()))
            .error_message
    }

    /// The answer to an event that it was handed.
    async fn answer(&self, invocation: &str) -> Json {
        let done = self.end(invocation).await;
        done.response
            .unwrap_or_else(|| {
                panic!("the function failed: {:?}; its log:\n{}", done.error, self.log())
            })
            .payload
    }

    async fn end(&self, invocation: &str) -> InvocationState {
        let done =
            self.lambda.wait_for_invocation_complete(invocation, Duration::from_mins(1)).await;
        done.unwrap_or_else(|error| panic!("{error}; its log:\n{}", self.log()))
    }

    /// Kills its process, as Lambda or the kernel would: no signal that it could act on.
    async fn kill(mut self) {
        self.process.kill().await.unwrap();
    }

    /// What it printed so far.
    fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Function {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.log);
    }
}
