"""The storage shim from the test's side: one gateway with faults that are armed while it runs."""
import mmap
import os
import pathlib
import struct

KINDS = {"open": 1, "write": 2, "sync": 3, "rename": 4, "unlink": 5, "truncate": 6, "close": 7, "allocate": 8}
MODES = {"once": 1, "forever": 2, "kill": 3}


class StorageFaults:
    def __init__(self, directory, log=None):
        self.directory = pathlib.Path(directory)
        self.data = self.directory / "data"
        self.data.mkdir(exist_ok=True)
        path = self.directory / "storage.control"
        path.write_bytes(bytes(64))
        self.file = open(path, "r+b")
        self.words = mmap.mmap(self.file.fileno(), 64)
        self.environment = {"LD_PRELOAD": os.environ["STORAGE_SHIM"], "STORAGE_SHIM_ROOT": str(self.data), "STORAGE_SHIM_CONTROL": str(path)}
        if log:
            self.environment["STORAGE_SHIM_LOG"] = str(log)

    def _set(self, index, value):
        self.words[index * 8:index * 8 + 8] = struct.pack("<Q", value)

    def _get(self, index):
        return struct.unpack("<Q", self.words[index * 8:index * 8 + 8])[0]

    def arm(self, at=0, mode="once", number=5, kinds=()):
        """Counts from now on; the `at`-th call fails (0: none)."""
        self._set(1, 0)
        for index, value in ((0, 0), (2, at), (3, MODES[mode]), (4, number), (5, 0), (6, sum(1 << KINDS[k] for k in kinds))):
            self._set(index, value)
        self._set(1, 1)

    def disarm(self):
        self._set(1, 0)

    @property
    def calls(self):
        return self._get(0)

    @property
    def failed(self):
        return self._get(5)
