use std::fs;

use cosell_mapping_check::Severity;

use super::*;

/// The mapping for Dynamics with a file of this text over the shipped one.
pub(super) fn with(own: &str) -> Examination {
    let folder = std::env::temp_dir().join(format!("cosell-mapping-{}", uuid::Uuid::new_v4()));
    fs::create_dir(&folder).unwrap();
    let file = folder.join("mine.toml");
    fs::write(&file, own).unwrap();
    let which = Which { own: Some(file), crm: Some(CRMS.0[0]) };
    let examination = which.examination().unwrap();
    fs::remove_dir_all(folder).unwrap();
    examination
}

#[test]
fn a_fault_names_the_file_that_was_given_and_ends_the_check_with_an_error() {
    let examination =
        with("version = 1\n[[rule]]\nname = \"notes\"\npartner_center = \"details.note\"\n");
    let diagnostic = &examination.diagnostics[0];
    assert!(diagnostic.file.ends_with("mine.toml"), "{diagnostic}");
    assert_eq!((diagnostic.severity, diagnostic.line, diagnostic.column), (Severity::Error, 4, 18));
    let error = check::verdict(&examination).unwrap_err().to_string();
    assert_eq!(error, "the mapping cannot be used: 1 error must be fixed");
}

#[test]
fn warnings_are_counted_and_do_not_fail_the_check() {
    let examination = with("version = 1\n[[rule]]\nname = \"customer_country\"\ncrm_length = 80\n");
    let verdict = check::verdict(&examination).unwrap();
    assert!(
        verdict.starts_with("the mapping for dynamics can be used: ")
            && verdict.ends_with(" rules, 1 warning"),
        "{verdict}"
    );
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let which = Which { own: Some("absent/mine.toml".into()), crm: None };
    let error = which.examination().unwrap_err().to_string();
    assert!(error.contains("absent/mine.toml cannot be read"), "{error}");
}

#[test]
fn a_line_tells_all_of_a_rule() {
    let examination = with(
        "version = 1\n[[rule]]\nname = \"notes\"\nconflict = \"ask\"\nto_crm = \"create\"\n[[rule]]\nname = \"campaign\"\nlabel = \"Campaign\"\n\
         partner_center = \"campaignId\"\ncrm = \"new_campaign\"\nkind = \"text\"\nto_partner_center = \"always\"\n",
    );
    let mapping = examination.mapping().unwrap();
    let text = show::as_text(mapping, &examination);
    let line = |rule: &str| {
        let line = text.lines().find(|line| line.starts_with(rule)).unwrap();
        line.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(line("name "), "name Deal name name ↔ always name text newest always shipped");
    assert_eq!(
        line("notes "),
        "notes Notes details.notes → create, ← always description text - never shipped, changed"
    );
    assert_eq!(
        line("team_email "),
        "team_email Owner's e-mail team.0.email ← create owninguser/internalemailaddress text - always shipped"
    );
    assert_eq!(
        line("campaign "),
        "campaign Campaign campaignId ← always new_campaign text - never own"
    );
    for shown in [
        "to_crm.New",
        "on_hold",
        "GeneralOrOther",
        "412000005",
        "nwcs_syncwithpartnercenter",
        "HaveNotDecided",
    ] {
        assert!(text.contains(shown), "{text}");
    }
    assert!(text.lines().all(|line| line == line.trim_end()), "{text}");

    let (_, leads) = text.split_once("\ndynamics lead\n").unwrap();
    assert!(
        leads.contains("companyname") && leads.contains("to_partner_center.qualified"),
        "{leads}"
    );

    let json = show::as_json(mapping, &examination).unwrap();
    assert_eq!(json["lead"]["rule"][0]["origin"], "shipped");
    assert_eq!(json["stages"]["to_crm"]["New"], "on_hold");
    let notes =
        json["rule"].as_array().unwrap().iter().find(|rule| rule["name"] == "notes").unwrap();
    assert_eq!((&notes["conflict"], &notes["origin"]), (&"ask".into(), &"shipped, changed".into()));
}

#[test]
fn what_won_deals_are_registered_with_is_shown_too() {
    let examination = with(
        "version = 1\n[registration]\nwhen = \"won\"\n[[registration.rule]]\nname = \"contract_sign\"\ncrm = \"new_signed\"\n",
    );
    let mapping = examination.mapping().unwrap();
    let text = show::as_text(mapping, &examination);
    let (_, shown) = text.split_once("\nRegistration of won deals: won\n").unwrap();
    let line = shown.lines().find(|line| line.starts_with("contract_sign")).unwrap();
    let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(line.contains("contract.signDateTime ← create new_signed date"), "{line}");
    assert!(line.ends_with("shipped, changed"), "{line}");
    assert!(shown.contains("AzureIPCoSell"), "{shown}");
    let json = show::as_json(mapping, &examination).unwrap();
    assert_eq!(json["registration"]["rule"][0]["origin"], "shipped");
}

#[test]
fn what_few_rules_have_is_shown_behind_them() {
    let examination = with(
        "version = 1\n[[rule]]\nname = \"notes\"\nto_crm = \"never\"\ntransform = [\"first_line\", \"limit:80\"]\nfallback = [\"new_notes\"]\n\
         when = { deal = [\"cosell\"], direction = \"outgoing\", stage = [\"Active\", \"Won\"] }\n\
         [[rule]]\nname = \"name\"\nto_crm = \"never\"\nfrom_crm = \"{{ name }}!\"\n\
         [[rule]]\nname = \"customer_country\"\ndefault = \"SE\"\ndefault_to_crm = \"SE\"\n\
         [[lead.rule]]\nname = \"notes\"\noff = true\n",
    );
    let text = show::as_text(examination.mapping().unwrap(), &examination);
    let text = text.split([' ']).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    for expected in [
        "shipped, changed transform first_line, limit:80; fallback new_notes; when cosell, outgoing, Active, Won\n",
        "← always {{ name }}!",
        "shipped, changed default SE; default_to_crm SE\n",
    ] {
        assert!(text.contains(expected), "{expected}\n---\n{text}");
    }
}
