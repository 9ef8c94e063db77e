//! What a check of a CRM finds.

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Where it belongs, such as `opportunity`.
    pub place: String,
    /// What it is, such as `Referral Identifier`.
    pub what: String,
    /// Its API name; empty for what has none.
    pub name: String,
    /// How it is.
    pub state: State,
}

/// How a thing is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// As it should be.
    Right,
    /// As it should be, since this run.
    Created,
    /// Not there.
    Missing {
        /// What to do about it.
        remedy: String,
    },
    /// There, and otherwise than it should be.
    Wrong {
        /// How it is.
        is: String,
        /// How it should be.
        should: String,
        /// What to do about it.
        remedy: String,
    },
    /// Making or reading it was refused.
    Refused {
        /// What was being done, why not, and what to do about it.
        why: String,
    },
}

impl Finding {
    /// A thing and its state.
    pub fn new(
        place: impl Into<String>,
        what: impl Into<String>,
        name: impl Into<String>,
        state: State,
    ) -> Self {
        Self { place: place.into(), what: what.into(), name: name.into(), state }
    }

    /// Whether nothing is left to do about it.
    pub fn is_right(&self) -> bool {
        matches!(self.state, State::Right | State::Created)
    }
}
