// ANCHOR: head
//! A step as a Chrome trace: the JSON that `chrome://tracing` and Perfetto draw as a timeline.
//!
//! Each span becomes one *complete event* (`"ph": "X"`) with a beginning and a duration in microseconds. Events of one
//! thread that lie inside one another are drawn below one another.

use serde_json::{Value, json};

use super::log::{Direction, Span, What};
// ANCHOR_END: head

// ANCHOR: trace
/// The trace of these spans, which begins at the first of them.
pub fn chrome_trace(spans: &[Span], title: &str) -> Value {
    let start = spans
        .iter()
        .map(|span| span.begin)
        .fold(f64::INFINITY, f64::min);
    let title = json!({
        "name": "process_name", "ph": "M", "pid": 1, "tid": 1, "args": { "name": title }
    });
    let events = spans.iter().map(|span| event(span, start));
    json!({
        "displayTimeUnit": "ms",
        "traceEvents": std::iter::once(title).chain(events).collect::<Vec<Value>>(),
    })
}

fn event(span: &Span, start: f64) -> Value {
    let (name, category) = match span.what {
        What::Step => ("step".to_string(), "step"),
        What::Phase(name) => (name.to_string(), "phase"),
        What::Operation(operation, Direction::Forward) => (operation.to_string(), "forward"),
        What::Operation(operation, Direction::Backward) => {
            (format!("{operation} backward"), "backward")
        }
    };
    // Both ends are rounded, and not the length, so that what lay inside still does. A grain of a nanosecond is enough.
    let nanoseconds = |seconds: f64| ((seconds - start) * 1e9).round();
    let (begin, end) = (nanoseconds(span.begin), nanoseconds(span.end));
    let mut event = json!({
        "name": name,
        "cat": category,
        "ph": "X",
        "ts": begin / 1e3,
        "dur": (end - begin) / 1e3,
        "pid": 1,
        "tid": 1,
    });
    if !span.shape.is_empty() {
        event["args"] = json!({ "shape": span.shape });
    }
    event
}
// ANCHOR_END: trace
