//! How much of the organisation's daily calls is used up (contract salesforce 3.11, 4.5).

use std::sync::atomic::{AtomicU64, Ordering};

/// From here on it is worth a warning: what is left serves everybody who calls this organisation.
const WARN_FROM: u64 = 90;

/// The share that the last answer named, percent.
#[derive(Default)]
pub(crate) struct Usage {
    percent: AtomicU64,
}

impl Usage {
    /// Reads `Sforce-Limit-Info: api-usage=18/15000; …` and warns once for each further percent
    /// from 90 on.
    pub(crate) fn note(&self, header: &str) {
        let Some((used, limit)) = read(header) else {
            return;
        };
        let percent = used.saturating_mul(100) / limit;
        let before = self.percent.swap(percent, Ordering::Relaxed);
        if percent >= WARN_FROM && percent > before {
            tracing::warn!(
                salesforce.calls = used,
                salesforce.limit = limit,
                "the organisation's API calls of the last 24 hours are nearly used up"
            );
        }
    }
}

fn read(header: &str) -> Option<(u64, u64)> {
    let usage = header.split(';').find_map(|clause| clause.trim().strip_prefix("api-usage="))?;
    let (used, limit) = usage.split_once('/')?;
    let (used, limit) = (used.trim().parse().ok()?, limit.trim().parse().ok()?);
    (limit > 0).then_some((used, limit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usage_is_read_with_and_without_further_clauses() {
        assert_eq!(read("api-usage=18/15000"), Some((18, 15_000)));
        assert_eq!(
            read("api-usage=25/5000; per-app-api-usage=17/250(appName=our-app)"),
            Some((25, 5000))
        );
        for other in ["", "per-app-api-usage=17/250", "api-usage=1/0", "api-usage=many"] {
            assert_eq!(read(other), None, "{other}");
        }
    }
}
