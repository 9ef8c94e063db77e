//! The operator's orders: the real command line, DynamoDB inside this process, both simulators.

use std::process::Stdio;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use cosell_runtime::settings::CrmSystem;
use cosell_simulators::{Config, Simulators};
use cosell_tests::people::People;
use cosell_tests::workspace;
use serde_json::{Value as Json, json};
use tokio::process::Command;

use super::{NOWHERE, aws};

/// The command line and everything it talks to.
pub(super) struct Desk {
    pub(super) simulators: Simulators,
    pub(super) people: People,
    pub(super) dynamodb: Client,
    variables: Vec<(&'static str, String)>,
}

/// What a command printed, and whether it ended well.
#[derive(Debug)]
pub(super) struct Said {
    pub(super) well: bool,
    pub(super) out: String,
    pub(super) err: String,
}

impl Desk {
    pub(super) async fn open() -> Self {
        let simulators = Simulators::start(Config::default()).await.unwrap();
        let (endpoint, dynamodb) = aws::tables().await;
        let mut variables = super::settings(CrmSystem::Dynamics, &simulators, endpoint).await;
        variables.extend([
            ("AWS_ENDPOINT_URL", NOWHERE.into()),
            ("AWS_REGION", "us-east-1".into()),
            // Dummy keys and no metadata service: nothing can reach a real account.
            ("AWS_ACCESS_KEY_ID", "test".into()),
            ("AWS_SECRET_ACCESS_KEY", "test".into()),
            ("AWS_EC2_METADATA_DISABLED", "true".into()),
        ]);
        let people = People::new(simulators.control.clone(), CrmSystem::Dynamics).unwrap();
        Self { simulators, people, dynamodb, variables }
    }

    /// Gives a command, with nobody at a terminal.
    pub(super) async fn say(&self, line: &str) -> Said {
        let mut command = Command::new(workspace::binary("cosell").unwrap());
        command.args(line.split(' ')).stdin(Stdio::null()).env_clear();
        command.envs(self.variables.iter().map(|(name, value)| (*name, value.as_str())));
        let done = command.output().await.unwrap();
        Said {
            well: done.status.success(),
            out: String::from_utf8(done.stdout).unwrap(),
            err: String::from_utf8(done.stderr).unwrap(),
        }
    }

    async fn opportunity(&self, id: &str) -> Json {
        let all = self.people.rows().await.unwrap();
        all.into_iter().find(|row| row["opportunityid"] == id).unwrap()
    }

    async fn referral(&self, id: &str) -> Json {
        let all = self.people.referrals().await.unwrap();
        all.into_iter().find(|referral| referral["id"] == id).unwrap()
    }

    /// A deal of Microsoft's and the opportunity that a first look makes of it.
    pub(super) async fn pair(&self) -> (String, String) {
        let referral = self.people.microsoft_invites("Harbour sensors").await.unwrap();
        let made = self.say(&format!("pair look --referral {referral}")).await;
        assert!(made.well && made.out.starts_with("created: "), "{made:?}");
        let all = self.people.rows().await.unwrap();
        let opportunity = all.iter().find(|row| row["nwcs_referralid"] == *referral).unwrap();
        (referral, opportunity["opportunityid"].as_str().unwrap().to_owned())
    }

    /// A conflict as the engine leaves it on the link.
    async fn park(&self, referral: &str, field: &str, partner_center: &str, crm: &str) {
        let text = |text: &str| {
            AttributeValue::M([("text".to_owned(), AttributeValue::S(text.into()))].into())
        };
        let conflict = [
            ("partner_center".to_owned(), text(partner_center)),
            ("crm".to_owned(), text(crm)),
            ("since".to_owned(), AttributeValue::S("2026-11-21T10:00:00Z".into())),
        ];
        let conflicts = [(field.to_owned(), AttributeValue::M(conflict.into()))];
        let update = self.dynamodb.update_item().table_name("links");
        update
            .key("pk", AttributeValue::S(format!("referral#{referral}")))
            .update_expression("SET conflicts = :conflicts")
            .expression_attribute_values(":conflicts", AttributeValue::M(conflicts.into()))
            .send()
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn a_pair_is_unlinked_and_its_referral_linked_with_another_opportunity() {
    let desk = Desk::open().await;
    let (referral, first) = desk.pair().await;
    let shown = desk.say(&format!("pair show --opportunity {first}")).await;
    assert!(shown.well && shown.out.contains(&referral), "{shown:?}");

    let asked = desk.say(&format!("pair unlink --referral {referral}")).await;
    assert!(!asked.well && asked.err.contains("add --yes"), "{asked:?}");
    assert_eq!(desk.opportunity(&first).await["nwcs_referralid"], *referral, "nothing was changed");

    let unlinked = desk.say(&format!("pair unlink --referral {referral} --yes")).await;
    assert!(unlinked.well && unlinked.out.starts_with("unlinked: "), "{unlinked:?}");
    let row = desk.opportunity(&first).await;
    assert_eq!(
        (&row["nwcs_referralid"], &row["nwcs_syncwithpartnercenter"]),
        (&Json::Null, &json!(false)),
        "{row}"
    );
    let looked = desk.say(&format!("pair look --opportunity {first}")).await;
    assert!(looked.well && looked.out.starts_with("skipped: "), "{looked:?}");

    let second = desk.people.seller_prepares("Harbour sensors, second try").await.unwrap();
    let relink = format!("pair relink --referral {referral} --opportunity {second} --yes");
    let relinked = desk.say(&relink).await;
    assert!(relinked.well, "{relinked:?}");
    assert_eq!(desk.opportunity(&second).await["nwcs_syncwithpartnercenter"], true);
    assert!(relinked.err.contains(&format!("was linked with opportunity {first}")), "{relinked:?}");
    assert_eq!(desk.referral(&referral).await["externalReferenceId"], *second);
    assert_eq!(desk.opportunity(&second).await["nwcs_referralid"], *referral);
    let shown = desk.say(&format!("pair show --referral {referral} --json")).await;
    let link: Json = serde_json::from_str(&shown.out).unwrap();
    assert_eq!((&link["crm"]["id"], &link["tombstone"]), (&json!(second), &Json::Null));
    let gone = desk.say(&format!("pair show --opportunity {first}")).await;
    assert!(!gone.well && gone.err.contains("is not linked"), "{gone:?}");

    let trail = desk.say(&format!("audit --referral {referral}")).await.out;
    assert!(
        ["created ", "unlinked ", "relinked "].iter().all(|kind| trail.contains(kind)),
        "{trail}"
    );
    desk.simulators.stop().await;
}

#[tokio::test]
async fn a_conflict_is_shown_with_both_values_and_settled() {
    let desk = Desk::open().await;
    let (referral, _) = desk.pair().await;
    let settle = format!("pair settle --referral {referral} --field name --winner crm");
    let early = desk.say(&format!("{settle} --yes")).await;
    assert!(!early.well && early.err.contains("does not wait for a decision"), "{early:?}");

    desk.park(&referral, "name", "Harbour sensors", "Harbour and quay sensors").await;
    let shown = desk.say(&format!("pair show --referral {referral}")).await;
    for text in
        ["\"Harbour sensors\"", "\"Harbour and quay sensors\"", settle.trim_end_matches("crm")]
    {
        assert!(shown.out.contains(text), "`{text}` is not in {shown:?}");
    }

    let asked = desk.say(&settle).await;
    assert!(!asked.well && asked.err.contains("add --yes"), "{asked:?}");
    assert!(asked.err.contains("\"Harbour and quay sensors\""), "{asked:?}");
    let settled = desk.say(&format!("{settle} --yes")).await;
    assert!(settled.well, "{settled:?}");
    let trail = desk.say(&format!("audit --referral {referral}")).await.out;
    assert!(
        trail.contains("resolved ")
            && trail.contains("name: \"Harbour sensors\" in Partner Center"),
        "{trail}"
    );
    desk.simulators.stop().await;
}
