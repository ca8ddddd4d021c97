//! Three ranks share an optimizer: what each owns, what each starts, and what is said when one of them does something else.
//!
//! `cargo run --example ranks`

use anyhow::Result;
use muon::{
    Collective, Error, Group, Handle, Method, Optimizer, PlainUpdates, Refinements, Share,
    StepScale, Threads,
};
use std::cell::RefCell;
use std::rc::Rc;
use tch::{Device, Kind, Tensor};

const WORLD: usize = 3;
const SCALE: StepScale = StepScale {
    lr: 1.0,
    momentum: 0.95,
    weight_decay: 1.0,
};

/// Four matrices (4, 8), a table (600, 4), and a vector of two scalars.
const MATRICES: usize = 4;
const TABLE: (&str, [i64; 2]) = ("wte", [600, 4]);
const SCALARS: (&str, [i64; 1]) = ("scalars", [2]);

fn main() -> Result<()> {
    tensors::start(&tensors::Choice {
        device: Some("cpu".to_string()),
        ..Default::default()
    })?;
    tch::set_num_threads(1);
    who_owns_what();
    what_is_started();
    without_names();
    println!("\nrank 1 counts its layers from 1:");
    with_other_names();
    println!("\nrank 1 clips, and the others do not:");
    one_clips();
    println!("\nrank 1 stops after one step:");
    one_stops();
    Ok(())
}

fn who_owns_what() {
    println!("            matrices  rows of {}  {}", TABLE.0, SCALARS.0);
    for rank in 0..WORLD {
        let matrices = Share::of_stack(MATRICES, rank, WORLD);
        let padding = matrices.each.map_or(0, |each| each - matrices.count);
        let own: Vec<String> = matrices.range().map(|matrix| matrix.to_string()).collect();
        let own = own.into_iter().chain(vec!["·".to_string(); padding]);
        let rows = Share::of_table(&TABLE.1, rank, WORLD).range();
        let scalars = Share::of_table(&SCALARS.1, rank, WORLD).range();
        println!(
            "rank {rank}      {:<8}  {:>3} to {:>3}   {} and {}",
            own.collect::<Vec<_>>().join(" "),
            rows.start,
            rows.end - 1,
            scalars.start,
            scalars.end - 1
        );
    }
}

/// An optimizer with gradients, its layers counted from a number.
fn optimizer(ranks: Box<dyn Collective>, first: usize) -> Result<Optimizer, Error> {
    let parameter = |name: &str, shape: &[i64]| {
        let weight = Tensor::ones(shape, (Kind::Float, Device::Cpu)).set_requires_grad(true);
        (weight.square() * 0.5).sum(Kind::Float).backward();
        (name.to_string(), weight)
    };
    let layers = first..first + MATRICES;
    let matrices = layers.map(|layer| parameter(&format!("h.{layer}.c_fc"), &[4, 8]));
    let adamw = Method::AdamW {
        betas: (0.8, 0.95),
        eps: 1e-10,
    };
    let muon = Method::Muon {
        steps: 5,
        nesterov: true,
        compute: Kind::Float,
        refinements: Refinements::NONE,
    };
    let group = |name: &str, method, parameters| Group {
        name: name.to_string(),
        method,
        parameters,
        lr: 0.02,
        weight_decay: 0.0,
    };
    let groups = vec![
        group("embedding", adamw, vec![parameter(TABLE.0, &TABLE.1)]),
        group("matrices", muon, matrices.collect()),
        group("scalars", adamw, vec![parameter(SCALARS.0, &SCALARS.1)]),
    ];
    Optimizer::new(groups, Box::new(PlainUpdates), ranks)
}

/// A rank that writes down what it starts.
struct Told {
    ranks: Threads,
    started: Rc<RefCell<Vec<String>>>,
}

impl Told {
    fn tell(&self, operation: &str, tensor: &Tensor) {
        // Gradients and weights; the comparison of checksums is of bytes and whole numbers.
        if tensor.kind() == Kind::Float {
            let line = format!("{operation:<14} {:?}", tensor.size());
            self.started.borrow_mut().push(line);
        }
    }
}

impl Collective for Told {
    fn rank(&self) -> usize {
        self.ranks.rank()
    }

    fn world(&self) -> usize {
        self.ranks.world()
    }

    fn reduce_scatter(&self, tensor: Tensor) -> Handle {
        self.tell("reduce_scatter", &tensor);
        self.ranks.reduce_scatter(tensor)
    }

    fn all_gather(&self, tensor: Tensor) -> Handle {
        self.tell("all_gather", &tensor);
        self.ranks.all_gather(tensor)
    }

    fn all_reduce(&self, tensor: Tensor) -> Handle {
        self.tell("all_reduce", &tensor);
        self.ranks.all_reduce(tensor)
    }

    fn broadcast(&self, tensor: Tensor, root: usize) -> Handle {
        self.ranks.broadcast(tensor, root)
    }

    fn barrier(&self) -> Result<(), Error> {
        self.ranks.barrier()
    }
}

fn what_is_started() {
    let started = Threads::run(WORLD, |ranks| {
        let started = Rc::new(RefCell::new(Vec::new()));
        let told = Told {
            ranks,
            started: started.clone(),
        };
        let mut optimizer = optimizer(Box::new(told), 0).expect("groups of one shape");
        optimizer.step(&SCALE).expect("no rank is lost");
        started.take()
    });
    println!("\nwhat each of them starts in a step:");
    for (number, line) in started[0].iter().enumerate() {
        println!("{:>4}  {line}", number + 1);
    }
    assert!(started.iter().all(|lines| *lines == started[0]));
}

/// Two gradients of one shape, sent in another order by one of two ranks.
fn without_names() {
    let means = Threads::run(2, |ranks| {
        let gradient = |size: f64| Tensor::full([1], size, (Kind::Float, Device::Cpu));
        // Both ranks have a gradient of 1 for the first weight and of 100 for the second.
        let (first, second) = match ranks.rank() {
            0 => {
                let first = ranks.all_reduce(gradient(1.0));
                (first, ranks.all_reduce(gradient(100.0)))
            }
            _ => {
                let second = ranks.all_reduce(gradient(100.0));
                (ranks.all_reduce(gradient(1.0)), second)
            }
        };
        let number = |handle: Handle| handle.wait().expect("the shapes agree").double_value(&[0]);
        (number(first), number(second))
    });
    println!("\ntwo gradients, 1 and 100 on both ranks, sent in another order by rank 1:");
    for (rank, (first, second)) in means.iter().enumerate() {
        println!("rank {rank}: the means are {first} and {second}");
    }
}

fn with_other_names() {
    say(|ranks| {
        let first = ranks.rank() % 2;
        optimizer(Box::new(ranks), first)?.step(&SCALE)
    });
}

fn one_clips() {
    say(|ranks| {
        let clips = ranks.rank() == 1;
        let mut optimizer = optimizer(Box::new(ranks), 0)?;
        if clips {
            let _norm = optimizer.clip_gradients(1.0)?;
        }
        optimizer.step(&SCALE)
    });
}

fn one_stops() {
    say(|ranks| {
        let steps = if ranks.rank() == 1 { 1 } else { 2 };
        let mut optimizer = optimizer(Box::new(ranks), 0)?;
        (0..steps).try_for_each(|_| optimizer.step(&SCALE))
    });
}

/// Prints what each rank says in the end.
fn say(work: impl Fn(Threads) -> Result<(), Error> + Sync) {
    let said = Threads::run(WORLD, |ranks| {
        work(ranks).err().map(|error| error.to_string())
    });
    for (rank, said) in said.iter().enumerate() {
        println!("rank {rank}: {}", said.as_deref().unwrap_or("done"));
    }
}
