//! Finding the pair that a message is about.

use cosell_model::crm::{CrmKey, CrmRecord};
use cosell_model::id::ReferralId;
use cosell_model::life_cycle::Stage;
use cosell_model::link::Link;
use cosell_model::message::Subject;
use cosell_model::referral::{Referral, ReferralKind};

use super::Attempt;
use crate::failure::{Failure, FailureKind, System};

/// What is known of a subject.
pub(super) enum Found {
    /// A pair we know, and Microsoft's half if the message was about that.
    Linked { link: Box<Link>, microsoft: Option<Box<Referral>> },
    /// Two records that name each other but are not linked: a link that was lost, or a creation that died half-way.
    Counterparts { referral: Box<Referral>, record: Box<CrmRecord> },
    /// A referral without a CRM record.
    OnlyReferral(Box<Referral>),
    /// A CRM record without a referral.
    OnlyRecord(Box<CrmRecord>),
    /// A lead whose deal goes on as an opportunity.
    FormerLead { lead: Box<CrmRecord>, opportunity: String },
    /// Not for us; the reason completes "Not synced: ….".
    NotOurs(String),
    /// The identifiers contradict each other: a person must decide.
    Contradiction { reason: String, record: Option<Box<CrmRecord>> },
}

impl Attempt<'_> {
    pub(super) async fn find(&mut self) -> Result<Found, Failure> {
        let look = self.look;
        let found = match &look.message.subject {
            Subject::Referral(id) => self.find_from_referral(*id).await?,
            Subject::Crm(key) if self.is_lead(key) => self.find_from_lead(key).await?,
            Subject::Crm(key) => self.find_from_record(key).await?,
        };
        if let Found::Linked { link, .. } = &found {
            self.turn_to(&link.crm);
        }
        Ok(found)
    }

    async fn find_from_referral(&mut self, id: ReferralId) -> Result<Found, Failure> {
        let engine = self.engine;
        if let Some(link) = engine.links.by_referral(id).await? {
            return Ok(Found::Linked { link: Box::new(link), microsoft: None });
        }
        let Some(referral) = engine.partner_center.get(id).await? else {
            return Ok(Found::NotOurs("the referral is not visible to our user".into()));
        };
        if referral.kind == ReferralKind::MicrosoftReferral {
            self.find_from_microsofts(referral).await
        } else {
            self.find_record_of(referral).await
        }
    }

    /// Microsoft's half never gets a record of its own: it leads to the partner's referral in the same engagement.
    async fn find_from_microsofts(&mut self, half: Referral) -> Result<Found, Failure> {
        let engine = self.engine;
        let Some(engagement) = half.engagement else {
            return Ok(Found::NotOurs("Microsoft's referral names no engagement".into()));
        };
        if let Some(link) = engine.links.by_engagement(engagement).await? {
            return Ok(Found::Linked { link: Box::new(link), microsoft: Some(Box::new(half)) });
        }
        let referrals = engine.partner_center.in_engagement(engagement).await?;
        let Some(own) =
            referrals.into_iter().find(|referral| referral.kind != ReferralKind::MicrosoftReferral)
        else {
            return Ok(Found::NotOurs("the engagement holds no referral of ours".into()));
        };
        match engine.links.by_referral(own.id).await? {
            Some(link) => {
                Ok(Found::Linked { link: Box::new(link), microsoft: Some(Box::new(half)) })
            }
            None => self.find_record_of(own).await,
        }
    }

    async fn find_record_of(&mut self, referral: Referral) -> Result<Found, Failure> {
        self.turn_to_table_of(&referral).await?;
        let engine = self.engine;
        if let Some(record) = engine.crm.find_by_referral(referral.id).await? {
            return Ok(Found::Counterparts {
                referral: Box::new(referral),
                record: Box::new(record),
            });
        }
        let Some(reference) = referral.external_reference.clone() else {
            return Ok(Found::OnlyReferral(Box::new(referral)));
        };
        // A referral that names a CRM record is never given a second one (contract partner-center 5.7).
        let contradiction = |reason: String| Ok(Found::Contradiction { reason, record: None });
        let entity = &engine.mapping.entity;
        let Some(key) = engine.mapping.key_from_reference(&reference) else {
            return contradiction(format!(
                "The referral's CRM ID is not the id of any {entity} of this CRM: clear it in Partner Center, or set it to the {entity}'s id."
            ));
        };
        if let Some(other) = engine.links.by_crm(&key).await? {
            if other.referral == referral.id {
                return Err(linked_meanwhile());
            }
            return contradiction(format!(
                "The {entity} that the referral's CRM ID names is already paired with referral {}: clear the CRM ID in Partner Center.",
                other.referral
            ));
        }
        if engine.claims.is_claimed(&key.to_string(), self.look.now).await? {
            return Err(Failure::new(
                System::Aws,
                FailureKind::Transient,
                "another function is creating this referral; its link will appear",
            ));
        }
        match engine.crm.get(&key).await? {
            Some(record)
                if self
                    .referral_id_of(&record)
                    .is_none_or(|id| id.eq_ignore_ascii_case(&referral.id.to_string())) =>
            {
                Ok(Found::Counterparts { referral: Box::new(referral), record: Box::new(record) })
            }
            Some(_) => contradiction(format!(
                "The {entity} that the referral's CRM ID names carries another Referral Identifier: clear the CRM ID in Partner Center."
            )),
            None => contradiction(format!(
                "The referral's CRM ID names no {entity}: clear it in Partner Center, or set it to the {entity}'s id."
            )),
        }
    }

    pub(super) async fn find_from_record(&mut self, key: &CrmKey) -> Result<Found, Failure> {
        let engine = self.engine;
        if let Some(link) = engine.links.by_crm(key).await? {
            return Ok(Found::Linked { link: Box::new(link), microsoft: None });
        }
        // Side by side: a referral of ours that was created though its answer never reached us must be found before another is made.
        let (record, created) = futures::try_join!(
            engine.crm.get(key),
            engine.partner_center.by_external_reference(&key.id)
        )?;
        let Some(record) = record else {
            return Ok(Found::NotOurs("the record no longer exists in the CRM".into()));
        };
        if record.get(engine.mapping.columns.sync.as_str()) != &serde_json::Value::Bool(true) {
            return Ok(Found::NotOurs("Sync with Partner Center is not set".into()));
        }
        if let Some(id) = self.referral_id_of(&record) {
            return self.find_named_referral(&id, record).await;
        }
        let record = Box::new(record);
        let Some(referral) = own(created) else {
            return self.find_from_origin(record).await;
        };
        match engine.links.by_referral(referral.id).await? {
            None => Ok(Found::Counterparts { referral: Box::new(referral), record }),
            Some(link) if link.crm == *key => Err(linked_meanwhile()),
            Some(_) => Ok(Found::Contradiction {
                reason: format!(
                    "Referral {} names this record as its CRM ID but is paired with another one: correct the CRM ID in Partner Center.",
                    referral.id
                ),
                record: Some(record),
            }),
        }
    }

    /// The record already carries a Referral Identifier, but no link: adopt, unless the identifier belongs to another record (a copied opportunity).
    async fn find_named_referral(&self, id: &str, record: CrmRecord) -> Result<Found, Failure> {
        let engine = self.engine;
        let record = Box::new(record);
        let contradiction = |reason: &str, record| {
            Ok(Found::Contradiction { reason: reason.to_owned(), record: Some(record) })
        };
        let Ok(id) = id.parse::<ReferralId>() else {
            return contradiction("Referral Identifier is not a referral's id: clear it.", record);
        };
        if let Some(link) = engine.links.by_referral(id).await? {
            if link.crm == record.key {
                return Err(linked_meanwhile());
            }
            if link.lead.as_ref() == Some(&record.key) {
                return Ok(Found::FormerLead { lead: record, opportunity: link.crm.id });
            }
            if self.is_lead(&link.crm)
                && self.pair_of_origin(&record.key).await?.as_ref() == Some(&link)
            {
                return self.pair_of_lead(link, record);
            }
            let reason = if self.is_on_leads() {
                "Referral Identifier belongs to another lead (were the two merged?): ask your sync operator to link this one, or clear it."
            } else {
                "Referral Identifier belongs to another opportunity (was this one copied?): clear it to create a deal of its own."
            };
            return contradiction(reason, record);
        }
        match engine.partner_center.get(id).await? {
            Some(referral) => Ok(Found::Counterparts { referral: Box::new(referral), record }),
            None => contradiction(
                "Referral Identifier names a referral that our user cannot see: correct or clear it.",
                record,
            ),
        }
    }

    pub(super) fn referral_id_of(&self, record: &CrmRecord) -> Option<String> {
        record
            .get(self.engine.mapping.columns.referral_id.as_str())
            .as_str()
            .filter(|id| !id.is_empty())
            .map(str::to_owned)
    }
}

/// Another look has linked this very pair since we asked for its link.
fn linked_meanwhile() -> Failure {
    Failure::new(System::Aws, FailureKind::Stale, "the pair was linked meanwhile")
}

/// The partner's own referral among those with our reference; an open one before a closed one, the latest first. One that was
/// closed as entered by mistake is nobody's deal.
pub(super) fn own(referrals: Vec<Referral>) -> Option<Referral> {
    let own = referrals.into_iter().filter(|referral| {
        referral.kind != ReferralKind::MicrosoftReferral && referral.stage != Stage::ClosedOtherwise
    });
    own.max_by_key(|referral| (!referral.stage.is_terminal(), referral.updated))
}
