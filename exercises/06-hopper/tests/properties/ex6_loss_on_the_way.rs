use super::arrays::{CASES, array, gradients, ids, numbers, tensor};
use judge::{Case, Property, example, property_of};
use proptest::prelude::*;
use tch::Tensor;
use transformer::{Kernels, Plain};

/// Gives x wᵀ of some rows of x, and counts them.
pub type RawLogits<'l> = &'l mut dyn FnMut(&Tensor) -> Tensor;

/// The sum, its gradients by x and by the head.
pub type Found = (Tensor, Tensor, Tensor);

pub struct Functions {
    /// x, the head, targets, softcap, chunk, and where the logits come from.
    pub loss_and_gradients: fn(&Tensor, &Tensor, &Tensor, f64, i64, RawLogits) -> Found,
}

const WIDTH: i64 = 2;

/// Small enough to bend the logits, so that a softcap forgotten on the way back shows.
const SOFTCAP: f64 = 2.0;

/// N, V, chunk, a seed.
type Sizes = (i64, i64, i64, u64);

fn sizes() -> impl Strategy<Value = Sizes> {
    (1i64..7, 2i64..8, 1i64..5, 0u64..1000)
}

struct Inputs {
    x: Tensor,
    head: Tensor,
    targets: Tensor,
    chunk: i64,
}

impl Inputs {
    /// Targets from −1 to V − 1, the first of them counted.
    fn new((positions, vocab_size, chunk, seed): Sizes) -> Inputs {
        let mut targets = ids(positions as usize, -1, vocab_size, seed);
        targets[0] = (seed % vocab_size as u64) as i64;
        let drawn = |rows: i64, seed| {
            let shape = [rows, WIDTH];
            tensor(&numbers((rows * WIDTH) as usize, seed), &shape)
        };
        Inputs {
            x: drawn(positions, seed),
            head: drawn(vocab_size, seed + 2000),
            targets: Tensor::from_slice(&targets),
            chunk,
        }
    }

    fn case(&self) -> Case {
        Case::of(&[
            ("x", &array(&self.x)),
            ("head", &array(&self.head)),
            ("targets", &array(&self.targets)),
            ("softcap", &SOFTCAP),
            ("chunk", &self.chunk),
        ])
    }

    /// The chapter's loss and autograd's gradients.
    fn chapters(&self) -> [Tensor; 3] {
        let sum = |[x, head]: [&Tensor; 2]| {
            let targets = self.targets.unsqueeze(0);
            let loss = Plain.head_loss(&x.unsqueeze(0), head, &targets, SOFTCAP);
            loss.sum
        };
        let [of_x, of_head] = gradients([&self.x, &self.head], sum);
        [sum([&self.x, &self.head]), of_x, of_head]
    }

    /// What is answered, and how many rows each call asked for.
    fn answers(&self, f: &Functions) -> ([Tensor; 3], Vec<i64>) {
        let mut calls = Vec::new();
        let mut raw = |rows: &Tensor| {
            calls.push(rows.size()[0]);
            rows.matmul(&self.head.tr())
        };
        let (x, head, targets) = (&self.x, &self.head, &self.targets);
        let (sum, of_x, of_head) =
            (f.loss_and_gradients)(x, head, targets, SOFTCAP, self.chunk, &mut raw);
        ([sum, of_x, of_head], calls)
    }
}

fn is_autograds(which: usize, says: &'static str) -> Property<Functions> {
    property_of(CASES, says, sizes, move |f: &Functions, sizes| {
        let inputs = Inputs::new(sizes);
        let expected = array(&inputs.chapters()[which]);
        inputs
            .case()
            .near(&expected, 1e-3, || array(&inputs.answers(f).0[which]))
    })
}

pub fn properties() -> Vec<Property<Functions>> {
    vec![
        is_autograds(0, "the sum is the chapter's, in chunks of any size"),
        is_autograds(
            1,
            "the gradient with respect to x is autograd's, through the chapter's head",
        ),
        is_autograds(2, "the gradient with respect to the head is autograd's"),
        property_of(
            CASES,
            "the counted rows are asked for once, in full chunks but for the last",
            sizes,
            |f: &Functions, sizes| {
                let inputs = Inputs::new(sizes);
                inputs.case().obeys(|| {
                    let calls = inputs.answers(f).1;
                    let targets = Vec::<i64>::try_from(&inputs.targets).expect("a row of ids");
                    let counted = targets.iter().filter(|&&target| target != -1).count() as i64;
                    if let Some(many) = calls.iter().find(|&&rows| rows > inputs.chunk) {
                        return Err(format!(
                            "{many} rows in one call, and {} are allowed",
                            inputs.chunk
                        ));
                    }
                    let asked: i64 = calls.iter().sum();
                    if asked != counted {
                        return Err(format!(
                            "asks for {asked} rows of logits, where {counted} positions count"
                        ));
                    }
                    let fewest = (counted + inputs.chunk - 1) / inputs.chunk;
                    match calls.len() as i64 == fewest {
                        true => Ok(()),
                        false => Err(format!(
                            "{} calls for {counted} rows, and {fewest} are enough",
                            calls.len()
                        )),
                    }
                })
            },
        ),
        example(
            "where nothing counts, everything is 0 and nothing is asked for",
            |f: &Functions| {
                let inputs = Inputs {
                    targets: Tensor::from_slice(&[-1i64, -1, -1]),
                    ..Inputs::new((3, 5, 2, 7))
                };
                inputs.case().same(&(vec![], 0.0), || {
                    let (answers, calls) = inputs.answers(f);
                    let largest = answers.map(|answer| answer.abs().max().double_value(&[]));
                    (calls, largest.into_iter().sum())
                })
            },
        )
        .holds_for_constants(),
    ]
}
