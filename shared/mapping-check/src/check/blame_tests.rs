use super::tests::found;

/// The shipped file has no fault: what is wrong is wrong because of a line of the override.
#[test]
fn what_the_override_causes_is_blamed_on_its_line() {
    for (own, expected) in [
        // Keys that are taken out.
        (
            "[[rule]]\nname = \"notes\"\ncrm = false",
            "own.toml:4:1: error: rule `notes` lacks `crm`",
        ),
        (
            "[[rule]]\nname = \"notes\"\nlabel = false",
            "own.toml:4:1: error: rule `notes` lacks `label`",
        ),
        ("columns = false", "own.toml:2:1: error: the mapping lacks `columns`"),
        ("[lead]\nstages = false", "own.toml:3:1: error: lead lacks `stages`"),
        (
            "[[rule]]\nname = \"notes\"\ncrm_length = false",
            "own.toml:4:1: warning: rule `notes`: no `crm_length`",
        ),
        (
            "[[rule]]\nname = \"contact_email\"\nremedy = false",
            "own.toml:4:1: error: rule `contact_email` is required",
        ),
        (
            "[[rule]]\nname = \"contact_email\"\nrequired = false",
            "own.toml:4:1: warning: rule `contact_email`: Partner",
        ),
        (
            "[[registration.rule]]\nname = \"contract_value\"\nremedy = false",
            "own.toml:4:1: error: registration rule",
        ),
        // What a new deal needs.
        (
            "[create.consent]\nconsentToContact = \"no\"\n[create]\nqualification = false",
            "own.toml:5:1: error: nothing fills `qualification`",
        ),
        (
            "[[create.team]]\nfirstName = \"A\"",
            "own.toml:2:1: error: nothing fills `team.0.phoneNumber`",
        ),
        (
            "[[rule]]\nname = \"customer_city\"\nto_partner_center = \"never\"\nrequired = false",
            "own.toml:4:21: error: nothing fills `customerProfile.address.city`",
        ),
        (
            "[[rule]]\nname = \"customer_city\"\npartner_center = \"customerProfile.address.region\"",
            "own.toml:4:1: error: nothing fills `customerProfile.address.city`",
        ),
        (
            "[[registration.rule]]\nname = \"contract_sign\"\noff = true",
            "own.toml:3:8: error: nothing fills `contract.signDateTime`",
        ),
        (
            "[[registration.rule]]\nname = \"contract_sign\"\npartner_center = \"contract.endDateTime\"",
            "own.toml:4:1: error: nothing fills `contract.signDateTime`",
        ),
        ("[registration.create]\ntype = false", "own.toml:3:1: error: nothing fills `type`"),
        // What contradicts something further down in the shipped file.
        (
            "[[rule]]\nname = \"name\"\ncrm = \"description\"",
            "own.toml:4:7: error: rule `notes` and rule `name` both write",
        ),
        (
            "[[rule]]\nname = \"name\"\npartner_center = \"details.notes\"",
            "own.toml:4:18: error: rule `notes` and rule `name` both write",
        ),
        (
            "[columns]\naudit = \"description\"",
            "own.toml:3:9: error: rule `notes` and [columns] audit both write",
        ),
        (
            "[columns]\naudit = \"owninguser/firstname\"",
            "own.toml:3:9: error: rule `team_first_name` reads",
        ),
        (
            "[help]\ncolumn = \"{prefix}_referralvisibility\"",
            "own.toml:3:10: error: [help] column and [visibility] column",
        ),
        (
            "[columns]\naudit = \"{prefix}_howcanmicrosofthelp\"",
            "own.toml:3:9: error: [columns] audit and [help] column",
        ),
        (
            "[help.values]\nGeneralOrOther = 412000003",
            "own.toml:3:18: error: [help]: `QuotesOrLicensing` and `GeneralOrOther`",
        ),
        (
            "[visibility.values]\nmicrosoft = 412000000",
            "own.toml:3:13: error: [visibility]: `private` and `microsoft`",
        ),
    ] {
        let found = found(own);
        assert!(found.iter().any(|found| found.starts_with(expected)), "{own}\n{found:#?}");
        assert!(found.iter().all(|found| found.starts_with("own.toml")), "{own}\n{found:#?}");
    }
}
