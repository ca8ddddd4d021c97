//! Scripts are told apart by line, and the three measures count what they say.

use tokenizer::fertility::{Fertility, Script};

#[test]
fn a_line_has_the_script_of_most_of_its_letters() {
    assert_eq!(Script::of("let x = 1;"), Some(Script::Latin));
    assert_eq!(Script::of("Größe, œuvre"), Some(Script::Latin));
    assert_eq!(
        Script::of("모델을 Python으로 불러옵니다"),
        Some(Script::Hangul)
    );
    assert_eq!(Script::of("Загрузим модель gpt2"), Some(Script::Cyrillic));
    assert_eq!(Script::of("मॉडल"), Some(Script::Devanagari));
    assert_eq!(Script::of("โมเดลภาษา"), Some(Script::Thai));
    assert_eq!(Script::of("加载模型"), Some(Script::Han));
    assert_eq!(Script::of("蟹は小さな貝を数える"), Some(Script::Japanese));
}

#[test]
fn a_line_without_letters_or_without_a_majority_has_none() {
    assert_eq!(Script::of("1 + 1 = 2"), None);
    assert_eq!(Script::of(""), None);
    assert_eq!(Script::of("abгд"), None);
}

#[test]
fn the_three_measures_of_a_korean_line() {
    let line = Fertility::new("게가 조개를 센다", 6);
    assert_eq!((line.bytes, line.chars, line.words), (23, 9, 3));
    assert_eq!(line.tokens_per_word(), 2.0);
    assert_eq!(line.chars_per_token(), 1.5);
    assert!((line.bytes_per_token() - 23.0 / 6.0).abs() < 1e-12);
}

#[test]
fn no_tokens_divide_nothing() {
    assert_eq!(Fertility::new("", 0).bytes_per_token(), 0.0);
}
