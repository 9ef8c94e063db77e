#![doc = include_str!("../README.md")]

mod handler;

use std::sync::Arc;

use cosell_aws::queue::SqsQueue;
use cosell_partner_center::signature::{
    DEFAULT_CERTIFICATE_ORIGINS, DEFAULT_ISSUER_HOSTS, SignatureSettings, Verifier,
};
use cosell_runtime::config::Environment;
use cosell_runtime::{clock, logging};
use lambda_http::aws_lambda_events::query_map::QueryMap;
use lambda_http::request::LambdaRequest;
use lambda_http::{Adapter, Error, LambdaEvent, Service, lambda_runtime, service_fn};

use handler::Webhook;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    logging::init();
    let (queue_url, origins, issuers, roots) = Environment::of_process().read(|environment| {
        let queue_url = environment.required(
            "QUEUE_URL",
            "https://sqs.eu-west-1.amazonaws.com/123456789012/cosell-sync.fifo",
        )?;
        let text = |name: &str, default: &str| {
            environment.optional(name).unwrap_or_else(|| default.to_owned())
        };
        let origins = text("CERTIFICATE_ORIGINS", DEFAULT_CERTIFICATE_ORIGINS);
        Ok((
            queue_url,
            origins,
            text("AIA_HOSTS", DEFAULT_ISSUER_HOSTS),
            text("TRUST_ROOT_PEM", ""),
        ))
    })?;
    let verifier = Verifier::new(
        SignatureSettings::parse(&origins, &issuers, &roots)?,
        cosell_http::client()?,
    );
    let queue = SqsQueue::new(&cosell_aws::sdk::config().await, queue_url);
    queue.warm_up().await;
    let webhook = Arc::new(Webhook { verifier, queue });
    let mut answer = Adapter::from(service_fn(move |request| {
        let webhook = webhook.clone();
        async move { Ok::<_, Error>(webhook.answer(&request, clock::now()).await) }
    }));
    lambda_runtime::run(service_fn(move |mut event: LambdaEvent<LambdaRequest>| {
        forget_query(&mut event.payload);
        answer.call(event)
    }))
    .await
}

/// Nothing of ours reads the query, and one that is not a valid URI would end the invocation before
/// it is refused.
fn forget_query(request: &mut LambdaRequest) {
    if let LambdaRequest::ApiGatewayV2(request) = request {
        request.raw_query_string = None;
        request.query_string_parameters = QueryMap::default();
    }
}
