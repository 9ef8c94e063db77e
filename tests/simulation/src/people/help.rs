//! The help and the visibility that sellers choose, and change their minds about.

use serde_json::Value as Json;

use crate::world::World;

impl World {
    /// A seller asks Microsoft for help with a deal that may be shared already, or takes that back.
    pub(crate) fn seller_asks(&self) {
        let Some(id) = self.pick(self.open_records()) else {
            return;
        };
        let (column, choices) = self.names.help();
        let choice = [choices[2].clone(), choices[3].clone(), Json::Null];
        let choice = &choice[self.draw(3) as usize];
        let mut state = self.state();
        if state.records[&id].get(column) == choice {
            return;
        }
        state.enter(&id, column, choice);
        state.note(|| format!("a seller sets the help for {id} to {choice}"));
    }

    /// A seller says who sees the deal, and may try to take it back.
    pub(crate) fn seller_shows(&self) {
        let Some(id) = self.pick(self.open_records()) else {
            return;
        };
        let Some((column, choices)) = self.names.visibility() else {
            return;
        };
        let choice = &choices[self.draw(2) as usize];
        let mut state = self.state();
        if state.records[&id].get(column) == choice {
            return;
        }
        state.enter(&id, column, choice);
        state.note(|| format!("a seller sets the visibility of {id} to {choice}"));
    }
}
