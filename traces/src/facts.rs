//! What is said of a request in each of its log lines, besides the ids of its trace: carried by the context, since whatever
//! works for the request works in it, in tasks of its own, too.
//!
//! Rejected: a span of `tracing`. Making, entering and closing one costs more than the rest of a line does.

use std::sync::{Arc, OnceLock};

use opentelemetry::Context;

#[derive(Debug)]
struct Facts {
    request: String,
    tenant: OnceLock<String>,
    user: OnceLock<String>,
}

#[derive(Clone, Debug)]
struct Shared(Arc<Facts>);

/// `context`, in which all lines are of this request.
pub fn of_request(context: &Context, request_id: &str) -> Context {
    let (tenant, user) = (OnceLock::new(), OnceLock::new());
    context.with_value(Shared(Arc::new(Facts { request: request_id.to_owned(), tenant, user })))
}

/// Says which tenant the request is about, once it is known. The first that is said stands.
pub fn say_tenant(id: &str) {
    with(|facts| drop(facts.tenant.set(id.to_owned())));
}

/// Says who asks, by the name of their key. The first that is said stands.
pub fn say_user(name: &str) {
    with(|facts| drop(facts.user.set(name.to_owned())));
}

/// Tells `each` what is known of the request that is worked for: names of fields, and their values.
pub fn told(mut each: impl FnMut(&'static str, &str)) {
    with(|facts| {
        each("request_id", &facts.request);
        for (name, value) in [("tenant_id", &facts.tenant), ("user_id", &facts.user)] {
            if let Some(value) = value.get() {
                each(name, value);
            }
        }
    });
}

fn with(look: impl FnOnce(&Facts)) {
    Context::map_current(|context| context.get::<Shared>().map(|facts| look(&facts.0)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_within_a_request_is_told_within_it_and_nowhere_else() {
        let told_now = || {
            let mut all = Vec::new();
            told(|name, value| all.push(format!("{name}={value}")));
            all
        };
        say_user("nobody");
        assert_eq!(told_now(), Vec::<String>::new());
        let context = of_request(&Context::new(), "r1");
        {
            let _within = context.clone().attach();
            say_tenant("acme");
            say_tenant("other");
            say_user("ci");
        }
        assert_eq!(told_now(), Vec::<String>::new());
        let _again = context.attach();
        assert_eq!(told_now(), ["request_id=r1", "tenant_id=acme", "user_id=ci"]);
    }
}
