use serde_json::json;

use super::{
    EXTRA, NAMESPACE, XML, archive, bare, deploy, exists, field, manifest, object, permission_set,
    problems,
};
use crate::world::World;

#[tokio::test]
async fn the_rules_of_fields_are_the_contracts() {
    let world = bare().await;
    let value = |name: &str| {
        format!(
            "<value><fullName>{name}</fullName><default>false</default>\
             <label>{name}</label></value>"
        )
    };
    let named = |kind: &str, rest: &str| {
        format!("<fullName>Msp_X__c</fullName><label>X</label><type>{kind}</type>{rest}")
    };
    let two_sets = format!(
        "<valueSet><valueSetName>Global</valueSetName><valueSetDefinition>\
         <sorted>false</sorted>{}</valueSetDefinition></valueSet>",
        value("A")
    );
    let cases = [
        (named("TextArea", "<length>255</length>"), "can not specify 'length'"),
        (named("Url", "<length>255</length>"), "can not specify 'length'"),
        (named("Text", "<length>256</length>"), "a length up to 255"),
        (named("LongTextArea", "<length>2000</length>"), "needs visibleLines"),
        (
            named("LongTextArea", "<length>200000</length><visibleLines>5</visibleLines>"),
            "a length up to 131072",
        ),
        (named("Number", "<precision>19</precision><scale>0</scale>"), "a precision up to 18"),
        (named("Number", "<precision>4</precision><scale>5</scale>"), "a scale that is not larger"),
        (named("Picklist", ""), "needs a valueSet"),
        (named("Picklist", &two_sets), "not both"),
        (named("Checkbox", ""), "needs the defaultValue"),
        (
            named("Checkbox", "<defaultValue>false</defaultValue><externalId>true</externalId>"),
            "can not specify 'externalId'",
        ),
        (named("Txt", "<length>9</length>"), "type Txt is not known"),
        (
            named("Text", "<length>9</length><size>9</size>"),
            "size invalid at this location in type CustomField",
        ),
        (
            named("Text", "<length>9</length><unique>yes</unique>"),
            "not a valid value for the boolean unique",
        ),
        (named("Date", "").replace("<label>X</label>", ""), "label is required"),
        (named("Date", "").replace("Msp_X__c", "Msp__X__c"), "is not valid"),
        (named("Date", "").replace("Msp_X__c", "1_X__c"), "is not valid"),
        (named("Date", "").replace("Msp_X__c", "Msp_X"), "is not valid"),
    ];
    for (inside, problem) in cases {
        let result = deploy(&world, &field(&inside), json!({})).await;
        assert!(problems(&result)[0].contains(problem), "{inside}: {result}");
    }
}

#[tokio::test]
async fn the_rules_of_permission_sets_are_the_contracts() {
    let world = World::start().await;
    let field = |full: &str, editable: bool, readable: bool| {
        format!(
            "<fieldPermissions><editable>{editable}</editable><field>{full}</field>\
             <readable>{readable}</readable></fieldPermissions>"
        )
    };
    let object = |name: &str, read: bool, edit: bool| {
        format!(
            "<objectPermissions><allowCreate>false</allowCreate><allowDelete>false</allowDelete>\
             <allowEdit>{edit}</allowEdit>\
             <allowRead>{read}</allowRead><modifyAllRecords>false</modifyAllRecords>\
             <object>{name}</object>\
             <viewAllRecords>false</viewAllRecords></objectPermissions>"
        )
    };
    let key = field("Opportunity.Msp_Referral_Id__c", true, true);
    let (deal, account) = (object("Opportunity", true, true), object("Account", true, false));
    let package =
        |inside: &str| archive(&[manifest(&[("PermissionSet", "Msp")]), permission_set(inside)]);
    let good =
        deploy(&world, &package(&format!("<label>Msp</label>{key}{deal}{account}")), json!({}))
            .await;
    assert_eq!(good["success"], true, "{good}");
    let long = "x".repeat(81);
    for (inside, problem) in [
        (key.clone(), "Required field is missing: label"),
        (format!("<label>{long}</label>"), "maximum length is:80"),
        (
            format!("<label>M</label>{}", field("Opportunity.Nope__c", true, true)),
            "no CustomField named Opportunity.Nope__c found",
        ),
        (
            format!("<label>M</label>{}", field("Opportunity.StageName", true, true)),
            "You cannot deploy to a required field: Opportunity.StageName",
        ),
        (
            format!("<label>M</label>{}", field("Opportunity.Msp_Referral_Id__c", true, false)),
            "editing needs reading",
        ),
        (format!("<label>M</label>{key}{key}"), "Duplicate fieldPermissions"),
        (
            format!("<label>M</label>{deal}"),
            "Permission Read Opportunity depends on permission(s): Read Account",
        ),
        (
            format!("<label>M</label>{}", object("Account", false, true)),
            "Permission Edit Account depends on permission(s): Read Account",
        ),
        (
            "<label>M</label><fieldPermission/>".into(),
            "fieldPermission invalid at this location in type PermissionSet",
        ),
    ] {
        let result = deploy(&world, &package(&inside), json!({})).await;
        assert!(problems(&result)[0].contains(problem), "{inside}: {result}");
    }
}

#[tokio::test]
async fn layouts_and_list_views_are_taken_when_their_fields_exist() {
    let world = World::start().await;
    let layout = |fields: &[&str]| {
        let item = |field: &&str| {
            format!("<layoutItems><behavior>Edit</behavior><field>{field}</field></layoutItems>")
        };
        let items = fields.iter().map(item).collect::<Vec<_>>().concat();
        let text = format!(
            "{XML}<Layout {NAMESPACE}><layoutSections><label>All</label>\
             <layoutColumns>{items}</layoutColumns>\
             <style>OneColumn</style></layoutSections></Layout>"
        );
        let view = "<listViews><fullName>Deals</fullName><columns>OPPORTUNITY.NAME</columns>\
                    <columns>Msp_Audit__c</columns>\
                    <filterScope>Everything</filterScope><label>Deals</label></listViews>";
        let named = [("Layout", "Opportunity-Co-sell %2B 1"), ("ListView", "Opportunity.Deals")];
        let named = named.map(|(kind, name)| (kind, name.replace("%2B", "+")));
        let members: Vec<(&str, &str)> =
            named.iter().map(|(kind, name)| (*kind, name.as_str())).collect();
        archive(&[
            manifest(&members),
            object(view),
            ("layouts/Opportunity-Co-sell %2B 1.layout", text),
        ])
    };
    let good =
        deploy(&world, &layout(&["Name", "StageName", "CloseDate", "Msp_Audit__c"]), json!({}))
            .await;
    assert_eq!(
        (&good["success"], &good["numberComponentsDeployed"]),
        (&json!(true), &json!(2)),
        "{good}"
    );
    for (fields, problem) in [
        (
            vec!["Name", "StageName", "CloseDate", "Nope__c"],
            "no CustomField named Opportunity.Nope__c found",
        ),
        (vec!["Name", "StageName"], "required layout field: CloseDate"),
    ] {
        let result = deploy(&world, &layout(&fields), json!({})).await;
        assert!(problems(&result)[0].contains(problem), "{result}");
    }
}

#[tokio::test]
async fn the_manifest_and_the_files_must_agree() {
    let world = bare().await;
    let fields = object(&format!("<fields>{EXTRA}</fields>"));
    let member = ("CustomField", "Opportunity.Msp_Extra__c");
    for (files, problem) in [
        (vec![fields.clone()], "No package.xml found"),
        (vec![manifest(&[]), fields.clone()], "Not in package.xml"),
        (
            vec![manifest(&[member, ("Layout", "Opportunity-X")]), fields.clone()],
            "An object 'Opportunity-X' of type Layout was named in package.xml, but was not found \
             in zipped directory",
        ),
        (
            vec![manifest(&[member, ("Nonsense", "X")]), fields.clone()],
            "Unknown type name 'Nonsense'",
        ),
        (
            vec![
                manifest(&[member]),
                (fields.0, fields.1.replace(XML, &format!("{XML}<!-- ours -->"))),
            ],
            "a comment stands outside of the root element",
        ),
        (
            vec![manifest(&[member]), (fields.0, fields.1.replace(NAMESPACE, ""))],
            "the root element is",
        ),
    ] {
        let result = deploy(&world, &archive(&files), json!({})).await;
        assert!(problems(&result).iter().any(|found| found.contains(problem)), "{result}");
        assert!(!exists(&world, "Msp_Extra").await);
    }
}
