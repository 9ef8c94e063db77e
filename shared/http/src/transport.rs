//! Failures below HTTP: nothing was sent, or it may have taken effect.

/// No whole response. Texts and sources are without the URL: a filter in it may hold customer data.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    /// The service could not be reached: nothing was sent.
    #[error("the service could not be reached")]
    NotSent(#[source] reqwest::Error),
    /// The time was over, or the connection was lost, after sending.
    #[error("no answer came")]
    Lost(#[source] reqwest::Error),
    /// The response goes on beyond what a function's memory is meant for.
    #[error("the answer has no end below {} KiB", limit / 1024)]
    TooLarge {
        /// The limit, bytes.
        limit: usize,
    },
}

impl TransportError {
    /// True unless it is certain that the service knows nothing of the request.
    pub fn may_have_taken_effect(&self) -> bool {
        !matches!(self, Self::NotSent(_))
    }
}

impl From<reqwest::Error> for TransportError {
    fn from(error: reqwest::Error) -> Self {
        let error = error.without_url();
        if error.is_connect() || error.is_builder() {
            Self::NotSent(error)
        } else {
            Self::Lost(error)
        }
    }
}
