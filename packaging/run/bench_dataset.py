"""Measures coverslipctl beside dvc on the same disk and prints a table in Markdown.

    bench_dataset.py DVC RUNS [SHAPE…]

SHAPE is a, b or c: 10,000 × 100 KB, 200 × 20 MB, one file of 4 GiB. Each figure is of a whole
command: wall seconds, CPU seconds and peak memory, medians of RUNS, ours and dvc's in turn.
What was written before is on the disk (sync) and in memory when a command starts. dvc does
not sync what it writes and does not verify what it pulls; Coverslip does both.

S3 is measured where COVERSLIP_TEST_S3 has the address of a server; its CPU is not counted.
16 GB of the disk are in use at most. The load of the machine is printed with each shape.
"""
import itertools
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

CTL = os.path.abspath("build/coverslipctl")
SHAPES = {"a": (10_000, 100_000), "b": (200, 20_000_000), "c": (1, 4 << 30)}
WARM = {"a": 3 << 30, "b": 3 << 30, "c": 6 << 30}
NAMES = {"a": "10,000 × 100 KB", "b": "200 × 20 MB", "c": "4 GiB"}
KEYS = {"access_key_id": os.environ.get("VERSITYGW_ACCESS", "labadmin"),
        "secret_access_key": os.environ.get("VERSITYGW_SECRET", "labsecret123")}
BUCKET = "coverslip-bench"


def warm(size):
    """Touches memory that the next command may take: a virtual machine gets each page from
    its host when it is touched first, which costs more than what is to be measured. In a
    program of its own: a child begins with its parent's peak."""
    code = "import mmap; mmap.mmap(-1, %d, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | mmap.MAP_POPULATE)" % size
    subprocess.run([sys.executable, "-c", code], check=True)


def remove(*paths):
    for path in paths:
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path)
        elif os.path.lexists(path):
            os.remove(path)


class Bench:
    def __init__(self, dvc, runs, top, warmth):
        self.dvc, self.runs, self.top, self.warmth = dvc, runs, top, warmth
        self.env = {**os.environ, "DVC_NO_ANALYTICS": "1", "DVC_SITE_CACHE_DIR": os.path.join(top, "site")}

    def timed(self, command, cwd):
        """Wall and CPU seconds and peak MB of a command, its children included."""
        os.sync()
        warm(self.warmth)
        begun = time.monotonic()
        with tempfile.TemporaryFile() as said:
            child = subprocess.Popen(command, cwd=cwd, env=self.env, stdout=said, stderr=subprocess.STDOUT)
            _, code, used = os.wait4(child.pid, 0)
            wall = time.monotonic() - begun
            child.returncode = os.waitstatus_to_exitcode(code)
            if child.returncode:
                said.seek(0)
                sys.exit(f"{command}: {said.read().decode()}")
        return wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024

    def call(self, *command, cwd):
        subprocess.run(command, cwd=cwd, env=self.env, check=True, stdout=subprocess.DEVNULL)

    def row(self, name, ours, theirs, before=lambda who: None, after=lambda: None):
        """ours and theirs are (command, folder); before prepares for a run of either."""
        figures = {"ours": [], "dvc": []}
        for _ in range(self.runs):
            for who, (command, cwd) in (("ours", ours), ("dvc", theirs)):
                before(who)
                figures[who].append(self.timed(command, cwd))
        after()
        a, b = ([statistics.median(x[k] for x in figures[w]) for k in range(3)] for w in ("ours", "dvc"))
        print(f"| {name} | {a[0]:.3f} s / {a[1]:.2f} s / {a[2]:.0f} MB | {b[0]:.2f} s / {b[1]:.2f} s / {b[2]:.0f} MB (dvc) "
              f"| {b[0] / a[0]:.1f}× / {b[1] / max(a[1], 0.001):.1f}× |", flush=True)
        return b[0]

    def bound(self, name, command, cwd, theirs, before=lambda: None):
        """What no program that does so much can be faster than, and what ratio that leaves
        beside dvc's seconds."""
        walls = []
        for _ in range(self.runs):
            before()
            walls.append(self.timed(command, cwd)[0])
        wall = statistics.median(walls)
        print(f"| – bound: {name} | {wall:.3f} s | | {theirs / wall:.1f}× |", flush=True)


def tree(folder, files, size):
    os.makedirs(folder)
    for i in range(files):
        with open(os.path.join(folder, f"f{i:05}.bin"), "wb") as f:
            for at in range(0, size, 16 << 20):
                f.write(os.urandom(min(16 << 20, size - at)))


def dataset(b, dir, link=None):
    b.call("git", "init", "-q", dir, cwd=b.top)
    b.call(CTL, "-C", dir, "init", cwd=b.top)
    if link:
        b.call(b.dvc, "config", "cache.type", link, cwd=dir)
    b.call("git", "-c", "user.name=Bench", "-c", "user.email=bench@localhost", "commit", "-qam", "start", "--allow-empty", cwd=dir)


def aside(b, dir, *names):
    """Moves folders out of the way and empties their files: ext4 is slow to make files for
    minutes after thousands were removed, as it does not use their inodes again so soon."""
    for name in names:
        path = os.path.join(dir, name)
        if not os.path.lexists(path):
            continue
        there = tempfile.mkdtemp(prefix="aside-", dir=b.top) + "/it"
        os.rename(path, there)
        for at, _, files in os.walk(there):
            for f in files:
                file = os.path.join(at, f)
                if not os.path.islink(file) and os.stat(file).st_nlink == 1:
                    os.chmod(file, 0o644)
                    os.truncate(file, 0)


def forget(b, dir):
    """As if the folder had never been added."""
    aside(b, dir, ".dvc/cache", ".dvc/tmp")
    remove(os.path.join(dir, "data.dvc"), os.path.join(dir, ".gitignore"))
    for name in os.listdir(os.path.join(dir, "data")):
        path = os.path.join(dir, "data", name)
        if os.path.islink(path) or not os.stat(path).st_mode & 0o200:  # a link into the cache
            os.chmod(path, 0o644)


def more(dir, files, size, round):
    """One in a hundred files is new."""
    for i in range(max(1, files // 100)):
        with open(os.path.join(dir, "data", f"new{round}-{i}.bin"), "wb") as f:
            f.write(os.urandom(min(size, 64 << 20)))


def adding(b, shape, link):
    """add; of many files once more with some new ones, and status. Both programs work on
    copies of the same files."""
    files, size = SHAPES[shape]
    name = NAMES[shape] + (f", {link}" if link else "")
    dirs = {"ours": os.path.join(b.top, "ours"), "dvc": os.path.join(b.top, "dvc")}
    for dir in dirs.values():
        dataset(b, dir, link)
    tree(os.path.join(dirs["ours"], "data"), files, size)
    shutil.copytree(os.path.join(dirs["ours"], "data"), os.path.join(dirs["dvc"], "data"))
    pair = lambda *words: (([CTL, *words], dirs["ours"]), ([b.dvc, *words, "-q"] if words[0] != "status" else [b.dvc, *words], dirs["dvc"]))

    def fresh(who):
        forget(b, dirs[who])
        remove(os.path.join(b.top, "site"))

    theirs = b.row(f"add, {name}", *pair("add", "data"), before=fresh)
    if shape == "c":
        b.bound("md5sum of it", ["md5sum", "data/f00000.bin"], dirs["dvc"], theirs)
    for dir in dirs.values():
        b.call("git", "add", "-A", cwd=dir)
        b.call("git", "-c", "user.name=Bench", "-c", "user.email=bench@localhost", "commit", "-qm", "data", cwd=dir)
    b.call(b.dvc, "add", "-q", "data", cwd=dirs["dvc"])
    if shape == "a":
        rounds = itertools.count()
        b.row(f"add, 1 % new, {name}", *pair("add", "data"), before=lambda who: more(dirs[who], files, size, next(rounds)))
        b.call("git", "commit", "-qam", "more", "--allow-empty", "--author", "Bench <bench@localhost>", cwd=dirs["ours"])
        b.row(f"status, clean, {name}", *pair("status"))
    return dirs


def remote(b, dirs, url, options):
    for who, dir in dirs.items():
        where = os.path.join(url, who) if "://" in url else os.path.join(b.top, "remote-" + who)
        if "://" not in url:
            remove(where)
            os.makedirs(where)
        b.call(b.dvc, "remote", "add", "-q", "-f", "-d", "there", where, cwd=dir)
        for k, v in options.items():
            b.call(b.dvc, "remote", "modify", "-q", "--local", "there", k, v, cwd=dir)


class Bucket:
    """A bucket of the test server, driven with the library that dvc brings."""

    def __init__(self, dvc, address):
        self.python, self.address = os.path.join(os.path.dirname(dvc), "python"), address

    def do(self, words):
        code = ("import sys, botocore.session as s\n"
                "c = s.get_session().create_client('s3', endpoint_url=sys.argv[1], region_name='us-east-1',"
                " aws_access_key_id=sys.argv[2], aws_secret_access_key=sys.argv[3])\n"
                "B, P = sys.argv[4], sys.argv[5]\n" + words)
        return lambda prefix: subprocess.run([self.python, "-c", code, self.address, *KEYS.values(), BUCKET, prefix], check=True)

    def make(self):
        self.do("try: c.create_bucket(Bucket=B)\nexcept c.exceptions.ClientError: pass")("")

    def empty(self, prefix):
        self.do("for p in c.get_paginator('list_objects_v2').paginate(Bucket=B, Prefix=P):\n"
                "  k = [{'Key': o['Key']} for o in p.get('Contents', [])]\n"
                "  if k: c.delete_objects(Bucket=B, Delete={'Objects': k})")(prefix)


def pairs(b, dirs, *words):
    return ([CTL, *words], dirs["ours"]), ([b.dvc, *words, "-q"], dirs["dvc"])


def pushing(b, shape, dirs, kind, url, options, fresh):
    """push; of many files also of nothing new. fresh makes a program's remote an empty one."""
    remote(b, dirs, url, options)

    def bare(who):
        fresh(who)
        remove(os.path.join(dirs[who], ".dvc/tmp/coverslip"))
        if who == "dvc":
            b.call(b.dvc, "status", cwd=dirs[who])
            remove(os.path.join(b.top, "site"))

    theirs = b.row(f"push, {kind}, {NAMES[shape]}", *pairs(b, dirs, "push"), before=bare)
    if kind == "folder":
        b.bound("cp -r of the cache, and sync", ["bash", "-c", "cp -r .dvc/cache/files ../remote-cp && sync -f ../remote-cp"],
                dirs["ours"], theirs, lambda: aside(b, b.top, "remote-cp"))
    if shape == "a":
        b.row(f"push, {kind}, nothing new, {NAMES[shape]}", *pairs(b, dirs, "push"))


def pulling(b, shape, dirs, kind):
    """pull into an empty cache and work tree."""
    def cold(who):
        aside(b, dirs[who], ".dvc/cache", ".dvc/tmp", "data")
        remove(os.path.join(b.top, "site"))

    b.row(f"pull, {kind}, {NAMES[shape]}", *pairs(b, dirs, "pull"), before=cold)


def in_folder(b, shape, dirs):
    fresh = lambda who: aside(b, os.path.join(b.top, "remote-" + who), "files")
    pushing(b, shape, dirs, "folder", "remote", {}, fresh)


def in_s3(b, shape, dirs, address):
    bucket = Bucket(b.dvc, address)
    bucket.make()
    run = f"run-{os.getpid()}"
    places = itertools.count()

    def fresh(who):
        if shape != "a":  # there is no room for all
            bucket.empty(f"{run}/{who}")
        b.call(b.dvc, "remote", "modify", "-q", "there", "url", f"s3://{BUCKET}/{run}/{who}/{next(places)}", cwd=dirs[who])

    try:
        pushing(b, shape, dirs, "S3", f"s3://{BUCKET}/{run}", {"endpointurl": address, "region": "us-east-1", **KEYS}, fresh)
        if shape == "a":
            pulling(b, shape, dirs, "S3")
    finally:
        bucket.empty(run)


def shape(dvc, runs, letter, top, address):
    b = Bench(dvc, runs, top, WARM[letter])
    print(f"| load when {NAMES[letter]} began: {os.getloadavg()[0]:.1f} | | | |", flush=True)
    dirs = adding(b, letter, "hardlink" if letter == "b" else None)
    if letter == "a":
        in_folder(b, letter, dirs)
    if address and letter != "c":
        in_s3(b, letter, dirs, address)


def main(dvc, runs, letters):
    for letter in letters:
        with tempfile.TemporaryDirectory(prefix="coverslip-bench-") as top:
            shape(dvc, runs, letter, top, os.environ.get("COVERSLIP_TEST_S3", ""))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3:] or list(SHAPES))
