"""Microsoft's Dataverse client for Python, with azure-identity for its tokens, over TLS (contract dynamics365 7)."""

import os
import re

from azure.core.exceptions import ClientAuthenticationError
from azure.identity import ClientSecretCredential
from checks import check, control, equal, finish, journal, refused, true
from PowerPlatform.Dataverse.client import DataverseClient
from PowerPlatform.Dataverse.core.errors import HttpError, MetadataError
from PowerPlatform.Dataverse.models.upsert import UpsertItem

ORIGIN = os.environ["FIDELITY_DATAVERSE"]
GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
NOTHING = "6a0d1c52-7b1e-4f6c-9d3a-2f1b0c9e8d77"


def credential(secret="sim-dataverse-secret", tenant="sim-tenant"):
    authority = os.environ["FIDELITY_ENTRA"]
    return ClientSecretCredential(tenant, "sim-dataverse-client", secret, authority=authority, disable_instance_discovery=True)


def code(error):
    return error.status_code, error.details.get("service_error_code")



def tokens():
    scope = f"{ORIGIN}/.default"
    with check("gets a token for the environment, and the same one again"):
        known = credential()
        token = known.get_token(scope)
        true(token.expires_on > 0 and token.token == known.get_token(scope).token, "it is kept")
        asked = [entry["path"] for entry in journal("entra")]
        equal(asked, ["/sim-tenant/v2.0/.well-known/openid-configuration", "/sim-tenant/oauth2/v2.0/token"])
    with check("is told that the secret is wrong"):
        error = refused(ClientAuthenticationError, lambda: credential("wrong").get_token(scope))
        true("AADSTS7000215" in error.message, error.message)
    with check("is told that the tenant is unknown"):
        error = refused(ClientAuthenticationError, lambda: credential(tenant="elsewhere").get_token(scope))
        true("AADSTS90002" in error.message, error.message)
    with check("is refused a token for another environment"):
        refused(ClientAuthenticationError, lambda: credential().get_token("https://elsewhere.crm4.dynamics.com/.default"))


def records(client):
    with check("creates, reads, changes and deletes an opportunity"):
        id = client.records.create("opportunity", {"name": "Fabrikam – wave 2", "estimatedvalue": 250000, "estimatedclosedate": "2026-11-30"})
        true(GUID.fullmatch(id), id)
        row = client.records.retrieve("opportunity", id, select=["name", "estimatedvalue", "estimatedclosedate"])
        equal((row["name"], row["estimatedvalue"], row["estimatedclosedate"]), ("Fabrikam – wave 2", 250000.0, "2026-11-30"))
        client.records.update("opportunity", id, {"description": "changed"})
        equal(client.records.retrieve("opportunity", id, select=["description"])["description"], "changed")
        client.records.delete("opportunity", id)
        equal(client.records.retrieve("opportunity", id), None)
    with check("sets a choice by its label, whose number it reads from the metadata"):
        id = client.records.create("opportunity", {"name": "Choice", "nwcs_howcanmicrosofthelp": "Quotes or licensing"})
        row = client.records.retrieve("opportunity", id, select=["nwcs_howcanmicrosofthelp"], include_annotations="*")
        equal(row["nwcs_howcanmicrosofthelp"], 412000003)
        equal(row["nwcs_howcanmicrosofthelp@OData.Community.Display.V1.FormattedValue"], "Quotes or licensing")
    with check("binds a customer and expands it"):
        account = client.records.create("account", {"name": "Fabrikam"})
        id = client.records.create("opportunity", {"name": "Bound", "customerid_account@odata.bind": f"/accounts({account})"})
        row = client.records.retrieve("opportunity", id, select=["name"], expand=["customerid_account"])
        equal(row["customerid_account"]["name"], "Fabrikam")
    with check("does not make a row by an update (404 0x80040217)"):
        error = refused(HttpError, lambda: client.records.update("opportunity", NOTHING, {"name": "x"}))
        equal(code(error), (404, "0x80040217"))
    with check("upserts by alternate key, twice the same row"):
        item = lambda name: [UpsertItem({"nwcs_referralid": "ref-1"}, {"name": name})]
        client.records.upsert("opportunity", item("First"))
        client.records.upsert("opportunity", item("Second"))
        rows = client.records.list("opportunity", filter="nwcs_referralid eq 'ref-1'", select=["name"])
        equal([row["name"] for row in rows], ["Second"])
    with check("makes, changes and upserts several at once"):
        ids = client.records.create("opportunity", [{"name": "Bulk 1"}, {"name": "Bulk 2"}])
        client.records.update("opportunity", ids, {"description": "bulk"})
        items = [UpsertItem({"nwcs_referralid": key}, {"name": f"Bulk {key}"}) for key in ("ref-1", "ref-7")]
        client.records.upsert("opportunity", items)
        rows = client.records.list("opportunity", filter="startswith(name,'Bulk')", select=["name", "description"], orderby=["name asc"])
        equal([(row["name"], row["description"]) for row in rows],
              [("Bulk 1", "bulk"), ("Bulk 2", "bulk"), ("Bulk ref-1", None), ("Bulk ref-7", None)])
    with check("is told which of several is wrong, and none is made"):
        before = len(list(client.records.list("opportunity", select=["name"])))
        error = refused(HttpError, lambda: client.records.create("opportunity", [{"name": "Fine"}, {"nope": 1}]))
        equal((code(error), len(list(client.records.list("opportunity", select=["name"])))), ((400, "0x80048d19"), before))
    with check("is told that the key is taken (412 0x80060892)"):
        body = {"name": "x", "nwcs_referralid": "ref-1"}
        equal(code(refused(HttpError, lambda: client.records.create("opportunity", body))), (412, "0x80060892"))


def queries(client):
    for n in range(1, 6):
        client.records.create("opportunity", {"name": f"Load {n}"})
    load = {"filter": "startswith(name,'Load')", "select": ["name"], "orderby": ["name asc"]}
    with check("reads three pages"):
        sizes = [len(list(page)) for page in client.records.list_pages("opportunity", page_size=2, **load)]
        equal(sizes, [2, 2, 1])
    with check("reads all pages into one list, or the first three rows"):
        equal([row["name"][-1] for row in client.records.list("opportunity", page_size=2, **load)], list("12345"))
        equal(len(list(client.records.list("opportunity", top=3, **load))), 3)
    with check("finds a name with an apostrophe, an ampersand and an umlaut"):
        client.records.create("opportunity", {"name": "O'Neill & Söhne #1 +"})
        found = client.records.list("opportunity", filter="name eq 'o''neill & söhne #1 +'", select=["name"])
        equal(len(list(found)), 1)


def metadata(client):
    with check("reads a table"):
        table = client.tables.get("opportunity")
        equal((table.entity_set_name, table.logical_name), ("opportunities", "opportunity"))
        equal(client.tables.get("nwcs_nothing"), None)
    with check("reads columns"):
        columns = client.tables.list_columns("opportunity", select=["LogicalName", "AttributeType"], filter="AttributeType eq 'Memo'")
        names = {column["LogicalName"] for column in columns}
        true({"description", "nwcs_audit"} <= names and "name" not in names, f"memo columns only: {names}")
        equal(client.tables.get_column("opportunity", "nwcs_referralid")["SchemaName"], "nwcs_ReferralId")
    with check("adds columns of several kinds and writes them"):
        added = client.tables.add_columns("opportunity", {"nwcs_Extra": "string", "nwcs_Checked": "bool", "nwcs_Rounds": "int"})
        equal(added, ["nwcs_Extra", "nwcs_Checked", "nwcs_Rounds"])
        id = client.records.create("opportunity", {"name": "Extra", "nwcs_Extra": "yes", "nwcs_Checked": True, "nwcs_Rounds": 3})
        row = client.records.retrieve("opportunity", id, select=["nwcs_extra", "nwcs_checked", "nwcs_rounds"])
        equal((row["nwcs_extra"], row["nwcs_checked"], row["nwcs_rounds"]), ("yes", True, 3))
    with check("adds an alternate key and finds it active"):
        client.tables.create_alternate_key("opportunity", "nwcs_ExtraKey", ["nwcs_extra"])
        keys = {key.schema_name: (key.status, key.key_attributes) for key in client.tables.get_alternate_keys("opportunity")}
        equal(keys["nwcs_ExtraKey"], ("Active", ["nwcs_extra"]))
        client.records.upsert("opportunity", [UpsertItem({"nwcs_extra": "yes"}, {"description": "by the new key"})])
    with check("is told that a table does not exist"):
        refused(MetadataError, lambda: client.records.create("nwcs_nothing", {"name": "x"}))


def refusals(client):
    create = lambda more: lambda: client.records.create("opportunity", {"name": "x"} | more)
    cases = [
        ("an unknown column", create({"nope": 1}), (400, "0x80048d19")),
        ("a text too long", create({"name": "x" * 301}), (400, "0x80044331")),
        ("an unknown column in a query", lambda: client.records.list("opportunity", select=["nope"]), (400, "0x80060888")),
    ]
    for what, body, wanted in cases:
        with check(f"is refused {what}: {wanted[1]}"):
            equal(code(refused(HttpError, body)), wanted)
    with check("is told how long to wait when it asks too much (429)"):
        busy = {"kind": "status", "status": 429, "retry_after": 17, "code": "0x80072322"}
        control("POST", "faults", {"service": "dataverse", "action": busy})
        error = refused(HttpError, lambda: client.records.list("opportunity", select=["name"]))
        equal((code(error), error.is_transient, error.details["retry_after"]), ((429, "0x80072322"), True, 17))
    with check("is refused when the token is no longer known (401)"):
        control("POST", "dataverse/tokens/revoke")
        error = refused(HttpError, lambda: client.records.list("opportunity", select=["name"]))
        equal(error.status_code, 401)


tokens()
with DataverseClient(ORIGIN, credential()) as client:
    records(client)
    queries(client)
    metadata(client)
    refusals(client)
finish()
