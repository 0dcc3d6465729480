//! Store and tree work, off the threads that answer keys and sockets.

use super::OpError;

/// Runs `work`, which waits for the disk, where waiting is allowed. A panic in it goes on here.
pub(super) async fn blocking<T, E>(work: impl FnOnce() -> Result<T, E> + Send + 'static) -> Result<T, OpError>
where
    T: Send + 'static,
    E: Into<OpError> + Send + 'static,
{
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result.map_err(Into::into),
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        Err(_) => Err(OpError::Cancelled),
    }
}
