use cosell_runtime::config::Environment;
use cosell_simulators::{Config, Simulators};
use cosell_wiring::InstallationSettings;

use super::*;

/// A simulated CRM without the fields, and its installer as the environment names it.
async fn crm(system: &str) -> (Simulators, Box<dyn Installation>) {
    let mut config = Config::default();
    config.dataverse.install_columns = false;
    config.salesforce.install_fields = false;
    simulated(system, config).await
}

/// A simulated CRM, and its installer as the environment names it.
pub(crate) async fn simulated(system: &str, config: Config) -> (Simulators, Box<dyn Installation>) {
    let simulators = Simulators::start(config).await.unwrap();
    let token = match system {
        "dynamics" => dataverse_token(&simulators),
        _ => salesforce_token(&simulators).await,
    };
    let variables = [
        ("CRM", system),
        ("DATAVERSE_URL", simulators.dataverse.as_str()),
        ("DATAVERSE_TENANT_ID", "sim-tenant"),
        ("SALESFORCE_URL", simulators.salesforce.as_str()),
        ("CRM_ACCESS_TOKEN", token.as_str()),
    ];
    let settings = Environment::of(variables).read(InstallationSettings::read).unwrap();
    let sdk = cosell_aws::sdk::config().await;
    let installation = cosell_wiring::installation(settings, &sdk).unwrap();
    simulators.journal.clear();
    (simulators, installation)
}

fn dataverse_token(simulators: &Simulators) -> String {
    let scope = format!("{}/.default", simulators.dataverse.as_str().trim_end_matches('/'));
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", "sim-dataverse-client"),
        ("client_secret", "sim-dataverse-secret"),
        ("scope", &scope),
    ];
    let form = form.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let (_, token) = simulators.dataverse_service.token("sim-tenant", &form);
    token["access_token"].as_str().unwrap().to_owned()
}

async fn salesforce_token(simulators: &Simulators) -> String {
    let url = simulators.salesforce.join("services/oauth2/token").unwrap();
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", "sim-salesforce-client"),
        ("client_secret", "sim-salesforce-secret"),
    ];
    let request = cosell_http::client().unwrap().post(url).form(&form);
    let token: serde_json::Value = request.send().await.unwrap().json().await.unwrap();
    token["access_token"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn checking_changes_nothing_and_ends_with_what_is_missing() {
    for (system, line) in [
        (
            "dynamics",
            "✗ opportunity  nwcs_referralid             Referral Identifier: missing; `cosell crm \
             install` creates it\n",
        ),
        (
            "salesforce",
            "✗ Lead         Msp_Referral_Id__c               Referral Identifier: missing; `cosell \
             crm install` creates it\n",
        ),
    ] {
        let (simulators, installation) = crm(system).await;
        let findings = carry_out(Command::Check, installation.as_ref()).await.unwrap();
        let text = listed(&findings);
        assert!(text.contains(line), "{text}");
        let refused = verdict(&findings).unwrap_err().to_string();
        assert_eq!(refused, "20 of 20 are not as they should be");
        let calls = simulators.journal.entries();
        let only_reads = !calls.is_empty() && calls.iter().all(|call| call.method == "GET");
        assert!(only_reads, "{calls:?}");
    }
}

#[tokio::test]
async fn what_was_installed_is_found_right() {
    for (system, name) in [
        ("dynamics", "nwcs_syncwithpartnercenter"),
        ("salesforce", "Msp_Sync_With_Partner_Center__c"),
    ] {
        let (_simulators, installation) = crm(system).await;
        let made = carry_out(Command::Install, installation.as_ref()).await.unwrap();
        let text = listed(&made);
        assert!(text.contains(&format!("{name}  Sync with Partner Center: created\n")), "{text}");
        verdict(&made).unwrap();
        let text = listed(&carry_out(Command::Check, installation.as_ref()).await.unwrap());
        assert!(text.contains(&format!("{name}  Sync with Partner Center\n")), "{text}");
        assert!(!text.contains('✗') && !text.contains("created"), "{text}");
    }
}

#[tokio::test]
async fn the_fields_of_leads_do_not_matter_where_leads_are_not_synced() {
    for system in ["dynamics", "salesforce"] {
        let (_simulators, installation) = crm(system).await;
        let findings = carry_out(Command::Check, installation.as_ref()).await.unwrap();
        assert_eq!(relevant(findings.clone(), true), findings);
        let text = listed(&relevant(findings, false));
        assert!(
            text.to_lowercase().contains("✗ opportunity")
                && !text.to_lowercase().contains("✗ lead"),
            "{text}"
        );
    }
}

#[test]
fn what_is_wrong_is_listed_with_how_it_should_be_and_the_remedy() {
    let wrong = State::Wrong {
        is: "Text 50".to_owned(),
        should: "Text 100".to_owned(),
        remedy: "raise the column's maximum length to 100".to_owned(),
    };
    let findings = [
        Finding::new("lead", "Sync status", "nwcs_syncstatus", wrong),
        Finding::new("opportunity", "Audit", "nwcs_audit", State::Right),
    ];
    assert_eq!(
        listed(&findings),
        "✗ lead         nwcs_syncstatus  Sync status: is Text 50, should be Text 100; raise the \
         column's maximum length to 100\n\
         ✓ opportunity  nwcs_audit       Audit\n"
    );
    assert_eq!(verdict(&findings).unwrap_err().to_string(), "1 of 2 are not as they should be");
}
