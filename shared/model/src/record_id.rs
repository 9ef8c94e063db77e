//! The ids of CRM records as text: every spelling that people and services use, and the one that
//! our keys have. What they look like is a CRM's own matter, and part of its descriptor.

use uuid::Uuid;

use crate::crm::{CrmKey, LEAD, OPPORTUNITY};

/// How one CRM writes the ids of its records.
#[derive(Clone, Copy, Debug)]
pub struct RecordIds {
    /// The CRM, as [`CrmKey::system`] names it.
    pub system: &'static str,
    /// The canonical form of an id of this entity, read in whatever spelling; `None` when the text
    /// is no such id.
    pub canonical: fn(entity: &str, text: &str) -> Option<String>,
    /// The spellings that a service may have been given beside the canonical one, which is the
    /// argument.
    pub variants: fn(canonical: &str) -> Vec<String>,
    /// An id of this entity, for people: completes "expected …".
    pub expected: fn(entity: &str) -> String,
}

impl RecordIds {
    /// Ids that are GUIDs: canonical in lower case with hyphens, read with capitals, in braces and
    /// without hyphens.
    pub const fn guids(system: &'static str) -> Self {
        Self { system, canonical: guid, variants: no_variants, expected: expected_guid }
    }

    /// Those of no CRM: no text is an id.
    pub const fn none() -> Self {
        Self {
            system: "",
            canonical: |_, _| None,
            variants: no_variants,
            expected: |_| String::new(),
        }
    }

    /// The key of the record that `text` names; `None` when it is no id of this CRM's `entity`.
    pub fn key(&self, entity: &str, text: &str) -> Option<CrmKey> {
        Some(CrmKey {
            system: self.system.to_owned(),
            entity: entity.to_owned(),
            id: (self.canonical)(entity, text)?,
        })
    }

    /// The key with its id in canonical form. A key that is not of this CRM stays as it is.
    pub fn canonical_key(&self, key: CrmKey) -> CrmKey {
        if key.system == self.system { self.key(&key.entity, &key.id).unwrap_or(key) } else { key }
    }

    /// Whether two texts name the same record, however each is spelt. Texts that are no ids are
    /// compared exactly.
    pub fn same(&self, one: &str, other: &str) -> bool {
        one == other
            || self.of_any_entity(one).is_some_and(|id| self.of_any_entity(other) == Some(id))
    }

    /// The spellings that a service which compares texts exactly should be asked for, the canonical
    /// one first. A text that is no id is asked for as it is.
    pub fn spellings(&self, text: &str) -> Vec<String> {
        match self.of_any_entity(text) {
            Some(id) => {
                let variants = (self.variants)(&id);
                std::iter::once(id).chain(variants).collect()
            }
            None => vec![text.to_owned()],
        }
    }

    fn of_any_entity(&self, text: &str) -> Option<String> {
        [OPPORTUNITY, LEAD].into_iter().find_map(|entity| (self.canonical)(entity, text))
    }
}

fn guid(_entity: &str, text: &str) -> Option<String> {
    let bare = text.trim().trim_matches(['{', '}']);
    Uuid::try_parse(bare).ok().map(|id| id.hyphenated().to_string())
}

fn no_variants(_canonical: &str) -> Vec<String> {
    Vec::new()
}

fn expected_guid(_entity: &str) -> String {
    "a GUID such as 6a0d1c52-7b1e-4f6c-9d3a-2f1b0c9e8d77".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const IDS: RecordIds = RecordIds::guids("dynamics");
    const GUID: &str = "6a0d1c52-7b1e-4f6c-9d3a-2f1b0c9e8d77";

    #[test]
    fn a_guid_is_read_in_every_spelling_that_people_use() {
        for spelling in
            [GUID, "{6A0D1C52-7B1E-4F6C-9D3A-2F1B0C9E8D77}", " 6a0d1c527b1e4f6c9d3a2f1b0c9e8d77 "]
        {
            let key = IDS.key(OPPORTUNITY, spelling).unwrap();
            assert_eq!((key.system.as_str(), key.id.as_str()), ("dynamics", GUID), "{spelling}");
        }
        for wrong in ["", "OPP-1", "006Kd00000AbC1xIAF", "6a0d1c52-7b1e-4f6c-9d3a-2f1b0c9e8d7"] {
            assert_eq!(IDS.key(OPPORTUNITY, wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_key_of_another_crm_stays_as_it_is() {
        let key = |system: &str, id: &str| CrmKey {
            system: system.to_owned(),
            entity: OPPORTUNITY.to_owned(),
            id: id.to_owned(),
        };
        let capitals = GUID.to_uppercase();
        assert_eq!(IDS.canonical_key(key("dynamics", &capitals)), key("dynamics", GUID));
        assert_eq!(IDS.canonical_key(key("other", &capitals)), key("other", &capitals));
        assert_eq!(IDS.canonical_key(key("dynamics", "OPP-1")), key("dynamics", "OPP-1"));
    }

    #[test]
    fn ids_are_the_same_whatever_their_spelling_and_other_texts_are_not() {
        for spelling in
            [GUID, "{6A0D1C52-7B1E-4F6C-9D3A-2F1B0C9E8D77}", "6A0D1C52-7b1e-4f6c-9d3a-2f1b0c9e8d77"]
        {
            assert!(IDS.same(spelling, GUID) && IDS.same(GUID, spelling), "{spelling}");
        }
        assert!(IDS.same("OPP-1", "OPP-1"));
        for (one, other) in [
            ("opp-1", "OPP-1"),
            ("OPP-1 ", "OPP-1"),
            ("", GUID),
            ("6a0d1c52-7b1e-4f6c-9d3a-2f1b0c9e8d78", GUID),
        ] {
            assert!(!IDS.same(one, other), "{one}");
        }
    }

    #[test]
    fn an_id_is_asked_for_as_it_is_kept() {
        assert_eq!(IDS.spellings("{6A0D1C52-7B1E-4F6C-9D3A-2F1B0C9E8D77}"), [GUID]);
        assert_eq!(IDS.spellings("OPP-1"), ["OPP-1"]);
    }
}
