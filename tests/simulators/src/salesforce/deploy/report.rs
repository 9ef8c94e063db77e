//! What a deployment's polls tell: the `deployResult` that jsforce and the `sf` program read (its
//! shape is from memory, contract salesforce 5.5).

use serde_json::{Value, json};

use super::element::Fault;
use super::{Deployment, POLLS_UNTIL_DONE};
use crate::salesforce::organisation::Organisation;

/// What a component did to the organisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    Created,
    Changed,
    Unchanged,
}

/// One component and what came of it.
#[derive(Clone, Debug)]
pub(super) struct Component {
    kind: String,
    name: String,
    file: String,
    effect: Effect,
    pub(super) fault: Option<Fault>,
}

impl Component {
    pub(super) fn of(kind: &str, name: &str, file: &str) -> Self {
        Self {
            kind: kind.into(),
            name: name.into(),
            file: file.into(),
            effect: Effect::Unchanged,
            fault: None,
        }
    }

    /// The manifest counts as a component without a type.
    pub(super) fn package_xml(fault: Option<Fault>) -> Self {
        Self { fault, ..Self::of("", "package.xml", "package.xml") }
    }

    pub(super) fn failed(self, fault: Fault) -> Self {
        Self { fault: Some(fault), ..self }
    }

    pub(super) fn ended(self, ended: Result<Effect, Fault>) -> Self {
        match ended {
            Ok(effect) => Self { effect, ..self },
            Err(fault) => self.failed(fault),
        }
    }

    pub(super) fn is(&self, kind: &str, name: &str) -> bool {
        // The file of a standard object stands for the object when the manifest names it.
        let is_part = kind == "CustomObject"
            && self.name.split_once('.').is_some_and(|(object, _)| object == name);
        (self.kind == kind && self.name == name) || is_part
    }

    /// What the archive holds must be named in the manifest.
    pub(super) fn check_member(&mut self, members: &[(String, String)]) {
        let is_named = members.iter().any(|(kind, name)| self.is(kind, name));
        if self.fault.is_none() && !self.kind.is_empty() && !is_named {
            self.fault = Some("Not in package.xml".into());
        }
    }

    fn is_counted(&self) -> bool {
        !self.kind.is_empty()
    }

    fn to_json(&self, created_at: &str) -> Value {
        json!({
            "changed": self.effect != Effect::Unchanged,
            "columnNumber": null,
            "componentType": self.kind,
            "created": self.effect == Effect::Created,
            "createdDate": created_at,
            "deleted": false,
            "fileName": self.file,
            "fullName": self.name,
            "id": null,
            "lineNumber": null,
            "problem": self.fault,
            "problemType": self.fault.as_ref().map(|_| "Error"),
            "success": self.fault.is_none(),
            "warning": false,
        })
    }
}

/// The answer to the post and to a poll.
pub(super) fn answer(
    organisation: &Organisation,
    id: &str,
    deployment: &Deployment,
    with_details: bool,
) -> Value {
    let options = deployment.options;
    let is_done = deployment.polls >= POLLS_UNTIL_DONE;
    let failures: Vec<&Component> =
        deployment.components.iter().filter(|component| component.fault.is_some()).collect();
    let successes: Vec<&Component> =
        deployment.components.iter().filter(|component| component.fault.is_none()).collect();
    let count = |components: &[&Component]| {
        components.iter().filter(|component| component.is_counted()).count()
    };
    let success = is_done && failures.is_empty();
    let status = match (deployment.polls, is_done, success) {
        (0, ..) => "Pending",
        (_, false, _) => "InProgress",
        (_, _, true) => "Succeeded",
        _ if options.rollback_on_error => "Failed",
        _ => "SucceededPartial",
    };
    let started = crate::salesforce::cell::Cell::moment(deployment.started).to_json();
    let at = started.as_str().unwrap_or_default();
    let shown = |components: &[&Component]| {
        components.iter().map(|component| component.to_json(at)).collect::<Vec<_>>()
    };
    let mut result = json!({
        "id": id,
        "checkOnly": options.check_only,
        "ignoreWarnings": false,
        "rollbackOnError": options.rollback_on_error,
        "runTestsEnabled": false,
        "createdBy": organisation.api_user,
        "createdByName": "Co-sell Sync",
        "createdDate": at,
        "startDate": at,
        "lastModifiedDate": at,
        "completedDate": is_done.then_some(at),
        "done": is_done,
        "status": status,
        "success": success,
        "numberComponentErrors": if is_done { failures.len() } else { 0 },
        "numberComponentsDeployed": if is_done { count(&successes) } else { 0 },
        "numberComponentsTotal": count(&successes) + count(&failures),
        "numberTestErrors": 0,
        "numberTestsCompleted": 0,
        "numberTestsTotal": 0,
    });
    if with_details && is_done {
        result["details"] = json!({
            "componentFailures": shown(&failures), "componentSuccesses": shown(&successes),
            "runTestResult": {
                "numFailures": 0, "numTestsRun": 0, "totalTime": 0.0, "codeCoverage": [],
                "codeCoverageWarnings": [], "failures": [], "successes": [], "flowCoverage": [],
                "flowCoverageWarnings": []
            },
        });
    }
    json!({
        "id": id,
        "url": format!("{}/services/data/v67.0/metadata/deployRequest/{id}", organisation.origin),
        "deployOptions": {
            "checkOnly": options.check_only, "rollbackOnError": options.rollback_on_error
        },
        "deployResult": result,
    })
}
