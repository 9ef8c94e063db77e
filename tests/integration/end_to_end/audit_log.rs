//! A deal's audit log, as the operator's command shows it.

use std::time::{Duration, Instant};

use cosell_tests::LocalStack;
use serde_json::Value as Json;

/// How long a reconciliation may go on after its effect is seen.
const PATIENCE: Duration = Duration::from_mins(1);

/// The kinds of a deal's entries, once at least `count` are of this kind: an entry is written after the effect that it records.
pub(super) async fn kinds(
    stack: &LocalStack,
    opportunity: &str,
    kind: &str,
    count: usize,
) -> Vec<String> {
    let started = Instant::now();
    loop {
        let log = stack.cosell(&["audit", "--opportunity", opportunity, "--json"]).await.unwrap();
        let log: Vec<Json> = serde_json::from_str(&log).unwrap();
        let kinds: Vec<String> =
            log.iter().map(|entry| entry["kind"].as_str().unwrap().to_owned()).collect();
        if number(&kinds, kind) >= count {
            return kinds;
        }
        assert!(started.elapsed() < PATIENCE, "no {count} of {kind}: {log:#?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// How many are of this kind.
pub(super) fn number(kinds: &[String], kind: &str) -> usize {
    kinds.iter().filter(|known| *known == kind).count()
}
