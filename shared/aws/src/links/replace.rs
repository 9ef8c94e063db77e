//! Links that give way to another one.

use std::collections::BTreeSet;

use cosell_model::id::EngagementId;
use cosell_model::link::Link;

use super::attention::Indexed;
use super::transaction::{Condition, Transaction};
use super::{DynamoLinks, Pointer, crm_key, engagement_key, first_version, referral_key};
use crate::store_error::StoreError;

impl DynamoLinks {
    /// Takes `old` away and links `new`, in one transaction. No two of `old` have a side in common.
    pub(super) async fn put_in_place_of(&self, old: &[Link], new: &Link) -> Result<(), StoreError> {
        let (referral, crm) = (referral_key(new.referral), crm_key(&new.crm));
        let same_referral = old.iter().find(|link| link.referral == new.referral);
        let same_record = old.iter().find(|link| link.crm == new.crm);
        let mut transaction = Transaction::new(&self.table);
        transaction.put(
            &referral,
            &Indexed::link(&first_version(new)),
            same_referral.map_or(Condition::NotLinked, Condition::Is),
        )?;
        transaction.put(
            &crm,
            &Pointer { referral: new.referral },
            same_record.map_or(Condition::NotLinked, |link| Condition::PointsTo(link.referral)),
        )?;
        for link in old {
            if link.referral != new.referral {
                transaction.delete(&referral_key(link.referral), Condition::Is(link))?;
            }
            if link.crm != new.crm {
                transaction.delete(&crm_key(&link.crm), Condition::PointsTo(link.referral))?;
            }
        }
        self.move_engagements(&mut transaction, old, new).await?;
        transaction.commit(format!("{referral} and {crm}")).await
    }

    /// No engagement may lead to a link that is taken away. One that leads to another living pair
    /// is left alone.
    async fn move_engagements(
        &self,
        transaction: &mut Transaction<'_>,
        old: &[Link],
        new: &Link,
    ) -> Result<(), StoreError> {
        let engagements: BTreeSet<EngagementId> =
            old.iter().chain([new]).filter_map(|link| link.engagement).collect();
        for engagement in engagements {
            let key = engagement_key(engagement);
            let holder = self.table.get::<Pointer>(&key).await?.map(|pointer| pointer.referral);
            let pointer = Pointer { referral: new.referral };
            let gives_way =
                holder.is_some_and(|holder| old.iter().any(|link| link.referral == holder));
            match (holder, new.engagement == Some(engagement)) {
                (Some(holder), true) if holder == new.referral => {}
                (Some(holder), true) if gives_way => {
                    transaction.put(&key, &pointer, Condition::PointsTo(holder))?;
                }
                (Some(holder), false) if gives_way => {
                    transaction.delete(&key, Condition::PointsTo(holder))?;
                }
                (None, true) => transaction.put(&key, &pointer, Condition::NotLinked)?,
                _ => {}
            }
        }
        Ok(())
    }
}

#[cfg(test)]
#[path = "replace_tests.rs"]
mod tests;
