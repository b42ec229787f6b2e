"""Banned calls and words as data. Each row: name, pattern over code without comments and literals, where it is looked
for, where it is allowed, and what to write instead."""

PRODUCT = ["base/", "mail/", "policy/", "adapters/", "gateway/"]
EVERYWHERE = [*PRODUCT, "tests/"]
# Tests of the seams that own real timers and threads; they poll with a limit.
REAL_TIME_TESTS = ["tests/unit/base/async/", "tests/unit/base/net/", "tests/support/"]

BANNED_CALLS = [
    ("clock", r"\b(std::chrono::)?(system_clock|steady_clock|high_resolution_clock)::now\b|\bgettimeofday\s*\(|\bclock_gettime\s*\(|(?<![\w.>:])(std::|::)?time\s*\(\s*(nullptr|NULL|0)\s*\)",
     [*PRODUCT, "tests/unit/", "tests/simulation/"], # Asio's timers run on the steady clock of the system: the seams that own timers may ask it.
     ["base/clock.cpp", "base/async/", "base/net/", *REAL_TIME_TESTS], "take a `const clock&` (base/clock.hpp)"),
    ("chance", r"(?<![\w.>])(std::|::)?s?rand\s*\(|\bstd::random_device\b|\bstd::mt19937", EVERYWHERE, ["base/random.cpp"],
     "take a `random_source&` (base/random.hpp)"),
    ("detached task", r"\bdetached\b", PRODUCT, ["base/async/"], "spawn through async::task_group, which can stop it and wait for it"),
    ("co_spawn", r"\bco_spawn\s*\(", PRODUCT, ["base/async/"], "spawn through async::task_group"),
    ("detached thread", r"\.\s*detach\s*\(\s*\)", EVERYWHERE, [], "own a std::jthread and join it"),
    ("sleep", r"\bthis_thread::sleep_|(?<![\w.>])(::)?u?sleep\s*\(|\bnanosleep\s*\(", EVERYWHERE, REAL_TIME_TESTS,
     "wait on a condition with a limit, or use a timer of base/async"),
    ("console output", r"\bstd::(cout|cerr|clog)\b|(?<![\w.>])(std::)?f?printf\s*\(|\bfmt::print\b|(?<![\w.>])(std::)?(puts|fputs)\s*\(",
     PRODUCT, ["gateway/cli/", "gateway/app/"], "log through base/log.hpp; only the command line prints"),
    ("file", r"(?<!\w)::(open|openat|creat|rename|unlink|mkdir|read|write|pwrite|pread)\s*\(|\bopen\s*\([^)]*\bO_|(?<![\w.>:])(std::|::)?(fopen|fsync|fdatasync|ftruncate)\s*\(|\bstd::(basic_)?(i|o)?fstream\b",
     PRODUCT, ["base/", "gateway/spool/embedded/",
     # Not mail: the configuration read at a reload, the record of the stand-ins, the descriptor of the log.
     "gateway/config/", "gateway/simulate/recorder", "gateway/telemetry/log_sink"], "go through a file seam: the spool's file system, base elsewhere"),
    ("environment", r"\b(std::|::)?(secure_)?getenv\s*\(|\bsetenv\s*\(", PRODUCT, ["gateway/config/", "gateway/app/"],
     "read it in gateway/config and pass the value"),
    ("std::format", r"\bstd::(v?format(_to)?|expected)\b", EVERYWHERE, [], "fmt::format, stellwerk::result (g++ 12 has neither of the std ones)"),
    ("std::regex", r"\bstd::(basic_)?regex\b", EVERYWHERE, [], "RE2: linear time on hostile text"),
    ("atomic shared_ptr", r"\batomic\s*<\s*(std::)?shared_ptr", EVERYWHERE, [], "async::published (it starves the writer and races)"),
    ("unsafe text", r"(?<![\w.>])(std::|::)?(strcpy|strcat|sprintf|vsprintf|strtok|gets|atoi|atol|atof|localtime|gmtime|asctime)\s*\(", EVERYWHERE, [],
     "std::from_chars, fmt, base/clock.hpp, base/text.hpp"),
    ("std::endl", r"\bstd::endl\b", EVERYWHERE, [], "'\\n'"),
    ("static function", r"(?m)^static\s+(?!_?assert|const\b|constexpr\b)[\w:<>,&*\s]+\([^;{}]*\)\s*(noexcept\s*)?\{", EVERYWHERE, [],
     "an anonymous namespace"),
    ("thread-local state", r"\bthread_local\b", PRODUCT, [], "a member of the thread's owner"),
]

# In headers only.
BANNED_IN_HEADERS = [
    ("using namespace", r"\busing\s+namespace\b", "qualify, or put it in the source"),
    ("namespace alias", r"\bnamespace\s+\w+\s*=", "aliases live in sources"),
    ("iostream", r"#\s*include\s*<iostream>", "<iosfwd> in headers"),
]

# A file or folder with one of these words in its name says nothing about what it holds.
BANNED_NAME_WORDS = {"util", "utils", "utility", "helper", "helpers", "manager", "misc", "common", "stuff"}

# Words that promise instead of saying what is. Looked for in comments, scripts and documents.
STALE_WORDS = r"\b(TODO|FIXME|XXX|HACK|WIP|TBD)\b|\blorem ipsum\b|\bcoming soon\b|\bnot (yet )?implemented( yet)?\b"

# Paths of one machine have no business in the tree.
MACHINE_PATHS = r"(?<![\w.])/(work|root|home/\w+)/\w+"

FILE_LINES_MAX = 600
FILE_LINES_ASK = 300
FUNCTION_LINES_MAX = 70

# (rule, path) -> why the finding is right as it is.
EXCEPTIONS = {
    ("banned call", "tests/unit/gateway/spool/commit_queue_test.cpp"): "the committer's thread really waits; bounded on both sides",
    ("stale word", "tests/tidy/code_table.py"): "the table that names them",
    ("machine path", "tests/tidy/code_table.py"): "the table that names them",
}
