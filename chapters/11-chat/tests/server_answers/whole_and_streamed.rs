//! The shape of an answer, whole and streamed.

use super::*;

#[test]
fn a_chat_answer_has_openai_s_shape() {
    let server = babbling();
    let answer = server.chat(question("the crab"));
    assert_eq!(answer.status, 200, "{}", answer.text);
    let json = answer.json();
    assert_eq!(json["object"], "chat.completion");
    assert_eq!(json["model"], "babbler");
    assert!(json["id"].as_str().unwrap().starts_with("chatcmpl-"));
    assert!(json["created"].as_u64().unwrap() > 1_700_000_000);
    let choice = &json["choices"][0];
    assert_eq!(choice["index"], 0);
    assert_eq!(choice["message"]["role"], "assistant");
    assert_eq!(choice["logprobs"], Value::Null);
    assert!(["stop", "length"].contains(&choice["finish_reason"].as_str().unwrap()));
    let usage = &json["usage"];
    let count = |name: &str| usage[name].as_u64().unwrap();
    assert_eq!(
        count("total_tokens"),
        count("prompt_tokens") + count("completion_tokens")
    );
    // bos, user_start, the question, user_end, assistant_start
    let asked = server.tokenizer.encode("the crab").len() as u64;
    assert_eq!(count("prompt_tokens"), asked + 4);
    assert_eq!(json["nanocrab"]["seed"], 7);
}

#[test]
fn a_streamed_answer_adds_up_to_the_whole_one() {
    let server = babbling();
    for text in ["the crab", "🦀 and the sand"] {
        for more in [json!({}), json!({"logprobs": true, "top_logprobs": 3})] {
            let body = with(question(text), more);
            let whole = server.chat(body.clone());
            let chunks = server.events("/v1/chat/completions", body).chunks();
            assert_eq!(added_up(&chunks), whole.content());
            assert_eq!(
                chunks[0]["choices"][0]["delta"],
                json!({"role": "assistant", "content": ""})
            );
            let (last, others) = chunks.split_last().unwrap();
            assert_eq!(last["choices"][0]["delta"], json!({}));
            assert_eq!(
                last["choices"][0]["finish_reason"],
                whole.json()["choices"][0]["finish_reason"]
            );
            for chunk in others {
                assert_eq!(chunk["object"], "chat.completion.chunk");
                assert_eq!(chunk["id"], last["id"]);
                assert_eq!(chunk["choices"][0]["finish_reason"], Value::Null);
                assert!(chunk.get("usage").is_none());
            }
            let streamed = chunks.iter().flat_map(|chunk| {
                let entries = chunk["choices"][0]["logprobs"]["content"].as_array();
                entries.cloned().unwrap_or_default()
            });
            let whole = whole.json();
            let entries = whole["choices"][0]["logprobs"]["content"].as_array();
            assert_eq!(
                streamed.collect::<Vec<_>>(),
                entries.cloned().unwrap_or_default()
            );
        }
    }
}

#[test]
fn usage_comes_in_a_chunk_of_its_own_when_asked_for() {
    let server = babbling();
    let body = with(
        question("the crab"),
        json!({"stream_options": {"include_usage": true}}),
    );
    let chunks = server.events("/v1/chat/completions", body.clone()).chunks();
    let (last, others) = chunks.split_last().unwrap();
    assert_eq!(last["choices"], json!([]));
    assert_eq!(last["usage"], server.chat(body).json()["usage"]);
    assert!(others.iter().all(|chunk| chunk["usage"] == Value::Null));
    assert!(others.iter().all(|chunk| chunk.get("usage").is_some()));
}

#[test]
fn log_probabilities_are_the_model_s_own_and_spell_the_answer() {
    let server = babbling();
    let body = with(
        question("the sand"),
        json!({"logprobs": true, "top_logprobs": 5, "temperature": 0.5, "top_k": 3}),
    );
    let answer = server.chat(body.clone());
    let json = answer.json();
    let entries = json["choices"][0]["logprobs"]["content"]
        .as_array()
        .unwrap();
    assert_eq!(
        entries.len() as u64,
        json["usage"]["completion_tokens"].as_u64().unwrap()
    );
    let mut bytes = Vec::new();
    for entry in entries {
        let own = entry["logprob"].as_f64().unwrap();
        let top = entry["top_logprobs"].as_array().unwrap();
        assert_eq!(top.len(), 5);
        let values: Vec<f64> = top.iter().map(|t| t["logprob"].as_f64().unwrap()).collect();
        assert!(values.is_sorted_by(|a, b| a >= b), "likeliest first");
        assert!(own <= values[0] && values[0] < 0.0);
        let place = top.iter().position(|t| t["token"] == entry["token"]);
        assert_eq!(
            top[place.expect("one of three")]["logprob"],
            entry["logprob"]
        );
        if let Some(list) = entry["bytes"].as_array() {
            bytes.extend(list.iter().map(|byte| byte.as_u64().unwrap() as u8));
        }
    }
    assert_eq!(String::from_utf8_lossy(&bytes), answer.content());
    // Temperature and truncation change what is drawn, not what the model thinks.
    let hot = with(body.clone(), json!({"temperature": 2, "top_k": 0}));
    let hot = server.chat(hot).json();
    let first = &hot["choices"][0]["logprobs"]["content"][0]["top_logprobs"];
    assert_eq!(first, &entries[0]["top_logprobs"]);
    // Without alternatives the chosen tokens' own values are the same.
    let bare = server.chat(with(body, json!({"top_logprobs": 0}))).json();
    for (bare, full) in bare["choices"][0]["logprobs"]["content"]
        .as_array()
        .unwrap()
        .iter()
        .zip(entries)
    {
        assert_eq!(bare["logprob"], full["logprob"]);
        assert_eq!(bare["top_logprobs"], json!([]));
    }
}

#[test]
fn a_raw_completion_goes_on_with_the_text() {
    let server = babbling();
    let body =
        json!({"prompt": "the crab", "max_tokens": 6, "seed": 3, "temperature": 1, "logprobs": 2});
    let answer = server.post("/v1/completions", &body).json();
    assert_eq!(answer["object"], "text_completion");
    let choice = &answer["choices"][0];
    let whole = choice["text"].as_str().unwrap();
    assert_eq!(
        answer["usage"]["prompt_tokens"],
        1 + server.tokenizer.encode("the crab").len()
    );
    let logprobs = &choice["logprobs"];
    let tokens = logprobs["tokens"].as_array().unwrap();
    for list in ["token_logprobs", "top_logprobs", "text_offset"] {
        assert_eq!(logprobs[list].as_array().unwrap().len(), tokens.len());
    }
    assert_eq!(logprobs["text_offset"][0], 0);
    assert_eq!(logprobs["top_logprobs"][0].as_object().unwrap().len(), 2);
    let chunks = server.events("/v1/completions", body).chunks();
    let streamed: String = chunks
        .iter()
        .map(|chunk| chunk["choices"][0]["text"].as_str().unwrap())
        .collect();
    assert_eq!(streamed, whole);
    // An empty prompt is a beginning like any other.
    let answer = server.post("/v1/completions", &json!({"prompt": [""]}));
    assert_eq!(
        answer.json()["usage"]["prompt_tokens"],
        1,
        "{}",
        answer.text
    );
}

#[test]
fn models_health_and_statistics_tell_the_state() {
    let server = babbling();
    let list = server.get("/v1/models").json();
    assert_eq!(list["object"], "list");
    assert_eq!(list["data"][0]["id"], "babbler");
    assert_eq!(list["data"][0]["context_length"], server::CONTEXT);
    assert_eq!(list["data"][0], server.get("/v1/models/babbler").json());
    assert_eq!(server.get("/v1/models/other").status, 404);
    let health = server.get("/health");
    assert_eq!(
        health.json(),
        json!({"status": "ok", "model": "babbler", "queue": 0, "live": 0})
    );
    let usage = server.chat(question("the crab")).json()["usage"].clone();
    server.wait_for(
        "nanocrab_tokens_total{kind=\"completion\"}",
        usage["completion_tokens"].as_f64().unwrap(),
    );
    assert_eq!(
        server.stat("nanocrab_tokens_total{kind=\"prompt\"}"),
        usage["prompt_tokens"].as_f64().unwrap()
    );
    assert_eq!(
        server.stat("nanocrab_time_to_first_token_seconds_count"),
        1.0
    );
    assert!(server.stat("nanocrab_tokens_per_second") > 0.0);
    assert_eq!(
        server.stat("nanocrab_requests_total{path=\"/v1/chat/completions\",status=\"200\"}"),
        1.0
    );
    assert_eq!(
        server.stat("nanocrab_requests_total{path=\"other\",status=\"404\"}"),
        1.0
    );
    let kind = server.get("/stats").headers["content-type"]
        .to_str()
        .unwrap()
        .to_string();
    assert!(kind.starts_with("text/plain; version=0.0.4"), "{kind}");
}
