//! The deployed functions: the template's outputs, and calling the poller as its schedule does.

use anyhow::{Context, Result, ensure};
use serde_json::Value as Json;
use tokio::process::Command;

use crate::ministack::MiniStack;
use crate::workspace;

/// What the template put where.
#[derive(Clone, Debug)]
pub struct Functions {
    outputs: Json,
    aws: String,
    http: reqwest::Client,
}

impl Functions {
    /// Deploys `infra/template.yaml` with the native binaries. `parameters` are the template's.
    pub async fn deploy(
        ministack: &MiniStack,
        stack: &str,
        parameters: &[(&str, String)],
    ) -> Result<Self> {
        let root = workspace::root();
        let mut command = Command::new(workspace::python()?);
        command.arg("-B").arg(root.join("infra/local/deploy.py")).args(["--stack", stack]);
        command
            .arg("--template")
            .arg(root.join("infra/template.yaml"))
            .arg("--bin-dir")
            .arg(workspace::binaries()?);
        for (name, value) in parameters {
            command.arg("--parameter").arg(format!("{name}={value}"));
        }
        let output =
            command.envs(ministack.environment()).output().await.context("cannot run deploy.py")?;
        let log = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "the template could not be deployed:\n{log}");
        let outputs = serde_json::from_slice(&output.stdout)
            .context("deploy.py did not print the outputs")?;
        Ok(Self { outputs, aws: ministack.url(), http: cosell_http::client()? })
    }

    /// One of the template's outputs.
    pub fn output(&self, name: &str) -> Result<&str> {
        self.outputs[name].as_str().with_context(|| format!("the stack has no output {name}"))
    }

    /// Runs the poller once, as the schedule would, and returns its answer.
    pub async fn poll(&self) -> Result<Json> {
        let name = self.output("PollerFunctionName")?;
        let url = format!("{}/2015-03-31/functions/{name}/invocations", self.aws);
        let answer =
            self.http.post(url).body("{}").send().await.context("cannot call the poller")?;
        let failed = answer.headers().contains_key("x-amz-function-error");
        let status = answer.status();
        let body: Json = answer.json().await.context("the poller's answer is not JSON")?;
        ensure!(status.is_success() && !failed, "the poller failed ({status}): {body}");
        Ok(body)
    }
}
