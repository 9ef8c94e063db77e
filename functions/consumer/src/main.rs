#![doc = include_str!("../README.md")]

mod handler;

use std::sync::Arc;

use aws_lambda_events::event::sqs::SqsEvent;
use cosell_aws::queue::SqsQueue;
use cosell_runtime::logging;
use cosell_wiring::ConsumerSettings;
use lambda_runtime::{Error, LambdaEvent, service_fn};

use handler::Consumer;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    logging::init();
    let settings = cosell_wiring::read(ConsumerSettings::read)?;
    let sdk = cosell_aws::sdk::config().await;
    let queue = SqsQueue::new(&sdk, settings.queue_url.clone());
    let consumer =
        Arc::new(Consumer { queue, engine: cosell_wiring::engine(settings, &sdk).await? });
    lambda_runtime::run(service_fn(move |event: LambdaEvent<SqsEvent>| {
        let consumer = consumer.clone();
        async move { Ok::<_, Error>(consumer.consume(event.payload, &event.context).await) }
    }))
    .await
}
