"""What stands between smtp-source and smtp-sink: each with start, stop, queued, cpu and rss."""
import os
import pathlib
import subprocess

import processes

HERE = pathlib.Path(__file__).resolve().parent


class Direct:
    """Nothing: the generator straight into the sink, the limit of the measurement itself."""
    name = "direct"

    def __init__(self, bench, sink_port):
        self.port = sink_port

    def start(self):
        pass

    def stop(self):
        pass

    def queued(self):
        return 0

    def cpu(self):
        return 0.0

    def rss(self):
        return 0.0


class BareRelay:
    """The least a durable relay can do (tools/bare_relay.c): the upper bound."""
    name = "limit"

    def __init__(self, bench, sink_port):
        self.port, self.sink_port = processes.free_port(), sink_port
        self.binary, self.directory = bench.tool("bare_relay"), bench.folder(self.name)
        self.process = None

    def start(self):
        log = open(self.directory / "stderr", "ab")
        self.process = subprocess.Popen([self.binary, str(self.port), str(self.sink_port), self.directory / "log", "1", "16"],
                                        stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        log.close()
        processes.wait_until(lambda: processes.accepts(self.port), "the bare relay", 10)

    def stop(self):
        if self.process:
            self.process.terminate()
            self.process.wait()
            self.process = None
            (self.directory / "log").unlink(missing_ok=True)

    def queued(self):
        return 0

    def cpu(self):
        return processes.cpu_of(self.process.pid)

    def rss(self):
        return processes.rss_mb(self.process.pid)


RELAY_CONFIGURATION = """
node: {{name: bench.example, data_directory: data}}
ingress:
  smtp: [{{name: door, address: "127.0.0.1:0", allow_networks: [127.0.0.0/8]}}]
http: {{admin: {{address: "127.0.0.1:0"}}}}
clients:
  - {{name: local, networks: [127.0.0.0/8]}}
destinations:
  onprem: {{adapter: smtp, hosts: ["127.0.0.1:{sink}"], zone: on_prem, connections: 64}}
policy:
  routes:
    - {{name: everything, via: [onprem]}}
"""


class Stellwerk:
    """The gateway with its defaults: history on, a sync before every acknowledgement. Only `connections` is set, as for the tuned
    peers: attempts are counted from the accept commit on, so 20 sessions keep more than the default of 20 in flight."""
    name = "stellwerk"
    more = ""  # configuration

    def __init__(self, bench, sink_port):
        self.bench, self.sink_port, self.gateway, self.port = bench, sink_port, None, None

    def start(self):
        self.gateway = self.bench.gateway(RELAY_CONFIGURATION.format(sink=self.sink_port) + self.more)
        self.port = self.gateway.addresses["door"][1]

    def stop(self):
        if self.gateway:
            self.gateway.stop()
            self.gateway = None

    def queued(self):
        return self.gateway.queued()

    def cpu(self):
        return self.gateway.cpu()

    def rss(self):
        return self.gateway.rss()


class Unsynced(Stellwerk):
    """The same without a sync: what durability costs. Its acknowledgement promises nothing."""
    name = "unsynced"
    more = "spool: {sync: false}\n"


class Peer:
    """Another relay, in a directory of its own, by a script of peers/ with the verbs start, stop and queued."""

    def __init__(self, bench, sink_port, script, variant):
        self.name = f"{script}-{variant}"
        self.port, self.group, self.script = processes.free_port(), None, HERE / "peers" / f"{script}.sh"
        self.directory = bench.folder(self.name)
        for folder in [self.directory, *self.directory.parents]:
            if folder == bench.directory.parent:
                break
            folder.chmod(0o755)  # peers drop their privileges
        self.environment = {**os.environ, "DIR": str(self.directory), "LISTEN": str(self.port), "SINK": str(sink_port),
                            "VARIANT": variant}

    def call(self, verb, **more):
        with open(self.directory / "ctl.log", "ab") as log:
            return subprocess.run([self.script, verb], env=self.environment, stdin=subprocess.DEVNULL, stderr=log, timeout=90,
                                  **{"stdout": log, **more})

    def start(self):
        self.group = processes.Group(self.name)
        self.call("start", check=True, preexec_fn=self.group.adopt)
        processes.wait_until(lambda: processes.accepts(self.port), self.name, 30)

    def stop(self):
        if self.group:
            self.call("stop")
            self.group.close()
            self.group = None

    def queued(self):
        return int(self.call("queued", stdout=subprocess.PIPE).stdout.strip() or 0)

    def cpu(self):
        return self.group.cpu()

    def rss(self):
        return self.group.rss()


def make(name, bench, sink_port):
    plain = {"direct": Direct, "limit": BareRelay, "stellwerk": Stellwerk, "unsynced": Unsynced}
    if name in plain:
        return plain[name](bench, sink_port)
    script, _, variant = name.partition("-")
    if not (HERE / "peers" / f"{script}.sh").exists():
        raise SystemExit(f"no target {name}: {', '.join(plain)}, or PEER-VARIANT such as postfix-tuned")
    return Peer(bench, sink_port, script, variant)
