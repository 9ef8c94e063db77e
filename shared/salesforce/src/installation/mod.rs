//! The co-sell fields and permission sets in Salesforce: whether they are there, and making them (contract salesforce 5). For the
//! command line only.
//!
//! Read are describe, and the Tooling API's definitions of what describe does not show. What is missing is created one by one, and the
//! sync's permission set is assigned to the signed-in user where that user cannot write the fields. Nothing is changed or deleted.

mod columns;
mod comparison;
mod definition;
mod found;
mod permission;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use cosell_model::cosell_fields::CosellField;
use cosell_sync::installation::{Finding, Installation, Progress, State, TRIES, pause_after};
use cosell_sync::{Failure, FailureKind, System};
use reqwest::Method;
use secrecy::SecretString;

use crate::credentials::{CredentialStore, Credentials};
use crate::error::SalesforceError;
use crate::rest_api::{Answer, Call, RestApi};
use crate::session::{Clock, SignIn};
use crate::settings::Settings;
use found::FoundObject;
use permission::{FoundSet, SETS};

/// Between two tries of a write.
const PAUSE: Duration = Duration::from_secs(3);

/// The installer of one organisation.
pub struct SalesforceInstallation {
    api: RestApi,
    pause: Duration,
}

/// An access token of somebody who may customise the organisation, as credentials. It cannot be renewed: who asks for another one
/// was answered 401.
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
    /// For [`SalesforceInstallation::new`].
    pub fn new(token: SecretString) -> Self {
        Self { token, is_used: AtomicBool::new(false) }
    }
}

#[async_trait]
impl CredentialStore for GivenToken {
    async fn load(&self) -> Result<Credentials, Failure> {
        if self.is_used.swap(true, Ordering::SeqCst) {
            let text = "Salesforce does not accept the access token that was given: it has expired, or is for another organisation; get a new one";
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
    /// `http` must neither follow redirects nor keep cookies, and should have a time-out.
    pub fn new(
        http: reqwest::Client,
        settings: Settings,
        credentials: Arc<dyn CredentialStore>,
        clock: Clock,
    ) -> Self {
        let sign_in = SignIn { http: http.clone(), settings, credentials, clock };
        Self { api: RestApi::new(http, sign_in), pause: PAUSE }
    }

    /// With another pause between two tries.
    #[must_use]
    pub fn with_pause(self, pause: Duration) -> Self {
        Self { pause, ..self }
    }

    async fn survey(&self) -> Result<Survey, SalesforceError> {
        let mut objects = Vec::new();
        for object in cosell_model::cosell_fields::OBJECTS {
            objects.push(FoundObject::read(&self.api, object).await?);
        }
        let sets = match self.found_sets().await {
            Ok(sets) => Some(sets),
            Err(error) if is_lasting(&error) => None,
            Err(error) => return Err(error),
        };
        Ok(Survey { objects, sets })
    }

    async fn found_sets(&self) -> Result<Vec<FoundSet>, SalesforceError> {
        let mut sets = Vec::new();
        for set in SETS {
            sets.push(FoundSet::read(&self.api, set).await?);
        }
        Ok(sets)
    }

    async fn make_missing(
        &self,
        survey: &Survey,
        progress: &mut Progress,
    ) -> Result<(), SalesforceError> {
        for object in &survey.objects {
            for field in object.missing() {
                if progress.is_over() {
                    return Ok(());
                }
                let name = field.salesforce.name;
                match self.make_field(object.object, field).await {
                    Ok(()) => progress.created(object.object, name),
                    Err(error) => {
                        progress.refused(refused(object.object, field.label, name, &error))
                    }
                }
            }
        }
        self.grant_missing(progress).await?;
        if progress.is_over() {
            return Ok(());
        }
        // What this user sees shows whether the permission set reaches it.
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

    /// Makes one field. Whatever the answer was, or was not: what is there afterwards counts.
    async fn make_field(
        &self,
        object: &'static str,
        field: &CosellField,
    ) -> Result<(), SalesforceError> {
        let doing = format!("creating field {} on {object}", field.salesforce.name);
        let call = Call::new(Method::POST, "tooling/sobjects/CustomField", doing)
            .body(definition::custom_field(object, field))
            .once(true);
        let mut tries = 0;
        loop {
            let Err(error) = self.api.send(&call).await.and_then(Answer::accepted) else {
                return Ok(());
            };
            tries += 1;
            let again = pause_after(error.kind(), self.pause).filter(|_| tries < TRIES);
            tokio::time::sleep(again.unwrap_or_default()).await;
            let defined = found::definitions(&self.api, object).await;
            if defined.is_ok_and(|defined| defined.contains_key(field.salesforce.name)) {
                return Ok(());
            }
            if again.is_none() {
                return Err(error);
            }
        }
    }
}

/// Whether asking again would be answered alike.
fn is_lasting(error: &SalesforceError) -> bool {
    matches!(error, SalesforceError::Refused(refused) if matches!(refused.kind, FailureKind::Rejected | FailureKind::Credentials))
}

fn is_right_missing(code: Option<&str>) -> bool {
    code.is_some_and(|code| code.starts_with("INSUFFICIENT_ACCESS"))
}

fn refused(place: &str, what: &str, name: &str, error: &SalesforceError) -> Finding {
    let why = match error {
        SalesforceError::Refused(refused) if is_right_missing(refused.code.as_deref()) => format!(
            "{}: the signed-in user may not do this; it needs the permission \"Customize Application\". Install as an administrator, whose \
             access token goes into CRM_ACCESS_TOKEN",
            refused.doing
        ),
        SalesforceError::Refused(refused) => match &refused.code {
            Some(code) => format!("{error} ({code})"),
            None => error.to_string(),
        },
        _ => error.to_string(),
    };
    Finding::new(place, what, name, State::Refused { why })
}

#[async_trait]
impl Installation for SalesforceInstallation {
    async fn check(&self) -> Result<Vec<Finding>, Failure> {
        Ok(self.survey().await?.findings())
    }

    async fn install(&self) -> Result<Vec<Finding>, Failure> {
        let survey = self.survey().await?;
        if survey.is_complete() {
            return Ok(survey.findings());
        }
        let mut progress = Progress::default();
        self.make_missing(&survey, &mut progress).await?;
        Ok(progress.reported(self.survey().await?.findings()))
    }
}
