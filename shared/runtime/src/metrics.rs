//! Counts, as lines in CloudWatch's embedded metric format: CloudWatch reads them out of the log, nothing is called.

use std::io::{self, Write};

use jiff::Timestamp;
use serde_json::{Map, Value as Json, json};

use crate::clock;

const NAMESPACE: &str = "CosellSync";

/// Counts `value` of `name` in the namespace `CosellSync`. Every distinct set of `dimensions` (name, value) is a metric that
/// costs money: use short fixed lists, never ids. At most 30, as CloudWatch allows.
pub fn count(name: &str, value: u64, dimensions: &[(&str, &str)]) {
    let line = line(name, value, dimensions, clock::now());
    // A closed standard output must not cost the message in work.
    let _ = writeln!(io::stdout().lock(), "{line}");
}

fn line(name: &str, value: u64, dimensions: &[(&str, &str)], at: Timestamp) -> Json {
    let names: Vec<&str> = dimensions.iter().map(|(dimension, _)| *dimension).collect();
    let mut line: Map<String, Json> = dimensions
        .iter()
        .map(|(dimension, value)| ((*dimension).to_owned(), json!(value)))
        .collect();
    line.insert(name.to_owned(), json!(value));
    let metrics = json!([{ "Namespace": NAMESPACE, "Dimensions": [names], "Metrics": [{ "Name": name, "Unit": "Count" }] }]);
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
                    "Dimensions": [["cause", "outcome"]],
                    "Metrics": [{ "Name": "Reconciled", "Unit": "Count" }],
                }],
            },
            "cause": "webhook",
            "outcome": "updated",
            "Reconciled": 1,
        });
        assert_eq!(line("Reconciled", 1, &[("cause", "webhook"), ("outcome", "updated")], at), expected);
    }
}
