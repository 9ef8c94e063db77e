//! Letting time pass.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

/// Waits so long. A test moves the simulated service's clock instead.
pub type Wait = Arc<dyn Fn(Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>;

/// The machine's way.
pub(crate) fn sleep() -> Wait {
    Arc::new(|time| Box::pin(tokio::time::sleep(time)))
}
