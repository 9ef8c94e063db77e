//! The stacks that the scenarios share: one for each CRM and set of parameters, started by whoever comes first.
//!
//! They live on a runtime that no test ends, and the scenarios run on it, too: connections belong to the runtime that opened them.
//! Nobody stops the stacks: MiniStack ends with this process, and the rest is in it.

use std::sync::LazyLock;
use std::time::Duration;

use cosell_runtime::settings::CrmSystem;
use cosell_tests::LocalStack;
use tokio::runtime::Runtime;
use tokio::sync::{OnceCell, RwLock};

/// Often, so that nobody waits long for what only the poller finds.
const POLL_EVERY: Duration = Duration::from_millis(500);

/// The stacks as they are shipped.
pub(super) static PLAIN: Stacks = Stacks::with(&[]);

/// The stacks that register won deals with Microsoft.
pub(super) static REGISTERING: Stacks = Stacks::with(&[("RegisterDeals", "true")]);

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());

/// Who else may use the stack at the same time.
#[derive(Clone, Copy)]
pub(super) enum Turn {
    /// The scenario minds nothing but deals of its own.
    Beside,
    /// The scenario sets switches or faults that meet everybody, or looks at everything there is.
    Alone,
}

/// The stacks of one set of the template's parameters.
pub(super) struct Stacks {
    parameters: &'static [(&'static str, &'static str)],
    dynamics: OnceCell<Result<Shared, String>>,
    salesforce: OnceCell<Result<Shared, String>>,
}

struct Shared {
    stack: LocalStack,
    turns: RwLock<()>,
}

impl Stacks {
    const fn with(parameters: &'static [(&'static str, &'static str)]) -> Self {
        Self { parameters, dynamics: OnceCell::const_new(), salesforce: OnceCell::const_new() }
    }

    /// Plays a scenario, with the poller running.
    pub(super) fn play(
        &'static self,
        crm: CrmSystem,
        turn: Turn,
        scenario: impl AsyncFnOnce(&LocalStack),
    ) {
        RUNTIME.block_on(async {
            let shared = self.of(crm).await;
            let playing = async {
                match turn {
                    Turn::Beside => {
                        let _turn = shared.turns.read().await;
                        scenario(&shared.stack).await;
                    }
                    Turn::Alone => {
                        let _turn = shared.turns.write().await;
                        scenario(&shared.stack).await;
                    }
                }
            };
            tokio::select! {
                () = playing => {}
                never = shared.stack.keep_polling(POLL_EVERY) => never,
            }
        });
    }

    async fn of(&'static self, crm: CrmSystem) -> &'static Shared {
        let cell = match crm {
            CrmSystem::Dynamics => &self.dynamics,
            CrmSystem::Salesforce => &self.salesforce,
        };
        let started = cell.get_or_init(|| async move {
            match LocalStack::start_with(crm, 0, 0, self.parameters).await {
                Ok(stack) => Ok(Shared { stack, turns: RwLock::new(()) }),
                // Once: whoever comes later fails for the same reason, and at once.
                Err(error) => Err(format!("{error:#}")),
            }
        });
        started.await.as_ref().unwrap_or_else(|error| panic!("no stack of {crm}: {error}"))
    }
}
