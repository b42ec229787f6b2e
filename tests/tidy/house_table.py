"""The layer table of the house as data: which room may include which, and which room may see which library.

A room is a folder; a file belongs to the longest room that is a prefix of its path. Reasons stand beside what looks odd.
"""

BASE = ["base"]
BASE_ALL = ["base", "base/async", "base/net"]

# room -> rooms it may include, besides itself.
MAY_INCLUDE = {
    "base": [],
    "base/async": BASE,
    "base/net": ["base", "base/async"],
    "mail": BASE,
    "policy": [*BASE, "mail"],
    "adapters": [*BASE_ALL, "mail"],
    "adapters/smtp": [*BASE_ALL, "mail", "adapters"],
    "adapters/esp": [*BASE_ALL, "mail", "adapters"],
    "adapters/esp/*": [*BASE, "mail", "adapters/esp"],  # a vendor is a pure mapping; never another vendor
    "gateway/spool": [*BASE_ALL, "mail"],
    "gateway/spool/embedded": [*BASE_ALL, "mail", "gateway/spool"],
    "gateway/wire": [*BASE, "mail", "gateway/spool"],
    "gateway/config": [*BASE_ALL, "mail", "policy"],
    "gateway/rehearsal": [*BASE_ALL, "mail", "policy", "gateway/config", "gateway/spool"],
    "gateway/events": [*BASE_ALL, "mail", "gateway/spool", "adapters/esp"],
    "gateway/ingress": [*BASE_ALL, "mail", "policy", "gateway/spool", "gateway/events"],
    "gateway/ingress/smtp": [*BASE_ALL, "mail", "policy", "gateway/spool", "gateway/events", "gateway/ingress"],
    "gateway/ingress/grpc": [*BASE_ALL, "mail", "policy", "gateway/spool", "gateway/wire", "gateway/events", "gateway/ingress"],
    "gateway/delivery": [*BASE_ALL, "mail", "policy", "adapters", "gateway/spool", "gateway/events"],
    "gateway/admin": [*BASE_ALL, "mail", "policy", "gateway/spool", "gateway/wire", "gateway/delivery", "gateway/events", "gateway/config", "gateway/rehearsal"],
    "gateway/cli": [*BASE_ALL, "mail", "policy", "gateway/spool", "gateway/delivery", "gateway/events", "gateway/config", "gateway/rehearsal"],
    "gateway/telemetry": BASE_ALL,
    "gateway/simulate": [*BASE_ALL, "mail"],
    "gateway/app": ["*"],
    "tests": ["*"],
    "examples": [],
}

# gateway/config reads each part's plain aggregate: any *_config.hpp.
CONFIG_HEADERS_FOR = ["gateway/config"]

# header prefix -> rooms that may name it. The first prefix that fits decides; "*" is every room.
THIRD_PARTY = [
    ("boost/beast", ["base/net"]),
    ("boost/asio/ssl", ["base/net"]),
    ("boost/asio/post.hpp", ["base/async", "base/net", "gateway"]),  # threads post values to each other's loops
    ("boost/asio", ["base/async", "base/net"]),
    ("boost/system", ["*"]),
    ("boost/json", ["*"]),
    ("boost/url", ["base/net", "adapters/esp"]),
    ("boost/", ["base", "base/async", "base/net"]),
    # Hashes and MACs are pure functions; TLS stays in base/net.
    ("openssl/evp.h", ["base", "base/net", "gateway/ingress", "gateway/events", "adapters/esp"]),
    ("openssl/hmac.h", ["base", "gateway/ingress", "gateway/events", "adapters/esp"]),
    ("openssl/crypto.h", ["base", "base/net", "gateway/ingress", "gateway/events"]),
    ("openssl/sha.h", ["base", "gateway/ingress", "gateway/events", "adapters/esp"]),
    ("openssl/", ["base", "base/net"]),
    ("prometheus/", ["gateway/telemetry"]),
    ("rocksdb/", ["gateway/spool/embedded"]),
    ("yaml-cpp/", ["gateway/config"]),
    ("google/protobuf/", ["gateway/wire", "gateway/ingress/grpc", "gateway/admin", "gateway/spool/embedded"]),
    ("google/rpc/", ["gateway/ingress/grpc", "gateway/admin"]),
    ("stellwerk/", ["gateway/wire", "gateway/ingress/grpc", "gateway/admin", "gateway/spool/embedded"]),  # generated from proto/
    ("grpcpp/", ["gateway/ingress/grpc"]),
    ("grpc/", ["gateway/ingress/grpc"]),
    ("spdlog/", ["gateway/telemetry"]),
    ("fmt/", ["*"]),
    ("CLI/", ["gateway/cli", "gateway/app"]),
    ("re2/", ["policy"]),
    ("absl/time/", ["policy"]),
    ("idn2.h", ["mail"]),
    ("xxhash.h", ["base", "gateway/spool/embedded", "gateway/events"]),
    ("gtest/", []),
    ("gmock/", []),
    ("benchmark/", []),
    # The operating system, which only the seams may see.
    ("sys/socket.h", ["base/net"]),
    ("sys/uio.h", ["base/net", "gateway/spool/embedded"]),
    ("netinet/", ["base/net"]),
    ("arpa/inet.h", ["base/net", "gateway/ingress"]),  # inet_pton: text to address, no socket
    ("arpa/", ["base/net"]),
    ("netdb.h", ["base/net"]),
    ("dirent.h", ["gateway/spool/embedded"]),
    ("fcntl.h", ["base", "gateway/spool/embedded", "gateway/app", "gateway/simulate"]),
    ("unistd.h", ["base", "gateway/spool/embedded", "gateway/app", "gateway/telemetry", "gateway/simulate"]),  # the log's and the record's descriptor
    ("sys/", ["base", "gateway/spool/embedded", "gateway/app", "gateway/telemetry"]),
]

# Asio with TLS, or Beast, costs 30 s and 1 GB per file.
EXPENSIVE_HEADERS = ("boost/beast", "boost/asio/ssl")
EXPENSIVE_FILES_MAX = 12

# One C++ include that the tables forbid and the house allows: (file, include) -> why.
INCLUDE_EXCEPTIONS = {
    # The registry is the one place that names the concrete adapters; everything else of the room is their interface.
    ("adapters/registry.cpp", "adapters/esp/esp_adapter.hpp"),
    ("adapters/registry.cpp", "adapters/esp/mailjet/mailjet_mapping.hpp"),
    ("adapters/registry.cpp", "adapters/smtp/smtp_adapter.hpp"),
}
