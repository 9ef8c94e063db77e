//! The ids of records as text (contract salesforce 2, "Ids"): 18 characters, a case-sensitive core
//! of 15 and its checksum. Also read are the core alone, and all 18 in whatever case.

use cosell_model::crm::{LEAD, OPPORTUNITY};
use cosell_model::record_id::RecordIds;

use crate::mapped::SYSTEM;

/// How the ids of records are written.
pub const RECORD_IDS: RecordIds = RecordIds { system: SYSTEM, canonical, variants, expected };

/// The first three characters tell the object.
const PREFIXES: [(&str, &str); 2] = [(OPPORTUNITY, "006"), (LEAD, "00Q")];

/// Five bits each, one for every character of the core.
const CHECKSUM: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ012345";
const CORE: usize = 15;
const GROUP: usize = 5;

fn canonical(entity: &str, text: &str) -> Option<String> {
    let id = whole(text)?;
    prefix(entity).is_some_and(|prefix| id.starts_with(prefix)).then_some(id)
}

/// The core alone, which reports show.
fn variants(canonical: &str) -> Vec<String> {
    canonical.get(..CORE).map(str::to_owned).into_iter().collect()
}

fn expected(entity: &str) -> String {
    let start =
        prefix(entity).map(|prefix| format!(" that start with {prefix}")).unwrap_or_default();
    format!("15 or 18 letters and digits{start}")
}

fn prefix(entity: &str) -> Option<&'static str> {
    PREFIXES.iter().find(|(name, _)| *name == entity).map(|(_, prefix)| *prefix)
}

/// The 18 characters of an id. Of 18 the checksum tells the case of the other 15, whatever a
/// spreadsheet made of it; of 15 alone the case is taken as it is.
fn whole(text: &str) -> Option<String> {
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

/// The core in the case that `checksum` tells; `None` when it asks for a capital where there is no
/// letter.
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
        canonical(OPPORTUNITY, text)
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
        assert!(canonical(LEAD, "00QKd00000AbC1x").is_some_and(|id| id.len() == 18));
        assert_eq!(canonical(LEAD, ID), None);
    }

    #[test]
    fn ids_are_the_same_whatever_their_spelling_and_other_texts_are_not() {
        assert!(RECORD_IDS.same("006kd00000abc1xiaf", "006Kd00000AbC1x"));
        assert!(!RECORD_IDS.same("006kd00000abc1x", ID), "of 15 characters the case counts");
        assert!(RECORD_IDS.same("OPP-1", "OPP-1"));
        // Without a known prefix, any word of 15 letters would pass for an id.
        assert!(!RECORD_IDS.same("Renewal00000Abc", "Renewal00000AbcBAC"));
    }

    #[test]
    fn an_id_is_asked_for_as_it_is_kept_and_as_reports_show_it() {
        assert_eq!(RECORD_IDS.spellings("006KD00000ABC1XIAF"), [ID, "006Kd00000AbC1x"]);
        assert_eq!(RECORD_IDS.spellings("OPP-1"), ["OPP-1"]);
    }

    proptest! {
        #[test]
        fn the_checksum_restores_the_case_of_any_core(
            tail in "[0-9A-Za-z]{12}",
            capitals in proptest::collection::vec(any::<bool>(), 18),
        ) {
            let id = opportunity(&format!("006{tail}")).unwrap();
            prop_assert_eq!(&id[..15], format!("006{tail}"));
            prop_assert_eq!(opportunity(&in_case(&id, &capitals)), Some(id.clone()));
            prop_assert_eq!(opportunity(&id), Some(id));
        }

        #[test]
        fn two_cores_that_differ_only_in_case_are_two_records(
            tail in "[0-9A-Za-z]{12}",
            capitals in proptest::collection::vec(any::<bool>(), 12),
        ) {
            let (one, other) = (format!("006{tail}"), format!("006{}", in_case(&tail, &capitals)));
            let (one_id, other_id) = (opportunity(&one).unwrap(), opportunity(&other).unwrap());
            prop_assert_eq!(one == other, one_id == other_id);
            prop_assert_eq!(
                one == other,
                one_id.eq_ignore_ascii_case(&other_id),
                "as a CRM that ignores case tells them apart"
            );
        }

        #[test]
        fn what_is_read_is_canonical_and_any_text_can_be_asked_about(text in "\\PC{0,20}") {
            if let Some(id) = opportunity(&text) {
                prop_assert_eq!(opportunity(&id), Some(id));
            }
            prop_assert!(RECORD_IDS.same(&text, &text));
        }
    }
}
