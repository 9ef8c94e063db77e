//! The scheduler of one run: who does what next is drawn from the seed.
//!
//! An invocation is a future that stops at every call to the system; the scheduler decides which
//! one goes on. A crash drops the future, so it can happen between any two calls, and before or
//! after a call's effect.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use cosell_model::audit::Side;
use cosell_model::link::DisconnectReason;
use cosell_model::message::{Cause, Subject, SyncMessage};
use cosell_sync::System;
use jiff::SignedDuration;

use crate::invocation::{Functions, Invocation, Ordered};
use crate::world::World;

/// Functions that run at once.
const INVOCATIONS: usize = 4;
/// How far functions go on in a step: far enough that most of what people do is carried while the
/// storm lasts, near enough that people meet most calls of a function.
const CALLS: usize = 4;
/// Far more than any run needs: one that goes on longer does not come to rest.
const ROUNDS: usize = 300;

/// One run's scheduler.
pub(crate) struct Schedule {
    world: Arc<World>,
    functions: Functions,
    running: Vec<Invocation>,
}

impl Schedule {
    pub(crate) fn new(world: Arc<World>, functions: Functions) -> Self {
        Self { world, functions, running: Vec::new() }
    }

    /// The installation: a first poll, in calm weather, from which on nothing may be missed.
    pub(crate) fn install(&mut self) {
        self.world.calm_down(true);
        self.poll();
        self.finish();
        self.world.calm_down(false);
    }

    /// One step of the storm.
    pub(crate) fn step(&mut self) {
        self.world.state().land();
        self.storm();
        self.world.robots();
        if std::mem::take(&mut self.world.book().answer_lost) {
            self.world.somebody_takes_back();
        }
        match self.world.draw(1000) {
            0..450 => (0..CALLS).for_each(|_| self.go_on()),
            450..620 => self.receive(),
            620..700 => self.deliver(),
            700..750 if !self.is_polling() => self.poll(),
            700..750 => self.go_on(),
            750..770 => self.world.seller_shares(),
            770..780 => self.world.microsoft_invites(),
            780..787 => self.world.seller_asks(),
            787..792 => self.world.seller_shows(),
            792..840 => self.world.seller_edits(),
            840..890 => self.world.colleague_edits(),
            // A fight needs deals that stay.
            890..914 if self.world.weather.robots => self.go_on(),
            890..899 if self.world.weather.reopens => self.world.seller_reopens(),
            890..900 => self.world.seller_moves(),
            900..908 => self.world.referral_moves(),
            908..911 => self.world.record_goes(),
            911..914 => self.world.referral_hides(),
            914..916 => self.order(),
            916..918 => {
                let mut state = self.world.state();
                let now = state.now;
                state.queue.send_poison(now);
            }
            918..920 if self.world.weather.rewrites => self.world.seller_rewrites(),
            918..922 => self.world.refusal_begins(),
            _ if self.world.weather.robots => self.world.advance(i64::from(self.world.draw(8))),
            922..930 if self.world.weather.days() => self.days_pass(),
            922..955 => self.world.advance(i64::from(self.world.draw(8))),
            _ => self.world.advance(i64::from(self.world.draw(90))),
        }
    }

    /// Hours go by while nothing runs.
    fn days_pass(&mut self) {
        if self.world.draw(2) == 0 {
            self.finish();
        }
        if self.running.is_empty() {
            self.world.advance(3600 * i64::from(1 + self.world.draw(40)));
        }
    }

    /// Lets wins that fall due about now be due: whether they were found yet is nobody's fault.
    pub(crate) fn pass_due_wins(&mut self) {
        let now = self.world.state().now;
        let is_near = |until: jiff::Timestamp| until.duration_since(now).abs() < HOUR * 2;
        let is_due = {
            let state = self.world.state();
            state.links.values().filter_map(|link| link.win_deferred_until).any(is_near)
        };
        if is_due {
            self.world.advance(3600 * 4);
        }
    }

    /// Long enough for any win that waits, and for the next list of invitations.
    pub(crate) fn wait_for_wins(&mut self) {
        self.world.advance(3600 * 80);
    }

    /// Lets everything finish in calm weather; operators decide what waits for them. Says whether
    /// the system came to rest.
    pub(crate) fn quiesce(&mut self) -> bool {
        self.world.calm_down(true);
        self.world.everything_visible();
        let mut quiet = 0;
        for _ in 0..ROUNDS {
            let before = self.world.state().writes.len();
            self.world.state().land();
            while !self.world.state().webhooks.is_empty() {
                self.deliver();
            }
            self.poll();
            self.finish();
            self.settle_conflicts();
            // Three rounds outlast the lease of a poller that died: the last of them really polled.
            self.world.advance(i64::from(200 + self.world.draw(400)));
            let (idle, writes) = {
                let state = self.world.state();
                let idle =
                    state.queue.is_empty() && state.webhooks.is_empty() && state.late.is_empty();
                (idle, state.writes.len())
            };
            quiet = if idle && writes == before { quiet + 1 } else { 0 };
            if quiet == 3 {
                return true;
            }
        }
        false
    }

    /// Has every pair reconciled once more.
    pub(crate) fn reconcile_again(&mut self) {
        let (records, referrals) = {
            let state = self.world.state();
            (
                state.records.values().map(|record| record.key.clone()).collect::<Vec<_>>(),
                state.referrals.keys().copied().collect::<Vec<_>>(),
            )
        };
        let subjects = records
            .into_iter()
            .map(Subject::Crm)
            .chain(referrals.into_iter().map(Subject::Referral));
        // None of them is the twin of an earlier one.
        let observed = self.world.state().number().to_string();
        for subject in subjects {
            let observed = observed.clone();
            self.world.enqueue(&SyncMessage { subject, cause: Cause::Operator, observed });
        }
        self.finish();
    }

    fn finish(&mut self) {
        for _ in 0..100_000 {
            self.receive();
            if self.running.is_empty() {
                return;
            }
            self.go_on();
        }
    }

    /// A side breaks down for a while.
    fn storm(&self) {
        if !self.world.happens(self.world.weather.outages) {
            return;
        }
        let sides = [System::PartnerCenter, System::Crm, System::Aws];
        let side = sides[self.world.draw(3) as usize];
        let now = self.world.state().now;
        let kind = self.world.book().outages.begin(side, now, &mut self.world.rng());
        self.world.note(|| format!("{side} breaks down: {}", kind.code()));
    }

    /// An operator unlinks a pair, links one again, or decides a conflict.
    fn order(&mut self) {
        // One operator at a time: two who contradict each other are not the sync's business.
        if self.running.iter().any(|invocation| {
            invocation.batch.is_empty() && invocation.name.starts_with("operator")
        }) {
            return;
        }
        let links: Vec<_> = self.world.state().links.values().cloned().collect();
        let Some(link) = self.world.pick(links) else {
            return;
        };
        let unlinked = link
            .disconnected
            .as_ref()
            .is_some_and(|disconnected| disconnected.reason == DisconnectReason::Unlinked);
        let ordered = if unlinked {
            self.world.book().relinked.insert(link.referral);
            Ordered::Relink(link.referral, link.crm)
        } else if let Some(field) = self.world.pick(undecided(&link)) {
            Ordered::Resolve(link.referral, field, self.winner())
        } else {
            Ordered::Unlink(link.referral)
        };
        self.world.note(|| format!("an operator orders {ordered:?}"));
        let order = self.functions.order(ordered);
        self.running.push(order);
    }

    fn winner(&self) -> Side {
        [Side::Crm, Side::PartnerCenter][self.world.draw(2) as usize]
    }

    fn settle_conflicts(&mut self) {
        let waiting: Vec<_> = {
            let state = self.world.state();
            let of = |link: &cosell_model::link::Link| {
                let referral = link.referral;
                undecided(link).into_iter().map(move |field| (referral, field)).collect::<Vec<_>>()
            };
            state.links.values().filter(|link| link.disconnected.is_none()).flat_map(of).collect()
        };
        for (referral, field) in waiting {
            let order = self.functions.order(Ordered::Resolve(referral, field, self.winner()));
            self.running.push(order);
            self.finish();
        }
    }

    /// An invocation goes on to its next call, or dies.
    fn go_on(&mut self) {
        let Some(chosen) = self.world.pick(0..self.running.len()) else {
            return;
        };
        let late = self.running[chosen].deadline < self.world.state().now;
        if late || self.world.happens(self.world.weather.crash) {
            self.dies(chosen);
            return;
        }
        let mut context = Context::from_waker(Waker::noop());
        if let Poll::Ready(done) = self.running[chosen].future.as_mut().poll(&mut context) {
            let invocation = self.running.swap_remove(chosen);
            let mut state = self.world.state();
            let deleted = invocation.batch.len() - done.unfinished.len();
            if deleted != done.done {
                let name = &invocation.name;
                let violation = format!(
                    "{name} let {deleted} messages be deleted but only {} were done",
                    done.done
                );
                state.violations.push(violation);
            }
            state.queue.settle(&invocation.batch, &done.unfinished);
        }
    }

    fn dies(&mut self, chosen: usize) {
        let invocation = self.running.swap_remove(chosen);
        let mut state = self.world.state();
        state.note(|| format!("{} dies", invocation.name));
        let all: BTreeSet<String> =
            invocation.batch.iter().map(|received| received.id.clone()).collect();
        state.queue.settle(&invocation.batch, &all);
        drop(state);
        self.world.book().speechless.insert(invocation.name);
    }

    fn receive(&mut self) {
        if self.running.len() >= INVOCATIONS {
            return;
        }
        let limit = 1 + self.world.draw(5) as usize;
        let batch = {
            let mut state = self.world.state();
            let now = state.now;
            state.queue.receive(limit, now)
        };
        if batch.is_empty() {
            return;
        }
        let invocation = self.functions.consume(batch);
        self.world.note(|| {
            let bodies: Vec<&str> =
                invocation.batch.iter().map(|received| received.body.as_str()).collect();
            format!("{} takes {}", invocation.name, bodies.join(" "))
        });
        self.running.push(invocation);
    }

    /// A webhook arrives, is lost, or arrives and comes again later.
    fn deliver(&mut self) {
        let count = self.world.state().webhooks.len();
        let Some(index) = self.world.pick(0..count) else {
            return;
        };
        let repeated = self.world.happens(self.world.weather.repeated_webhooks * 10);
        let lost = self.world.draw(100) < self.world.weather.lost_webhooks;
        let (id, changed) = {
            let mut state = self.world.state();
            let (id, changed) = if repeated {
                state.webhooks[index].clone()
            } else {
                state.webhooks.swap_remove(index)
            };
            if lost {
                state.note(|| format!("the delivery of {id} is lost"));
            }
            (id, changed)
        };
        if !lost {
            self.world.enqueue(&SyncMessage {
                subject: Subject::Referral(id),
                cause: Cause::Webhook,
                observed: format!("referral-updated@{changed}"),
            });
        }
    }

    /// Whether a poller is running: its lease would keep another from doing anything.
    fn is_polling(&self) -> bool {
        self.running.iter().any(|invocation| invocation.name.starts_with("poller"))
    }

    fn poll(&mut self) {
        let poll = self.functions.poll();
        self.world.note(|| "the poller runs".into());
        self.running.push(poll);
    }
}

/// How long no pair may be written all the time: the breaker's hour.
pub(crate) const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// The conflicts that await a decision.
fn undecided(link: &cosell_model::link::Link) -> Vec<cosell_model::field::Field> {
    let open = link.conflicts.iter().filter(|(_, open)| open.decision.is_none());
    open.map(|(field, _)| field.clone()).collect()
}
