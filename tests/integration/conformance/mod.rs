//! What the engine expects of every CRM: one set of scenarios over the ports
//! [`Crm`](cosell_sync::port::Crm) and [`Leads`](cosell_sync::port::Leads), run with each adapter
//! against its simulated service over HTTP. What is one CRM's own is tested in its adapter's crate.

mod bench;
mod changing;
mod failing;
mod leads;
mod making;

/// Makes each scenario a test of each CRM.
macro_rules! scenarios {
    ($($scenario:ident),* $(,)?) => {
        mod dynamics {
            use cosell_tests::crm::CrmSystem;
            use $crate::conformance::bench::Bench;

            $(#[tokio::test]
            async fn $scenario() {
                super::$scenario(Bench::of(CrmSystem::Dynamics).await).await;
            })*
        }
        mod salesforce {
            use cosell_tests::crm::CrmSystem;
            use $crate::conformance::bench::Bench;

            $(#[tokio::test]
            async fn $scenario() {
                super::$scenario(Bench::of(CrmSystem::Salesforce).await).await;
            })*
        }
    };
}
use scenarios;
