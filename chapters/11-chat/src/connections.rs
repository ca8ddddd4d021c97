// ANCHOR: head
//! Connections: accepted up to a number, each with a patience that ends, all brought to an end when the server stops.
//!
//! A connection that sends nothing, or one byte a minute, costs its owner nothing and the server a place (the *slow loris*).
//! So everything that waits for a client has a limit: for the head of a request, for its body (see `body`), and for the
//! client to take what was written.

use crate::server::Service;
use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio_io_timeout::TimeoutStream;
// ANCHOR_END: head

// ANCHOR: patience
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// For the head of a request, from the connection's opening or the previous answer on.
    pub head: Duration,
    /// For the body.
    pub body: Duration,
    /// For the client to take a piece of the answer.
    pub write: Duration,
    /// For answers that are being written when the server is told to stop.
    pub farewell: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Patience {
            head: Duration::from_secs(15),
            body: Duration::from_secs(30),
            write: Duration::from_secs(30),
            farewell: Duration::from_secs(10),
        }
    }
}

/// For the word that an answer breaks off, and why: short, and the client takes it or is gone.
const LAST_WORD: Duration = Duration::from_millis(500);
// ANCHOR_END: patience

// ANCHOR: serve
/// Accepts connections, at most `most` at once, until `stop` says so; then lets those that are being answered finish.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    service: Arc<Service>,
    most: usize,
    patience: Patience,
    mut stop: watch::Receiver<bool>,
) {
    let graceful = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(most));
    loop {
        let accepted = async {
            let place = places.clone().acquire_owned().await;
            (place, listener.accept().await)
        };
        let (place, accepted) = tokio::select! {
            accepted = accepted => accepted,
            _ = stop.wait_for(|&stop| stop) => break,
        };
        let Ok((stream, _)) = accepted else {
            // Out of file descriptors, most likely: others must close first.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let _ = stream.set_nodelay(true); // a token is small and should not wait for the next one
        let mut stream = TimeoutStream::new(stream);
        stream.set_write_timeout(Some(patience.write));
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(patience.head)
            .max_buf_size(64 << 10)
            .serve_connection(
                TokioIo::new(Box::pin(stream)),
                TowerToHyperService::new(router.clone()),
            );
        let connection = graceful.watch(connection);
        let service = service.clone();
        tokio::spawn(async move {
            service.stats.connections.inc();
            // Whatever a client does to its connection ends that connection and nothing else.
            let _ = connection.await;
            service.stats.connections.dec();
            drop(place);
        });
    }
    drop(listener);
    service.queue.close();
    let mut closing = std::pin::pin!(graceful.shutdown());
    if tokio::time::timeout(patience.farewell, closing.as_mut())
        .await
        .is_err()
    {
        service.farewell_over.send_replace(true);
        let _ = tokio::time::timeout(LAST_WORD, closing).await;
    }
    // What is left is dropped with the runtime: rows without listeners end at their next step.
}
// ANCHOR_END: serve
