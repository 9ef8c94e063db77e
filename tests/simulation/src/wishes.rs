//! What sellers wish of Microsoft, and change their minds about.

use serde_json::{Value as Json, json};

use crate::world::World;

impl World {
    /// A seller asks Microsoft for help with a deal that may be shared already, or takes the wish back.
    pub(crate) fn seller_asks(&self) {
        let Some(id) = self.pick(self.open_records()) else {
            return;
        };
        let wishes = [json!(412_000_002), json!(412_000_003), Json::Null];
        let wish = wishes[self.draw(3) as usize].clone();
        let mut state = self.state();
        if *state.records[&id].get("nwcs_howcanmicrosofthelp") == wish {
            return;
        }
        self.set(&mut state, &id, "nwcs_howcanmicrosofthelp", &wish);
        state.tell(|| format!("a seller sets the help for {id} to {wish}"));
    }

    /// A seller says who sees the deal, and may try to take it back.
    pub(crate) fn seller_shows(&self) {
        let Some(id) = self.pick(self.open_records()) else {
            return;
        };
        let wish = json!(412_000_000 + self.draw(2));
        let mut state = self.state();
        if *state.records[&id].get("nwcs_referralvisibility") == wish {
            return;
        }
        self.set(&mut state, &id, "nwcs_referralvisibility", &wish);
        state.tell(|| format!("a seller sets the visibility of {id} to {wish}"));
    }
}
