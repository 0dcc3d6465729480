//! The AWS protocols: turns (service, operation, JSON input) into an HTTP request and an HTTP response into JSON.
//! Pure: no connection, no signing. The differential tests against botocore work on this interface.

mod error;
mod form;
mod json;
mod listing;
mod response;
mod rest;
mod scalar;
mod xml_body;

use bytes::Bytes;
use serde_json::{Map, Value};

use super::model::{self, Bound, Model, Operation, Protocol};
use super::{AwsError, ErrorClass};

pub(crate) use rest::encode_path;
pub(crate) use scalar::{encode_component, encode_query};

/// An HTTP request before it is signed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WireRequest {
    /// The HTTP method.
    pub method: String,
    /// The path, percent-encoded as it goes on the wire.
    pub path: String,
    /// Query parameters, not encoded yet.
    pub query: Vec<(String, String)>,
    /// Headers.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Bytes,
}

/// An HTTP response as it came.
#[derive(Clone, Copy, Debug)]
pub struct WireResponse<'a> {
    /// The HTTP status.
    pub status: u16,
    /// Headers; names in lower case.
    pub headers: &'a [(String, String)],
    /// The body.
    pub body: &'a [u8],
}

impl WireResponse<'_> {
    /// The value of a header; `name` in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(header, _)| header.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

/// One operation of one service, found in the models.
#[derive(Clone, Copy)]
pub(crate) struct Call {
    pub service: &'static str,
    pub operation: &'static str,
    pub model: &'static Model,
    pub shape: &'static Operation,
    pub protocol: Protocol,
}

impl Call {
    /// Looks an operation up.
    pub fn find(service: &str, operation: &str) -> Result<Self, AwsError> {
        let unknown = |message: String| AwsError {
            class: ErrorClass::Input,
            service: service.to_owned(),
            operation: operation.to_owned(),
            code: None,
            status: None,
            message,
        };
        let name = model::SERVICES.iter().find(|name| **name == service);
        let (Some(name), Some(model)) = (name, model::model(service)) else {
            return Err(unknown(format!("there is no model of a service {service:?}")));
        };
        let Some((operation, shape)) = model.operations.get_key_value(operation) else {
            return Err(unknown(format!("the model of {service} has no operation {operation:?}")));
        };
        let Some(protocol) = model.protocol() else {
            return Err(unknown(format!("{service} has no protocol that podex speaks")));
        };
        Ok(Self { service: name, operation, model, shape, protocol })
    }

    pub fn input(&self) -> Option<Bound<'static>> {
        self.model.bind(self.shape.input.as_ref()?)
    }

    pub fn output(&self) -> Option<Bound<'static>> {
        self.model.bind(self.shape.output.as_ref()?)
    }

    /// An error of this call.
    pub fn error(&self, class: ErrorClass, message: impl Into<String>) -> AwsError {
        AwsError {
            class,
            service: self.service.to_owned(),
            operation: self.operation.to_owned(),
            code: None,
            status: None,
            message: message.into(),
        }
    }

    /// Writes the request.
    pub fn serialize(&self, input: &Value) -> Result<WireRequest, AwsError> {
        self.try_serialize(input).map_err(|message| self.error(ErrorClass::Input, message))
    }

    fn try_serialize(&self, input: &Value) -> Result<WireRequest, String> {
        let empty = Map::new();
        let given = match input {
            Value::Null => &empty,
            Value::Object(members) => members,
            _ => return Err("the input is not an object".to_owned()),
        };
        let mut members = given.clone();
        if let Some(shape) = self.input() {
            if let Some(unknown) = members.keys().find(|name| shape.get(name).is_none()) {
                return Err(format!("the input has no member {unknown:?}"));
            }
            members.retain(|_, value| !value.is_null());
            for (name, member) in shape.members() {
                if member.reference.idempotency_token && !members.contains_key(name) {
                    members.insert(name.to_owned(), Value::String(scalar::random_uuid()));
                }
            }
            listing::ask_for_encoded_keys(self, &mut members);
        } else if let Some(unknown) = members.keys().next() {
            return Err(format!("the operation takes no input, so no member {unknown:?}"));
        }
        match self.protocol {
            Protocol::Json => json::request(self, &members),
            Protocol::Query | Protocol::Ec2 => form::request(self, &members),
            Protocol::RestJson | Protocol::RestXml => rest::request(self, members),
        }
    }

    /// Reads the members that stand in the head of a good response.
    pub fn parse_head(&self, response: &WireResponse<'_>) -> Result<Value, AwsError> {
        let Some(shape) = self.output() else { return Ok(Value::Object(Map::new())) };
        let members = response::outside_body(shape, response);
        members.map(Value::Object).map_err(|message| self.error(ErrorClass::Malformed, message))
    }

    /// Reads the response, or the error in it.
    pub fn parse(&self, response: &WireResponse<'_>) -> Result<Value, AwsError> {
        if response.status >= 300 {
            return Err(error::parse(self, response));
        }
        let mut output = response::parse(self, response).map_err(|message| AwsError {
            status: Some(response.status),
            ..self.error(ErrorClass::Malformed, message)
        })?;
        listing::decode_keys(self, &mut output);
        Ok(Value::Object(output))
    }
}

/// Writes the request that calls an operation. Fails with [`ErrorClass::Input`] where the input does not fit the model.
pub fn serialize(service: &str, operation: &str, input: &Value) -> Result<WireRequest, AwsError> {
    Call::find(service, operation)?.serialize(input)
}

/// Reads the response to an operation; an error response becomes an [`AwsError`].
pub fn parse(service: &str, operation: &str, response: &WireResponse<'_>) -> Result<Value, AwsError> {
    Call::find(service, operation)?.parse(response)
}
