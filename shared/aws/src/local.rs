//! The two tables on a DynamoDB inside the test process.

#![expect(clippy::unwrap_used, reason = "test code")]

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_dynamodb::types::AttributeValue;
use dynoxide::Database;
use serde_json::Value as Json;

use crate::table::Table;

/// Both tables, as the template makes them.
const TABLES: &str = include_str!("../../../infra/tables.json");

pub(crate) struct LocalTables {
    client: Client,
}

impl LocalTables {
    pub(crate) async fn start() -> Self {
        let database = Database::memory().unwrap();
        let tables: Vec<Json> = serde_json::from_str(TABLES).unwrap();
        for table in tables {
            database.create_table(serde_json::from_value(table).unwrap()).unwrap();
        }
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        // Ends with the test's runtime.
        tokio::spawn(dynoxide::server::serve_on(listener, database));
        let config = aws_sdk_dynamodb::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .credentials_provider(Credentials::new("test", "test", None, None, "test"))
            .endpoint_url(endpoint);
        Self { client: Client::from_conf(config.build()) }
    }

    pub(crate) fn links(&self) -> Table {
        Table::of_client(self.client.clone(), "links")
    }

    pub(crate) fn audit(&self) -> Table {
        Table::of_client(self.client.clone(), "audit")
    }

    /// An attribute of the first audit item of a pair.
    pub(crate) async fn attribute_of_pair(&self, pair: &str, name: &str) -> Option<AttributeValue> {
        let query = self.client.query().table_name("audit").key_condition_expression("pk = :pair");
        let answer = query
            .expression_attribute_values(":pair", AttributeValue::S(pair.to_owned()))
            .send()
            .await
            .unwrap();
        answer.items()[0].get(name).cloned()
    }
}
