//! Spelling tasks, made from a list of words.

use super::*;

fn words() -> WordList {
    WordList::new(["strawberry", "tide", "crab", "x", "it's"].map(str::to_owned)).unwrap()
}

#[test]
fn spelling_is_right_and_the_same_every_time() {
    let bee = SpellingBee::new(words(), 500, Split::Train);
    for index in 0..bee.len() {
        let counted = bee.question(index);
        assert_eq!(counted.count, counted.word.matches(counted.letter).count());
        assert!(["strawberry", "tide", "crab"].contains(&counted.word.as_str()));
        let conversation = bee.get(index).unwrap();
        conversation.check().unwrap();
        assert_eq!(conversation, bee.get(index).unwrap());
        let [
            Part::Text(walk),
            Part::Python(call),
            Part::PythonOutput(output),
            Part::Text(end),
        ] = conversation.messages[1].parts.as_slice()
        else {
            panic!("four parts");
        };
        let letters: String = walk
            .lines()
            .filter(|line| line.len() == 3)
            .map(|line| &line[..1])
            .collect();
        assert_eq!(letters, counted.word);
        assert_eq!(
            *call,
            format!("'{}'.count('{}')", counted.word, counted.letter)
        );
        assert_eq!(
            (output, end),
            (
                &counted.count.to_string(),
                &format!("\n#### {}", counted.count)
            )
        );
        assert_eq!(
            final_answer(&conversation.messages[1].text()),
            Some(output.clone())
        );
    }
    let absent = (0..500)
        .filter(|&index| bee.question(index).count == 0)
        .count();
    assert!(
        (15..80).contains(&absent),
        "about one letter in ten is any letter: {absent}"
    );
}

#[test]
fn train_and_test_spelling_differ() {
    let (train, test) = (
        SimpleSpelling::new(words(), 50, Split::Train),
        SimpleSpelling::new(words(), 50, Split::Test),
    );
    let all = |source: &SimpleSpelling| {
        (0..50)
            .map(|index| source.get(index).unwrap())
            .collect::<Vec<_>>()
    };
    assert_ne!(all(&train), all(&test));
    let tide = all(&train)
        .into_iter()
        .find(|talk| talk.messages[0].text().ends_with("tide"))
        .unwrap();
    assert_eq!(tide.messages[1].text(), "tide: t i d e");
    assert!(
        message(train.get(50)).contains("item 50 does not exist in simple spelling, which has 50")
    );
    assert!(WordList::new(["a".to_owned()]).is_none());
}
