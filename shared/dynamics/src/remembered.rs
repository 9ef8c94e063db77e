//! Related columns as last read, so that an update need not read them again.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use uuid::Uuid;

use crate::record::Fields;

/// A reconcile reads a record just before it updates it, so a handful would do; this bounds memory, nothing else.
const MOST: usize = 256;

/// The related columns of rows, each valid for one version of its row: whoever changes a lookup changes the version.
#[derive(Default)]
pub(crate) struct Remembered {
    rows: Mutex<HashMap<Uuid, (String, Fields)>>,
}

impl Remembered {
    pub(crate) fn keep(&self, id: Uuid, version: &str, related: &Fields) {
        let mut rows = self.lock();
        if rows.len() >= MOST && !rows.contains_key(&id) {
            rows.clear();
        }
        rows.insert(id, (version.to_owned(), related.clone()));
    }

    pub(crate) fn of(&self, id: Uuid, version: &str) -> Option<Fields> {
        self.lock()
            .get(&id)
            .filter(|(known, _)| known == version)
            .map(|(_, related)| related.clone())
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Uuid, (String, Fields)>> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_version_is_not_known() {
        let remembered = Remembered::default();
        remembered.keep(Uuid::nil(), "W/\"1\"", &Fields::default());
        assert!(remembered.of(Uuid::nil(), "W/\"1\"").is_some());
        assert!(remembered.of(Uuid::nil(), "W/\"2\"").is_none());
    }
}
