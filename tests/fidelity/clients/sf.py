"""The sf command line against the simulated Salesforce (contract salesforce 7)."""

import os
import re
from pathlib import Path

from application_key import key_pair
from checks import check, control, equal, finish, refused, true, upload
from salesforce_cli import ORIGIN, USER, SfError, run, sf, sign_in_with_token

ORG = ("--target-org", "sim")
DEAL = "Name='Litware pilot' StageName=Prospecting CloseDate=2026-12-31 Amount=48000"


def signing_in():
    with check("signs in with an access token"):
        org = sign_in_with_token("sim")
        equal((org["username"], org["instanceUrl"], org["instanceApiVersion"]), (USER, ORIGIN + "/", "67.0"))
        equal((org["name"], org["isDevHub"], org["isSandbox"]), ("Northwind", False, False))
    with check("signs in with a certificate (JWT)"):
        private, certificate = key_pair()
        upload("salesforce/certificate", certificate)
        file = Path(os.environ["FIDELITY_FOLDER"]) / "server.key"
        file.write_text(private)
        who = ("--client-id", "sim-salesforce-client", "--jwt-key-file", str(file), "--username", USER)
        # Nothing wrong is tried here: after a refusal the program turns to Salesforce's public login hosts.
        org = sf("org", "login", "jwt", *who, "--instance-url", ORIGIN, "--alias", "sim")
        equal((org["username"], org["orgId"]), (USER, "00DKd0000004xYzMAI"))


def records():
    with check("creates, finds, changes and deletes a record"):
        made = sf("data", "create", "record", "--sobject", "Opportunity", "--values", DEAL, *ORG)
        where = ("--sobject", "Opportunity", "--where", "Name='Litware pilot'")
        row = sf("data", "get", "record", *where, *ORG)
        equal((row["Id"], row["Amount"], row["IsClosed"]), (made["id"], 48000, False))
        equal(sf("data", "update", "record", *where, "--values", "StageName='Closed Won'", *ORG)["success"], True)
        equal(sf("data", "get", "record", *where, *ORG)["IsWon"], True)
        equal(sf("data", "delete", "record", *where, *ORG), {"id": made["id"], "success": True, "errors": []})
        refused(SfError, lambda: sf("data", "get", "record", *where, *ORG))
    with check("is refused a record without its stage: REQUIRED_FIELD_MISSING"):
        bad = ("--sobject", "Opportunity", "--values", "Name=x CloseDate=2026-12-31")
        equal(refused(SfError, lambda: sf("data", "create", "record", *bad, *ORG)).name, "REQUIRED_FIELD_MISSING")


def queries():
    fields = {"Name": "Load {n}", "StageName": "Prospecting", "CloseDate": "2026-12-31"}
    control("POST", "salesforce/rows/Opportunity/many", {"count": 5, "fields": fields})
    soql = "SELECT Id, Name, Owner.Name FROM Opportunity ORDER BY Name"
    control("PUT", "salesforce/switches", {"query_batch": 2})
    with check("queries over several pages"):
        found = sf("data", "query", "--query", soql, *ORG)
        equal((found["totalSize"], found["done"], [row["Name"] for row in found["records"]][-1]), (5, True, "Load 5"))
    control("PUT", "salesforce/switches", {})
    with check("prints a table, whose columns it asks for"):
        text, fine = run("data", "query", "--query", soql, *ORG)
        true(fine and re.search(r"ID.*NAME.*OWNER\.NAME", text) and "Omar Lind" in text, text)
    with check("is told that a column does not exist: INVALID_FIELD"):
        error = refused(SfError, lambda: sf("data", "query", "--query", "SELECT Nope__c FROM Opportunity", *ORG))
        equal((error.name, "No such column 'Nope__c'" in error.answer["message"]), ("INVALID_FIELD", True))


def descriptions():
    with check("describes the co-sell fields"):
        described = sf("sobject", "describe", "--sobject", "Opportunity", *ORG)
        field = next(each for each in described["fields"] if each["name"] == "Msp_Referral_Id__c")
        equal((field["externalId"], field["unique"], field["length"]), (True, True, 64))
    with check("lists objects, custom ones apart"):
        names = sf("sobject", "list", "--sobject", "all", *ORG)
        true({"Opportunity", "Lead", "Account", "Contact"} <= set(names), f"the objects are there: {names}")
        equal(sf("sobject", "list", "--sobject", "custom", *ORG), [])
    with check("lists the limits"):
        limits = {each["name"]: each for each in sf("org", "list", "limits", *ORG)}
        true(limits["DailyApiRequests"]["remaining"] < limits["DailyApiRequests"]["max"], "calls were counted")
    with check("sends a request of its own"):
        text, fine = run("api", "request", "rest", "/services/data/v67.0/sobjects/Opportunity/describe", *ORG)
        true(fine and '"keyPrefix": "006"' in text, text)
    with check("shows the organisation"):
        equal(sf("org", "display", *ORG)["connectedStatus"], "Connected")


def ended_sessions():
    with check("signs in again by itself when the session has ended"):
        control("POST", "salesforce/sessions/revoke")
        equal(sf("data", "query", "--query", "SELECT Id FROM Account", *ORG)["totalSize"], 0)
    with check("is told that the session has ended when it has only a token"):
        sign_in_with_token("token")
        control("POST", "salesforce/sessions/revoke")
        refused(SfError, lambda: sf("data", "query", "--query", "SELECT Id FROM Account", "--target-org", "token"))


signing_in()
records()
queries()
descriptions()
ended_sessions()
finish()
