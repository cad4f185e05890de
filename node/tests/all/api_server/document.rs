//! The OpenAPI document, and whether an answer is as it says.

use std::collections::BTreeSet;

use hedgerow_node::api::server::openapi;
use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};

use super::authorised;
use crate::support::Served;

/// Checks real answers against the document, and notes which operations were asked.
pub struct Document {
    pub document: Value,
    pub asked: BTreeSet<(String, String)>,
}

impl Document {
    pub async fn fetch(client: &Client, served: &Served) -> Self {
        let request = authorised(client, served, Method::GET, "/v1/openapi.json");
        let document: Value = request.send().await.unwrap().json().await.unwrap();
        assert_eq!(document, serde_json::to_value(openapi()).unwrap());
        Self {
            document,
            asked: BTreeSet::new(),
        }
    }

    /// All operations of the document.
    pub fn operations(&self) -> BTreeSet<(String, String)> {
        let paths = self.document["paths"].as_object().unwrap();
        let operations = paths.iter().flat_map(|(path, item)| {
            let methods = item.as_object().unwrap().keys();
            methods.map(move |method| (method.to_uppercase(), path.clone()))
        });
        operations.collect()
    }

    /// The path of the document that `path` is an example of.
    pub fn template(&self, path: &str) -> String {
        let path = path.split('?').next().unwrap();
        let fits = |template: &&String| {
            let (mut one, mut other) = (template.split('/'), path.split('/'));
            one.by_ref()
                .zip(other.by_ref())
                .all(|(a, b)| a == b || a.starts_with('{'))
                && template.split('/').count() == path.split('/').count()
        };
        let paths = self.document["paths"].as_object().unwrap();
        // A path without parameters fits better than one with.
        let mut fitting: Vec<_> = paths.keys().filter(fits).collect();
        fitting.sort_by_key(|template| template.matches('{').count());
        (*fitting
            .first()
            .unwrap_or_else(|| panic!("{path} is not documented")))
        .clone()
    }

    pub fn validate(&self, pointer: &str, body: &Value) {
        let mut schema = self.document.clone();
        let fragment = pointer.replace('{', "%7B").replace('}', "%7D");
        schema["$ref"] = json!(format!("#{fragment}"));
        schema["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
        let validator = jsonschema::validator_for(&schema).unwrap();
        let problems: Vec<_> = validator
            .iter_errors(body)
            .map(|error| error.to_string())
            .collect();
        assert!(problems.is_empty(), "{pointer}: {problems:?} in {body}");
    }

    /// Makes a request and checks the answer, which must have the status `expected`.
    pub async fn check(&mut self, request: RequestBuilder, expected: u16) -> Value {
        let request = request.build().unwrap();
        let method = request.method().to_string();
        let path = request.url().path().to_owned();
        let response = Client::new().execute(request).await.unwrap();
        let template = self.template(&path);
        let status = response.status().as_u16();
        let kind = response
            .headers()
            .get("content-type")
            .map(|kind| kind.to_str().unwrap().to_owned());
        let body = response.bytes().await.unwrap();
        assert_eq!(
            status,
            expected,
            "{method} {path}: {}",
            String::from_utf8_lossy(&body)
        );
        let escaped = template.replace('~', "~0").replace('/', "~1");
        let operation = format!("/paths/{escaped}/{}", method.to_lowercase());
        assert!(
            self.document.pointer(&operation).is_some(),
            "{operation} is not documented"
        );
        let responses = format!("{operation}/responses");
        let documented = match expected {
            200..300 => expected.to_string(),
            _ => "default".to_owned(),
        };
        let pointer = format!("{responses}/{documented}");
        let response = self.document.pointer(&pointer);
        let response = response
            .unwrap_or_else(|| panic!("{pointer} is not documented"))
            .clone();
        self.asked.insert((method, template));
        match kind.as_deref() {
            Some("application/json") => {
                let body: Value = serde_json::from_slice(&body).unwrap();
                self.validate(
                    &format!("{pointer}/content/application~1json/schema"),
                    &body,
                );
                body
            }
            Some(kind) => {
                assert!(response["content"].get(kind).is_some(), "{pointer}: {kind}");
                Value::Null
            }
            None => {
                assert!(
                    body.is_empty() && response.get("content").is_none(),
                    "{pointer}"
                );
                Value::Null
            }
        }
    }
}
