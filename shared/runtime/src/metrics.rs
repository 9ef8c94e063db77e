//! Counts, as lines in CloudWatch's embedded metric format: CloudWatch reads them out of the log, nothing is called.

use std::io::{self, Write};
use std::sync::OnceLock;

use jiff::Timestamp;
use serde_json::{Map, Value as Json, json};

use crate::clock;

/// Two deployments in one account must not mix: `METRICS_NAMESPACE`, which the template sets to `CosellSync/STACK`.
fn namespace() -> &'static str {
    static NAMESPACE: OnceLock<String> = OnceLock::new();
    NAMESPACE.get_or_init(|| {
        std::env::var("METRICS_NAMESPACE").unwrap_or_else(|_| "CosellSync".to_owned())
    })
}

/// Counts `value` of `name` in the deployment's namespace, in all and by `dimensions`. Every distinct set of `dimensions` (name, value) is a metric that
/// costs money: use short fixed lists, never ids. At most 30, as CloudWatch allows.
pub fn count(name: &str, value: u64, dimensions: &[(&str, &str)]) {
    let line = line(name, value, dimensions, clock::now());
    // A closed standard output must not cost the message in work.
    let _ = writeln!(io::stdout().lock(), "{line}");
}

fn line(name: &str, value: u64, dimensions: &[(&str, &str)], at: Timestamp) -> Json {
    let names: Vec<&str> = dimensions.iter().map(|(dimension, _)| *dimension).collect();
    let sets = if names.is_empty() { vec![names] } else { vec![Vec::new(), names] };
    let mut line: Map<String, Json> = dimensions
        .iter()
        .map(|(dimension, value)| ((*dimension).to_owned(), json!(value)))
        .collect();
    line.insert(name.to_owned(), json!(value));
    let metrics = json!([{ "Namespace": namespace(), "Dimensions": sets, "Metrics": [{ "Name": name, "Unit": "Count" }] }]);
    line.insert(
        "_aws".to_owned(),
        json!({ "Timestamp": at.as_millisecond(), "CloudWatchMetrics": metrics }),
    );
    Json::Object(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_names_metric_and_dimensions_and_holds_their_values() {
        let at = Timestamp::from_millisecond(1_800_000_000_123).unwrap();
        let expected = json!({
            "_aws": {
                "Timestamp": 1_800_000_000_123_i64,
                "CloudWatchMetrics": [{
                    "Namespace": "CosellSync",
                    "Dimensions": [[], ["cause", "outcome"]],
                    "Metrics": [{ "Name": "Reconciled", "Unit": "Count" }],
                }],
            },
            "cause": "webhook",
            "outcome": "updated",
            "Reconciled": 1,
        });
        assert_eq!(
            line("Reconciled", 1, &[("cause", "webhook"), ("outcome", "updated")], at),
            expected
        );
    }
}
