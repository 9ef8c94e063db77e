//! The pairs: each a referral item that holds the link, and pointers to it from the CRM record and
//! the engagement.

mod attention;
mod replace;
mod transaction;

use async_trait::async_trait;
use aws_sdk_dynamodb::types::AttributeValue;
use cosell_model::crm::CrmKey;
use cosell_model::id::{EngagementId, ReferralId};
use cosell_model::link::Link;
use cosell_model::message::Subject;
use cosell_model::state::UnlinkedDeal;
use cosell_sync::Failure;
use cosell_sync::port::{Known, Links};
use serde::{Deserialize, Serialize};

use crate::store_error::StoreError;
use crate::table::{Table, Written};
use attention::Indexed;
use transaction::{Condition, Transaction};

/// The version of a link just created.
const FIRST_VERSION: u64 = 1;
const ABSENT: &str = "attribute_not_exists(pk)";
/// The attribute that tells the state of a deal that is not linked from a link or a pointer.
const UNLINKED: &str = "unlinked";
const NOT_LINKED: &str = "attribute_not_exists(pk) OR attribute_exists(unlinked)";
/// `created` tells a link from one of the same referral that took its place and counts from the
/// first version again.
const UNSAVED: &str = "#version = :version AND #created = :created";

/// [`Links`] in the links table.
#[derive(Clone, Debug)]
pub struct DynamoLinks {
    table: Table,
}

/// `crm#…` and `engagement#…` items.
#[derive(Serialize, Deserialize)]
struct Pointer {
    referral: ReferralId,
}

/// The state of a deal that is not linked, where its link or pointer would stand.
#[derive(Serialize, Deserialize)]
struct UnlinkedItem {
    unlinked: bool,
    #[serde(flatten)]
    deal: UnlinkedDeal,
}

impl DynamoLinks {
    /// Pairs in this table.
    pub fn new(table: Table) -> Self {
        Self { table }
    }

    async fn link(&self, id: ReferralId) -> Result<Option<Link>, StoreError> {
        let key = referral_key(id);
        let item = self.table.get_item(&key).await?;
        // What led here may have been read before the link was taken away.
        let link = item.filter(|item| !item.contains_key(UNLINKED));
        link.map(|item| self.table.read(&key, item)).transpose()
    }

    async fn pointed_to(&self, key: &str) -> Result<Option<Link>, StoreError> {
        match self.table.get::<Pointer>(key).await? {
            Some(pointer) => self.link(pointer.referral).await,
            None => Ok(None),
        }
    }

    /// What an item says: a link, a pointer to one, or the state of a deal that is not linked.
    async fn known(&self, key: &str) -> Result<Known, StoreError> {
        let Some(item) = self.table.get_item(key).await? else { return Ok(Known::Nothing) };
        if item.contains_key(UNLINKED) {
            return Ok(Known::Unlinked(self.table.read::<UnlinkedItem>(key, item)?.deal));
        }
        if item.contains_key("referral") && !item.contains_key("version") {
            let pointer: Pointer = self.table.read(key, item)?;
            let link = self.link(pointer.referral).await?;
            return Ok(link.map_or(Known::Nothing, |link| Known::Linked(Box::new(link))));
        }
        Ok(Known::Linked(Box::new(self.table.read(key, item)?)))
    }

    /// Points the engagement to the link. One engagement can hold several referrals of ours: the
    /// first keeps the pointer.
    async fn point_engagement(&self, link: &Link) -> Result<(), StoreError> {
        let Some(engagement) = link.engagement else {
            return Ok(());
        };
        let key = engagement_key(engagement);
        let pointer = self.table.item(&key, &Pointer { referral: link.referral })?;
        self.table
            .write(self.table.put(pointer).condition_expression(ABSENT), || format!("write {key}"))
            .await?;
        Ok(())
    }

    async fn store(&self, link: &Link) -> Result<Link, StoreError> {
        let key = referral_key(link.referral);
        let next = Link { version: link.version + 1, ..link.clone() };
        let put = self
            .table
            .put(self.table.item(&key, &Indexed::link(&next))?)
            .condition_expression(UNSAVED)
            .expression_attribute_names("#version", "version")
            .expression_attribute_names("#created", "created")
            .set_expression_attribute_values(Some(unsaved(link).into()));
        match self.table.write(put, || format!("save {key}")).await? {
            Written::Done(_) => Ok(next),
            Written::Refused(stored) => match self.table.read::<Link>(&key, stored) {
                // The SDK repeats a call whose answer was lost: what stands in the way may be our
                // own write.
                Ok(stored) if stored == next => Ok(next),
                _ => Err(StoreError::Stale {
                    record: key,
                    situation: "was saved by another run since it was read",
                }),
            },
        }
    }
}

#[async_trait]
impl Links for DynamoLinks {
    async fn by_referral(&self, id: ReferralId) -> Result<Known, Failure> {
        Ok(self.known(&referral_key(id)).await?)
    }

    async fn by_crm(&self, key: &CrmKey) -> Result<Known, Failure> {
        Ok(self.known(&crm_key(key)).await?)
    }

    async fn by_engagement(&self, id: EngagementId) -> Result<Option<Link>, Failure> {
        Ok(self.pointed_to(&engagement_key(id)).await?)
    }

    /// Stores the link as version 1, whatever version it carries.
    async fn create(&self, link: &Link) -> Result<(), Failure> {
        let (referral, crm) = (referral_key(link.referral), crm_key(&link.crm));
        let mut transaction = Transaction::new(&self.table);
        let first = first_version(link);
        transaction.put(&referral, &Indexed::link(&first), Condition::NotLinked)?;
        transaction.put(&crm, &Pointer { referral: link.referral }, Condition::NotLinked)?;
        transaction.commit(format!("{referral} and {crm}")).await?;

        // The pair is linked; a missing engagement pointer is put by the first save.
        if let Err(error) = self.point_engagement(link).await {
            tracing::warn!(
                referral.id = %link.referral,
                error = %error,
                "the engagement does not point to its link yet"
            );
        }
        Ok(())
    }

    /// Stores `new` as version 1, whatever version it carries.
    async fn replace(&self, old: &[Link], new: &Link) -> Result<(), Failure> {
        Ok(self.put_in_place_of(old, new).await?)
    }

    async fn save(&self, link: &Link) -> Result<Link, Failure> {
        if link.version == FIRST_VERSION {
            // In case the creation could not put it.
            self.point_engagement(link).await?;
        }
        Ok(self.store(link).await?)
    }

    async fn save_unlinked(&self, subject: &Subject, deal: &UnlinkedDeal) -> Result<(), Failure> {
        let key = subject.to_string();
        let item = UnlinkedItem { unlinked: true, deal: deal.clone() };
        let item = self.table.item(&key, &Indexed::unlinked(&item))?;
        let put = self.table.put(item).condition_expression(NOT_LINKED);
        // Where it is linked by now, the link has the state.
        self.table.write(put, || format!("write {key}")).await?;
        Ok(())
    }
}

fn first_version(link: &Link) -> Link {
    Link { version: FIRST_VERSION, ..link.clone() }
}

/// The values of [`UNSAVED`].
fn unsaved(link: &Link) -> [(String, AttributeValue); 2] {
    [
        (":version".to_owned(), AttributeValue::N(link.version.to_string())),
        (":created".to_owned(), AttributeValue::S(link.created.to_string())),
    ]
}

fn referral_key(id: ReferralId) -> String {
    format!("referral#{id}")
}

fn crm_key(key: &CrmKey) -> String {
    format!("crm#{key}")
}

fn engagement_key(id: EngagementId) -> String {
    format!("engagement#{id}")
}

#[cfg(test)]
#[path = "links_tests.rs"]
mod tests;
#[cfg(test)]
mod unlinked_tests;
