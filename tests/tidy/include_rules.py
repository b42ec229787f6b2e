"""Who may include whom: the layer table, third-party rooms, the number of expensive files, own header first."""

import re

import house_table as house
from cpp_text import line_of
from findings import finding

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.M)
STANDARD = re.compile(r"^[a-z_0-9]+$|^(cstd|c)\w+$|^cxxabi\.h$|^(signal|pthread|poll|errno|stdint|stddef|string|time)\.h$")


def room_of(path: str) -> str:
    rooms = [r for r in house.MAY_INCLUDE if not r.endswith("/*") and (path.startswith(r + "/"))]
    best = max(rooms, key=len, default="")
    if best == "adapters/esp" and path.count("/") >= 3:
        return "/".join(path.split("/")[:3])
    return best


def _row(room: str):
    return house.MAY_INCLUDE["adapters/esp/*"] if room.count("/") == 2 and room.startswith("adapters/esp/") else house.MAY_INCLUDE.get(room)


def _allowed_room(room: str, target: str, header: str) -> bool:
    row = _row(room)
    if row is None or room == target or "*" in row or target in row:
        return True
    return room in house.CONFIG_HEADERS_FOR and header.endswith("_config.hpp")


def _check_room(f, line, header):
    room, target = room_of(f.path), room_of(header)
    if target == "gateway/app" and room not in ("gateway/app", "tests"):
        return finding(f.path, line, "layer", f'nothing includes gateway/app, but "{header}" is included')
    if _allowed_room(room, target, header):
        return None
    return finding(f.path, line, "layer", f'{room} may not include {target} ("{header}"); it may include: '
                   f"{', '.join(_row(room)) or 'nothing of ours'}")


def _check_third_party(f, line, header):
    room = room_of(f.path)
    if room in ("tests", "") or STANDARD.match(header):
        return None
    for prefix, rooms in house.THIRD_PARTY:
        if not header.startswith(prefix):
            continue
        if "*" in rooms or any(room == r or room.startswith(r + "/") and r not in ("base",) for r in rooms):
            return None
        where = ", ".join(rooms) or "tests"
        return finding(f.path, line, "third party", f"<{header}> belongs to {where}; wrap what {room} needs there")
    return finding(f.path, line, "third party", f"<{header}> is in no row of tests/tidy/house_table.py; decide which room owns it")


def _includes(f):
    # Literals are blanked in f.code, so the path is read from the text at a place where the code has the directive.
    for m in INCLUDE.finditer(f.text):
        if f.code[m.start():m.end()].strip():
            yield line_of(f.text, m.start()), m.group(1), m.group(2)


def _is_ours(tree, header: str) -> bool:
    return room_of(header) != "" and "/" in header


def check_includes(tree):
    expensive = []
    for f in tree.cpp:
        first_of_ours = None
        for line, quote, header in _includes(f):
            if header.startswith(house.EXPENSIVE_HEADERS) and f.path not in expensive:
                expensive.append(f.path)
            if (f.path, header) in house.INCLUDE_EXCEPTIONS:
                continue
            if _is_ours(tree, header):
                first_of_ours = first_of_ours or (line, header)
                if not tree.exists(header):
                    yield finding(f.path, line, "include", f'"{header}" does not exist (the repository root is the only include root)')
                found = _check_room(f, line, header)
            elif quote == '"' and not header.endswith((".pb.h")) and room_of(f.path) != "tests":
                found = finding(f.path, line, "include", f'"{header}": include from the repository root, third-party with <>')
            else:
                found = _check_third_party(f, line, header)
            if found:
                yield found
        yield from _own_header_first(tree, f, first_of_ours)
    if len(expensive) > house.EXPENSIVE_FILES_MAX:
        yield finding(expensive[-1], 1, "expensive include",
                      f"{len(expensive)} files include Beast or asio/ssl, at most {house.EXPENSIVE_FILES_MAX}: {', '.join(expensive)}")


def _own_header_first(tree, f, first_of_ours):
    own = f.path[:-4] + ".hpp"
    if f.path.endswith(".cpp") and tree.exists(own) and first_of_ours and first_of_ours[1] != own:
        yield finding(f.path, first_of_ours[0], "include order", f'"{own}" comes first, so that it is known to stand alone')
