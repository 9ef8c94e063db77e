//! What every program of cosell-sync needs around its work.
//!
//! | module | holds |
//! | --- | --- |
//! | [`bearer`] | one access token for all calls of an adapter |
//! | [`clock`] | the one reading of the machine's clock |
//! | [`config`] | typed reading of environment variables, all problems reported at once |
//! | [`settings`] | the settings that several programs share |
//! | [`http`] | the one HTTP client, and which addresses it may call; bodies, `Retry-After` |
//! | [`logging`] | JSON lines |
//! | [`metrics`] | counts in CloudWatch's embedded format |

pub mod bearer;
pub mod clock;
pub mod config;
pub mod http;
pub mod logging;
pub mod metrics;
pub mod settings;
