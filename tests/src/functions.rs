//! The deployed functions: the template's outputs, and calling the poller as its schedule does.

use anyhow::{Context, Result, ensure};
use serde_json::{Value as Json, json};
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

    /// How many messages the queue holds, those that the consumer is working on included.
    pub async fn queued(&self) -> Result<u64> {
        let names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"];
        let body = json!({ "QueueUrl": self.output("QueueUrl")?, "AttributeNames": names });
        let request =
            self.http.post(&self.aws).header("x-amz-target", "AmazonSQS.GetQueueAttributes");
        let request =
            request.header("content-type", "application/x-amz-json-1.0").body(body.to_string());
        let answer = request.send().await.context("cannot ask for the queue's length")?;
        let answer: Json = answer.json().await.context("the queue's length is not JSON")?;
        let mut queued = 0;
        for name in names {
            let number =
                answer["Attributes"][name].as_str().and_then(|number| number.parse::<u64>().ok());
            queued +=
                number.with_context(|| format!("the queue did not tell its {name}: {answer}"))?;
        }
        Ok(queued)
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
