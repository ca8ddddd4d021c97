//! Chat tasks: the real data and tidepool's twins through the same loaders, three ways to get an answer, and the judges.

#[allow(dead_code)]
mod random_scorer;

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::{Arc, Mutex};

use dataset::schemas::MultipleChoice;
use dataset::{Conversation, Role};
use evals::chat::{
    ChatMeans, ChatScore, ChatSuite, ChoiceTask, Form, HumanEval, Method, WritingSettings,
    by_continuation, by_letter, by_writing, chat_core, csv, drawn, imports_of, program_of, table,
};
use evals::sandbox::{Executor, Layer, Limits, Outcome, Verdict};
use evals::{Bootstrap, Error, Kind, Task};
use random_scorer::{ByHeart, random_gpt, real_data, tidepool, vocabulary};
use sft::render_for_completion;
use tokenizer::{Special, Tokenizer};
use transformer::{
    Added, Causal, NaiveSampler, Plain, PlainScorer, Prompt, Sample, Sampler, StopReason, Tool,
};

/// Says of each program what it was told to, and keeps the programs.
struct Told {
    verdict: Verdict,
    programs: Mutex<Vec<String>>,
}

impl Told {
    fn new(verdict: Verdict) -> Arc<Told> {
        Arc::new(Told {
            verdict,
            programs: Mutex::new(Vec::new()),
        })
    }
}

impl Executor for Told {
    fn name(&self) -> &str {
        "told"
    }
    fn protections(&self) -> Vec<Layer> {
        Vec::new()
    }
    fn run(&self, program: &str, _: &Limits) -> Outcome {
        self.programs.lock().unwrap().push(program.to_owned());
        Outcome {
            verdict: self.verdict.clone(),
            value: None,
            stdout: String::new(),
            stderr: String::new(),
            truncated: false,
            seconds: 0.0,
            refused: Vec::new(),
        }
    }
    fn evaluate(&self, code: &str, limits: &Limits) -> Outcome {
        self.run(code, limits)
    }
}

fn suite(folder: &Path) -> ChatSuite {
    ChatSuite::open(folder, Some(Told::new(Verdict::Finished))).unwrap()
}

fn reference(conversation: &Conversation) -> String {
    conversation.messages.last().unwrap().text()
}

/// Names, sizes, and that the judges take the reference answers and no others.
fn check_suite(folder: &Path) {
    let suite = suite(folder);
    let all: Vec<&dyn Task> = suite
        .choice
        .iter()
        .map(|task| task as &dyn Task)
        .chain(suite.generative.iter().map(|task| task.as_ref()))
        .collect();
    let names: Vec<&str> = all.iter().map(|task| task.name()).collect();
    assert_eq!(
        names,
        [
            "ARC-Easy",
            "ARC-Challenge",
            "MMLU",
            "GSM8K",
            "HumanEval",
            "SpellingBee"
        ]
    );
    for task in &all {
        assert!(!task.is_empty());
        for index in drawn(*task, Some(60)) {
            let conversation = task.conversation(index).unwrap();
            assert_eq!(conversation.messages.last().unwrap().role, Role::Assistant);
            let answer = reference(&conversation);
            assert!(
                task.is_correct(index, &answer).unwrap(),
                "{} {index}: {answer}",
                task.name()
            );
            assert_eq!(task.reward(index, &answer).unwrap(), 1.0);
            let choices = task.choices(index).unwrap();
            match task.kind() {
                Kind::Categorical => {
                    let right = choices
                        .iter()
                        .filter(|letter| task.is_correct(index, letter).unwrap());
                    assert_eq!(right.count(), 1, "{} {index}", task.name());
                }
                Kind::Generative => assert!(choices.is_empty()),
            }
            if task.name() != "HumanEval" {
                for wrong in ["", "####", "#### 123456789", "#### none", "I do not know."] {
                    assert!(
                        !task.is_correct(index, wrong).unwrap(),
                        "{} {index}: {wrong}",
                        task.name()
                    );
                    assert_eq!(task.reward(index, wrong).unwrap(), 0.0);
                }
            }
        }
        let beyond = task.is_correct(task.len(), "A").unwrap_err();
        assert!(beyond.to_string().contains(task.name()), "{beyond}");
        assert!(task.conversation(task.len()).is_err());
    }
}

#[test]
fn tidepools_twins_are_asked_and_judged() {
    check_suite(&tidepool("chat-twins"));
}

#[test]
fn the_real_sets_are_asked_and_judged() {
    let Some(data) = real_data() else { return };
    check_suite(&data);
    let suite = suite(&data);
    assert_eq!(
        suite.choice.iter().map(Task::len).collect::<Vec<_>>(),
        [2376, 1172, 14042]
    );
    assert_eq!(
        suite
            .generative
            .iter()
            .map(|task| task.len())
            .collect::<Vec<_>>(),
        [1319, 164, 256]
    );
}

#[test]
fn a_number_counts_where_it_stands_behind_the_marker() {
    let suite = suite(&tidepool("chat-numbers"));
    let sums = suite.generative[0].as_ref();
    let answer = reference(&sums.conversation(0).unwrap());
    let (_, number) = answer.rsplit_once("#### ").unwrap();
    for (text, right) in [
        (format!("Let me see.\n#### {number}"), true),
        (format!("#### {number}\n"), true),
        (format!("#### {number}."), true),
        (format!("#### 1\nno, #### {number}"), true),
        (format!("The answer is {number}."), false),
        (format!("#### {number}0"), false),
        (format!("####{}", "9".repeat(400)), false),
    ] {
        assert_eq!(sums.is_correct(0, &text).unwrap(), right, "{text}");
    }
}

// ---- by letter

#[test]
fn the_letter_is_the_one_with_the_highest_logit() {
    let dir = tidepool("chat-letters");
    let tokenizer = vocabulary(&dir);
    let gpt = random_gpt(tokenizer.vocab_size(), 512);
    let suite = suite(&dir);
    let means = ChatMeans {
        budget: 1500,
        ..ChatMeans::new(&tokenizer, 512)
    };
    let scorer = PlainScorer::new(&gpt, &Plain);
    let task = &suite.choice[0];
    let indices: Vec<usize> = (0..24).rev().collect();
    let score = by_letter(task, &indices, &means, &scorer).unwrap();
    assert_eq!(
        (score.method, score.total(), score.too_long),
        (Method::Letter, 24, 0)
    );

    // the same from the logits themselves
    let mut guessed = 0;
    for (place, &index) in indices.iter().enumerate() {
        let prompt = render_for_completion(&task.conversation(index).unwrap(), &tokenizer).unwrap();
        let ids: Vec<i64> = prompt.iter().map(|&id| i64::from(id)).collect();
        let ids = gpt.upload(&ids, 1, ids.len() as i64).unwrap();
        let logits = tch::no_grad(|| gpt.last_logits(&Plain, &mut Causal, &ids)).unwrap();
        let logits: Vec<f32> = Vec::try_from(logits.squeeze_dim(0)).unwrap();
        let letters = task.choices(index).unwrap();
        let logit = |letter: &String| logits[tokenizer.encode(letter)[0] as usize];
        let best = letters
            .iter()
            .max_by(|a, b| logit(a).total_cmp(&logit(b)))
            .unwrap();
        assert_eq!(
            score.correct[place],
            task.is_correct(index, best).unwrap(),
            "question {index}"
        );
        let highest = logits.iter().fold(f32::MIN, |a, &b| a.max(b));
        guessed += usize::from(logit(best) == highest);
    }
    assert!(guessed < 24, "the second round has been needed");
    assert!(score.right() > 0 && score.right() < 24, "{}", score.right());
}

#[test]
fn a_model_that_answers_in_letters_needs_one_row_per_question() {
    let dir = tidepool("chat-one-row");
    let tokenizer = vocabulary(&dir);
    let suite = suite(&dir);
    let means = ChatMeans::new(&tokenizer, 512);
    let task = &suite.choice[2];
    // Knows each prompt with its first letter by heart, so its first guess is always "A".
    let rows = (0..task.len())
        .map(|index| {
            let mut ids =
                render_for_completion(&task.conversation(index).unwrap(), &tokenizer).unwrap();
            ids.extend(tokenizer.encode("A"));
            ids
        })
        .collect();
    let heart = ByHeart { rows };
    let scorer = random_scorer::Recording {
        inner: &heart,
        passes: Default::default(),
    };
    let indices = drawn(task, None);
    let score = by_letter(task, &indices, &means, &scorer).unwrap();
    assert_eq!(
        scorer
            .passes
            .into_inner()
            .iter()
            .map(Vec::len)
            .sum::<usize>(),
        task.len()
    );
    let right = indices
        .iter()
        .filter(|&&index| task.is_correct(index, "A").unwrap());
    assert_eq!(score.right(), right.count());
}

#[test]
fn a_letter_of_several_tokens_is_named() {
    struct Words;
    impl Task for Words {
        fn name(&self) -> &str {
            "Words"
        }
        fn kind(&self) -> Kind {
            Kind::Categorical
        }
        fn len(&self) -> usize {
            1
        }
        fn conversation(&self, _: usize) -> Result<Conversation, Error> {
            Ok(Conversation::exchange(
                "?",
                dataset::Message::assistant("A"),
            ))
        }
        fn choices(&self, index: usize) -> Result<Vec<String>, Error> {
            Ok(if index == 0 {
                vec!["A".into(), "Zxqj".into()]
            } else {
                Vec::new()
            })
        }
        fn is_correct(&self, _: usize, _: &str) -> Result<bool, Error> {
            Ok(true)
        }
    }
    let tokenizer = vocabulary(&tidepool("chat-words"));
    let means = ChatMeans::new(&tokenizer, 64);
    let heart = ByHeart { rows: Vec::new() };
    let message = by_letter(&Words, &[0], &means, &heart)
        .unwrap_err()
        .to_string();
    assert!(
        message.contains("`Words`") && message.contains("`Zxqj`"),
        "{message}"
    );
    let message = by_letter(&Words, &[1], &means, &heart)
        .unwrap_err()
        .to_string();
    assert!(message.contains("no choices"), "{message}");
}

#[test]
fn questions_that_do_not_fit_count_as_wrong_and_are_counted() {
    let dir = tidepool("chat-long");
    let tokenizer = vocabulary(&dir);
    let gpt = random_gpt(tokenizer.vocab_size(), 16);
    let scorer = PlainScorer::new(&gpt, &Plain);
    let means = ChatMeans::new(&tokenizer, 16);
    let suite = suite(&dir);
    let indices: Vec<usize> = (0..10).collect();
    let mut scores = vec![
        by_letter(&suite.choice[0], &indices, &means, &scorer).unwrap(),
        by_continuation(&suite.choice[0], &indices, Form::Chat, &means, &scorer).unwrap(),
    ];
    let mut sampler = NaiveSampler::new(&gpt, &Plain);
    let settings = WritingSettings::default();
    scores.push(
        by_writing(
            suite.generative[0].as_ref(),
            &indices,
            &settings,
            &means,
            &mut sampler,
            None,
            &mut |_| (),
        )
        .unwrap(),
    );
    for score in &scores {
        assert_eq!(
            (score.total(), score.too_long, score.right()),
            (10, 10, 0),
            "{}",
            score.method.name()
        );
    }
    assert!(table(&scores, &Bootstrap::default()).contains("30 questions were longer"));
}

// ---- by continuation

#[test]
fn the_likeliest_option_text_is_the_answer() {
    let rows = vec![MultipleChoice {
        question: " What colour is the sea? ".into(),
        choices: ["green", "deep blue", "red", "none of these"]
            .map(String::from)
            .to_vec(),
        answer: 1,
        subject: String::new(),
    }];
    let task = ChoiceTask::from_rows("Sea", rows);
    let tokenizer = vocabulary(&tidepool("chat-continuation"));
    let means = ChatMeans::new(&tokenizer, 256);
    let bos = tokenizer.special(Special::Bos);
    let chat = |option: &str| {
        let mut ids = vec![bos, tokenizer.special(Special::UserStart)];
        tokenizer.encode_into("What colour is the sea?", &mut ids);
        ids.extend([
            tokenizer.special(Special::UserEnd),
            tokenizer.special(Special::AssistantStart),
        ]);
        tokenizer.encode_into(option, &mut ids);
        ids
    };
    let page = |option: &str| {
        let mut ids = vec![bos];
        tokenizer.encode_into(
            &format!("Question: What colour is the sea?\nAnswer: {option}"),
            &mut ids,
        );
        ids
    };
    let ask = |form, row| {
        let scorer = ByHeart { rows: vec![row] };
        by_continuation(&task, &[0], form, &means, &scorer)
            .unwrap()
            .right()
    };
    assert_eq!(ask(Form::Chat, chat("deep blue")), 1);
    assert_eq!(ask(Form::Chat, chat("red")), 0);
    assert_eq!(ask(Form::Page, page("deep blue")), 1);
    assert_eq!(ask(Form::Page, page("none of these")), 0);
}

// ---- by writing

/// Writes what it was told to, whatever the prompt.
struct Script {
    ids: Vec<u32>,
    mask: Vec<u8>,
    prompts: Vec<Prompt>,
    batches: Vec<usize>,
}

impl Sampler for Script {
    fn sample(
        &mut self,
        prompts: &[Prompt],
        _: Option<&mut dyn Tool>,
        _: &mut dyn FnMut(&Added<'_>) -> ControlFlow<()>,
    ) -> Result<Vec<Sample>, transformer::Error> {
        self.prompts.extend(prompts.to_vec());
        self.batches.push(prompts.len());
        let sample = Sample {
            ids: self.ids.clone(),
            mask: self.mask.clone(),
            log_probabilities: vec![0.0; self.ids.len()],
            stop: StopReason::MaxTokens,
        };
        Ok(vec![sample; prompts.len()])
    }
}

fn script(tokenizer: &Tokenizer, text: &str, forced: usize) -> Script {
    let ids = tokenizer.encode(text);
    let mask = (0..ids.len())
        .map(|place| u8::from(place >= forced))
        .collect();
    Script {
        ids,
        mask,
        prompts: Vec::new(),
        batches: Vec::new(),
    }
}

#[test]
fn written_answers_are_judged_and_tool_calls_counted() {
    let dir = tidepool("chat-writing");
    let tokenizer = vocabulary(&dir);
    let suite = suite(&dir);
    let sums = suite.generative[0].as_ref();
    let means = ChatMeans::new(&tokenizer, 512);
    let indices: Vec<usize> = (0..sums.len()).collect();
    let answer = reference(&sums.conversation(3).unwrap());
    let settings = WritingSettings {
        rows: 8,
        max_tokens: 33,
        ..WritingSettings::default()
    };

    for forced in [0, 2] {
        let mut sampler = script(&tokenizer, &answer, forced);
        let mut heard = Vec::new();
        let score = by_writing(
            sums,
            &indices,
            &settings,
            &means,
            &mut sampler,
            None,
            &mut |judged| {
                assert_eq!(judged.answer, answer);
                heard.push((judged.index, judged.correct));
            },
        )
        .unwrap();
        let same = |&index: &usize| sums.is_correct(index, &answer).unwrap();
        let expected: Vec<bool> = indices.iter().map(same).collect();
        assert_eq!(score.correct, expected);
        assert!(expected[3] && score.right() < indices.len());
        assert_eq!(heard.len(), indices.len());
        assert!(heard.contains(&(3, true)));
        let share = if forced == 0 { 0.0 } else { 1.0 };
        assert_eq!(score.tool_share(), Some(share));
        let tool = score.tool.unwrap();
        assert_eq!(
            tool.called_and_correct,
            if forced == 0 { 0 } else { score.right() }
        );

        assert_eq!(sampler.batches.iter().max(), Some(&8));
        let prompt = &sampler.prompts[0];
        assert_eq!(prompt.settings.max_tokens, 33);
        assert_eq!(prompt.settings.temperature, 0.0);
        assert!(
            prompt
                .settings
                .stop
                .contains(&tokenizer.special(Special::AssistantEnd))
        );
        assert_eq!(
            prompt.ids.last(),
            Some(&tokenizer.special(Special::AssistantStart))
        );
    }
}

#[test]
fn several_samples_have_seeds_of_their_own_and_one_right_answer_is_enough() {
    let dir = tidepool("chat-samples");
    let tokenizer = vocabulary(&dir);
    let suite = suite(&dir);
    let sums = suite.generative[0].as_ref();
    let means = ChatMeans::new(&tokenizer, 512);
    let settings = WritingSettings {
        samples: 3,
        temperature: 1.0,
        ..WritingSettings::default()
    };
    let mut sampler = script(&tokenizer, "#### none", 0);
    let score = by_writing(
        sums,
        &[0, 1],
        &settings,
        &means,
        &mut sampler,
        None,
        &mut |_| (),
    )
    .unwrap();
    assert_eq!((score.total(), score.right()), (2, 0));
    let mut seeds: Vec<u64> = sampler.prompts.iter().map(|prompt| prompt.seed).collect();
    seeds.sort();
    seeds.dedup();
    assert_eq!(seeds.len(), 6);
}

#[test]
fn each_batch_has_a_tool_of_its_own() {
    struct Nothing;
    impl Tool for Nothing {
        fn accept(&mut self, _: usize, _: u32) -> Option<Vec<u32>> {
            None
        }
    }
    let dir = tidepool("chat-tools");
    let tokenizer = vocabulary(&dir);
    let gpt = random_gpt(tokenizer.vocab_size(), 512);
    let suite = suite(&dir);
    let means = ChatMeans::new(&tokenizer, 512);
    let made = std::cell::Cell::new(0);
    let new_tool = || {
        made.set(made.get() + 1);
        Box::new(Nothing) as Box<dyn Tool>
    };
    let settings = WritingSettings {
        rows: 2,
        max_tokens: 3,
        ..WritingSettings::default()
    };
    let mut sampler = NaiveSampler::new(&gpt, &Plain);
    let bee = suite.generative[2].as_ref();
    let score = by_writing(
        bee,
        &[0, 1, 2, 3],
        &settings,
        &means,
        &mut sampler,
        Some(&new_tool),
        &mut |_| (),
    )
    .unwrap();
    assert_eq!(
        (made.get(), score.total(), score.tool_share()),
        (2, 4, Some(0.0))
    );
}

#[test]
fn the_whole_suite_is_asked_of_a_model() {
    let dir = tidepool("chat-suite");
    let tokenizer = vocabulary(&dir);
    let gpt = random_gpt(tokenizer.vocab_size(), 512);
    let means = ChatMeans::new(&tokenizer, 512);
    let settings = WritingSettings {
        max_tokens: 4,
        ..WritingSettings::default()
    };
    let mut done = Vec::new();
    let scores = suite(&dir)
        .evaluate(
            Some(6),
            &settings,
            &means,
            &PlainScorer::new(&gpt, &Plain),
            &mut NaiveSampler::new(&gpt, &Plain),
            None,
            &mut |score| done.push(score.task.clone()),
        )
        .unwrap();
    assert_eq!(done.len(), 6);
    assert!(scores.iter().all(|score| score.total() == 6));
    let (mean, interval) = chat_core(&scores, &Bootstrap::default()).unwrap();
    let by_hand = scores.iter().map(|score| score.centred()).sum::<f64>() / 6.0;
    assert!((mean - by_hand).abs() < 1e-12 && interval.low <= mean && mean <= interval.high);
    let text = table(&scores, &Bootstrap::default());
    assert!(
        text.contains("ChatCORE") && text.contains("SpellingBee"),
        "{text}"
    );
    let csv = csv(&scores);
    assert!(
        csv.lines().count() == 7 && csv.lines().all(|line| line.split(',').count() == 11),
        "{csv}"
    );
}

#[test]
fn chat_core_centres_by_a_quarter_for_options_and_by_nothing_for_writing() {
    let score = |method, right: usize| ChatScore {
        task: "x".into(),
        method,
        correct: (0..100).map(|place| place < right).collect(),
        too_long: 0,
        tool: None,
    };
    let scores = [score(Method::Letter, 40), score(Method::Writing, 40)];
    let (mean, _) = chat_core(&scores, &Bootstrap::default()).unwrap();
    assert!((mean - (0.2 + 0.4) / 2.0).abs() < 1e-12);
    assert!(chat_core(&[], &Bootstrap::default()).is_none());
}

#[test]
fn a_capped_task_is_drawn_evenly_and_always_alike() {
    let suite = suite(&tidepool("chat-drawn"));
    let task = &suite.choice[2];
    let some = drawn(task, Some(20));
    assert_eq!(some, drawn(task, Some(20)));
    assert_eq!(some.len(), 20);
    assert!(
        some.iter().any(|&index| index > task.len() / 2)
            && some.iter().any(|&index| index < task.len() / 2)
    );
    assert_eq!(
        drawn(task, Some(1_000_000)),
        (0..task.len()).collect::<Vec<_>>()
    );
}

// ---- HumanEval

#[test]
fn the_program_is_the_first_closed_fence_or_everything() {
    for (answer, program) in [
        ("x = 1\n", "x = 1"),
        ("Sure:\n```python\nx = 1\n```\nDone.", "x = 1"),
        ("```\nx = 1\n```", "x = 1"),
        (
            "```python  \n  x = 1\n\n```\n```python\nx = 2\n```",
            "x = 1",
        ),
        ("```python\nx = 1", "```python\nx = 1"),
        ("```rust\nlet x = 1;\n```", "```rust\nlet x = 1;\n```"),
        ("no fence ``` here", "no fence ``` here"),
        ("", ""),
    ] {
        assert_eq!(program_of(answer), program, "{answer:?}");
    }
}

#[test]
fn imports_are_taken_from_the_top_of_the_prompt() {
    let prompt = "# typing\nfrom typing import List\n\nimport math\n\ndef f():\n    import os\n";
    assert_eq!(imports_of(prompt), "from typing import List\nimport math");
    assert_eq!(imports_of("def f():\n    pass\nimport os"), "");
}

#[test]
fn a_program_is_put_together_and_judged_by_how_it_ends() {
    let file = tidepool("chat-humaneval").join("humaneval/HumanEval.jsonl");
    let open = |verdict| {
        let told = Told::new(verdict);
        let task = HumanEval::open("HumanEval", &file, told.clone(), Limits::default()).unwrap();
        (task, told)
    };
    let (task, told) = open(Verdict::Finished);
    let answer = reference(&task.conversation(0).unwrap());
    assert!(task.is_correct(0, &answer).unwrap());
    let program = told.programs.lock().unwrap().remove(0);
    assert!(
        program.contains("def check(candidate)") && !program.contains("```"),
        "{program}"
    );
    let name = program
        .trim_end()
        .rsplit_once("\ncheck(")
        .unwrap()
        .1
        .trim_end_matches(')');
    assert!(program.contains(&format!("def {name}(")), "{program}");

    for verdict in [
        Verdict::Failed("AssertionError".into()),
        Verdict::TimedOut,
        Verdict::OutOfMemory,
    ] {
        assert!(!open(verdict).0.is_correct(0, &answer).unwrap());
    }
    let (task, _) = open(Verdict::NotStarted("no python3".into()));
    let message = task.is_correct(0, &answer).unwrap_err().to_string();
    assert!(
        message.contains("no python3") && message.contains("question 0"),
        "{message}"
    );
}
