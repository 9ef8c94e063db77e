//! What a partner's own mapping makes of a deal: transforms, expressions, conditions and defaults,
//! over whole reconciliations.

use cosell_mapping_check::{Examination, MappingFile};

use super::*;

impl Stage {
    /// With this over the shipped mapping.
    fn mapped(mut self, own: &str) -> Self {
        let placeholders =
            Placeholders::from([("prefix", "nwcs".to_owned()), ("team_phone", "+4670".to_owned())]);
        let shipped = MappingFile {
            name: "shipped",
            text: include_str!("../../../../../infra/mapping/dynamics.toml"),
        };
        let own = MappingFile { name: "own", text: &format!("version = 1\n{own}") };
        let mapping = Examination::of(
            &Crm::of_guids("dynamics").with_currency_lookup("transactioncurrencyid"),
            shipped,
            Some(own),
            &placeholders,
        )
        .into_mapping();
        self.engine.mapping = Arc::new(mapping.unwrap());
        self
    }

    fn edits_record(&self, column: &str, value: Json) {
        let id = self.the_record().key.id;
        self.world.edit_record(&id, |record| drop(record.fields.insert(column.into(), value)));
    }

    fn edits_referral(&self, pointer: &str, value: Json) {
        let mut body = self.referrals()[0].clone();
        *body.pointer_mut(pointer).unwrap() = value;
        self.world.put_referral(self.the_link().referral, body);
    }
}

#[tokio::test]
async fn a_country_by_name_is_synced_as_its_code_and_comes_back_as_its_name() {
    let own =
        "[[rule]]\nname = \"customer_country\"\ntransform = [\"country_name\"]\ncrm_length = 80";
    let stage = Stage::with_opportunity().mapped(own);
    stage.world.edit_record(OPPORTUNITY, |record| {
        record.fields.insert("customerid_account/address1_country".into(), json!("Sweden"));
    });
    assert_eq!(stage.until_quiet(&opportunity()).await.kind, AuditKind::Created);
    assert_eq!(stage.referrals()[0]["customerProfile"]["address"]["country"], "SE");

    let stage = Stage::with_referral().mapped(own);
    assert_eq!(stage.until_quiet(&referral()).await.kind, AuditKind::Created);
    assert_eq!(stage.the_record().get("customerid_account/address1_country"), "Sweden");
}

#[tokio::test]
async fn a_country_that_nobody_knows_is_notified_to_the_seller() {
    let own =
        "[[rule]]\nname = \"customer_country\"\ntransform = [\"country_name\"]\ncrm_length = 80";
    let stage = Stage::with_opportunity().mapped(own);
    stage.world.edit_record(OPPORTUNITY, |record| {
        record.fields.insert("customerid_account/address1_country".into(), json!("Atlantis"));
    });
    assert_eq!(stage.reconcile(&opportunity(), "first").await.unwrap().kind, AuditKind::Rejected);
    let audit = stage.the_record().get("nwcs_audit").as_str().unwrap().to_owned();
    assert!(
        audit.contains("Customer country was not sent: the transform `country_code` needs the English name or the two-letter code of a country"),
        "{audit}"
    );
}

#[tokio::test]
async fn an_amount_in_thousands_follows_edits_on_both_sides_and_rests() {
    let stage = Stage::with_opportunity().mapped(
        "[[rule]]\nname = \"deal_value\"\ntransform = [\"times:0.001\"]\n[[lead.rule]]\nname = \"deal_value\"\ntransform = [\"times:0.001\"]",
    );
    stage.world.edit_record(OPPORTUNITY, |record| {
        record.fields.insert("estimatedvalue".into(), json!(184));
    });
    stage.until_quiet(&opportunity()).await;
    assert_eq!(stage.referrals()[0]["details"]["dealValue"], 184_000);
    stage.edits_referral("/details/dealValue", json!(205_500));
    stage.until_quiet(&opportunity()).await;
    assert_eq!(stage.the_record().get("estimatedvalue"), &json!(205.5));
    stage.edits_record("estimatedvalue", json!(210));
    stage.until_quiet(&opportunity()).await;
    assert_eq!(stage.referrals()[0]["details"]["dealValue"], 210_000);
}

#[tokio::test]
async fn a_computed_text_follows_what_it_is_computed_from_and_nothing_comes_back() {
    let own = "[[rule]]\nname = \"notes\"\nto_partner_center = \"never\"\nfrom_partner_center = \"{{ name }}: {{ details.notes }}\"\n\
               [[lead.rule]]\nname = \"notes\"\noff = true";
    let stage = Stage::with_referral().mapped(own);
    stage.until_quiet(&referral()).await;
    assert_eq!(stage.the_record().get("description"), "Fleet telemetry pilot: 40 lorries");
    stage.edits_referral("/details/notes", json!("50 lorries"));
    stage.until_quiet(&referral()).await;
    assert_eq!(stage.the_record().get("description"), "Fleet telemetry pilot: 50 lorries");
    stage.edits_record("description", json!("the seller's own"));
    assert_eq!(
        stage.until_quiet(&referral()).await.kind,
        AuditKind::Updated,
        "the seller reads it"
    );
    assert_eq!(stage.the_record().get("nwcs_syncstatus"), "⚠ Partly synced: Notes");
    assert_eq!(stage.referrals()[0]["details"]["notes"], "50 lorries");
    assert_eq!(stage.the_record().get("description"), "the seller's own");
}

#[tokio::test]
async fn a_rule_that_is_not_there_for_a_deal_carries_nothing_of_it() {
    let own = "[[rule]]\nname = \"notes\"\nwhen = { direction = \"incoming\" }";
    let stage = Stage::with_opportunity().mapped(own);
    stage.world.edit_record(OPPORTUNITY, |record| {
        record.fields.insert("description".into(), json!("internal"));
    });
    stage.until_quiet(&opportunity()).await;
    assert!(stage.referrals()[0]["details"].get("notes").is_none_or(Json::is_null));
    assert!(!stage.the_link().last_synced.contains_key("notes"));
    stage.edits_record("description", json!("more of it"));
    assert_eq!(stage.until_quiet(&opportunity()).await.kind, AuditKind::Unchanged);

    let stage = Stage::with_referral().mapped(own);
    stage.until_quiet(&referral()).await;
    assert_eq!(stage.the_record().get("description"), "40 lorries");
}

#[tokio::test]
async fn a_default_for_the_crm_stays_there() {
    let own = "[[rule]]\nname = \"notes\"\ndefault_to_crm = \"none yet\"";
    let stage = Stage::with_referral().mapped(own);
    let mut silent = inbound();
    silent["details"]["notes"] = Json::Null;
    stage.world.put_referral(REFERRAL.parse().unwrap(), silent);
    stage.until_quiet(&referral()).await;
    assert_eq!(stage.the_record().get("description"), "none yet");
    assert!(stage.referrals()[0]["details"]["notes"].is_null());
    stage.edits_referral("/details/notes", json!("40 lorries"));
    stage.until_quiet(&referral()).await;
    assert_eq!(stage.the_record().get("description"), "40 lorries");
}
