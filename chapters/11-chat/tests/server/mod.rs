//! A server in this process, on a port of its own, with a model that a test can hold and make speak.
//!
//! `Script` is arithmetic that makes the model say what the test wants, at the pace that the test wants: the logits of
//! each step point to the script's next token, and each step takes a ticket. So nothing here depends on how fast the
//! machine is.

#![allow(dead_code)] // each test binary uses a part of it

use crate::babbler::babbler;
use chat::{Server, ServerSettings, Stopper};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::sync::{Arc, Condvar, Mutex, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tch::{Kind, Tensor};
use tokenizer::Tokenizer;
use transformer::{HeadLoss, Kernels, Plain};

pub const CONTEXT: i64 = 256;

/// How many steps the model may take.
#[derive(Clone)]
pub struct Gate(Arc<(Mutex<usize>, Condvar)>);

impl Gate {
    pub fn open() -> Self {
        Gate(Arc::new((Mutex::new(usize::MAX), Condvar::new())))
    }

    pub fn closed() -> Self {
        Gate(Arc::new((Mutex::new(0), Condvar::new())))
    }

    pub fn let_through(&self, steps: usize) {
        let mut tickets = self.0.0.lock().expect("not poisoned");
        *tickets = tickets.saturating_add(steps);
        self.0.1.notify_all();
    }

    pub fn unlock(&self) {
        self.let_through(usize::MAX);
    }

    fn pass(&self) {
        let mut tickets = self.0.0.lock().expect("not poisoned");
        while *tickets == 0 {
            tickets = self.0.1.wait(tickets).expect("not poisoned");
        }
        if *tickets != usize::MAX {
            *tickets -= 1;
        }
    }
}

/// The real model at the gate, or one that recites.
pub struct Script {
    pub gate: Gate,
    /// Empty: the model's own logits. Else these ids, step by step, and the last one for ever.
    pub ids: Vec<u32>,
    pub step: Mutex<usize>,
}

impl Kernels for Script {
    fn linear(&self, x: &Tensor, weight: &Tensor) -> Tensor {
        Plain.linear(x, weight)
    }
    fn rms_norm(&self, x: &Tensor, eps: f64) -> Tensor {
        Plain.rms_norm(x, eps)
    }
    fn rope_qk_norm(&self, x: &Tensor, cos: &Tensor, sin: &Tensor, eps: f64) -> Tensor {
        Plain.rope_qk_norm(x, cos, sin, eps)
    }
    fn relu_squared(&self, x: &Tensor) -> Tensor {
        Plain.relu_squared(x)
    }
    fn head_loss(&self, x: &Tensor, head: &Tensor, targets: &Tensor, softcap: f64) -> HeadLoss {
        Plain.head_loss(x, head, targets, softcap)
    }
    fn logits(&self, x: &Tensor, head: &Tensor, softcap: f64) -> Tensor {
        self.gate.pass();
        let logits = Plain.logits(x, head, softcap); // (B, 1, V)
        let mut step = self.step.lock().expect("not poisoned");
        let Some(&id) = self.ids.get(*step).or(self.ids.last()) else {
            return logits;
        };
        *step += 1;
        let says = Tensor::zeros_like(&logits).to_kind(Kind::Float);
        let _ = says.select(2, i64::from(id)).fill_(20.0);
        says
    }
}

pub struct Running {
    pub address: SocketAddr,
    pub gate: Gate,
    pub tokenizer: Tokenizer,
    stopper: Stopper,
    thread: Option<JoinHandle<()>>,
}

/// With the babbler's own words.
pub fn start(settings: ServerSettings) -> Running {
    start_with(settings, Gate::open(), Vec::new())
}

pub fn start_with(settings: ServerSettings, gate: Gate, ids: Vec<u32>) -> Running {
    start_of(CONTEXT, settings, gate, ids)
}

/// With a context of so many tokens.
pub fn start_of(context: i64, settings: ServerSettings, gate: Gate, ids: Vec<u32>) -> Running {
    let (ready, started) = mpsc::channel();
    let script = Script {
        gate: gate.clone(),
        ids,
        step: Mutex::new(0),
    };
    let settings = ServerSettings {
        port: 0,
        name: "babbler".to_string(),
        ..settings
    };
    let thread = std::thread::spawn(move || {
        tch::set_num_threads(1);
        let model = babbler(context);
        let server = Server::bind(&model, &settings).expect("a free port");
        let address = server.address().expect("an address");
        ready
            .send((address, server.stopper(), model.tokenizer.clone()))
            .expect("the test waits");
        server.run(&model, &script).expect("a server that stops");
    });
    let (address, stopper, tokenizer) = started.recv().expect("the server starts");
    Running {
        address,
        gate,
        tokenizer,
        stopper,
        thread: Some(thread),
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Running {
    pub fn stop(&mut self) {
        self.gate.unlock();
        self.stopper.stop();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
            && !std::thread::panicking()
        {
            panic!("the server panicked");
        }
    }

    /// Tells it to stop and does not wait.
    pub fn begin_to_stop(&self) {
        self.stopper.stop();
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub fn get(&self, path: &str) -> Answer {
        Answer::of(agent().get(self.url(path)).call())
    }

    pub fn post(&self, path: &str, body: &Value) -> Answer {
        Answer::of(agent().post(self.url(path)).send_json(body))
    }

    pub fn chat(&self, body: Value) -> Answer {
        self.post("/v1/chat/completions", &body)
    }

    /// A streamed answer: its events, one by one.
    pub fn events(&self, path: &str, mut body: Value) -> Events {
        body["stream"] = json!(true);
        let response = agent()
            .post(self.url(path))
            .send_json(&body)
            .expect("a response");
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Events(BufReader::new(Box::new(response.into_body().into_reader())))
    }

    /// The value of a line of `/stats`.
    pub fn stat(&self, line: &str) -> f64 {
        let text = self.get("/stats").text;
        let found = text.lines().find_map(|l| l.strip_prefix(line));
        let value = found.unwrap_or_else(|| panic!("{line} is not in\n{text}"));
        value.trim().parse().expect("a number")
    }

    /// Waits until a line of `/stats` has a value.
    pub fn wait_for(&self, line: &str, value: f64) {
        let started = Instant::now();
        while self.stat(line) != value {
            let waited = started.elapsed();
            assert!(
                waited < Duration::from_secs(60),
                "{line} is {}",
                self.stat(line)
            );
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

pub fn agent() -> ureq::Agent {
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(Duration::from_secs(60)))
        .build()
        .into()
}

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: ureq::http::HeaderMap,
    pub text: String,
}

impl Answer {
    pub fn of(result: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Self {
        let mut response = result.expect("a response");
        Answer {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            text: response.body_mut().read_to_string().expect("text"),
        }
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("not JSON: {}", self.text))
    }

    /// `choices[0].message.content`
    pub fn content(&self) -> String {
        let json = self.json();
        let content = &json["choices"][0]["message"]["content"];
        content
            .as_str()
            .unwrap_or_else(|| panic!("{json}"))
            .to_string()
    }
}

pub struct Events(BufReader<Box<dyn std::io::Read>>);

impl Iterator for Events {
    type Item = String;

    fn next(&mut self) -> Option<String> {
        let mut line = String::new();
        while self.0.read_line(&mut line).expect("a line") > 0 {
            let text = line.trim_end().to_string();
            if let Some(data) = text.strip_prefix("data: ") {
                return Some(data.to_string());
            }
            assert!(text.is_empty() || text.starts_with(':'), "{text:?}");
            line.clear();
        }
        None
    }
}

impl Events {
    /// All chunks; the last event must be `[DONE]`.
    pub fn chunks(self) -> Vec<Value> {
        let mut events: Vec<String> = self.collect();
        assert_eq!(events.pop().as_deref(), Some("[DONE]"));
        events
            .iter()
            .map(|event| serde_json::from_str(event).expect("JSON"))
            .collect()
    }
}

/// A request with one question.
pub fn question(text: &str) -> Value {
    json!({"messages": [{"role": "user", "content": text}], "seed": 7, "temperature": 1, "top_k": 0, "max_tokens": 20})
}

/// The same with other fields.
pub fn with(mut body: Value, more: Value) -> Value {
    for (name, value) in more.as_object().expect("an object") {
        body[name] = value.clone();
    }
    body
}
