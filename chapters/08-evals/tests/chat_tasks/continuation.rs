//! Answers by continuation.

use super::*;

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
