//! The co-sell columns and alternate keys in Dataverse: whether they are there, and making them
//! (contract dynamics365 5).

mod comparison;
mod definition;
mod home;
mod table;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use cosell_crm::finding::{Finding, State};
use cosell_crm::installation::{
    Described, Installation, Installer, Missing, Progress, Site, Tries,
};
use cosell_http::Clock;
use cosell_sync::FailureKind;
use secrecy::SecretString;

use crate::credentials::CredentialStore;
use crate::error::DynamicsError;
use crate::settings::Settings;
use crate::token::SignIn;
use crate::web_api::{Answer, Call, Customisation, WebApi};
use comparison::{Part, SurveyedTable};
use home::SOLUTION;
use table::{Found, TABLES, Table};

/// Between two tries of a write, and two looks at a key: definitions are written one at a time in
/// the whole environment, and a new one may be invisible for some seconds (contract dynamics365
/// 5.2, 5.3).
pub const PAUSE: Duration = Duration::from_secs(3);
/// Looks at a key whose index is being built: a minute in all. Longer than that it is reported, and
/// the next check looks again.
const KEY_LOOKS: u32 = 20;

/// As whom to look and to make.
pub enum Access {
    /// As the application user.
    Application(Arc<dyn CredentialStore>),
    /// As whoever the access token belongs to.
    Token(SecretString),
}

/// The installer of one environment, with this pause between two tries, and between two looks at a
/// key.
pub fn installer(
    http: reqwest::Client,
    settings: &Settings,
    access: Access,
    clock: Clock,
    pause: Duration,
) -> Box<dyn Installation> {
    let sign_in = match access {
        Access::Token(token) => SignIn::given(token),
        Access::Application(credentials) => {
            SignIn::application(http.clone(), settings, credentials)
        }
    };
    Box::new(Installer(DynamicsInstallation {
        api: WebApi::new(http, settings, sign_in, clock),
        prefix: settings.publisher_prefix.clone(),
        pause,
    }))
}

/// One environment.
struct DynamicsInstallation {
    api: WebApi,
    prefix: String,
    pause: Duration,
}

impl DynamicsInstallation {
    /// Reads the columns of one row, as the sync does: a role may allow the definition and not the
    /// data.
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

    /// Columns are published by being made; this makes forms and views offer them (contract
    /// dynamics365 5.5).
    async fn publish(&self) -> Result<(), DynamicsError> {
        let url = self.api.url("PublishXml", &[]);
        let call =
            Call::post(url, definition::publication(&TABLES), "publishing the customisations");
        let mut tries = Tries::new(self.pause);
        loop {
            let Err(error) = self.api.send(&call).await.and_then(Answer::accepted) else {
                return Ok(());
            };
            if !tries.again(error.kind()).await {
                return Err(error);
            }
        }
    }

    fn refused(&self, what: &str, name: &str, error: &DynamicsError) -> Finding {
        let why = self.refusal(error);
        Finding::new("the environment", what, name, State::Refused { why })
    }
}

#[async_trait]
impl Site for DynamicsInstallation {
    type Survey = Vec<SurveyedTable>;
    type Part = (Table, Part);
    type Error = DynamicsError;

    async fn survey(&self) -> Result<Vec<SurveyedTable>, DynamicsError> {
        let mut tables = Vec::new();
        for table in TABLES {
            let found = Found::read(&self.api, table).await?;
            tables.push(SurveyedTable { table, prefix: self.prefix.clone(), found });
        }
        Ok(tables)
    }

    /// Whether the columns can be read with the data is asked last.
    async fn findings(&self, tables: &Vec<SurveyedTable>) -> Result<Vec<Finding>, DynamicsError> {
        let mut findings = Vec::new();
        for surveyed in tables {
            findings.extend(surveyed.findings());
            findings.extend(self.reading(surveyed).await?);
        }
        Ok(findings)
    }

    fn missing(&self, tables: &Vec<SurveyedTable>) -> Vec<Missing<(Table, Part)>> {
        tables.iter().flat_map(SurveyedTable::missing).collect()
    }

    async fn prepare(&self, progress: &mut Progress) {
        match self.ready_home().await {
            Ok(None) => {}
            Ok(Some(finding)) => progress.refused(finding),
            Err(error) => {
                progress.refused(self.refused("Publisher and solution", SOLUTION, &error));
            }
        }
    }

    async fn make(&self, (table, part): (Table, Part)) -> Result<(), DynamicsError> {
        let (collection, body) = part.definition(&self.prefix);
        let url = self.api.url(&format!("{}/{collection}", table.definition()), &[]);
        let doing = format!("creating {} on table {}", part.name(&self.prefix), table.name);
        let call = Call::post(url, body, doing).customisation(Customisation::In(SOLUTION));
        self.api.send(&call).await.and_then(Answer::accepted).map(drop)
    }

    async fn is_there(&self, (table, part): (Table, Part)) -> bool {
        let found = Found::read(&self.api, table).await;
        found.is_ok_and(|found| part.is_in(&found, &self.prefix))
    }

    async fn complete(
        &self,
        _: &Vec<SurveyedTable>,
        progress: &mut Progress,
    ) -> Result<(), DynamicsError> {
        if progress.has_created()
            && let Err(error) = self.publish().await
        {
            progress.refused(self.refused("Publishing", "PublishXml", &error));
        }
        Ok(())
    }

    /// Looks again until no key's index is being built any more, or patience ends.
    async fn resurvey(&self) -> Result<Vec<SurveyedTable>, DynamicsError> {
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

    fn kind(&self, error: &DynamicsError) -> FailureKind {
        error.kind()
    }

    fn refusal(&self, error: &DynamicsError) -> String {
        match error {
            DynamicsError::Refused(refused)
                if refused.code.as_deref() == Some(home::OUTSIDE_RANGE) =>
            {
                format!(
                    "{error}: its values are outside of the publisher's range; give the publisher \
                     with the prefix {} the choice value prefix {}, or set PUBLISHER_PREFIX to one \
                     that no publisher has",
                    self.prefix,
                    crate::fields::OPTION_PREFIX
                )
            }
            DynamicsError::Refused(refused) if refused.kind == FailureKind::Credentials => {
                format!(
                    "{error}; or install as an administrator, whose access token goes into \
                     CRM_ACCESS_TOKEN"
                )
            }
            _ => error.to_string(),
        }
    }

    fn pause(&self) -> Duration {
        self.pause
    }

    fn table(&self, entity: &str) -> Option<&'static str> {
        TABLES.iter().map(|table| table.name).find(|name| *name == entity)
    }

    async fn describe(&self, table: &str, with_lookups: bool) -> Result<Described, DynamicsError> {
        let lookups =
            if with_lookups { table::lookups(&self.api, table).await? } else { BTreeMap::new() };
        let found = Found::columns_of(&self.api, table).await?;
        let columns = found.columns.iter().map(|(name, column)| (name.clone(), column.described()));
        Ok(Described { columns: columns.collect(), lookups, any_case: false })
    }

    /// A role may allow the definitions and not the data.
    async fn read_one(&self, table: &str, names: &[&str]) -> Result<(), DynamicsError> {
        let Some(table) = TABLES.iter().find(|known| known.name == table) else { return Ok(()) };
        let mut plain = Vec::new();
        let mut related: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for name in names {
            match name.split_once('/') {
                None => plain.push(*name),
                Some((lookup, column)) => related.entry(lookup).or_default().push(column),
            }
        }
        let expand = related
            .iter()
            .map(|(lookup, columns)| format!("{lookup}($select={})", columns.join(",")));
        let (select, expand) = (plain.join(","), expand.collect::<Vec<_>>().join(","));
        let query = [("$select", select.as_str()), ("$expand", expand.as_str()), ("$top", "1")];
        let query: Vec<(&str, &str)> =
            query.into_iter().filter(|(_, value)| !value.is_empty()).collect();
        let doing = format!("reading the mapped columns of table {}", table.name);
        let call = Call::get(self.api.url(table.set, &query), doing);
        self.api.send(&call).await.and_then(Answer::accepted).map(drop)
    }
}
