//! A session remembers, forgets the oldest turns when the context is full, and survives what people type.

mod babbler;

use babbler::babbler;
use chat::command::Command;
use chat::{
    ChatSettings, Error, Event, Model, Reply, Screen, Session, Stop, ask, one_shot, respond,
};
use dataset::Role;
use std::ops::ControlFlow;
use transformer::{Plain, StopReason};

const SETTINGS: ChatSettings = ChatSettings {
    temperature: 1.0,
    top_k: 0,
    top_p: 1.0,
    max_tokens: 12,
    seed: 3,
};

fn session(model: &Model) -> Session<'_> {
    Session::new(model, &Plain, SETTINGS)
}

fn say(session: &mut Session<'_>, question: &str) -> Result<Reply, Error> {
    ask(session, question, &mut |_| ControlFlow::Continue(()))
}

#[test]
fn turns_are_remembered_in_order() {
    let model = babbler(256);
    let mut session = session(&model);
    say(&mut session, "the crab").expect("a reply");
    let reply = say(&mut session, "the sand").expect("a reply");
    let roles: Vec<Role> = session
        .messages()
        .iter()
        .map(|message| message.role)
        .collect();
    assert_eq!(
        roles,
        [Role::User, Role::Assistant, Role::User, Role::Assistant]
    );
    assert_eq!(session.messages()[2].text(), "the sand");
    assert_eq!(session.messages()[3].parts, reply.parts);
    assert_eq!(reply.forgotten, 0);
    session.clear();
    assert!(session.messages().is_empty());
}

#[test]
fn the_same_seed_gives_the_same_conversation_and_another_turn_another_answer() {
    let model = babbler(256);
    let talk = || {
        let mut session = session(&model);
        let first = say(&mut session, "the crab").expect("a reply").parts;
        session.clear();
        (first, say(&mut session, "the crab").expect("a reply").parts)
    };
    let (first, second) = talk();
    assert_eq!((first.clone(), second.clone()), talk());
    assert_ne!(
        first, second,
        "asked again, it is free to say something else"
    );
}

#[test]
fn what_is_shown_is_what_was_said() {
    let model = babbler(256);
    let mut session = session(&model);
    let mut shown = String::new();
    let reply = ask(&mut session, "the crab", &mut |event| {
        if let Event::Text(text) = event {
            shown += text;
        }
        ControlFlow::Continue(())
    })
    .expect("a reply");
    assert_eq!(shown, reply.text());
    assert!(reply.tokens > 0 && reply.tokens_per_second() > 0.0);
}

#[test]
fn the_oldest_turns_are_forgotten_when_the_context_is_full() {
    let model = babbler(64);
    let mut session = session(&model);
    let mut forgotten = 0;
    for turn in 0..12 {
        let reply = say(&mut session, &format!("the crab {turn}")).expect("a reply");
        forgotten += reply.forgotten;
        assert_eq!(session.messages().len(), 2 * (turn + 1 - forgotten));
    }
    assert!(forgotten > 0);
    let oldest = session.messages()[0].text();
    assert_eq!(
        oldest,
        format!("the crab {forgotten}"),
        "the oldest that is left"
    );
}

#[test]
fn a_question_that_never_fits_is_refused_and_changes_nothing() {
    let model = babbler(64);
    let mut session = session(&model);
    say(&mut session, "the crab").expect("a reply");
    let error = say(&mut session, &"sand ".repeat(100)).unwrap_err();
    assert!(
        matches!(error, Error::QuestionTooLong { context: 64, .. }),
        "{error}"
    );
    assert_eq!(session.messages().len(), 2);
    // Exactly as many tokens as the message says do fit.
    let Error::QuestionTooLong { room, .. } = error else {
        unreachable!()
    };
    let fits = "\u{1}".repeat(room); // one token each
    say(&mut session, &fits).expect("fits");
    assert!(say(&mut session, &format!("{fits}\u{1}")).is_err());
}

#[test]
fn a_stopped_answer_is_remembered_as_far_as_it_came() {
    let model = babbler(256);
    let mut session = session(&model);
    let mut heard = 0;
    let reply = ask(&mut session, "the crab", &mut |_| {
        heard += 1;
        if heard == 3 {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    })
    .expect("a reply");
    assert_eq!((reply.tokens, reply.stop), (3, StopReason::Interrupted));
    assert_eq!(session.messages().len(), 2);
    say(&mut session, "the sand").expect("the conversation goes on");
}

/// Types lines into the chat and gives back what is on the screen.
fn type_in(session: &mut Session<'_>, lines: &[&str]) -> String {
    let mut out = Vec::new();
    for line in lines {
        let flow = respond(
            session,
            line,
            &Stop::default(),
            &mut Screen::plain(&mut out),
        )
        .expect("a response");
        if flow.is_break() {
            break;
        }
    }
    String::from_utf8(out).expect("text")
}

#[test]
fn commands_change_the_settings_and_say_so() {
    let model = babbler(256);
    let mut session = session(&model);
    let screen = type_in(
        &mut session,
        &[
            "/temperature 0.5",
            "/topk 7",
            "",
            "/help",
            "/topk",
            "/quit",
            "/topk 9",
        ],
    );
    assert_eq!(
        (session.settings.temperature, session.settings.top_k),
        (0.5, 7),
        "nothing after /quit"
    );
    assert!(screen.contains("temperature 0.5, top 7"), "{screen}");
    assert!(screen.contains("/clear"), "{screen}");
}

#[test]
fn a_wrong_command_says_what_is_right() {
    for (line, says) in [
        ("/temperature hot", "number from 0 to 2, not `hot`"),
        ("/temperature 9", "from 0 to 2"),
        ("/temperature NaN", "from 0 to 2"),
        ("/topk -1", "whole number from 0 to 200, not `-1`"),
        ("/topk 201", "from 0 to 200"),
        ("/topp 0", "above 0"),
        ("/save", "name of a file"),
        ("/clear all", "stands alone"),
        ("/dance", "no command /dance"),
    ] {
        match Command::parse(line) {
            Command::Wrong(what) => assert!(what.contains(says), "{what}"),
            other => panic!("{line}: {other:?}"),
        }
    }
    assert_eq!(
        Command::parse("  hello /quit "),
        Command::Say("hello /quit".to_string())
    );
}

#[test]
fn a_chat_shows_answers_speeds_and_what_was_forgotten() {
    let model = babbler(64);
    let mut session = session(&model);
    let lines: Vec<String> = (0..8)
        .map(|n| format!("the crab {n}"))
        .chain(["sand ".repeat(100)])
        .collect();
    let screen = type_in(
        &mut session,
        &lines.iter().map(String::as_str).collect::<Vec<_>>(),
    );
    assert_eq!(screen.matches("crab ▸ ").count(), 9);
    assert!(screen.contains("tokens/s]"), "{screen}");
    assert!(
        screen.contains("no longer fits into the context and is forgotten: the oldest"),
        "{screen}"
    );
    assert!(screen.contains("ask with fewer words"), "{screen}");
}

#[test]
fn ctrl_c_stops_the_answer_and_not_the_chat() {
    let model = babbler(256);
    let mut session = session(&model);
    let stop = Stop::default();
    stop.press(); // before the question: does not count
    let mut out = Vec::new();
    let flow = respond(
        &mut session,
        "the crab",
        &stop,
        &mut Screen::plain(&mut out),
    )
    .expect("a response");
    assert!(flow.is_continue());
    assert!(!String::from_utf8(out).expect("text").contains("[stopped]"));
    // A writer that presses Ctrl-C as soon as the answer begins.
    struct Pressing(Stop, String);
    impl std::io::Write for Pressing {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            let text = String::from_utf8_lossy(bytes);
            self.1 += &text;
            if !text.contains("crab ▸") {
                self.0.press();
            }
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let mut out = Pressing(stop.clone(), String::new());
    session.settings.max_tokens = 200;
    let flow = respond(
        &mut session,
        "the crab",
        &stop,
        &mut Screen::plain(&mut out),
    )
    .expect("a response");
    assert!(flow.is_continue());
    assert!(out.1.contains("[stopped]"), "{}", out.1);
}

#[test]
fn one_shot_writes_the_answer_and_nothing_else() {
    let model = babbler(256);
    let mut out = Vec::new();
    let reply = one_shot(
        &mut session(&model),
        "the crab",
        &mut Screen::plain(&mut out),
    )
    .expect("a reply");
    let out = String::from_utf8(out).expect("text");
    // A model can write control characters; the screen shows a mark in their place.
    let shown: String = reply
        .text()
        .chars()
        .map(|letter| match letter {
            '\n' | '\t' => letter,
            letter if letter.is_control() => char::REPLACEMENT_CHARACTER,
            letter => letter,
        })
        .collect();
    assert!(out.starts_with(&shown), "{out:?} {reply:?}");
}
