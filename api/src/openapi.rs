//! The `OpenAPI` document, made from the code, and the page that shows it.

use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::routing::get;
use bytes::Bytes;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};
use utoipa_axum::router::OpenApiRouter;
use utoipa_swagger_ui::{Config, SwaggerUi};

use crate::problem::{FieldError, ProblemBody};
use crate::state::ApiState;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Plimsoll",
        description = "Samples services, measures SLOs, keeps error budgets, opens incidents and shows a status page.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    components(schemas(ProblemBody, FieldError)),
    modifiers(&BearerKey),
)]
struct Document;

struct BearerKey;

impl Modify for BearerKey {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let description = "An API key of a tenant, or the platform owner's root key.";
        let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some(description)).build();
        let components = document.components.get_or_insert_default();
        components.security_schemes.insert("key".to_owned(), SecurityScheme::Http(scheme).into());
        let description = "An API key of a tenant as the password; the user name does not matter.";
        let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Basic).description(Some(description)).build();
        components.security_schemes.insert("basic".to_owned(), SecurityScheme::Http(scheme).into());
    }
}

/// `routes` with the frame of the document around theirs, and the operations of `extra` in it.
pub(crate) fn documented(
    routes: OpenApiRouter<ApiState>,
    extra: Option<utoipa::openapi::OpenApi>,
) -> OpenApiRouter<ApiState> {
    let mut documented = OpenApiRouter::with_openapi(Document::openapi()).merge(routes);
    if let Some(extra) = extra {
        documented.get_openapi_mut().merge(extra);
    }
    name_operations(documented.get_openapi_mut());
    documented
}

/// Ids are made of method and path, since handlers are named within their file only.
fn name_operations(document: &mut utoipa::openapi::OpenApi) {
    for (path, item) in &mut document.paths.paths {
        let operations = [
            ("get", &mut item.get),
            ("put", &mut item.put),
            ("post", &mut item.post),
            ("patch", &mut item.patch),
            ("delete", &mut item.delete),
        ];
        for (method, operation) in operations {
            if let Some(operation) = operation {
                operation.operation_id = Some(operation_id(method, path));
            }
        }
    }
}

/// The id of the operation that `method` on a path of the document is, e.g. `get_tenants_tenant_id`.
pub(crate) fn operation_id(method: &str, path: &str) -> String {
    let words = path.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.fold(method.to_ascii_lowercase(), |id, word| format!("{id}_{word}"))
}

/// `/openapi.json`, and `/docs`, whose files are all in the program.
pub(crate) fn router(document: &utoipa::openapi::OpenApi) -> Router<ApiState> {
    let json = Bytes::from(document.to_json().expect("a document of strings serialises"));
    let page = SwaggerUi::new("/docs").config(Config::new(["/openapi.json"]).validator_url("none"));
    Router::new()
        .route("/openapi.json", get(move || async move { ([(CONTENT_TYPE, "application/json")], json) }))
        .merge(page)
}
