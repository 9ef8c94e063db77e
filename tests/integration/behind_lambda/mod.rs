//! A real function binary behind a simulated Lambda Runtime API.

mod consumer;
mod webhook;

use std::fs::File;
use std::process::Stdio;
use std::time::Duration;

use cosell_tests::workspace;
use lambda_simulator::Simulator;
use serde_json::Value as Json;
use tokio::process::{Child, Command};

/// Nothing listens there: whoever is sent to it gets its connection refused.
const NOWHERE: &str = "http://127.0.0.1:9";

/// The consumer's in the template; the simulator's own 3 s leave a batch no time to start.
const DEADLINE: Duration = Duration::from_mins(2);

/// A running function.
struct Function {
    lambda: Simulator,
    // Kept for its drop, which ends the process.
    _process: Child,
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
        Self {
            lambda,
            _process: process,
            log,
        }
    }

    /// Invokes it and returns its answer.
    async fn invoke(&self, payload: Json) -> Json {
        let id = self.lambda.enqueue_payload(payload).await;
        let done = self.lambda.wait_for_invocation_complete(&id, Duration::from_mins(1)).await;
        let done = done.unwrap_or_else(|error| panic!("{error}; its log:\n{}", self.log()));
        done.response
            .unwrap_or_else(|| panic!("the function failed: {:?}; its log:\n{}", done.error, self.log()))
            .payload
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
