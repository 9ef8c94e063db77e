use cosell_model::life_cycle::Stage;

use super::*;

#[async_trait]
impl PartnerCenter for World {
    async fn get(&self, id: ReferralId) -> Result<Option<Referral>, Failure> {
        tokio::task::yield_now().await;
        self.run("pc.get", System::PartnerCenter, || {
            Ok(self.referrals.lock().unwrap().get(&id).map(read))
        })
    }

    async fn in_engagement(&self, id: EngagementId) -> Result<Vec<Referral>, Failure> {
        tokio::task::yield_now().await;
        self.run("pc.in_engagement", System::PartnerCenter, || {
            let blind = *self.blind.lock().unwrap();
            Ok(self.all(|referral| !blind && referral.engagement == Some(id)))
        })
    }

    async fn by_external_reference(&self, reference: &str) -> Result<Vec<Referral>, Failure> {
        tokio::task::yield_now().await;
        let id = self
            .all(|referral| referral.external_reference.as_deref() == Some(reference))
            .first()
            .map(|referral| referral.id);
        let edit = id.and_then(|id| Some((id, self.edit_before_search.lock().unwrap().take()?)));
        if let Some((id, (path, value))) = edit {
            let mut body = self.referrals.lock().unwrap()[&id].clone();
            *body.pointer_mut(path).unwrap() = value;
            self.put_referral(id, body);
        }
        let blind = *self.blind.lock().unwrap();
        self.run("pc.search", System::PartnerCenter, || {
            Ok(self.all(|referral| {
                !blind && referral.external_reference.as_deref() == Some(reference)
            }))
        })
    }

    async fn changed_since(&self, since: Timestamp) -> Result<Vec<ReferralChange>, Failure> {
        tokio::task::yield_now().await;
        self.run("pc.changed", System::PartnerCenter, || {
            let changed = self.all(|referral| referral.updated >= since).into_iter();
            Ok(changed
                .map(|referral| ReferralChange { id: referral.id, updated: referral.updated })
                .collect())
        })
    }

    async fn pending(&self) -> Result<Vec<Referral>, Failure> {
        tokio::task::yield_now().await;
        self.run("pc.pending", System::PartnerCenter, || {
            Ok(self.all(|referral| referral.stage == Stage::New))
        })
    }

    async fn create(&self, body: &Json) -> Result<Referral, Failure> {
        tokio::task::yield_now().await;
        self.run("pc.create", System::PartnerCenter, || {
            let mut body = body.clone();
            let half = body["engagementId"].is_string();
            (body["status"], body["substatus"]) = if half {
                (json!("New"), json!("Pending"))
            } else {
                (json!("Active"), json!("Accepted"))
            };
            body["direction"] = json!("Outgoing");
            body["updatedDateTime"] = json!("2026-11-21T10:00:00Z");
            if !half {
                body["engagementId"] = json!(self.guid());
            }
            let id = ReferralId::new(self.guid());
            self.put_referral(id, body);
            Ok(read(&self.referrals.lock().unwrap()[&id]))
        })
    }

    async fn patch(
        &self,
        id: ReferralId,
        etag: &ETag,
        operations: &[PatchOperation],
    ) -> Result<Referral, Failure> {
        tokio::task::yield_now().await;
        self.run("pc.patch", System::PartnerCenter, || {
            let mut body = self.referrals.lock().unwrap()[&id].clone();
            if body["eTag"] != json!(etag.as_str()) {
                return Err(stale(System::PartnerCenter));
            }
            let refused = *self.refused_path.lock().unwrap();
            if operations.iter().any(|operation| Some(operation.path.as_str()) == refused) {
                return Err(Failure::new(
                    System::PartnerCenter,
                    FailureKind::Rejected,
                    "not a solution",
                ));
            }
            for operation in operations {
                if let Some(list) = operation.path.strip_suffix("/-") {
                    let list = body.pointer_mut(list).and_then(Json::as_array_mut).unwrap();
                    list.push(operation.value.clone());
                    continue;
                }
                let parts: Vec<&str> = operation.path.trim_start_matches('/').split('/').collect();
                let property = parts.iter().fold(&mut body, |at, part| &mut at[*part]);
                *property = operation.value.clone();
            }
            self.put_referral(id, body);
            Ok(read(&self.referrals.lock().unwrap()[&id]))
        })
    }
}
