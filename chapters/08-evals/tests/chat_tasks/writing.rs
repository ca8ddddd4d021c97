//! Answers that the model writes.

use super::*;

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
