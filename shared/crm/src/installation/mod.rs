//! The co-sell fields in a customer's CRM: are they there, and making them. For the command line;
//! no function links it.

use async_trait::async_trait;
use cosell_sync::Failure;

use crate::finding::Finding;
use crate::schema::CrmSchema;

mod columns;
mod described;
mod progress;
mod run;
mod tries;

pub use described::Described;
pub use progress::Progress;
pub use run::{Installer, Missing, Site};
pub use tries::Tries;

/// One CRM's installer.
#[async_trait]
pub trait Installation: CrmSchema {
    /// Compares what is there with what is wanted. Only reads.
    async fn check(&self) -> Result<Vec<Finding>, Failure>;

    /// Creates what is missing, then compares. What is there is neither changed nor deleted; where
    /// everything is there, nothing is written. A write that fails becomes a finding and ends the
    /// writing: the next run goes on from there.
    async fn install(&self) -> Result<Vec<Finding>, Failure>;
}
