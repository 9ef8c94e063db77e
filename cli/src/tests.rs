use clap::CommandFactory;
use insta::assert_snapshot;

use super::*;

#[test]
fn the_arguments_are_well_formed() {
    Arguments::command().debug_assert();
}

#[test]
fn a_webhook_address_is_checked_before_anything_is_called() {
    let parse =
        |url: &str| Arguments::try_parse_from(["cosell", "webhook", "register", "--url", url]);
    assert!(parse("https://abc.lambda-url.eu-west-1.on.aws/").is_ok());
    for wrong in
        ["http://abc.example.com/", "abc.example.com", "https://user:hush@abc.example.com/"]
    {
        let error = parse(wrong).err().unwrap().to_string();
        assert!(error.contains("--url"), "{error}");
    }
}

#[test]
fn an_order_names_its_deal_field_and_winner() {
    let parse = |line: &str| Arguments::try_parse_from(line.split(' '));
    let deal = "--referral c7c1e1f0-8a51-4f0d-b1a7-2d6a64d3f9aa";
    for line in [
        format!("cosell deal show {deal} --json"),
        "cosell deal reconcile --opportunity o1".to_owned(),
        format!("cosell deal unlink {deal}"),
        format!("cosell deal relink {deal} --opportunity o1 --yes"),
        format!("cosell deal resolve {deal} --field name --winner partner-center"),
        format!("cosell deal resolve {deal} --field name --winner crm --yes"),
    ] {
        assert!(parse(&line).is_ok(), "{line}");
    }
    for line in [
        "cosell deal show".to_owned(),
        format!("cosell deal reconcile {deal} --opportunity o1"),
        "cosell deal unlink --yes".to_owned(),
        format!("cosell deal relink {deal}"),
        format!("cosell deal resolve {deal} --winner crm"),
        format!("cosell deal resolve {deal} --field name --winner newest"),
    ] {
        assert!(parse(&line).is_err(), "{line}");
    }
}

#[test]
fn an_audit_is_of_one_record() {
    let parse = |line: &str| Arguments::try_parse_from(line.split(' '));
    assert!(
        parse("cosell audit --opportunity 6a0d1c52-7b1e-4f6c-9d3a-2f1b0c9e8d77 --json").is_ok()
    );
    assert!(parse("cosell audit").is_err());
    assert!(
        parse("cosell audit --opportunity o1 --referral c7c1e1f0-8a51-4f0d-b1a7-2d6a64d3f9aa")
            .is_err()
    );
    let error = parse("cosell audit --referral 7").err().unwrap().to_string();
    assert!(error.contains("expected a GUID"), "{error}");
}

/// The help of a command and of all below it, by their lines.
fn helps(command: &mut clap::Command, line: &str, found: &mut Vec<(String, String)>) {
    let subcommands: Vec<String> = command
        .get_subcommands()
        .map(|subcommand| subcommand.get_name().to_owned())
        .filter(|name| name != "help")
        .collect();
    found.push((line.to_owned(), command.render_long_help().to_string()));
    for name in subcommands {
        let subcommand = command.find_subcommand_mut(&name).unwrap();
        helps(subcommand, &format!("{line} {name}"), found);
    }
}

#[test]
fn every_command_has_its_help() {
    let (mut command, mut found) = (Arguments::command(), Vec::new());
    command.build();
    helps(&mut command, "cosell", &mut found);
    assert!(found.len() > 15, "{found:#?}");
    for (line, help) in found {
        assert_snapshot!(line.replace(' ', "_"), help);
    }
}
