//! What an error means to a caller.

use super::ErrorClass;

/// Classifies an error response by status, code and message; `body` is looked at for the pages of emulators only.
pub(super) fn class(status: u16, code: Option<&str>, message: Option<&str>, body: &str) -> ErrorClass {
    let code = code.unwrap_or_default();
    if is_not_implemented(status, code, message.unwrap_or_default(), body) {
        ErrorClass::NotImplemented
    } else if is_throttled(status, code) {
        ErrorClass::Throttled
    } else if is_conflict(code) {
        ErrorClass::Conflict
    } else if is_not_found(status, code) {
        ErrorClass::NotFound
    } else if is_access_denied(status, code) {
        ErrorClass::AccessDenied
    } else {
        ErrorClass::Service
    }
}

/// Phrases by which emulators say that they do not offer something.
const NOT_IMPLEMENTED_PHRASES: &[&str] = &[
    "not implemented",
    "not been implemented",
    "not yet implemented",
    "notimplemented",
    "not included in your",
    "not included within your",
    "license plan",
    "not supported by ministack",
    "unsupported operation",
    "unknown action",
    "unknown api gateway path",
    "unknown operation",
    "unknown service",
    "unable to find operation",
    "is not supported yet",
];

/// moto's page for an exception, `NotImplementedError` among them; which one stands only in its log.
const MOTO_FAULT: &str = "The server encountered an internal error and was unable to complete your request.";

fn is_not_implemented(status: u16, code: &str, message: &str, body: &str) -> bool {
    if status == 501
        || matches!(code, "InvalidAction" | "UnknownService" | "NotImplemented" | "NotImplementedException")
        || code.starts_with("UnknownOperation")
        || code == "UnsupportedOperation" && status != 400
    {
        return true;
    }
    let says_so = |text: &str| {
        let text = text.to_ascii_lowercase();
        NOT_IMPLEMENTED_PHRASES.iter().any(|phrase| text.contains(phrase))
    };
    if says_so(message) || code == "InternalError" && names_only_a_region(message) {
        return true;
    }
    // A page instead of an error document: no route for it (404, 405), or what moto makes of an operation that it
    // does not have (500), which is also what it makes of a fault of its own.
    let is_page = {
        let start: String = body.chars().take(64).collect::<String>().to_ascii_lowercase();
        start.starts_with("<!doctype html") || start.starts_with("<html")
    };
    let by_moto = is_page && status == 500 && body.contains(MOTO_FAULT);
    code.is_empty() && (is_page && matches!(status, 404 | 405) || status == 405 || by_moto)
}

/// Whether all that an internal error has to say is a region, as LocalStack does of one that a service lacks:
/// `exception while calling ses.ListTemplates: 'ap-east-1'`.
fn names_only_a_region(message: &str) -> bool {
    let quoted = message.strip_prefix("exception while calling ").and_then(|rest| rest.split_once(": '"));
    let region = quoted.and_then(|(_, rest)| rest.strip_suffix('\''));
    region.is_some_and(|region| {
        let parts: Vec<&str> = region.split('-').collect();
        parts.len() >= 3 && parts.iter().all(|part| part.bytes().all(|byte| byte.is_ascii_alphanumeric()))
    })
}

fn is_throttled(status: u16, code: &str) -> bool {
    status == 429
        || matches!(
            code,
            "Throttling"
                | "ThrottlingException"
                | "ThrottledException"
                | "RequestThrottled"
                | "RequestThrottledException"
                | "TooManyRequestsException"
                | "ProvisionedThroughputExceededException"
                | "TransactionInProgressException"
                | "RequestLimitExceeded"
                | "BandwidthLimitExceeded"
                | "LimitExceededException.Throttling"
                | "SlowDown"
                | "PriorRequestNotComplete"
                | "EC2ThrottledException"
        )
}

fn is_conflict(code: &str) -> bool {
    code.contains("AlreadyExist")
        || code.contains("AlreadyOwnedByYou")
        || code.contains("InUse")
        || code.contains("Conflict")
        || code.ends_with("NotEmpty")
        || matches!(code, "QueueNameExists" | "QueueAlreadyExists" | "ResourceExistsException" | "PreconditionFailed")
        || code.ends_with(".Duplicate")
}

fn is_not_found(status: u16, code: &str) -> bool {
    status == 404
        || code.starts_with("NoSuch")
        || code.contains("NotFound")
        || code.contains("NonExistent")
        || code.contains("DoesNotExist")
}

fn is_access_denied(status: u16, code: &str) -> bool {
    matches!(status, 401 | 403)
        || matches!(
            code,
            "AccessDenied"
                | "AccessDeniedException"
                | "UnauthorizedOperation"
                | "AuthorizationError"
                | "InvalidClientTokenId"
                | "UnrecognizedClientException"
                | "SignatureDoesNotMatch"
                | "ExpiredToken"
                | "ExpiredTokenException"
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_statuses_of_services_and_emulators_get_their_class() {
        use ErrorClass::*;
        for (status, code, message, body, expected) in [
            (501, Some("InternalFailure"), "", "", NotImplemented),
            (400, Some("UnknownOperationException"), "", "", NotImplemented),
            (400, Some("InvalidAction"), "", "", NotImplemented),
            (
                500,
                Some("InternalFailure"),
                "API for service 'x' not yet implemented or pro feature",
                "",
                NotImplemented,
            ),
            (501, None, "", "", NotImplemented),
            (404, None, "", "<!DOCTYPE HTML><title>404 Not Found</title>", NotImplemented),
            (405, None, "", "", NotImplemented),
            (500, None, "", &format!("<!doctype html>\n<html lang=en>\n<p>{MOTO_FAULT}</p>"), NotImplemented),
            (400, Some("InvalidRequestException"), "Unknown action: ListResourcePolicies", "", NotImplemented),
            (404, Some("NotFoundException"), "Unknown API Gateway path: /v2/vpclinks", "", NotImplemented),
            (500, None, "", "<html>boom</html>", Service),
            (404, None, "", "", NotFound),
            (404, Some("NoSuchBucket"), "", "", NotFound),
            (400, Some("AWS.SimpleQueueService.NonExistentQueue"), "", "", NotFound),
            (400, Some("ResourceNotFoundException"), "", "", NotFound),
            (404, Some("NoSuchEntity"), "", "", NotFound),
            (400, Some("ParameterNotFound"), "", "", NotFound),
            (400, Some("QueueDoesNotExist"), "", "", NotFound),
            (409, Some("EntityAlreadyExists"), "", "", Conflict),
            (409, Some("BucketAlreadyOwnedByYou"), "", "", Conflict),
            (409, Some("BucketNotEmpty"), "", "", Conflict),
            (409, Some("ResourceConflictException"), "", "", Conflict),
            (400, Some("ResourceInUseException"), "", "", Conflict),
            (400, Some("QueueNameExists"), "", "", Conflict),
            (412, Some("PreconditionFailed"), "", "", Conflict),
            (403, Some("AccessDenied"), "", "", AccessDenied),
            (403, None, "", "", AccessDenied),
            (400, Some("ThrottlingException"), "", "", Throttled),
            (503, Some("SlowDown"), "", "", Throttled),
            (429, None, "", "", Throttled),
            (400, Some("ValidationException"), "", "", Service),
        ] {
            assert_eq!(class(status, code, Some(message), body), expected, "{status} {code:?} {message} {body}");
        }
    }
}
