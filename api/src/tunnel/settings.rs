//! What the tunnel is told.

/// Bounds of the tunnel, and how the outside reaches it.
#[derive(Clone, Debug)]
pub struct TunnelSettings {
    /// How the outside names this server, without a slash at the end: `https://status.example`.
    pub public_url: String,
    /// Most bytes of an envelope as it comes.
    pub max_bytes: u64,
    /// Most bytes of an envelope once it is decoded.
    pub max_decompressed_bytes: u64,
    /// Most bytes that wait for Sentry, over all tenants; 0: nothing waits.
    pub spool_bytes: u64,
    /// Most bytes that wait for Sentry of one tenant.
    pub spool_tenant_bytes: u64,
}
