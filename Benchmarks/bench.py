"""Measures the servers of this repository beside their peers. scripts/bench.sh runs it.

All that is compared is measured in one run, in interleaved rounds, and told as medians and ratios: absolute figures of
a machine move from hour to hour, ratios hardly. Tables are printed and written to docs/benchmarks.md.

usage: bench.py [SECTION]...     (all of them by default; `bench.py help` lists them)
"""

import sys
import tempfile
from contextlib import ExitStack

import report
from clients import Clients
from database import Database, DiskDatabase
from footprint import Footprint
from peers import Peers
from programs import Failure
from rpc import RPC

SECTIONS = {
    "sum": RPC, "latency": RPC, "many": RPC, "loops": RPC, "hello": RPC,
    "hello_alone": RPC, "hello_many": RPC, "stream": RPC, "echo": RPC, "connections": RPC,
    "client": Clients, "client_alone": Clients,
    "user": Database, "user_alone": Database, "list": Database, "create": Database, "mix": Database,
    "create_disk": DiskDatabase,
    "memory": Footprint, "ready": Footprint,
}


def main(wanted):
    if set(wanted) - set(SECTIONS):
        print(f"{__doc__.splitlines()[-1]}\nSECTION is one of: {' '.join(SECTIONS)}", file=sys.stderr)
        return 64
    try:
        report.write("machine", report.machine())
        with tempfile.TemporaryDirectory() as directory, ExitStack() as stack:
            peers, objects = Peers(directory, stack), {}
            for section in wanted or SECTIONS:
                kind = SECTIONS[section]
                if kind not in objects:
                    objects[kind] = kind(peers)
                table = getattr(objects[kind], section)()
                table.print()
                report.write(section, table.markdown())
    except Failure as failure:
        print(f"bench: {failure}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
