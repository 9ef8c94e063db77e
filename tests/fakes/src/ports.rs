//! One invocation's ports, and the way that every call goes.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;

use cosell_sync::{Failure, FailureKind, System};
use jiff::Timestamp;

use crate::call::{Call, Conditions, Fate, Wait};
use crate::world::{Late, Request, State, World};

/// The ports of one invocation.
#[derive(Clone)]
pub struct Ports {
    pub(crate) world: Arc<World>,
    pub(crate) conditions: Arc<dyn Conditions>,
    pub(crate) invocation: String,
}

impl Ports {
    /// The ports of `invocation` to this world, under these conditions.
    pub fn new(
        world: Arc<World>,
        conditions: Arc<dyn Conditions>,
        invocation: impl Into<String>,
    ) -> Self {
        Self { world, conditions, invocation: invocation.into() }
    }

    /// Up to when a search or a list knows what happened: indexes are behind, reads by id are not.
    pub(crate) fn known_until(&self) -> Timestamp {
        let lag = self.conditions.lag();
        self.world.state().now - lag
    }

    /// A call that leaves nothing behind when it hangs.
    pub(crate) async fn call<T>(
        &self,
        call: Call<'_>,
        effect: impl FnOnce(&mut State) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        self.write(call, None::<fn() -> Request>, effect).await
    }

    /// A call: it may take a while, fail, take effect and then fail, take effect late, or take
    /// effect and find its caller dead.
    pub(crate) async fn write<T>(
        &self,
        call: Call<'_>,
        request: Option<impl FnOnce() -> Request>,
        effect: impl FnOnce(&mut State) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        wait(self.conditions.begins(&call)).await;
        let lost = match self.conditions.fate(&call) {
            Fate::Passes => None,
            Fate::FailsBefore(failure) => return Err(failure),
            Fate::FailsAfter(failure) => Some(failure),
            Fate::Hangs(due, failure) => {
                if let Some(request) = request {
                    let late =
                        Late { due, invocation: self.invocation.clone(), request: request() };
                    self.world.state().late.push(late);
                }
                return Err(failure);
            }
        };
        let result = effect(&mut self.world.state());
        wait(self.conditions.ends(&call, result.is_ok())).await;
        match lost {
            Some(failure) => result.and(Err(failure)),
            None => result,
        }
    }
}

async fn wait(wait: Wait) {
    let mut left = match wait {
        Wait::Rounds(rounds) => rounds,
        Wait::Forever => return std::future::pending().await,
    };
    poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(());
        }
        left -= 1;
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// A call of the store or the queue.
pub(crate) fn to_store(name: &'static str) -> Call<'static> {
    let lost = FailureKind::Transient;
    Call { name, system: System::Aws, about: "", lost, can_hang: false }
}

/// A reading call of one of the two systems.
pub(crate) fn reading<'a>(name: &'static str, system: System, about: &'a str) -> Call<'a> {
    Call { name, system, about, lost: FailureKind::Transient, can_hang: false }
}

/// A writing call of one of the two systems.
pub(crate) fn writing<'a>(
    name: &'static str,
    system: System,
    about: &'a str,
    lost: FailureKind,
) -> Call<'a> {
    Call { name, system, about, lost, can_hang: true }
}
