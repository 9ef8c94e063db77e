//! Counts, as lines in CloudWatch's embedded metric format: CloudWatch reads them out of the log,
//! nothing is called.

use std::io::{self, Write};
use std::sync::OnceLock;

use jiff::Timestamp;
use serde_json::{Map, Value as Json, json};

use crate::clock;

/// Two deployments in one account must not mix: `METRICS_NAMESPACE`, which the template sets to
/// `CosellSync/STACK`.
fn namespace() -> &'static str {
    static NAMESPACE: OnceLock<String> = OnceLock::new();
    NAMESPACE.get_or_init(|| {
        std::env::var("METRICS_NAMESPACE").unwrap_or_else(|_| "CosellSync".to_owned())
    })
}

/// What is counted. The names are stable: alarms and people's dashboards know them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::IntoStaticStr, strum::EnumIter)]
pub enum Metric {
    /// A reconciliation that is done, by `outcome`.
    Reconciled,
    /// A reconciliation that failed and will be repeated, by `kind`.
    ReconcileFailed,
    /// Where a deal stood at the end of a reconciliation, by `state`.
    DealState,
    /// A warning or an error that nobody was notified of before, by `code`.
    Notice,
    /// A deal keeps changing back and forth and is left alone for a while.
    DealFlapping,
    /// One side of a deal is gone.
    DealDisconnected,
    /// A field changed on both sides, and its rule is to ask.
    ConflictAwaitingDecision,
    /// An invitation expires soon, and the seller was warned.
    DeadlineNear,
    /// A queue message that no version of ours wrote.
    Poison,
    /// A webhook delivery that was not accepted, by `fault`.
    DeliveryRefused,
    /// Messages that the poller put on the queue.
    Enqueued,
}

/// Counts `value` of `metric` in the deployment's namespace, in all and by `dimensions`. Every
/// distinct set of `dimensions` (name, value) is a metric that costs money: use short fixed lists,
/// never ids. At most 30, as CloudWatch allows.
pub fn count(metric: Metric, value: u64, dimensions: &[(&str, &str)]) {
    let line = line(metric, value, dimensions, clock::now());
    // A closed standard output must not cost the message in work.
    let _ = writeln!(io::stdout().lock(), "{line}");
}

fn line(metric: Metric, value: u64, dimensions: &[(&str, &str)], at: Timestamp) -> Json {
    let name: &str = metric.into();
    let names: Vec<&str> = dimensions.iter().map(|(dimension, _)| *dimension).collect();
    let sets = if names.is_empty() { vec![names] } else { vec![Vec::new(), names] };
    let mut line: Map<String, Json> = dimensions
        .iter()
        .map(|(dimension, value)| ((*dimension).to_owned(), json!(value)))
        .collect();
    line.insert(name.to_owned(), json!(value));
    let metrics = json!([
        {
            "Namespace": namespace(), "Dimensions": sets,
            "Metrics": [{ "Name": name, "Unit": "Count" }]
        }
    ]);
    line.insert(
        "_aws".to_owned(),
        json!({ "Timestamp": at.as_millisecond(), "CloudWatchMetrics": metrics }),
    );
    Json::Object(line)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use strum::IntoEnumIterator;

    use super::*;

    const TEMPLATE: &str = include_str!("../../../infra/template.yaml");
    const OPERATIONS: &str = include_str!("../../../OPERATIONS.md");
    const NAMESPACE: &str = "Namespace: !Sub CosellSync/";
    const NAME: &str = "MetricName: ";

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
            line(Metric::Reconciled, 1, &[("cause", "webhook"), ("outcome", "updated")], at),
            expected
        );
    }

    #[test]
    fn an_alarm_watches_a_metric_that_is_counted() {
        let lines: Vec<&str> = TEMPLATE.lines().map(str::trim).collect();
        let watched: BTreeSet<&str> = lines
            .windows(2)
            .filter(|pair| pair[0].starts_with(NAMESPACE))
            .filter_map(|pair| pair[1].strip_prefix(NAME))
            .collect();
        let of_ours = lines.iter().filter(|line| line.starts_with(NAMESPACE)).count();
        assert!(of_ours > 0 && watched.len() <= of_ours, "{watched:?}");
        let counted: BTreeSet<&str> = Metric::iter().map(Into::into).collect();
        assert_eq!(watched.difference(&counted).collect::<Vec<_>>(), [&""; 0]);
    }

    #[test]
    fn an_alarm_refers_to_a_heading_that_exists() {
        let text = TEMPLATE.split_whitespace().collect::<Vec<_>>().join(" ");
        let headings: Vec<&str> = text
            .split("OPERATIONS.md, \"")
            .skip(1)
            .filter_map(|rest| rest.split('"').next())
            .collect();
        assert!(!headings.is_empty());
        for heading in headings {
            assert!(OPERATIONS.contains(&format!("\n### {heading}\n")), "{heading}");
        }
    }

    #[test]
    fn the_operators_page_names_every_metric() {
        for metric in Metric::iter() {
            let name: &str = metric.into();
            assert!(OPERATIONS.contains(&format!("`{name}`")), "{name}");
        }
    }
}
