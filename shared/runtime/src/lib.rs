//! What every program of cosell-sync needs around its work.
//!
//! | module | holds |
//! | --- | --- |
//! | [`clock`] | the one reading of the machine's clock |
//! | [`config`] | typed reading of environment variables, all problems reported at once |
//! | [`settings`] | the settings that several programs share |
//! | [`logging`] | JSON lines |
//! | [`metrics`] | counts in CloudWatch's embedded format |

pub mod clock;
pub mod config;
pub mod logging;
pub mod metrics;
pub mod settings;
