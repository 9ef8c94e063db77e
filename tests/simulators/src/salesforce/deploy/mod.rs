//! Deploying metadata by REST (contract salesforce 5.2 to 5.5): what `sf project deploy start`
//! sends.
//!
//! Custom fields become real; permission sets, layouts and list views are checked and remembered. A
//! deployment is decided when it is posted; polls tell of it as of one that runs.

mod archive;
mod element;
mod field;
mod layout;
mod list_view;
mod manifest;
mod package;
mod permission_set;
mod report;

use std::collections::{BTreeMap, HashMap};

use axum::http::{Method, StatusCode};
use serde::Deserialize;

use super::answer::{Answer, Call};
use super::ids::Ids;
use super::organisation::Organisation;
use super::refusal::{Outcome, Refusal};
use permission_set::PermissionSet;
use report::Component;

pub(crate) use report::Effect;

/// Polls that find a deployment still under way.
const POLLS_UNTIL_DONE: u32 = 2;

/// What was asked for besides the files. Options that change nothing here are read over.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct DeployOptions {
    check_only: bool,
    rollback_on_error: bool,
}

impl Default for DeployOptions {
    fn default() -> Self {
        Self { check_only: false, rollback_on_error: true }
    }
}

/// One deployment and what came of it.
#[derive(Debug)]
pub(crate) struct Deployment {
    options: DeployOptions,
    components: Vec<Component>,
    started: jiff::Timestamp,
    polls: u32,
}

/// What was deployed into the organisation.
#[derive(Debug, Default)]
pub(crate) struct Deployments {
    ids: Ids,
    jobs: HashMap<String, Deployment>,
    /// By API name.
    permission_sets: BTreeMap<String, PermissionSet>,
    /// Layouts and list views by type and full name; what they say.
    others: BTreeMap<(String, String), String>,
}

impl Organisation {
    /// `/metadata/…`.
    pub(crate) fn metadata_request(&mut self, call: &Call, rest: &[String]) -> Outcome<Answer> {
        match (&call.method, rest) {
            (&Method::POST, [name]) if name == "deployRequest" => self.start_deployment(call),
            (&Method::GET, [name, id]) if name == "deployRequest" => self.poll_deployment(call, id),
            (_, [name, ..]) if name == "deployRequest" => {
                Err(Refusal::not_simulated("This call on a deployment"))
            }
            _ => Err(Refusal::not_found()),
        }
    }

    fn start_deployment(&mut self, call: &Call) -> Outcome<Answer> {
        self.refuse_customising("metadata")?;
        let (options, archive) = archive::read(call)?;
        if archive.keys().filter(|path| path.ends_with("/package.xml")).count() > 1 {
            return Err(Refusal::not_simulated("An archive of several packages"));
        }
        let components = match package::read(&archive) {
            Ok(package) => self.deploy(&package, options),
            Err(fault) => vec![Component::package_xml(Some(fault))],
        };
        let id = self.deployments.ids.next("0Af");
        let deployment = Deployment { options, components, started: self.now(), polls: 0 };
        let body = report::answer(self, &id, &deployment, false);
        self.deployments.jobs.insert(id, deployment);
        Ok(Answer::json(StatusCode::CREATED, body))
    }

    fn poll_deployment(&mut self, call: &Call, id: &str) -> Outcome<Answer> {
        let id = super::ids::normal(id).ok_or_else(Refusal::not_found)?;
        let mut deployment = self.deployments.jobs.remove(&id).ok_or_else(Refusal::not_found)?;
        deployment.polls += 1;
        let with_details = call.parameter("includeDetails") == Some("true");
        let body = report::answer(self, &id, &deployment, with_details);
        self.deployments.jobs.insert(id, deployment);
        Ok(Answer::ok(body))
    }
}
