//! Another run of the deal saved its link while this one wrote. What this one stored is kept
//! nevertheless: else an edit that takes it back would look as if nothing had ever been written.

use cosell_model::link::Link;

use crate::decide::case::Case;
use crate::decide::link_after;
use crate::decide::progress::Progress;
use crate::failure::{Failure, FailureKind};
use crate::plan::Plan;
use crate::reconciliation::Reconciliation;

impl Reconciliation<'_> {
    /// Saves the link of a plan. Where another run was faster, that stays a failure, and what was
    /// stored is kept on the link as it is now.
    pub(super) async fn save(
        &self,
        case: &Case<'_>,
        plan: &Plan,
        progress: &Progress,
        link: Link,
    ) -> Result<(), Failure> {
        let links = &self.engine.links;
        let link = link_after::stamped(link, progress, case.now);
        let Err(failure) = links.save(&link).await else { return Ok(()) };
        if failure.kind == FailureKind::Stale
            && let Ok(known) = links.by_referral(link.referral).await
            && let Some(now) = known.link()
            && let Some(kept) = link_after::with_stored(plan, progress, &link, &now)
            && let Err(error) = links.save(&Link { updated: case.now, ..kept }).await
        {
            tracing::warn!(
                referral.id = %link.referral,
                error = error.redacted(),
                "what was written could not be kept; the write-ahead entry stands"
            );
        }
        Err(failure)
    }
}
