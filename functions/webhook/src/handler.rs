//! Deciding the HTTP answer.

use cosell_model::message::SyncMessage;
use cosell_partner_center::event::WebhookEvent;
use cosell_partner_center::signature::{RawDelivery, Verifier};
use cosell_runtime::metrics::{self, Metric};
use cosell_sync::port::Queue;
use jiff::Timestamp;
use lambda_http::http::{Method, StatusCode};
use lambda_http::{Body, Request, Response};

/// What an answer needs; built once per process.
pub(crate) struct Webhook<Q> {
    pub(crate) verifier: Verifier,
    pub(crate) queue: Q,
}

impl<Q: Queue> Webhook<Q> {
    /// Handles one delivery.
    pub(crate) async fn answer(&self, request: &Request, now: Timestamp) -> Response<Body> {
        if request.method() != Method::POST {
            return reply(StatusCode::METHOD_NOT_ALLOWED);
        }
        // The bytes as received: the signature covers nothing else, and nothing is parsed before it
        // is checked.
        let raw = RawDelivery { headers: request.headers(), body: request.body().as_ref() };
        let verified = match self.verifier.verify(raw, now).await {
            Ok(verified) => verified,
            Err(fault) => {
                metrics::count(Metric::DeliveryRefused, 1, &[("fault", fault.code())]);
                tracing::warn!(fault.code = fault.code(), error = %fault, "delivery refused");
                return reply(if fault.is_ours_to_retry() {
                    StatusCode::SERVICE_UNAVAILABLE
                } else {
                    StatusCode::UNAUTHORIZED
                });
            }
        };
        let event = match WebhookEvent::parse(&verified) {
            Ok(event) => event,
            Err(error) => {
                // Signed, so it is Microsoft's; delivering it again would not make it readable. The
                // sweep covers what it was about.
                tracing::error!(
                    error = %error,
                    "signed body could not be read; accepted and dropped"
                );
                return reply(StatusCode::OK);
            }
        };
        if let Some(message) = event.sync_message() {
            return self.enqueue(&event, message).await;
        }
        tracing::info!(event.name = %event.name, "event accepted, nothing to sync");
        reply(StatusCode::OK)
    }

    async fn enqueue(&self, event: &WebhookEvent, message: SyncMessage) -> Response<Body> {
        let subject = message.subject.to_string();
        match self.queue.send(&[message]).await {
            Ok(()) => {
                tracing::info!(event.name = %event.name, subject, "event queued");
                reply(StatusCode::OK)
            }
            Err(failure) => {
                tracing::error!(
                    event.name = %event.name,
                    subject,
                    error = failure.redacted(),
                    "the queue did not take the event; Partner Center will deliver again"
                );
                reply(StatusCode::SERVICE_UNAVAILABLE)
            }
        }
    }
}

fn reply(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::from(status.canonical_reason().unwrap_or_default()));
    *response.status_mut() = status;
    response
}
