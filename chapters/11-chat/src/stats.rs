// ANCHOR: head
//! What the server counts, in Prometheus' text format: `name{label="value"} number`, one per line.
//!
//! A *counter* only grows, and whoever reads it twice can work out a rate; a *gauge* is a present state; a *histogram*
//! counts how many values lay below each of some limits, which is enough to say "95 % had their first token within
//! 100 ms" without keeping the values.

use crate::job::Reason;
use prometheus::{
    Encoder, Gauge, Histogram, HistogramOpts, IntCounterVec, IntGauge, Opts, Registry, TextEncoder,
};
use std::sync::Mutex;
use std::time::Duration;
// ANCHOR_END: head

// ANCHOR: stats
/// Of one server; nothing is global, so that a test can have two.
pub struct Stats {
    registry: Registry,
    requests: IntCounterVec,
    tokens: IntCounterVec,
    rows_ended: IntCounterVec,
    pub queue_length: IntGauge,
    pub live_rows: IntGauge,
    pub connections: IntGauge,
    tokens_per_second: Gauge,
    pub time_to_first_token: Histogram,
    /// Tokens and seconds of the latest steps, older ones fading.
    pace: Mutex<(f64, f64)>,
}

impl Stats {
    /// # Errors
    /// Only if two metrics had the same name.
    pub fn new() -> Result<Self, prometheus::Error> {
        let counters = |name: &str, help: &str, labels: &[&str]| {
            IntCounterVec::new(Opts::new(name, help), labels)
        };
        let first_token = HistogramOpts::new(
            "nanocrab_time_to_first_token_seconds",
            "From a request's arrival to its first token, the wait in the queue included",
        )
        .buckets(vec![
            0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0,
        ]);
        let stats = Stats {
            registry: Registry::new(),
            requests: counters(
                "nanocrab_requests_total",
                "Answered requests, by path and status",
                &["path", "status"],
            )?,
            tokens: counters(
                "nanocrab_tokens_total",
                "Tokens of ended rows: read (prompt) and written (completion)",
                &["kind"],
            )?,
            rows_ended: counters(
                "nanocrab_rows_ended_total",
                "Rows that have ended, by reason: stop, length, cancelled, failed",
                &["reason"],
            )?,
            queue_length: IntGauge::new("nanocrab_queue_length", "Requests that wait for a row")?,
            live_rows: IntGauge::new("nanocrab_live_rows", "Rows that are being written")?,
            connections: IntGauge::new("nanocrab_connections", "Open connections")?,
            tokens_per_second: Gauge::new(
                "nanocrab_tokens_per_second",
                "Tokens per second of all rows together, over the latest steps",
            )?,
            time_to_first_token: Histogram::with_opts(first_token)?,
            pace: Mutex::default(),
        };
        // A counter that has never counted would be missing; a reader should see the 0.
        for reason in ["stop", "length", "cancelled", "failed"] {
            stats.rows_ended.with_label_values(&[reason]);
        }
        for kind in ["prompt", "completion"] {
            stats.tokens.with_label_values(&[kind]);
        }
        let registry = &stats.registry;
        registry.register(Box::new(stats.requests.clone()))?;
        registry.register(Box::new(stats.tokens.clone()))?;
        registry.register(Box::new(stats.rows_ended.clone()))?;
        registry.register(Box::new(stats.queue_length.clone()))?;
        registry.register(Box::new(stats.live_rows.clone()))?;
        registry.register(Box::new(stats.connections.clone()))?;
        registry.register(Box::new(stats.tokens_per_second.clone()))?;
        registry.register(Box::new(stats.time_to_first_token.clone()))?;
        Ok(stats)
    }

    /// All of it, as Prometheus reads it.
    pub fn text(&self) -> String {
        let mut text = Vec::new();
        let families = self.registry.gather();
        match TextEncoder::new().encode(&families, &mut text) {
            Ok(()) => String::from_utf8_lossy(&text).into_owned(),
            Err(error) => format!("# {error}\n"),
        }
    }
}
// ANCHOR_END: stats

// ANCHOR: count
impl Stats {
    /// A request was answered. Unknown paths are counted together: a label with a value per visitor's guess would grow
    /// without end.
    pub fn answered(&self, path: &str, status: u16) {
        let known = [
            "/",
            "/health",
            "/stats",
            "/v1/models",
            "/v1/chat/completions",
            "/v1/completions",
        ];
        let path = match known.contains(&path) {
            true => path,
            false => "other",
        };
        let status = status.to_string();
        self.requests
            .with_label_values(&[path, status.as_str()])
            .inc();
    }

    /// A step took so long and gave so many tokens.
    pub fn stepped(&self, tokens: usize, time: Duration) {
        /// A step 35 steps ago counts half.
        const FADE: f64 = 0.98;
        let mut pace = match self.pace.lock() {
            Ok(pace) => pace,
            Err(poisoned) => poisoned.into_inner(),
        };
        pace.0 = pace.0 * FADE + tokens as f64;
        pace.1 = pace.1 * FADE + time.as_secs_f64();
        if pace.1 > 0.0 {
            self.tokens_per_second.set(pace.0 / pace.1);
        }
    }

    pub fn ended(&self, reason: Reason, prompt: usize, completion: usize) {
        let reason = match reason {
            Reason::Stop => "stop",
            Reason::Length => "length",
            Reason::Cancelled => "cancelled",
        };
        self.rows_ended.with_label_values(&[reason]).inc();
        self.tokens
            .with_label_values(&["prompt"])
            .inc_by(prompt as u64);
        self.tokens
            .with_label_values(&["completion"])
            .inc_by(completion as u64);
    }

    pub fn failed(&self) {
        self.rows_ended.with_label_values(&["failed"]).inc();
    }

    /// How long a full queue may take to have room again: the mean time to a first token so far, from 1 to 60 seconds.
    pub fn retry_after(&self) -> u64 {
        let count = self.time_to_first_token.get_sample_count();
        let sum = self.time_to_first_token.get_sample_sum();
        let mean = if count == 0 { 1.0 } else { sum / count as f64 };
        mean.ceil().clamp(1.0, 60.0) as u64
    }
}
// ANCHOR_END: count
