//! The help and the visibility that sellers choose, and change their minds about.

use serde_json::{Value as Json, json};

use crate::world::World;

impl World {
    /// A seller asks Microsoft for help with a deal that may be shared already, or takes that back.
    pub(crate) fn seller_asks(&self) {
        let Some(id) = self.pick(self.open_records()) else {
            return;
        };
        let choices = [json!(412_000_002), json!(412_000_003), Json::Null];
        let choice = choices[self.draw(3) as usize].clone();
        let mut state = self.state();
        if *state.records[&id].get("nwcs_howcanmicrosofthelp") == choice {
            return;
        }
        state.enter(&id, "nwcs_howcanmicrosofthelp", &choice);
        state.note(|| format!("a seller sets the help for {id} to {choice}"));
    }

    /// A seller says who sees the deal, and may try to take it back.
    pub(crate) fn seller_shows(&self) {
        let Some(id) = self.pick(self.open_records()) else {
            return;
        };
        let choice = json!(412_000_000 + self.draw(2));
        let mut state = self.state();
        if *state.records[&id].get("nwcs_referralvisibility") == choice {
            return;
        }
        state.enter(&id, "nwcs_referralvisibility", &choice);
        state.note(|| format!("a seller sets the visibility of {id} to {choice}"));
    }
}
