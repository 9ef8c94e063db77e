//! Deploying metadata: archives as a client makes them, sent and waited for.

mod lifecycle;
mod rules;

use std::io::{Cursor, Write as _};

use cosell_simulators::salesforce::Options;
use serde_json::{Value, json};
use zip::write::SimpleFileOptions;

use crate::world::{Answer, World, read};

const XML: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
const NAMESPACE: &str = "xmlns=\"http://soap.sforce.com/2006/04/metadata\"";
const EXTRA: &str = "<fullName>Msp_Extra__c</fullName><label>Extra</label><type>Text</type>\
                     <length>64</length>\
                     <externalId>true</externalId><unique>true</unique>";

fn archive(files: &[(&str, String)]) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (path, content) in files {
        archive.start_file(*path, SimpleFileOptions::default()).unwrap();
        archive.write_all(content.as_bytes()).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

fn manifest(types: &[(&str, &str)]) -> (&'static str, String) {
    let each = |(name, member): &(&str, &str)| {
        format!("<types><members>{member}</members><name>{name}</name></types>")
    };
    let types = types.iter().map(each).collect::<Vec<_>>().concat();
    let text = format!("{XML}<Package {NAMESPACE}>{types}<version>67.0</version></Package>");
    ("package.xml", text)
}

fn object(inside: &str) -> (&'static str, String) {
    let text = format!("{XML}<CustomObject {NAMESPACE}>{inside}</CustomObject>");
    ("objects/Opportunity.object", text)
}

fn permission_set(inside: &str) -> (&'static str, String) {
    let text = format!("{XML}<PermissionSet {NAMESPACE}>{inside}</PermissionSet>");
    ("permissionsets/Msp.permissionset", text)
}

/// One field with its manifest.
fn field(inside: &str) -> Vec<u8> {
    let name = inside.split(['>', '<']).nth(2).unwrap_or_default();
    let full = format!("Opportunity.{name}");
    archive(&[manifest(&[("CustomField", &full)]), object(&format!("<fields>{inside}</fields>"))])
}

async fn post(world: &World, content_type: &str, body: Vec<u8>) -> Answer {
    let url =
        world.simulators.salesforce.join("services/data/v67.0/metadata/deployRequest").unwrap();
    let request =
        world.http.post(url).bearer_auth(&world.token).header("content-type", content_type);
    read(request.body(body).send().await.unwrap()).await
}

async fn send(world: &World, archive: &[u8], options: Value) -> Answer {
    let entity = json!({"deployOptions": options}).to_string();
    let mut body =
        b"--sep\r\nContent-Disposition: form-data; name=\"file\"; filename=\"package.xml\"\r\n\
          Content-Type: application/zip\r\n\r\n"
            .to_vec();
    body.extend(archive);
    body.extend(
        b"\r\n--sep\r\nContent-Disposition: form-data; name=\"entity_content\"\r\n\
          Content-Type: application/json\r\n\r\n",
    );
    body.extend(entity.as_bytes());
    body.extend(b"\r\n--sep--\r\n");
    post(world, "multipart/form-data; boundary=sep", body).await
}

async fn poll(world: &World, id: &str) -> Value {
    let path = format!("metadata/deployRequest/{id}?includeDetails=true");
    world.get(&path).await.is(200).body["deployResult"].clone()
}

/// Deploys and waits for the end.
async fn deploy(world: &World, archive: &[u8], options: Value) -> Value {
    let id = send(world, archive, options).await.is(201).id().to_owned();
    for _ in 0..5 {
        let result = poll(world, &id).await;
        if result["done"] == true {
            return result;
        }
    }
    panic!("the deployment does not end");
}

fn problems(result: &Value) -> Vec<&str> {
    let failures = result["details"]["componentFailures"].as_array().unwrap();
    failures.iter().map(|failure| failure["problem"].as_str().unwrap()).collect()
}

async fn described(world: &World, name: &str) -> Option<Value> {
    let body = world.get("sobjects/Opportunity/describe").await.is(200).body.clone();
    let fields = body["fields"].as_array().unwrap();
    fields.iter().find(|field| field["name"] == name).cloned()
}

/// Permission to read and write the field of `EXTRA`.
fn grant() -> Vec<u8> {
    let inside = "<label>Msp</label><fieldPermissions><editable>true</editable>\
                  <field>Opportunity.Msp_Extra__c</field>\
                  <readable>true</readable></fieldPermissions>";
    archive(&[manifest(&[("PermissionSet", "Msp")]), permission_set(inside)])
}

/// Lets the API user see the field of `EXTRA`.
async fn show_extra(world: &World) {
    deploy(world, &grant(), json!({})).await;
    let found = world.query("SELECT Id FROM PermissionSet WHERE Name = 'Msp'").await;
    let set = found.column("Id")[0].clone();
    let user =
        world.query("SELECT Id FROM User WHERE Username = 'cosell-sync@northwind.example'").await;
    let assignment = json!({"PermissionSetId": set, "AssigneeId": user.column("Id")[0]});
    world.create("PermissionSetAssignment", assignment).await;
}

/// Whether a field is there for an administrator who looks it up by the Tooling API.
async fn exists(world: &World, name: &str) -> bool {
    let soql = format!(
        "SELECT+Id+FROM+CustomField+WHERE+TableEnumOrId='Opportunity'+AND+DeveloperName='{name}'"
    );
    let answer = world.get(&format!("tooling/query?q={soql}")).await;
    answer.is(200).body["totalSize"] == 1
}

async fn bare() -> World {
    let options = Options { install_fields: false, ..Options::default() };
    World::start_with(options).await
}
