// ANCHOR: head
//! What is answered at which path.

use crate::access::{guard, show_page};
use crate::fitting::{Unfit, fit};
use crate::job::{Job, Update};
use crate::queue::Rejected;
use crate::reply::{Kind, Teller};
use crate::request::{ChatRequest, CompletionRequest, Wanted};
use crate::server::Service;
use crate::{Refusal, body, limits};
use axum::extract::{Path, Request, State};
use axum::http::{Method, StatusCode, Uri, header};
use axum::response::sse::{Event as Sse, KeepAlive, Sse as SseResponse};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router, middleware};
use futures_util::{StreamExt, stream};
use serde_json::{Value, json};
use std::convert::Infallible;
use std::sync::Arc;
use tokenizer::Special;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::watch;
use transformer::Prompt;
// ANCHOR_END: head

// ANCHOR: router
/// What answers to POST; everything else answers to GET.
const CHAT: &str = "/v1/chat/completions";
const COMPLETION: &str = "/v1/completions";

pub fn router(service: Arc<Service>) -> Router {
    let router = Router::new()
        .route("/", get(show_page))
        .route("/favicon.ico", get(StatusCode::NO_CONTENT))
        .route("/health", get(health))
        .route("/stats", get(stats))
        .route("/v1/models", get(models))
        .route("/v1/models/{id}", get(model))
        .route(CHAT, post(chat))
        .route(COMPLETION, post(completion))
        .fallback(async |uri: Uri| Refusal::Path(uri.path().chars().take(100).collect()))
        .method_not_allowed_fallback(async |method: Method, uri: Uri| Refusal::Method {
            method: method.to_string(),
            path: uri.path().to_string(),
            answered: match uri.path() {
                CHAT | COMPLETION => "POST",
                _ => "GET",
            },
        })
        .layer(middleware::from_fn_with_state(service.clone(), guard));
    // Outside the guard: a browser asks for leave without the key.
    let router = match service.cors.clone() {
        Some(cors) => router.layer(cors),
        None => router,
    };
    router.with_state(service)
}
// ANCHOR_END: router

// ANCHOR: small
async fn health(State(service): State<Arc<Service>>) -> Response {
    let (queue, live) = (service.queue.len(), service.stats.live_rows.get());
    let (status, word) = match service.queue.is_closed() {
        false => (StatusCode::OK, "ok"),
        true => (StatusCode::SERVICE_UNAVAILABLE, "stopping"),
    };
    let body = json!({"status": word, "model": service.name, "queue": queue, "live": live});
    (status, Json(body)).into_response()
}

async fn stats(State(service): State<Arc<Service>>) -> Response {
    service.stats.queue_length.set(service.queue.len() as i64);
    let kind = [(
        header::CONTENT_TYPE,
        "text/plain; version=0.0.4; charset=utf-8",
    )];
    (kind, service.stats.text()).into_response()
}

async fn models(State(service): State<Arc<Service>>) -> Json<Value> {
    Json(json!({"object": "list", "data": [describe(&service)]}))
}

async fn model(
    State(service): State<Arc<Service>>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Refusal> {
    is_served(&service, Some(&id))?;
    Ok(Json(describe(&service)))
}

fn describe(service: &Service) -> Value {
    json!({
        "id": service.name, "object": "model", "created": service.created, "owned_by": "nanocrab",
        "context_length": service.context,
        "nanocrab": {
            "chat": service.is_chat, "parameters": service.parameters,
            "limits": {
                "messages": limits::MESSAGES, "message_characters": limits::MESSAGE_CHARACTERS,
                "total_characters": limits::TOTAL_CHARACTERS,
                "temperature": [limits::TEMPERATURE.start(), limits::TEMPERATURE.end()],
                "top_k": [limits::TOP_K.start(), limits::TOP_K.end()],
                "max_tokens": [limits::MAX_TOKENS.start(), limits::MAX_TOKENS.end()],
                "top_logprobs": limits::TOP_LOGPROBS.end(),
            },
            "defaults": {"temperature": 0.8, "top_k": 50, "max_tokens": 512},
        },
    })
}

/// A request may leave the model out; it may not name another one.
fn is_served(service: &Service, asked: Option<&str>) -> Result<(), Refusal> {
    match asked {
        Some(asked) if asked != service.name => Err(Refusal::Model {
            asked: asked.chars().take(100).collect(),
            served: service.name.clone(),
        }),
        _ => Ok(()),
    }
}
// ANCHOR_END: small

// ANCHOR: ask
/// `POST /v1/chat/completions`
async fn chat(State(service): State<Arc<Service>>, request: Request) -> Result<Response, Refusal> {
    let body = body::read(request, service.body_timeout).await?;
    let ChatRequest { messages, wanted } = ChatRequest::parse(&body)?;
    is_served(&service, wanted.model.as_deref())?;
    let (context, max_tokens) = (service.context, wanted.sampling.max_tokens);
    let fitted =
        fit(&service.tokenizer, context, max_tokens, &messages).map_err(|unfit| match unfit {
            Unfit::TooLong {
                tokens,
                context,
                room,
            } => Refusal::TooLong {
                param: "messages",
                tokens,
                context,
                room,
            },
            Unfit::SystemTooLong { tokens, context } => Refusal::SystemTooLong { tokens, context },
            Unfit::Conversation(error) => Refusal::field("messages", error.to_string()),
        })?;
    let stop = [Special::AssistantEnd, Special::Bos];
    answer(
        &service,
        Kind::Chat,
        fitted.ids,
        fitted.forgotten,
        &stop,
        wanted,
    )
    .await
}

/// `POST /v1/completions`: the text goes on, whatever it is.
async fn completion(
    State(service): State<Arc<Service>>,
    request: Request,
) -> Result<Response, Refusal> {
    let body = body::read(request, service.body_timeout).await?;
    let CompletionRequest { prompt, wanted } = CompletionRequest::parse(&body)?;
    is_served(&service, wanted.model.as_deref())?;
    let mut ids = vec![service.tokenizer.special(Special::Bos)];
    service.tokenizer.encode_into(&prompt, &mut ids);
    if ids.len() >= service.context {
        return Err(Refusal::TooLong {
            param: "prompt",
            tokens: ids.len() - 1,
            context: service.context,
            room: service.context.saturating_sub(2),
        });
    }
    answer(&service, Kind::Completion, ids, 0, &[Special::Bos], wanted).await
}
// ANCHOR_END: ask

// ANCHOR: answer
/// Puts the job into the queue and tells what comes of it.
async fn answer(
    service: &Service,
    kind: Kind,
    ids: Vec<u32>,
    forgotten: usize,
    stop: &[Special],
    wanted: Wanted,
) -> Result<Response, Refusal> {
    let mut settings = wanted.sampling;
    settings.stop = stop.iter().map(|&s| service.tokenizer.special(s)).collect();
    let seed = wanted.seed.unwrap_or_else(|| service.draw_seed());
    let prompt = Prompt {
        ids,
        settings,
        seed,
    };
    let (job, updates) = Job::new(prompt, kind == Kind::Chat, wanted.stop, wanted.likeliest);
    service.queue.push(job).map_err(|rejected| match rejected {
        Rejected::Full(waiting) => Refusal::Full {
            waiting,
            retry_after: service.stats.retry_after(),
        },
        Rejected::Closed => Refusal::Stopping,
    })?;
    let teller = Teller {
        kind,
        id: service.next_id(kind),
        created: crate::server::now(),
        model: service.name.clone(),
        tokenizer: service.tokenizer.clone(),
        seed,
        forgotten,
        with_log_probabilities: wanted.likeliest.is_some(),
        with_usage: wanted.usage,
        told: 0,
    };
    let updates = Updates {
        arriving: updates,
        farewell_over: service.farewell_over.subscribe(),
    };
    match wanted.stream {
        true => Ok(stream(teller, updates)),
        false => whole(teller, updates).await,
    }
}

/// What comes of a job, for as long as the server has time.
struct Updates {
    arriving: UnboundedReceiver<Update>,
    farewell_over: watch::Receiver<bool>,
}

impl Updates {
    /// `None`: nothing more can come. The job has ended, the model's thread is gone, or the server stops and has waited
    /// long enough.
    async fn next(&mut self) -> Option<Update> {
        tokio::select! {
            biased; // what is there already is told first
            update = self.arriving.recv() => update,
            _ = self.farewell_over.wait_for(|&over| over) => None,
        }
    }
}

/// Waits for the end. If the client leaves first, this future is dropped, `updates` with it, and the row ends.
async fn whole(teller: Teller, mut updates: Updates) -> Result<Response, Refusal> {
    let mut all = Vec::new();
    while let Some(update) = updates.next().await {
        all.push(update);
    }
    Ok(Json(teller.whole(all)?).into_response())
}

/// Server-sent events: each chunk a line `data: …` and an empty line, `[DONE]` after the last. A stream that cannot come to its
/// end says so in an error chunk: a client must not take half an answer for a whole one.
fn stream(teller: Teller, updates: Updates) -> Response {
    let chunks = stream::unfold(Some((teller, updates)), async |writing| {
        let (mut teller, mut updates) = writing?;
        let update = updates.next().await;
        let goes_on = matches!(update, Some(Update::Begun | Update::Piece(_)));
        let is_whole = matches!(update, Some(Update::Done(_)));
        let chunks = match update {
            Some(update) => teller.chunks(update),
            None => vec![Refusal::Stopping.json()],
        };
        let mut lines: Vec<String> = chunks.iter().map(Value::to_string).collect();
        if is_whole {
            lines.push("[DONE]".to_string());
        }
        let events = lines
            .into_iter()
            .map(|line| Ok::<_, Infallible>(Sse::default().data(line)));
        Some((stream::iter(events), goes_on.then_some((teller, updates))))
    });
    // Comments while nothing comes keep proxies from giving up on a request that waits in the queue.
    let events = SseResponse::new(chunks.flatten()).keep_alive(KeepAlive::default());
    // nginx would collect the stream and deliver it in one piece.
    ([("x-accel-buffering", "no")], events).into_response()
}
// ANCHOR_END: answer
