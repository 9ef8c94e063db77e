//! Checking and installing: the same way in every CRM.

use std::fmt::Display;
use std::time::Duration;

use async_trait::async_trait;
use cosell_sync::{Failure, FailureKind};

use super::Installation;
use super::described::Described;
use super::progress::Progress;
use super::tries::Tries;
use crate::finding::{Finding, State};
use crate::schema::Column;

/// A CRM as its installer sees it: the operations in which CRMs differ.
#[async_trait]
pub trait Site: Send + Sync {
    /// Everything that was looked at.
    type Survey: Send + Sync;
    /// What can be made.
    type Part: Copy + Send + Sync;
    /// What can go wrong.
    type Error: Into<Failure> + Display + Send + Sync;

    /// Looks at everything. Only reads.
    async fn survey(&self) -> Result<Self::Survey, Self::Error>;

    /// What is there against what is wanted.
    async fn findings(&self, survey: &Self::Survey) -> Result<Vec<Finding>, Self::Error>;

    /// What can be made now.
    fn missing(&self, survey: &Self::Survey) -> Vec<Missing<Self::Part>>;

    /// Whether nothing is left to make, beside the missing parts too.
    fn is_complete(&self, survey: &Self::Survey) -> bool {
        self.missing(survey).is_empty()
    }

    /// Makes what the parts need before them.
    async fn prepare(&self, _progress: &mut Progress) {}

    /// Makes a part: one try.
    async fn make(&self, part: Self::Part) -> Result<(), Self::Error>;

    /// Whether a part is there now.
    async fn is_there(&self, part: Self::Part) -> bool;

    /// Makes what comes after the parts. A refusal is noted in `progress`.
    async fn complete(
        &self,
        survey: &Self::Survey,
        progress: &mut Progress,
    ) -> Result<(), Self::Error>;

    /// As [`Self::survey`], once what was made has come to rest.
    async fn resurvey(&self) -> Result<Self::Survey, Self::Error> {
        self.survey().await
    }

    /// What an error means.
    fn kind(&self, error: &Self::Error) -> FailureKind;

    /// An error as a finding says it: what was being done, why not, and what to do about it.
    fn refusal(&self, error: &Self::Error) -> String {
        error.to_string()
    }

    /// Between two tries of a write.
    fn pause(&self) -> Duration;

    /// The table of an entity.
    fn table(&self, entity: &str) -> Option<&'static str>;

    /// A table's columns; with where its lookups lead, if that is asked for.
    async fn describe(&self, table: &str, with_lookups: bool) -> Result<Described, Self::Error>;

    /// What stands in for a column that is not there.
    fn stands_in(&self, _column: &str) -> Option<Column> {
        None
    }

    /// Reads these columns of one record, as the sync does, where reading a definition does not
    /// show whether that may be done.
    async fn read_one(&self, _table: &str, _names: &[&str]) -> Result<(), Self::Error> {
        Ok(())
    }
}

/// Something that can be made.
#[derive(Clone, Debug)]
pub struct Missing<P> {
    /// Where it belongs.
    pub place: &'static str,
    /// What it is.
    pub what: &'static str,
    /// Its API name.
    pub name: String,
    /// Itself.
    pub part: P,
}

/// The installer on a site.
pub struct Installer<S>(pub S);

impl<S: Site> Installer<S> {
    async fn make_missing(&self, survey: &S::Survey, progress: &mut Progress) {
        self.0.prepare(progress).await;
        for Missing { place, what, name, part } in self.0.missing(survey) {
            if progress.is_over() {
                return;
            }
            match self.make(part).await {
                Ok(()) => progress.created(place, &name),
                Err(error) => {
                    let why = self.0.refusal(&error);
                    progress.refused(Finding::new(place, what, name, State::Refused { why }));
                }
            }
        }
    }

    /// Makes one part. Whatever the answer was, or was not: what is there afterwards counts.
    async fn make(&self, part: S::Part) -> Result<(), S::Error> {
        let mut tries = Tries::new(self.0.pause());
        loop {
            let Err(error) = self.0.make(part).await else { return Ok(()) };
            let again = tries.again(self.0.kind(&error)).await;
            if self.0.is_there(part).await {
                return Ok(());
            }
            if !again {
                return Err(error);
            }
        }
    }
}

#[async_trait]
impl<S: Site> Installation for Installer<S> {
    async fn check(&self) -> Result<Vec<Finding>, Failure> {
        let survey = self.0.survey().await.map_err(Into::into)?;
        self.0.findings(&survey).await.map_err(Into::into)
    }

    async fn install(&self) -> Result<Vec<Finding>, Failure> {
        let survey = self.0.survey().await.map_err(Into::into)?;
        if self.0.is_complete(&survey) {
            return self.0.findings(&survey).await.map_err(Into::into);
        }
        let mut progress = Progress::default();
        self.make_missing(&survey, &mut progress).await;
        self.0.complete(&survey, &mut progress).await.map_err(Into::into)?;
        let survey = self.0.resurvey().await.map_err(Into::into)?;
        Ok(progress.into_findings(self.0.findings(&survey).await.map_err(Into::into)?))
    }
}
