//! The co-sell columns and alternate keys in Dataverse: whether they are there, and making them (contract dynamics365 5).

mod columns;
mod comparison;
mod definition;
mod home;
mod table;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use cosell_http::Clock;
use cosell_sync::installation::{Finding, Installation, Progress, State, TRIES, pause_after};
use cosell_sync::{Failure, FailureKind};
use secrecy::SecretString;

use crate::credentials::CredentialStore;
use crate::error::DynamicsError;
use crate::settings::Settings;
use crate::token::SignIn;
use crate::web_api::{Answer, Call, Customisation, WebApi};
use comparison::{Part, SurveyedTable};
use home::SOLUTION;
use table::{Found, TABLES, Table};

/// Between two tries of a write, and two looks at a key: definitions are written one at a time in the whole environment, and a
/// new one may be invisible for some seconds (contract dynamics365 5.2, 5.3).
const PAUSE: Duration = Duration::from_secs(3);
/// Looks at a key whose index is being built: a minute in all. Longer than that it is told, and the next check looks again.
const KEY_LOOKS: u32 = 20;

/// As whom to look and to make.
pub enum Access {
    /// As the application user.
    Application(Arc<dyn CredentialStore>),
    /// As whoever the access token belongs to.
    Token(SecretString),
}

/// The installer of one environment.
pub struct DynamicsInstallation {
    api: WebApi,
    prefix: String,
    pause: Duration,
}

impl DynamicsInstallation {
    /// `prefix` is the publisher's, without the underscore.
    pub fn new(
        http: reqwest::Client,
        settings: &Settings,
        access: Access,
        prefix: impl Into<String>,
        clock: Clock,
    ) -> Self {
        let sign_in = match access {
            Access::Token(token) => SignIn::given(token),
            Access::Application(credentials) => {
                SignIn::application(http.clone(), settings, credentials)
            }
        };
        Self {
            api: WebApi::new(http, settings, sign_in, clock),
            prefix: prefix.into(),
            pause: PAUSE,
        }
    }

    /// With another pause between two tries, and between two looks at a key.
    #[must_use]
    pub fn with_pause(self, pause: Duration) -> Self {
        Self { pause, ..self }
    }

    async fn survey(&self) -> Result<Vec<SurveyedTable>, DynamicsError> {
        let mut tables = Vec::new();
        for table in TABLES {
            let found = Found::read(&self.api, table).await?;
            tables.push(SurveyedTable { table, prefix: self.prefix.clone(), found });
        }
        Ok(tables)
    }

    /// All findings; whether the columns can be read with the data is asked last.
    async fn findings(&self, tables: &[SurveyedTable]) -> Result<Vec<Finding>, DynamicsError> {
        let mut findings = Vec::new();
        for surveyed in tables {
            findings.extend(surveyed.findings());
            findings.extend(self.reading(surveyed).await?);
        }
        Ok(findings)
    }

    /// Reads the columns of one row, as the sync does: a role may allow the definition and not the data.
    async fn reading(&self, surveyed: &SurveyedTable) -> Result<Option<Finding>, DynamicsError> {
        let columns = surveyed.present_columns();
        if columns.is_empty() {
            return Ok(None);
        }
        let table = surveyed.table;
        let query = [("$select", columns.join(",")), ("$top", "1".to_owned())];
        let query = query.each_ref().map(|(name, value)| (*name, value.as_str()));
        let call = Call::get(
            self.api.url(table.set, &query),
            format!("reading the co-sell columns of table {}", table.name),
        );
        let state = match self.api.send(&call).await.and_then(Answer::accepted) {
            Ok(_) => State::Right,
            Err(error)
                if matches!(error.kind(), FailureKind::Rejected | FailureKind::Credentials) =>
            {
                State::Refused { why: error.to_string() }
            }
            Err(error) => return Err(error),
        };
        Ok(Some(Finding::new(
            table.name,
            "Permission to read them, of the signed-in user",
            "",
            state,
        )))
    }

    async fn make_missing(&self, tables: &[SurveyedTable], progress: &mut Progress) {
        match self.ready_home().await {
            Ok(None) => {}
            Ok(Some(finding)) => progress.refused(finding),
            Err(error) => progress.refused(self.refused(
                "the environment",
                "Publisher and solution",
                SOLUTION,
                &error,
            )),
        }
        for surveyed in tables {
            for part in surveyed.missing() {
                if progress.is_over() {
                    return;
                }
                let (place, name) = (surveyed.table.name, part.name(&self.prefix));
                match self.make(surveyed.table, part).await {
                    Ok(()) => progress.created(place, &name),
                    Err(error) => {
                        progress.refused(self.refused(place, part.label(), &name, &error))
                    }
                }
            }
        }
    }

    /// Makes one column or key. Whatever the answer was, or was not: what is there afterwards counts.
    async fn make(&self, table: Table, part: Part) -> Result<(), DynamicsError> {
        let (collection, body) = part.definition(&self.prefix);
        let url = self.api.url(&format!("{}/{collection}", table.definition()), &[]);
        let doing = format!("creating {} on table {}", part.name(&self.prefix), table.name);
        let call = Call::post(url, body, doing).customisation(Customisation::In(SOLUTION));
        let mut tries = 0;
        loop {
            let Err(error) = self.api.send(&call).await.and_then(Answer::accepted) else {
                return Ok(());
            };
            tries += 1;
            let again = pause_after(error.kind(), self.pause).filter(|_| tries < TRIES);
            tokio::time::sleep(again.unwrap_or_default()).await;
            if part.is_in(&Found::read(&self.api, table).await?, &self.prefix) {
                return Ok(());
            }
            if again.is_none() {
                return Err(error);
            }
        }
    }

    /// Columns are published by being made; this makes forms and views offer them (contract dynamics365 5.5).
    async fn publish(&self) -> Result<(), DynamicsError> {
        let url = self.api.url("PublishXml", &[]);
        let call =
            Call::post(url, definition::publication(&TABLES), "publishing the customisations");
        let mut tries = 0;
        loop {
            let Err(error) = self.api.send(&call).await.and_then(Answer::accepted) else {
                return Ok(());
            };
            tries += 1;
            let Some(pause) = pause_after(error.kind(), self.pause).filter(|_| tries < TRIES)
            else {
                return Err(error);
            };
            tokio::time::sleep(pause).await;
        }
    }

    /// Looks again until no key's index is being built any more, or patience ends.
    async fn settled(&self) -> Result<Vec<SurveyedTable>, DynamicsError> {
        let mut tables = self.survey().await?;
        for _ in 1..KEY_LOOKS {
            if !tables.iter().any(SurveyedTable::is_indexing) {
                break;
            }
            tokio::time::sleep(self.pause).await;
            tables = self.survey().await?;
        }
        Ok(tables)
    }

    fn refused(&self, place: &str, what: &str, name: &str, error: &DynamicsError) -> Finding {
        let why = match error {
            DynamicsError::Refused(refused)
                if refused.code.as_deref() == Some(home::OUTSIDE_RANGE) =>
            {
                format!(
                    "{error}: its values are outside of the publisher's range; give the publisher with the prefix {} the choice value prefix {}, \
                 or set PUBLISHER_PREFIX to one that no publisher has",
                    self.prefix,
                    cosell_model::cosell_fields::OPTION_PREFIX
                )
            }
            DynamicsError::Refused(refused) if refused.kind == FailureKind::Credentials => {
                format!(
                    "{error}; or install as an administrator, whose access token goes into CRM_ACCESS_TOKEN"
                )
            }
            _ => error.to_string(),
        };
        Finding::new(place, what, name, State::Refused { why })
    }
}

#[async_trait]
impl Installation for DynamicsInstallation {
    async fn check(&self) -> Result<Vec<Finding>, Failure> {
        let tables = self.survey().await?;
        Ok(self.findings(&tables).await?)
    }

    async fn install(&self) -> Result<Vec<Finding>, Failure> {
        let tables = self.survey().await?;
        if tables.iter().all(|surveyed| surveyed.missing().is_empty()) {
            return Ok(self.findings(&tables).await?);
        }
        let mut progress = Progress::default();
        self.make_missing(&tables, &mut progress).await;
        if progress.has_created()
            && let Err(error) = self.publish().await
        {
            progress.refused(self.refused("the environment", "Publishing", "PublishXml", &error));
        }
        let tables = self.settled().await?;
        Ok(progress.told(self.findings(&tables).await?))
    }
}
