//! The calculator answers what the training data asks, as Python would, and refuses everything else.

use engine::calculator::{CalculatorError, MAX_CHARACTERS, MAX_NESTING, evaluate};
use proptest::prelude::*;

fn text(expression: &str) -> Option<String> {
    evaluate(expression).ok().map(|value| value.to_string())
}

fn is(expression: &str, result: &str) {
    assert_eq!(text(expression).as_deref(), Some(result), "{expression}");
}

#[test]
fn sums_are_python_s() {
    is("1+1", "2");
    is("12*7", "84");
    is("(1+2)*3", "9");
    is("1+2*3", "7");
    is("10-3-2", "5");
    is("--3", "3");
    is("10*-2", "-20");
    is("-3+1", "-2");
    is("((2))", "2");
    is("7/2", "3.5");
    is("0.1+0.2", "0.30000000000000004");
    is("1.0/3", "0.3333333333333333");
    is(".5*4", "2");
    is(" 3 * 4 ", "12");
    is("100000000*100000000*100000000", "1000000000000000000000000");
}

#[test]
fn a_whole_result_never_ends_in_point_zero() {
    is("80/8", "10");
    is("3.0*2", "6");
    is("5.", "5");
    is("0.0*-1", "0");
}

#[test]
fn floor_division_and_remainder_round_down() {
    is("10//3", "3");
    is("-7//2", "-4");
    is("-7%2", "1");
    is("7%-2", "-1");
    is("5%2", "1");
    is("7.5//2", "3");
    // CPython 3.11: a tenth in binary is a little more than a tenth.
    is("6//0.1", "59");
    is("1//0.1", "9");
    is("-7.5%2", "0.5");
}

#[test]
fn powers_bind_to_the_left_operand_first() {
    is("2**10", "1024");
    is("-2**2", "-4");
    is("2**3**2", "512");
    is("2**-1", "0.5");
    is("4**.5", "2");
    is("0**0", "1");
    is("(-1)**99999999999", "-1");
    assert_eq!(evaluate("2**1000"), Err(CalculatorError::TooLarge));
    assert_eq!(evaluate("9.0**9999"), Err(CalculatorError::TooLarge));
    assert_eq!(evaluate("(-8)**.5"), Err(CalculatorError::TooLarge));
}

#[test]
fn commas_group_thousands_and_nothing_else() {
    is("1,000,000*3", "3000000");
    is("1,234+1", "1235");
    is("1,000.5*2", "2001");
    for wrong in ["1,2", "1,0000", ",100", "1000,000", "1.5,000", "1,"] {
        assert_eq!(text(wrong), None, "{wrong}");
    }
}

#[test]
fn letters_are_counted() {
    is("'strawberry'.count('r')", "3");
    is("\"a b a\".count(\"a\")", "2");
    is("'Aa'.count('a')", "1");
    is("'ab' 'c'.count('c')", "1");
    is("'abc'.count('')", "4");
    is("'a,b,c'.count(',')", "2");
    is("'été'.count('é')", "2");
    is("'aaa'.count('aa')", "1");
    is("2*'noon'.count('o')", "4");
}

#[test]
fn very_large_and_small_numbers_are_written_as_python_writes_them() {
    is("10.0**16", "1e+16");
    is("10.0**15", "1000000000000000");
    is("1.0/10**5", "1e-05");
    is("1/10**4", "0.0001");
}

#[test]
fn everything_else_has_no_value() {
    for refused in [
        "",
        " ",
        "007",
        "3 4",
        "1e5",
        "1/0",
        "1//0",
        "1%0",
        "1.0//0.0",
        "0**-1",
        "2*(3+4",
        "2)",
        "\n1+1",
        "()",
        "1+",
        "len('abc')",
        "'x'.upper()",
        "open('f').count('x')",
        "(1).count(1)",
        "'abc'",
        "'abc",
        "'abc'.count(1)",
        "'a\\'b'.count('b')",
        "__import__('os')",
        "x",
        "1..2",
        ".",
        "1.2.3",
        "=",
        "1==1",
        "😀",
    ] {
        assert_eq!(text(refused), None, "{refused:?}");
    }
}

#[test]
fn length_and_nesting_are_bounded() {
    let long = "1+".repeat(MAX_CHARACTERS) + "1";
    assert_eq!(evaluate(&long), Err(CalculatorError::TooLong(long.len())));
    let deep = |n: usize| format!("{}1{}", "(".repeat(n), ")".repeat(n));
    assert!(evaluate(&deep(MAX_NESTING)).is_ok());
    assert_eq!(
        evaluate(&deep(MAX_NESTING + 1)),
        Err(CalculatorError::TooDeep)
    );
    assert_eq!(
        evaluate(&("-".repeat(MAX_NESTING + 1) + "1")),
        Err(CalculatorError::TooDeep)
    );
}

#[test]
fn a_refusal_says_where_and_what_was_expected() {
    let message = evaluate("2*(3+x)").unwrap_err().to_string();
    assert!(message.contains("`x` at character 6"), "{message}");
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,80}") {
        let _ = evaluate(&text);
    }

    #[test]
    fn no_arithmetic_makes_it_panic(text in "[0-9+*/%(). ,'\"count-]{0,60}") {
        if let Ok(value) = evaluate(&text) {
            prop_assert!(!value.to_string().is_empty());
        }
    }

    #[test]
    fn whole_arithmetic_is_exact(a in -10_000i64..10_000, b in -10_000i64..10_000) {
        prop_assert_eq!(text(&format!("({a})+({b})")), Some((a + b).to_string()));
        prop_assert_eq!(text(&format!("({a})*({b})")), Some((a * b).to_string()));
        if b != 0 {
            let floor = a.div_euclid(b) - i64::from(b < 0 && a.rem_euclid(b) != 0);
            prop_assert_eq!(text(&format!("({a})//({b})")), Some(floor.to_string()));
            prop_assert_eq!(text(&format!("({a})%({b})")), Some((a - floor * b).to_string()));
        }
    }
}
