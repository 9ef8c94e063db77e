use crate::check::tests::finds;

#[test]
fn every_schema_error_of_a_rule_is_reported_at_once() {
    finds(
        "[[rule]]\nname = \"own\"\npartner_center = \"campaignId\"\ncrm = \"\"\ncrm_length = 0\n\
         required = true\ntransfrom = [\"trim\"]\nvalues = { a = 1.5 }\ntransform = \"trim\"",
        &[
            "own.toml:2:1: error: rule `own` lacks `kind`; add it",
            "own.toml:2:1: error: rule `own` lacks `label`; add it",
            "own.toml:5:7: error: `crm` is empty; fill it in",
            "own.toml:6:14: error: `crm_length` must be a whole number from 1, and is a number; \
             write it so",
            "own.toml:7:12: error: `required` must be one of never, cosell, always, and is true or \
             false",
            "own.toml:8:1: error: rule `own` has no key `transfrom` (did you mean `transform`?); \
             use one of name, ",
            "own.toml:9:16: error: `a` must be text or a whole number, and is a number",
            "own.toml:10:13: error: `transform` must be a list of texts, and is text",
        ],
    );
}

#[test]
fn a_table_in_the_place_of_another_value_is_reported_and_the_other_way_round() {
    finds(
        "help = 7\n[stages]\nlost_before_accepted = { a = 1 }\nreasons = []\n[create]\n\
         campaignId = 99999999999999999999",
        &[
            "own.toml:2:8: error: `help` must be a table, and is a number",
            "own.toml:4:24: error: `lost_before_accepted` must be one of New, Active, Won, Lost, \
             Declined, Expired, ClosedOtherwise, and is a table",
            "own.toml:5:11: error: `reasons` must be a table, and is a list",
            "own.toml:7:14: error: this number is too large; write a smaller one",
        ],
    );
}

#[test]
fn an_item_that_is_no_table_is_reported_and_the_items_behind_it_are_read() {
    finds(
        "lead = { entity = \"lead\", rule = [7, { name = \"notes\", off = 1 }] }\n[[rule]]\n\
         name = \"notes\"\nfallback = [3, \"new_notes\"]\nof = true",
        &[
            "own.toml:2:35: error: `rule` must be a list of tables, and is a number",
            "own.toml:2:38: error: `off` must be true or false",
            "own.toml:5:13: error: `fallback` must be a list of texts, and is a number",
            "own.toml:6:1: error: rule `notes` has no key `of` (did you mean `off`?)",
        ],
    );
}

#[test]
fn a_list_says_what_it_is_a_list_of() {
    finds(
        "rule = 1\n[lead]\nrule = \"notes\"\n[[registration.rule]]\nname = \"contract_sign\"\n\
         when = { stage = \"Won\", deal = 7 }\nfallback = true",
        &[
            "own.toml:2:8: error: `rule` must be a list of tables; begin each rule with [[rule]]",
            "own.toml:4:8: error: `rule` must be a list of tables; begin each rule with [[rule]]",
            "own.toml:7:18: error: `stage` must be a list of New, Active, Won, Lost, Declined, \
             Expired, ClosedOtherwise, and is text",
            "own.toml:7:32: error: `deal` must be a list of private, partner_led, cosell, \
             services_cosell, inbound_cosell, partner_to_partner, qualified_lead, \
             marketplace_lead, and is a number",
            "own.toml:8:12: error: `fallback` must be a list of texts, and is true or false",
        ],
    );
}

#[test]
fn what_stands_in_texts_of_one_line_has_one_line() {
    finds(
        "[[rule]]\nname = \"notes\"\nlabel = \"Notes\\nof the deal\"\n\
         [[lead.rule]]\nname = \"notes\"\nlabel = \"Notes\\u001b[31m\"\n\
         [[registration.rule]]\nname = \"contract_sign\"\nremedy = \"Sign\\u2028it.\"",
        &[
            "own.toml:4:9: error: `label` has a line break or another control character; write it \
             on one line",
            "own.toml:7:9: error: `label` has a line break or another control character",
            "own.toml:10:10: error: `remedy` has a line break or another control character",
        ],
    );
    finds("[[rule]]\nname = \"notes\"\nlabel = \"Anmärkningar – privat\"", &[]);
}

#[test]
fn a_byte_order_mark_in_front_of_a_file_is_not_part_of_it() {
    let found = crate::check::tests::found_in("\u{feff}version = 1\nof = 1");
    assert_eq!(found.len(), 1, "{found:#?}");
    assert!(found[0].starts_with("own.toml:2:1: error: the mapping has no key `of`"), "{found:#?}");
}
