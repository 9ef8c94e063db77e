//! The installer against the simulated Dataverse.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use cosell_crm::finding::{Finding, State};
use cosell_crm::installation::Installation;
use cosell_dynamics::FIELDS;
use cosell_dynamics::Settings;
use cosell_dynamics::installation::Access;
use cosell_simulators::faults::{Action, Fault};
use cosell_simulators::{Config, Simulators};
use cosell_sync::FailureKind;
use secrecy::SecretString;
use serde_json::{Value as Json, json};

use crate::environment::{MemoryStore, client, status};

/// Columns, key and permission on both tables.
const THINGS: usize = 2 * (FIELDS.len() + 2);
/// Columns and keys on both tables.
const COMPONENTS: usize = 2 * (FIELDS.len() + 1);

struct Site {
    simulators: Simulators,
    installation: Box<dyn Installation>,
}

impl Site {
    async fn complete() -> Self {
        Self::start(Config::default()).await
    }

    async fn empty() -> Self {
        let mut config = Config::default();
        config.dataverse.install_columns = false;
        Self::start(config).await
    }

    async fn start(config: Config) -> Self {
        let options = config.dataverse.clone();
        let simulators = Simulators::start(config).await.unwrap();
        let credentials = MemoryStore {
            client_id: options.client_id,
            client_secret: Arc::new(Mutex::new(SecretString::from(options.client_secret))),
        };
        let installation = installer(&simulators, Access::Application(Arc::new(credentials)));
        Self { simulators, installation }
    }

    fn writes(&self) -> usize {
        let calls = self.simulators.journal.entries();
        calls.iter().filter(|call| call.service == "dataverse" && call.method != "GET").count()
    }

    fn calls(&self, method: &str, path: &str) -> usize {
        self.simulators.journal.count("dataverse", method, path)
    }

    fn fault(&self, path: &str, skip: u32, times: u32, action: Action) {
        self.simulators.faults.add(Fault {
            method: Some("POST".to_owned()),
            path_contains: Some(path.to_owned()),
            skip,
            times,
            ..Fault::new("dataverse", action)
        });
    }

    async fn switch(&self, switches: Json) {
        let url = self.simulators.control.join("control/dataverse/switches").unwrap();
        let answer = client(Duration::from_secs(5)).put(url).json(&switches).send().await.unwrap();
        assert!(answer.status().is_success());
    }

    /// A call as an administrator makes it.
    async fn administrator(&self, path: &str, body: Json) {
        let url = self.simulators.dataverse.join(&format!("api/data/v9.2/{path}")).unwrap();
        let request =
            client(Duration::from_secs(5)).post(url).bearer_auth(self.token()).json(&body);
        let answer = request.send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
    }

    fn token(&self) -> String {
        let scope =
            format!("{}/.default", self.simulators.dataverse.as_str().trim_end_matches('/'));
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", "sim-dataverse-client"),
            ("client_secret", "sim-dataverse-secret"),
            ("scope", &scope),
        ];
        let form: HashMap<String, String> =
            form.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let (_, token) = self.simulators.dataverse_service.token("sim-tenant", &form);
        token["access_token"].as_str().unwrap().to_owned()
    }
}

fn installer(simulators: &Simulators, access: Access) -> Box<dyn Installation> {
    let settings =
        Settings::new(simulators.dataverse.clone(), simulators.entra.clone(), "sim-tenant");
    let (http, clock) = (client(Duration::from_secs(5)), Arc::new(cosell_runtime::clock::now));
    let pause = Duration::from_millis(1);
    cosell_dynamics::installation::installer(http, &settings, access, clock, pause)
}

fn wrong(findings: &[Finding]) -> Vec<&Finding> {
    findings.iter().filter(|finding| !finding.is_right()).collect()
}

fn named<'a>(findings: &'a [Finding], place: &str, name: &str) -> &'a State {
    let found = findings.iter().find(|finding| finding.place == place && finding.name == name);
    &found.unwrap_or_else(|| panic!("no finding about {name}")).state
}

#[tokio::test]
async fn a_complete_environment_is_right_and_checking_only_reads() {
    let site = Site::complete().await;
    let findings = site.installation.check().await.unwrap();
    assert_eq!(wrong(&findings), Vec::<&Finding>::new());
    assert_eq!(findings.len(), THINGS);
    assert_eq!(site.writes(), 0);
}

#[tokio::test]
async fn checking_an_empty_environment_names_everything_and_only_reads() {
    let site = Site::empty().await;
    let findings = site.installation.check().await.unwrap();
    assert_eq!(findings.len(), COMPONENTS, "the data of columns that are not there cannot be read");
    assert!(findings.iter().all(|finding| matches!(finding.state, State::Missing { .. })));
    assert_eq!(site.writes(), 0);
}

#[tokio::test]
async fn everything_is_made_once_in_a_solution_and_published_once() {
    let site = Site::empty().await;
    let findings = site.installation.install().await.unwrap();
    assert_eq!(wrong(&findings), Vec::<&Finding>::new());
    let created = findings.iter().filter(|finding| finding.state == State::Created).count();
    assert_eq!((findings.len(), created), (THINGS, COMPONENTS));
    let solution = &site.simulators.dataverse_service.dump()["solution_components"]["CosellSync"];
    assert_eq!(solution.as_array().unwrap().len(), COMPONENTS);
    assert_eq!(site.calls("POST", "PublishXml"), 1);
    assert_eq!(site.writes(), COMPONENTS + 3, "publisher, solution, publication");

    let findings = site.installation.install().await.unwrap();
    assert!(findings.iter().all(|finding| finding.state == State::Right), "{findings:?}");
    assert_eq!(site.writes(), COMPONENTS + 3, "the second run writes nothing");
}

#[tokio::test]
async fn what_is_made_is_what_the_sync_writes() {
    let site = Site::empty().await;
    site.installation.install().await.unwrap();
    let row = json!({
        "name": "Fabrikam", "nwcs_syncwithpartnercenter": true,
        "nwcs_howcanmicrosofthelp": 412_000_005,
        "nwcs_referralid": "b9d6c7de-41f0-4f6e-9a4e-0d2f6f5f7a11",
        "nwcs_referrallink": "https://partner.example/1", "nwcs_products": "x".repeat(2000),
        "nwcs_audit": "x".repeat(4000), "nwcs_syncstatus": "x".repeat(100)
    });
    site.administrator("opportunities", row).await;
    let by_key = format!(
        "{}api/data/v9.2/leads(nwcs_referralid='nobody')",
        site.simulators.dataverse.as_str()
    );
    let answer =
        client(Duration::from_secs(5)).get(by_key).bearer_auth(site.token()).send().await.unwrap();
    assert_eq!(
        answer.json::<Json>().await.unwrap()["error"]["code"],
        "0x80060891",
        "the lead has the key too"
    );
}

#[tokio::test]
async fn a_run_that_broke_off_tells_why_and_the_next_one_goes_on() {
    let site = Site::empty().await;
    site.fault("/Attributes", 6, 3, status(500));
    let findings = site.installation.install().await.unwrap();
    let refused = named(&findings, "opportunity", "nwcs_microsoftcrmid");
    assert!(
        matches!(refused, State::Refused { why } if why.contains("nwcs_microsoftcrmid")),
        "{refused:?}"
    );
    assert_eq!(*named(&findings, "opportunity", "nwcs_products"), State::Created);
    assert!(matches!(named(&findings, "lead", "nwcs_products"), State::Missing { .. }));
    assert_eq!(site.calls("POST", "PublishXml"), 1, "what was made is published");

    let findings = site.installation.install().await.unwrap();
    assert_eq!(wrong(&findings), Vec::<&Finding>::new());
    assert_eq!(*named(&findings, "opportunity", "nwcs_products"), State::Right);
    assert_eq!(*named(&findings, "opportunity", "nwcs_microsoftcrmid"), State::Created);
    assert_eq!(site.calls("POST", "/publishers") + site.calls("POST", "/solutions"), 2);
}

#[tokio::test]
async fn a_lost_answer_is_looked_after_and_a_passing_fault_tried_again() {
    let site = Site::empty().await;
    site.fault("/Attributes", 2, 1, Action::DropAfterEffect);
    site.fault("/Keys", 0, 1, status(500));
    let findings = site.installation.install().await.unwrap();
    assert_eq!(wrong(&findings), Vec::<&Finding>::new());
    assert_eq!(
        site.calls("POST", "/Attributes"),
        2 * FIELDS.len(),
        "nothing is asked for twice that took effect"
    );
    assert_eq!(site.calls("POST", "/Keys"), 3);
}

#[tokio::test]
async fn a_column_of_another_type_is_reported_and_left_alone() {
    let site = Site::empty().await;
    let publisher = json!({
        "uniquename": "northwind", "friendlyname": "Northwind", "customizationprefix": "nwcs",
        "customizationoptionvalueprefix": 41_200
    });
    site.administrator("publishers", publisher).await;
    let label = json!({"LocalizedLabels": [{"Label": "Audit", "LanguageCode": 1033}]});
    let column = json!({
        "@odata.type": "Microsoft.Dynamics.CRM.StringAttributeMetadata", "SchemaName": "nwcs_Audit",
        "DisplayName": label, "RequiredLevel": {"Value": "None"}, "MaxLength": 4000,
        "FormatName": {"Value": "Text"}
    });
    site.administrator("EntityDefinitions(LogicalName='opportunity')/Attributes", column).await;

    let findings = site.installation.install().await.unwrap();
    let State::Wrong { is, should, .. } = named(&findings, "opportunity", "nwcs_audit") else {
        panic!("{findings:?}")
    };
    assert_eq!((is.as_str(), should.as_str()), ("Text 4000", "Multiple lines 4000"));
    assert_eq!(wrong(&findings).len(), 1);
    let writes = site.writes();
    assert_eq!(wrong(&site.installation.install().await.unwrap()).len(), 1);
    assert_eq!(site.writes(), writes, "nothing is left that could be made");
    assert_eq!(site.calls("PUT", "") + site.calls("PATCH", "") + site.calls("DELETE", ""), 0);
}

#[tokio::test]
async fn a_publishers_other_range_of_choice_values_is_reported_with_the_remedy() {
    let site = Site::empty().await;
    let publisher = json!({
        "uniquename": "northwind", "friendlyname": "Northwind", "customizationprefix": "nwcs",
        "customizationoptionvalueprefix": 10_001
    });
    site.administrator("publishers", publisher).await;
    let findings = site.installation.install().await.unwrap();
    let refused = named(&findings, "opportunity", "nwcs_howcanmicrosofthelp");
    assert!(matches!(refused, State::Refused { why } if why.contains("41200")), "{refused:?}");
}

#[tokio::test]
async fn a_solution_of_another_publisher_takes_nothing() {
    let site = Site::empty().await;
    let publishers = format!("{}api/data/v9.2/publishers", site.simulators.dataverse);
    let answer =
        client(Duration::from_secs(5)).get(publishers).bearer_auth(site.token()).send().await;
    let other = answer.unwrap().json::<Json>().await.unwrap()["value"][0]["publisherid"].clone();
    let solution = json!({"uniquename": "CosellSync", "friendlyname": "Other", "version": "1.0.0.0",
        "publisherid@odata.bind": format!("/publishers({})", other.as_str().unwrap())});
    site.administrator("solutions", solution).await;
    let findings = site.installation.install().await.unwrap();
    assert!(matches!(
        named(&findings, "the environment", "CosellSync"),
        State::Wrong { is, .. } if is == "of another publisher"
    ));
    assert_eq!(site.calls("POST", "EntityDefinitions"), 0);
}

#[tokio::test]
async fn without_a_customisers_role_the_refusal_names_the_way_out() {
    let site = Site::empty().await;
    site.switch(json!({"cannot_customise": true})).await;
    let findings = site.installation.install().await.unwrap();
    let refused = named(&findings, "the environment", "CosellSync");
    assert!(
        matches!(
            refused,
            State::Refused { why }
                if why.contains("CRM_ACCESS_TOKEN") && why.contains("prvCreatePublisher")
        ),
        "{refused:?}"
    );
    assert_eq!(wrong(&findings).len(), COMPONENTS + 1);
}

#[tokio::test]
async fn a_key_whose_index_is_being_built_is_waited_for_and_then_reported() {
    let site = Site::complete().await;
    site.switch(json!({"key_index_pending": true})).await;
    let findings = site.installation.check().await.unwrap();
    let State::Wrong { is, remedy, .. } = named(&findings, "lead", "nwcs_ReferralKey") else {
        panic!("{findings:?}")
    };
    assert_eq!(is, "Pending");
    assert!(remedy.contains("cosell crm check"), "{remedy}");
    assert_eq!(site.calls("GET", "/Keys"), 2, "a check does not wait");

    let site = Site::empty().await;
    site.switch(json!({"key_index_pending": true})).await;
    let findings = site.installation.install().await.unwrap();
    assert_eq!(wrong(&findings).len(), 2, "{findings:?}");
    assert!(site.calls("GET", "/Keys") > 20);
}

#[tokio::test]
async fn data_that_may_not_be_read_is_reported() {
    let site = Site::complete().await;
    site.simulators.faults.add(Fault {
        path_contains: Some("/leads".to_owned()),
        ..Fault::new("dataverse", status(403))
    });
    let findings = site.installation.check().await.unwrap();
    let refused = wrong(&findings);
    assert_eq!(refused.len(), 1);
    assert!(
        matches!(&refused[0].state, State::Refused { why } if why.contains("security role")),
        "{refused:?}"
    );
    assert_eq!(refused[0].place, "lead");
}

#[tokio::test]
async fn an_administrators_token_is_used_as_it_is_and_never_renewed() {
    let site = Site::empty().await;
    let administrator =
        installer(&site.simulators, Access::Token(SecretString::from(site.token())));
    assert_eq!(wrong(&administrator.install().await.unwrap()), Vec::<&Finding>::new());
    assert_eq!(site.simulators.journal.count("entra", "POST", ""), 0);

    let expired = installer(&site.simulators, Access::Token(SecretString::from("expired")));
    let failure = expired.check().await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Credentials);
    assert!(failure.message.contains("get a new one"), "{failure}");
}
