//! Unlinking: the link first, then the referral's marks on the record.

use cosell_model::audit::AuditKind;
use cosell_model::crm::{CrmRecord, CrmWrite};
use cosell_model::id::ReferralId;
use cosell_model::link::{DisconnectReason, Disconnected, Link};
use cosell_model::notice::Notice;
use cosell_model::state::DealState;
use serde_json::Value as Json;

use crate::decide::connector::Connector;
use crate::failure::Failure;
use crate::identity::is_on;
use crate::journal::Draft;
use crate::policy::Table;
use crate::reconciliation::{Outcome, Reconciliation};

impl Reconciliation<'_> {
    /// Unlinks a deal; repeating it is harmless.
    pub(super) async fn unlink(&mut self, referral: ReferralId) -> Result<Outcome, Failure> {
        let link = self.known(referral).await?;
        let reason = DisconnectReason::Unlinked;
        let state = DealState::Disconnected { reason: reason.clone() };
        let is_known = link.disconnected.as_ref().is_some_and(|known| known.reason == reason);
        // The link first: what follows in the CRM must not pass for a new deal of its seller's.
        if !is_known {
            let now = self.request.now;
            let link = Link {
                disconnected: Some(Disconnected { reason, since: now }),
                updated: now,
                ..link.clone()
            };
            let link = link.in_state(state.clone(), now);
            self.journal
                .ahead("About to unlink the deal by an operator's order.", Vec::new())
                .await?;
            self.engine.links.save(&link).await?;
        }
        if let Some(table) = self.reachable(&link.crm)
            && let Some(record) = self.engine.port(table).get(&link.crm).await?
        {
            self.free(table, &record, &state).await?;
        }
        let message = format!(
            "Unlinked from {} {}. Nothing is synced any more.",
            link.crm.entity, link.crm.id
        );
        let draft = Draft { notices: vec![Notice::Unlinked], ..Draft::of(message.clone()) };
        self.journal.append(AuditKind::Unlinked, draft).await?;
        Ok(self.quiet(AuditKind::Unlinked, message, state))
    }

    /// Takes the referral's marks off a record. One that is closed keeps them, and says where the
    /// deal stands as far as the CRM lets us.
    pub(super) async fn free(
        &mut self,
        table: Table,
        record: &CrmRecord,
        state: &DealState,
    ) -> Result<(), Failure> {
        let engine = self.engine;
        let mapping = engine.mapping_of(table);
        let columns = &mapping.columns;
        let connector = Connector::new(mapping, &engine.policy, self.request.now);
        let was_on = is_on(mapping, record);
        let lines: &[&Notice] = if was_on { &[&Notice::Unlinked] } else { &[] };
        if record.is_read_only() {
            // The line goes with the status alone, or each repetition would add one.
            if !connector.notes_of_closed(record, state, &[]).is_empty() {
                let notes = connector.notes_of_closed(record, state, lines);
                self.notify_on(record, notes).await?;
            }
            return Ok(());
        }
        let mut fields = connector.columns(record, state, lines);
        let marks = [
            (columns.referral_id.to_string(), Json::Null),
            (columns.referral_link.to_string(), Json::Null),
            (columns.sync.to_string(), Json::Bool(false)),
        ];
        for (column, value) in marks {
            fields.remove(&column);
            if *record.get(&column) != value {
                fields.insert(column, value);
            }
        }
        if fields.is_empty() {
            return Ok(());
        }
        self.journal
            .ahead("About to take the referral's marks off the record.", Vec::new())
            .await?;
        self.update_columns(table, record, CrmWrite { fields, phase: None }).await.map(drop)
    }
}
