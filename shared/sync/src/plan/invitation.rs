//! Microsoft's help with a deal that exists already: what the seller wishes, and what becomes of it (contract partner-center 3.6, 6.36).
//!
//! The wish is compared with what was asked, not with what changed: until Microsoft was asked it stands, whatever came between.

use serde_json::Value as Json;

use super::body::{Purpose, body_of, contact};
use super::creation::AGAIN;
use super::planner::Planner;
use crate::built_in_fields::{CONTACT, HELP};
use cosell_model::life_cycle::Stage;
use cosell_model::link::{LastSynced, Link, Step};
use cosell_model::microsoft::{Refusal, digest};
use cosell_model::patch::PatchOperation;

/// What becomes of the seller's wish for Microsoft's help.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Wish {
    /// There is none.
    #[default]
    None,
    /// There is nothing to do about it now.
    Rests,
    /// Microsoft is asked, once what goes before it is stored.
    Ask(Box<Invitation>),
    /// It lacks something that Microsoft needs, and the seller is to be told.
    Lacks(Refusal),
    /// It was refused, or lacked something, and nothing of it has changed: the ✘ stands.
    Stands(Refusal),
}

/// What asking Microsoft takes.
#[derive(Clone, Debug, PartialEq)]
pub struct Invitation {
    /// How Microsoft is asked to help: an `assistanceRequestCode`.
    pub help: String,
    /// What Microsoft's half is made of, see [`super::NewReferral::invitation`].
    pub body: Json,
    /// By this the request is known again, should it be refused.
    pub digest: String,
}

impl Planner<'_> {
    /// Decides on the seller's wish. Returns whether Microsoft is asked with this look.
    pub(super) fn help(&mut self, link: &Link, now: Option<&LastSynced>) -> bool {
        let changed = now.is_some_and(|now| {
            link.last_synced.get(HELP).is_some_and(|last_synced| last_synced.crm != now.crm)
        });
        let code = match self.mapping.help_code(self.record.get(self.mapping.help.column.as_str()))
        {
            Ok(code) => code,
            Err(error) => {
                self.update.wish = Wish::Rests;
                if changed {
                    self.hold(HELP, format!("How can Microsoft help?: {error}."), false);
                }
                return false;
            }
        };
        if code.is_some() {
            self.update.wish = Wish::Rests;
        }
        let asked =
            link.microsoft_referral.is_some() || link.steps.contains(&Step::MicrosoftInvited);
        if asked {
            if changed && code != link.microsoft.asked.as_deref() {
                let reason = "Microsoft was asked to help already: How can Microsoft help? can be neither changed nor taken back there.";
                self.hold(HELP, reason.into(), false);
            }
            return false;
        }
        let Some(code) = code else { return false };
        if let Some(reason) = self.never() {
            if changed {
                self.hold(HELP, reason.into(), false);
            }
            return false;
        }
        // A deal that nobody has accepted waits; one that is being closed needs no help any more.
        let open = self.referral.stage == Stage::Active
            && !self.record.phase.is_closed()
            && self.closing.is_empty();
        if !open || !self.referral.is_outgoing() {
            return false;
        }
        self.update.wish = self.ask(code, link.microsoft.refused.as_ref());
        matches!(self.update.wish, Wish::Ask(_))
    }

    /// Why this deal is none that Microsoft can be asked to help with.
    fn never(&self) -> Option<&'static str> {
        if self.referral.stage.is_terminal() {
            return Some(
                "How can Microsoft help? was not sent: the referral is closed in Partner Center.",
            );
        }
        let incoming = self.referral.is_incoming();
        incoming.then_some("How can Microsoft help? was not sent: whoever invited you to this deal takes part in it already.")
    }

    fn ask(&mut self, code: &str, refused: Option<&Refusal>) -> Wish {
        let purpose = Purpose { cosell: true, visible: true, known: Some(self.referral) };
        let body = match body_of(self.mapping, self.record, purpose) {
            Ok(body) => body,
            Err(mut told) => {
                told.insert(0, "Microsoft was not asked to help yet.".to_owned());
                told.push(AGAIN.to_owned());
                let tried = digest(&told.concat());
                let known = refused.filter(|refused| refused.tried == tried);
                return known.map_or(Wish::Lacks(Refusal { tried, told }), |known| {
                    Wish::Stands(known.clone())
                });
            }
        };
        let digest = digest(&format!("{code}{body}"));
        if let Some(known) = refused.filter(|refused| refused.tried == digest) {
            return Wish::Stands(known.clone());
        }
        if let Some(team) = contact(self.mapping, self.referral, &body) {
            let operation = PatchOperation::set(self.referral, "customerProfile.team", team);
            self.update.patch.push(operation);
            self.update.patched.push(CONTACT.to_owned());
        }
        Wish::Ask(Box::new(Invitation { help: code.to_owned(), body, digest }))
    }
}
