//! What a learner types: `check`, `next`, `hint`, `solution`, `status`, `reset`.

use crate::beside::{beside, terminal_width};
use crate::catalogue::{self, Chapter, Exercise, chosen, numbered};
use crate::generate::{State, compare};
use crate::record::{Record, Standing};
use crate::sheet::HINTS;
use crate::stub::answer;
use crate::trial::{self, Built, Whose};
use crate::{Error, Project};
use std::fs;
use std::path::PathBuf;

// ANCHOR: course
/// The exercises, and where the learner stands with them.
pub struct Course<'p> {
    project: &'p Project,
    chapters: Vec<Chapter>,
    record: Record,
}

impl<'p> Course<'p> {
    /// # Errors
    /// A solution whose sheet cannot be read.
    pub fn open(project: &'p Project) -> Result<Self, Error> {
        Ok(Course {
            project,
            chapters: catalogue::chapters(project)?,
            record: Record::read(project),
        })
    }

    /// The first that is not green: of a chapter, if it is named and has one, or else of the course.
    fn next_open(&self, chapter: Option<u32>) -> Option<Exercise> {
        let all = || self.chapters.iter().flat_map(|chapter| &chapter.exercises);
        let is_open =
            |exercise: &&Exercise| self.record.standing(self.project, exercise) != Standing::Green;
        let of_chapter = |exercise: &&Exercise| Some(exercise.chapter) == chapter;
        let here = all().filter(of_chapter).find(is_open);
        here.or_else(|| all().find(is_open)).cloned()
    }

    /// Those that are named; without a name the next one, and none if all are green.
    fn named(&self, named: Option<&str>) -> Result<Vec<Exercise>, Error> {
        match named {
            Some(named) => chosen(&self.chapters, named),
            None => Ok(self.next_open(None).into_iter().collect()),
        }
    }

    /// The first of those that are named; says so where there is none left.
    fn one(&self, named: Option<&str>) -> Result<Option<Exercise>, Error> {
        let exercise = self.named(named)?.into_iter().next();
        if exercise.is_none() {
            println!("{ALL_GREEN}");
        }
        Ok(exercise)
    }

    /// The path that the learner sees.
    fn shown(&self, exercise: &Exercise) -> String {
        format!("exercises/{}/{}", exercise.folder, exercise.file())
    }
}
// ANCHOR_END: course

// ANCHOR: check
impl Course<'_> {
    /// Judges exercises; `true` when all are green. With `reference`, the solutions stand in the learner's place.
    ///
    /// # Errors
    /// [`Error::UnknownExercise`], [`Error::Trial`], and files that cannot be read or written.
    pub fn check(&mut self, named: Option<&str>, reference: bool) -> Result<bool, Error> {
        let exercises = self.named(named)?;
        let Some(first) = exercises.first() else {
            println!("{ALL_GREEN}");
            return Ok(true);
        };
        let whose = if reference {
            Whose::Reference
        } else {
            Whose::Learner
        };
        let program = match trial::build(self.project, first.chapter, whose)? {
            Built::Program(program) => program,
            Built::Broken(files) => {
                println!("\n{}", self.broken(&exercises, whose, &files));
                return Ok(false);
            }
        };
        // The exercises of a chapter are one crate; what is said of the others' files can wait.
        let of_others = |file: &str| {
            let path = file.rsplit_once('/').map_or(file, |(_, name)| name);
            numbered(path).is_some() && !exercises.iter().any(|one| self.shown(one) == file)
        };
        let warnings = program.warnings.iter();
        warnings
            .filter(|warning| !of_others(&warning.file))
            .for_each(|warning| eprintln!("{}\n", warning.text));
        let scores = program.judge(self.project, &exercises)?;
        let green = scores.iter().all(trial::Score::is_green);
        if reference {
            println!(
                "{}",
                if green {
                    REFERENCE_HOLDS
                } else {
                    REFERENCE_FAILS
                }
            );
            return Ok(green);
        }
        for exercise in &exercises {
            let is_green =
                |score: &trial::Score| score.exercise == exercise.number && score.is_green();
            let green = scores.iter().any(is_green);
            self.record.judged(self.project, exercise, green)?;
        }
        match exercises.as_slice() {
            [one] if green => self.compare_with_reference(one)?,
            [one] => self.offer_help(one),
            all => {
                let count = scores.iter().filter(|score| score.is_green()).count();
                println!("\n{count} of {} green", all.len());
            }
        }
        if green {
            println!("\n{}", self.next_in_words(Some(first.chapter)));
        }
        Ok(green)
    }

    /// What is said when it does not compile: another exercise's file may be the reason.
    fn broken(&self, exercises: &[Exercise], whose: Whose, files: &[String]) -> String {
        if whose == Whose::Reference {
            return "The solution does not compile: what the compiler says stands above.".into();
        }
        let is_judged = |file: &String| exercises.iter().any(|one| self.shown(one) == *file);
        let all = self.chapters.iter().flat_map(|chapter| &chapter.exercises);
        let guilty = all.clone().find(|one| files.contains(&self.shown(one)));
        match (exercises, guilty) {
            ([one], Some(other)) if !files.iter().any(is_judged) => format!(
                "{one} cannot be judged: the exercises of a chapter are one crate, and {} does not compile. Mend it, or put its stub back with `cargo course reset {other}`.",
                self.shown(other)
            ),
            _ => "Your code does not compile yet: what the compiler says stands above.".into(),
        }
    }

    fn compare_with_reference(&self, exercise: &Exercise) -> Result<(), Error> {
        let [yours, reference] = [
            exercise.learners_file(self.project),
            exercise.solution_file(self.project),
        ]
        .map(|path| {
            fs::read_to_string(&path)
                .map(|text| (path.clone(), text))
                .map_err(|e| Error::file(&path, e))
        });
        let ((path, yours), (_, reference)) = (yours?, reference?);
        let yours = answer(&path, &yours, &reference)?;
        let theirs = answer(&path, &reference, &reference)?;
        println!("\n{exercise} is green. Yours beside the reference:\n");
        let columns = (("yours", yours.as_str()), ("reference", theirs.as_str()));
        print!("{}", beside(columns.0, columns.1, terminal_width()));
        if let Some(notes) = &exercise.sheet.notes {
            println!("\n{notes}");
        }
        if exercise.sheet.plugs_in {
            let chapter = exercise.chapter;
            println!("\nIt plugs in: `./speedrun.sh --mine {chapter:02}` trains with it.");
        }
        Ok(())
    }

    fn offer_help(&self, exercise: &Exercise) {
        println!("\nYou write in {}", self.shown(exercise));
        match HINTS.saturating_sub(self.record.hints(exercise)) {
            0 => println!(
                "All hints are given: `cargo course solution {exercise}` shows the solution"
            ),
            1 => println!("`cargo course hint {exercise}` gives a hint, the last one"),
            left => println!("`cargo course hint {exercise}` gives a hint ({left} left)"),
        }
    }

    /// The file that a check of this name would judge first.
    ///
    /// # Errors
    /// [`Error::UnknownExercise`].
    pub fn file(&self, named: Option<&str>) -> Result<Option<PathBuf>, Error> {
        let exercises = self.named(named)?;
        Ok(exercises
            .first()
            .map(|exercise| exercise.learners_file(self.project)))
    }
}

const ALL_GREEN: &str = "All exercises are green. `cargo course status` lists them.";
const REFERENCE_HOLDS: &str = "\nThe solution holds on this machine. If your answer does not, the difference is in your file.";
const REFERENCE_FAILS: &str = "\nThe solution fails on this machine. This is not your fault: run `cargo course doctor`, and report what you see above.";
// ANCHOR_END: check

// ANCHOR: next
impl Course<'_> {
    /// What comes next, in a chapter if one is named.
    ///
    /// # Errors
    /// [`Error::UnknownExercise`].
    pub fn next(&self, named: Option<&str>) -> Result<(), Error> {
        let chapter = match named {
            Some(_) => self.named(named)?.first().map(|first| first.chapter),
            None => None,
        };
        println!("{}", self.next_in_words(chapter));
        Ok(())
    }

    fn next_in_words(&self, chapter: Option<u32>) -> String {
        let Some(exercise) = self.next_open(chapter) else {
            return ALL_GREEN.to_string();
        };
        let sheet = &exercise.sheet;
        let plugs = if sheet.plugs_in {
            ", plugs into the speedrun"
        } else {
            ""
        };
        format!(
            "Next: {exercise} {} ({} minutes, difficulty {} of 5{plugs})\n  Goal: {}\n  write in {}\n  judge with `cargo course check {exercise}`",
            exercise.name,
            sheet.minutes,
            sheet.difficulty,
            sheet.goal,
            self.shown(&exercise)
        )
    }

    /// Shows one hint more than the last time.
    ///
    /// # Errors
    /// [`Error::UnknownExercise`], and a record that cannot be written.
    pub fn hint(&mut self, named: Option<&str>) -> Result<(), Error> {
        if let Some(exercise) = self.one(named)? {
            let shown = (self.record.hints(&exercise) + 1).min(HINTS);
            for (hint, n) in exercise.sheet.hints.iter().zip(1..).take(shown) {
                println!(
                    "{exercise} {}, hint {n} of {HINTS}\n\n{hint}\n",
                    exercise.name
                );
            }
            if shown == HINTS {
                println!(
                    "That was the last one. `cargo course solution {exercise}` shows the solution."
                );
            }
            self.record.hinted(&exercise, shown)?;
        }
        Ok(())
    }

    /// Shows the solution.
    ///
    /// # Errors
    /// [`Error::UnknownExercise`], and a file that cannot be read.
    pub fn solution(&self, named: Option<&str>) -> Result<(), Error> {
        if let Some(exercise) = self.one(named)? {
            let path = exercise.solution_file(self.project);
            let text = fs::read_to_string(&path).map_err(|e| Error::file(&path, e))?;
            let answer = answer(&path, &text, &text)?;
            println!(
                "solutions/{}/{}\n\n{answer}",
                exercise.folder,
                exercise.file()
            );
            if let Some(notes) = &exercise.sheet.notes {
                println!("\n{notes}");
            }
        }
        Ok(())
    }
}
// ANCHOR_END: next

// ANCHOR: status
impl Course<'_> {
    /// A table of the whole course.
    ///
    /// # Errors
    /// The chapters' folder cannot be read.
    pub fn status(&self) -> Result<(), Error> {
        let (mut green, mut all, mut minutes) = (0, 0, 0);
        for folder in catalogue::names(&self.project.root.join("chapters"))? {
            let Some(chapter) = self
                .chapters
                .iter()
                .find(|chapter| chapter.folder == folder)
            else {
                println!("{folder}: no exercises yet");
                continue;
            };
            println!("{folder}");
            for exercise in &chapter.exercises {
                let sheet = &exercise.sheet;
                let (mark, said) = match self.record.standing(self.project, exercise) {
                    Standing::Green => ("✓", ""),
                    Standing::ChangedSince => ("~", "changed since it was green"),
                    Standing::Open => ("·", ""),
                };
                let hints = match self.record.hints(exercise) {
                    0 => String::new(),
                    n => format!("{n} of {HINTS} hints"),
                };
                let plugs = if sheet.plugs_in { "plugs in" } else { "" };
                let words = [plugs, &hints, said]
                    .into_iter()
                    .filter(|word| !word.is_empty());
                let line = format!(
                    "  {mark} {:<6} {:<22} {:>4} min  {}{}  {}",
                    exercise.to_string(),
                    exercise.name,
                    sheet.minutes,
                    "●".repeat(sheet.difficulty as usize),
                    "○".repeat(5usize.saturating_sub(sheet.difficulty as usize)),
                    words.collect::<Vec<_>>().join(", ")
                );
                println!("{}", line.trim_end());
                all += 1;
                match mark {
                    "✓" => green += 1,
                    _ => minutes += sheet.minutes,
                }
            }
        }
        println!(
            "\n{green} of {all} green, about {} h {} min to go",
            minutes / 60,
            minutes % 60
        );
        Ok(())
    }

    /// Puts the stub back. The learner's version is kept beside the compiled programs.
    ///
    /// # Errors
    /// [`Error::UnknownExercise`], and files that cannot be read or written.
    pub fn reset(&mut self, named: &str) -> Result<(), Error> {
        for exercise in chosen(&self.chapters, named)? {
            let chapter = self
                .chapters
                .iter()
                .find(|chapter| chapter.number == exercise.chapter);
            let comparison = compare(self.project, chapter.expect("the exercise came from there"))?;
            let file = exercise.file();
            if comparison.files.get(&file) == Some(&State::Same) {
                println!("{exercise} is as it was at the start");
                continue;
            }
            let path = exercise.learners_file(self.project);
            if path.exists() {
                let kept = self.keep(&exercise, &path)?;
                println!("your version is kept in {}", kept.display());
            }
            comparison.put(&file)?;
            self.record.judged(self.project, &exercise, false)?;
            println!(
                "{exercise} is as it was at the start: {}",
                self.shown(&exercise)
            );
        }
        Ok(())
    }

    /// Copies a file to a name that is still free.
    fn keep(&self, exercise: &Exercise, path: &std::path::Path) -> Result<PathBuf, Error> {
        let folder = self.project.target_folder().join("course/kept");
        fs::create_dir_all(&folder).map_err(|e| Error::file(&folder, e))?;
        let name = |n: u32| folder.join(format!("{exercise}-{}-{n}.rs", exercise.name));
        let free = (1..)
            .map(name)
            .find(|path| !path.exists())
            .expect("some number is free");
        fs::copy(path, &free).map_err(|e| Error::file(&free, e))?;
        Ok(free)
    }
}
// ANCHOR_END: status
