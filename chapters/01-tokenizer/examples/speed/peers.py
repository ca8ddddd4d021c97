"""rustbpe and tiktoken, timed on request: a question on each line of the input, an answer in JSON on each of the output."""

import array
import base64
import hashlib
import importlib
import importlib.metadata
import json
import pathlib
import sys
import time

folder = pathlib.Path(sys.argv[1])
documents = json.loads((folder / "documents.json").read_bytes())
pattern = (folder / "pattern.txt").read_text()


def load(name):
    try:
        return importlib.import_module(name), importlib.metadata.version(name)
    except ImportError:
        return None, None


rustbpe, rustbpe_version = load("rustbpe")
tiktoken, tiktoken_version = load("tiktoken")
trained = None  # rustbpe encodes with what it trained itself
encoding = None
if tiktoken:
    lines = (folder / "ranks.tiktoken").read_text().splitlines()
    ranks = {base64.b64decode(token): int(rank) for token, rank in map(str.split, lines)}
    encoding = tiktoken.Encoding("ours", pat_str=pattern, mergeable_ranks=ranks, special_tokens={})


def say(answer):
    print(json.dumps(answer), flush=True)


def train(size):
    tokenizer = rustbpe.Tokenizer()
    tokenizer.train_from_iterator(iter(documents), size, pattern=pattern)
    return tokenizer


def timed(work):
    begin, cpu = time.perf_counter(), time.process_time()
    result = work()
    return result, {"seconds": time.perf_counter() - begin, "cpu_seconds": time.process_time() - cpu}


say({"rustbpe": rustbpe_version, "tiktoken": tiktoken_version})
for question in sys.stdin:
    match question.split():
        case ["train", "rustbpe", size]:
            tokenizer, taken = timed(lambda: train(int(size)))
            tokens = sorted(tokenizer.get_mergeable_ranks(), key=lambda token: token[1])
            text = "".join(bytes(token).hex() + "\n" for token, _ in tokens)
            say(taken | {"digest": hashlib.sha256(text.encode()).hexdigest()})
        case ["encode", who, threads]:
            if who == "rustbpe" and trained is None:
                trained = train(len(ranks))
            if who == "rustbpe":
                work = lambda: [trained.encode(document) for document in documents]
            elif threads == "1":
                work = lambda: [encoding.encode_ordinary(document) for document in documents]
            else:
                work = lambda: encoding.encode_ordinary_batch(documents, num_threads=int(threads))
            ids, taken = timed(work)
            numbers = array.array("I", [id for document in ids for id in document])
            say(taken | {"digest": hashlib.sha256(numbers.tobytes()).hexdigest()})
