//! A connection that hears what other connections tell by `NOTIFY`.

use std::{future::poll_fn, sync::Arc, time::Duration};

use tokio::{runtime::Runtime, sync::Notify, task::JoinHandle, time::timeout};
use tokio_postgres::{AsyncMessage, Client};

use super::{
    super::{Result, fault::ServerError, hint::Hint},
    live::{begin, sign_in, within},
};
use crate::store_place::ServerPlace;

/// Listens as long as it lives.
pub(in crate::store) struct Listener {
    /// Its end is the end of the connection.
    _client: Client,
    heard: Arc<Notify>,
    driver: JoinHandle<()>,
    runtime: Runtime,
}

impl Listener {
    /// Connects, and listens for a hint from then on.
    pub(in crate::store) fn open(place: &ServerPlace, hint: Hint) -> Result<Self> {
        let heard = Arc::new(Notify::new());
        let tell = Arc::clone(&heard);
        let ((client, driver), runtime) = begin(within(place, async {
            let (client, mut connection) = sign_in(place).await?;
            let driver = tokio::spawn(async move {
                while let Some(Ok(message)) = poll_fn(|context| connection.poll_message(context)).await {
                    if matches!(message, AsyncMessage::Notification(_)) {
                        tell.notify_one();
                    }
                }
            });
            let listen = format!("LISTEN {}", hint.channel());
            client.batch_execute(&listen).await.map_err(|error| ServerError::of(&error))?;
            Ok((client, driver))
        }))?;
        Ok(Self { _client: client, heard, driver, runtime })
    }

    /// Waits so long at most; returns whether anything was told since the last time.
    pub(in crate::store) fn wait(&self, most: Duration) -> Result<bool> {
        let told = self.runtime.block_on(async { timeout(most, self.heard.notified()).await.is_ok() });
        if !told && self.driver.is_finished() {
            return Err(ServerError::lost().into());
        }
        Ok(told)
    }
}
