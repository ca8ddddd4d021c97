//! The real `openai` Python client talks to the server: the proof of compatibility that matters.
//!
//! It is installed from its package into a virtual environment below the target folder, once. Where there is no Python
//! or no package index, the test says so and passes; with NANOCRAB_NO_SKIP=1 it fails.

mod babbler;
mod server;

use chat::ServerSettings;
use server::{Gate, start, start_with};
use std::path::{Path, PathBuf};
use std::process::Command;
use tokenizer::Special;

const OPENAI: &str = "openai==3.54.0";

fn skip(why: &str) {
    assert!(
        std::env::var_os("NANOCRAB_NO_SKIP").is_none_or(|value| value != "1"),
        "not skipped: {why}"
    );
    println!("skipped: {why}");
}

/// The Python of an environment that has the client.
fn python() -> Result<PathBuf, String> {
    let run = |program: &Path, arguments: &[&str]| {
        let output = Command::new(program)
            .args(arguments)
            .output()
            .map_err(|error| format!("{}: {error}", program.display()))?;
        match output.status.success() {
            true => Ok(()),
            false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
        }
    };
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(OPENAI);
    let python = folder.join("bin/python");
    let import = "import openai, sys; sys.exit(openai.__version__ != sys.argv[1])";
    let version = OPENAI.split("==").nth(1).expect("a pinned version");
    if run(&python, &["-c", import, version]).is_err() {
        run(
            Path::new("python3"),
            &["-m", "venv", "--clear", folder.to_str().expect("text")],
        )?;
        run(&python, &["-m", "pip", "install", "--quiet", OPENAI])?;
        run(&python, &["-c", import, version])?;
    }
    Ok(python)
}

const SCRIPT: &str = r#"
import sys
import openai
from openai import OpenAI

url, key, scripted = sys.argv[1:]
client = OpenAI(base_url=url + "/v1", api_key=key, max_retries=0)

models = [model.id for model in client.models.list()]
assert models == ["babbler"], models
assert client.models.retrieve("babbler").id == "babbler"

ask = dict(model="babbler", messages=[{"role": "system", "content": "be brief"}, {"role": "user", "content": "the crab"}],
           max_tokens=24, seed=5, temperature=1)
whole = client.chat.completions.create(**ask, logprobs=True, top_logprobs=2, extra_body={"top_k": 20})
choice = whole.choices[0]
assert choice.message.role == "assistant" and choice.finish_reason in ("stop", "length")
assert whole.usage.total_tokens == whole.usage.prompt_tokens + whole.usage.completion_tokens
assert len(choice.logprobs.content) == whole.usage.completion_tokens
assert len(choice.logprobs.content[0].top_logprobs) == 2
spelt = b"".join(bytes(token.bytes or []) for token in choice.logprobs.content)
assert spelt.decode("utf-8", "replace") == choice.message.content

streamed, usage, reason, roles = "", None, None, []
stream = client.chat.completions.create(**ask, stream=True, stream_options={"include_usage": True}, extra_body={"top_k": 20})
for chunk in stream:
    usage = chunk.usage or usage
    for part in chunk.choices:
        roles += [part.delta.role] if part.delta.role else []
        streamed += part.delta.content or ""
        reason = part.finish_reason or reason
assert streamed == choice.message.content, (streamed, choice.message.content)
assert (reason, roles) == (choice.finish_reason, ["assistant"])
assert usage == whole.usage, (usage, whole.usage)

with client.chat.completions.stream(**ask, extra_body={"top_k": 20}) as helper:
    assert "".join(event.delta for event in helper if event.type == "content.delta") == streamed

raw = client.completions.create(model="babbler", prompt="the sand", max_tokens=6, seed=1)
again = "".join(chunk.choices[0].text for chunk in
                client.completions.create(model="babbler", prompt="the sand", max_tokens=6, seed=1, stream=True))
assert raw.choices[0].text == again

def refused(kind, **fields):
    try:
        client.chat.completions.create(**{**ask, **fields})
    except kind as error:
        return error
    raise AssertionError(f"{kind} was not raised")

error = refused(openai.BadRequestError, temperature=3)
assert error.param == "temperature" and "from 0 to 2" in error.message, error
assert refused(openai.NotFoundError, model="gpt-5").code == "model_not_found"
assert refused(openai.BadRequestError, messages=[{"role": "user", "content": "\x01" * 300}]).code == "context_length_exceeded"
wrong = OpenAI(base_url=url + "/v1", api_key="wrong", max_retries=0)
try:
    wrong.models.list()
    raise AssertionError("a wrong key was let in")
except openai.AuthenticationError as error:
    assert error.code == "invalid_api_key"

# A model that uses its tool: the client sees text, and the rest as an extension.
client = OpenAI(base_url=scripted + "/v1", api_key="none", max_retries=0)
text, tools = "", []
for chunk in client.chat.completions.create(**{**ask, "temperature": 0}, stream=True):
    delta = chunk.choices[0].delta
    text += delta.content or ""
    tools += [delta.nanocrab] if hasattr(delta, "nanocrab") else []
assert text == "so it is", text
assert tools == [{"kind": "python", "text": "12*7"}, {"kind": "output", "text": "84"}], tools
print("all is well with openai", openai.__version__)
"#;

#[test]
fn the_openai_client_understands_every_answer() {
    let python = match python() {
        Ok(python) => python,
        Err(why) => return skip(&format!("{OPENAI} cannot be installed: {why}")),
    };
    let server = start(ServerSettings {
        api_key: Some("sesame".to_string()),
        ..ServerSettings::default()
    });
    let tokenizer = &server.tokenizer;
    let special = |s| tokenizer.special(s);
    let mut ids = tokenizer.encode("so ");
    ids.push(special(Special::PythonStart));
    ids.extend(tokenizer.encode("12*7"));
    ids.push(special(Special::PythonEnd));
    let forced = tokenizer.encode("84").len() + 2; // logits that nobody looks at
    ids.extend(std::iter::repeat_n(special(Special::Bos), forced));
    ids.extend(tokenizer.encode("it is"));
    ids.push(special(Special::AssistantEnd));
    let scripted = start_with(ServerSettings::default(), Gate::open(), ids);

    let output = Command::new(python)
        .args(["-c", SCRIPT, &server.url(""), "sesame", &scripted.url("")])
        // A proxy of the machine has no business between the two.
        .env("NO_PROXY", "127.0.0.1,localhost")
        .output()
        .expect("Python starts");
    let (out, err) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(
        output.status.success() && out.contains("all is well"),
        "{out}\n{err}"
    );
    println!("{}", out.trim());
}
