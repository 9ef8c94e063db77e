use super::*;

#[async_trait]
impl Links for World {
    async fn by_referral(&self, id: ReferralId) -> Result<Option<Link>, Failure> {
        tokio::task::yield_now().await;
        self.run("links.read", System::Aws, || Ok(self.links.lock().unwrap().get(&id).cloned()))
    }

    async fn by_crm(&self, key: &CrmKey) -> Result<Option<Link>, Failure> {
        tokio::task::yield_now().await;
        self.run("links.read_by_record", System::Aws, || {
            Ok(self.links.lock().unwrap().values().find(|link| link.crm == *key).cloned())
        })
    }

    async fn by_engagement(&self, id: EngagementId) -> Result<Option<Link>, Failure> {
        tokio::task::yield_now().await;
        Ok(self.links.lock().unwrap().values().find(|link| link.engagement == Some(id)).cloned())
    }

    async fn create(&self, link: &Link) -> Result<(), Failure> {
        tokio::task::yield_now().await;
        self.run("links.create", System::Aws, || {
            let mut links = self.links.lock().unwrap();
            if links.contains_key(&link.referral)
                || links.values().any(|known| known.crm == link.crm)
            {
                return Err(stale(System::Aws));
            }
            links.insert(link.referral, Link { version: 1, ..link.clone() });
            Ok(())
        })
    }

    async fn replace(&self, old: &[Link], new: &Link) -> Result<(), Failure> {
        tokio::task::yield_now().await;
        self.run("links.replace", System::Aws, || {
            let mut links = self.links.lock().unwrap();
            let unchanged = old.iter().all(|link| {
                links.get(&link.referral).is_some_and(|known| known.version == link.version)
            });
            let taken = links.values().any(|known| {
                (known.referral == new.referral || known.crm == new.crm)
                    && !old.iter().any(|link| link.referral == known.referral)
            });
            if !unchanged || taken {
                return Err(stale(System::Aws));
            }
            for link in old {
                links.remove(&link.referral);
            }
            links.insert(new.referral, Link { version: 1, ..new.clone() });
            Ok(())
        })
    }

    async fn save(&self, link: &Link) -> Result<Link, Failure> {
        tokio::task::yield_now().await;
        self.run("links.save", System::Aws, || {
            let mut links = self.links.lock().unwrap();
            if links.get(&link.referral).is_none_or(|known| known.version != link.version) {
                return Err(stale(System::Aws));
            }
            let saved = Link { version: link.version + 1, ..link.clone() };
            links.insert(link.referral, saved.clone());
            Ok(saved)
        })
    }
}

#[async_trait]
impl Claims for World {
    async fn claim(
        &self,
        name: &str,
        holder: &str,
        now: Timestamp,
        lasts: SignedDuration,
    ) -> Result<Claim, Failure> {
        tokio::task::yield_now().await;
        self.called("claims.take");
        let mut claims = self.claims.lock().unwrap();
        let before = claims.get(name).cloned();
        if let Some((other, until)) = &before
            && *until > now
            && other != holder
        {
            return Ok(Claim::Held { until: *until });
        }
        claims.insert(name.into(), (holder.into(), now + lasts));
        Ok(if before.is_some() { Claim::TakenOver } else { Claim::Fresh })
    }

    async fn release(&self, name: &str, holder: &str) -> Result<(), Failure> {
        tokio::task::yield_now().await;
        self.called("claims.give");
        let mut claims = self.claims.lock().unwrap();
        if claims.get(name).is_some_and(|(held_by, _)| held_by == holder) {
            claims.remove(name);
        }
        Ok(())
    }

    async fn is_claimed(&self, name: &str, now: Timestamp) -> Result<bool, Failure> {
        tokio::task::yield_now().await;
        self.called("claims.read");
        Ok(self.claims.lock().unwrap().get(name).is_some_and(|(_, until)| *until > now))
    }
}

#[async_trait]
impl Cursors for World {
    async fn load(&self, name: &str) -> Result<Option<Timestamp>, Failure> {
        tokio::task::yield_now().await;
        Ok(self.cursors.lock().unwrap().get(name).copied())
    }

    async fn save(&self, name: &str, at: Timestamp) -> Result<(), Failure> {
        tokio::task::yield_now().await;
        self.cursors.lock().unwrap().insert(name.into(), at);
        Ok(())
    }
}

#[async_trait]
impl Schedule for World {
    async fn note(&self, referral: ReferralId, at: Timestamp) -> Result<(), Failure> {
        tokio::task::yield_now().await;
        self.run("schedule.note", System::Aws, || {
            self.schedule.lock().unwrap().insert((at, referral));
            Ok(())
        })
    }

    async fn due(
        &self,
        after: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<(ReferralId, Timestamp)>, Failure> {
        tokio::task::yield_now().await;
        let schedule = self.schedule.lock().unwrap();
        let due = schedule.iter().filter(|(at, _)| *at > after && *at <= until);
        Ok(due.map(|(at, referral)| (*referral, *at)).collect())
    }
}

#[async_trait]
impl AuditLog for World {
    async fn append(&self, entry: &AuditEntry) -> Result<(), Failure> {
        tokio::task::yield_now().await;
        self.run("audit", System::Aws, || {
            self.trail.lock().unwrap().push(entry.clone());
            Ok(())
        })
    }

    async fn of_pair(&self, pair: &str) -> Result<Vec<AuditEntry>, Failure> {
        tokio::task::yield_now().await;
        Ok(self.trail.lock().unwrap().iter().filter(|entry| entry.pair == pair).cloned().collect())
    }
}

#[async_trait]
impl Queue for World {
    async fn send(&self, messages: &[SyncMessage]) -> Result<(), Failure> {
        tokio::task::yield_now().await;
        self.run("queue.send", System::Aws, || {
            self.queued.lock().unwrap().extend_from_slice(messages);
            Ok(())
        })
    }
}
