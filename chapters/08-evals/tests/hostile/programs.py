# Hostile programs. Each tries one thing and prints ESCAPED if it got it. `#: name` begins a program; `control` marks
# those that are harmless and must succeed without a sandbox, which shows that the suite can fail; `=Verdict` is
# what the CPython executor must say (or `=This|That`, where it depends on the machine's speed). @FOLDER@, @TCP@, @UDP@, @ABSTRACT@, @PARENT@ and @SECRET@ are filled in by the test.

#: files_passwd control =Failed
print("ESCAPED" if "root" in open("/etc/passwd").read() else "")
#: files_canary control =Failed
print("ESCAPED" if "@SECRET@" in open("@FOLDER@/secret.txt").read() else "")
#: files_canary_by_descriptor control =Failed
import os
print("ESCAPED" if b"@SECRET@" in os.read(os.open("@FOLDER@/secret.txt", os.O_RDONLY), 1000) else "")
#: files_list_root control =Failed
import os
print("ESCAPED", os.listdir("/"))
#: files_list_parents_folder control =Failed
import os
print("ESCAPED", os.listdir("@FOLDER@"))
#: files_walk_up control =Failed
print("ESCAPED" if open("../" * 30 + "etc/passwd").read() else "")
#: files_change_folder control =Failed
import os
os.chdir("@FOLDER@")
print("ESCAPED" if os.listdir(".") else "")
#: files_symlink control
import os
os.symlink("@FOLDER@/secret.txt", "link")
try:
    print("ESCAPED" if "@SECRET@" in open("link").read() else "")
finally:
    os.unlink("link")
#: files_symlink_folder control
import os
os.symlink("/", "up")
try:
    print("ESCAPED" if open("up/etc/passwd").read() else "")
finally:
    os.unlink("up")
#: files_hard_link =Failed
import os
os.link("@FOLDER@/secret.txt", "hard")
print("ESCAPED")
#: files_write_beside_parent =Failed
open("@FOLDER@/planted.txt", "w").write("planted")
print("ESCAPED")
#: files_append =Failed
open("@FOLDER@/secret.txt", "a").write("changed")
print("ESCAPED")
#: files_truncate_by_path =Failed
import os
os.truncate("@FOLDER@/secret.txt", 0)
print("ESCAPED")
#: files_remove =Failed
import os
os.remove("@FOLDER@/secret.txt")
print("ESCAPED")
#: files_rename =Failed
import os
os.rename("@FOLDER@/secret.txt", "mine")
print("ESCAPED")
#: files_rename_away =Failed
import os
os.mkdir("folder")
os.rename("folder", "@FOLDER@/folder")
print("ESCAPED")
#: files_chmod =Failed
import os
os.chmod("@FOLDER@/secret.txt", 0o777)
print("ESCAPED")
#: files_chown =Failed
import os
os.chown("@FOLDER@/secret.txt", os.getuid(), os.getgid())
print("ESCAPED")
#: files_utime =Failed
import os
os.utime("@FOLDER@/secret.txt", (0, 0))
print("ESCAPED")
#: files_attribute =Failed
import os
os.setxattr("@FOLDER@/secret.txt", "user.x", b"1")
print("ESCAPED")
#: files_temporary =Failed
open("/tmp/nanocrab-planted", "w").write("x")
print("ESCAPED")
#: files_shared_memory_folder =Failed
open("/dev/shm/nanocrab-planted", "w").write("x")
print("ESCAPED")
#: files_interpreter =Failed
import sys
open(sys.executable, "r+b").write(b"x")
print("ESCAPED")
#: files_library =Failed
import os
open(os.path.dirname(os.__file__) + "/planted.py", "w").write("x")
print("ESCAPED")
#: files_devices =Failed
for name in ("mem", "kmsg", "vda", "sda", "nvme0n1", "fuse", "kvm", "tty", "ptmx", "nvidia0"):
    try:
        open("/dev/" + name, "rb", buffering=0)
        print("ESCAPED", name)
    except OSError:
        pass
raise OSError
#: files_make_device =Failed
import os, stat
os.mknod("disk", 0o600 | stat.S_IFBLK, os.makedev(254, 0))
print("ESCAPED")
#: files_sysfs =Failed
print("ESCAPED", open("/sys/kernel/mm/transparent_hugepage/enabled").read())
#: files_open_by_handle =Failed
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
if libc.syscall(304, -100, ctypes.create_string_buffer(128), 0) >= 0:
    print("ESCAPED")
raise OSError(ctypes.get_errno(), "open_by_handle_at")
#: files_fill_disk =Failed
with open("large", "wb") as file:
    for _ in range(64):
        file.write(b"x" * (1 << 20))
        file.flush()
print("ESCAPED")
#: files_fill_disk_with_many
written = 0
for number in range(64):
    with open(f"large{number}", "wb") as file:
        written += file.write(b"x" * (1 << 20))
print("ESCAPED" if written > (17 << 20) else "")
#: files_too_many
for number in range(50000):
    open(f"f{number}", "w").close()
print("ESCAPED")
#: files_sparse =Failed
with open("sparse", "wb") as file:
    file.seek(1 << 40)
    file.write(b"x")
print("ESCAPED")
#: proc_own_environment control =Failed
print("ESCAPED" if "NANOCRAB" in open("/proc/self/environ").read() else "")
#: proc_parents_environment control =Failed
print("ESCAPED" if "NANOCRAB" in open("/proc/@PARENT@/environ").read() else "")
#: proc_list control =Failed
import os
print("ESCAPED" if "@PARENT@" in os.listdir("/proc") else "")
#: proc_maps control =Failed
print("ESCAPED" if open("/proc/self/maps").read() else "")
#: proc_root =Failed
for way in ("/proc/1/root", "/proc/self/root", "/proc/self/cwd/../../..", "/proc/@PARENT@/cwd"):
    try:
        open(way + "/etc/passwd").read()
        print("ESCAPED", way)
    except OSError:
        pass
raise OSError
#: proc_memory =Failed
open("/proc/self/mem", "r+b", buffering=0)
print("ESCAPED")
#: proc_parents_descriptors =Failed
import os
print("ESCAPED", os.listdir("/proc/@PARENT@/fd"))
#: proc_mount =Failed
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
if libc.mount(b"proc", b".", b"proc", 0, None) == 0:
    print("ESCAPED")
raise OSError(ctypes.get_errno(), "mount")
#: environment_canary control
import os
print("ESCAPED" if os.environ.get("NANOCRAB_SANDBOX_CANARY") else "")
#: environment_anything
import os
left = {name for name in os.environ if name not in ("LC_CTYPE",)}
print("ESCAPED" if left else "", left)
#: environment_native control
import ctypes
libc = ctypes.CDLL(None)
libc.getenv.restype = ctypes.c_char_p
print("ESCAPED" if libc.getenv(b"NANOCRAB_SANDBOX_CANARY") else "")
#: environment_arguments
import sys
print("ESCAPED" if any("@FOLDER@" in word for word in sys.argv + sys.orig_argv) else "")
#: network_tcp control =Failed
import socket
socket.create_connection(("127.0.0.1", @TCP@), 0.5)
print("ESCAPED")
#: network_tcp6 =Failed
import socket
socket.socket(socket.AF_INET6).bind(("::1", 0))
print("ESCAPED")
#: network_listen control =Failed
import socket
listener = socket.socket()
listener.bind(("127.0.0.1", 0))
listener.listen()
print("ESCAPED")
#: network_udp control =Failed
import socket
socket.socket(type=socket.SOCK_DGRAM).sendto(b"escaped", ("127.0.0.1", @UDP@))
print("ESCAPED")
#: network_unix control =Failed
import socket
socket.socket(socket.AF_UNIX).connect("@FOLDER@/socket")
print("ESCAPED")
#: network_abstract control =Failed
import socket
socket.socket(socket.AF_UNIX).connect("\0@ABSTRACT@")
print("ESCAPED")
#: network_every_family control =Failed
import socket
for family in range(64):
    for kind in (1, 2, 3, 5):
        try:
            socket.socket(family, kind)
            print("ESCAPED", family, kind)
        except OSError:
            pass
raise OSError
#: network_pair control =Failed
import socket
socket.socketpair()
print("ESCAPED")
#: network_native control =Failed
import ctypes, socket
libc = ctypes.CDLL(None, use_errno=True)
if libc.socket(socket.AF_INET, socket.SOCK_STREAM, 0) >= 0:
    print("ESCAPED")
raise OSError(ctypes.get_errno(), "socket")
#: network_netlink control =Failed
import socket
socket.socket(16, socket.SOCK_RAW, 0).bind((0, 0))
print("ESCAPED")
#: network_name =Failed
import socket
print("ESCAPED", socket.getaddrinfo("example.com", 80))
#: network_web =Failed
import urllib.request
print("ESCAPED", urllib.request.urlopen("http://127.0.0.1:@TCP@/", timeout=0.5))
#: network_interfaces =Failed
import socket
names = [name for _, name in socket.if_nameindex()]
print("ESCAPED" if names else "")
#: network_io_uring =Failed
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
if libc.syscall(425, 4, ctypes.create_string_buffer(256)) >= 0:
    print("ESCAPED")
raise OSError(ctypes.get_errno(), "io_uring_setup")
#: process_fork control =Failed
import os
child = os.fork()
if child == 0:
    os._exit(0)
os.waitpid(child, 0)
print("ESCAPED")
#: process_fork_bomb =Failed
import os
while True:
    os.fork()
    print("ESCAPED", flush=True)
#: process_clone =Failed
import ctypes, os, platform
libc = ctypes.CDLL(None, use_errno=True)
child = libc.syscall(56 if platform.machine() == "x86_64" else 220, 17, 0, 0, 0, 0)
if child == 0:
    os._exit(0)
if child > 0:
    print("ESCAPED")
raise OSError(ctypes.get_errno(), "clone")
#: process_vfork_clone3 =Failed
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
arguments = (ctypes.c_uint64 * 11)(0, 0, 0, 0, 17)
child = libc.syscall(435, arguments, 88)
if child == 0:
    os._exit(0)
if child > 0:
    print("ESCAPED")
raise OSError(ctypes.get_errno(), "clone3")
#: process_daemon =Failed
import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        print("ESCAPED", flush=True)
        time.sleep(30)
os._exit(0)
#: process_shell control =Failed
import subprocess
print("ESCAPED", subprocess.run(["/bin/sh", "-c", "echo here"], capture_output=True).stdout)
#: process_system control
import os
print("ESCAPED" if os.system("true") == 0 else "")
#: process_popen control
import os
print("ESCAPED" if os.popen("echo here").read() else "")
#: process_spawn control =Failed
import os
os.posix_spawn("/bin/true", ["true"], {})
print("ESCAPED")
#: process_exec =Failed
import os
os.execv("/bin/sh", ["sh", "-c", "echo ESCAPED"])
#: process_exec_through_linker =Failed
import os
for linker in ("/lib64/ld-linux-x86-64.so.2", "/lib/ld-linux-aarch64.so.1"):
    if os.path.exists(linker):
        os.execv(linker, [linker, "/bin/echo", "ESCAPED"])
raise OSError
#: process_exec_script =Failed
import os
open("script", "w").write("#!/bin/sh\necho ESCAPED\n")
os.execv("./script", ["script"])
#: process_exec_copy =Failed
import os, sys
data = open(sys.executable, "rb").read()
os.fchmod(os.open("copy", os.O_CREAT | os.O_WRONLY, 0o700), 0o700)
open("copy", "wb").write(data)
os.execv("./copy", ["copy", "-c", "print('ESCAPED')"])
#: process_exec_new_file
import os
file = os.open("copy", os.O_CREAT | os.O_WRONLY, 0o700)
os.write(file, b"#!/bin/sh\necho ESCAPED\n")
os.close(file)
os.execv("copy", ["copy"])
#: process_memory_file =Failed
import os
file = os.memfd_create("program")
os.write(file, b"#!/bin/sh\necho ESCAPED\n")
os.execve(file, ["program"], {})
#: process_pool =Failed
import multiprocessing
with multiprocessing.get_context("fork").Pool(2) as pool:
    print("ESCAPED", pool.map(abs, [1, -1]))
#: process_thread_bomb
import threading, time
count = 0
try:
    for _ in range(2000):
        threading.Thread(target=time.sleep, args=(30,), daemon=True).start()
        count += 1
except RuntimeError:
    pass
print("ESCAPED" if count > 100 else "", count)
#: process_thread_bomb_forever
import threading
def again():
    while True:
        try:
            threading.Thread(target=again).start()
        except RuntimeError:
            pass
again()
print("ESCAPED")
#: signal_parent control =Failed
import os
os.kill(@PARENT@, 0)
print("ESCAPED")
#: signal_parent_kill =Failed
import os, signal
os.kill(os.getppid(), signal.SIGKILL)
print("ESCAPED")
#: signal_init =Failed
import os, signal
os.kill(1, signal.SIGKILL)
print("ESCAPED")
#: signal_everyone =Failed
import os, signal
os.kill(-1, signal.SIGTERM)
print("ESCAPED")
#: signal_group =Failed
import os, signal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
os.killpg(0, signal.SIGTERM)
print("ESCAPED")
#: signal_thread =Failed
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
for call, arguments in ((200, (@PARENT@, 0)), (234, (@PARENT@, @PARENT@, 0)), (129, (@PARENT@, 0, 0))):
    if libc.syscall(call, *arguments) == 0:
        print("ESCAPED", call)
raise OSError(ctypes.get_errno(), "tkill")
#: signal_by_descriptor control =Failed
import os
os.pidfd_open(@PARENT@)
print("ESCAPED")
#: signal_by_file_owner =Failed
import fcntl, os
reader, writer = os.pipe()
fcntl.fcntl(reader, fcntl.F_SETOWN, @PARENT@)
print("ESCAPED")
#: trace_parent =Failed
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
if libc.ptrace(16, @PARENT@, 0, 0) == 0:
    print("ESCAPED")
raise OSError(ctypes.get_errno(), "ptrace")
#: trace_init =Failed
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
for request in (16, 0x4206):
    if libc.ptrace(request, 1, 0, 0) == 0:
        print("ESCAPED")
raise OSError(ctypes.get_errno(), "ptrace")
#: trace_memory =Failed
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
buffer = ctypes.create_string_buffer(16)
vector = (ctypes.c_size_t * 2)(ctypes.addressof(buffer), 16)
if libc.process_vm_readv(@PARENT@, vector, 1, vector, 1, 0) >= 0:
    print("ESCAPED")
raise OSError(ctypes.get_errno(), "process_vm_readv")
#: rights_become_root =Failed
import os
os.setuid(0)
print("ESCAPED")
#: rights_groups =Failed
import os
os.setgroups([0])
print("ESCAPED")
#: rights_setuid_program =Failed
import os
for program in ("/usr/bin/su", "/bin/su", "/usr/bin/passwd", "/usr/bin/sudo"):
    try:
        os.execv(program, [program, "--version"])
    except OSError:
        pass
raise OSError
#: rights_setuid_bit =Failed
import os
file = os.open("mine", os.O_CREAT | os.O_WRONLY)
os.fchmod(file, 0o4755)
print("ESCAPED")
#: rights_namespace =Failed
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
if libc.unshare(0x10000000) == 0:
    print("ESCAPED")
raise OSError(ctypes.get_errno(), "unshare")
#: rights_mount =Failed
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
if libc.mount(b"none", b".", b"tmpfs", 0, None) == 0:
    print("ESCAPED")
if libc.umount2(b"/work", 2) == 0:
    print("ESCAPED")
raise OSError(ctypes.get_errno(), "mount")
#: rights_chroot =Failed
import os
os.chroot(".")
print("ESCAPED")
#: rights_join_namespace =Failed
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
if libc.setns(os.open("/proc/@PARENT@/ns/net", os.O_RDONLY), 0) == 0:
    print("ESCAPED")
raise OSError(ctypes.get_errno(), "setns")
#: rights_raise_limit =Failed
import resource
for which in (resource.RLIMIT_AS, resource.RLIMIT_NPROC, resource.RLIMIT_FSIZE):
    try:
        resource.setrlimit(which, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        print("ESCAPED", which)
    except (OSError, ValueError):
        pass
raise OSError
#: rights_parents_limit =Failed
import resource
resource.prlimit(@PARENT@, resource.RLIMIT_NOFILE)
print("ESCAPED")
#: rights_priority =Failed
import os
os.nice(-5)
print("ESCAPED")
#: rights_scheduler =Failed
import os
os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(50))
print("ESCAPED")
#: rights_host_name =Failed
import socket
socket.sethostname("escaped")
print("ESCAPED")
#: rights_clock =Failed
import time
time.clock_settime(time.CLOCK_REALTIME, time.time())
print("ESCAPED")
#: rights_kernel_calls =Failed
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
# bpf, perf_event_open, userfaultfd, add_key, keyctl, init_module, kexec_load, swapon, acct, quotactl, move_pages
for call in (321, 298, 323, 248, 250, 175, 246, 167, 163, 179, 279):
    if libc.syscall(call, 0, 0, 0, 0, 0) >= 0:
        print("ESCAPED", call)
raise OSError(ctypes.get_errno(), "kernel")
#: rights_capability =Failed
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
for option, value in ((8, 1), (28, 0), (22, 0), (38, 0)):  # keep capabilities, secure bits, seccomp off, new privileges
    if libc.prctl(option, value, 0, 0, 0) == 0:
        print("ESCAPED", option)
raise OSError(ctypes.get_errno(), "prctl")
#: rights_outlive_parent =Failed
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
if libc.prctl(1, 0, 0, 0, 0) == 0:
    print("ESCAPED")
raise OSError(ctypes.get_errno(), "prctl")
#: rights_other_architecture
import ctypes, mmap
memory = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
memory.write(b"\xb8\x14\x00\x00\x00\xcd\x80\xc3")  # mov eax, 20 (getpid of 32-bit Linux); int 0x80; ret
address = ctypes.addressof(ctypes.c_char.from_buffer(memory))
number = ctypes.CFUNCTYPE(ctypes.c_int)(address)()
print("ESCAPED" if number > 0 else "", number)
#: rights_x32_calls =Failed
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
if libc.syscall(0x40000000 + 41, 2, 1, 0) >= 0:
    print("ESCAPED")
raise OSError(ctypes.get_errno(), "x32 socket")
#: rights_shared_memory =Failed
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
if libc.shmget(1234, 4096, 0o1600) >= 0:
    print("ESCAPED")
raise OSError(ctypes.get_errno(), "shmget")
#: rights_type_into_terminal =Failed
import fcntl, termios
fcntl.ioctl(0, termios.TIOCSTI, b"x")
print("ESCAPED")
#: descriptors_inherited
import os
for descriptor in range(3, 1000):
    try:
        os.lseek(descriptor, 0, 0)
        if b"@SECRET@" in os.read(descriptor, 1000):
            print("ESCAPED", descriptor)
    except OSError:
        pass
#: descriptors_count
import os
found = []
for descriptor in range(4, 1000):
    try:
        os.fstat(descriptor)
        found.append(descriptor)
    except OSError:
        pass
print("ESCAPED" if found else "", found)
#: descriptors_too_many
files = []
try:
    while len(files) < 500:
        files.append(open("f", "w"))
except OSError:
    pass
print("ESCAPED" if len(files) > 100 else "")
#: memory_one_piece =OutOfMemory
print("ESCAPED", len(bytearray(2 << 30)))
#: memory_list =OutOfMemory
print("ESCAPED", len([0] * (1 << 33)))
#: memory_crumbs =OutOfMemory|TimedOut
crumbs = []
while len(crumbs) < 50_000_000:
    crumbs.append("crumb %d" % len(crumbs))
print("ESCAPED")
#: memory_crumbs_caught
crumbs = []
for attempt in range(3):
    try:
        while len(crumbs) < 50_000_000:
            crumbs.append("crumb %d" % len(crumbs))
        print("ESCAPED")
    except MemoryError:
        pass
#: memory_doubling =OutOfMemory|TimedOut
text = "x"
while len(text) < 1 << 34:
    text += text
print("ESCAPED")
#: memory_map =Failed
import mmap
mmap.mmap(-1, 4 << 30)
print("ESCAPED")
#: memory_power
number = 9**9**9
print("ESCAPED")
#: memory_shift
number = 1 << (1 << 36)
print("ESCAPED")
#: memory_dictionary
table = {}
while len(table) < 50_000_000:
    table[len(table)] = len(table)
print("ESCAPED")
#: memory_threads
import threading
threading.stack_size(1 << 30)
threads = [threading.Thread(target=lambda: None) for _ in range(50)]
for thread in threads:
    thread.start()
print("ESCAPED")
#: memory_deep_call
import sys
sys.setrecursionlimit(10**9)
def down(n):
    return down(n + 1) + 1
down(0)
print("ESCAPED")
#: memory_deep_text
eval("(" * 100000 + ")" * 100000)
print("ESCAPED")
#: memory_deep_list
deep = []
for _ in range(1000000):
    deep = [deep]
repr(deep)
print("ESCAPED")
#: memory_crash =Killed
import ctypes
ctypes.string_at(0)
print("ESCAPED")
#: time_loop =TimedOut
while True:
    pass
print("ESCAPED")
#: time_sleep =TimedOut
import time
time.sleep(30)
print("ESCAPED")
#: time_caught
while True:
    try:
        while True:
            pass
    except BaseException:
        pass
print("ESCAPED")
#: time_deaf =TimedOut
import signal, time
for number in range(1, 65):
    try:
        signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError):
        pass
signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
while True:
    time.sleep(1)
#: time_own_alarm
import signal, time
signal.signal(signal.SIGALRM, lambda *_: None)
signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
while True:
    time.sleep(1)
#: time_native =TimedOut
import ctypes
libc = ctypes.PyDLL(None)  # holds the interpreter's lock while it sleeps
libc.sleep(30)
print("ESCAPED")
#: time_expression
import re
re.match(r"(a+)+$", "a" * 40 + "b")
#: time_digits
import sys
sys.set_int_max_str_digits(0)
text = str(3**9_000_000)
#: time_closed =TimedOut
import os, time
for descriptor in range(64):
    try:
        os.close(descriptor)
    except OSError:
        pass
time.sleep(30)
#: time_threads =Finished
import threading, time
threading.Thread(target=time.sleep, args=(30,)).start()
#: time_exit_handler =Finished
import atexit, time
atexit.register(time.sleep, 30)
#: time_finalizer =Finished
import time
class Slow:
    def __del__(self):
        time.sleep(30)
slow = Slow()
#: time_standard_input =Failed
print("ESCAPED", input())
#: time_stopped
import os, signal
os.kill(os.getpid(), signal.SIGSTOP)
print("ESCAPED")
#: time_exec_in_thread =TimedOut
import os, sys, threading, time
# The signal that comes with a parent's death is a thread's. Who becomes another program from a new thread has none.
name = "python%d.%d" % sys.version_info[:2]
words = [os.path.join(sys.base_prefix, "bin", name), "-I", "-S", "-c", "import time; time.sleep(30)"]
threading.Thread(target=os.execv, args=(words[0], words)).start()
time.sleep(30)
print("ESCAPED")
#: output_flood =TimedOut
while True:
    print("x" * 1000)
#: output_flood_errors =TimedOut
import sys
while True:
    sys.stderr.write("x" * 100000)
#: output_both =TimedOut
import sys
while True:
    sys.stdout.write("x" * 70000)
    sys.stderr.write("y" * 70000)
#: output_bytes
import os
for _ in range(1000):
    os.write(1, b"\xff\x00\xfe" * 1000)
#: output_exception
raise ValueError("x" * 10_000_000)
#: output_exception_that_talks =Failed
class Loud(Exception):
    def __str__(self):
        raise Loud
raise Loud
#: verdict_early_exit =Failed
import os
os._exit(0)
#: verdict_exit =Failed
raise SystemExit(0)
#: verdict_forged =Failed
import os
os.write(3, b"finished\n")
os.write(3, b"\nfinished\n")
os._exit(0)
#: verdict_flood
import os
while True:
    os.write(3, b"finished\n" * 1000)
#: verdict_rebound =Failed
import builtins, os, sys
os.write = os._exit = builtins.open = builtins.type = builtins.str = lambda *_: None
sys.exit = lambda *_: None
raise ValueError
#: verdict_closed
import os
os.close(3)
