//! The whole stack: the template on MiniStack, the real functions, queue, tables and secrets, both simulators.
//!
//! One stack for all scenarios, one after the other: it takes seconds to start, and each scenario uses deals of its own.

mod scenarios;

use std::time::Duration;

use cosell_tests::LocalStack;

#[tokio::test(flavor = "multi_thread")]
async fn the_whole_stack() {
    let stack = LocalStack::start(0, 0).await.unwrap();
    tokio::select! {
        () = scenarios::all(&stack) => {}
        never = stack.keep_polling(Duration::from_secs(1)) => never,
    }
}
