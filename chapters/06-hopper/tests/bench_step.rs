//! A step that is switched, logged and traced computes what it would compute otherwise, and its log makes sense.

use hopper::bench::log::{BACKWARD, Breakdown, Direction, FORWARD, Log, OPTIMIZER, Span, What};
use hopper::bench::switchboard::{Switchboard, SwitchedKernels};
use hopper::bench::timed::{Timed, TimedContext};
use hopper::bench::workload::{Size, Workload};
use hopper::bench::{Fusions, Operation, trace, waterfall};
use hopper::{Fused, bench};
use std::cell::RefCell;
use tch::{Device, Kind, Tensor};
use tensors::{Choice, Machine};
use transformer::{Causal, Config, Gpt, HeadLoss, Kernels, Plain};

fn machine() -> Machine {
    let choice = Choice {
        device: Some("cpu".into()),
        ..Choice::default()
    };
    tensors::start(&choice).expect("a CPU")
}

/// With every switch on, so that every operation occurs.
fn size() -> Size {
    Size {
        config: Config {
            layers: 3,
            heads: 2,
            kv_heads: 2,
            width: 32,
            ..Config::d_2026(2, 50, 12, 16).expect("a config")
        },
        rows: 2,
        accumulation: 1,
        clip: None,
    }
}

/// Loss and all gradients of a fresh model.
fn gradients(kernels: &dyn Kernels, log: Option<&Log>) -> (f64, Vec<Tensor>) {
    let size = size();
    let gpt = Gpt::new(&size.config, Device::Cpu, 7).expect("a model");
    // Projections that begin at zero would hide everything behind them. No random numbers: tests share one generator.
    for (index, parameter) in gpt.parameters().iter().enumerate() {
        let _unrecorded = tch::no_grad_guard();
        let tensor = parameter.tensor.shallow_clone();
        let count = Tensor::arange(tensor.numel() as i64, (Kind::Float, Device::Cpu));
        let waves = (count * (1.7 + index as f64)).sin().view_as(&tensor);
        let _ = tensor.shallow_clone().g_add_(&(waves * 0.05));
    }
    let ids = (Tensor::arange(26, (Kind::Int64, Device::Cpu)) * 7)
        .remainder(50)
        .view([2, 13]);
    let (inputs, targets) = (ids.narrow(1, 0, 12), ids.narrow(1, 1, 12));
    let loss = match log {
        None => gpt.loss(kernels, &inputs, &targets),
        Some(log) => gpt.loss_in(
            &Timed {
                kernels,
                log: log.clone(),
            },
            &mut TimedContext {
                context: &mut Causal,
                log: log.clone(),
            },
            &inputs,
            &targets,
        ),
    };
    let mean = loss.expect("a loss").mean();
    mean.backward();
    let gradients = gpt
        .parameters()
        .iter()
        .map(|parameter| parameter.tensor.grad());
    (mean.double_value(&[]), gradients.collect())
}

fn assert_near(ours: &(f64, Vec<Tensor>), theirs: &(f64, Vec<Tensor>), tolerance: f64, what: &str) {
    assert!(
        (ours.0 - theirs.0).abs() <= tolerance * theirs.0.abs(),
        "{what}: loss"
    );
    for (index, (ours, theirs)) in ours.1.iter().zip(&theirs.1).enumerate() {
        let scale = theirs.abs().max().double_value(&[]);
        let worst = (ours - theirs).abs().max().double_value(&[]);
        assert!(
            worst <= tolerance * scale,
            "{what}: gradient {index}, {worst} of {scale}"
        );
    }
}

#[test]
fn every_switch_leaves_the_plain_results() {
    machine();
    let plain = gradients(&Plain, None);
    for fusions in Operation::ALL
        .map(|operation| Fusions::NONE.with(operation))
        .into_iter()
        .chain([Fusions::NONE, Fusions::all()])
    {
        let board = Switchboard::default();
        board.set(fusions);
        let switched = SwitchedKernels {
            plain: Plain,
            fused: Fused,
            board,
        };
        assert_near(
            &gradients(&switched, None),
            &plain,
            1e-4,
            &format!("{fusions:?}"),
        );
    }
}

/// Plain kernels that remember what they were asked for.
#[derive(Default)]
struct Remembering(RefCell<Vec<Operation>>);

impl Remembering {
    fn note(&self, operation: Operation) -> Plain {
        self.0.borrow_mut().push(operation);
        Plain
    }
}

impl Kernels for Remembering {
    fn linear(&self, x: &Tensor, weight: &Tensor) -> Tensor {
        self.note(Operation::Linear).linear(x, weight)
    }
    fn rms_norm(&self, x: &Tensor, eps: f64) -> Tensor {
        self.note(Operation::RmsNorm).rms_norm(x, eps)
    }
    fn rope_qk_norm(&self, x: &Tensor, cos: &Tensor, sin: &Tensor, eps: f64) -> Tensor {
        self.note(Operation::RopeQkNorm)
            .rope_qk_norm(x, cos, sin, eps)
    }
    fn relu_squared(&self, x: &Tensor) -> Tensor {
        self.note(Operation::ReluSquared).relu_squared(x)
    }
    fn head_loss(&self, x: &Tensor, head: &Tensor, targets: &Tensor, softcap: f64) -> HeadLoss {
        self.note(Operation::HeadLoss)
            .head_loss(x, head, targets, softcap)
    }
    fn logits(&self, x: &Tensor, head: &Tensor, softcap: f64) -> Tensor {
        self.note(Operation::Logits).logits(x, head, softcap)
    }
    fn add_norm(&self, x: &Tensor, change: &Tensor, eps: f64) -> (Tensor, Tensor) {
        self.note(Operation::AddNorm).add_norm(x, change, eps)
    }
    fn mix(&self, r: &Tensor, x: &Tensor, s: &Tensor, x0: &Tensor) -> Tensor {
        self.note(Operation::Mix).mix(r, x, s, x0)
    }
    fn mix_norm(
        &self,
        r: &Tensor,
        x: &Tensor,
        s: &Tensor,
        x0: &Tensor,
        eps: f64,
    ) -> (Tensor, Tensor) {
        self.note(Operation::MixNorm).mix_norm(r, x, s, x0, eps)
    }
    fn add_gated(&self, v: &Tensor, looked_up: &Tensor, gate: &Tensor) -> Tensor {
        self.note(Operation::AddGated).add_gated(v, looked_up, gate)
    }
}

#[test]
fn a_switch_moves_its_operation_and_no_other() {
    machine();
    for operation in Operation::ALL {
        let board = Switchboard::default();
        board.set(Fusions::NONE.with(operation));
        let switched = SwitchedKernels {
            plain: Plain,
            fused: Remembering::default(),
            board,
        };
        gradients(&switched, None);
        let asked = switched.fused.0.into_inner();
        assert!(
            asked.iter().all(|&asked| asked == operation),
            "{operation}: {asked:?}"
        );
        let occurs = operation.of_the_model()
            && !matches!(operation, Operation::Attention | Operation::Logits);
        assert_eq!(!asked.is_empty(), occurs, "{operation}");
    }
}

#[test]
fn a_logged_pass_computes_the_same() {
    machine();
    let log = Log::new(Device::Cpu);
    log.switch(true);
    let logged = gradients(&Plain, Some(&log));
    // Where branches meet, their gradients may be added in another order.
    assert_near(&logged, &gradients(&Plain, None), 1e-5, "logged");
    assert!(!log.take().is_empty());
    log.switch(false);
    gradients(&Plain, Some(&log));
    assert!(log.take().is_empty(), "a log that is off writes nothing");
}

fn spans(accumulation: usize) -> Vec<Span> {
    let size = Size {
        accumulation,
        clip: Some(1.0),
        ..size()
    };
    let mut workload = Workload::new(size, &machine(), false).expect("a workload");
    workload.log.switch(true);
    let loss = workload.step(Fusions::NONE).expect("a step");
    assert!((loss - 50f64.ln()).abs() < 0.5, "{loss}");
    workload.log.take()
}

#[test]
fn every_operation_is_logged_in_both_directions() {
    let spans = spans(1);
    let count = |operation, direction| {
        let wanted = What::Operation(operation, direction);
        spans.iter().filter(|span| span.what == wanted).count()
    };
    // Three layers: q, k, v, o, fc1, fc2 each; two value gates; smear's gate.
    assert_eq!(count(Operation::Linear, Direction::Forward), 18 + 2 + 1);
    assert_eq!(count(Operation::RopeQkNorm, Direction::Forward), 6);
    assert_eq!(count(Operation::Attention, Direction::Forward), 3);
    assert_eq!(count(Operation::HeadLoss, Direction::Forward), 1);
    for operation in Operation::ALL {
        if operation.of_the_model() {
            let (there, back) = (
                count(operation, Direction::Forward),
                count(operation, Direction::Backward),
            );
            assert_eq!(there, back, "{operation}");
        }
    }
    let momenta = count(Operation::MuonMomentum, Direction::Forward);
    assert_eq!(count(Operation::Orthogonalise, Direction::Forward), momenta);
    assert!(count(Operation::AdamW, Direction::Forward) > 2);
    assert!(count(Operation::MuonApply, Direction::Forward) > 2);
}

/// Whether spans of one level follow one another without overlap.
fn in_turn(spans: &[&Span]) -> bool {
    spans.windows(2).all(|pair| pair[0].end <= pair[1].begin)
}

#[test]
fn spans_nest_and_never_overlap() {
    let spans = spans(2);
    let of = |wanted: fn(&Span) -> bool| {
        spans
            .iter()
            .filter(|&span| wanted(span))
            .collect::<Vec<_>>()
    };
    let phases = of(|span| matches!(span.what, What::Phase(_)));
    let operations = of(|span| matches!(span.what, What::Operation(..)));
    assert!(in_turn(&phases) && in_turn(&operations));
    let names: Vec<_> = phases.iter().map(|span| span.what).collect();
    let phase = What::Phase;
    let expected = [FORWARD, BACKWARD, FORWARD, BACKWARD, "clip", OPTIMIZER].map(phase);
    assert_eq!(names, expected);
    for operation in operations {
        let holder = phases
            .iter()
            .find(|phase| phase.begin <= operation.begin && operation.end <= phase.end)
            .expect("every operation lies in a phase");
        let place = match operation.what {
            What::Operation(_, Direction::Backward) => BACKWARD,
            What::Operation(what, _) if what.of_the_model() => FORWARD,
            _ => OPTIMIZER,
        };
        assert_eq!(holder.what, What::Phase(place), "{operation:?}");
    }
}

#[test]
fn a_waterfalls_parts_add_up_to_the_step() {
    let breakdown = Breakdown::of(&spans(1)).expect("a step");
    let sum: f64 = waterfall::parts(&breakdown)
        .iter()
        .map(|part| part.seconds)
        .sum();
    assert!(
        (sum - breakdown.step).abs() < 1e-9,
        "{sum} of {}",
        breakdown.step
    );
    for phase in [FORWARD, BACKWARD, OPTIMIZER] {
        assert!(breakdown.rest_of(phase) >= 0.0, "{phase}");
    }
    let csv = waterfall::csv(&[("plain", &breakdown)]);
    assert!(csv.starts_with("kernels,label,milliseconds\nplain,\"linear\","));
    assert_eq!(Breakdown::of(&[]), None);
}

#[test]
fn a_trace_is_json_with_nested_ordered_events() {
    let text = trace::chrome_trace(&spans(1), "a step").to_string();
    let trace: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let events: Vec<&serde_json::Value> = trace["traceEvents"]
        .as_array()
        .expect("a list")
        .iter()
        .filter(|event| event["ph"] == "X")
        .collect();
    let number = |event: &serde_json::Value, name: &str| event[name].as_f64().expect("a number");
    let times: Vec<(f64, f64)> = events
        .iter()
        .map(|event| {
            (
                number(event, "ts"),
                number(event, "ts") + number(event, "dur"),
            )
        })
        .collect();
    assert_eq!(events[0]["name"], "step");
    assert_eq!(times[0].0, 0.0);
    assert!(
        times.windows(2).all(|pair| pair[0].0 <= pair[1].0),
        "ordered"
    );
    // Any two either follow one another or one lies inside the other; a hair for decimal fractions of microseconds.
    for (index, a) in times.iter().enumerate() {
        for b in &times[index + 1..] {
            assert!(
                b.0 >= a.1 - 1e-6 || b.1 <= a.1 + 1e-6,
                "{a:?} and {b:?} cross"
            );
        }
    }
    let backward = events
        .iter()
        .find(|event| event["name"] == "linear backward");
    assert_eq!(
        backward.expect("an event")["args"]["shape"]
            .as_array()
            .map(Vec::len),
        Some(3)
    );
}

#[test]
fn the_pytorch_script_is_only_asked_for_what_it_knows() {
    let refused =
        bench::beside_torch::script_arguments(&size(), 4, 1).expect_err("switches are on");
    assert!(
        refused.to_string().contains("seed architecture"),
        "{refused}"
    );
    let seed = Size {
        config: Config::d(2, 50, 12).expect("a config"),
        ..size()
    };
    let words = bench::beside_torch::script_arguments(&seed, 4, 1).expect("words");
    assert_eq!(words[..4], ["--depth", "2", "--width", "128"]);
}

#[test]
fn no_round_is_an_error() {
    let error = bench::turns::Turns::take(Device::Cpu, 0, &mut []).expect_err("no rounds");
    assert!(
        error
            .to_string()
            .contains("rounds is 0; it must be at least 1"),
        "{error}"
    );
}
