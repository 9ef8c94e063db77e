//! Trying a write again.

use std::time::Duration;

use cosell_sync::FailureKind;

/// The tries of one write: three in all.
#[derive(Clone, Copy, Debug)]
pub struct Tries {
    pause: Duration,
    left: u32,
}

impl Tries {
    /// With this pause between two.
    pub fn new(pause: Duration) -> Self {
        Self { pause, left: 2 }
    }

    /// Whether to try again after a failure of this kind; waits until it is time.
    pub async fn again(&mut self, kind: FailureKind) -> bool {
        let pause = match kind {
            FailureKind::Transient | FailureKind::OutcomeUnknown => self.pause,
            FailureKind::Throttled { retry_after } => retry_after,
            _ => return false,
        };
        let Some(left) = self.left.checked_sub(1) else { return false };
        self.left = left;
        tokio::time::sleep(pause).await;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_may_pass_is_tried_three_times_and_what_will_not_once() {
        let mut tries = Tries::new(Duration::ZERO);
        let kinds = [FailureKind::Transient, FailureKind::OutcomeUnknown, FailureKind::Transient];
        let mut again = Vec::new();
        for kind in kinds {
            again.push(tries.again(kind).await);
        }
        assert_eq!(again, [true, true, false]);
        assert!(!Tries::new(Duration::ZERO).again(FailureKind::Rejected).await);
    }
}
