//! The installer against a simulated organisation.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use cosell_crm::finding::{Finding, State};
use cosell_crm::installation::Installation;
use cosell_salesforce::FIELDS;
use cosell_salesforce::installation::GivenToken;
use cosell_salesforce::{CredentialStore, Credentials, Settings};
use cosell_simulators::faults::{Action, Fault};
use cosell_simulators::{Config, Simulators};
use cosell_sync::FailureKind;
use secrecy::SecretString;
use serde_json::{Value as Json, json};

use crate::environment::{MemoryStore, client, status};

/// Fields on both objects.
const ALL_FIELDS: usize = 2 * FIELDS.len();
/// Those, the permission on each object and the two permission sets.
const THINGS: usize = ALL_FIELDS + 4;
/// The fields, two sets with as many rights each, one assignment.
const WRITES: usize = ALL_FIELDS + 2 * (1 + ALL_FIELDS) + 1;

struct Site {
    simulators: Simulators,
    installation: Box<dyn Installation>,
}

impl Site {
    async fn empty() -> Self {
        Self::start(false).await
    }

    async fn start(install_fields: bool) -> Self {
        let mut config = Config::default();
        config.salesforce.install_fields = install_fields;
        let credentials = Credentials::ClientSecret {
            client_id: config.salesforce.client_id.clone(),
            client_secret: SecretString::from(config.salesforce.client_secret.clone()),
        };
        let simulators = Simulators::start(config).await.unwrap();
        let store = MemoryStore(Arc::new(Mutex::new(credentials)));
        let installation = installer(&simulators, Arc::new(store));
        Self { simulators, installation }
    }

    fn writes(&self) -> usize {
        let calls = self.simulators.journal.entries();
        let writes =
            calls.iter().filter(|call| call.service == "salesforce" && call.method != "GET");
        writes.filter(|call| !call.path.contains("/oauth2/token")).count()
    }

    fn calls(&self, method: &str, path: &str) -> usize {
        self.simulators.journal.count("salesforce", method, path)
    }

    fn fault(&self, method: &str, path: &str, skip: u32, times: u32, action: Action) {
        self.simulators.faults.add(Fault {
            method: Some(method.to_owned()),
            path_contains: Some(path.to_owned()),
            skip,
            times,
            ..Fault::new("salesforce", action)
        });
    }

    async fn control(&self, method: &str, path: &str, body: Json) {
        let url = self.simulators.control.join(&format!("control/salesforce/{path}")).unwrap();
        let answer =
            client().request(method.parse().unwrap(), url).json(&body).send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
    }

    async fn token(&self) -> SecretString {
        let url = self.simulators.salesforce.join("services/oauth2/token").unwrap();
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", "sim-salesforce-client"),
            ("client_secret", "sim-salesforce-secret"),
        ];
        let answer: Json =
            client().post(url).form(&form).send().await.unwrap().json().await.unwrap();
        SecretString::from(answer["access_token"].as_str().unwrap())
    }
}

fn installer(
    simulators: &Simulators,
    credentials: Arc<dyn CredentialStore>,
) -> Box<dyn Installation> {
    let settings = Settings::new(simulators.salesforce.clone());
    let clock = Arc::new(cosell_runtime::clock::now);
    let pause = Duration::from_millis(1);
    cosell_salesforce::installation::installer(client(), settings, credentials, clock, pause)
}

fn wrong(findings: &[Finding]) -> Vec<&Finding> {
    findings.iter().filter(|finding| !finding.is_right()).collect()
}

fn named<'a>(findings: &'a [Finding], place: &str, name: &str) -> &'a State {
    let found = findings.iter().find(|finding| finding.place == place && finding.name == name);
    &found.unwrap_or_else(|| panic!("no finding about {name}")).state
}

#[tokio::test]
async fn checking_an_empty_organisation_names_everything_and_only_reads() {
    let site = Site::empty().await;
    let findings = site.installation.check().await.unwrap();
    assert_eq!(findings.len(), ALL_FIELDS + 2, "nobody has rights on fields that are not there");
    assert!(
        findings.iter().all(|finding| matches!(finding.state, State::Missing { .. })),
        "{findings:?}"
    );
    assert_eq!(site.writes(), 0);
}

#[tokio::test]
async fn fields_that_are_there_are_right_and_checking_only_reads() {
    let site = Site::start(true).await;
    let findings = site.installation.check().await.unwrap();
    let sets: Vec<&str> = wrong(&findings).iter().map(|finding| finding.name.as_str()).collect();
    assert_eq!(sets, ["Msp_Cosell_Sync", "Msp_Cosell_Seller"], "{findings:?}");
    assert_eq!(site.writes(), 0);
}

#[tokio::test]
async fn everything_is_made_granted_and_assigned_once() {
    let site = Site::empty().await;
    let findings = site.installation.install().await.unwrap();
    assert_eq!(wrong(&findings), Vec::<&Finding>::new());
    let created = findings.iter().filter(|finding| finding.state == State::Created).count();
    assert_eq!((findings.len(), created), (THINGS, ALL_FIELDS + 2));
    assert_eq!(site.writes(), WRITES);

    let findings = site.installation.install().await.unwrap();
    assert!(findings.iter().all(|finding| finding.state == State::Right), "{findings:?}");
    assert_eq!(site.writes(), WRITES, "the second run writes nothing");
    assert_eq!(site.calls("PATCH", "") + site.calls("DELETE", "") + site.calls("PUT", ""), 0);
}

#[tokio::test]
async fn what_is_made_is_what_the_sync_writes_and_sellers_edit_only_their_own() {
    let site = Site::empty().await;
    site.installation.install().await.unwrap();
    let deal = json!({
        "Name": "Litware pilot", "StageName": "Prospecting", "CloseDate": "2026-12-31",
        "Msp_Sync_With_Partner_Center__c": true,
        "Msp_Referral_Id__c": "b9d6c7de-41f0-4f6e-9a4e-0d2f6f5f7a11",
        "Msp_Referral_Link__c": "https://partner.example/1",
        "Msp_How_Can_Microsoft_Help__c": "General or other", "Msp_Products__c": "x".repeat(2000),
        "Msp_Sync_Status__c": "x".repeat(255), "Msp_Audit__c": "x".repeat(32_768)
    });
    site.control("POST", "rows/Opportunity", deal).await;
    let dump = site.simulators.salesforce_service.dump();
    let sets = dump["objects"]["PermissionSet"].as_array().unwrap();
    let seller = &sets.iter().find(|set| set["Name"] == "Msp_Cosell_Seller").unwrap()["Id"];
    let rights = dump["objects"]["FieldPermissions"].as_array().unwrap();
    let may_edit = |field: &str| {
        let right =
            rights.iter().find(|right| right["ParentId"] == *seller && right["Field"] == field);
        right.unwrap()["PermissionsEdit"] == json!(true)
    };
    assert!(
        may_edit("Opportunity.Msp_Products__c") && may_edit("Lead.Msp_Sync_With_Partner_Center__c")
    );
    assert!(!may_edit("Opportunity.Msp_Referral_Id__c") && !may_edit("Lead.Msp_Audit__c"));
}

#[tokio::test]
async fn a_run_that_broke_off_tells_why_and_the_next_one_goes_on() {
    let site = Site::empty().await;
    site.fault("POST", "tooling/sobjects/CustomField", 4, 3, status(500, None));
    let findings = site.installation.install().await.unwrap();
    let refused = named(&findings, "Opportunity", "Msp_Products__c");
    assert!(
        matches!(refused, State::Refused { why } if why.contains("Msp_Products__c")),
        "{refused:?}"
    );
    assert!(matches!(named(&findings, "Lead", "Msp_Products__c"), State::Missing { .. }));
    assert_eq!(site.calls("POST", "sobjects/PermissionSet"), 0);

    site.fault("POST", "sobjects/FieldPermissions", 20, 3, status(500, None));
    let findings = site.installation.install().await.unwrap();
    let refused = named(&findings, "permissions", "Msp_Cosell_Seller");
    assert!(matches!(refused, State::Refused { why } if why.contains("granting")), "{refused:?}");

    assert_eq!(wrong(&site.installation.install().await.unwrap()), Vec::<&Finding>::new());
    let fields = site.simulators.salesforce_service.dump();
    assert_eq!(fields["objects"]["CustomField"].as_array().unwrap().len(), ALL_FIELDS);
    assert_eq!(fields["objects"]["FieldPermissions"].as_array().unwrap().len(), 2 * ALL_FIELDS);
}

#[tokio::test]
async fn a_lost_answer_is_looked_after_and_a_passing_fault_tried_again() {
    let site = Site::empty().await;
    site.fault("POST", "tooling/sobjects/CustomField", 2, 1, Action::DropAfterEffect);
    site.fault("POST", "sobjects/FieldPermissions", 3, 1, Action::DropAfterEffect);
    site.fault("POST", "sobjects/PermissionSetAssignment", 0, 1, status(503, None));
    let findings = site.installation.install().await.unwrap();
    assert_eq!(wrong(&findings), Vec::<&Finding>::new());
    assert_eq!(site.calls("POST", "tooling/sobjects/CustomField"), ALL_FIELDS);
}

#[tokio::test]
async fn a_field_of_another_type_is_reported_and_left_alone() {
    let site = Site::empty().await;
    let field = json!({
        "object": "Opportunity", "name": "Msp_Referral_Id__c", "type": "Text", "length": 64,
        "external_id": true
    });
    site.control("POST", "fields", field).await;
    let findings = site.installation.install().await.unwrap();
    let State::Wrong { is, should, .. } = named(&findings, "Opportunity", "Msp_Referral_Id__c")
    else {
        panic!("{findings:?}")
    };
    assert_eq!(
        (is.as_str(), should.as_str()),
        ("Text(64), External ID", "Text(64), External ID, unique")
    );
    assert_eq!(wrong(&findings).len(), 1);
    let writes = site.writes();
    assert_eq!(wrong(&site.installation.install().await.unwrap()).len(), 1);
    assert_eq!(site.writes(), writes, "nothing is left that could be made");
}

#[tokio::test]
async fn a_hidden_field_is_compared_by_its_definition_and_shown_by_assigning() {
    let site = Site::empty().await;
    site.fault("POST", "sobjects/PermissionSetAssignment", 0, 3, status(500, None));
    let findings = site.installation.install().await.unwrap();
    assert_eq!(
        *named(&findings, "Lead", "Msp_Referral_Id__c"),
        State::Created,
        "it is there, if hidden"
    );
    assert!(matches!(
        named(&findings, "Lead", ""),
        State::Wrong { is, .. } if is.starts_with("hidden for")
    ));
    assert!(
        matches!(
            named(&findings, "Msp_Cosell_Sync", "PermissionSetAssignment"),
            State::Refused { .. }
        ),
        "{findings:?}"
    );
    let writes = site.writes();
    assert_eq!(wrong(&site.installation.install().await.unwrap()), Vec::<&Finding>::new());
    assert_eq!(site.writes(), writes + 1, "the assignment alone was missing");
}

#[tokio::test]
async fn without_customize_application_the_refusal_names_the_way_out() {
    let site = Site::empty().await;
    site.control("PUT", "switches", json!({"cannot_customise": true})).await;
    let findings = site.installation.install().await.unwrap();
    let refused = named(&findings, "Opportunity", "Msp_Sync_With_Partner_Center__c");
    assert!(
        matches!(
            refused,
            State::Refused { why }
                if why.contains("CRM_ACCESS_TOKEN") && why.contains("Customize Application")
        ),
        "{refused:?}"
    );
    assert_eq!(site.writes(), 1, "one try tells enough");
}

#[tokio::test]
async fn a_user_who_sees_neither_definitions_nor_permission_sets_learns_what_it_sees() {
    let site = Site::empty().await;
    let refused = |path: &str| site.fault("GET", path, 0, 2, status(400, Some("INVALID_TYPE")));
    refused("tooling/query");
    refused("FROM%20PermissionSet");
    let findings = site.installation.check().await.unwrap();
    assert_eq!(findings.len(), ALL_FIELDS, "nothing is said of the sets");
    assert!(matches!(
        &findings[0].state,
        State::Missing { remedy } if remedy.contains("hidden from the signed-in user")
    ));

    site.simulators.faults.clear();
    site.installation.install().await.unwrap();
    refused("FROM%20PermissionSet");
    let findings = site.installation.check().await.unwrap();
    assert_eq!((wrong(&findings).len(), findings.len()), (0, THINGS - 2));
}

#[tokio::test]
async fn an_administrators_token_is_used_as_it_is_and_never_renewed() {
    let site = Site::empty().await;
    let token = GivenToken::new(site.token().await);
    let asked = site.calls("POST", "oauth2/token");
    let administrator = installer(&site.simulators, Arc::new(token));
    assert_eq!(wrong(&administrator.install().await.unwrap()), Vec::<&Finding>::new());
    assert_eq!(site.calls("POST", "oauth2/token"), asked);

    let expired =
        installer(&site.simulators, Arc::new(GivenToken::new(SecretString::from("expired"))));
    let failure = expired.check().await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Credentials);
    assert!(failure.message.contains("get a new one"), "{failure}");
}
