//! Registering a won deal with Microsoft: once, whatever becomes of the answer.
//!
//! The link notes that it was asked for, and the patch carries the eTag of a referral that has no registration yet: of two such patches
//! the service takes one.

use crate::plan::{NewRegistration, Note, may_be_registered, plan_registration};
use cosell_model::audit::AuditKind;
use cosell_model::crm::CrmRecord;
use cosell_model::link::{Link, Registering};
use cosell_model::message::Cause;
use cosell_model::patch::PatchOperation;
use cosell_model::referral::Referral;
use serde_json::Value as Json;

use super::Attempt;
use crate::failure::{Failure, FailureKind};

impl Attempt<'_> {
    /// Registers the deal where that is wanted and possible; gives back the link and the referral as they are then.
    pub(super) async fn register(
        &mut self,
        link: Link,
        referral: Referral,
        record: &CrmRecord,
        microsoft: Option<&Referral>,
    ) -> Result<(Link, Referral), Failure> {
        let mapping = &self.engine.mapping;
        if link.registering == Some(Registering::Done)
            || !may_be_registered(mapping, &referral, record)
        {
            return Ok((link, referral));
        }
        let half = match (microsoft, link.microsoft_referral) {
            (Some(half), _) => Some(half.clone()),
            (None, Some(id)) => self.engine.partner_center.get(id).await?,
            (None, None) => None,
        };
        match plan_registration(mapping, &referral, half.as_ref(), record) {
            NewRegistration::Nothing => Ok((link, referral)),
            NewRegistration::Done => {
                let ours = link.registering.is_some();
                let link = self.remember(link, Registering::Done).await?;
                if ours {
                    self.aside(AuditKind::Registered, REGISTERED.into()).await?;
                }
                Ok((link, referral))
            }
            NewRegistration::Tell(problems) => {
                let before = link.registering.clone();
                let link =
                    self.not_registered(link, before, record, (problems.join(" "), None)).await?;
                Ok((link, referral))
            }
            NewRegistration::Register(operation)
                if self.was_refused(&link, &operation.value, microsoft) =>
            {
                Ok((link, referral))
            }
            NewRegistration::Register(operation) => {
                self.send_registration(link, referral, record, *operation).await
            }
        }
    }

    async fn send_registration(
        &mut self,
        link: Link,
        referral: Referral,
        record: &CrmRecord,
        operation: PatchOperation,
    ) -> Result<(Link, Referral), Failure> {
        let before = link.registering.clone();
        let link = self.remember(link, Registering::Started).await?;
        self.intend("About to register the won deal with Microsoft.", Vec::new()).await?;
        let asked = operation.value.clone();
        match self.engine.partner_center.patch(referral.id, &referral.etag, &[operation]).await {
            Ok(stored) => {
                self.trail.partner_center_request.clone_from(&stored.request_id);
                let link = self.remember(link, Registering::Done).await?;
                self.aside(AuditKind::Registered, REGISTERED.into()).await?;
                self.tell_closed(record, &Note::Synced(vec![REGISTERED.into()])).await?;
                Ok((link, stored))
            }
            Err(failure) if failure.kind == FailureKind::Rejected => {
                self.trail.partner_center_request.clone_from(&failure.request_id);
                let problem = format!("The won deal is not registered with Microsoft: {failure}.");
                let link =
                    self.not_registered(link, before, record, (problem, Some(asked))).await?;
                Ok((link, referral))
            }
            Err(failure) => Err(failure),
        }
    }

    /// The same registration is not sent again to a service that refused it, unless an operator asks, or Microsoft's half was not known then:
    /// it is read with many looks.
    fn was_refused(&self, link: &Link, asked: &Json, microsoft: Option<&Referral>) -> bool {
        let same = matches!(&link.registering, Some(Registering::Refused { asked: Some(before), .. }) if before == asked);
        let is_new = microsoft.is_some_and(|half| link.microsoft_referral != Some(half.id));
        same && !is_new && self.look.message.cause != Cause::Operator
    }

    /// Tells what keeps the deal from being registered, once. `before` is where it stood before this look, `link` as it is stored.
    async fn not_registered(
        &mut self,
        link: Link,
        before: Option<Registering>,
        record: &CrmRecord,
        (told, asked): (String, Option<Json>),
    ) -> Result<Link, Failure> {
        let is_known =
            matches!(&before, Some(Registering::Refused { told: before, .. }) if *before == told);
        let refused = Registering::Refused { told: told.clone(), asked };
        let link = if link.registering.as_ref() == Some(&refused) {
            link
        } else {
            self.remember(link, refused).await?
        };
        if !is_known {
            self.aside(AuditKind::Rejected, told.clone()).await?;
            self.tell_closed(record, &Note::Failed(vec![told])).await?;
        }
        Ok(link)
    }

    async fn remember(&self, link: Link, registering: Registering) -> Result<Link, Failure> {
        let link = Link { registering: Some(registering), updated: self.look.now, ..link };
        self.engine.links.save(&link).await
    }
}

const REGISTERED: &str = "The won deal was registered with Microsoft.";
