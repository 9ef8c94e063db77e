"""The sf command line deploys the package that we ship into a simulated Salesforce without it (contract salesforce 5)."""

import os
import shutil
from pathlib import Path

from checks import check, equal, finish, refused, true
from salesforce_cli import SfError, sf, sign_in_with_token

PACKAGE = Path(os.environ["FIDELITY_SOURCE"]).parent.parent / "infra" / "crm" / "salesforce"
# The program leaves files in the project it deploys.
PROJECT = Path(os.environ["FIDELITY_FOLDER"]) / "package"
ORG = ("--target-org", "sim")
FIELDS = {
    "Msp_Sync_With_Partner_Center__c", "Msp_Referral_Id__c", "Msp_Referral_Link__c", "Msp_How_Can_Microsoft_Help__c",
    "Msp_Products__c", "Msp_Referral_Visibility__c", "Msp_Microsoft_Crm_Id__c", "Msp_Sync_Status__c", "Msp_Audit__c",
}  # fmt: skip


def deploy(*options):
    return sf("project", "deploy", "start", "--source-dir", "force-app", *ORG, *options, folder=PROJECT)


def fields(name):
    described = sf("sobject", "describe", "--sobject", name, *ORG)["fields"]
    return {field["name"]: field for field in described if field["custom"]}


def names(result, state):
    return {(file["type"], file["fullName"]) for file in result["files"] if file["state"] == state}


def failures(error):
    return {failure["fullName"]: failure["problem"] for failure in error.answer["result"]["details"]["componentFailures"]}


def edited(path, old, new):
    file = PROJECT / "force-app" / "main" / "default" / path
    text = file.read_text()
    true(old in text, f"{path} has {old}")
    file.write_text(text.replace(old, new))
    return lambda: file.write_text(text)


shutil.copytree(PACKAGE, PROJECT)
sign_in_with_token("sim")

with check("the organisation has none of the fields yet"):
    equal(fields("Opportunity"), {})
with check("a dry run finds everything right and changes nothing"):
    result = deploy("--dry-run")
    equal((result["status"], result["checkOnly"], result["numberComponentErrors"]), ("Succeeded", True, 0))
    equal(fields("Opportunity"), {})
with check("deploys all fields, permission sets, layouts and the list view"):
    made = names(deploy(), "Created")
    wanted = {("CustomField", f"{name}.{field}") for name in ("Opportunity", "Lead") for field in FIELDS}
    wanted |= {("PermissionSet", "Msp_Cosell_Sync"), ("PermissionSet", "Msp_Cosell_Seller")}
    true(wanted <= made, f"missing: {wanted - made}")
    equal({kind for kind, _ in made - wanted}, {"Layout", "ListView"})
with check("a second deployment changes nothing"):
    result = deploy()
    equal((names(result, "Created"), names(result, "Changed")), (set(), set()))
with check("nobody sees the fields before the permission set is assigned"):
    equal(fields("Opportunity"), {})
    error = refused(SfError, lambda: sf("data", "query", "--query", "SELECT Msp_Audit__c FROM Opportunity", *ORG))
    equal(error.name, "INVALID_FIELD")
with check("assigns the permission set; then describe shows the fields"):
    equal(len(sf("org", "assign", "permset", "--name", "Msp_Cosell_Sync", *ORG)["successes"]), 1)
    for name in ("Opportunity", "Lead"):
        shown = fields(name)
        equal(set(shown), FIELDS)
        key, audit, help = shown["Msp_Referral_Id__c"], shown["Msp_Audit__c"], shown["Msp_How_Can_Microsoft_Help__c"]
        equal((key["externalId"], key["unique"], key["length"], key["updateable"]), (True, True, 64, True))
        equal((audit["type"], audit["length"]), ("textarea", 32768))
        equal((help["restrictedPicklist"], len(help["picklistValues"])), (True, 6))
with check("writes a record with them"):
    values = "Name=x StageName=Prospecting CloseDate=2026-12-31 Msp_Referral_Id__c=ref-1 Msp_Sync_With_Partner_Center__c=true"
    made = sf("data", "create", "record", "--sobject", "Opportunity", "--values", values, *ORG)
    row = sf("data", "get", "record", "--sobject", "Opportunity", "--where", "Msp_Referral_Id__c='ref-1'", *ORG)
    equal((row["Id"], row["Msp_Sync_With_Partner_Center__c"]), (made["id"], True))
with check("is told what is wrong with a field, and nothing is changed"):
    undo = edited("objects/Opportunity/fields/Msp_Sync_Status__c.field-meta.xml", "<type>Text</type>", "<type>TextArea</type>")
    relabelled = edited("objects/Lead/fields/Msp_Audit__c.field-meta.xml", "<label>Audit</label>", "<label>Trail</label>")
    problems = failures(refused(SfError, deploy))
    equal(set(problems), {"Opportunity.Msp_Sync_Status__c"})
    true("can not specify 'length'" in problems["Opportunity.Msp_Sync_Status__c"], str(problems))
    equal(fields("Lead")["Msp_Audit__c"]["label"], "Audit")
    undo(), relabelled()
with check("is told that a permission set names a field that does not exist"):
    undo = edited("permissionsets/Msp_Cosell_Sync.permissionset-meta.xml", "Opportunity.Msp_Audit__c", "Opportunity.Msp_Adit__c")
    equal(failures(refused(SfError, deploy)), {"Msp_Cosell_Sync": "In field: field - no CustomField named Opportunity.Msp_Adit__c found"})
    undo()
with check("converts the package to the metadata format, from which it deploys, too"):
    sf("project", "convert", "source", "--source-dir", "force-app", "--output-dir", "converted", folder=PROJECT)
    result = sf("project", "deploy", "start", "--metadata-dir", "converted", *ORG, folder=PROJECT)
    equal((result["status"], result["numberComponentErrors"]), ("Succeeded", 0))
finish()
