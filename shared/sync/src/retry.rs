//! When a reconciliation that failed is tried again.

use std::time::Duration;

use crate::failure::{Failure, FailureKind};

/// The first retry comes soon, for races; later ones every ten minutes, for outages.
const FIRST: Duration = Duration::from_secs(5);
const LONGEST: Duration = Duration::from_mins(10);
/// The queue keeps a message back for 12 hours from when it was received, and no longer.
const QUEUE_HOLDS: Duration = Duration::from_hours(11);

/// How long a message waits that was received so often: longer with each time, and never sooner
/// than the service asked for.
pub(crate) fn after(failure: &Failure, receives: u32) -> Duration {
    let spread = FIRST.saturating_mul(3_u32.saturating_pow(receives.saturating_sub(1)));
    let asked = match failure.kind {
        FailureKind::Throttled { retry_after } | FailureKind::Postponed { retry_after } => {
            retry_after
        }
        _ => Duration::ZERO,
    };
    spread.min(LONGEST).max(asked).min(QUEUE_HOLDS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::System;

    fn seconds(kind: FailureKind, receives: u32) -> u64 {
        after(&Failure::new(System::Crm, kind, "test"), receives).as_secs()
    }

    #[test]
    fn retries_spread_from_seconds_to_ten_minutes() {
        let waits = [0, 1, 2, 3, 4, 5, 6, 300].map(|n| seconds(FailureKind::Transient, n));
        assert_eq!(waits, [5, 5, 15, 45, 135, 405, 600, 600]);
    }

    #[test]
    fn what_a_service_asks_for_counts_as_long_as_the_queue_can_wait() {
        let throttled =
            |seconds| FailureKind::Throttled { retry_after: Duration::from_secs(seconds) };
        assert_eq!(seconds(throttled(2), 3), 45);
        assert_eq!(seconds(throttled(1_800), 1), 1_800);
        assert_eq!(seconds(throttled(1_000_000), 1), 39_600);
    }
}
