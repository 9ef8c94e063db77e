//! The program as it is run: what it prints, how it ends, and what it does when nobody reads on.

#![expect(clippy::unwrap_used, reason = "test code")]

use std::path::Path;
use std::process::{Command, Output, Stdio};

use insta::assert_snapshot;

/// `cosell` with these arguments, in the folder of the samples, with no settings but these.
fn cosell(line: &str, variables: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cosell"));
    command
        .args(line.split_whitespace())
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/samples"))
        .stdin(Stdio::null())
        .env_clear()
        .envs(variables.iter().copied());
    command
}

/// What a run printed on both outputs, and how it ended.
fn printed(line: &str, variables: &[(&str, &str)]) -> String {
    let Output { status, stdout, stderr } = cosell(line, variables).output().unwrap();
    let (out, aside) = (String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap());
    format!("$ cosell {line}\n{out}{aside}ends with {}\n", status.code().unwrap())
}

fn of_all(lines: &[&str], variables: &[(&str, &str)]) -> String {
    lines.iter().map(|line| printed(line, variables)).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_mapping_is_checked_and_each_diagnostic_is_listed() {
    let text = of_all(
        &[
            "mapping check --own override.toml",
            "mapping check --own override.toml --crm salesforce",
            "mapping check --own faulty.toml",
            "mapping check --own absent.toml",
            "mapping show --own faulty.toml",
            "mapping try --opportunity opportunity.json --own faulty.toml",
        ],
        &[],
    );
    assert_snapshot!(text);
}

#[test]
fn the_mapping_in_force_is_shown() {
    for crm in ["dynamics", "salesforce"] {
        let text = printed(&format!("mapping show --own none.toml --crm {crm}"), &[]);
        assert_snapshot!(format!("mapping_show_{crm}"), text);
    }
}

#[test]
fn the_mapping_in_force_is_shown_to_programs() {
    let output = cosell("mapping show --json --own override.toml", &[]).output().unwrap();
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let rules = json["rule"].as_array().unwrap();
    let changed = rules.iter().filter(|rule| rule["origin"] == "shipped, changed");
    let changed = serde_json::to_string_pretty(&changed.collect::<Vec<_>>()).unwrap();
    assert_snapshot!(changed);
    let keys: Vec<&String> = json.as_object().unwrap().keys().collect();
    let keys = format!("{keys:#?}");
    assert_snapshot!("mapping_show_json_keys", keys);
}

#[test]
fn a_mapping_is_tried_on_a_file() {
    let line = "mapping try --opportunity opportunity.json";
    let text = printed(line, &[]);
    // The time at which it was tried stands in what the seller would read.
    let shown: Vec<&str> = text.lines().filter(|line| !line.contains("nwcs_audit")).collect();
    let shown = shown.join("\n");
    assert_snapshot!(shown);
    let output = cosell(&format!("{line} --json"), &[]).output().unwrap();
    let mut json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let fields = json["creation"]["fields"].as_array_mut().unwrap();
    fields.retain(|field| {
        ["deal_value", "customer_country"].contains(&field["rule"].as_str().unwrap())
    });
    json["plan"]["effects"][0]["action"]["notify"]["nwcs_audit"] = "…".into();
    let json = serde_json::to_string_pretty(&json).unwrap();
    assert_snapshot!("mapping_try_json", json);
}

#[test]
fn what_cannot_be_done_says_why_and_what_helps() {
    let text = of_all(
        &[
            "deal",
            "deal show",
            "deal show --referral 7",
            "deal resolve --referral c7c1e1f0-8a51-4f0d-b1a7-2d6a64d3f9aa --field name --winner \
             newest",
            "deal show --opportunity o1",
            "audit --referral c7c1e1f0-8a51-4f0d-b1a7-2d6a64d3f9aa",
            "deadlines --within 0",
            "deal unlink --referral c7c1e1f0-8a51-4f0d-b1a7-2d6a64d3f9aa",
            "webhook register --url http://abc.example.com/",
            "mapping try --referral absent.json",
            "mapping try --referral c7c1e1f0-8a51-4f0d-b1a7-2d6a64d3f9aa --own override.toml",
            "crm check",
        ],
        &[],
    );
    assert_snapshot!(text);
    let links = [("LINKS_TABLE", "links"), ("AUDIT_TABLE", "audit")];
    let text = of_all(
        &["deal show --opportunity o1", "audit --lead 6a0d1c52-7b1e-4f6c-9d3a-2f1b0c9e8d77"],
        &links,
    );
    assert_snapshot!("what_cannot_be_done_without_a_region_or_an_id", text);
}

#[test]
fn a_reader_that_went_away_ends_the_program_quietly() {
    for (line, code) in [
        ("--help", 0),
        ("deal --help", 0),
        ("mapping schema", 0),
        ("mapping show --own override.toml", 0),
        ("mapping check --own override.toml", 0),
        // What it found still decides how it ends.
        ("mapping check --own faulty.toml", 1),
        ("mapping try --opportunity opportunity.json", 0),
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = cosell(line, &[]).stdout(writer).output().unwrap();
        let aside = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{line}: {aside}");
        assert!(!aside.contains("panicked") && !aside.contains("Broken pipe"), "{line}: {aside}");
    }
}

#[test]
fn an_error_that_nobody_reads_still_ends_as_one() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let status = cosell("mapping check --own absent.toml", &[]).stderr(writer).status().unwrap();
    assert_eq!(status.code(), Some(1));
}
