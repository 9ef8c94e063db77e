use super::*;

#[async_trait]
impl Crm for World {
    async fn get(&self, key: &CrmKey) -> Result<Option<CrmRecord>, Failure> {
        tokio::task::yield_now().await;
        assert!(!self.panics.lock().unwrap().contains(&key.id), "ordered by the test");
        if self.hangs.lock().unwrap().contains(&key.id) {
            std::future::pending::<()>().await;
        }
        self.run("crm.get", System::Crm, || Ok(self.records.lock().unwrap().get(&key.id).cloned()))
    }

    async fn find_by_referral(&self, id: ReferralId) -> Result<Option<CrmRecord>, Failure> {
        tokio::task::yield_now().await;
        let id = json!(id.to_string());
        self.run("crm.find", System::Crm, || {
            Ok(self
                .records
                .lock()
                .unwrap()
                .values()
                .find(|record| *record.get("nwcs_referralid") == id)
                .cloned())
        })
    }

    async fn upsert(&self, id: ReferralId, write: &CrmWrite) -> Result<CrmRecord, Failure> {
        tokio::task::yield_now().await;
        self.run("crm.upsert", System::Crm, || {
            self.takes(write)?;
            let referral_id = json!(id.to_string());
            let mut records = self.records.lock().unwrap();
            let known = records
                .values()
                .find(|record| *record.get("nwcs_referralid") == referral_id)
                .cloned();
            let mut record = known.unwrap_or_else(|| {
                record(&self.guid().to_string(), json!({ "nwcs_referralid": referral_id }))
            });
            if let Some(entity) = *self.entity.lock().unwrap() {
                record.key.entity = entity.into();
            }
            self.store(&mut record, write);
            records.insert(record.key.id.clone(), record.clone());
            Ok(record)
        })
    }

    async fn update(&self, known: &CrmRecord, write: &CrmWrite) -> Result<CrmRecord, Failure> {
        tokio::task::yield_now().await;
        self.run("crm.update", System::Crm, || {
            self.takes(write)?;
            let mut records = self.records.lock().unwrap();
            let record = records.get_mut(&known.key.id).unwrap();
            if record.phase.is_closed() && write.phase != Some(Phase::Open) {
                let note =
                    |column: &String| ["nwcs_audit", "nwcs_syncstatus"].contains(&column.as_str());
                assert!(
                    write.phase.is_none() && write.fields.keys().all(note),
                    "a closed record is read-only"
                );
                if !*self.closed_takes_notes.lock().unwrap() {
                    return Err(Failure::new(
                        System::Crm,
                        FailureKind::Rejected,
                        "the record is closed",
                    ));
                }
            }
            if record.version != known.version {
                return Err(stale(System::Crm));
            }
            if *self.refuse_closing.lock().unwrap() && write.phase.is_some_and(Phase::is_closed) {
                return Err(Failure::new(
                    System::Crm,
                    FailureKind::Rejected,
                    "close its open activities first",
                ));
            }
            self.store(record, write);
            Ok(record.clone())
        })
    }

    async fn changed_since(&self, since: Timestamp) -> Result<Vec<CrmChange>, Failure> {
        tokio::task::yield_now().await;
        self.run("crm.changed", System::Crm, || {
            let records = self.records.lock().unwrap();
            let changed = records.values().filter(|record| {
                record.modified >= since && *record.get("nwcs_syncwithpartnercenter") == json!(true)
            });
            Ok(changed
                .map(|record| CrmChange {
                    key: record.key.clone(),
                    version: record.version.clone(),
                    modified: record.modified,
                })
                .collect())
        })
    }
}
