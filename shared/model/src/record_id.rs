//! The ids of CRM records as text: every spelling that people and services use, and the one that our keys have.
//!
//! | system | canonical form | also read |
//! | --- | --- | --- |
//! | `dynamics` | a GUID in lower case with hyphens | capitals, braces, no hyphens |
//! | `salesforce` | 18 characters: a case-sensitive core of 15 and its checksum | the core alone; all 18 in whatever case |

use uuid::Uuid;

/// The CRMs whose ids can be read, as [`crate::crm::CrmKey::system`] names them.
pub const SYSTEMS: [&str; 2] = [DYNAMICS, SALESFORCE];

/// Dynamics 365 Sales.
pub const DYNAMICS: &str = "dynamics";
const SALESFORCE: &str = "salesforce";

/// The first three characters of a Salesforce id tell the object (contract salesforce 2, "Ids").
const PREFIXES: [(&str, &str); 2] = [("opportunity", "006"), ("lead", "00Q")];

/// Five bits each, one for every character of the core (contract salesforce 2, "Ids").
const CHECKSUM: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ012345";
const CORE: usize = 15;
const GROUP: usize = 5;

/// The canonical form of an id of `entity` in `system`; `None` when the text is no such id.
pub fn canonical(system: &str, entity: &str, text: &str) -> Option<String> {
    match system {
        DYNAMICS => guid(text),
        SALESFORCE => salesforce(text)
            .filter(|id| prefix(entity).is_some_and(|prefix| id.starts_with(prefix))),
        _ => None,
    }
}

/// The form of an id of `entity` in `system`, for people: completes "expected …".
pub fn expected(system: &str, entity: &str) -> String {
    match prefix(entity).filter(|_| system == SALESFORCE) {
        Some(prefix) => format!("15 or 18 letters and digits that start with {prefix}"),
        None => "a GUID such as 6a0d1c52-7b1e-4f6c-9d3a-2f1b0c9e8d77".to_owned(),
    }
}

/// Whether two texts name the same record of some CRM, however each is spelt. Other texts are compared exactly.
pub fn same(one: &str, other: &str) -> bool {
    one == other || of_any_system(one).is_some_and(|id| of_any_system(other) == Some(id))
}

/// The spellings that a service which compares texts exactly should be asked for: the canonical one first, and for Salesforce the
/// core alone, which its reports show. A text that is no id is asked for as it is.
pub fn spellings(text: &str) -> Vec<String> {
    match (guid(text), synced(text)) {
        (Some(id), _) => vec![id],
        (None, Some(id)) => {
            let core = id[..CORE].to_owned();
            vec![id, core]
        }
        (None, None) => vec![text.to_owned()],
    }
}

fn of_any_system(text: &str) -> Option<String> {
    guid(text).or_else(|| synced(text))
}

/// A Salesforce id of an object that is synced: without a known prefix, any word of 15 letters would pass for one.
fn synced(text: &str) -> Option<String> {
    salesforce(text).filter(|id| PREFIXES.iter().any(|(_, prefix)| id.starts_with(prefix)))
}

fn prefix(entity: &str) -> Option<&'static str> {
    PREFIXES.iter().find(|(name, _)| *name == entity).map(|(_, prefix)| *prefix)
}

fn guid(text: &str) -> Option<String> {
    let bare = text.trim().trim_matches(['{', '}']);
    Uuid::try_parse(bare).ok().map(|id| id.hyphenated().to_string())
}

/// The 18 characters of a Salesforce id. Of 18 the checksum gives the case of the other 15, whatever a spreadsheet made of it; of 15
/// alone the case is taken as it is.
fn salesforce(text: &str) -> Option<String> {
    let text = text.trim();
    if !text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return None;
    }
    match text.len() {
        CORE => Some(with_checksum(text)),
        18 => with_case(&text[..CORE], &text[CORE..]),
        _ => None,
    }
}

fn with_checksum(core: &str) -> String {
    let groups = core.as_bytes().chunks(GROUP);
    let checksum = groups.map(|group| {
        let bits = group.iter().enumerate();
        let number: usize =
            bits.map(|(place, byte)| usize::from(byte.is_ascii_uppercase()) << place).sum();
        char::from(CHECKSUM[number])
    });
    core.chars().chain(checksum).collect()
}

/// The core in the case that `checksum` gives; `None` when it asks for a capital where there is no letter.
fn with_case(core: &str, checksum: &str) -> Option<String> {
    let groups = core.as_bytes().chunks(GROUP).zip(checksum.bytes());
    let mut restored = String::with_capacity(18);
    for (group, digit) in groups {
        let number = CHECKSUM.iter().position(|known| *known == digit.to_ascii_uppercase())?;
        for (place, byte) in group.iter().enumerate() {
            let capital = number >> place & 1 == 1;
            if capital && !byte.is_ascii_alphabetic() {
                return None;
            }
            let byte = if capital { byte.to_ascii_uppercase() } else { byte.to_ascii_lowercase() };
            restored.push(char::from(byte));
        }
    }
    Some(with_checksum(&restored))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// From contract salesforce 2.
    const ID: &str = "006Kd00000AbC1xIAF";
    const GUID: &str = "6a0d1c52-7b1e-4f6c-9d3a-2f1b0c9e8d77";

    fn opportunity(text: &str) -> Option<String> {
        canonical(SALESFORCE, "opportunity", text)
    }

    /// The same letters, each in a case of its own.
    fn in_case(text: &str, capitals: &[bool]) -> String {
        let letters = text.chars().zip(capitals.iter().cycle());
        letters
            .map(
                |(letter, capital)| {
                    if *capital { letter.to_ascii_uppercase() } else { letter.to_ascii_lowercase() }
                },
            )
            .collect()
    }

    #[test]
    fn a_guid_is_read_in_every_spelling_that_dynamics_shows() {
        for spelling in
            [GUID, "{6A0D1C52-7B1E-4F6C-9D3A-2F1B0C9E8D77}", " 6a0d1c527b1e4f6c9d3a2f1b0c9e8d77 "]
        {
            assert_eq!(
                canonical(DYNAMICS, "opportunity", spelling).as_deref(),
                Some(GUID),
                "{spelling}"
            );
        }
        for wrong in ["", "OPP-1", ID, "6a0d1c52-7b1e-4f6c-9d3a-2f1b0c9e8d7"] {
            assert_eq!(canonical(DYNAMICS, "opportunity", wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_salesforce_id_is_read_in_both_lengths_and_in_whatever_case_the_longer_one_was_written() {
        for spelling in [
            "006Kd00000AbC1x",
            ID,
            " 006Kd00000AbC1xIAF ",
            "006KD00000ABC1XIAF",
            "006kd00000abc1xiaf",
        ] {
            assert_eq!(opportunity(spelling).as_deref(), Some(ID), "{spelling}");
        }
    }

    #[test]
    fn what_is_no_id_of_the_object_is_none() {
        for wrong in [
            "",
            GUID,
            "006Kd00000AbC1",
            "006Kd00000AbC-x",
            // A lead's, an account's, and a checksum that asks for a capital zero, or is none.
            "00QKd00000AbC1xIAF",
            "001Kd00000AbC1xIAF",
            "006Kd00000AbC1xBAF",
            "006Kd00000AbC1xI9F",
            "006Kd00000AbCåx",
        ] {
            assert_eq!(opportunity(wrong), None, "{wrong}");
        }
        assert!(canonical(SALESFORCE, "lead", "00QKd00000AbC1x").is_some_and(|id| id.len() == 18));
        assert_eq!(canonical(SALESFORCE, "lead", ID), None);
        assert_eq!(canonical("hubspot", "opportunity", "9001"), None);
    }

    #[test]
    fn ids_are_the_same_whatever_their_spelling_and_other_texts_are_not() {
        for spelling in
            [GUID, "{6A0D1C52-7B1E-4F6C-9D3A-2F1B0C9E8D77}", "6A0D1C52-7b1e-4f6c-9d3a-2f1b0c9e8d77"]
        {
            assert!(same(spelling, GUID) && same(GUID, spelling), "{spelling}");
        }
        assert!(same("006kd00000abc1xiaf", "006Kd00000AbC1x"));
        assert!(!same("006kd00000abc1x", ID), "of 15 characters the case counts");
        assert!(same("OPP-1", "OPP-1"));
        for (one, other) in [
            ("opp-1", "OPP-1"),
            ("OPP-1 ", "OPP-1"),
            ("Renewal00000Abc", "Renewal00000AbcBAC"),
            ("", GUID),
            ("6a0d1c52-7b1e-4f6c-9d3a-2f1b0c9e8d78", GUID),
        ] {
            assert!(!same(one, other), "{one}");
        }
    }

    #[test]
    fn an_id_is_asked_for_as_it_is_kept_and_as_reports_show_it() {
        assert_eq!(spellings("{6A0D1C52-7B1E-4F6C-9D3A-2F1B0C9E8D77}"), [GUID]);
        assert_eq!(spellings("006KD00000ABC1XIAF"), [ID, "006Kd00000AbC1x"]);
        assert_eq!(spellings("OPP-1"), ["OPP-1"]);
    }

    proptest! {
        #[test]
        fn the_checksum_restores_the_case_of_any_core(tail in "[0-9A-Za-z]{12}", capitals in proptest::collection::vec(any::<bool>(), 18)) {
            let id = opportunity(&format!("006{tail}")).unwrap();
            prop_assert_eq!(&id[..15], format!("006{tail}"));
            prop_assert_eq!(opportunity(&in_case(&id, &capitals)), Some(id.clone()));
            prop_assert_eq!(opportunity(&id), Some(id));
        }

        #[test]
        fn two_cores_that_differ_only_in_case_are_two_records(tail in "[0-9A-Za-z]{12}", capitals in proptest::collection::vec(any::<bool>(), 12)) {
            let (one, other) = (format!("006{tail}"), format!("006{}", in_case(&tail, &capitals)));
            let (one_id, other_id) = (opportunity(&one).unwrap(), opportunity(&other).unwrap());
            prop_assert_eq!(one == other, one_id == other_id);
            prop_assert_eq!(one == other, one_id.eq_ignore_ascii_case(&other_id), "as a CRM that ignores case distinguishes them");
        }

        #[test]
        fn what_is_read_is_canonical_and_any_text_can_be_asked_about(text in "\\PC{0,20}") {
            if let Some(id) = opportunity(&text) {
                prop_assert_eq!(opportunity(&id), Some(id));
            }
            prop_assert!(same(&text, &text));
        }
    }
}
