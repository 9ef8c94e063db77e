//! The engine's ports on the model, as strict as the real services and stores are.

mod crm;
mod leads;
mod partner_center;
mod store;

pub(crate) use crm::{MARKS, blank, kept};
pub(crate) use leads::{LeadSeat, convert};

use cosell_sync::{Failure, FailureKind, System};
use jiff::{SignedDuration, Timestamp};

use crate::seat::Seat;
use crate::weather::Weather;
use crate::world::{Late, Request, State};

fn refused(system: System, kind: FailureKind, why: &str) -> Failure {
    Failure::new(system, kind, why)
}

impl Seat {
    /// Whether this write hangs: its caller gives up, and it takes effect within a minute. Longer than that no gateway holds a
    /// request; a claim lasts five.
    fn hang(
        &self,
        name: &str,
        system: System,
        lost: FailureKind,
        request: impl FnOnce() -> Request,
    ) -> Result<(), Failure> {
        let out = {
            let state = self.state();
            state.outages.failing(system, state.now).is_some()
        };
        if out || !self.world.happens(self.world.weather.hang) {
            return Ok(());
        }
        self.note(format_args!("{name}: hangs"));
        let after = SignedDuration::from_secs(i64::from(self.world.draw(90)));
        let mut state = self.state();
        let due = state.now + after;
        state.late.push(Late { due, invocation: self.invocation.clone(), request: request() });
        Err(refused(system, lost, "the request hangs"))
    }

    /// Up to when a search or a list knows what happened: indexes are behind, reads by id are not.
    fn known_until(&self) -> Timestamp {
        let behind =
            if self.world.is_calm() { 0 } else { self.world.draw(self.world.weather.lag + 1) };
        self.state().now - SignedDuration::from_secs(i64::from(behind))
    }
}

/// A request that hung takes effect, if it still can.
pub(crate) fn land(state: &mut State, weather: &Weather, late: Late) {
    let Late { invocation, request, .. } = late;
    let landed = match request {
        Request::Create(body) => {
            let id = partner_center::create(state, &invocation, body);
            state.tell(|| format!("a creation that hung takes effect: {id}"));
            return;
        }
        Request::Patch(id, etag, operations) => {
            partner_center::patch(state, &invocation, id, &etag, &operations).map(drop)
        }
        Request::Upsert(entity, id, write) => {
            crm::upsert(state, weather, &invocation, (entity, id), &write).map(drop)
        }
        Request::Convert(lead) => leads::convert(state, weather, &lead).map(drop),
        Request::Update(key, version, write) => {
            crm::update(state, weather, &invocation, &key.id, &version, &write).map(drop)
        }
    };
    if landed.is_ok() {
        state.tell(|| format!("a write of {invocation} that hung takes effect"));
    }
}
