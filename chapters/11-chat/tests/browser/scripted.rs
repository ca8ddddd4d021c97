//! A server that has the real page and its policy, but says what a test wants to hear, when it wants it said.

use serde_json::{Value, json};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// A request for a reply, as it arrived.
#[derive(Debug, Clone)]
pub struct Asked {
    pub authorization: Option<String>,
    pub body: Value,
}

impl Asked {
    /// The last message.
    pub fn question(&self) -> &str {
        let messages = self.body["messages"].as_array().expect("messages");
        messages.last().expect("one")["content"]
            .as_str()
            .expect("text")
    }
}

pub struct Scripted {
    pub address: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Scripted {
    /// `script` answers each question; it runs on a thread of its own and may take its time.
    pub fn start(
        script: impl Fn(&Asked, &mut Answer) -> io::Result<()> + Send + Sync + 'static,
    ) -> Scripted {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = format!("http://{}/", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (log, script) = (asked.clone(), Arc::new(script));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (log, script) = (log.clone(), script.clone());
                std::thread::spawn(move || {
                    let _ = serve(stream, &log, &*script);
                });
            }
        });
        Scripted { address, asked }
    }

    /// All questions so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// The body of the latest question.
    pub fn latest(&self) -> Value {
        self.asked()
            .last()
            .expect("something was asked")
            .body
            .clone()
    }
}

fn serve(
    stream: TcpStream,
    log: &Mutex<Vec<Asked>>,
    script: &dyn Fn(&Asked, &mut Answer) -> io::Result<()>,
) -> io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let path = line.split(' ').nth(1).unwrap_or_default().to_string();
    let (mut length, mut authorization) = (0, None);
    loop {
        line.clear();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim().split_once(": ") else {
            break;
        };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.parse().unwrap_or(0),
            "authorization" => authorization = Some(value.to_string()),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let mut answer = Answer { stream };
    match path.as_str() {
        "/" => {
            let policy = format!("Content-Security-Policy: {}\r\n", chat::policy(chat::PAGE));
            answer.whole("200 OK", "text/html; charset=utf-8", &policy, chat::PAGE)
        }
        "/v1/models" => {
            let model = json!({"id": "scripted", "context_length": 256, "nanocrab": {"chat": true,
                "parameters": 1_234_567, "defaults": {"temperature": 0.75, "top_k": 40, "max_tokens": 200},
                "limits": {"messages": 500, "message_characters": 8000, "total_characters": 400}}});
            let models = json!({"object": "list", "data": [model]}).to_string();
            answer.whole("200 OK", "application/json", "", &models)
        }
        "/v1/chat/completions" => {
            let asked = Asked {
                authorization,
                body: serde_json::from_slice(&body)?,
            };
            log.lock().unwrap().push(asked.clone());
            script(&asked, &mut answer)
        }
        _ => answer.whole("404 Not Found", "application/json", "", "{}"),
    }
}

/// What a script can answer with.
pub struct Answer {
    stream: TcpStream,
}

impl Answer {
    fn whole(&mut self, status: &str, kind: &str, headers: &str, body: &str) -> io::Result<()> {
        let length = body.len();
        let head = format!(
            "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n{headers}Connection: close\r\n\r\n"
        );
        self.stream.write_all((head + body).as_bytes())
    }

    /// Refuses, as OpenAI does.
    pub fn refuse(
        &mut self,
        status: &str,
        headers: &str,
        code: &str,
        message: &str,
    ) -> io::Result<()> {
        let error =
            json!({"error": {"message": message, "type": "t", "param": null, "code": code}});
        self.whole(status, "application/json", headers, &error.to_string())
    }

    /// Refuses what is too long, by the field that is.
    pub fn too_long(&mut self, param: &str, message: &str) -> io::Result<()> {
        let code = "context_length_exceeded";
        let error =
            json!({"error": {"message": message, "type": "t", "param": param, "code": code}});
        self.whole(
            "400 Bad Request",
            "application/json",
            "",
            &error.to_string(),
        )
    }

    /// Begins a stream.
    pub fn begin(&mut self) -> io::Result<()> {
        self.stream.write_all(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n: hello\n\n",
        )?;
        self.delta(json!({"role": "assistant", "content": ""}), &[])
    }

    /// One chunk.
    pub fn delta(&mut self, delta: Value, tokens: &[Value]) -> io::Result<()> {
        let logprobs = match tokens {
            [] => Value::Null,
            tokens => json!({"content": tokens, "refusal": null}),
        };
        self.event(&json!({"object": "chat.completion.chunk",
            "choices": [{"index": 0, "delta": delta, "logprobs": logprobs, "finish_reason": null}]}))
    }

    pub fn event(&mut self, event: &Value) -> io::Result<()> {
        self.stream
            .write_all(format!("data: {event}\n\n").as_bytes())
    }

    /// A text, in one chunk and without its tokens.
    pub fn say(&mut self, text: &str) -> io::Result<()> {
        self.delta(json!({"content": text}), &[])
    }

    /// A token, with the probabilities in the model's order.
    pub fn token(&mut self, token: &Value) -> io::Result<()> {
        let content = if token["bytes"].is_null() {
            ""
        } else {
            token["token"].as_str().expect("text")
        };
        self.delta(json!({"content": content}), std::slice::from_ref(token))
    }

    /// A call of the calculator and its result.
    pub fn calculate(&mut self, call: &str, result: &str) -> io::Result<()> {
        let kinds = [("python", call), ("output", result)];
        kinds.iter().try_for_each(|(kind, text)| {
            self.delta(
                json!({"content": "", "nanocrab": {"kind": kind, "text": text}}),
                &[],
            )
        })
    }

    /// Ends the stream.
    pub fn end(&mut self, reason: &str) -> io::Result<()> {
        self.event(&json!({"choices": [{"index": 0, "delta": {}, "logprobs": null, "finish_reason": reason}],
            "nanocrab": {"seed": 77, "forgotten": 0, "tokens_per_second": 812.4, "time_to_first_token_ms": 3.0}}))?;
        self.stream.write_all(b"data: [DONE]\n\n")
    }
}

/// An entry of `logprobs`: the chosen token, and the likeliest ones with their probabilities.
pub fn token(chosen: &str, probability: f64, likeliest: &[(&str, f64)]) -> Value {
    let entry = |text: &str, probability: f64| {
        let special = text.starts_with("<|");
        let bytes = if special {
            Value::Null
        } else {
            json!(text.as_bytes())
        };
        json!({"token": text, "logprob": probability.ln(), "bytes": bytes})
    };
    let mut token = entry(chosen, probability);
    token["top_logprobs"] = likeliest.iter().map(|(text, p)| entry(text, *p)).collect();
    token
}
