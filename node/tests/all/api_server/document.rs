//! The OpenAPI document, and whether an answer is as it says.

use std::collections::{BTreeMap, BTreeSet};

use hedgerow_node::api::server::openapi;
use jsonschema::Validator;
use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};

use super::authorised;
use crate::support::Served;

/// Checks real answers against the document, and notes which operations were asked.
pub struct Document {
    pub document: Value,
    pub asked: BTreeSet<(String, String)>,
    /// By the place of what they check in the document.
    validators: BTreeMap<String, Validator>,
}

impl Document {
    pub async fn fetch(client: &Client, served: &Served) -> Self {
        let request = authorised(client, served, Method::GET, "/v1/openapi.json");
        let document: Value = request.send().await.unwrap().json().await.unwrap();
        assert_eq!(document, serde_json::to_value(openapi()).unwrap());
        Self {
            document,
            asked: BTreeSet::new(),
            validators: BTreeMap::new(),
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
        let template = self.find(path);
        template
            .unwrap_or_else(|| panic!("{path} is not documented"))
            .clone()
    }

    fn find(&self, path: &str) -> Option<&String> {
        let path = path.split('?').next()?;
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
        fitting.first().copied()
    }

    /// Whether there is such an operation for a path.
    pub fn has(&self, method: &str, path: &str) -> bool {
        let template = self.find(path);
        template.is_some_and(|template| {
            let operations = &self.document["paths"][template];
            operations.get(method.to_lowercase()).is_some()
        })
    }

    /// All paths.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        let paths = self.document["paths"].as_object().unwrap();
        paths.keys().map(String::as_str)
    }

    /// The names of what may stand in queries.
    pub fn parameters(&self) -> Vec<String> {
        let mut names = BTreeSet::new();
        for (_, item) in self.document["paths"].as_object().unwrap() {
            for (_, operation) in item.as_object().unwrap() {
                let parameters = operation["parameters"].as_array().into_iter().flatten();
                let queries = parameters.filter(|one| one["in"] == "query");
                names.extend(queries.map(|one| one["name"].as_str().unwrap().to_owned()));
            }
        }
        names.into_iter().collect()
    }

    /// The names of what may stand in bodies.
    pub fn properties(&self) -> Vec<String> {
        let schemas = self.document["components"]["schemas"].as_object().unwrap();
        let properties = schemas
            .values()
            .filter_map(|one| one["properties"].as_object());
        let names: BTreeSet<String> = properties.flat_map(|one| one.keys().cloned()).collect();
        names.into_iter().collect()
    }

    pub fn validate(&mut self, pointer: &str, body: &Value) {
        let validator = self.validators.entry(pointer.to_owned());
        let validator = validator.or_insert_with(|| {
            let mut schema = self.document.clone();
            let fragment = pointer.replace('{', "%7B").replace('}', "%7D");
            schema["$ref"] = json!(format!("#{fragment}"));
            schema["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
            jsonschema::validator_for(&schema).unwrap()
        });
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
        self.judge(&method, &path, status, kind, &body)
    }

    /// Checks an answer to a request.
    pub fn judge(
        &mut self,
        method: &str,
        path: &str,
        status: u16,
        kind: Option<String>,
        body: &[u8],
    ) -> Value {
        let template = self.template(path);
        let escaped = template.replace('~', "~0").replace('/', "~1");
        let operation = format!("/paths/{escaped}/{}", method.to_lowercase());
        assert!(
            self.document.pointer(&operation).is_some(),
            "{operation} is not documented"
        );
        let responses = format!("{operation}/responses");
        let documented = match status {
            200..300 => status.to_string(),
            _ => "default".to_owned(),
        };
        let pointer = format!("{responses}/{documented}");
        let response = self.document.pointer(&pointer);
        let response = response
            .unwrap_or_else(|| panic!("{pointer} is not documented"))
            .clone();
        self.asked.insert((method.to_owned(), template));
        match kind.as_deref() {
            Some("application/json") => {
                let body: Value = serde_json::from_slice(body).unwrap();
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
