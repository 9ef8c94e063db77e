//! What the seller is told.

use super::*;

#[test]
fn a_failure_is_told_once_and_success_clears_it() {
    let (mapping, policy) = (shipped(), policy());
    let told = Told {
        mapping: &mapping,
        policy: &policy,
        referral: None,
        microsoft_crm_id: None,
        news: Vec::new(),
        now: now(),
        marks: true,
        name: None,
    };
    let failed = Note::Failed(vec!["Products is missing.".into()]);
    let mut write = CrmWrite::default();
    told.add_to(&mut write, Some(&record(|_| {})), &failed);
    assert_eq!(write.fields["nwcs_syncstatus"], "✘ Products is missing.");
    let failing = record(|record| record.fields.extend(write.fields.clone()));
    let mut again = CrmWrite::default();
    told.add_to(&mut again, Some(&failing), &failed);
    assert!(again.is_empty(), "{again:?}");
    let mut mended = CrmWrite::default();
    told.add_to(
        &mut mended,
        Some(&failing),
        &Note::Synced(vec!["Created in Partner Center.".into()]),
    );
    assert_eq!(mended.fields["nwcs_syncstatus"], "✔ Synced");
    let audit = mended.fields["nwcs_audit"].as_str().unwrap();
    assert!(
        audit.starts_with("2026-11-21 10:00 UTC  Created in Partner Center.\n")
            && audit.ends_with("Products is missing."),
        "{audit}"
    );
}

#[test]
fn a_full_audit_field_lets_go_of_its_oldest_lines_and_fits_however_line_breaks_are_counted() {
    let (mapping, policy) = (shipped(), policy());
    let told = Told {
        mapping: &mapping,
        policy: &policy,
        referral: None,
        microsoft_crm_id: None,
        news: Vec::new(),
        now: now(),
        marks: true,
        name: None,
    };
    let mut telling = record(|_| {});
    for turn in 0..200 {
        let mut write = CrmWrite::default();
        told.add_to(&mut write, Some(&telling), &Note::Synced(vec![format!("Line {turn}.")]));
        telling.fields.extend(write.fields);
        let audit = telling.get("nwcs_audit").as_str().unwrap();
        assert!(audit.starts_with(&format!("2026-11-21 10:00 UTC  Line {turn}.")));
        assert!(audit.replace('\n', "\r\n").chars().count() <= mapping.columns.audit_length);
    }
    let audit = telling.get("nwcs_audit").as_str().unwrap();
    assert!(
        audit.ends_with('…') && audit.chars().count() > mapping.columns.audit_length - 200,
        "{}",
        audit.len()
    );
}

#[test]
fn a_second_different_failure_is_told_though_the_status_is_cut_alike() {
    let (mapping, policy) = (shipped(), policy());
    let told = Told {
        mapping: &mapping,
        policy: &policy,
        referral: None,
        microsoft_crm_id: None,
        news: Vec::new(),
        now: now(),
        marks: true,
        name: None,
    };
    let long = |end: &str| Note::Failed(vec![format!("{} {end}", "x".repeat(120))]);
    let mut write = CrmWrite::default();
    told.add_to(&mut write, Some(&record(|_| {})), &long("first"));
    let failing = record(|record| record.fields.extend(write.fields.clone()));
    let mut second = CrmWrite::default();
    told.add_to(&mut second, Some(&failing), &long("second"));
    assert!(second.fields["nwcs_audit"].as_str().unwrap().contains("second"));
    let mut again = CrmWrite::default();
    told.add_to(&mut again, Some(&failing), &long("first"));
    assert!(again.is_empty());
}
