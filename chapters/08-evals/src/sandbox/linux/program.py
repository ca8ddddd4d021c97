# ANCHOR: bootstrap
# What the interpreter runs first. The program comes through standard input, which is at its end afterwards; the
# verdict goes out through descriptor 3. Everything used after the program has run is bound before: a program may
# rebind any name of any module.
def start():
    import sys
    from os import _exit, write
    from traceback import print_exc

    source = sys.stdin.buffer
    nonce = source.readline()
    evaluate, limit = source.readline().split()
    limit = int(limit)
    text = source.read()
    sys.stdin = open(0, "r", closefd=False)

    def report(kind, what=""):
        line = nonce + kind + b"\n" + what[: limit + 1].encode("utf-8", "replace")[: limit + 1]
        while line:
            line = line[write(3, line) :]

    # A module of its own, so that pickle, dataclasses and `if __name__ == "__main__"` find what they expect.
    main = type(sys)("__main__")
    main.__builtins__ = __builtins__
    sys.modules["__main__"] = main
    value = None
    try:
        try:
            if evaluate == b"1":
                import ast

                tree = ast.parse(text, "program.py")
                last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
                exec(compile(tree, "program.py", "exec"), main.__dict__)
                if last is not None:
                    value = eval(compile(ast.Expression(last.value), "program.py", "eval"), main.__dict__)
                value = None if value is None else str(value)
            else:
                exec(compile(text, "program.py", "exec"), main.__dict__)
        finally:
            for stream in (sys.stdout, sys.stderr):
                try:
                    stream.flush()
                except BaseException:
                    pass
    except MemoryError:
        report(b"memory")
    except BaseException as error:
        try:
            # Not the exception's own words first: `__str__` may raise, or exit.
            what = type(error).__name__
            what = f"{what}: {error}" if str(error) else what
        except BaseException:
            pass
        try:
            print_exc()
            sys.stderr.flush()
        except BaseException:
            pass
        report(b"raised", what)
    else:
        if type(value) is str:
            report(b"value", value)
        else:
            report(b"finished")
    # At once: no exit handlers, no waiting for threads that the program has left behind.
    _exit(0)


start()
# ANCHOR_END: bootstrap
