//! Load for a running server: some clients that each ask eight times, one question after the other.
//!
//! ```text
//! target/debug/nanocrab serve &
//! cargo run --example load -- http://127.0.0.1:8000 16
//! ```

use serde_json::{Value, json};
use std::time::Instant;

const QUESTIONS: usize = 8;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, clients] = arguments.as_slice() else {
        eprintln!("usage: load URL CLIENTS");
        std::process::exit(2);
    };
    let Ok(clients) = clients.parse::<usize>() else {
        eprintln!("the number of clients is a whole number, not `{clients}`");
        std::process::exit(2);
    };
    let started = Instant::now();
    let answers = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..clients)
            .map(|client| scope.spawn(move || ask(url, client)))
            .collect();
        let finished = clients.into_iter().map(|client| client.join());
        finished.flatten().collect::<Result<Vec<_>, _>>()
    });
    let seconds = started.elapsed().as_secs_f64();
    match answers {
        Ok(answers) => report(clients, seconds, &answers.concat()),
        Err(error) => {
            eprintln!("error: {error}; is the server running at {url}?");
            std::process::exit(1);
        }
    }
}

/// Tokens of each answer, and the milliseconds to its first.
fn ask(url: &str, client: usize) -> Result<Vec<(u64, f64)>, ureq::Error> {
    let agent = ureq::Agent::new_with_defaults();
    let question = |number: usize| {
        let body = json!({
            "messages": [{"role": "user", "content": "the crab"}],
            "seed": client * QUESTIONS + number, "max_tokens": 40, "temperature": 1, "top_k": 0
        });
        let request = agent.post(format!("{url}/v1/chat/completions"));
        let answer: Value = request.send_json(&body)?.body_mut().read_json()?;
        let tokens = answer["usage"]["completion_tokens"].as_u64();
        let wait = answer["nanocrab"]["time_to_first_token_ms"].as_f64();
        Ok((tokens.unwrap_or(0), wait.unwrap_or(f64::NAN)))
    };
    (0..QUESTIONS).map(question).collect()
}

fn report(clients: usize, seconds: f64, answers: &[(u64, f64)]) {
    let tokens: u64 = answers.iter().map(|(tokens, _)| tokens).sum();
    let mut waits: Vec<f64> = answers.iter().map(|(_, wait)| *wait).collect();
    waits.sort_by(f64::total_cmp);
    let median = waits.get(waits.len() / 2).copied().unwrap_or(f64::NAN);
    let speed = tokens as f64 / seconds;
    println!(
        "{clients} clients: {speed:.0} tokens/s together, first token after {median:.1} ms (median)"
    );
}
