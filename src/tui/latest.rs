//! Work of which only the latest request matters: moving fast through a list must not queue up reads.

use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::message::Message;

/// Sends requests to a worker that always takes the latest.
pub(super) struct Latest<R> {
    requests: watch::Sender<Option<(R, CancellationToken)>>,
}

impl<R: Clone + Send + Sync + 'static> Latest<R> {
    /// A worker that answers requests with `body`, on a thread made for waiting.
    pub(super) fn new(
        messages: mpsc::UnboundedSender<Message>,
        body: impl Fn(R, CancellationToken) -> Message + Clone + Send + 'static,
    ) -> Self {
        let (requests, mut receiver) = watch::channel::<Option<(R, CancellationToken)>>(None);
        tokio::spawn(async move {
            while receiver.changed().await.is_ok() {
                let Some((request, cancel)) = receiver.borrow_and_update().clone() else { continue };
                let work = body.clone();
                let answer = tokio::task::spawn_blocking(move || work(request, cancel)).await;
                let message =
                    answer.unwrap_or_else(|error| Message::Trouble(format!("this is a bug in podex: {error}")));
                if messages.send(message).is_err() {
                    break;
                }
            }
        });
        Self { requests }
    }

    /// Asks; what was asked before and is not answered yet is told to stop.
    pub(super) fn ask(&self, request: R) {
        if let Some((_, cancel)) = self.requests.borrow().as_ref() {
            cancel.cancel();
        }
        self.requests.send_replace(Some((request, CancellationToken::new())));
    }
}
