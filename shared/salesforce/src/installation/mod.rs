//! The co-sell fields and permission sets in Salesforce: whether they are there, and making them
//! (contract salesforce 5). For the command line only.
//!
//! Read are describe, and the Tooling API's definitions of what describe does not show. What is
//! missing is created one by one, and the sync's permission set is assigned to the signed-in user
//! where that user cannot write the fields. Nothing is changed or deleted.

mod comparison;
mod definition;
mod described;
mod found;
mod permission;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use cosell_crm::field::CosellField;
use cosell_crm::finding::{Finding, State};
use cosell_crm::installation::{Described, Installation, Installer, Missing, Progress, Site};
use cosell_crm::schema::{Column, Holds};
use cosell_sync::{Failure, FailureKind, System};
use reqwest::Method;
use secrecy::SecretString;
use serde_json::Value as Json;

use crate::credentials::{CredentialStore, Credentials};
use crate::dialect::CURRENCY;
use crate::error::SalesforceError;
use crate::fields::OBJECTS;
use crate::rest_api::{Answer, Call, RestApi};
use crate::session::{Clock, SignIn};
use crate::settings::Settings;
use found::FoundObject;
use permission::{FoundSet, SETS};

/// Between two tries of a write.
pub const PAUSE: Duration = Duration::from_secs(3);

/// The installer of one organisation, with this pause between two tries.
pub fn installer(
    http: reqwest::Client,
    settings: Settings,
    credentials: Arc<dyn CredentialStore>,
    clock: Clock,
    pause: Duration,
) -> Box<dyn Installation> {
    let sign_in = SignIn { http: http.clone(), settings, credentials, clock };
    Box::new(Installer(SalesforceInstallation { api: RestApi::new(http, sign_in), pause }))
}

/// One organisation.
struct SalesforceInstallation {
    api: RestApi,
    pause: Duration,
}

/// An access token of somebody who may customise the organisation, as credentials. It cannot be
/// renewed: who asks for another one was answered 401.
pub struct GivenToken {
    token: SecretString,
    is_used: AtomicBool,
}

/// Everything that was looked at.
struct Survey {
    objects: Vec<FoundObject>,
    /// `None` when the signed-in user may not see permission sets.
    sets: Option<Vec<FoundSet>>,
}

impl GivenToken {
    /// For [`installer`].
    pub fn new(token: SecretString) -> Self {
        Self { token, is_used: AtomicBool::new(false) }
    }
}

#[async_trait]
impl CredentialStore for GivenToken {
    async fn load(&self) -> Result<Credentials, Failure> {
        if self.is_used.swap(true, Ordering::SeqCst) {
            let text = "Salesforce does not accept the access token that was given: it has \
                        expired, or is for another organisation; get a new one";
            return Err(Failure::new(System::Crm, FailureKind::Credentials, text));
        }
        Ok(Credentials::AccessToken(self.token.clone()))
    }
}

impl Survey {
    fn findings(&self) -> Vec<Finding> {
        let fields = self.objects.iter().flat_map(FoundObject::findings);
        let sets = self.sets.iter().flatten().map(FoundSet::finding);
        fields.chain(sets).collect()
    }

    /// Whether installing would find nothing to make.
    fn is_complete(&self) -> bool {
        let fields =
            self.objects.iter().all(|object| object.missing().is_empty() && object.is_writable());
        fields && self.sets.iter().flatten().all(FoundSet::is_complete)
    }
}

impl SalesforceInstallation {
    async fn found_sets(&self) -> Result<Vec<FoundSet>, SalesforceError> {
        let mut sets = Vec::new();
        for set in SETS {
            sets.push(FoundSet::read(&self.api, set).await?);
        }
        Ok(sets)
    }

    async fn described(&self, object: &str) -> Result<Vec<Json>, SalesforceError> {
        let call = Call::get(
            format!("sobjects/{object}/describe"),
            format!("reading the fields of {object}"),
        );
        let answer = self.api.send(&call).await?.accepted()?;
        let fields = answer.body["fields"].as_array().cloned();
        fields.ok_or_else(|| answer.lacks("a list of fields"))
    }
}

/// Whether asking again would be answered alike.
fn is_lasting(error: &SalesforceError) -> bool {
    matches!(
        error,
        SalesforceError::Refused(refused)
            if matches!(refused.kind, FailureKind::Rejected | FailureKind::Credentials)
    )
}

fn is_right_missing(code: Option<&str>) -> bool {
    code.is_some_and(|code| code.starts_with("INSUFFICIENT_ACCESS"))
}

fn refused(place: &str, what: &str, name: &str, error: &SalesforceError) -> Finding {
    Finding::new(place, what, name, State::Refused { why: refusal(error) })
}

fn refusal(error: &SalesforceError) -> String {
    match error {
        SalesforceError::Refused(refused) if is_right_missing(refused.code.as_deref()) => format!(
            "{}: the signed-in user may not do this; it needs the permission \"Customize \
             Application\". Install as an administrator, whose access token goes into \
             CRM_ACCESS_TOKEN",
            refused.doing
        ),
        SalesforceError::Refused(refused) => match &refused.code {
            Some(code) => format!("{error} ({code})"),
            None => error.to_string(),
        },
        _ => error.to_string(),
    }
}

#[async_trait]
impl Site for SalesforceInstallation {
    type Survey = Survey;
    type Part = (&'static str, &'static CosellField);
    type Error = SalesforceError;

    async fn survey(&self) -> Result<Survey, SalesforceError> {
        let mut objects = Vec::new();
        for object in OBJECTS {
            objects.push(FoundObject::read(&self.api, object).await?);
        }
        let sets = match self.found_sets().await {
            Ok(sets) => Some(sets),
            Err(error) if is_lasting(&error) => None,
            Err(error) => return Err(error),
        };
        Ok(Survey { objects, sets })
    }

    async fn findings(&self, survey: &Survey) -> Result<Vec<Finding>, SalesforceError> {
        Ok(survey.findings())
    }

    fn missing(&self, survey: &Survey) -> Vec<Missing<Self::Part>> {
        let missing = survey.objects.iter().flat_map(|found| {
            found.missing().into_iter().map(|field| Missing {
                place: found.object,
                what: field.label,
                name: field.name.to_owned(),
                part: (found.object, field),
            })
        });
        missing.collect()
    }

    fn is_complete(&self, survey: &Survey) -> bool {
        survey.is_complete()
    }

    async fn make(
        &self,
        (object, field): (&'static str, &'static CosellField),
    ) -> Result<(), SalesforceError> {
        let doing = format!("creating field {} on {object}", field.name);
        let call = Call::new(Method::POST, "tooling/sobjects/CustomField", doing)
            .body(definition::custom_field(object, field))
            .once(true);
        self.api.send(&call).await.and_then(Answer::accepted).map(drop)
    }

    async fn is_there(&self, (object, field): (&'static str, &'static CosellField)) -> bool {
        let defined = found::definitions(&self.api, object).await;
        defined.is_ok_and(|defined| defined.contains_key(field.name))
    }

    /// Rights come after the fields. What this user sees then shows whether the permission set
    /// reaches it.
    async fn complete(
        &self,
        survey: &Survey,
        progress: &mut Progress,
    ) -> Result<(), SalesforceError> {
        if progress.is_over() {
            return Ok(());
        }
        self.grant_missing(progress).await?;
        if progress.is_over() {
            return Ok(());
        }
        let mut is_writable = true;
        for object in &survey.objects {
            is_writable &= FoundObject::read(&self.api, object.object).await?.is_writable();
        }
        if !is_writable && let Err(error) = self.assign().await {
            let (what, name) = ("Assignment to the signed-in user", "PermissionSetAssignment");
            progress.refused(refused(SETS[0].name, what, name, &error));
        }
        Ok(())
    }

    fn kind(&self, error: &SalesforceError) -> FailureKind {
        error.kind()
    }

    fn refusal(&self, error: &SalesforceError) -> String {
        refusal(error)
    }

    fn pause(&self) -> Duration {
        self.pause
    }

    fn table(&self, entity: &str) -> Option<&'static str> {
        OBJECTS.into_iter().find(|object| object.eq_ignore_ascii_case(entity))
    }

    async fn describe(&self, object: &str, _: bool) -> Result<Described, SalesforceError> {
        Ok(described::read(&self.described(object).await?))
    }

    /// An organisation with one currency has no such field, and `SALESFORCE_CURRENCY` stands for it
    /// (contract salesforce 2.1).
    fn stands_in(&self, field: &str) -> Option<Column> {
        (field == CURRENCY).then(|| Column {
            holds: Holds::Text,
            type_name: "setting".to_owned(),
            length: None,
            choices: None,
            creatable: None,
            updatable: None,
        })
    }
}
