//! What the executors say about programs that mean no harm, and what they do on a machine that denies them something.

#[cfg(target_os = "linux")]
mod denied;
#[cfg(target_os = "linux")]
mod skipped;

use evals::sandbox::{Executor, Limits, Monty, Verdict};

const WORKER: &str = env!("CARGO_BIN_EXE_sandbox-worker");

fn monty() -> Monty {
    Monty::with_worker(WORKER).unwrap()
}

fn answers_like_a_calculator(executor: &dyn Executor) {
    let answer = |code: &str| executor.answer(code);
    assert_eq!(Some("42".to_owned()), answer("6*7"));
    assert_eq!(
        Some("10.0".to_owned()),
        answer("20/2"),
        "a quotient is a float, as Python prints it"
    );
    assert_eq!(Some("3".to_owned()), answer("'strawberry'.count('r')"));
    assert_eq!(
        Some("abc".to_owned()),
        answer("'abc'"),
        "as print, not as repr"
    );
    assert_eq!(
        Some("[1, 4, 9]".to_owned()),
        answer("x = [1, 2, 3]\n[n * n for n in x]")
    );
    assert_eq!(Some("7".to_owned()), answer("print(3 + 4)"));
    assert_eq!(Some("a\n1".to_owned()), answer("print('a')\n1"));
    assert_eq!(None, answer("x = 1"), "nothing to say");
    assert_eq!(None, answer("1 / 0"));
    assert_eq!(None, answer("6 *"));
    assert_eq!(None, answer(""));
    assert_eq!(
        None,
        answer("'x' * 100000"),
        "an answer with its end cut off is none"
    );
    assert_eq!(Some("ü→🦀".to_owned()), answer("'ü→🦀'"));
}

fn verdicts_name_what_happened(executor: &dyn Executor) {
    let limits = Limits {
        seconds: 1.0,
        memory_bytes: 192 << 20,
        output_bytes: 1000,
        ..Limits::default()
    };
    let run = |program: &str| executor.run(program, &limits);
    assert_eq!(Verdict::Finished, run("x = 1").verdict);
    assert_eq!(
        Verdict::Finished,
        run("def f(n):\n    return n\nassert f(2) == 2").verdict
    );
    assert_eq!(
        Verdict::Failed("ZeroDivisionError: division by zero".to_owned()),
        run("1 / 0").verdict
    );
    assert!(
        matches!(run("assert 1 == 2").verdict, Verdict::Failed(what) if what.starts_with("AssertionError"))
    );
    assert!(
        matches!(run("def f(:").verdict, Verdict::Failed(what) if what.starts_with("SyntaxError"))
    );
    assert!(
        matches!(run("nothing").verdict, Verdict::Failed(what) if what.starts_with("NameError"))
    );
    assert_eq!(Verdict::TimedOut, run("while True:\n    pass").verdict);
    assert_eq!(Verdict::OutOfMemory, run("x = [0] * (1 << 33)").verdict);
    assert_eq!(None, run("5").value, "run has no value, evaluate has");
    let printed = run("print('out')\nraise ValueError('no')");
    assert_eq!("out\n", printed.stdout);
    assert!(
        printed.stderr.contains("ValueError: no"),
        "{}",
        printed.stderr
    );
    let long = run("for n in range(1000):\n    print('ä' * 10)");
    assert_eq!(
        Verdict::Finished,
        long.verdict,
        "too much output is cut, not punished"
    );
    assert!(long.truncated && long.stdout.len() <= 1000 && long.stdout.len() > 900);
    // Nothing of one program is seen by the next.
    run("leftover = 1");
    assert!(matches!(run("leftover").verdict, Verdict::Failed(_)));
    // Limits that make no sense are limits still.
    for seconds in [f64::NAN, -1.0, 0.0] {
        assert_eq!(
            Verdict::TimedOut,
            executor
                .run("while True:\n    pass", &limits.with_seconds(seconds))
                .verdict
        );
    }
    // A long program passes through the pipes whole.
    let long = format!("x = '{}'\nassert len(x) == 1000000", "y".repeat(1_000_000));
    assert_eq!(Verdict::Finished, run(&long).verdict);
    assert!(matches!(
        run("x = 1\0").verdict,
        Verdict::Failed(_) | Verdict::Finished
    ));
}

#[test]
fn monty_answers_like_a_calculator() {
    answers_like_a_calculator(&monty());
}

#[test]
fn monty_verdicts_name_what_happened() {
    verdicts_name_what_happened(&monty());
}

#[test]
fn a_power_tower_is_refused_and_the_same_executor_answers_the_next_question() {
    let monty = monty();
    assert_eq!(
        Verdict::OutOfMemory,
        monty.evaluate("9**9**9", &Limits::tool()).verdict
    );
    assert_eq!(Some("2".to_owned()), monty.answer("1+1"));
}

#[test]
fn a_worker_that_dies_is_replaced() {
    let monty = monty();
    // Memory in crumbs between two looks at the counter ends in the allocator, which ends the worker.
    for _ in 0..2 {
        let outcome = monty.run(
            "x = []\nwhile True:\n    x.append(str(len(x)))",
            &Limits::tool().with_seconds(20.0),
        );
        assert_eq!(Verdict::OutOfMemory, outcome.verdict);
        assert_eq!(Some("2".to_owned()), monty.answer("1+1"));
    }
}

#[test]
fn one_executor_serves_many_threads() {
    let monty = monty();
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let monty = &monty;
            scope.spawn(move || {
                for n in 0..20 {
                    assert_eq!(
                        Some((thread * n).to_string()),
                        monty.answer(&format!("{thread} * {n}"))
                    );
                }
            });
        }
    });
}

#[test]
fn a_program_that_is_no_worker_is_named_with_the_line_it_lacks() {
    let error = Monty::with_worker("/bin/true").err().unwrap().to_string();
    assert!(
        error.contains("/bin/true") && error.contains("serve_if_worker"),
        "{error}"
    );
    let error = Monty::with_worker("/nowhere/worker")
        .err()
        .unwrap()
        .to_string();
    assert!(error.contains("/nowhere/worker"), "{error}");
    // This test program itself: its harness does not know the option, and does not start the tests again.
    let error = Monty::new().err().unwrap().to_string();
    assert!(error.contains("serve_if_worker"), "{error}");
}

#[cfg(not(target_os = "linux"))]
#[test]
fn cpython_says_that_it_needs_linux_and_what_to_use_instead() {
    let error = evals::sandbox::CPython::with_worker(WORKER)
        .err()
        .unwrap()
        .to_string();
    assert!(
        error.contains("Linux") && error.contains("Monty"),
        "{error}"
    );
}

#[cfg(target_os = "linux")]
mod linux {
    use super::*;
    use crate::denied::where_refused;
    use crate::skipped::skip;
    use evals::sandbox::{CPython, Error, Layer};

    #[test]
    fn cpython_answers_like_a_calculator() {
        answers_like_a_calculator(&CPython::with_worker(WORKER).unwrap());
    }

    #[test]
    fn cpython_verdicts_name_what_happened() {
        verdicts_name_what_happened(&CPython::with_worker(WORKER).unwrap());
    }

    #[test]
    fn leaving_early_is_not_passing() {
        let cpython = CPython::with_worker(WORKER).unwrap();
        for program in [
            "import os\nos._exit(0)",
            "import sys\nsys.exit(0)",
            "raise SystemExit",
            "quit()",
        ] {
            let verdict = cpython.run(program, &Limits::default()).verdict;
            assert!(
                matches!(verdict, Verdict::Failed(_)),
                "{program}: {verdict:?}"
            );
        }
    }

    #[test]
    fn ordinary_modules_work_behind_the_fences() {
        let cpython = CPython::with_worker(WORKER).unwrap();
        let program = "
import collections, dataclasses, decimal, functools, hashlib, heapq, itertools, json, math, os, pickle, random, re
import statistics, string, tempfile, threading, typing
@dataclasses.dataclass
class Point:
    x: int
assert pickle.loads(pickle.dumps(Point(3))) == Point(3)
results = []
threads = [threading.Thread(target=results.append, args=(n,)) for n in range(4)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
assert sorted(results) == [0, 1, 2, 3]
assert os.listdir('.') == [] and os.getcwd()
with open('note.txt', 'w') as file:
    file.write('mine')
assert open('note.txt').read() == 'mine'
os.makedirs('a/b'); os.rename('note.txt', 'a/b/note.txt'); os.remove('a/b/note.txt')
assert __name__ == '__main__'
assert hashlib.sha256(b'x').hexdigest().startswith('2d711642')
";
        let outcome = cpython.run(program, &Limits::default());
        assert_eq!(Verdict::Finished, outcome.verdict, "{}", outcome.stderr);
    }

    fn refused(layers: &[Layer]) -> Vec<&str> {
        layers
            .iter()
            .filter(|layer| !layer.is_active())
            .map(|layer| layer.name.as_str())
            .collect()
    }

    const NAMESPACES: [&str; 6] = [
        "host name namespace",
        "ipc namespace",
        "mount namespace",
        "network namespace",
        "process namespace",
        "user namespace",
    ];

    #[test]
    fn without_namespaces_it_runs_behind_the_others_and_names_them_in_every_outcome() {
        where_refused(&[libc::SYS_unshare], libc::EPERM, || {
            let cpython = match CPython::with_worker(WORKER) {
                Ok(cpython) => cpython,
                // Root's programs run as `nobody`; without a root of their own they need a Python outside root's home.
                Err(error @ Error::NoPython { .. }) => return skip(error),
                Err(error) => panic!("{error}"),
            };
            let outcome = cpython.run("open('/etc/passwd')", &Limits::default());
            assert!(
                matches!(outcome.verdict, Verdict::Failed(what) if what.starts_with("PermissionError"))
            );
            let mut names = refused(&outcome.refused);
            names.sort_unstable();
            assert_eq!(NAMESPACES.to_vec(), names);
            let reason = outcome.refused[0].to_string();
            assert!(
                reason.contains("not permitted") && reason.contains("containers"),
                "{reason}"
            );
            // What the namespaces would have done, the others do.
            for program in [
                "import socket\nsocket.socket()",
                "import os\nos.fork()",
                "import os\nos.kill(os.getppid(), 9)",
                "import os\nos.listdir('/')",
                "import subprocess\nsubprocess.run(['/bin/true'])",
            ] {
                let verdict = cpython.run(program, &Limits::default()).verdict;
                assert!(
                    matches!(verdict, Verdict::Failed(_)),
                    "{program}: {verdict:?}"
                );
            }
            let sleeping = cpython.run(
                "import time\ntime.sleep(60)",
                &Limits::default().with_seconds(0.5),
            );
            assert_eq!(Verdict::TimedOut, sleeping.verdict);
            assert!(sleeping.seconds < 1.5, "{}", sleeping.seconds);
        });
    }

    #[test]
    fn without_namespaces_and_landlock_it_refuses_unless_told_to_run_unprotected() {
        where_refused(
            &[libc::SYS_unshare, libc::SYS_landlock_create_ruleset],
            libc::ENOSYS,
            || {
                match CPython::with_worker(WORKER) {
                    Err(Error::Unprotected { missing }) => {
                        assert!(missing.contains("landlock"), "{missing}")
                    }
                    Err(error) => panic!("{error}"),
                    Ok(_) => panic!("it runs unprotected"),
                }
                let told = match CPython::builder()
                    .worker(WORKER)
                    .allow_unprotected()
                    .build()
                {
                    Ok(told) => told,
                    Err(error @ Error::NoPython { .. }) => return skip(error),
                    Err(error) => panic!("{error}"),
                };
                let outcome = told.run("x = 1", &Limits::default());
                assert_eq!(Verdict::Finished, outcome.verdict);
                assert!(refused(&outcome.refused).contains(&"landlock"));
                assert!(refused(&told.protections()).contains(&"landlock"));
            },
        );
    }

    #[test]
    fn without_seccomp_it_refuses() {
        where_refused(
            &[libc::SYS_seccomp],
            libc::ENOSYS,
            || match CPython::with_worker(WORKER).err().unwrap() {
                Error::Unprotected { missing } => assert!(missing.contains("seccomp"), "{missing}"),
                error => panic!("{error}"),
            },
        );
    }

    #[test]
    fn monty_names_the_layers_that_are_missing_and_works() {
        where_refused(&[libc::SYS_landlock_create_ruleset], libc::ENOSYS, || {
            let monty = monty();
            assert_eq!(vec!["landlock"], refused(&monty.protections()));
            let outcome = monty.evaluate("2", &Limits::tool());
            assert_eq!(Some("2".to_owned()), outcome.value);
            assert_eq!(vec!["landlock"], refused(&outcome.refused));
        });
    }

    #[test]
    fn a_python_that_does_not_exist_is_named() {
        let error = CPython::builder()
            .worker(WORKER)
            .python("/nowhere/python3")
            .build()
            .err()
            .unwrap()
            .to_string();
        assert!(
            error.contains("/nowhere/python3") && error.contains("apt install"),
            "{error}"
        );
    }
}
