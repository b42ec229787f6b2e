"""The load tools (tools/) as objects: numbered mail in at one end, accounted for at the other."""
import json
import select
import subprocess

import processes


class Tool:
    """A tool that answers each line on its standard input with one JSON line."""

    def __init__(self, bench, name, **options):
        command = [bench.tool(name)]
        for key, value in options.items():
            if value is not None:
                command += ["--" + key.replace("_", "-"), str(value)]
        self.name = name
        self.process = subprocess.Popen([str(c) for c in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, line="count"):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def cpu(self):
        return processes.cpu_of(self.process.pid)

    def stop(self):
        """Closing its standard input ends it."""
        if self.process.poll() is None:
            self.process.stdin.close()
            self.process.wait(30)
        self.process.stdout.close()


class Sink(Tool):
    def __init__(self, bench, port=None, **options):
        self.port = port or processes.free_port()
        super().__init__(bench, "numbered_sink", port=self.port, **options)
        processes.wait_until(lambda: processes.accepts(self.port), "the numbered sink", 10)


class Source(Tool):
    def __init__(self, bench, port, count, **options):
        self.count = count
        super().__init__(bench, "numbered_source", port=port, count=count, **options)

    def result(self, limit):
        """Its last line, once it has ended; it must have delivered everything."""
        if not select.select([self.process.stdout], [], [], limit)[0]:
            so_far = self.ask()
            self.stop()
            raise SystemExit(f"the source took longer than {limit} s: {so_far}")
        answer = json.loads(self.process.stdout.readline())
        self.process.wait(30)
        self.stop()
        if self.process.returncode != 0 or answer["accepted"] < self.count:
            raise SystemExit(f"the source ended with {self.process.returncode}: {answer}")
        return answer


def read_log(path):
    """{number: [nanoseconds ...]} of a source's or a sink's log."""
    with open(path) as lines:
        return {int(line.split()[0]): [int(x) for x in line.split()[1:]] for line in lines}
