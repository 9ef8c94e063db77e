//! ✔ exactly when every synced field agrees: whatever is edited, by whatever rules.

use cosell_mapping::{ConflictRule, Rule, When};
use cosell_model::link::LastSynced;
use cosell_model::referral::Referral;
use cosell_model::state::DealState;
use proptest::prelude::*;

use super::*;

/// A column, the property of the referral that it goes with, and values of each.
const FIELDS: [(&str, &str, &str, [&str; 3]); 5] = [
    ("name", "name", "/name", [r#""One""#, r#""Two""#, r#""Cold-store rollout""#]),
    ("notes", "description", "/details/notes", [r#""call first""#, r#""call last""#, "null"]),
    ("deal_value", "estimatedvalue", "/details/dealValue", ["184000", "205000", "99000.5"]),
    (
        "currency",
        "transactioncurrencyid/isocurrencycode",
        "/details/currency",
        [r#""SEK""#, r#""EUR""#, r#""CHF""#],
    ),
    (
        "closing_date",
        "estimatedclosedate",
        "/details/closingDateTime",
        [r#""2026-09-30""#, r#""2026-10-15""#, r#""2026-12-31""#],
    ),
];

#[derive(Clone, Debug)]
enum Edit {
    Record(usize, usize),
    Referral(usize, usize),
    Phase(Phase),
    Stage(&'static str, &'static str),
    /// The seller's choice of visibility.
    Visible(bool),
    /// Microsoft's sellers may see the deal.
    Consent,
}

const VISIBILITY: &str = "nwcs_referralvisibility";
const CONSENT: &str = "/consent/consentToShareReferralWithMicrosoftSellers";

fn edit() -> impl Strategy<Value = Edit> {
    let field = || (0..FIELDS.len(), 0..3_usize);
    prop_oneof![
        5 => field().prop_map(|(field, value)| Edit::Record(field, value)),
        5 => field().prop_map(|(field, value)| Edit::Referral(field, value)),
        1 => prop::sample::select(vec![Phase::Open, Phase::OnHold, Phase::Won, Phase::Lost])
            .prop_map(Edit::Phase),
        1 => prop::sample::select(vec![("Closed", "Won"), ("Closed", "Lost")])
            .prop_map(|(status, substatus)| Edit::Stage(status, substatus)),
        1 => any::<bool>().prop_map(Edit::Visible),
        1 => Just(Edit::Consent),
    ]
}

type Directions = (ConflictRule, When, When);

fn directions() -> impl Strategy<Value = Directions> {
    let when = || prop::sample::select(vec![When::Always, When::Always, When::Create]);
    let conflict = prop::sample::select(vec![
        ConflictRule::Newest,
        ConflictRule::Crm,
        ConflictRule::PartnerCenter,
        ConflictRule::Ask,
    ]);
    (conflict, when(), when())
}

impl Stage {
    fn apply(&self, edit: &Edit) {
        let value = |field: usize, value: usize| -> Json {
            serde_json::from_str(FIELDS[field].3[value]).unwrap()
        };
        match edit {
            Edit::Record(field, at) => self.seller_edits(|record| {
                record.fields.insert(FIELDS[*field].1.into(), value(*field, *at));
            }),
            Edit::Referral(field, at) if self.is_open() => self.partner_center_edits(|body| {
                let mut value = value(*field, *at);
                if FIELDS[*field].0 == "closing_date" {
                    value = json!(format!("{}T00:00:00Z", value.as_str().unwrap()));
                }
                let (parent, name) = FIELDS[*field].2.rsplit_once('/').unwrap();
                body.pointer_mut(parent).unwrap()[name] = value;
            }),
            Edit::Stage(status, substatus) if self.is_open() => self.partner_center_edits(|body| {
                (body["status"], body["substatus"]) = (json!(status), json!(substatus));
            }),
            Edit::Phase(phase) => self.seller_edits(|record| record.phase = *phase),
            Edit::Visible(is_visible) => self.seller_edits(|record| {
                let value = json!(if *is_visible { 412_000_001 } else { 412_000_000 });
                record.fields.insert(VISIBILITY.into(), value);
            }),
            Edit::Consent if self.is_open() => self.partner_center_edits(|body| {
                *body.pointer_mut(CONSENT).unwrap() = json!(true);
            }),
            Edit::Referral(..) | Edit::Stage(..) | Edit::Consent => {}
        }
    }

    fn is_open(&self) -> bool {
        self.body(self.the_link().referral)["status"] != "Closed"
    }

    /// The synced fields that do not agree, by the two sides alone.
    fn differing(&self) -> Vec<String> {
        let (mapping, record) = (&self.engine.mapping, self.the_record());
        let body = self.body(self.the_link().referral);
        let referral = Referral::parse(body, None, None).unwrap();
        let differs = |rule: &&Rule| {
            let now = LastSynced {
                partner_center: rule.read_partner_center(&referral).unwrap(),
                crm: rule.read_crm(&record).unwrap(),
            };
            let is_synced = rule.to_crm.on_update() || rule.to_partner_center.on_update();
            is_synced && !rule.agrees(&now)
        };
        let rules = mapping.rules.iter().filter(differs);
        let mut differing: Vec<String> = rules.map(|rule| rule.name.to_string()).collect();
        let stages = &mapping.stages;
        let to_crm = stages.to_crm.get(&referral.stage).is_none_or(|goes| *goes == record.phase);
        let to_partner_center = !referral.stage.is_terminal()
            && stages
                .to_partner_center
                .get(&record.phase)
                .is_none_or(|goes| *goes == referral.stage);
        let is_shown = *record.get(VISIBILITY) == json!(412_000_001);
        if referral.is_visible_to_microsoft() != is_shown {
            differing.push("visibility".into());
        }
        if !to_crm && !to_partner_center {
            differing.push("stage".into());
        }
        differing
    }
}

async fn check(rules: Vec<Directions>, turns: Vec<Vec<Edit>>) {
    let mut stage = in_sync().await;
    stage.world.state().crm.closed_takes_notes = true;
    let mut mapping = Mapping::clone(&stage.engine.mapping);
    for ((name, ..), (conflict, to_crm, to_partner_center)) in FIELDS.iter().zip(rules) {
        let rule = mapping.rules.iter_mut().find(|rule| rule.name == *name).unwrap();
        (rule.conflict, rule.to_crm, rule.to_partner_center) =
            (conflict, to_crm, to_partner_center);
    }
    stage.engine.mapping = Arc::new(mapping);
    for edits in turns {
        stage.now += SignedDuration::from_hours(2);
        edits.iter().for_each(|edit| stage.apply(edit));
        for _ in 0..4 {
            stage.reconcile(&opportunity(), "reconciles").await.unwrap();
        }
        let differing = stage.differing();
        let is_synced = stage.the_link().state == DealState::InSync;
        assert_eq!(is_synced, differing.is_empty(), "{:?}: {differing:?}", stage.the_link().state);
        let record = stage.the_record();
        let status = record.get("nwcs_syncstatus");
        assert_eq!(status == "✔ Synced", differing.is_empty(), "{status}: {differing:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn a_deal_is_synced_exactly_when_every_synced_field_agrees(
        rules in prop::collection::vec(directions(), FIELDS.len()),
        turns in prop::collection::vec(prop::collection::vec(edit(), 1..4), 1..5),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(check(rules, turns));
    }
}
