//! The one SDK configuration of a process.

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};

/// Connecting within the region takes milliseconds; a host that has not answered after a second is
/// not going to.
const CONNECT: Duration = Duration::from_secs(1);
/// One attempt. DynamoDB and SQS answer in tens of milliseconds, Secrets Manager in hundreds.
const ATTEMPT: Duration = Duration::from_secs(3);
/// All attempts together, with their pauses: below the webhook's 10 s, so that it can still answer.
const OPERATION: Duration = Duration::from_secs(8);
/// The first try and two repeats.
const ATTEMPTS: u32 = 3;

/// Reads region, credentials and endpoints from the environment. Call it once per process and share
/// the result: it holds the connection pool and the credentials' cache.
pub async fn config() -> SdkConfig {
    aws_config::defaults(BehaviorVersion::latest())
        .timeout_config(
            TimeoutConfig::builder()
                .connect_timeout(CONNECT)
                .operation_attempt_timeout(ATTEMPT)
                .operation_timeout(OPERATION)
                .build(),
        )
        .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
        .load()
        .await
}
