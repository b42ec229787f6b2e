"""auth: whether the time until a refusal tells a name that exists from one that does not (P-070).

Wrong passwords for names of the configuration and for made-up ones take turns, each name once and from an address of its own,
so that the delay of repeated failures (`auth_failures.hpp`) stays out of it. Timed is AUTH alone: from the command to its reply.
"""
import base64
import socket
import ssl
import statistics
import subprocess
import time

import machine
import report

CONFIGURATION = """
node: {{name: bench.example, data_directory: data}}
ingress:
  smtp: [{{name: door, address: "127.0.0.1:0", profile: submission, tls: {{mode: implicit, certificate: door.pem, key: door.key}}}}]
http: {{admin: {{address: "127.0.0.1:0"}}}}
clients:
{clients}
destinations:
  onprem: {{adapter: smtp, hosts: ["127.0.0.1:9"], zone: on_prem}}
policy: {{routes: [{{name: all, via: [onprem]}}]}}
"""
CLIENT = "  - {{name: c{n}, username: user-{n}, password_hash: {{env: BENCH_HASH}}}}"


def arguments(group):
    group.add_argument("--auth-pairs", type=int, help="refusals of each kind in a run (default 300)")


def pair_of_keys(folder):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", folder / "door.key", "-out", folder / "door.pem",
                    "-subj", "/CN=bench.example", "-days", "2"], check=True, capture_output=True)


def refusal_ms(address, source, name):
    """How long the answer to a wrong password takes."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection(address, timeout=60, source_address=(source, 0)) as plain, context.wrap_socket(plain) as session:
        replies = session.makefile("rb")

        def ask(command):
            if command:
                session.sendall(command)
            while (line := replies.readline())[3:4] == b"-":
                pass
            return line

        ask(b"")
        ask(b"EHLO bench.test\r\n")
        command = b"AUTH PLAIN " + base64.b64encode(f"\0{name}\0not the password".encode()) + b"\r\n"
        begun = time.monotonic()
        reply = ask(command)
        took = 1000 * (time.monotonic() - begun)
        if not reply.startswith(b"535 5.7.8 "):
            raise SystemExit(f"{name} was answered {reply!r}")
        session.sendall(b"QUIT\r\n")
        return took


def run(bench, options):
    pairs = options.auth_pairs or 300
    hashed = subprocess.run([bench.binary, "hash-password"], input=b"the password", check=True, capture_output=True).stdout.decode().strip()
    for _ in range(bench.runs):
        folder = bench.folder("door").resolve()
        pair_of_keys(folder)
        clients = "\n".join(CLIENT.format(n=n) for n in range(pairs))
        configuration = CONFIGURATION.format(clients=clients).replace("door.pem", str(folder / "door.pem")).replace("door.key", str(folder / "door.key"))
        gateway = bench.gateway(configuration, environment={"BENCH_HASH": hashed})
        noise, cpu, known, unknown = machine.Noise(), gateway.cpu(), [], []
        try:
            for n in range(pairs):
                # Who comes first takes turns as well: what is warm then would favour the second.
                turns = [(known, f"user-{n}"), (unknown, f"nobody-{n}")]
                for place, (times, name) in enumerate(turns if n % 2 == 0 else reversed(turns)):
                    times.append(refusal_ms(gateway.addresses["door"], f"127.{1 + place}.{n // 250}.{1 + n % 250}", name))
            used = gateway.cpu() - cpu
        finally:
            gateway.kill()
        wrong, nobody = statistics.median(known), statistics.median(unknown)
        bench.record({"pairs": pairs, "wrong_password_ms": wrong, "unknown_name_ms": nobody,
                      "difference_pct": 100 * abs(wrong - nobody) / max(wrong, nobody), **noise.row(used)})


def tables(rows):
    keys = ["pairs", "wrong_password_ms", "unknown_name_ms", "difference_pct", "other_cpu_pct"]
    return report.table(["runs", *(k.replace("_", " ") for k in keys)], [[len(rows), *(report.spread(rows, k) for k in keys)]])


def complete(rows):
    return bool(rows) and all(r["pairs"] > 0 for r in rows)
