#![doc = include_str!("../README.md")]

use std::sync::Arc;

use cosell_aws::queue::SqsQueue;
use cosell_runtime::metrics::{self, Metric};
use cosell_runtime::{clock, logging};
use cosell_sync::Polled;
use cosell_wiring::PollerSettings;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde::Serialize;

/// What a run answers; EventBridge ignores it, a person who invokes the function reads it.
#[derive(Serialize)]
struct Answer {
    records: usize,
    referrals: usize,
    due: usize,
    skipped: bool,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    logging::init();
    let settings = cosell_wiring::read(PollerSettings::read)?;
    let sdk = cosell_aws::sdk::config().await;
    let queue = Arc::new(SqsQueue::new(&sdk, settings.queue_url.clone()));
    let poller = cosell_wiring::poller(settings, queue, &sdk).await?;
    lambda_runtime::run(service_fn(move |event: LambdaEvent<serde_json::Value>| {
        let poller = poller.clone();
        async move {
            let Polled { records, referrals, due, skipped } = poller
                .poll(clock::now(), &event.context.request_id)
                .await
                .map_err(|failure| failure.redacted())?;
            metrics::count(Metric::Enqueued, u64::try_from(records + referrals + due)?, &[]);
            tracing::info!(records, referrals, due, skipped, "polled");
            Ok::<_, Error>(Answer { records, referrals, due, skipped })
        }
    }))
    .await
}
