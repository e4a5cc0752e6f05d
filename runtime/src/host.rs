//! What this machine is called: by which one process is told from another in profiles and errors.

/// The name of the host, `unknown` where it has none that can be written.
pub fn host_name() -> String {
    hostname::get().ok().and_then(|name| name.into_string().ok()).unwrap_or_else(|| "unknown".to_owned())
}
