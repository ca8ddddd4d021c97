//! What people type: several lines, commands, files; and what the history keeps.

mod babbler;

use babbler::babbler;
use chat::command::Command;
use chat::{
    ChatSettings, Model, Screen, Session, Stop, ask, is_complete, regenerate, respond, unfold,
};
use dataset::{Message, Role};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use transformer::Plain;

fn session(model: &Model) -> Session<'_> {
    let settings = ChatSettings {
        temperature: 1.0,
        top_k: 0,
        max_tokens: 8,
        ..ChatSettings::default()
    };
    Session::new(model, &Plain, settings)
}

/// Sends messages to the chat and gives back what is on the screen.
fn type_in(session: &mut Session<'_>, messages: &[&str]) -> String {
    let mut out = Vec::new();
    for message in messages {
        let mut screen = Screen::plain(&mut out);
        let flow = respond(session, message, &Stop::default(), &mut screen).expect("a response");
        assert!(flow.is_continue());
    }
    String::from_utf8(out).expect("text")
}

#[test]
fn enter_sends_what_is_complete() {
    for complete in [
        "",
        "hello",
        "a\\\nb",
        "```\ncode\n```",
        "see\n```rust\nfn\n```\nthere",
        "a \\ b",
        "use ``` here",
    ] {
        assert!(is_complete(complete), "{complete:?}");
    }
    for open in [
        "hello\\",
        "a\\\nb\\",
        "```",
        "```rust\nfn",
        "see\n```\nfn",
        "```\na\n```\n```",
    ] {
        assert!(!is_complete(open), "{open:?}");
    }
}

#[test]
fn what_only_held_the_lines_together_is_taken_away() {
    for (typed, said) in [
        ("hello", "hello"),
        ("first\\\nsecond\\\nthird", "first\nsecond\nthird"),
        ("```\nfirst\nsecond\n```", "first\nsecond"),
        ("```\n/not a command\\\n```", "//not a command\\"),
        ("```rust\nfn f() {}\n```", "```rust\nfn f() {}\n```"),
        ("look:\n```\na\\\nb\n```", "look:\n```\na\\\nb\n```"),
        ("pasted\nlines", "pasted\nlines"),
        ("", ""),
    ] {
        assert_eq!(unfold(typed), said, "{typed:?}");
    }
}

#[test]
fn commands_are_read() {
    let path = |name: &str| PathBuf::from(name);
    for (line, command) in [
        ("/topp 0.9", Command::TopP(Some(0.9))),
        ("/topp", Command::TopP(None)),
        (
            "/system be brief",
            Command::System(Some("be brief".to_string())),
        ),
        ("/system off", Command::System(Some(String::new()))),
        ("/system", Command::System(None)),
        ("/save a file.json", Command::Save(path("a file.json"))),
        ("/load x", Command::Load(path("x"))),
        ("/regenerate", Command::Regenerate),
        ("//usr/bin", Command::Say("/usr/bin".to_string())),
        ("say /this", Command::Say("say /this".to_string())),
    ] {
        assert_eq!(Command::parse(line), command, "{line}");
    }
}

#[test]
fn instructions_stand_in_front_and_are_never_forgotten() {
    let model = babbler(96);
    let mut session = session(&model);
    let screen = type_in(&mut session, &["/system be brief", "/system"]);
    assert_eq!(screen.matches("[instructions: be brief]").count(), 2);
    let mut forgotten = 0;
    for turn in 0..10 {
        let question = format!("the crab {turn}");
        let reply = ask(&mut session, &question, &mut |_| ControlFlow::Continue(()));
        forgotten += reply.expect("a reply").forgotten;
    }
    assert!(forgotten > 0);
    assert_eq!(session.system.as_deref(), Some("be brief"));
    // They take room: what just fits without them does not fit with them.
    let room = |session: &mut Session<'_>| {
        let reply = ask(session, &"\u{1}".repeat(500), &mut |_| {
            ControlFlow::Continue(())
        });
        match reply.expect_err("too long") {
            chat::Error::QuestionTooLong { room, .. } => room,
            other => panic!("{other}"),
        }
    };
    let with = room(&mut session);
    type_in(&mut session, &["/system off"]);
    assert_eq!(session.system, None);
    assert!(room(&mut session) > with);
}

#[test]
fn instructions_that_fill_the_context_are_what_has_to_be_shortened() {
    let model = babbler(96);
    let mut session = session(&model);
    let long = format!("/system {}", "\u{1}".repeat(200)); // one token each
    let screen = type_in(&mut session, &[&long, "the crab"]);
    for said in ["200 tokens", "context of 96", "`/system off`"] {
        assert!(screen.contains(said), "{screen}");
    }
    assert!(!screen.contains("fewer words"), "{screen}");
    assert!(session.messages().is_empty());
    let screen = type_in(&mut session, &["/system off", "the crab"]);
    assert!(screen.contains("tokens/s]"), "{screen}");
}

#[test]
fn regenerate_puts_another_answer_in_the_old_one_s_place() {
    let model = babbler(256);
    let mut session = session(&model);
    assert!(type_in(&mut session, &["/regenerate"]).contains("nothing was asked yet"));
    let none = regenerate(&mut session, &mut |_| ControlFlow::Continue(()));
    assert_eq!(none.expect("no error"), None);
    type_in(&mut session, &["the crab", "the sand"]);
    let before = session.messages().to_vec();
    let screen = type_in(&mut session, &["/regenerate"]);
    assert!(screen.contains("tokens/s]"), "{screen}");
    let after = session.messages();
    assert_eq!(after[..3], before[..3]);
    assert_eq!(after.len(), 4);
    assert_ne!(after[3], before[3]);
}

#[test]
fn a_conversation_survives_on_disk() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("my chat.json");
    let name = file.to_str().expect("text");
    let model = babbler(256);
    let mut first = session(&model);
    let save = format!("/save {name}");
    let screen = type_in(
        &mut first,
        &["/system be brief", "the \"crab\"\n🦀", "the sand", &save],
    );
    assert!(screen.contains("[saved to "), "{screen}");
    let mut second = session(&model);
    let screen = type_in(&mut second, &["something else", &format!("/load {name}")]);
    assert!(screen.contains("[2 turns from "), "{screen}");
    assert_eq!(second.messages(), first.messages());
    assert_eq!(second.system.as_deref(), Some("be brief"));
    // It is a line of training data: chapter 02 reads it.
    let text = std::fs::read_to_string(&file).expect("the file");
    let conversation: dataset::Conversation = serde_json::from_str(&text).expect("a conversation");
    assert_eq!(conversation.messages[0].role, Role::System);
    conversation.check().expect("fit for training");
    let files = std::fs::read_dir(folder.path()).expect("a folder").count();
    assert_eq!(files, 1, "nothing half written is left");
}

#[test]
fn files_that_cannot_be_used_change_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| {
        std::fs::write(folder.path().join(name), text).expect("written");
    };
    write("broken.json", "{");
    write(
        "half.json",
        r#"{"messages": [{"role": "user", "content": "a"}]}"#,
    );
    write(
        "swapped.json",
        r#"{"messages": [{"role": "assistant", "content": "a"}, {"role": "user", "content": "b"}]}"#,
    );
    let model = babbler(256);
    let mut session = session(&model);
    type_in(&mut session, &["the crab"]);
    let before: Vec<Message> = session.messages().to_vec();
    let path = |name: &str| folder.path().join(name).display().to_string();
    for (name, says, remedy) in [
        ("missing.json", "No such file", "name a file that /save"),
        ("broken.json", "EOF", "mend it, or name a file"),
        (
            "half.json",
            "turn 1 is not a question",
            "leave the turn out",
        ),
        ("swapped.json", "turn 1 is not a question", "mend the file"),
    ] {
        let screen = type_in(&mut session, &[&format!("/load {}", path(name))]);
        for part in [name, says, remedy] {
            assert!(screen.contains(part), "{screen}");
        }
    }
    let screen = type_in(
        &mut session,
        &[&format!("/save {}", path("no/folder.json")), "/save /"],
    );
    for part in ["cannot be written", "name a file in a folder that is there"] {
        assert_eq!(screen.matches(part).count(), 2, "{screen}");
    }
    assert!(!Path::new("/.part").exists());
    assert_eq!(session.messages(), before);
}
