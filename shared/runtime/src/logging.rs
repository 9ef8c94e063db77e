//! Logs: JSON, one object a line.

use std::io;

use tracing::Subscriber;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::util::SubscriberInitExt;

/// Libraries that print what they carry, customer data included, when asked for detail: never below
/// `info`, whatever `RUST_LOG` says.
const QUIET: [&str; 9] = [
    "aws_config",
    "aws_runtime",
    "aws_sdk_dynamodb",
    "aws_sdk_secretsmanager",
    "aws_sdk_sqs",
    "aws_smithy_runtime",
    "hyper",
    "lambda_http",
    "lambda_runtime",
];

/// Logs to standard output from now on. `RUST_LOG` chooses what, `info` by default. A second call
/// changes nothing.
pub fn init() {
    let chosen =
        EnvFilter::builder().with_default_directive(LevelFilter::INFO.into()).from_env_lossy();
    let quiet = QUIET.iter().filter_map(|target| format!("{target}=info").parse().ok());
    let filter = quiet.fold(chosen, EnvFilter::add_directive);
    // Fails only when a subscriber is there already: then that one stays.
    let _ = subscriber(filter, io::stdout).try_init();
}

/// Spans are left out: what a line needs to be understood is in its own fields.
fn subscriber(
    filter: EnvFilter,
    writer: impl for<'a> MakeWriter<'a> + Send + Sync + 'static,
) -> impl Subscriber + Send + Sync {
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(false)
        .with_ansi(false)
        .with_env_filter(filter)
        .with_writer(writer)
        .finish()
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use secrecy::SecretString;
    use serde_json::Value as Json;

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(work: impl FnOnce()) -> String {
        let lines = Lines::default();
        let writer = lines.clone();
        tracing::subscriber::with_default(
            subscriber(EnvFilter::new("info"), move || writer.clone()),
            work,
        );
        let bytes = lines.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_line_is_one_flat_object() {
        let text = logged(|| {
            let _span = tracing::info_span!("invocation", noise = 1).entered();
            tracing::info!(referral.id = "r1", duration_ms = 12, "the pair is in sync");
            tracing::debug!("not this");
        });
        assert_eq!(text.lines().count(), 1, "{text}");
        let line: Json = serde_json::from_str(&text).unwrap();
        assert_eq!(line["level"], "INFO");
        assert_eq!(line["message"], "the pair is in sync");
        assert_eq!(line["referral.id"], "r1");
        assert_eq!(line["duration_ms"], 12);
        assert!(line["timestamp"].is_string());
        assert!(!text.contains("noise"), "{text}");
    }

    #[test]
    fn a_secret_cannot_be_rendered() {
        // As the clients hold it: inside something that derives Debug, logged by a careless line.
        #[derive(Debug)]
        #[expect(dead_code, reason = "read by Debug only")]
        struct Credentials {
            client_id: &'static str,
            refresh_token: SecretString,
        }
        let text = logged(|| {
            let credentials =
                Credentials { client_id: "c1", refresh_token: SecretString::from("0.hush") };
            tracing::error!(
                ?credentials,
                token = ?credentials.refresh_token,
                "refused {credentials:?}"
            );
        });
        assert!(text.contains("REDACTED") && text.contains("c1"), "{text}");
        assert!(!text.contains("hush"), "{text}");
    }
}
