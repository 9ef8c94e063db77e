//! The whole stack: the template on MiniStack, the real functions, queue, tables and secrets, the simulators.
//!
//! One stack for all scenarios of a CRM, one after the other: it takes seconds to start, and each scenario uses deals of its own.

mod cosell;
mod domain;
mod guards;
mod leads;
mod scenarios;

use std::time::Duration;

use cosell_tests::LocalStack;
use cosell_tests::crm::CrmSystem;

#[tokio::test(flavor = "multi_thread")]
async fn the_whole_stack_with_dynamics() {
    play(CrmSystem::Dynamics).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_whole_stack_with_salesforce() {
    play(CrmSystem::Salesforce).await;
}

async fn play(crm: CrmSystem) {
    let stack = LocalStack::start(crm, 0, 0).await.unwrap();
    tokio::select! {
        () = scenarios::all(&stack) => {}
        never = stack.keep_polling(Duration::from_secs(1)) => never,
    }
}
