//! Evaluations that several ranks share give the results of one.

#[allow(dead_code)]
mod random_scorer;

use dataset::{Conversation, Message};
use evals::chat::{ChatMeans, WritingSettings, by_writing};
use evals::core::{Bundle, CoreScore, CoreSettings, evaluate};
use evals::{Error, Kind, Shared, Task};
use muon::{Collective, Solo, Threads};
use random_scorer::{random_gpt, tidepool, vocabulary};
use std::cell::RefCell;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicUsize, Ordering};
use transformer::{
    NaiveSampler, Plain, PlainScorer, Prompt, Sample, Sampler, Sampling, Scorer, Tool,
};

const WORLDS: [usize; 5] = [1, 2, 3, 4, 8];

#[test]
fn core_is_the_same_for_any_number_of_ranks() {
    tch::set_num_threads(1);
    let dir = tidepool("ranks");
    let tokenizer = vocabulary(&dir);
    let bundle = Bundle::open(&dir.join("core")).unwrap();
    let settings = CoreSettings {
        most: Some(6),
        ..CoreSettings::new(256)
    };
    let vocab_size = tokenizer.vocab_size();
    let score = |ranks: Option<&dyn Collective>| -> CoreScore {
        let gpt = random_gpt(vocab_size, 256);
        let own = PlainScorer::new(&gpt, &Plain);
        let score = |scorer: &dyn Scorer| {
            let bundle = Bundle::open(&dir.join("core")).unwrap();
            let tokenizer = vocabulary(&dir);
            evaluate(&bundle, &tokenizer, scorer, &settings, &mut |_| ()).unwrap()
        };
        match ranks {
            Some(ranks) => score(&Shared { own, ranks }),
            None => score(&own),
        }
    };
    let alone = score(None);
    assert_eq!(alone.tasks.len(), bundle.tasks.len());
    let right: usize = alone
        .tasks
        .iter()
        .map(|t| t.correct.iter().filter(|c| **c).count())
        .sum();
    assert!(right > 0, "a score of nothing would prove nothing");
    for world in WORLDS {
        for shared in Threads::run(world, |rank| score(Some(&rank))) {
            assert_eq!(shared, alone, "{world} ranks");
        }
    }
}

/// Says 7 after every token that ends in 3, and remembers what it heard.
struct Sevens(Vec<(usize, u32)>);

impl Tool for Sevens {
    fn accept(&mut self, row: usize, id: u32) -> Option<Vec<u32>> {
        self.0.push((row, id));
        (id % 10 == 3).then(|| vec![7, 7])
    }
}

#[test]
fn samples_are_the_same_for_any_number_of_ranks() {
    tch::set_num_threads(1);
    let prompts: Vec<Prompt> = (0..11)
        .map(|number| Prompt {
            ids: (0..1 + number % 4)
                .map(|place| 5 + number * 3 + place)
                .collect(),
            settings: Sampling {
                max_tokens: 3 + number as usize,
                stop: vec![40, 41, 42],
                ..Sampling::default()
            },
            seed: u64::from(number) * 77,
        })
        .collect();
    let write = |ranks: Option<&dyn Collective>| -> (Vec<Sample>, Vec<(usize, u32)>) {
        let gpt = random_gpt(64, 32);
        let own = NaiveSampler::new(&gpt, &Plain);
        let heard = RefCell::new(Vec::new());
        let mut tool = Sevens(Vec::new());
        let mut write = |sampler: &mut dyn Sampler| {
            let mut hear = |added: &transformer::Added<'_>| {
                heard.borrow_mut().push((added.row, added.id));
                match added.row {
                    4 => ControlFlow::Break(()),
                    _ => ControlFlow::Continue(()),
                }
            };
            sampler
                .sample(&prompts, Some(&mut tool), &mut hear)
                .unwrap()
        };
        let samples = match ranks {
            Some(ranks) => write(&mut Shared { own, ranks }),
            None => write(&mut { own }),
        };
        (samples, heard.into_inner())
    };
    let (alone, mut heard_alone) = write(None);
    assert!(
        alone.iter().any(|sample| sample.mask.contains(&0)),
        "the tool spoke"
    );
    heard_alone.sort_unstable();
    for world in WORLDS {
        let shared = Threads::run(world, |rank| write(Some(&rank)));
        let mut heard = Vec::new();
        for (samples, mine) in shared {
            assert_eq!(samples, alone, "{world} ranks");
            heard.extend(mine);
        }
        heard.sort_unstable();
        assert_eq!(
            heard, heard_alone,
            "each row was written by one of {world} ranks"
        );
    }
}

/// Likes answers of an even number of letters, and counts how often it was asked.
struct Even(AtomicUsize);

impl Task for Even {
    fn name(&self) -> &str {
        "even"
    }
    fn kind(&self) -> Kind {
        Kind::Generative
    }
    fn len(&self) -> usize {
        11
    }
    fn conversation(&self, index: usize) -> Result<Conversation, Error> {
        let question = "q".repeat(1 + index % 4);
        Ok(Conversation::exchange(question, Message::assistant("a")))
    }
    fn is_correct(&self, _: usize, answer: &str) -> Result<bool, Error> {
        self.0.fetch_add(1, Ordering::SeqCst);
        Ok(answer.chars().count().is_multiple_of(2))
    }
}

#[test]
fn each_written_answer_is_judged_by_one_rank_and_believed_by_all() {
    tch::set_num_threads(1);
    let dir = tidepool("ranks-writing");
    let tokenizer = vocabulary(&dir);
    let settings = WritingSettings {
        max_tokens: 6,
        temperature: 1.0,
        rows: 5,
        ..WritingSettings::default()
    };
    let indices: Vec<usize> = (0..11).collect();
    let write = |ranks: &dyn Collective, task: &Even| {
        let gpt = random_gpt(tokenizer.vocab_size(), 64);
        let means = ChatMeans::new(&tokenizer, 64).over(ranks);
        let mut sampler = Shared {
            own: NaiveSampler::new(&gpt, &Plain),
            ranks,
        };
        let mut heard = Vec::new();
        let score = by_writing(
            task,
            &indices,
            &settings,
            &means,
            &mut sampler,
            None,
            &mut |judged| heard.push((judged.index, judged.answer.to_string(), judged.correct)),
        );
        (score.unwrap().correct, heard)
    };
    let alone = write(&Solo, &Even(AtomicUsize::new(0)));
    let right = alone.0.iter().filter(|&&right| right).count();
    assert!(0 < right && right < 11, "all alike would prove nothing");
    for world in WORLDS {
        let task = Even(AtomicUsize::new(0));
        for shared in Threads::run(world, |rank| write(&rank, &task)) {
            assert_eq!(shared, alone, "{world} ranks");
        }
        assert_eq!(task.0.load(Ordering::SeqCst), 11, "{world} ranks");
    }
}
