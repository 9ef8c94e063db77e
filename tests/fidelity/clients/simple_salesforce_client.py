"""simple-salesforce against the simulated Salesforce, over TLS (contract salesforce 7)."""

import datetime
import os
from urllib.parse import urlsplit

import requests
from application_key import key_pair
from checks import check, control, equal, finish, journal, refused, true, upload
from requests.adapters import HTTPAdapter
from simple_salesforce import Salesforce, format_soql
from simple_salesforce.exceptions import (
    SalesforceAuthenticationFailed,
    SalesforceExpiredSession,
    SalesforceGeneralError,
    SalesforceMalformedRequest,
    SalesforceMoreThanOneRecord,
    SalesforceRefusedRequest,
    SalesforceResourceNotFound,
)

ORIGIN = os.environ["FIDELITY_SALESFORCE"]
CLIENT, SECRET = "sim-salesforce-client", "sim-salesforce-secret"


class LoginHosts(HTTPAdapter):
    """The client insists on hosts below salesforce.com to sign in: they are the simulator here."""

    def send(self, request, **options):
        parts = urlsplit(request.url)
        if parts.hostname.endswith(".salesforce.com"):
            request.url = ORIGIN + parts.path
            options["proxies"] = {}
        return super().send(request, **options)


def session():
    session = requests.Session()
    session.mount("https://", LoginHosts())
    return session


def sign_in(**more):
    return Salesforce(version="67.0", session=session(), **more)


def with_secret(secret=SECRET):
    return sign_in(consumer_key=CLIENT, consumer_secret=secret, domain="northwind.my")


def deal(**more):
    return {"Name": "Litware pilot", "StageName": "Prospecting", "CloseDate": "2026-12-31"} | more


def code(error):
    return error.content[0]["errorCode"]


def signing_in():
    with check("signs in with key and secret in an Authorization header"):
        equal(with_secret().query("SELECT COUNT() FROM Opportunity")["totalSize"], 0)
    with check("is told that the secret is wrong"):
        error = refused(SalesforceAuthenticationFailed, lambda: with_secret("wrong"))
        equal((error.code, error.auth_message), ("invalid_client", "invalid client credentials"))
    private, certificate = key_pair()
    upload("salesforce/certificate", certificate)

    def with_key(key):
        more = {"instance_url": "northwind.my", "domain": "login", "privatekey": key}
        return sign_in(username="cosell-sync@northwind.example", consumer_key=CLIENT, **more)

    with check("signs in with a certificate (JWT, whose exp is a string)"):
        equal(with_key(private).query("SELECT COUNT() FROM Account")["totalSize"], 0)
    with check("is told that the key is another one"):
        error = refused(SalesforceAuthenticationFailed, lambda: with_key(key_pair()[0]))
        equal(error.code, "invalid_grant")
    with check("works with a session opened elsewhere, and is told when it has ended"):
        sf = sign_in(session_id=with_secret().session_id, instance_url=ORIGIN)
        equal(sf.Opportunity.describe()["name"], "Opportunity")
        control("POST", "salesforce/sessions/revoke")
        error = refused(SalesforceExpiredSession, lambda: sf.query("SELECT Id FROM Account"))
        equal(code(error), "INVALID_SESSION_ID")
    with check("signs in again when the session has ended"):
        sf = with_secret()
        before = [entry["path"] for entry in journal("salesforce")].count("/services/oauth2/token")
        control("POST", "salesforce/sessions/revoke")
        equal(sf.query("SELECT COUNT() FROM Account")["totalSize"], 0)
        equal([entry["path"] for entry in journal("salesforce")].count("/services/oauth2/token"), before + 1)


def records(sf):
    with check("creates, reads, changes and deletes an opportunity"):
        made = sf.Opportunity.create(deal(Amount=48000))
        equal((made["success"], made["errors"]), (True, []))
        row = sf.Opportunity.get(made["id"])
        equal((row["Name"], row["Amount"], row["IsClosed"]), ("Litware pilot", 48000.0, False))
        equal(sf.Opportunity.update(made["id"], {"StageName": "Closed Lost", "Amount": None}), 204)
        row = sf.Opportunity.get(made["id"])
        equal((row["Amount"], row["IsClosed"], row["IsWon"], row["Probability"]), (None, True, False, 0))
        equal(sf.Opportunity.delete(made["id"]), 204)
        error = refused(SalesforceResourceNotFound, lambda: sf.Opportunity.get(made["id"]))
        equal(code(error), "ENTITY_IS_DELETED")
    with check("upserts by external id: 201, then 200"):
        key = "Msp_Referral_Id__c/ref-1"
        equal(sf.Opportunity.upsert(key, deal()), 201)
        equal(sf.Opportunity.upsert(key, {"NextStep": "again"}), 200)
        equal(sf.Opportunity.get_by_custom_id("Msp_Referral_Id__c", "ref-1")["NextStep"], "again")
    with check("is refused the key in the body of an upsert"):
        body = deal(Msp_Referral_Id__c="ref-1")
        refused(SalesforceMalformedRequest, lambda: sf.Opportunity.upsert("Msp_Referral_Id__c/ref-1", body))
    with check("is given several records to choose from"):
        field = {"object": "Account", "name": "Erp_Key__c", "type": "Text", "length": 40, "external_id": True}
        control("POST", "salesforce/fields", field)
        for name in ("A", "B"):
            sf.Account.create({"Name": name, "Erp_Key__c": "twin"})
        error = refused(SalesforceMoreThanOneRecord, lambda: sf.Account.upsert("Erp_Key__c/twin", {"Name": "C"}))
        equal([path.split("/")[-2] for path in error.content], ["Account", "Account"])
    with check("is stopped by a condition that no longer holds (412)"):
        id = sf.Opportunity.create(deal())["id"]
        yesterday = {"If-Unmodified-Since": "Thu, 20 Aug 2015 14:03:27 GMT"}
        error = refused(SalesforceGeneralError, lambda: sf.Opportunity.update(id, {"NextStep": "x"}, headers=yesterday))
        equal(error.status, 412)
    with check("makes two records in one composite request"):
        steps = [
            {"method": "POST", "url": "/services/data/v67.0/sobjects/Account", "referenceId": "acct", "body": {"Name": "Litware"}},
            {"method": "POST", "url": "/services/data/v67.0/sobjects/Contact", "referenceId": "person",
             "body": {"LastName": "Lind", "AccountId": "@{acct.id}"}},
        ]
        answer = sf.restful("composite", method="POST", json={"allOrNone": True, "compositeRequest": steps})
        equal([step["httpStatusCode"] for step in answer["compositeResponse"]], [201, 201])


def queries(sf):
    control("POST", "salesforce/rows/Opportunity/many", {"count": 450, "fields": deal(Name="Load {n}")})
    soql, pages = "SELECT Id FROM Opportunity WHERE Name LIKE 'Load %' ORDER BY Id", {"Sforce-Query-Options": "batchSize=200"}
    with check("reads three pages, one by one and all together"):
        page, sizes = sf.query(soql, headers=sf.headers | pages), []
        while True:
            sizes.append(len(page["records"]))
            if page["done"]:
                break
            page = sf.query_more(page["nextRecordsUrl"], identifier_is_url=True, headers=sf.headers | pages)
        equal((sizes, page["totalSize"]), ([200, 200, 50], 450))
        equal(len({row["Id"] for row in sf.query_all_iter(soql)}), 450)
    with check("continues by the locator alone"):
        page = sf.query(soql, headers=sf.headers | pages)
        locator = page["nextRecordsUrl"].rsplit("/", 1)[1]
        equal(len(sf.query_more(locator)["records"]), 250)
    with check("finds texts with all the characters that need a backslash"):
        name = "O'Neill \"50%\" \\ _x_"
        sf.Opportunity.create(deal(Name=name))
        equal(sf.query(format_soql("SELECT Id FROM Opportunity WHERE Name = {}", name))["totalSize"], 1)
        equal(sf.query(format_soql("SELECT Id FROM Opportunity WHERE Name LIKE '%{:like}%'", '50%" \\ _'))["totalSize"], 1)
    with check("asks with lists, moments and booleans"):
        since = datetime.datetime(2020, 1, 1, tzinfo=datetime.timezone(datetime.timedelta(hours=2)))
        text = "SELECT Id FROM Opportunity WHERE StageName IN {} AND SystemModstamp >= {} AND IsWon = {} AND Amount = {}"
        equal(sf.query(format_soql(text, ["Prospecting", "Closed Won"], since, False, None))["totalSize"] > 450, True)
    with check("reads deleted records, what changed and what was deleted"):
        id = sf.Opportunity.create(deal(Name="Short lived"))["id"]
        sf.Opportunity.delete(id)
        rows = sf.query_all("SELECT Id FROM Opportunity WHERE IsDeleted = true", include_deleted=True)["records"]
        true(id in [row["Id"] for row in rows], "the deleted one is there")
        now, hour = datetime.datetime.now(datetime.timezone.utc), datetime.timedelta(hours=1)
        true(id in [row["id"] for row in sf.Opportunity.deleted(now - hour, now + hour)["deletedRecords"]], "told as deleted")
        true(len(sf.Opportunity.updated(now - hour, now + hour)["ids"]) > 450, "told as changed")


def descriptions(sf):
    with check("describes objects and the co-sell fields"):
        true("Lead" in [each["name"] for each in sf.describe()["sobjects"]], "Lead is listed")
        fields = {field["name"]: field for field in sf.Lead.describe()["fields"]}
        equal(fields["Msp_Audit__c"]["length"], 32768)
        equal((fields["Msp_Referral_Id__c"]["type"], fields["Msp_Referral_Id__c"]["unique"]), ("string", True))
        equal(sf.Lead.metadata()["objectDescribe"]["keyPrefix"], "00Q")
    with check("reads the limits, and what is used up from each answer"):
        limit = sf.limits()["DailyApiRequests"]
        equal(sf.api_usage["api-usage"], (limit["Max"] - limit["Remaining"], limit["Max"]))


def refusals(sf):
    cases = [
        ("an unknown field", SalesforceMalformedRequest, "INVALID_FIELD", lambda: sf.Opportunity.create(deal(Nope__c=1))),
        ("a missing field", SalesforceMalformedRequest, "REQUIRED_FIELD_MISSING", lambda: sf.Opportunity.create({"Name": "x"})),
        ("a text too long", SalesforceMalformedRequest, "STRING_TOO_LONG", lambda: sf.Account.create({"Name": "x" * 256})),
        ("a broken query", SalesforceMalformedRequest, "MALFORMED_QUERY", lambda: sf.query("SELECT Id FROM")),
        ("an unknown record", SalesforceResourceNotFound, "NOT_FOUND", lambda: sf.Account.get("001Kd00000Zq9YbIAJ")),
        ("an unknown object", SalesforceResourceNotFound, "NOT_FOUND", lambda: sf.Nope__c.create({"Name": "x"})),
    ]
    for what, kind, wanted, body in cases:
        with check(f"is refused {what}: {wanted}"):
            equal(code(refused(kind, body)), wanted)
    with check("is told that the day's calls are used up"):
        control("PUT", "salesforce/switches", {"daily_requests": 0})
        error = refused(SalesforceRefusedRequest, lambda: sf.query("SELECT Id FROM Account"))
        control("PUT", "salesforce/switches", {})
        equal(code(error), "REQUEST_LIMIT_EXCEEDED")
    with check("is told of an outage that answers in HTML"):
        page = {"kind": "status", "status": 503, "body": "<html>busy</html>", "content_type": "text/html"}
        control("POST", "faults", {"service": "salesforce", "action": page})
        error = refused(SalesforceGeneralError, lambda: sf.query("SELECT Id FROM Account"))
        equal((error.status, error.content), (503, "<html>busy</html>"))


signing_in()
client = with_secret()
records(client)
queries(client)
descriptions(client)
refusals(client)
finish()
