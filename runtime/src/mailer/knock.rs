//! Comes as far as a mail would, and sends none.

use tokio::time::timeout;

use super::{CONNECT, MailError, Mailer, not_begun};
use crate::masking::presentable;

impl Mailer {
    /// Connects within seven seconds, agrees on TLS and logs in where that is configured, and takes leave. Gives the name by
    /// which the server greets.
    pub async fn knock(&self) -> Result<String, MailError> {
        let no_connection = |_| MailError::Unreachable(format!("no connection within {} s", CONNECT.as_secs()));
        let connecting = timeout(CONNECT, self.connection()).await.map_err(no_connection)?;
        let mut connection = connecting.map_err(|error| not_begun(&error))?;
        let name = presentable(connection.server_info().name());
        // Whoever hangs up without a word of leave has been spoken to all the same.
        let _farewell = timeout(CONNECT, connection.quit()).await;
        Ok(name)
    }
}
