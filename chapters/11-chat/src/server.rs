// ANCHOR: head
//! The server: two threads and what they share.
//!
//! Tensors belong to one thread, and a forward pass blocks for milliseconds, which an asynchronous runtime must never do.
//! So the thread that calls [`Server::run`] becomes the model's, and a second one does all the talking: one thread is
//! plenty for JSON.

use crate::access::Key;
use crate::connections::{self, Patience};
use crate::queue::Queue;
use crate::reply::Kind;
use crate::routes::router;
use crate::scheduler::Scheduler;
use crate::stats::Stats;
use crate::{Error, Model};
use std::hash::{BuildHasher, RandomState};
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokenizer::Tokenizer;
use tokio::sync::watch;
use tower_http::cors::{AllowHeaders, AllowOrigin, CorsLayer};
use transformer::Kernels;
// ANCHOR_END: head

// ANCHOR: settings
#[derive(Debug, Clone)]
pub struct ServerSettings {
    /// Loopback, unless others are to reach the server.
    pub host: IpAddr,
    /// 0: any that is free.
    pub port: u16,
    /// What the model is called.
    pub name: String,
    /// When it was made, in seconds since 1970.
    pub created: u64,
    /// Whether it was trained on conversations.
    pub is_chat: bool,
    pub api_key: Option<String>,
    /// The web page of another origin that may use this server; `*` for all.
    pub cors: Option<String>,
    /// Names by which a loopback server may be called, beside localhost.
    pub allowed_hosts: Vec<String>,
    /// Requests that may wait.
    pub queue: usize,
    /// Rows that are written at the same time.
    pub max_rows: usize,
    /// Connections that are open at once; those beyond wait in the kernel's queue.
    pub connections: usize,
    pub patience: Patience,
}

impl Default for ServerSettings {
    fn default() -> Self {
        ServerSettings {
            host: IpAddr::from([127, 0, 0, 1]),
            port: 8000,
            name: "nanocrab".to_string(),
            created: 0,
            is_chat: true,
            api_key: None,
            cors: None,
            allowed_hosts: Vec::new(),
            queue: 64,
            max_rows: 16,
            connections: 512,
            patience: Patience::default(),
        }
    }
}
// ANCHOR_END: settings

// ANCHOR: service
/// What every request may look at.
pub struct Service {
    pub name: String,
    pub created: u64,
    pub is_chat: bool,
    pub context: usize,
    pub parameters: usize,
    pub tokenizer: Tokenizer,
    pub queue: Queue,
    pub stats: Stats,
    pub key: Option<Key>,
    /// The names by which this server may be called; `None` on a server that is open to the network.
    pub hosts: Option<Vec<String>>,
    pub cors: Option<CorsLayer>,
    pub body_timeout: Duration,
    /// Set when the server stops and answers that are still being written have had their time.
    pub farewell_over: watch::Sender<bool>,
    asked: AtomicU64,
    nonce: RandomState,
}

impl Service {
    fn new(model: &Model, settings: &ServerSettings) -> Result<Self, Error> {
        let config = model.gpt.config();
        let known = ["localhost", "127.0.0.1", "[::1]"].map(String::from);
        let own = settings.host.to_string();
        let known = known.into_iter().chain([own]);
        let known = known.chain(settings.allowed_hosts.iter().cloned());
        Ok(Service {
            name: settings.name.clone(),
            created: settings.created,
            is_chat: settings.is_chat,
            context: config.context as usize,
            parameters: model
                .gpt
                .parameters()
                .iter()
                .map(|slot| slot.tensor.numel())
                .sum(),
            tokenizer: model.tokenizer.clone(),
            queue: Queue::new(settings.queue),
            stats: Stats::new().map_err(|error| Error::Server(error.to_string()))?,
            key: settings.api_key.as_deref().map(Key::new),
            hosts: settings.host.is_loopback().then(|| known.collect()),
            cors: settings.cors.as_deref().map(cors).transpose()?,
            body_timeout: settings.patience.body,
            farewell_over: watch::Sender::new(false),
            asked: AtomicU64::new(0),
            nonce: RandomState::new(),
        })
    }

    /// A seed for a request that brings none. Below 2⁵³, so that JavaScript can send it back unharmed.
    pub fn draw_seed(&self) -> u64 {
        let number = self.asked.fetch_add(1, Ordering::Relaxed);
        self.nonce.hash_one(("seed", number)) >> 11
    }

    pub fn next_id(&self, kind: Kind) -> String {
        let number = self.asked.fetch_add(1, Ordering::Relaxed);
        let unique = self.nonce.hash_one(("id", number));
        match kind {
            Kind::Chat => format!("chatcmpl-{unique:016x}"),
            Kind::Completion => format!("cmpl-{unique:016x}"),
        }
    }
}

fn cors(origin: &str) -> Result<CorsLayer, Error> {
    let allowed = match origin {
        "*" => AllowOrigin::any(),
        _ => AllowOrigin::exact(origin.parse().map_err(|_| Error::Setting {
            setting: "--cors",
            value: origin.to_string(),
            remedy: "give it an origin like https://example.org, or * for all",
        })?),
    };
    use axum::http::Method;
    Ok(CorsLayer::new()
        .allow_origin(allowed)
        .allow_methods([Method::GET, Method::POST])
        .allow_headers(AllowHeaders::mirror_request()))
}

/// Seconds since 1970.
pub fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}
// ANCHOR_END: service

// ANCHOR: server
/// A server that has its port and does not answer yet.
pub struct Server {
    listener: TcpListener,
    service: Arc<Service>,
    max_rows: usize,
    connections: usize,
    patience: Patience,
    stop: watch::Sender<bool>,
    hears_signals: bool,
}

/// Stops a server from any thread.
#[derive(Clone)]
pub struct Stopper(watch::Sender<bool>);

impl Stopper {
    pub fn stop(&self) {
        self.0.send_replace(true);
    }
}

impl Server {
    /// Takes the port. From here on connections are accepted by the kernel; `run` answers them.
    pub fn bind(model: &Model, settings: &ServerSettings) -> Result<Self, Error> {
        let address = SocketAddr::new(settings.host, settings.port);
        let cannot = |source| Error::Listen { address, source };
        let listener = TcpListener::bind(address).map_err(cannot)?;
        listener.set_nonblocking(true).map_err(cannot)?;
        Ok(Server {
            listener,
            service: Arc::new(Service::new(model, settings)?),
            max_rows: settings.max_rows,
            connections: settings.connections,
            patience: settings.patience,
            stop: watch::Sender::new(false),
            hears_signals: false,
        })
    }

    /// Ctrl-C and SIGTERM stop the server; a second one ends the program at once.
    pub fn stop_on_signals(mut self) -> Self {
        self.hears_signals = true;
        self
    }

    pub fn address(&self) -> Result<SocketAddr, Error> {
        Ok(self.listener.local_addr()?)
    }

    pub fn stopper(&self) -> Stopper {
        Stopper(self.stop.clone())
    }

    /// Answers until it is stopped. The calling thread does the model's work; `model` must be the one of `bind`.
    pub fn run(self, model: &Model, kernels: &dyn Kernels) -> Result<(), Error> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let service = self.service.clone();
        let talking = std::thread::Builder::new()
            .name("http".to_string())
            .spawn(move || {
                let service = self.service;
                // Also if this thread panics: the model's thread must not wait for jobs that can never come.
                let _closing = CloseOnDrop(service.clone());
                let listening = {
                    let _entered = runtime.enter();
                    tokio::net::TcpListener::from_std(self.listener)
                };
                let result = listening.map(|listener| {
                    if self.hears_signals {
                        runtime.spawn(hear_signals(self.stop.clone()));
                    }
                    let router = router(service.clone());
                    let stop = self.stop.subscribe();
                    let (most, patience) = (self.connections, self.patience);
                    let serving =
                        connections::serve(listener, router, service, most, patience, stop);
                    runtime.block_on(serving);
                });
                drop(runtime);
                result
            })?;
        Scheduler::new(
            model,
            kernels,
            &service.queue,
            self.max_rows,
            &service.stats,
        )
        .run();
        match talking.join() {
            Ok(result) => Ok(result?),
            Err(_) => Err(Error::Server("its HTTP thread panicked".to_string())),
        }
    }
}

/// The first signal stops the server, the second the program.
async fn hear_signals(stop: watch::Sender<bool>) {
    if signal().await.is_ok() {
        eprintln!("\nstopping: answers that are being written have a few seconds");
        stop.send_replace(true);
    }
    if signal().await.is_ok() {
        std::process::exit(130);
    }
}

#[cfg(unix)]
async fn signal() -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        pressed = tokio::signal::ctrl_c() => pressed,
        _ = terminate.recv() => Ok(()),
    }
}

#[cfg(not(unix))]
async fn signal() -> std::io::Result<()> {
    tokio::signal::ctrl_c().await
}

struct CloseOnDrop(Arc<Service>);

impl Drop for CloseOnDrop {
    fn drop(&mut self) {
        self.0.queue.close();
    }
}
// ANCHOR_END: server
