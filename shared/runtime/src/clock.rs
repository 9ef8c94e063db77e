//! The one reading of the machine's clock. Everything else takes time as an argument.

use jiff::Timestamp;

/// The machine's time.
pub fn now() -> Timestamp {
    #[expect(clippy::disallowed_methods, reason = "this is the one clock")]
    Timestamp::now()
}
